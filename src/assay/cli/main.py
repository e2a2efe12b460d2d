"""`assay ...`: finds the command, runs it, and turns what went wrong into one line and an exit code.

Only what the command needs is imported: `assay --help` needs nothing, a command needs typer and its own module.
"""

from __future__ import annotations

import gc
import os
import sys

from assay.cli.commands import BY_NAME, root_help

COMPLETE_VARIABLE = "_ASSAY_COMPLETE"
_OBJECTS_BETWEEN_COLLECTIONS = 50_000


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit code (docs/cli.md)."""
    given = sys.argv[1:] if arguments is None else arguments
    if COMPLETE_VARIABLE in os.environ:
        return _complete()
    if given in ([], ["--help"], ["-h"], ["help"]):
        return _print(root_help())
    if given == ["--version"]:
        from assay import __version__

        return _print(f"assay {__version__}")
    # What is imported stays: to look through it for garbage again and again takes a tenth of a short command.
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    from assay.cli.running import run

    return run(given, BY_NAME)


def _print(text: str) -> int:
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return 0


def _complete() -> int:
    from assay.cli.tree import complete

    return complete(COMPLETE_VARIABLE)


if __name__ == "__main__":
    sys.exit(main())
