"""`assay template ...`: what a kind of ticket usually says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.cli.connection import connected, part
from assay.cli.options import Json, Project, given, group
from assay.cli.screen import print_done, print_json, say, table
from assay.errors import NotFound

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the template, such as prompt-test.")]
app = group("template", "Keep what tickets of a kind usually say.")


def register(root: typer.Typer) -> None:
    """Add these commands."""
    root.add_typer(app)


@app.command("list")
def list_templates(project: Project = None, json: Json = False) -> None:
    """List the templates of a project.

    Example: assay template list
    """
    with connected(project) as api:
        answer = api.in_project("GET", "/templates")
    if json:
        print_json(answer.body)
        return
    rows = [(row["name"], f"{len(row['text'].splitlines())} lines") for row in answer.data["rows"]]
    table(("template", "length"), rows, none="No templates. Keep one: assay template set NAME FILE")


@app.command("show")
def show(name: Name, project: Project = None, json: Json = False) -> None:
    """Print a template as it was written.

    Example: assay template show prompt-test
    """
    with connected(project) as api:
        text = _text(api.in_project("GET", "/templates").data["rows"], name)
    if json:
        print_done(name=name, text=text)
        return
    print(text, end="" if text.endswith("\n") else "\n")


@app.command("set")
def keep(
    name: Name,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A ticket file; its title may be left out.")],
    project: Project = None,
    json: Json = False,
) -> None:
    """Write a template, or change it. Begin tickets with it: assay template use NAME TITLE.

    Example: assay template set prompt-test prompt-test.yaml
    """
    from assay.bootstrap import read_text

    text = read_text(file)
    with connected(project) as api:
        answer = api.in_project("PUT", f"/templates/{part(name)}", body={"text": text}, version="*")
    if json:
        print_json(answer.body)
    else:
        say(f"Template {name} is kept.")


@app.command("use")
def use(
    name: Name,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="What is tried, in a few words.")],
    owner: Annotated[str | None, typer.Option("--owner", help="Who runs it.")] = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Write a ticket that begins with what a template says. Change the rest with assay ticket edit.

    Example: assay template use prompt-test "Shorter system prompt"
    """
    from assay.workflows.ticket_file import load_ticket_text

    with connected(project) as api:
        text = _text(api.in_project("GET", "/templates").data["rows"], name)
        fields = load_ticket_text(text, name=f"{name}.yaml")
        body = {**(fields if isinstance(fields, dict) else {}), "title": title, **given(owner=owner)}
        answer = api.in_project("POST", "/tickets", body=body)
    if json:
        print_json(answer.body)
    else:
        say(f"{answer.data['key']}  {answer.data['title']}")


def _text(rows: list[dict[str, str]], name: str) -> str:
    for row in rows:
        if row["name"] == name:
            return row["text"]
    raise NotFound(
        f"cannot find template {name[:40]!r}: the project has none of this name",
        hint="assay template list",
        code="ticket-template-unknown",
        field="name",
    )


@app.command("delete")
def delete(name: Name, project: Project = None, json: Json = False) -> None:
    """Remove a template; tickets that began with it stay.

    Example: assay template delete prompt-test
    """
    with connected(project) as api:
        answer = api.in_project("DELETE", f"/templates/{part(name)}", version="*")
    if json:
        print_json(answer.body)
    else:
        say(f"Template {name} is removed.")
