"""`assay doctor`: is this installation well, and how is it mended?"""

from __future__ import annotations

import socket
import stat
from pathlib import Path
from typing import Any

import typer

from assay.cli.connection import connected
from assay.cli.options import Json
from assay.cli.screen import print_json, table
from assay.errors import AssayError
from assay.settings import Settings, load_settings

MARKS = {True: "ok", False: "MEND", None: ""}


def register(root: typer.Typer) -> None:
    """Add these commands."""
    root.command("doctor")(doctor)


def doctor(json: Json = False) -> int:
    """Check home, settings, key, database, journal, trackers and port; say how to mend what is wrong.

    Exit code: 0 all is well, 1 something needs mending.

    Example: assay doctor
    """
    rows = _checks()
    well = all(row["ok"] is not False for row in rows)
    if json:
        import json as form

        print_json(form.dumps({"ok": well, "rows": rows}).encode())
    else:
        table(
            ("check", "state", "found", "what to do"),
            [(row["name"], MARKS[row["ok"]], row["value"], row["advice"]) for row in rows],
        )
    return 0 if well else 1


def _checks() -> list[dict[str, Any]]:
    try:
        settings = load_settings()
    except AssayError as error:
        return [_row("settings", error.message, ok=False, advice=error.hint)]
    rows = [
        _row("settings", str(settings.home / "assay.toml"), ok=True),
        _home(settings.home),
        _key(settings),
    ]
    try:
        with connected(settings=settings) as api:
            rows.append(
                _row("server", "running" if api.serves else "not running; commands work without", ok=True)
            )
            rows += api.ask("GET", "/diagnosis").data["rows"]
            if not api.serves:
                rows.append(_port(settings))
    except AssayError as error:
        rows.append(_row("database", error.message, ok=False, advice=error.hint))
    return rows


def _row(name: str, value: str, *, ok: bool | None, advice: str = "") -> dict[str, Any]:
    return {"name": name, "value": value, "ok": ok, "advice": advice}


def _home(home: Path) -> dict[str, Any]:
    mode = stat.S_IMODE(home.stat().st_mode)
    ok = not mode & 0o077
    return _row("home", f"{home}, mode {mode:04o}", ok=ok, advice="" if ok else f"chmod 700 {home}")


def _key(settings: Settings) -> dict[str, Any]:
    file = settings.key_file
    if not file.exists():
        return _row(
            "signing key", "not made yet", ok=None, advice="it is made when the store is first opened"
        )
    mode = stat.S_IMODE(file.stat().st_mode)
    ok = not mode & 0o077
    return _row("signing key", f"{file}, mode {mode:04o}", ok=ok, advice="" if ok else f"chmod 600 {file}")


def _port(settings: Settings) -> dict[str, Any]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            advice = "assay up takes a free port instead, or choose one with --port"
            return _row("port", f"{settings.port}: {error.strerror}", ok=None, advice=advice)
    return _row("port", f"{settings.port} is free", ok=True)
