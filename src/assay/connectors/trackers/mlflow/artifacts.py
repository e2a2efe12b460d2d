"""Per-example scores beside a run: `assay/scores.parquet` (or `.csv`) below the run's own artifact root, nothing else.

The artifact URI is a text of the tracker, so it is never followed as it stands: it has to be a plain local path whose
last two parts are the run's own id and `artifacts`, and the file has to be there once every link is resolved.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from assay.connectors.evals.long_form import read_scores
from assay.connectors.trackers.mlflow.assemble import ScoresFound
from assay.domain.kernel.canonical import digest_bytes
from assay.errors import Invalid

SCORE_FOLDER = "assay"
SCORE_FILES = ("assay/scores.parquet", "assay/scores.csv")
_NOTHING = ScoresFound()
MAX_SCORES_BYTES = 64 * 2**20
RUN_ID = re.compile(r"[A-Za-z0-9_\-]{1,64}\Z", re.ASCII)
# Percent signs would be decoded a second time by somebody; the others begin queries, fragments or other roots.
_NOT_IN_PATH = re.compile(r"[%#?\\\x00-\x1f\x7f]|(?:^|/)\.\.?(?:/|$)|//")


def local_root(artifact_uri: str, run_id: str) -> str | None:
    """Where on this machine are the artifacts of a run? None unless it is a plain path of the run's own.

    >>> local_root("file:///data/1/0af3/artifacts", "0af3"), local_root("/data/1/0af3/artifacts", "0af3")
    ('/data/1/0af3/artifacts', '/data/1/0af3/artifacts')
    >>> local_root("file:///etc", "0af3"), local_root("file:///a/..%2f/0af3/artifacts", "0af3"), local_root("s3://b", "0af3")
    (None, None, None)
    """
    tail = f"/{run_id}/artifacts"
    if not artifact_uri.endswith(tail) or not RUN_ID.match(run_id):
        return None
    location = _local_location(artifact_uri[: -len(tail)])
    return None if location is None else location + tail


@lru_cache(maxsize=4096)
def _local_location(location: str) -> str | None:
    """The folder all runs of an experiment lie in, as a plain absolute path."""
    path = location
    if not path.startswith("/"):
        if not path.startswith("file:"):
            return None
        path = path.removeprefix("file:")
        for host in ("//localhost/", "///"):
            if path.startswith(host):
                path = "/" + path.removeprefix(host)
    if not path.startswith("/") or len(path) > 4096 or _NOT_IN_PATH.search(path):
        return None
    return path


def local_scores(
    artifact_uri: str, run_id: str, *, is_there: Callable[[str], bool] = os.path.isdir
) -> ScoresFound:
    """Which per-example scores lie beside this run on this machine? A bad file is an error text, never a crash.

    is_there: whether a folder of artifacts exists; `remembered_folders` for thousands of runs at one moment.
    """
    root = local_root(artifact_uri, run_id)
    # Most runs have none, and this is asked for thousands of them: two questions say so.
    if root is None or not is_there(root[: -len(run_id) - len("//artifacts")]):
        return _NOTHING
    try:
        os.lstat(f"{root}/{SCORE_FOLDER}")
    except OSError:
        return _NOTHING
    for name in SCORE_FILES:
        path = f"{root}/{name}"
        if not os.path.lexists(path):
            continue
        return checked_scores(name, lambda path=path: _read_inside(Path(root), Path(path)))  # type: ignore[misc]
    return ScoresFound()


def remembered_folders() -> Callable[[str], bool]:
    """Is there such a folder? Asks once for each: all runs of an experiment lie in one."""
    return lru_cache(maxsize=4096)(os.path.isdir)


def checked_scores(name: str, fetch: Callable[[], bytes]) -> ScoresFound:
    """Can these scores be read? Keeps the bytes and their digest, or says why they cannot be used."""
    try:
        content = fetch()
    except Invalid as error:
        return ScoresFound(error=_told(error))
    except (OSError, RuntimeError) as error:  # RuntimeError: links that go in a circle
        fact = (error.strerror if isinstance(error, OSError) else "") or "it leads nowhere"
        return ScoresFound(error=f"cannot read scores '{name}': {fact}")
    digest = digest_bytes(content)
    try:
        read_scores(content)
    except Invalid as error:
        return ScoresFound(digest=digest, error=_told(error), content=content)
    return ScoresFound(digest=digest, content=content)


def _told(error: Invalid) -> str:
    return f"{error.message}; {error.hint}" if error.hint else error.message


def _read_inside(root: Path, path: Path) -> bytes:
    """The bytes of a regular file that, links resolved, lies below the resolved root."""
    real_root = root.resolve(strict=True)
    real = path.resolve(strict=True)
    if not real.is_relative_to(real_root):
        raise Invalid(
            f"cannot read scores '{path.name}': it leads out of the run's own artifacts (expected a file below them)",
            hint="log the file itself, not a link to it",
        )
    # Opened without following a link or waiting for a pipe, should the file be swapped meanwhile.
    handle = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise Invalid(
                f"cannot read scores '{path.name}': not a regular file (expected one)",
                hint="log the scores as a file, then: assay sync",
            )
        content = file.read(MAX_SCORES_BYTES + 1)
    if len(content) > MAX_SCORES_BYTES:
        raise too_large(path.name)
    return content


def too_large(name: str) -> Invalid:
    """The error for a score file beyond the limit."""
    return Invalid(
        f"cannot read scores '{name}': larger than {MAX_SCORES_BYTES // 2**20} MB (expected at most that)",
        hint="log one metric a file or fewer slice columns",
    )
