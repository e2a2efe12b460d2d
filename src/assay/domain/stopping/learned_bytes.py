"""What past runs taught, as bytes that can be sent to whoever asks the rules beside a training."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.domain.stopping.learned import Learned, LearnedProblem
from assay.errors import Invalid
from assay.stats.futility_features import Peers
from assay.stats.monotone_logistic import MonotoneLogistic
from assay.stats.trajectories import Standing

FORMAT = "assay/learned@2"
_STANDING = ("best", "level", "gain20", "gain40", "stalled")
_OF_RUNS = ("ever", "before", "gained")


def learned_bytes(learned: Learned) -> bytes:
    """Which bytes keep this? Equal for equal lessons."""
    data = {
        "format": FORMAT,
        "digest": learned.digest,
        "runs": learned.runs,
        "problems": {name: _packed(one) for name, one in learned.problems.items()},
    }
    return zlib.compress(json.dumps(data, sort_keys=True, separators=(",", ":")).encode(), level=6)


def learned_from_bytes(content: bytes) -> Learned:
    """What do these bytes keep?

    Raises:
        Invalid: they keep nothing of the kind.
    """
    try:
        data = json.loads(zlib.decompress(content))
        if data["format"] != FORMAT:
            raise _unreadable(f"format {str(data['format'])[:40]!r}")
        problems = {name: _unpacked(one) for name, one in data["problems"].items()}
        return Learned(problems, data["runs"], data["digest"])
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise _unreadable(type(error).__name__) from error


def _unreadable(found: str) -> Invalid:
    return Invalid(
        f"cannot read what past runs taught: {found} (expected {FORMAT})",
        hint="install the same version of assay beside the training and where the project is kept",
        code="learned-unreadable",
    )


def _packed(one: LearnedProblem) -> dict[str, Any]:
    peers = one.peers
    return {
        "regression": None if one.regression is None else _packed_regression(one.regression),
        "tickets": list(one.tickets),
        "budgets": one.budgets.tolist(),
        "of_all_problems": one.of_all_problems,
        "checks": _floats(peers.checks),
        "hit": peers.hit.tolist(),
        "batch": peers.batch.tolist(),
        "judged": base64.b64encode(np.packbits(peers.standing.judged).tobytes()).decode("ascii"),
        **{name: _floats(getattr(peers.standing, name)) for name in _STANDING},
        **{name: _floats(getattr(peers, name)) for name in _OF_RUNS},
    }


def _unpacked(data: dict[str, Any]) -> LearnedProblem:
    checks = _array(data["checks"])
    hit, batch = np.array(data["hit"], dtype=np.bool_), np.array(data["batch"], dtype=np.int64)
    shape = (len(hit), len(checks))
    bits = np.frombuffer(base64.b64decode(data["judged"], validate=True), np.uint8)
    judged = np.unpackbits(bits, count=shape[0] * shape[1]).astype(np.bool_).reshape(shape)
    standing = Standing(judged, *(_array(data[name]).reshape(shape) for name in _STANDING))
    ever, before, gained = (_array(data[name]) for name in _OF_RUNS)
    told = data["regression"]
    return LearnedProblem(
        None if told is None else _unpacked_regression(told),
        Peers(checks, hit, batch, standing, ever, before.reshape(shape), gained.reshape(shape)),
        tuple(data["tickets"]),
        np.array(data["budgets"], dtype=np.int64),
        data["of_all_problems"],
    )


def _packed_regression(model: MonotoneLogistic) -> dict[str, Any]:
    return {
        "knots": [_floats(bends) for bends in model.knots],
        "weights": _floats(model.weights),
        "rows": model.rows,
    }


def _unpacked_regression(data: dict[str, Any]) -> MonotoneLogistic:
    return MonotoneLogistic(
        tuple(_array(bends) for bends in data["knots"]), _array(data["weights"]), data["rows"]
    )


def _floats(values: NDArray[np.float64]) -> str:
    return base64.b64encode(values.astype("<f8").tobytes()).decode("ascii")


def _array(packed: str) -> NDArray[np.float64]:
    return np.frombuffer(base64.b64decode(packed, validate=True), "<f8").astype(np.float64)
