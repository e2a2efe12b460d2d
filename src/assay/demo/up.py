"""`make up`: a project with real models, real runs and real verdicts, then the board."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

from assay.errors import AssayError, Refused, Unavailable
from assay.settings import FILE_NAME, HOME_NAME, load_settings, write_settings
from assay.statuses import exit_code

MARKER = "demo"
"""File in the home folder that says this installation is the demo: `partial` while it is made, then `ready`."""


def say(line: str) -> None:
    """One line of progress, at once also into a pipe."""
    print(line, flush=True)


def main(folder: Path | None = None, *, port: int | None = None) -> int:
    """Make the demo project here unless it is there already, then serve it until Ctrl-C; returns the exit code."""
    home = (folder or Path.cwd()) / HOME_NAME
    try:
        _prepare(home)
        settings = load_settings(home=home)
        if port is not None:
            from dataclasses import replace

            settings = replace(settings, port=port)
        from assay.server.run import serve

        serve(settings, on_ready=lambda url: say(f"Assay is ready: {url}"))
    except AssayError as error:
        print(f"{error.message}\n{error.hint}".rstrip(), file=sys.stderr)
        return exit_code(error)
    except KeyboardInterrupt:
        say("Stopped before the demo was complete; the next start makes it anew.")
        return 130
    say("Stopped.")
    return 0


def _prepare(home: Path) -> None:
    state = _state(home)
    if state == "ready":
        return
    if state == "partial":
        say("An earlier start was interrupted; making the demo anew.")
        shutil.rmtree(home)
    _make(home)


def _state(home: Path) -> str:
    marker = home / MARKER
    if marker.is_file():
        return marker.read_text(encoding="utf-8").strip()
    if (home / FILE_NAME).exists():
        raise Refused(
            f"cannot make the demo in '{home}': it holds an installation of your own (expected none, or the demo)",
            hint="run `assay up` for yours, or start the demo in another folder",
            code="demo-home-taken",
        )
    return "none"


def _make(home: Path) -> None:
    from assay.bootstrap import open_workspace
    from assay.demo.experiments import PROJECT_SLUG

    if shutil.disk_usage(home.parent).free < 200_000_000:
        raise Unavailable(
            f"cannot make the demo in '{home}': under 200 MB free (expected more)",
            hint="free some space, or: assay demo up --help",
            code="disk-full",
        )
    begun = time.monotonic()
    say("Making the demo: real models are trained and logged to MLflow, about a minute.")
    write_settings(home, {"project": PROJECT_SLUG})
    (home / MARKER).write_text("partial\n", encoding="utf-8")
    try:
        from assay.demo.story import tell
    except ImportError as error:
        raise Unavailable(
            f"cannot make the demo: {error.name} is not installed (expected the extra 'demo')",
            hint="pip install 'assay[demo]'",
            code="demo-extra-missing",
        ) from error
    settings = load_settings(home=home)
    with open_workspace(settings) as ws:
        tell(ws, home, say)
    (home / MARKER).write_text("ready\n", encoding="utf-8")
    say(f"Demo made in {time.monotonic() - begun:.0f} s.")


if __name__ == "__main__":
    sys.exit(main())
