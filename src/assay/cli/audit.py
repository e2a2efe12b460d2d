"""`assay audit ...`: the journal, and proofs that hold without us."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from assay.bootstrap import read_text
from assay.cli.connection import connected
from assay.cli.files import write_new
from assay.cli.options import Json, Project, given, group
from assay.cli.screen import print_json, say, shortened, table
from assay.errors import Invalid

app = group("audit", "Read, verify, prove and export the journal.")
Out = Annotated[Path | None, typer.Option("--out", "-o", help="A new file; else it is printed.")]


def register(root: typer.Typer) -> None:
    """Add these commands."""
    root.add_typer(app)


@app.command("log")
def log(
    subject: Annotated[str | None, typer.Option("--subject", help="Such as EXP-42.")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Such as ticket.moved.")] = None,
    who: Annotated[str | None, typer.Option("--who", help="Who did it.")] = None,
    before: Annotated[int | None, typer.Option("--before", help="Entries older than this number.")] = None,
    limit: Annotated[int, typer.Option("--limit", help="1 to 200.")] = 50,
    project: Project = None,
    json: Json = False,
) -> None:
    """Show what happened, newest first.

    Example: assay audit log --subject EXP-42
    """
    asked = given(project=project, subject=subject, kind=kind, who=who, before=before, limit=limit)
    with connected() as api:
        answer = api.ask("GET", "/journal", query=asked)
    if json:
        print_json(answer.body)
        return
    rows = answer.data["rows"]
    table(
        ("seq", "when", "who", "what", "project", "subject", "facts"),
        [
            (
                row["seq"],
                row["at"][:19],
                row["actor"],
                row["kind"],
                row["project"],
                row["subject"],
                shortened(_payload(row["payload"]), 80),
            )
            for row in rows
        ],
        none="The journal is empty.",
    )
    if answer.data["next_before"]:
        say(f"Older ones: --before {answer.data['next_before']}")


def _payload(payload: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in payload.items() if value not in (None, "", [], {}))


@app.command("verify")
def verify(
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option("--checkpoint", help="A signed checkpoint kept elsewhere; may be repeated."),
    ] = None,
    json: Json = False,
) -> int:
    """Was anything altered, removed, swapped or rewritten? Exit code: 0 it holds, 1 it does not.

    Example: assay audit verify --checkpoint kept/checkpoint.json
    """
    held = [_document(file) for file in checkpoint or []]
    with connected() as api:
        answer = api.ask("POST", "/journal/verification", body={"checkpoints": held})
    report = answer.data
    if json:
        print_json(answer.body)
    elif report["ok"]:
        say(
            f"The journal holds: {report['entries']} entries, {report['covered']} vouched for by checkpoints."
        )
        say(f"head {report['head']}")
    else:
        if report["fault"]:
            say(f"The journal does not hold: {report['fault']['message']}")
        for fault in report["checkpoint_faults"]:
            say(f"Checkpoint {fault['position']} cannot be relied on: {fault['reason']}")
        for fault in report["record_faults"]:
            say(f"{fault['ticket']} of {fault['project']}: {fault['reason']}")
    return 0 if report["ok"] else 1


@app.command("rebuild-head")
def rebuild_head(json: Json = False) -> None:
    """Recompute from the entries what is remembered of the journal's end. Refused while the entries do not verify.

    Example: assay audit rebuild-head
    """
    with connected() as api:
        answer = api.ask("POST", "/journal/head")
    report = answer.data
    if json:
        print_json(answer.body)
    elif report["rebuilt"]:
        say(f"The head is rebuilt: {report['fault']['message']}.")
        say(f"Entry {report['entries']} tells of it. Compare with a checkpoint or a backup kept elsewhere.")
    else:
        say(f"Nothing to rebuild: the head is that of the {report['entries']} entries.")


def _document(file: Path) -> dict[str, Any]:
    import json

    try:
        document = json.loads(read_text(file))
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise Invalid(
            f"cannot read checkpoint '{file}': not JSON (expected a file that assay audit checkpoint wrote)",
            hint="assay audit checkpoint --help",
            code="checkpoint-unreadable",
        )
    return document


@app.command("checkpoint")
def checkpoint(out: Out = None) -> None:
    """Sign what the journal is now. Keep the file where the owner of this machine cannot reach it.

    Example: assay audit checkpoint --out checkpoint.json
    """
    with connected() as api:
        answer = api.ask("POST", "/journal/checkpoints")
    _give(answer.body, out)


@app.command("prove")
def prove(
    seq: Annotated[
        int | None, typer.Argument(metavar="SEQ", help="Number of the entry to prove.", min=1)
    ] = None,
    since: Annotated[
        int | None,
        typer.Option(
            "--since",
            metavar="SIZE",
            min=1,
            help="Prove that the journal of SIZE entries was only continued.",
        ),
    ] = None,
    out: Out = None,
    checkpoint_out: Annotated[
        Path | None, typer.Option("--checkpoint-out", help="Where the checkpoint it holds against goes.")
    ] = None,
) -> None:
    """Prove that an entry is in the journal, or that the journal was only continued. The offline verifier checks it.

    Example: assay audit prove 17 --out proof.json --checkpoint-out checkpoint.json
    """
    if (seq is None) == (since is None):
        raise Invalid(
            "cannot prove: neither or both of SEQ and --since are given (expected one of the two)",
            hint="assay audit prove 17",
            code="proof-unclear",
        )
    with connected() as api:
        path = f"/journal/proofs/{seq}" if seq is not None else f"/journal/consistency/{since}"
        found = api.ask("GET", path).data
    _give(_line(found["proof"]), out)
    if checkpoint_out is not None:
        _give(_line(found["checkpoint"]), checkpoint_out)


def _line(document: dict[str, Any]) -> bytes:
    import json

    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


@app.command("export")
def export(
    out: Out = None,
    csv: Annotated[
        bool, typer.Option("--csv", help="A table; cells that look like formulas are made text.")
    ] = False,
) -> None:
    """Export the journal as JSON Lines, with the exact bytes that the hashes cover.

    Example: assay audit export --out journal.jsonl
    """
    with connected() as api:
        answer = api.ask("GET", "/journal/export.csv" if csv else "/journal/export")
    _give(answer.body, out)


@app.command("key")
def key(out: Out = None, json: Json = False) -> None:
    """Print the public key that checkpoints are signed with.

    Example: assay audit key --out assay.pub
    """
    with connected() as api:
        answer = api.ask("GET", "/journal/key")
    _give(answer.body if json else answer.data["pem"].encode(), out)


@app.command("verifier")
def verifier(out: Out = None) -> None:
    """Print the program that checks exports and proofs without Assay: one Python file.

    Example: assay audit verifier --out assay_verify.py
    """
    with connected() as api:
        answer = api.ask("GET", "/journal/verifier")
    _give(answer.body, out)


def _give(content: bytes, out: Path | None) -> None:
    if out is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        write_new(out, content)
        print(f"Wrote {out}.", file=sys.stderr)
