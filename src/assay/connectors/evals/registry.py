"""Which readers are installed? Those that packages register as entry points, ours and third parties' alike."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from assay.connectors.evals.reader import AddressReader, EvalReader
from assay.errors import Invalid

FILES, ADDRESSES = "assay.eval_readers", "assay.eval_addresses"
"""Groups of entry points. Readers of addresses have their own, for whoever reads files should not pay for importing them."""


def reader_names() -> tuple[str, ...]:
    """The names that `--reader` takes."""
    return (*_installed(FILES), *_installed(ADDRESSES))


def file_readers() -> tuple[list[EvalReader], list[str]]:
    """One of each reader of files, and why any others cannot be used: one broken package must not stop all the rest."""
    found, broken = [], []
    for name in _installed(FILES):
        try:
            found.append(file_reader(name))
        except Invalid as error:
            broken.append(error.message)
    return found, broken


def file_reader(name: str) -> EvalReader:
    """The reader of files called `name`; Invalid, naming those there are, when there is none."""
    if name in _installed(ADDRESSES):
        raise _unusable(name, "it reads addresses, not files", f"{name}:...")
    reader = _made(FILES, name)
    if not isinstance(reader, EvalReader):
        raise _unusable(name, "what its package registers is no reader of files", "name, recognises and read")
    return reader


def address_reader(name: str) -> AddressReader | None:
    """The reader of addresses that begin with `name:`; None when there is none."""
    if name not in _installed(ADDRESSES):
        return None
    reader = _made(ADDRESSES, name)
    if not isinstance(reader, AddressReader):
        raise _unusable(name, "what its package registers is no reader of addresses", "name and read_address")
    return reader


def _made(group: str, name: str) -> Any:
    if name not in _installed(group):
        raise _unusable(name, "not installed", ", ".join(reader_names()) or "any reader at all")
    try:
        return _installed(group)[name].load()()
    except Exception as error:
        why = f"its package fails ({type(error).__name__}: {str(error)[:100]})"
        raise _unusable(name, why, "a class that is made without arguments") from error


def _unusable(name: str, fact: str, expected: str) -> Invalid:
    return Invalid(
        f"cannot use reader '{name[:60]}': {fact} (expected {expected})",
        hint="leave --reader out to have it found, or install the package that brings it",
        code="reader-unknown",
        field="reader",
    )


@cache
def _entry_points() -> Any:  # Python 3.12 calls its type otherwise
    """Those of all packages: looking through them takes as long as reading a small file of results, so it is done once."""
    return entry_points()


@cache
def _installed(group: str) -> dict[str, EntryPoint]:
    """By name. Ours come first, so that no package can take over the name of one."""
    found = sorted(
        _entry_points().select(group=group),
        key=lambda point: (not point.value.startswith("assay."), point.name, point.value),
    )
    installed: dict[str, EntryPoint] = {}
    for point in found:
        installed.setdefault(point.name, point)
    return installed
