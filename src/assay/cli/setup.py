"""`assay init`, and the settings file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from assay.cli.connection import connected
from assay.cli.options import Json
from assay.cli.screen import print_done, say
from assay.errors import Conflict
from assay.settings import FILE_NAME, HOME_NAME, is_home, load_settings, write_settings


def register(root: typer.Typer) -> None:
    """Add these commands."""
    root.command("init")(init)


def init(
    project: Annotated[
        str | None,
        typer.Option("--project", "-p", metavar="NAME", help="First project; else named like the folder."),
    ] = None,
    json: Json = False,
) -> None:
    """Make an installation in this folder: settings, database, signing key and a first project.

    Example: assay init --project support-chatbot
    """
    from assay.domain.kernel.ids import checked_project_slug

    home = Path.cwd() / HOME_NAME
    if is_home(home):
        raise Conflict(
            f"cannot make an installation in '{Path.cwd()}': there is one already (expected none)",
            hint="assay up",
            code="home-exists",
        )
    slug = checked_project_slug(project or slug_of(Path.cwd().name))
    write_settings(home, {"project": slug})
    with connected(settings=load_settings(home=home)) as api:
        known = api.ask("GET", "/instance").data["projects"]
        if slug not in known:
            api.ask("POST", "/projects", body={"slug": slug})
    if json:
        print_done(home=str(home), project=slug)
        return
    say(f"Made {home} with the project {slug}.")
    say("Next: assay connect mlflow sqlite:///mlflow.db, then assay up.")


def slug_of(name: str) -> str:
    """A project name made of a folder's name.

    >>> slug_of("My Project_2"), slug_of("2026"), slug_of("")
    ('my-project-2', 'project-2026', 'project')
    """
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-")
    if not slug:
        return "project"
    return slug if slug[0].isalpha() else f"project-{slug}"[:40].strip("-")


def change_setting(home: Path, name: str, value: str) -> None:
    """Change one setting in the file; the others stay."""
    import tomllib

    file = home / FILE_NAME
    values = tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    write_settings(home, {**values, name: value})
