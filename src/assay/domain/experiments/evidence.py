"""One shape for evidence, whatever tracker it came from: runs, curves, per-example scores, costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from struct import Struct
from typing import Self, TypeVar, dataclass_transform, overload

import numpy as np
from numpy.typing import NDArray

from assay.domain.kernel.metrics import Metric

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_KINDS = ("<i8", "<f8", "<i8")
_FLOAT = Struct("<d")
UNREAD_SCORES_TAG = "assay.scores_unread"
"""Why nobody could look whether a run has per-example scores, where its reader says so."""
POINT_BYTES = 24
"""What one point takes in `Curve.to_bytes`."""
_T = TypeVar("_T")


@dataclass_transform(eq_default=False, frozen_default=True, field_specifiers=(field,))
def _record(kind: type[_T]) -> type[_T]:
    """A data class that type checkers hold to be frozen. It is made by the ten thousand, and one frozen in fact takes five times as long."""
    return dataclass(slots=True, eq=False)(kind)


class Provenance(StrEnum):
    """Who vouches for a piece of evidence."""

    FETCHED = "fetched_by_server"
    CI = "ci_identity"
    SELF_REPORTED = "self_reported"


class RunStatus(StrEnum):
    """What the tracker last said about a run."""

    SCHEDULED = "scheduled"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"


STOPPED_BY_TAG = "assay.stopped_by"
"""Which rule said stop, where a training loop left off because of it."""
STOP_REASON_TAG = "assay.stop_reason"
"""Why a loop left off because a rule said stop."""
UNFINISHED = (RunStatus.SCHEDULED, RunStatus.RUNNING)
"""What a run may still be before it has ended in any way."""


class Curve:
    """Every logged value of one metric of one run, in step order. Values may be NaN or infinite: that is evidence too.

    steps, values and times_ms have one shape (n_points,); times_ms is the tracker's clock, milliseconds since 1970. Made from
    these arrays or from the bytes that stand for them: thousands of curves go from a tracker into the store and nobody looks
    at an array of theirs.
    """

    __slots__ = ("_body", "_columns")

    def __init__(self, steps: IntArray, values: FloatArray, times_ms: IntArray) -> None:
        self._body: bytes | None = None
        self._columns: tuple[IntArray, FloatArray, IntArray] | None = (steps, values, times_ms)

    @classmethod
    def of_bytes(cls, body: bytes) -> Self:
        """The curve that these bytes stand for (see `to_bytes`).

        >>> whole = np.arange(2)
        >>> Curve.of_bytes(Curve(steps=whole, values=np.array([1.0, np.nan]), times_ms=whole).to_bytes()).values.tolist()
        [1.0, nan]
        """
        curve = cls.__new__(cls)
        curve._body = body  # noqa: SLF001  # its own
        curve._columns = None  # noqa: SLF001
        return curve

    def to_bytes(self) -> bytes:
        """Which bytes stand for this curve: steps, then values, then times, each number 8 bytes, little-endian?

        >>> whole = np.arange(2)
        >>> len(Curve(steps=whole, values=np.array([1.0, np.nan]), times_ms=whole).to_bytes())
        48
        """
        if self._body is not None:
            return self._body
        columns = zip(self._arrays(), _KINDS, strict=True)
        return b"".join(np.asarray(numbers, kind).tobytes() for numbers, kind in columns)

    @property
    def points(self) -> int:
        """How many values were logged?"""
        return len(self._arrays()[0]) if self._body is None else len(self._body) // POINT_BYTES

    @property
    def steps(self) -> IntArray:
        """At which steps?"""
        return self._arrays()[0]

    @property
    def values(self) -> FloatArray:
        """Which values?"""
        return self._arrays()[1]

    @property
    def times_ms(self) -> IntArray:
        """When?"""
        return self._arrays()[2]

    @property
    def last(self) -> float:
        """The value at the highest step (the latest one when a step was logged twice); may be non-finite."""
        if self._columns is not None or not self._body:
            return float(self.values.item(-1))
        value: float = _FLOAT.unpack_from(self._body, len(self._body) // 3 * 2 - _FLOAT.size)[0]
        return value

    def _arrays(self) -> tuple[IntArray, FloatArray, IntArray]:
        if self._columns is None:
            body = self._body or b""
            count = len(body) // POINT_BYTES
            steps, values, times = (
                np.frombuffer(body, kind, count, 8 * count * place) for place, kind in enumerate(_KINDS)
            )
            self._columns = (
                steps.astype(np.int64, copy=False),
                values.astype(np.float64, copy=False),
                times.astype(np.int64, copy=False),
            )
        return self._columns


class LastValue(Curve):
    """A curve of which nobody kept more than its last value, at no step."""

    __slots__ = ()

    @classmethod
    def of(cls, value: float) -> Self:
        """The curve that ended with this value.

        >>> LastValue.of(0.5).last
        0.5
        """
        at = np.zeros(1, dtype=np.int64)
        return cls(steps=at, values=np.array([value], dtype=np.float64), times_ms=at)


class Labels(Sequence[str]):
    """One label an example, kept as codes: a million labels of a hundred names are a million small numbers.

    names are distinct; codes[i] says which of them example i has. Reads and compares as the tuple of labels it stands for.

    >>> labels = Labels(("de", "en"), np.array([0, 1, 0], dtype=np.int32))
    >>> labels[1], list(labels), labels == ("de", "en", "de")
    ('en', ['de', 'en', 'de'], True)
    """

    __slots__ = ("codes", "names")

    def __init__(self, names: tuple[str, ...], codes: NDArray[np.int32]) -> None:
        self.names, self.codes = names, codes

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Labels: ...
    def __getitem__(self, index: int | slice) -> str | Labels:
        if isinstance(index, slice):
            return Labels(self.names, self.codes[index])
        return self.names[int(self.codes[index])]

    def __iter__(self) -> Iterator[str]:
        return map(self.names.__getitem__, self.codes.tolist())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(map(str.__eq__, self, other))

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Labels({tuple(self[:5])!r}{', ...' if len(self) > 5 else ''})"


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Per-example scores of one metric of one run: one value an example.

    sample_ids are distinct within (seed), a tuple or `SampleIds`; slices maps a slice column to one label an example, as a tuple or as `Labels`. repeats holds what the same
    model got on the same example each time it was asked, shape (examples, repeats); values is then their mean. A repeat is
    no seed: it sharpens an example, it says nothing about training again.
    """

    metric: str
    seed: int | None
    sample_ids: Sequence[str]
    values: FloatArray
    clusters: tuple[str, ...] | None = None
    slices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    repeats: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A figure that a tool reported without the examples behind it; its examples can be neither paired nor checked."""

    value: float
    stderr: float | None = None
    """Standard error as the tool computed it, in the metric's units; None when it gave none, or gave 0 where that is no certainty."""
    n: int | None = None
    """How many examples it covers, where the tool says so."""


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """What a run was, until it left its ticket, arm or configuration, or what it had shown was taken back or changed."""

    until_seq: int
    """Journal sequence number at which it changed."""
    ticket: str | None
    arm: str
    config: Mapping[str, str]
    seed: int | None
    status: RunStatus
    values: Mapping[str, float]
    """Last logged value by metric; may be non-finite."""
    dataset: str | None = None
    scores_digest: str | None = None
    scores_error: str | None = None
    scores: Mapping[str, Scores] = field(default_factory=dict)
    curves: Mapping[str, Curve] | None = None
    """Its curves by metric; None where nobody kept more than last values."""


