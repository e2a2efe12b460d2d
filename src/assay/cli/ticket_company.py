"""`assay ticket watch`, `unwatch`, `attach`, `files`: who follows a ticket, and its files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.cli.connection import connected, key_part, part
from assay.cli.options import Json, Key, Project
from assay.cli.screen import print_json, say, table

Name = Annotated[str, typer.Argument(metavar="NAME", help="Who follows it.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("watch")(watch)
    app.command("unwatch")(unwatch)
    app.command("attach")(attach)
    app.command("files")(files)


def watch(key: Key, name: Name, project: Project = None, json: Json = False) -> None:
    """Have somebody follow a ticket. A note that mentions them (@ada) does the same.

    Example: assay ticket watch EXP-42 ada
    """
    _watch("PUT", key, name, project, json)


def unwatch(key: Key, name: Name, project: Project = None, json: Json = False) -> None:
    """Have somebody follow a ticket no longer.

    Example: assay ticket unwatch EXP-42 ada
    """
    _watch("DELETE", key, name, project, json)


def _watch(method: str, key: str, name: str, project: str | None, json: bool) -> None:  # as typer gives it
    with connected(project) as api:
        answer = api.in_project(method, f"/tickets/{key_part(key)}/watchers/{part(name)}")
    if json:
        print_json(answer.body)
    else:
        say(f"{key.upper()} is followed by: {', '.join(answer.data['rows']) or 'nobody'}.")


def attach(
    key: Key,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="At most 10 MB.")],
    project: Project = None,
    json: Json = False,
) -> None:
    """Attach a file to a ticket. The same content twice is one attachment.

    Example: assay ticket attach EXP-42 confusion.png
    """
    from assay.bootstrap import read_attachment

    content = read_attachment(file)
    with connected(project) as api:
        path = f"/tickets/{key_part(key)}/attachments"
        answer = api.in_project("POST", path, files=[("file", (file.name, content))])
    if json:
        print_json(answer.body)
    else:
        say(f"{answer.data['name']} attached to {key.upper()}: {answer.data['digest']}")


def files(
    key: Key,
    save: Annotated[
        str | None, typer.Option("--save", metavar="DIGEST", help="Write the file with this digest to --out.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where to; a new file.")] = None,
    remove: Annotated[
        str | None, typer.Option("--remove", metavar="DIGEST", help="Take this file off the ticket.")
    ] = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """List the files of a ticket, save one, or take one off.

    Example: assay ticket files EXP-42
    """
    with connected(project) as api:
        path = f"/tickets/{key_part(key)}/attachments"
        if remove is not None:
            api.in_project("DELETE", f"{path}/{part(remove)}")
        if save is not None and out is not None:
            from assay.cli.files import write_new

            write_new(out, api.in_project("GET", f"{path}/{part(save)}").body)
        answer = api.in_project("GET", path)
    if json:
        print_json(answer.body)
        return
    table(
        ("file", "bytes", "by", "on", "digest"),
        [(r["name"], r["size"], r["by"], r["at"][:10], r["digest"]) for r in answer.data["rows"]],
        none="No files.",
    )
