"""How far is what was committed, as of any moment: from its moves, its decisions and its runs?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from assay.domain.experiments.evidence import UNFINISHED, RunStatus
from assay.domain.experiments.experiment import DecisionKind
from assay.domain.kernel.durations import duration_text
from assay.domain.kernel.ids import TicketType
from assay.domain.kernel.verdicts import Recommendation

STALL_FACTOR = 2.0
"""A run that goes on for longer than so many times the longest finished one of its ticket has stalled, most likely."""
STALL_AFTER = timedelta(days=1)
"""The same, where no run of the ticket has finished yet."""
SILENT_AFTER = timedelta(days=3)
"""An experiment without a run, a note or a move for so long is out of sight."""
ASKS_A_QUESTION = frozenset({TicketType.EXPERIMENT, TicketType.SPIKE})


class Progress(StrEnum):
    """How far a committed ticket is."""

    PROMOTED = "promoted"
    KILLED = "killed"
    DONE = "done"
    """Work that asks no question, at its end."""
    RESULTS = "results"
    """Some run has finished with numbers: there are preliminary results."""
    RUNNING = "running"
    """Some run goes on."""
    STARTED = "started"
    WAITING = "waiting"

    @property
    def is_decided(self) -> bool:
        """Whether it is over."""
        return self in {Progress.PROMOTED, Progress.KILLED, Progress.DONE}


@dataclass(frozen=True, slots=True)
class RunEnd:
    """A run as a ceremony tells of it."""

    run_id: str
    name: str
    ticket: str
    status: RunStatus
    started_at: datetime | None
    ended_at: datetime | None
    broken: tuple[str, ...]
    """Metrics whose last value is no finite number."""
    why: str = ""
    """What stopped it, where its loop said so."""


class RunBegan(NamedTuple):
    """When a run of a ticket began, and what it took."""

    ticket: str
    started_at: datetime
    gpu_hours: float | None


@dataclass(frozen=True, slots=True)
class RunsSoFar:
    """What the runs of a ticket had come to by a moment, those that are in their tracker still."""

    begun: int = 0
    """But for those of the baseline."""
    with_results: int = 0
    """Among these: finished with numbers, every last value a finite one."""
    going: int = 0
    """Among these: had not ended."""
    last_sign_at: datetime | None = None
    """When one last began or ended."""
    gpu_hours: float = 0.0
    """Of those that began in the sprint, as far as known."""
    without_gpu_hours: int = 0
    ended: int = 0
    """In the sprint."""
    ended_badly: int = 0
    """Among these: failed, stopped, or broken."""


def by_our_clock(run: RunEnd, now: datetime) -> RunEnd:
    """The run with no time after now: where the tracker's clock runs ahead of ours, what it tells has happened all the same."""
    if (run.started_at is None or run.started_at <= now) and (run.ended_at is None or run.ended_at <= now):
        return run
    started, ended = (moment and min(moment, now) for moment in (run.started_at, run.ended_at))
    return replace(run, started_at=started, ended_at=ended)


class RunNews(StrEnum):
    """What happened to a run."""

    DIVERGED = "diverged"
    FAILED = "failed"
    STALLED = "stalled"
    STOPPED = "stopped"
    FINISHED = "finished"
    STARTED = "started"


class Over(NamedTuple):
    """From when to when work on a ticket was over; None while it is."""

    since: datetime
    until: datetime | None


def times_over(
    decisions: Iterable[tuple[datetime, DecisionKind]], moves: Iterable[tuple[datetime, bool]]
) -> tuple[Over, ...]:
    """When was work on a ticket over? A decision ends when the ticket is worked on again.

    Args:
        decisions: on the ticket, in the order of time.
        moves: when it came into a column, and whether work is over there, in the order of time.

    >>> from datetime import UTC
    >>> day = [datetime(2026, 5, number, tzinfo=UTC) for number in range(1, 4)]
    >>> times_over([(day[0], DecisionKind.PROMOTE)], [(day[1], True), (day[2], False)])[0].until.day
    3
    """
    marks = [*((at, kind is not DecisionKind.ITERATE) for at, kind in decisions), *moves]
    found: list[Over] = []
    for at, is_over in sorted(marks, key=lambda mark: mark[0]):
        was_over = bool(found) and found[-1].until is None
        if is_over and not was_over:
            found.append(Over(at, None))
        elif was_over and not is_over:
            found[-1] = found[-1]._replace(until=at)
    return tuple(found)


