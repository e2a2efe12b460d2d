"""The board as configuration: columns, limits, legal moves, exit gates."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from assay.domain.experiments.experiment import DecisionKind
from assay.domain.kernel.model import NUMBER, Value

StageKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]


GateName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.\-]{0,99}$")]


class ExitItem(StrEnum):
    """What must be true before a card leaves a column. Each is checked by the system."""

    AGREED = "agreed"
    """The team agreed to run it this sprint."""
    REGISTRABLE = "registrable"
    """Hypothesis, a primary and a kill criterion are written."""
    DATASET_READY = "dataset_ready"
    BASELINE_MEASURED = "baseline_measured"
    TRAINING_COMPLETE = "training_complete"
    RESULTS_LOGGED = "results_logged"
    VERDICT_RECORDED = "verdict_recorded"
    """A decision with learnings is recorded on a verdict."""
    CRITERIA_MET_OR_KILLED = "criteria_met_or_killed"
    SERVING = "serving"
    MONITORED = "monitored"
    SIGNED_OFF = "signed_off"
    ROLLBACK_TESTED = "rollback_tested"
    """Going back to what served before was tried."""
    DECISION_RECORDED = "decision_recorded"
    """Some decision with learnings is recorded: nothing reaches production on a drag alone."""
    KILL_DECIDED = "kill_decided"
    """A kill decision with learnings is recorded: nobody closes an experiment without."""


class LimitBy(StrEnum):
    """What the limit of a column counts."""

    CARDS = "cards"
    GPUS = "gpus"
    """The GPUs that its cards run on at once: as many experiments as there are GPUs for."""


class Stage(Value):
    """One column."""

    key: StageKey
    title: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    wip_limit: Annotated[int, NUMBER, Field(ge=1, le=10_000)] | None = None
    limit_by: LimitBy = LimitBy.CARDS
    """What its limit counts: cards, or the GPUs that they run on."""
    exit_gate: tuple[ExitItem, ...] = ()
    entry_gate: tuple[ExitItem, ...] = ()
    """What must be true to enter, whichever way one comes; it cannot be overridden."""
    gate: GateName | None = None
    """Gate of the project that a card has to pass on its way from here towards Production; None asks for no gate run."""
    gate_text: Annotated[str, StringConstraints(max_length=200)] = ""
    """The exit gate in a few words, shown under the column title."""
    locks: bool = False
    """Entering this column locks hypothesis, criteria, baseline and budget."""
    terminal: bool = False
    hidden: bool = False
    """Off the board by default."""


class Transition(Value):
    """One legal move."""

    source: StageKey
    target: StageKey
    needs_reason: bool = False
    skips_exit_gate: bool = False
    """Leaving this way asks nothing of the exit gate: killing early, going back."""


class Board(Value):
    """Columns in order, and the moves between them."""

    stages: tuple[Stage, ...]
    transitions: tuple[Transition, ...]

    @model_validator(mode="after")
    def _coherent(self) -> Board:
        keys = [stage.key for stage in self.stages]
        if len(set(keys)) != len(keys) or not keys:
            raise ValueError("stages must have distinct keys, at least one")
        for transition in self.transitions:
            unknown = {transition.source, transition.target} - set(keys)
            if unknown:
                raise ValueError(f"transition names unknown stage {min(unknown)!r}")
        return self

    def stage(self, key: str) -> Stage | None:
        """The column called `key`."""
        return next((stage for stage in self.stages if stage.key == key), None)

    @property
    def first(self) -> Stage:
        """Where new tickets start."""
        return self.stages[0]

    def legal_targets(self, source: str) -> tuple[str, ...]:
        """Where a card in `source` may go, in board order."""
        targets = {t.target for t in self.transitions if t.source == source}
        return tuple(stage.key for stage in self.stages if stage.key in targets)

    def gates_ahead_again(self, source: str, target: str) -> frozenset[ExitItem]:
        """What a card has to show once more because it goes back; nothing for a move forward."""
        place = {stage.key: at for at, stage in enumerate(self.stages)}
        first, last = place.get(target, 0), place.get(source, -1)
        again = self.stages[first : last + 1] if first < last else ()
        return frozenset(item for stage in again for item in (*stage.exit_gate, *stage.entry_gate))

    def transition(self, source: str, target: str) -> Transition | None:
        """The legal move between two columns, None when there is none."""
        return next((t for t in self.transitions if t.source == source and t.target == target), None)

    def column_of(self, decision: DecisionKind) -> str | None:
        """Which column does this decision lead to? The first one that cannot be entered without it; None: the card stays.

        No column is entered by a decision to iterate alone: that one leads to the first column that is left when the criteria
        are met or it is killed, else to one called `iteration`, where there is one.

        >>> [Board.default().column_of(kind) for kind in DecisionKind]
        ['production', 'iteration', 'killed']
        """
        asked = _ENTERED_BY.get(decision)
        if asked is not None:
            return next((stage.key for stage in self.stages if asked in stage.entry_gate), None)
        refining = (s.key for s in self.stages if ExitItem.CRITERIA_MET_OR_KILLED in s.exit_gate)
        named = (s.key for s in self.stages if s.key == _ITERATION)
        return next(refining, None) or next(named, None)

    def decision_of(self, column: str) -> DecisionKind | None:
        """Which decision does this column stand for? None where no decision leads there."""
        return next((kind for kind in DecisionKind if self.column_of(kind) == column), None)

    @property
    def locking_title(self) -> str:
        """Title of the first column that locks the criteria; empty where none does."""
        return next((stage.title for stage in self.stages if stage.locks), "")

    @classmethod
    def default(cls) -> Board:
        """The experiment board of the product."""
        return DEFAULT_BOARD


_ENTERED_BY = {
    DecisionKind.KILL: ExitItem.KILL_DECIDED,
    DecisionKind.PROMOTE: ExitItem.DECISION_RECORDED,
}
_ITERATION = "iteration"


def _moves(source: str, *targets: str, skips: bool = False, reason: bool = False) -> tuple[Transition, ...]:
    return tuple(
        Transition(source=source, target=target, skips_exit_gate=skips, needs_reason=reason)
        for target in targets
    )


DEFAULT_BOARD = Board(
    stages=(
        Stage(
            key="backlog", title="Backlog", exit_gate=(ExitItem.AGREED,), gate_text="Agreed for this sprint"
        ),
        Stage(
            key="hypothesis",
            title="Hypothesis",
            wip_limit=5,
            exit_gate=(ExitItem.REGISTRABLE, ExitItem.DATASET_READY, ExitItem.BASELINE_MEASURED),
            gate_text="Dataset ready, baseline measured",
        ),
        Stage(
            key="experiment",
            title="Experiment",
            wip_limit=3,
            limit_by=LimitBy.GPUS,
            locks=True,
            exit_gate=(ExitItem.TRAINING_COMPLETE, ExitItem.RESULTS_LOGGED),
            gate_text="Training complete, results logged",
        ),
        Stage(
            key="evaluation",
            title="Evaluation",
            wip_limit=4,
            exit_gate=(ExitItem.VERDICT_RECORDED,),
            gate_text="Verdict recorded and written up",
        ),
        Stage(
            key="iteration",
            title="Iteration",
            wip_limit=3,
            exit_gate=(ExitItem.CRITERIA_MET_OR_KILLED,),
            gate_text="Meets criteria, or killed",
        ),
        Stage(
            key="production",
            title="Production",
            wip_limit=2,
            exit_gate=(ExitItem.SERVING, ExitItem.MONITORED, ExitItem.SIGNED_OFF),
            gate_text="Serving, monitored, signed off",
            entry_gate=(ExitItem.DECISION_RECORDED,),
        ),
        Stage(
            key="live",
            title="Live",
            gate_text="What runs, since when",
            hidden=True,
            entry_gate=(ExitItem.DECISION_RECORDED,),
        ),
        Stage(
            key="killed",
            title="Killed",
            gate_text="With learnings",
            terminal=True,
            entry_gate=(ExitItem.KILL_DECIDED,),
        ),
    ),
    transitions=(
        *_moves("backlog", "hypothesis"),
        *_moves("hypothesis", "experiment"),
        *_moves("experiment", "evaluation"),
        *_moves("experiment", "killed", skips=True),
        *_moves("evaluation", "killed", "iteration", "production"),
        *_moves("iteration", "evaluation"),
        *_moves("iteration", "killed"),
        *_moves("production", "live"),
        *_moves("production", "evaluation", skips=True, reason=True),
        *_moves("live", "evaluation", skips=True, reason=True),
        *(
            Transition(source=key, target="backlog", skips_exit_gate=True, needs_reason=True)
            for key in ("hypothesis", "experiment", "evaluation", "iteration", "production", "live")
        ),
    ),
)
