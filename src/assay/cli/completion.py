"""`assay completion`."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.errors import Invalid

SHELLS = ("bash", "zsh", "fish")


def register(root: typer.Typer) -> None:
    """Add these commands."""
    root.command("completion")(completion)


def completion(
    shell: Annotated[str, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")] = "bash",
) -> None:
    """Print the completion script of a shell.

    Example: assay completion bash > ~/.local/share/bash-completion/completions/assay
    """
    from typer._completion_shared import get_completion_script

    if shell not in SHELLS:
        raise Invalid(
            f"cannot complete in shell {shell[:40]!r}: (expected one of: {', '.join(SHELLS)})",
            hint="assay completion bash",
            code="shell-unknown",
        )
    print(get_completion_script(prog_name="assay", complete_var="_ASSAY_COMPLETE", shell=shell))
