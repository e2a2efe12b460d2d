"""Boards to begin with: for experiments, and for teams that build a feature around a model."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from assay.domain.board.board import DEFAULT_BOARD, Board, ExitItem, Stage, Transition


class BoardTemplate(StrEnum):
    """Which board does a project begin with?"""

    EXPERIMENT = "experiment"
    FEATURE = "feature"


_FORWARD = (
    ("backlog", "data"),
    ("data", "model"),
    ("model", "code"),
    ("code", "test"),
    ("test", "deploy"),
    ("deploy", "live"),
    ("test", "killed"),
)
_STOPPED_EARLY = tuple((source, "killed") for source in ("data", "model", "code"))
_BACK = (
    ("model", "data"),
    ("code", "model"),
    ("test", "code"),
    ("test", "model"),
    ("deploy", "test"),
    ("live", "test"),
    *((source, "backlog") for source in ("data", "model", "code", "test", "deploy", "live")),
)

FEATURE_BOARD = Board(
    stages=(
        Stage(
            key="backlog", title="Backlog", exit_gate=(ExitItem.AGREED,), gate_text="Agreed for this sprint"
        ),
        Stage(
            key="data",
            title="Data",
            wip_limit=4,
            exit_gate=(ExitItem.REGISTRABLE, ExitItem.DATASET_READY, ExitItem.BASELINE_MEASURED),
            gate_text="Criteria written, data ready, baseline measured",
        ),
        Stage(
            key="model",
            title="Model",
            wip_limit=3,
            locks=True,
            exit_gate=(ExitItem.TRAINING_COMPLETE, ExitItem.RESULTS_LOGGED),
            gate_text="Training complete, results logged",
        ),
        Stage(key="code", title="Code", wip_limit=4),
        Stage(
            key="test",
            title="Test",
            wip_limit=3,
            exit_gate=(ExitItem.VERDICT_RECORDED,),
            gate_text="Verdict recorded and written up",
        ),
        Stage(
            key="deploy",
            title="Deploy",
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
        *(Transition(source=source, target=target) for source, target in _FORWARD),
        *(
            Transition(source=source, target=target, skips_exit_gate=True)
            for source, target in _STOPPED_EARLY
        ),
        *(
            Transition(source=source, target=target, skips_exit_gate=True, needs_reason=True)
            for source, target in _BACK
        ),
    ),
)
"""Data, Model, Code, Test, Deploy: the way of a feature that needs a model."""

TEMPLATES: Mapping[BoardTemplate, Board] = {
    BoardTemplate.EXPERIMENT: DEFAULT_BOARD,
    BoardTemplate.FEATURE: FEATURE_BOARD,
}
TITLES: Mapping[BoardTemplate, str] = {
    BoardTemplate.EXPERIMENT: "Experiments: Hypothesis, Experiment, Evaluation, Iteration, Production",
    BoardTemplate.FEATURE: "Features around a model: Data, Model, Code, Test, Deploy",
}
