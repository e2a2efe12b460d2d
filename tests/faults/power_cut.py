"""What may stand on the disk when the power goes at a given moment?

Everything flushed is there. Of everything else the disk may have done any part in any order: whole writes, single sectors of
one, a truncation, the making or removing of a file, or none of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from tests.faults.faulty_disk import Operation

SECTOR_BYTES = 512
SHARES = (0.0, 0.0, 0.1, 0.5, 0.9, 1.0)
"""How much of what was not flushed is kept: none and all are the likeliest, and the strictest."""


@dataclass
class _File:
    """A file as flushed (None: not even its name), and what was asked of it since."""

    flushed: bytearray | None = None
    pending: list[Operation] = field(default_factory=list)
    is_removed: bool = False

    def flush(self) -> None:
        self.flushed = self.flushed if self.flushed is not None else bytearray()
        for operation in self.pending:
            _apply(self.flushed, operation)
        self.pending.clear()

    def survivor(self, chance: Random, share: float) -> bytes | None:
        """Its content after the power cut, None when it is not there."""
        gone = self.flushed is None if not self.is_removed else True
        if gone and chance.random() >= (share if not self.is_removed else 1 - share):
            return None
        content = bytearray(self.flushed or b"")
        for operation in self.pending:
            if operation.kind == "truncate" and chance.random() < share:
                _apply(content, operation)
            elif operation.kind == "write":
                _apply_torn(content, operation, chance, share)
        return bytes(content)


def _apply(content: bytearray, operation: Operation) -> None:
    if operation.kind == "truncate":
        del content[operation.at :]
        return
    end = operation.at + len(operation.content)
    content.extend(bytes(max(0, end - len(content))))
    content[operation.at : end] = operation.content


def _apply_torn(content: bytearray, operation: Operation, chance: Random, share: float) -> None:
    """All of the write, none of it, or some of its sectors."""
    fate = chance.random()
    if fate < share * 0.9:
        _apply(content, operation)
    elif fate < share:
        for start in range(0, len(operation.content), SECTOR_BYTES):
            if chance.random() < 0.5:
                part = operation.content[start : start + SECTOR_BYTES]
                _apply(content, Operation("write", at=operation.at + start, content=part))


@dataclass(frozen=True, slots=True)
class Image:
    """The files after a power cut, and what had been promised by then."""

    cut: int
    files: dict[str, bytes]
    promised: tuple


def images(
    operations: list[Operation], cuts: list[int], chance: Random, *, before: dict[str, bytes]
) -> Iterator[Image]:
    """The disk after a power cut before each of these operations; `before` is what stood on it at the start."""
    disk = {name: _File(bytearray(content)) for name, content in before.items()}
    removed: list[tuple[str, _File]] = []
    promised: list = []
    done = 0
    for cut in sorted(cuts):
        for operation in operations[done:cut]:
            _follow(disk, removed, promised, operation)
        done = cut
        yield _image(cut, disk, removed, promised, chance)


def _follow(disk: dict, removed: list, promised: list, operation: Operation) -> None:
    name = operation.name
    if operation.kind == "acknowledged":
        promised.append(operation.content)
    elif operation.kind == "open":
        disk.setdefault(name, _File())
    elif operation.kind == "delete":
        file = disk.pop(name, None)
        if file is not None:
            file.is_removed = True
            removed.append((name, file))
    elif operation.kind == "sync":
        if disk[name].flushed is None:
            removed.clear()  # SQLite flushes the folder with a new file's first flush
        disk[name].flush()
    elif operation.kind in ("write", "truncate"):
        disk[name].pending.append(operation)


def _image(cut: int, disk: dict, removed: list, promised: list, chance: Random) -> Image:
    share = chance.choice(SHARES)
    files = {}
    for name, file in [*removed, *disk.items()]:
        content = file.survivor(chance, share)
        if content is not None:
            files[name] = content
    return Image(cut, files, tuple(promised))
