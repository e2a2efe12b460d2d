"""What a gate command sends to the server: the gate with the files it names, results as a form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assay.bootstrap import read_text
from assay.cli.connection import Answer, Connection, connected, key_part, part
from assay.cli.files import write_over
from assay.domain.gates.gate import GoldenCheck, LeakageCheck
from assay.domain.gates.gate_data import gate_from_data
from assay.domain.gates.item_evidence import item_files
from assay.errors import Invalid, NotFound, Refused, Unavailable
from assay.workflows.gate_file import gate_from_text
from assay.workflows.gate_sides import MAX_FILES, MAX_UPLOAD_BYTES

JUDGING_S = 900.0


def gate_to_send(file: Path, name: str | None) -> tuple[str, dict[str, Any]]:
    """What a gate file is called, and the body that carries it with the golden files beside it.

    Raises:
        Invalid, NotFound, Unavailable: naming the file and what mends it.
    """
    text = read_text(file)
    gate = gate_from_text(text, file=str(file))
    named = {check.file for check in gate.checks if isinstance(check, GoldenCheck) and check.file is not None}
    files = [{"name": one, "text": _whole_text(file.parent / one)} for one in sorted(named)]
    return name or gate.name, {"text": text, "files": files}


def _whole_text(file: Path) -> str:
    """Every character of a file, a mark at its beginning too: a gate may pin its digest."""
    content = result_files(file)[0][1]
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise Invalid(
            f"cannot read file '{file}': byte {error.start} is not UTF-8 (expected UTF-8 text)",
            hint="save it as UTF-8, then run the command again",
            code="file-invalid",
        ) from None


def write_gates(folder: Path, rows: Sequence[Any]) -> list[str]:
    """Write gates, and the files they name, into a folder; returns the names. A name that leads out of it is refused.

    Raises:
        Refused: a gate names a file outside its folder.
        Unavailable: a file cannot be written.
    """
    wanted = {f"{row['name']}.yaml": row["text"] for row in rows}
    wanted |= {file["name"]: file["text"] for row in rows for file in row["files"]}
    root = folder.resolve()
    outside = [name for name in wanted if not (root / name).resolve().is_relative_to(root)]
    if outside:
        raise Refused(
            f"cannot write file {outside[0][:80]!r}: it leads out of the folder (expected files below {folder})",
            hint="assay gate export FOLDER --json tells it all",
            code="export-outside",
        )
    for name, text in wanted.items():
        target = folder / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(
                f"cannot make folder '{target.parent}': {error.strerror}",
                hint="name another folder, or look at its rights",
                code="file-not-writable",
            ) from error
        write_over(target, text.encode())
    return sorted(wanted)


def judged_files(
    project: str | None,
    gate: str | None,
    candidate: Path | None,
    *,
    ticket: str | None,
    version: int | None,
    baseline: Path | None,
    baseline_run: int | None,
    training: Path | None,
    reader: str | None,
) -> Answer:
    """The answer of a gate for results that lie here; the gate is the one that the ticket waits for where none is named.

    Without a candidate the ticket's own runs are judged, or what a gate of items asks for.
    """
    files = [] if candidate is None else [("candidate", one) for one in result_files(candidate)]
    if baseline is not None:
        files += [("baseline", one) for one in result_files(baseline)]
    fields = {
        "ticket": ticket and ticket.upper(),
        "version": version,
        "baseline_run": baseline_run,
        "reader": reader,
    }
    data = {name: str(value) for name, value in fields.items() if value is not None}
    with connected(project) as api:
        if gate is None and ticket is not None:
            gate = api.in_project("GET", f"/tickets/{key_part(ticket)}/gate").data["gate"]
        if gate is None:
            raise Invalid(
                "cannot judge: no gate is named (expected --gate NAME, or --ticket of one that waits for a gate)",
                hint="assay gate list",
                code="gate-not-named",
                field="gate",
            )
        if training is not None:
            files += [("training", one) for one in _named_files(api, gate, training, version)]
        return api.in_project(
            "POST", f"/gates/{part(gate)}/runs", files=files, data=data, timeout_s=JUDGING_S
        )


def judged_ticket(
    project: str | None,
    ticket: str | None,
    *,
    gate: str | None,
    version: int | None,
    beside: Mapping[str, object],
) -> Answer:
    """The answer of a gate for the runs of a ticket."""
    odd = [f"--{name.replace('_', '-')}" for name, value in beside.items() if value is not None]
    if ticket is None or odd:
        raise Invalid(
            f"cannot judge: {odd[0] if odd else 'nothing'} is given without results "
            "(expected --candidate PATH, or --ticket KEY to judge its own runs)",
            hint="assay gate judge --gate NAME --candidate results/",
            code="judge-unclear",
        )
    body = {"gate": gate, "version": version}
    with connected(project) as api:
        return api.in_project(
            "POST", f"/tickets/{key_part(ticket)}/gate-runs", body=body, timeout_s=JUDGING_S
        )


def _named_files(api: Connection, gate: str, folder: Path, version: int | None) -> list[tuple[str, bytes]]:
    """The files that the gate names, from this folder: its training data, and what shows its items as far as it is there."""
    asked = api.in_project("GET", f"/gates/{part(gate)}", query={"version": version}).data["gate"]
    read = gate_from_data(asked)
    training = {name for one in read.checks if isinstance(one, LeakageCheck) for name in one.against}
    shown = {name for name in item_files(read) if (folder / name).is_file()}
    return [(name, result_files(folder / name)[0][1]) for name in sorted(training | shown)]


def result_files(path: Path) -> list[tuple[str, bytes]]:
    """Name and content of a file, or of every file below a folder; hidden ones are left out.

    Raises:
        NotFound: nothing is there.
        Invalid: more than a gate run takes.
        Unavailable: a file cannot be read.
    """
    if not path.exists():
        raise NotFound(
            f"cannot read results '{path}': there is no such file or folder",
            hint="name results that are there: a file, or the folder that an evaluation wrote",
            code="file-missing",
        )
    paths = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())
    root = path.parent if path.is_file() else path
    found: list[tuple[str, bytes]] = []
    size = 0
    for one in paths:
        name = one.relative_to(root).as_posix()
        if path.is_dir() and any(piece.startswith(".") for piece in name.split("/")):
            continue
        try:
            content = one.read_bytes()
        except OSError as error:
            raise Unavailable(
                f"cannot read file '{one}': {error.strerror}",
                hint="look at the rights of the file",
                code="file-unreadable",
            ) from error
        size += len(content)
        if size > MAX_UPLOAD_BYTES or len(found) == MAX_FILES:
            raise Invalid(
                f"cannot send results '{path}': more than {MAX_UPLOAD_BYTES:,} bytes or {MAX_FILES} files",
                hint="write Parquet, or judge here without a server: assay gate check",
                code="upload-size",
            )
        found.append((name, content))
    return found