@_record
class Run:
    """One training or evaluation run as the tracker tells it.

    config holds parameters without the seed; two runs with equal config form one seed group.
    """

    run_id: str
    """Our id: source name, colon, the tracker's id."""
    source: str
    external_id: str
    name: str
    status: RunStatus
    config: Mapping[str, str]
    seed: int | None
    curves: Mapping[str, Curve]
    scores: Mapping[str, Scores] = field(default_factory=dict)
    """Per-example scores by metric, where they were logged."""
    aggregates: Mapping[str, Aggregate] = field(default_factory=dict)
    """Figures by metric that came without their examples."""
    scores_digest: str | None = None
    scores_error: str | None = None
    """Why per-example scores that exist could not be read (bad file, duplicated ids), else None."""
    ticket: str | None = None
    arm: str = "candidate"
    """`candidate`, `baseline`, or the name of another arm (tag `assay.arm`)."""
    dataset: str | None = None
    """Evaluation set with version, such as support-eval@3 (tag `assay.dataset`)."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    gpu_hours: float | None = None
    gpu_hours_source: str | None = None
    """`tag`, `metric`, or `wall time x devices`; None when unknown."""
    cost_usd: float | None = None
    cost_source: str | None = None
    """The price it was worked out with; None where the run says it itself, or nobody does. No part of the digest."""
    deleted: bool = False
    provenance: Provenance = Provenance.SELF_REPORTED
    url: str | None = None
    artifacts: str | None = None
    """Where its files lie, as the tracker names it, without passwords and queries; None when unknown. No part of the digest:
    a store that moved changes no evidence."""
    tags: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""
    """Digest of everything above that a verdict can depend on."""
    seen_seq: int = 0
    """Journal sequence number at which this run was first seen."""
    candidate_when_first_seen: str | None = None
    """Value of the tag `assay.candidate` at that moment; None when there was none, the run had ended, or it is not known."""
    arm_when_first_seen: str | None = None
    """The same of its arm."""
    past: tuple[Past, ...] = ()
    """What it was before, where that matters to a verdict, oldest first."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All a verdict may look at: the ticket's runs, the baseline's runs, and what was spent."""

    runs: tuple[Run, ...]
    """Runs of the ticket, any arm, deleted ones included (they are listed, never counted)."""
    baseline_runs: tuple[Run, ...] = ()
    """Runs of the ticket named as baseline, when the baseline is another ticket."""
    detached: tuple[Run, ...] = ()
    """Runs that are off the ticket though its evidence before, or though their tag names it: listed, never counted."""
    baseline_detached: tuple[Run, ...] = ()
    """The same of the ticket named as baseline."""
    ticket: str | None = None
    """Key of the ticket; None where no ticket is judged."""


@dataclass(frozen=True, slots=True)
class ExampleText:
    """What one example said, short enough to stand beside another model's answer."""

    sample_id: str
    input: str = ""
    target: str = ""
    output: str = ""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One side of a gate, candidate or baseline: what a file or folder of evaluation results holds.

    Runs that were cancelled or ended in an error keep that status. Examples that ended in an error are no failures: they
    have no score, and `scores_error` of their run names them.
    """

    runs: tuple[Run, ...]
    """One a seed, in the order of their seeds."""
    metrics: tuple[Metric, ...] = ()
    """What the tool declares about its metrics, or what can be known: a metric that is not here is not declared."""
    examples: Mapping[str, Mapping[str, ExampleText]] = field(default_factory=dict)
    """Texts by run id and example id, where the tool kept them."""
    reader: str = ""
    """Name of the reader that read it."""
    notes: tuple[str, ...] = ()
    """What a person should know about how it was read."""
    digest: str = ""
    """SHA-256 over the bytes of every file that was read."""
    ticket: Evidence | None = None
    """All the evidence of a ticket whose own runs these are: what was taken away from it counts, too."""
