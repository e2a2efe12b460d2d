"""The disk under SQLite as a test wants it: every write and flush written down, or refused at a chosen moment.

A VFS of ours stands between SQLite and the system's (sqlite.org/vfs.html), made with ctypes from the library that Python's own
module uses: the product runs as it is, and nothing needs compiling, privileges or tracing.
"""

import _sqlite3
import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

OK, IOERR, FULL, CANTOPEN = 0, 10, 13, 14
IOERR_READ, IOERR_WRITE, IOERR_FSYNC, IOERR_TRUNCATE = (IOERR | at << 8 for at in (1, 3, 4, 6))
IOERR_SHMSIZE = IOERR | 19 << 8

_Pointer, _Int, _Long = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64
_METHODS = (
    "close", "read", "write", "truncate", "sync", "file_size", "lock", "unlock", "check_reserved_lock", "file_control",
    "sector_size", "characteristics", "shm_map", "shm_lock", "shm_barrier", "shm_unmap", "fetch", "unfetch",
)  # fmt: skip
_CALLS = (
    "open", "delete", "access", "full_path", "dl_open", "dl_error", "dl_sym", "dl_close", "randomness", "sleep",
    "current_time", "last_error", "current_time_64", "set_call", "get_call", "next_call",
)  # fmt: skip


class _Methods(ctypes.Structure):
    """struct sqlite3_io_methods"""

    _fields_ = (("version", _Int), *((name, _Pointer) for name in _METHODS))


class _System(ctypes.Structure):
    """struct sqlite3_vfs"""

    _fields_ = (
        ("version", _Int), ("file_bytes", _Int), ("path_bytes", _Int), ("next", _Pointer), ("name", ctypes.c_char_p),
        ("data", _Pointer), *((name, _Pointer) for name in _CALLS),
    )  # fmt: skip


class _File(ctypes.Structure):
    """struct sqlite3_file"""

    _fields_ = (("methods", ctypes.POINTER(_Methods)),)


_FORMS = {
    "open": ctypes.CFUNCTYPE(_Int, _Pointer, _Pointer, _Pointer, _Int, _Pointer),
    "delete": ctypes.CFUNCTYPE(_Int, _Pointer, _Pointer, _Int),
    "read": ctypes.CFUNCTYPE(_Int, _Pointer, _Pointer, _Int, _Long),
    "write": ctypes.CFUNCTYPE(_Int, _Pointer, _Pointer, _Int, _Long),
    "truncate": ctypes.CFUNCTYPE(_Int, _Pointer, _Long),
    "sync": ctypes.CFUNCTYPE(_Int, _Pointer, _Int),
    "shm_map": ctypes.CFUNCTYPE(_Int, _Pointer, _Int, _Int, _Int, _Pointer),
}
_KEPT: list[object] = []
"""SQLite remembers the addresses of these for as long as a connection is open."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that SQLite asked of the disk, or `acknowledged`: what a caller was promised by then.

    Attributes:
        kind: open, write, truncate, sync, delete, read, shm_map or acknowledged.
        name: of the file, without its folder.
        at: first byte of a write, new length of a truncation.
        content: what is written, or what was promised.
    """

    kind: str
    name: str = ""
    at: int = 0
    content: object = b""


@dataclass
class FaultyDisk:
    """What the files of one folder go through.

    Attributes:
        folder: only files directly in it are looked at, or
        is_deep: in folders below it too.
        refuse: given each operation before it is done, answers SQLite's code of a failure, or None to let it pass.
        operations: what was done so far, in order.
        recording: whether they are kept.
    """

    folder: Path
    refuse: Callable[[Operation], int | None] = lambda _: None
    recording: bool = True
    is_deep: bool = False
    operations: list[Operation] = field(default_factory=list)

    def acknowledge(self, promise: object) -> None:
        """Note what was promised at this point."""
        self.operations.append(Operation("acknowledged", content=promise))

    def met(self, operation: Operation) -> int:
        """The code with which this operation fails, 0 when it may go on."""
        failure = self.refuse(operation)
        if failure is None and self.recording and operation.kind != "read":
            self.operations.append(operation)
        return failure or OK


@contextmanager
def disk_of(disk: FaultyDisk) -> Iterator[FaultyDisk]:
    """Connections that are opened in the block meet this disk, to their end."""
    library = _library()
    real = library.sqlite3_vfs_find(None)
    system = _System.from_buffer_copy(real.contents)
    system.name = f"assay-faulty-{len(_KEPT)}".encode()
    _Shim(disk, real.contents, system)
    library.sqlite3_vfs_register(ctypes.byref(system), 1)
    try:
        yield disk
    finally:
        library.sqlite3_vfs_register(real, 1)
        library.sqlite3_vfs_unregister(ctypes.byref(system))


