"""Which runs were taken from where they were evidence, and how?

Deleting a run, tagging it for another ticket or arm, or calling a finished run failed: each would choose the evidence. A run
that went any of these ways after the lock is told of where it was, as it was. A parameter that is added to a finished run, or
another evaluation set that is named for it, moves it nowhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from assay.domain.experiments.evidence import Evidence, LastValue, Past, Run, RunStatus
from assay.domain.experiments.experiment import Lock
from assay.domain.gates.run_values import same_curve, same_value

DELETED = "deleted in the tracker"
_REOPENED = {
    RunStatus.RUNNING: "running again",
    RunStatus.SCHEDULED: "scheduled again",
    RunStatus.FAILED: "marked as failed",
    RunStatus.STOPPED: "marked as stopped",
}


@dataclass(frozen=True, slots=True, eq=False)
class Gone:
    """A run that is not where it was.

    Attributes:
        run: as it was there.
        way: what became of it, for a sentence.
        after_lock: it went after the lock, or it is not known when.
    """

    run: Run
    way: str
    after_lock: bool


def since(evidence: Evidence, seq: int) -> Evidence:
    """The same evidence, where each run remembers only what changed after this place in the journal.

    A run that had finished keeps the configuration and the evaluation set that it had then.
    """
    return replace(
        evidence,
        runs=_remembering(evidence.runs, seq),
        baseline_runs=_remembering(evidence.baseline_runs, seq),
        detached=_remembering(evidence.detached, seq),
        baseline_detached=_remembering(evidence.baseline_detached, seq),
    )


def departed(
    runs: Iterable[Run], detached: Iterable[Run], keys: Collection[str | None], lock: Lock
) -> tuple[Gone, ...]:
    """Which runs left the ticket, or their arm or finished state on it, after the lock?

    Args:
        runs: what is on the ticket now; each remembers what changed after the lock (`since`).
        detached: what is not, but was or is named for it.
        keys: the ticket, or the tickets that are named as baseline.
        lock: when the evidence of which the runs may be part began to count.
    """
    gone = [one for run in runs for one in _left(run, (run.ticket,), on_ticket=True)]
    for run in detached:
        left = _left(run, keys, on_ticket=False)
        gone += left or [Gone(run, _off_ticket(run), went_after(run, lock))]
    return tuple(gone)


def went_after(run: Run, lock: Lock | None) -> bool:
    """Did a run that is deleted or detached go after the lock? Yes, where nobody has seen it gone before."""
    return lock is None or bool(run.past) or run.seen_seq > lock.seq


def as_it_was(run: Run, past: Past) -> Run:
    """The run as it was; of its curves the last values at least are known."""
    known = past.curves
    return replace(
        run,
        ticket=past.ticket,
        arm=past.arm,
        config=run.config if past.status is RunStatus.FINISHED else past.config,
        seed=past.seed,
        status=past.status,
        curves={name: LastValue.of(value) for name, value in past.values.items()} if known is None else known,
        scores_digest=past.scores_digest,
        scores_error=past.scores_error,
        scores=past.scores,
        past=(),
    )


def must_be_remembered(past: Past, run: Run, *, was_deleted: bool) -> bool:
    """Does a verdict have to know what a run was before it changed into this?

    Only what had shown something: where it stood, and what it said once it had finished. More metrics take nothing away.
    """
    done = past.status is RunStatus.FINISHED
    if not (done or past.status in (RunStatus.FAILED, RunStatus.STOPPED) or past.values):
        return False
    if past.ticket is not None and (past.ticket, past.arm) != (run.ticket, run.arm):
        return True
    if (run.deleted and not was_deleted) or past.seed != run.seed:
        return True
    return done and not _says_the_same(past, run)


def _says_the_same(past: Past, run: Run) -> bool:
    return (
        run.status is past.status
        and run.config == past.config
        and past.dataset in (None, run.dataset)
        and run.scores_digest == past.scores_digest
        and all(n in run.curves and same_value(v, run.curves[n].last) for n, v in past.values.items())
        and all(n in run.curves and same_curve(c, run.curves[n]) for n, c in (past.curves or {}).items())
    )


def earlier_results(run: Run) -> tuple[Run, ...]:
    """What had this run shown when it was finished before, oldest first?"""
    return tuple(as_it_was(run, past) for past in run.past if past.status is RunStatus.FINISHED)


def _remembering(runs: tuple[Run, ...], seq: int) -> tuple[Run, ...]:
    return tuple(_settled(run, seq) if run.past else run for run in runs)


def _settled(run: Run, seq: int) -> Run:
    kept = tuple(past for past in run.past if past.until_seq > seq)
    done = [past for past in kept if past.status is RunStatus.FINISHED]
    config = next((past.config for past in done), run.config)
    dataset = next((past.dataset for past in done if past.dataset is not None), run.dataset)
    return replace(run, past=kept, config=config, dataset=dataset)


def _left(run: Run, keys: Collection[str | None], *, on_ticket: bool) -> list[Gone]:
    """One for each arm on these tickets in which the run is no longer; the latest finished state there counts."""
    told: dict[str, Past] = {}
    for past in run.past:
        if past.ticket is None or past.ticket not in keys or (on_ticket and _is_still(run, past)):
            continue
        known = told.get(past.arm)
        if known is None or past.status is RunStatus.FINISHED or known.status is not RunStatus.FINISHED:
            told[past.arm] = past
    return [
        Gone(_with_its_past(run, past), _way(run, past, on_ticket=on_ticket), True) for past in told.values()
    ]


def _is_still(run: Run, past: Past) -> bool:
    done = RunStatus.FINISHED
    return run.arm == past.arm and (past.status is not done or run.status is done)


def _with_its_past(run: Run, past: Past) -> Run:
    before = tuple(one for one in run.past if one is not past and one.arm == past.arm)
    return replace(as_it_was(run, past), past=before)


def _way(run: Run, past: Past, *, on_ticket: bool) -> str:
    if not on_ticket:
        return _off_ticket(run)
    return f"moved to arm {run.arm}" if run.arm != past.arm else _REOPENED[run.status]


def _off_ticket(run: Run) -> str:
    return "detached from the ticket" if run.ticket is None else f"moved to {run.ticket}"
