"""Run one command, and tell every failure in the house form."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from copy import copy
from difflib import get_close_matches
from importlib import import_module

import typer
from typer.exceptions import Abort, TyperException

from assay.cli.commands import Entry
from assay.cli.screen import clean
from assay.errors import AssayError, Invalid
from assay.statuses import exit_code


def run(arguments: list[str], entries: Mapping[str, Entry]) -> int:
    """Run the command these arguments name; returns the exit code."""
    try:
        _check_text(arguments)
        entry = _entry(arguments[0], entries)
        app = app_of([entry.module])
        _leave_out_other_verbs(app, arguments[1:2])
        result = app(arguments, prog_name="assay", standalone_mode=False)
        sys.stdout.flush()
    except AssayError as error:
        return _tell(error)
    except TyperException as error:
        return _tell(_usage(error, arguments))
    except (KeyboardInterrupt, Abort):
        print("Stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:  # noqa: BLE001  # whatever it is, a person reads one line
        return _tell(_defect(error, arguments, entries))
    return result if isinstance(result, int) else 0


def app_of(modules: list[str]) -> typer.Typer:
    """The command tree with the commands of these modules."""
    app = typer.Typer(
        name="assay",
        help="The decision layer for AI teams: experiments decided on evidence.",
        rich_markup_mode=None,
        add_completion=False,
        pretty_exceptions_enable=False,
        no_args_is_help=True,
        context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100},
    )
    app.callback()(_root)
    for name in modules:
        import_module(f"assay.cli.{name}").register(app)
    return app


def _leave_out_other_verbs(app: typer.Typer, asked: list[str]) -> None:
    """Reading the options of a command takes milliseconds: where the arguments name a verb, only its own are read."""
    for info in app.registered_groups:
        noun = info.typer_instance
        verbs = [] if noun is None else [one for one in noun.registered_commands if one.name in asked]
        if verbs:
            info.typer_instance = copy(noun)
            info.typer_instance.registered_commands = verbs  # type: ignore[union-attr]


def _root() -> None:
    """The decision layer for AI teams: experiments decided on evidence."""


def _check_text(arguments: list[str]) -> None:
    for number, argument in enumerate(arguments, start=1):
        try:
            argument.encode()
        except UnicodeEncodeError:
            raise Invalid(
                f"cannot read argument {number}: it is not UTF-8 text (expected text)",
                hint="type it again, in UTF-8",
                code="argument-not-text",
            ) from None


def _entry(name: str, entries: Mapping[str, Entry]) -> Entry:
    found = entries.get(name)
    if found is None:
        close = get_close_matches(name[:40], entries, n=1)
        raise Invalid(
            f"cannot run command {name[:60]!r}: there is none of this name "
            f"(expected {'perhaps ' + close[0] if close else 'one of: ' + ', '.join(entries)})",
            hint="assay --help",
            code="command-unknown",
        )
    return found


def _usage(error: TyperException, arguments: list[str]) -> Invalid:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else f"assay {arguments[0]}"
    fact = getattr(error, "format_message", lambda: str(error))()
    if type(error).__name__ == "NoArgsIsHelpError":
        fact = "a verb is missing"
    return Invalid(
        f"cannot read command '{path}': {fact[:300]}", hint=f"{path} --help", code="command-malformed"
    )


def _defect(error: Exception, arguments: list[str], entries: Mapping[str, Entry]) -> AssayError:
    from assay.cli.defects import defect

    return defect(error, " ".join(["assay", *_called(arguments, entries)]))


def _called(arguments: list[str], entries: Mapping[str, Entry]) -> list[str]:
    """Noun and verb as the command tree knows them, nothing of what was given to them."""
    module = sys.modules.get(f"assay.cli.{entries[arguments[0]].module}")
    verbs = {command.name for command in getattr(getattr(module, "app", None), "registered_commands", ())}
    return [arguments[0], *(word for word in arguments[1:2] if word in verbs)]


def _tell(error: AssayError) -> int:
    print(clean(error.message, lines=True), file=sys.stderr)
    if error.hint:
        print(f"  {clean(error.hint)}", file=sys.stderr)
    return exit_code(error)