def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(getattr(_sqlite3, "__file__", None))
    try:
        library.sqlite3_vfs_find.restype = ctypes.POINTER(_System)
        library.sqlite3_vfs_find.argtypes = [ctypes.c_char_p]
    except AttributeError:
        pytest.skip("this Python has SQLite built in: nothing can be put between it and the disk")
    return library


class _Shim:
    """The functions that SQLite calls instead of the system's."""

    def __init__(self, disk: FaultyDisk, real: _System, system: _System) -> None:
        self.disk = disk
        self.names: dict[int, str] = {}
        self.tables: dict[int, _Methods] = {}
        self.real_open = _FORMS["open"](real.open)
        self.real_delete = _FORMS["delete"](real.delete)
        calls = {"open": self.open, "delete": self.delete}
        self.callbacks = {name: _FORMS[name](call) for name, call in calls.items()}
        for name, callback in self.callbacks.items():
            setattr(system, name, ctypes.cast(callback, _Pointer))
        _KEPT.append((self, system))

    def open(self, system: int, path: int | None, file: int, flags: int, told: int) -> int:
        name = self._name(path)
        if name is None:
            return self.real_open(system, path, file, flags, told)
        if failure := self.disk.met(Operation("open", name)):
            _File.from_address(file).methods = None
            return failure
        code = self.real_open(system, path, file, flags, told)
        opened = _File.from_address(file)
        if code == OK and opened.methods:
            self.names[file] = name
            opened.methods = ctypes.pointer(self._methods(opened.methods.contents))
        return code

    def delete(self, system: int, path: int, flush: int) -> int:
        name = self._name(path)
        if name is not None and (failure := self.disk.met(Operation("delete", name))):
            return failure
        return self.real_delete(system, path, flush)

    def _name(self, path: int | None) -> str | None:
        # The address is passed on, never a copy: the system's VFS keeps it.
        if path is None:
            return None
        file = Path(ctypes.string_at(path).decode())
        is_meant = file.parent == self.disk.folder or (self.disk.is_deep and self.disk.folder in file.parents)
        return file.name if is_meant else None

    def _methods(self, real: _Methods) -> _Methods:
        """The same table with our functions in it, one for each table that the system has."""
        address = ctypes.addressof(real)
        if address not in self.tables:
            table = self.tables[address] = _Methods.from_buffer_copy(real)
            for name in ("read", "write", "truncate", "sync", "shm_map"):
                if not getattr(real, name):
                    continue  # a journal shares no memory
                ours = getattr(self, f"_{name}")(_FORMS[name](getattr(real, name)))
                callback = self.callbacks[f"{address}.{name}"] = _FORMS[name](ours)
                setattr(table, name, ctypes.cast(callback, _Pointer))
        return self.tables[address]

    def _read(self, real: Callable[..., int]) -> Callable[..., int]:
        def read(file: int, buffer: int, length: int, at: int) -> int:
            return self.disk.met(Operation("read", self.names[file], at)) or real(file, buffer, length, at)

        return read

    def _write(self, real: Callable[..., int]) -> Callable[..., int]:
        def write(file: int, buffer: int, length: int, at: int) -> int:
            content = ctypes.string_at(buffer, length)
            failure = self.disk.met(Operation("write", self.names[file], at, content))
            if failure == FULL and length > 1:
                real(file, buffer, length // 2, at)  # a disk that fills up takes the first half
            return failure or real(file, buffer, length, at)

        return write

    def _truncate(self, real: Callable[..., int]) -> Callable[..., int]:
        def truncate(file: int, length: int) -> int:
            return self.disk.met(Operation("truncate", self.names[file], length)) or real(file, length)

        return truncate

    def _sync(self, real: Callable[..., int]) -> Callable[..., int]:
        def sync(file: int, flags: int) -> int:
            # Only the recorded order counts here, and only one thread writes: the flush itself may be left out.
            return self.disk.met(Operation("sync", self.names[file]))

        return sync

    def _shm_map(self, real: Callable[..., int]) -> Callable[..., int]:
        def shm_map(file: int, region: int, length: int, extend: int, told: int) -> int:
            failure = self.disk.met(Operation("shm_map", self.names[file], region)) if extend else OK
            return failure or real(file, region, length, extend, told)

        return shm_map
