"""Reads commits of a git repository without letting the repository say how.

Git does what a repository's configuration tells it: commands for file systems, filters, servers to fetch missing objects from. So git is
run on an empty repository of our own, with the object store of the other one lent to it: nothing of its configuration, hooks,
attributes and work tree is ever looked at, and no object is fetched. References are small files that we read ourselves.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Self

from assay.connectors.tracked.folder import Folder
from assay.connectors.tracked.told import kept_text
from assay.errors import Invalid

_MISSING = "an object that is missing or damaged, or that git takes too long to read"
GIT_S = 60.0
"""How long one call of git may take."""
MAX_LISTED_BYTES = 64 * 2**20
MAX_PACKED_REFS_BYTES = 64 * 2**20
_MAX_LEVELS = 40
_HASH = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_LINE = re.compile(rb"([0-9]{6}) (\w+) ([0-9a-f]{40,64}) +([0-9]+|-|BAD)\t(.*)\Z", re.DOTALL)
_GITDIR_CHARACTERS = 4000
_REGULAR = (b"100644", b"100755", b"100664")


def common_folder(root: Path) -> tuple[Path, str] | None:
    """Where does the repository of this folder keep its objects, and what is the folder's path in it? None where there is none.

    A bare repository is one itself; else `.git` is looked for here and in the folders above, as git does. It may be a file
    that names another folder (work trees, submodules).
    """
    root = root.absolute()
    if (root / "objects").is_dir() and (root / "refs").is_dir() and (root / "HEAD").is_file():
        return root, ""
    for above in [root, *root.parents][:_MAX_LEVELS]:
        place = above / ".git"
        if place.is_file():
            place = _named_in(place, b"gitdir: ", above)
        if (place / "HEAD").is_file():
            common = place / "commondir"
            prefix = root.relative_to(above).as_posix()
            return _named_in(
                common, b"", place
            ) if common.is_file() else place, "" if prefix == "." else prefix
    return None


def _named_in(file: Path, label: bytes, start: Path) -> Path:
    """The folder that a small file of git's names."""
    with file.open("rb") as content:
        told = content.read(_GITDIR_CHARACTERS).strip()
    return start / os.fsdecode(told.removeprefix(label))


def references(folder: Folder, below: str) -> dict[str, str]:
    """The references below a name such as `refs/exps/`, with the hash of the commit of each.

    Args:
        folder: the repository's common folder; what cannot be read is gathered in its problems.
        below: how their names begin.

    Raises:
        Unavailable: they are kept in a form that is not read.
    """
    if (Path(folder.root) / "reftable").is_dir():
        raise folder.unavailable(
            "its references are kept as a reftable (expected files)",
            "in the repository: git refs migrate --ref-format=files",
        )
    root = Path(folder.root)
    found: dict[str, str] = {}
    if (root / "packed-refs").is_file():
        found = _packed(folder.content("packed-refs", limit=MAX_PACKED_REFS_BYTES), below)
    if not (root / below).is_dir():
        return found
    loose = replace(
        folder, root=str(root / below), problems=folder.problems
    )  # the same list, to be told once
    for file in loose.files():
        if not file.name.endswith(".lock"):
            told = loose.content(file.path, limit=1000).strip()
            if _HASH.match(told):
                found[f"{below}{file.path}"] = told.decode()
            elif not told.startswith(b"ref: "):  # a name for another reference
                folder.problems.append(f"'{kept_text(os.fsencode(file.path))[-200:]}': no hash of a commit")
    folder.incomplete = folder.incomplete or loose.incomplete
    return found


def _packed(content: bytes, below: str) -> dict[str, str]:
    wanted = os.fsencode(below)
    found = {}
    for line in content.split(b"\n"):
        told, _, name = line.partition(b" ")
        if name.startswith(wanted) and _HASH.match(told):
            found[os.fsdecode(name)] = told.decode()
    return found


