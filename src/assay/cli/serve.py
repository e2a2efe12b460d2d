"""`assay up` and `assay demo up`."""

from __future__ import annotations

import gc
from dataclasses import replace
from typing import Annotated

import typer

from assay.cli.options import group
from assay.errors import Unavailable
from assay.settings import load_settings

demo = group("demo", "Train real models and see their verdicts.")
Port = Annotated[
    int | None, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one. Default 8765.")
]


def register(root: typer.Typer) -> None:
    """Add these commands."""
    root.command("up")(up)
    demo.callback()(_noun)
    root.add_typer(demo)


def _noun() -> None:
    """Train real models and see their verdicts."""


def up(
    port: Port = None,
    browse: Annotated[bool, typer.Option("--open", help="Open the board in the browser.")] = False,
) -> None:
    """Serve the board until Ctrl-C. A free port is taken where the wanted one is in use.

    Example: assay up --open
    """
    from assay.bootstrap import running_server

    settings = load_settings()
    if port is not None:
        settings = replace(settings, port=port)
    url = running_server(settings)
    if url is not None:
        raise Unavailable(
            f"cannot serve this installation: it is served already at {url} (expected one server)",
            hint=f"open {url}",
            code="server-running",
        )
    # What is imported now stays: to look through it for garbage again and again takes a tenth of the start.
    gc.disable()
    from assay.server.run import serve

    def ready(at: str) -> None:
        print(f"Assay is ready: {at}", flush=True)
        if browse:
            import webbrowser

            webbrowser.open(at)

    serve(settings, on_ready=ready)
    print("Stopped.", flush=True)


@demo.command("up")
def demo_up(port: Port = None) -> int:
    """Train real models in this folder, take verdicts from their runs, and serve the board until Ctrl-C.

    Example: assay demo up
    """
    from assay.demo.up import main

    return main(port=port)
