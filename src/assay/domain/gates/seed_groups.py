"""Which runs count as evidence, and which of them differ only in their seed?

Runs of one configuration (equal parameters without the seed, same arm) form a seed group. Runs that are not known to
have begun after the lock are exploratory: shown, never candidate evidence; they may serve as baseline. Runs that were
deleted in the tracker or detached by hand are listed and never counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from assay.domain.experiments.evidence import Run, RunStatus
from assay.domain.experiments.experiment import Lock
from assay.domain.gates.example_tables import UNMATCHED_LIMIT
from assay.domain.kernel.canonical import digest

BASELINE_ARM = "baseline"
CANDIDATE_ARM = "candidate"
CANDIDATE_TAG = "assay.candidate"
_LABEL_LENGTH = 80
_KEY_LENGTH = 12


@dataclass(frozen=True, slots=True, eq=False)
class SeedGroup:
    """All runs of one configuration in one arm, each list in starting order.

    Attributes:
        key: short digest of arm and configuration.
        label: what sets this group apart from the others of its ticket, such as "max_depth=8".
        arm: `candidate`, `baseline` or another arm.
        config: the parameters without the seed.
        runs: begun after the lock and not deleted, whatever their status.
        exploratory: begun before the lock, not known to have begun after it, or a repeat of such a run.
        deleted: deleted in the tracker.
        detached: taken off the ticket by hand.
        repeats: those of the exploratory runs that were begun after the lock and repeat one from before it.
        removed: those of the deleted and detached runs that are not exploratory.
        unmatched_limit: largest share of examples that seeds, or arms, may not share.
        memo: what `measure` found already.
    """

    key: str
    label: str
    arm: str
    config: Mapping[str, str]
    runs: tuple[Run, ...]
    exploratory: tuple[Run, ...] = ()
    deleted: tuple[Run, ...] = ()
    detached: tuple[Run, ...] = ()
    repeats: tuple[Run, ...] = ()
    removed: tuple[Run, ...] = ()
    unmatched_limit: float = UNMATCHED_LIMIT
    memo: dict[Any, Any] = field(default_factory=dict)

    @property
    def lost(self) -> tuple[Run, ...]:
        """Removed runs that had finished, and whose seed has not been run again."""
        ended = (run for run in self.removed if run.status is RunStatus.FINISHED)
        return tuple(run for run in ended if run.seed not in self.finished_seeds)

    @property
    def finished_seeds(self) -> frozenset[int]:
        """The seeds of which a run finished, also where it repeats an exploratory one: they are accounted for."""
        done = (run.seed for run in (*self.evidence, *self.repeats) if run.status is RunStatus.FINISHED)
        return frozenset(seed for seed in done if seed is not None)

    @property
    def evidence(self) -> tuple[Run, ...]:
        """The runs that may be counted in the role of this arm."""
        if self.arm == BASELINE_ARM:
            return tuple(sorted((*self.runs, *self.exploratory), key=starting_order))
        return self.runs

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that finished, distinct and in order."""
        done = (run.seed for run in self.evidence if run.status is RunStatus.FINISHED)
        return tuple(sorted({seed for seed in done if seed is not None}))


def seed_groups(
    runs: Iterable[Run],
    lock: Lock | None,
    *,
    detached: Iterable[Run] = (),
    repeats: frozenset[str] = frozenset(),
) -> tuple[SeedGroup, ...]:
    """Which seed groups do these runs form? In the order of their keys, whatever the order of the runs.

    Args:
        runs: the runs of the ticket.
        lock: what is begun after it is evidence; None where nothing was locked and every run counts.
        detached: runs that were taken off the ticket by hand.
        repeats: ids of the runs that only repeat an exploratory one (`exploratory_repeats`).
    """
    members: dict[str, list[Run]] = {}
    off = tuple(detached)
    for run in sorted((*runs, *off), key=starting_order):
        members.setdefault(config_key(run), []).append(run)
    gone = {run.run_id for run in off}
    # A run that was named for this ticket by mistake must not rename the groups that belong to it.
    own = [group[0].config for group in members.values() if any(run.run_id not in gone for run in group)]
    apart = _distinguishing(own)
    return tuple(_group(key, members[key], apart, (lock, gone, repeats)) for key in sorted(members))


def is_exploratory(run: Run, lock: Lock) -> bool:
    """Was this run begun before the lock, or is that not known?

    The journal decides (first seen at or before the lock), then the tracker's start time, which is self-reported. A run
    without a start time could have been begun at any time.
    """
    started = aware(run.started_at)
    return run.seen_seq <= lock.seq or started is None or started < lock.locked_at


def _is_early(run: Run, lock: Lock | None) -> bool:
    return lock is not None and is_exploratory(run, lock)


def starting_order(run: Run) -> tuple[bool, float, int, int, str]:
    """In which order were runs begun: by start time, then journal, then seed; the id only settles exact ties."""
    started = aware(run.started_at)
    when = 0.0 if started is None else started.timestamp()
    return (started is None, when, run.seen_seq, -1 if run.seed is None else run.seed, run.run_id)


def aware(moment: datetime | None) -> datetime | None:
    """A moment that is known, or None: a time without its zone is not known."""
    return None if moment is None or moment.tzinfo is None else moment


def config_key(run: Run) -> str:
    """Which seed group does this run belong to? A short digest of arm and configuration."""
    return digest({"arm": run.arm, "config": dict(run.config)}).removeprefix("sha256:")[:_KEY_LENGTH]


def _group(
    key: str,
    runs: list[Run],
    apart: tuple[str, ...],
    marks: tuple[Lock | None, set[str], frozenset[str]],
) -> SeedGroup:
    lock, off, repeats = marks
    kept = [run for run in runs if not run.deleted and run.run_id not in off]
    early = {run.run_id for run in runs if _is_early(run, lock) or run.run_id in repeats}
    gone = [run for run in runs if run.deleted or run.run_id in off]
    return SeedGroup(
        key=key,
        label=_label(runs[0], apart),
        arm=runs[0].arm,
        config=dict(runs[0].config),
        runs=tuple(run for run in kept if run.run_id not in early),
        exploratory=tuple(run for run in kept if run.run_id in early),
        deleted=tuple(run for run in gone if run.run_id not in off),
        detached=tuple(run for run in gone if run.run_id in off),
        repeats=tuple(run for run in kept if run.run_id in repeats),
        removed=tuple(run for run in gone if run.run_id not in early),
    )


def _distinguishing(configs: list[Mapping[str, str]]) -> tuple[str, ...]:
    """The parameters in which the groups differ."""
    names = sorted({name for config in configs for name in config})
    return tuple(name for name in names if len({config.get(name) for config in configs}) > 1)


def _label(run: Run, apart: tuple[str, ...]) -> str:
    text = ", ".join(f"{name}={run.config[name]}" for name in apart if name in run.config)
    if not text:
        return run.arm if run.arm != CANDIDATE_ARM else "one configuration"
    return text if len(text) <= _LABEL_LENGTH else f"{text[: _LABEL_LENGTH - 1]}…"


def is_exploratory_group(group: SeedGroup) -> bool:
    """Were all runs of the group begun before the lock?"""
    return not group.runs
