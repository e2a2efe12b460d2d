"""What is known of a run when it begins: its ticket, seed and parameters, and where its code comes from."""

from __future__ import annotations

import dataclasses
import itertools
import math
import os
import platform
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assay.domain.kernel.ids import TICKET_TAG, ticket_key_in
from assay.errors import Invalid
from assay.sdk.numbers import step_of
from assay.sdk.processes import processes_here

_MAX_DEPTH = 12
_MAX_TEXT = 8_000
_MAX_NUMBERS = 1_000
"""Of an array in the parameters; a larger one stands as its shape and a digest of its numbers."""
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_DEVICE = re.compile(r"[0-9]+\Z|GPU-|MIG-")
"""CUDA takes no more of its list from the first entry on that names none."""
_MODEL = re.compile(r"^Model:\s*(\S.*)$", re.MULTILINE)
_NVIDIA = Path("/proc/driver/nvidia/gpus")


def head_of(
    ticket: str,
    *,
    seed: Any,
    config: Any,
    name: str,
    arm: str | None,
    dataset: str | None,
    devices: float | None,
    tags: Mapping[str, str] | None,
    project: str,
) -> dict[str, Any]:
    """The head of a run log (see `assay.connectors.trackers.run_log.form`).

    Raises:
        Invalid: ticket or seed is malformed.
    """
    said = {str(key): str(value) for key, value in (tags or {}).items()}
    said[TICKET_TAG] = _checked_ticket(ticket)
    if seed is not None:
        said["assay.seed"] = str(_checked_seed(seed))
    known = {
        "assay.project": project,
        "assay.arm": arm,
        "assay.dataset": dataset,
        "assay.commit": _commit(Path.cwd()),
    }
    said |= {key: str(value) for key, value in known.items() if value}
    occupied = devices if devices is not None else _devices_seen()
    if occupied is not None:
        said["assay.devices"] = f"{occupied:g}"
        if (model := _device_model()) is not None:
            said.setdefault("assay.device_seen", model)
    said["assay.python"] = platform.python_version()
    return {
        "started_ms": time.time_ns() // 1_000_000,
        "name": str(name)[:_MAX_TEXT],
        "project": project,
        "params": _parameters(config),
        "tags": said,
    }


def _checked_ticket(ticket: object) -> str:
    project, slash, key = str(ticket).rpartition("/")
    found = ticket_key_in(key)
    if found is None:
        raise Invalid(
            f"cannot begin a run of ticket {str(ticket)[:60]!r}: not a key (expected a form such as EXP-42)",
            hint="assay ticket list",
            code="ticket-key-malformed",
            field="ticket",
        )
    return f"{project}{slash}{found}"


def _checked_seed(seed: Any) -> int:
    try:
        return step_of(seed)
    except TypeError:
        raise Invalid(
            f"cannot begin a run with the seed {str(seed)[:60]!r}: not a whole number (expected one such as 3)",
            hint="leave it out where the training has none",
            code="seed-malformed",
            field="seed",
        ) from None


def _parameters(config: Any) -> dict[str, Any]:
    if config is None:
        return {}
    if dataclasses.is_dataclass(config) and not isinstance(config, type):
        config = dataclasses.asdict(config)
    if not isinstance(config, Mapping):
        config = getattr(config, "__dict__", None) or {"config": config}
    found = plain(config)
    assert isinstance(found, dict)
    return found


def plain(value: Any, depth: int = 0) -> Any:
    """A value as JSON can hold it; what it cannot hold becomes text.

    >>> plain({"lr": 0.1, "layers": (64, 32), "loss": float("inf"), "path": Path("a")})
    {'lr': 0.1, 'layers': [64, 32], 'loss': 'inf', 'path': 'a'}
    """
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        number = float(value) if isinstance(value, float) else int(value)
        return number if abs(number) < 2**63 else str(number)  # text for NaN and infinity, too
    if depth < _MAX_DEPTH and isinstance(value, Mapping):
        return {_text(str(key)): plain(inner, depth + 1) for key, inner in value.items()}
    if depth < _MAX_DEPTH and isinstance(value, list | tuple):
        return [plain(inner, depth + 1) for inner in value]
    return _foreign(value)


def _foreign(value: Any) -> Any:
    """What JSON has no form for. The same value is the same text in every process, or seeds would not form one group."""
    item = getattr(value, "item", None)
    try:
        if callable(item) and getattr(value, "shape", ()) == ():
            return plain(item(), _MAX_DEPTH)
        if callable(item):
            return _numbers_of(value)
        return _text(_ADDRESS.sub("", str(value)))
    except Exception:  # noqa: BLE001  # whatever a library raises where it cannot say what it is
        return _text(repr(type(value)))


def _numbers_of(array: Any) -> Any:
    """The numbers of an array or a tensor."""
    shape = tuple(array.shape)
    if math.prod(shape) <= _MAX_NUMBERS:
        return plain(array.tolist(), _MAX_DEPTH - len(shape) - 1)
    import hashlib

    content = (array.detach().cpu().numpy() if hasattr(array, "detach") else array).tobytes()
    return f"{type(array).__name__} of shape {shape}, sha256 {hashlib.sha256(content).hexdigest()[:16]}"


def _text(text: str) -> str:
    return text[:_MAX_TEXT].encode("utf-8", "replace").decode("utf-8")


def _devices_seen() -> int | None:
    """How many devices the training occupies: one a process of a distributed one, else all that it sees. None: nobody knows."""
    here = _devices_here()
    if here is None or processes_here() == 1:
        return here
    return processes_here()


def _devices_here() -> int | None:
    """How many devices PyTorch sees, where the training has imported it; else what the environment gives."""
    torch = sys.modules.get("torch")
    try:
        if torch is not None and torch.cuda.is_available():
            return int(torch.cuda.device_count())
    except Exception:  # noqa: BLE001  # half imported, or a build without devices
        return None
    named = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    return len(list(itertools.takewhile(_DEVICE.match, map(str.strip, named)))) or None


def _device_model() -> str | None:
    """What its GPUs are, as their driver says, where all of this machine are alike; asking PyTorch would wake them up."""
    try:
        told = [file.read_text(encoding="utf-8") for file in _NVIDIA.glob("*/information")]
    except (OSError, UnicodeDecodeError):
        return None
    models = {found.group(1).strip() for text in told if (found := _MODEL.search(text))}
    return models.pop()[:60] if len(models) == 1 else None


def _commit(folder: Path) -> str | None:
    """Which commit is checked out here? Read from the files of Git: starting it would take longer than beginning a run."""
    for above in (folder, *folder.parents):
        git = above / ".git"
        try:
            if git.is_file():  # a worktree or a submodule
                git = (above / git.read_text(encoding="utf-8").removeprefix("gitdir:").strip()).resolve()
            if not git.is_dir():
                continue
            head = (git / "HEAD").read_text(encoding="utf-8").strip()
            return _resolved(git, head.removeprefix("ref:").strip()) if head.startswith("ref:") else head[:64]
        except (OSError, UnicodeDecodeError):
            return None
    return None


def _resolved(git: Path, ref: str) -> str | None:
    common = git / "commondir"
    places = (
        [git, (git / common.read_text(encoding="utf-8").strip()).resolve()] if common.is_file() else [git]
    )
    for place in places:
        if (place / ref).is_file():
            return (place / ref).read_text(encoding="utf-8").strip()[:64]
        if (place / "packed-refs").is_file():
            for line in (place / "packed-refs").read_text(encoding="utf-8").splitlines():
                if line.endswith(f" {ref}"):
                    return line[:64].split(" ")[0]
    return None
