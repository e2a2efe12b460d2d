"""What the demo team does: writes tickets, locks them, trains, reads the verdicts, decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assay.demo.experiments import EXPERIMENTS, IDEA, METRICS, PROJECT_NAME, PROJECT_SLUG, DemoExperiment
from assay.demo.training import prepare_store, run_count, train_experiment, train_exploratory
from assay.domain.experiments.experiment import DecisionKind
from assay.domain.kernel.verdicts import Recommendation
from assay.workflows.actor import Actor
from assay.workflows.board import Moved, move_card
from assay.workflows.confirmations import attest
from assay.workflows.decisions import decide
from assay.workflows.evidence import connect_source, sync_source
from assay.workflows.journal import make_checkpoint
from assay.workflows.ports import Workspace
from assay.workflows.projects import create_project, declare_metric
from assay.workflows.records import Ticket
from assay.workflows.tickets import create_ticket, get_ticket
from assay.workflows.verdicts import get_verdict

ADA = Actor(name="Ada")
SOURCE = "mlflow"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the team works."""

    ws: Workspace
    store_uri: str
    say: Say


def tell(ws: Workspace, folder: Path, say: Say) -> None:
    """Play the whole story once in an empty store. Every criterion is locked before its first run is trained."""
    say("Making an MLflow store (about ten seconds) ...")
    stage = Stage(ws=ws, store_uri=prepare_store(folder / "mlflow.db"), say=say)
    create_project(ws, ADA, slug=PROJECT_SLUG, name=PROJECT_NAME)
    for metric in METRICS:
        declare_metric(ws, ADA, PROJECT_SLUG, metric)
    connect_source(ws, ADA, PROJECT_SLUG, kind="mlflow", uri=stage.store_uri, name=SOURCE)
    for experiment in EXPERIMENTS:
        _live(stage, experiment)
    create_ticket(ws, ADA, PROJECT_SLUG, IDEA)
    make_checkpoint(ws, ADA)


def _live(stage: Stage, experiment: DemoExperiment) -> None:
    ws = stage.ws
    ticket = create_ticket(ws, ADA, PROJECT_SLUG, experiment.content)
    stage.say(f"{ticket.key}  {experiment.content.title}")
    train_exploratory(experiment, stage.store_uri, _indented(stage.say), ticket=ticket.key)
    ticket = _confirmed(ws, ticket, "agreed")
    ticket = _moved(ws, ticket, "hypothesis")
    if not run_count(experiment):
        return
    ticket = _confirmed(ws, ticket, "dataset_ready")
    ticket = _moved(ws, ticket, "experiment")
    assert ticket.lock is not None
    stage.say(f"      criteria locked, {ticket.lock.digest[:19]}; now training")
    train_experiment(experiment, stage.store_uri, _indented(stage.say), ticket=ticket.key)
    sync_source(ws, ADA, PROJECT_SLUG, SOURCE)
    record = get_verdict(ws, ADA, PROJECT_SLUG, ticket.key)
    assert record is not None
    stage.say(f"      verdict: {record.verdict.headline}")
    _conclude(stage, experiment, ticket, record.verdict.recommendation)


def _conclude(
    stage: Stage, experiment: DemoExperiment, ticket: Ticket, recommendation: Recommendation
) -> None:
    """Follow the verdict; without learnings in the script the ticket waits for a decision."""
    ws = stage.ws
    ticket = get_ticket(ws, ADA, PROJECT_SLUG, ticket.key)
    result = move_card(ws, ADA, PROJECT_SLUG, ticket.key, to="evaluation", expected_version=ticket.version)
    if not isinstance(result, Moved):
        stage.say(f"      stays in Experiment: {result.assessment.explanation}")
        return
    if experiment.learnings and recommendation in (Recommendation.PROMOTE, Recommendation.KILL):
        decided = decide(
            ws,
            ADA,
            PROJECT_SLUG,
            ticket.key,
            kind=DecisionKind(recommendation.value),
            learnings=experiment.learnings,
            expected_version=result.ticket.version,
        )
        stage.say(f"      decided: {recommendation.value}, now in {decided.ticket.stage}")


def _confirmed(ws: Workspace, ticket: Ticket, item: str) -> Ticket:
    return attest(ws, ADA, PROJECT_SLUG, ticket.key, item=item, expected_version=ticket.version)


def _moved(ws: Workspace, ticket: Ticket, to: str) -> Ticket:
    """The first reader has no baseline yet: its own first arm is the baseline, which the override says."""
    result = move_card(
        ws,
        ADA,
        PROJECT_SLUG,
        ticket.key,
        to=to,
        expected_version=ticket.version,
        override_reason="the baseline is trained beside the candidate, with the same seeds"
        if to == "experiment"
        else "",
    )
    assert isinstance(result, Moved), result
    return result.ticket


def _indented(say: Say) -> Say:
    return lambda line: say(f"      {line}")
