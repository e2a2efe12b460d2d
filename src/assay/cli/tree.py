"""The whole command tree at once, for shells that complete and for the documentation."""

from __future__ import annotations

import typer

from assay.cli.commands import BY_NAME
from assay.cli.running import app_of


def whole_tree() -> typer.Typer:
    """Every command."""
    return app_of(sorted({entry.module for entry in BY_NAME.values()}))


def complete(variable: str) -> int:
    """Answer a shell that asks what could come next."""
    from typer._completion_classes import completion_init

    completion_init()
    whole_tree()(prog_name="assay", complete_var=variable)
    return 0
