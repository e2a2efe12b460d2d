"""Which readers are installed? Those of the entry point group `assay.eval_readers`, ours and third parties' alike."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from assay.connectors.evals.reader import AddressReader, EvalReader
from assay.errors import Invalid

GROUP = "assay.eval_readers"


def reader_names() -> tuple[str, ...]:
    """The names that `--reader` takes."""
    return tuple(_installed())


def file_readers() -> list[EvalReader]:
    """One of each reader of files."""
    made = [_made(name) for name in reader_names()]
    return [reader for reader in made if isinstance(reader, EvalReader)]


def named_reader(name: str) -> EvalReader | AddressReader:
    """The reader called `name`; Invalid, naming those there are, when it is not installed."""
    if name not in reader_names():
        raise Invalid(
            f"cannot use reader '{name[:60]}': not installed (expected {', '.join(reader_names()) or 'any reader at all'})",
            hint="install the package that brings it, or leave --reader out",
            code="reader-unknown",
            field="reader",
        )
    reader = _made(name)
    if not isinstance(reader, EvalReader | AddressReader):
        raise Invalid(
            f"cannot use reader '{name[:60]}': what its package registers is no reader (expected recognises and read)",
            hint="its authors can test it with assay.testing.eval_reader_contract",
            code="reader-unknown",
            field="reader",
        )
    return reader


def _made(name: str) -> Any:
    try:
        return _installed()[name].load()()
    except Exception as error:
        raise Invalid(
            f"cannot use reader '{name[:60]}': its package fails ({type(error).__name__}: {str(error)[:100]})",
            hint="update or remove that package",
            code="reader-unknown",
            field="reader",
        ) from error


@cache
def _installed() -> dict[str, EntryPoint]:
    """By name. Ours come first, so that no package can take over the name of one."""
    found = sorted(
        entry_points(group=GROUP),
        key=lambda point: (not point.value.startswith("assay."), point.name, point.value),
    )
    installed: dict[str, EntryPoint] = {}
    for point in found:
        installed.setdefault(point.name, point)
    return installed