@dataclass(frozen=True, slots=True)
class Blob:
    """A file of a commit."""

    hash: str
    size: int


class GitObjects:
    """The objects of one repository.

    Args:
        folder: its common folder.
        hash_length: of its hashes in hexadecimal digits, 40 or 64.

    Raises:
        Unavailable: no git is installed.
    """

    def __init__(self, folder: Folder, hash_length: int) -> None:
        self.folder = folder
        self._git = shutil.which("git") or ""
        if not self._git:
            raise folder.unavailable("no git is installed (expected one to read commits with)", "install git")
        self._own = tempfile.TemporaryDirectory(prefix="assay-git-")
        own = Path(self._own.name)
        (own / "objects").mkdir()
        (own / "refs").mkdir()
        (own / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
        kind = "\tobjectformat = sha256\n" if hash_length == 64 else ""
        version = 1 if kind else 0
        (own / "config").write_text(
            f"[core]\n\trepositoryformatversion = {version}\n\tbare = true\n[extensions]\n{kind}",
            encoding="utf-8",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._own.cleanup()

    def files(self, commit: str) -> dict[str, Blob]:
        """Every regular file of a commit with its path; links and submodules are none.

        Raises:
            Invalid: there is no such commit, or it holds more files than are read.
        """
        with self._running(["ls-tree", "-r", "-l", "-z", commit], b"") as (process, output):
            listed = output.read(MAX_LISTED_BYTES + 1)
            if len(listed) > MAX_LISTED_BYTES:
                raise self.broken(commit, f"a list of files of more than {MAX_LISTED_BYTES // 2**20} MB")
            if process.wait():
                raise self.broken(commit, _MISSING)
        found = {}
        for line in listed.split(b"\0")[:-1]:
            told = _LINE.match(line)
            if told is None or told[4] == b"BAD":  # the size of one that is not there
                raise self.broken(commit, _MISSING)
            if told[1] in _REGULAR:
                found[os.fsdecode(told[5])] = Blob(told[3].decode(), int(told[4]))
        return found

    def contents(self, blobs: Mapping[str, int]) -> dict[str, bytes]:
        """The content of objects by hash, none larger than the size that is given for it.

        Raises:
            Invalid: one is missing, damaged or larger.
        """
        asked = "".join(f"{one}\n" for one in blobs).encode()
        found = {}
        with self._running(["cat-file", "--batch"], asked) as (_, output):
            for one, limit in blobs.items():
                head = output.readline(200).split()
                if len(head) != 3 or head[0].decode() != one:
                    raise self.broken(one, _MISSING)
                size = int(head[2])
                if size > limit:
                    raise self.broken(one, f"an object of {size} bytes (expected at most {limit})")
                found[one] = output.read(size)
                if len(found[one]) < size or output.read(1) != b"\n":
                    raise self.broken(one, _MISSING)
        return found

    @contextmanager
    def _running(
        self, command: Sequence[str], asked: bytes
    ) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
        """Git, and what it answers; it is ended with the block, or when its time is over."""
        with tempfile.TemporaryFile() as given:
            given.write(asked)
            given.seek(0)
            process = subprocess.Popen(  # noqa: S603 - git, with words of ours and hashes that were looked at
                [self._git, *command],
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=self._environment(),
                cwd=self._own.name,
            )
        timer = threading.Timer(GIT_S, process.kill)
        timer.start()
        try:
            assert process.stdout is not None, "it is a pipe"
            with process.stdout:
                yield process, process.stdout
        finally:
            timer.cancel()
            process.kill()
            process.wait()

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": self._own.name,
            "LC_ALL": "C",
            "GIT_DIR": self._own.name,
            "GIT_OBJECT_DIRECTORY": str(Path(self.folder.root) / "objects"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
        }

    def broken(self, what: str, fact: str) -> Invalid:
        """The error for one object."""
        return self.folder.broken(what, fact, "a whole repository", "in the repository: git fsck")
