"""Which runs count as evidence, and which of them differ only in their seed?

Runs of one configuration (equal parameters without the seed, same arm) form a seed group. Runs that are not known to
have begun after the lock are exploratory: shown, never candidate evidence; they may serve as baseline. Runs that were
deleted in the tracker, detached, or moved elsewhere are listed and never counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from assay.domain.experiments.evidence import Run, RunStatus
from assay.domain.experiments.experiment import Lock
from assay.domain.gates.departures import DELETED, Gone, went_after
from assay.domain.gates.example_tables import UNMATCHED_LIMIT
from assay.domain.kernel.canonical import digest

BASELINE_ARM = "baseline"
CANDIDATE_ARM = "candidate"
CANDIDATE_TAG = "assay.candidate"
LABEL_LENGTH = 80
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
        repeats: those of the exploratory runs that were begun after the lock and repeat one from before it.
        gone: deleted, detached, or moved elsewhere, as they were.
        taken: those of the gone runs that were evidence in the role of this arm.
        unmatched_limit: largest share of examples that seeds, or arms, may not share.
        memo: what `measure` found already.
    """

    key: str
    label: str
    arm: str
    config: Mapping[str, str]
    runs: tuple[Run, ...]
    exploratory: tuple[Run, ...] = ()
    repeats: tuple[Run, ...] = ()
    gone: tuple[Gone, ...] = ()
    taken: tuple[Gone, ...] = ()
    unmatched_limit: float = UNMATCHED_LIMIT
    memo: dict[Any, Any] = field(default_factory=dict)

    @property
    def removed(self) -> tuple[Run, ...]:
        """The runs that were evidence here and are not any more, as they were."""
        return tuple(one.run for one in self.taken)

    @property
    def finished(self) -> tuple[Run, ...]:
        """The runs that finished, also where they repeat an exploratory one: their seeds are accounted for."""
        return tuple(r for r in (*self.evidence, *self.repeats) if r.status is RunStatus.FINISHED)

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
    gone: Iterable[Gone] = (),
    repeats: frozenset[str] = frozenset(),
    as_baseline: bool = False,
) -> tuple[SeedGroup, ...]:
    """Which seed groups do these runs form? In the order of their keys, whatever the order of the runs.

    Args:
        runs: the runs of the ticket, deleted ones included.
        lock: what is begun after it is evidence; None where nothing was locked and every run counts.
        gone: runs that are no longer where they were (`departed`).
        repeats: ids of the runs that only repeat an exploratory one (`exploratory_repeats`).
        as_baseline: every group is a baseline, whatever its arm.
    """
    members: dict[str, _Members] = {}
    for run in sorted(runs, key=starting_order):
        members.setdefault(config_key(run), _Members()).here.append(run)
    for one in sorted(gone, key=lambda one: starting_order(one.run)):
        members.setdefault(config_key(one.run), _Members()).gone.append(one)
    # A run that was named for this ticket by mistake must not rename the groups that belong to it.
    apart = distinguishing([group.here[0].config for group in members.values() if group.here])
    marks = _Marks(lock, repeats, as_baseline)
    return tuple(_group(key, members[key], apart, marks) for key in sorted(members))


def is_exploratory(run: Run, lock: Lock) -> bool:
    """Was this run begun before the lock, or is that not known?

    The journal decides (first seen at or before the lock), then the tracker's start time, which is self-reported. A run
    without a start time could have been begun at any time.
    """
    started = aware(run.started_at)
    return run.seen_seq <= lock.seq or started is None or started < lock.locked_at


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


@dataclass(frozen=True, slots=True)
class _Members:
    """What belongs to one group."""

    here: list[Run] = field(default_factory=list)
    gone: list[Gone] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Marks:
    """By what runs are told apart."""

    lock: Lock | None
    repeats: frozenset[str]
    as_baseline: bool

    def is_early(self, run: Run) -> bool:
        known = self.lock is not None and is_exploratory(run, self.lock)
        return known or run.run_id in self.repeats


def _group(key: str, members: _Members, apart: tuple[str, ...], marks: _Marks) -> SeedGroup:
    kept = [run for run in members.here if not run.deleted]
    deleted = [Gone(run, DELETED, went_after(run, marks.lock)) for run in members.here if run.deleted]
    gone = tuple(sorted((*deleted, *members.gone), key=lambda one: starting_order(one.run)))
    first = members.here[0] if members.here else members.gone[0].run
    is_baseline = marks.as_baseline or first.arm == BASELINE_ARM
    return SeedGroup(
        key=key,
        label=group_label(first, apart),
        arm=BASELINE_ARM if is_baseline else first.arm,
        config=dict(first.config),
        runs=tuple(run for run in kept if not marks.is_early(run)),
        exploratory=tuple(run for run in kept if marks.is_early(run)),
        repeats=tuple(run for run in kept if run.run_id in marks.repeats),
        gone=gone,
        # Runs from before the lock may serve as baseline: taking one away then changes what is compared with.
        taken=tuple(o for o in gone if o.after_lock and (is_baseline or not marks.is_early(o.run))),
    )


def distinguishing(configs: list[Mapping[str, str]]) -> tuple[str, ...]:
    """The parameters in which these configurations differ, one of each group."""
    names = sorted({name for config in configs for name in config})
    return tuple(name for name in names if len({config.get(name) for config in configs}) > 1)


def group_label(run: Run, apart: tuple[str, ...], *, longest: int | None = LABEL_LENGTH) -> str:
    """What sets the group of this run apart from the others, by the parameters in which they differ; cut where it is longer."""
    text = ", ".join(f"{name}={run.config[name]}" for name in apart if name in run.config)
    if not text:
        return run.arm if run.arm != CANDIDATE_ARM else "one configuration"
    return text if longest is None or len(text) <= longest else f"{text[: longest - 1]}…"


def is_exploratory_group(group: SeedGroup) -> bool:
    """Were all runs of the group begun before the lock?"""
    return not group.runs
