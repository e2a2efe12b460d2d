"""Options that many commands share."""

from __future__ import annotations

from typing import Annotated, Any

import typer

Project = Annotated[
    str | None, typer.Option("--project", "-p", metavar="NAME", help="Project; else the one in use.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the API's JSON.")]
Key = Annotated[str, typer.Argument(metavar="KEY", help="Ticket key, such as EXP-42.")]
Stale = Annotated[
    bool,
    typer.Option(
        "--stale", help="Only what is past its time box, or without evidence, note, edit or move for 14 days."
    ),
]
Waiting = Annotated[
    bool,
    typer.Option(
        "--waiting", help="Only what waits for a person: to decide, to mend broken evidence, over budget."
    ),
]
Phase = Annotated[
    str | None, typer.Option("--phase", metavar="PHASE", help="Begun in this phase of the project; or none.")
]


def group(name: str, help_text: str, *, stands_alone: bool = False) -> typer.Typer:
    """A noun, for verbs to be added to; one that stands alone also does something without a verb."""
    return typer.Typer(
        name=name,
        help=help_text,
        rich_markup_mode=None,
        add_completion=False,
        no_args_is_help=not stands_alone,
        invoke_without_command=stands_alone,
        context_settings={"help_option_names": ["--help", "-h"]},
    )


def given(**options: Any) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in options.items() if value not in (None, [], ())}