def progress(
    *, has_left_first_stage: bool, has_ended: bool, decision: DecisionKind | None, runs: RunsSoFar
) -> Progress:
    """How far was a ticket at a moment?

    Args:
        has_left_first_stage: somebody had started it.
        has_ended: it stood in a column where work is over.
        decision: the last decision by then; None where the ticket was taken up again after it.
        runs: what its runs had come to by then.
    """
    if decision is DecisionKind.KILL:
        return Progress.KILLED
    if decision is DecisionKind.PROMOTE:
        return Progress.PROMOTED
    if has_ended:
        return Progress.DONE
    if runs.with_results:
        return Progress.RESULTS
    if runs.going:
        return Progress.RUNNING
    return Progress.STARTED if has_left_first_stage or runs.begun else Progress.WAITING


def news_of(
    run: RunEnd, longest: timedelta | None, *, since: datetime, at: datetime
) -> tuple[RunNews, str] | None:
    """What is new about a run between two moments, and in which words? None when nothing is.

    longest: how long the longest finished run of its ticket took; None while none has finished.
    """
    known = run.ended_at or run.started_at
    if known is not None and known <= at and run.status not in UNFINISHED:
        return _ended(run) if known > since else None
    if run.status not in UNFINISHED or run.started_at is None or run.started_at > at:
        return None
    if run.broken:
        return RunNews.DIVERGED, f"goes on, though {', '.join(run.broken[:3])} is no number any more"
    lasted = at - run.started_at
    limit = STALL_AFTER if longest is None else longest * STALL_FACTOR
    if lasted > limit:
        compared = (
            "none has finished yet" if longest is None else f"the longest finished one took {_text(longest)}"
        )
        return RunNews.STALLED, f"has been running for {_text(lasted)}; {compared}"
    return (RunNews.STARTED, "is running") if run.started_at > since else None


def _ended(run: RunEnd) -> tuple[RunNews, str]:
    if run.broken:
        return RunNews.DIVERGED, f"{', '.join(run.broken[:3])} ended as no number"
    if run.status is RunStatus.STOPPED:
        return RunNews.STOPPED, f"was stopped: {run.why.rstrip('.')}" if run.why else "was stopped"
    if run.status is not RunStatus.FINISHED:
        return RunNews.FAILED, "failed"
    if run.started_at is None or run.ended_at is None:
        return RunNews.FINISHED, "finished"
    return RunNews.FINISHED, f"finished after {_text(run.ended_at - run.started_at)}"


def _text(span: timedelta) -> str:
    return duration_text(max(0.0, span.total_seconds()) / 86_400.0)


@dataclass(frozen=True, slots=True)
class HalfTime:
    """Does the sprint stand where it should at half time?"""

    questions: int
    """Experiments and spikes committed."""
    with_results: int
    flagged: int
    """Without results, but flagged for extension."""

    @property
    def share(self) -> float | None:
        """Share with results or a flag; None where nothing was asked."""
        return (self.with_results + self.flagged) / self.questions if self.questions else None

    @property
    def holds(self) -> bool | None:
        """Whether at least half have results or a flag; None where nothing was asked.

        >>> HalfTime(questions=3, with_results=1, flagged=0).holds, HalfTime(0, 0, 0).holds
        (False, None)
        """
        return None if self.share is None else self.share >= 0.5


@dataclass(frozen=True, slots=True)
class LateKill:
    """What it cost that a kill was not decided when the verdict first said so."""

    said_at: datetime
    """When the verdict began to say kill and did not take it back."""
    gpu_hours: float
    """Compute of runs that began after that and before the decision."""
    runs: int
    unknown: int
    """Runs among them whose compute nobody knows."""


def late_kill(
    verdicts: Sequence[tuple[datetime, Recommendation]], runs: Iterable[RunBegan], *, decided_at: datetime
) -> LateKill | None:
    """How much compute went into an experiment after its verdict said kill? None when it never did before the decision.

    verdicts: in the order of time.
    """
    said_at: datetime | None = None
    for at, recommendation in verdicts:
        if at > decided_at:
            break
        said_at = (said_at or at) if recommendation is Recommendation.KILL else None
    if said_at is None:
        return None
    later = [run for run in runs if said_at < run.started_at <= decided_at]
    return LateKill(
        said_at=said_at,
        gpu_hours=sum(run.gpu_hours for run in later if run.gpu_hours is not None),
        runs=len(later),
        unknown=sum(run.gpu_hours is None for run in later),
    )
