"""Phases: the mix against its target, decisions with a date, and what is stuck."""

from datetime import date
from decimal import Decimal

import pytest

from assay.domain.experiments.experiment import Budget, Mode, TicketContent
from assay.domain.experiments.prediction import Prediction
from assay.domain.kernel.findings import Finding, Outcome, Role
from assay.domain.kernel.ids import TicketType
from assay.domain.portfolio.canvas import Canvas, KillCriterion
from assay.domain.portfolio.phases import (
    DecisionGate,
    GateState,
    Phase,
    gate_state,
    mix_warning,
)
from assay.domain.portfolio.standing import Reading
from assay.domain.portfolio.stuck import explores_without_end, never_ships, optimises_far_below, out_of_sight
from assay.domain.sprints.load import load_of
from assay.domain.sprints.mix import Measure, mix_of
from tests.unit.domain.portfolio.test_standing import criterion

TODAY = date(2026, 5, 12)


def ticket(mode=None, kind=TicketType.EXPERIMENT, hours=None, days=None):
    return TicketContent(
        type=kind,
        title="x",
        mode=mode,
        budget=Budget(gpu_hours=None if hours is None else Decimal(hours)),
        time_box_days=days,
    )


SPRINT = {
    "EXP-1": ticket(Mode.EXPLORE, hours=30, days=2),
    "EXP-2": ticket(Mode.EXPLOIT, hours=10, days=6),
    "EXP-3": ticket(Mode.EXPLOIT),
    "EXP-4": ticket(),
    "DATA-5": ticket(kind=TicketType.DATA),
    "ENG-6": ticket(kind=TicketType.ENGINEERING),
}


@pytest.mark.parametrize(
    ("measure", "percent", "unknown"),
    [(Measure.COUNT, 100 / 3, ()), (Measure.GPU_HOURS, 75.0, ("EXP-3",)), (Measure.DAYS, 25.0, ("EXP-3",))],
)
def test_mix_is_measured_by_what_is_set_and_says_what_it_does_not_know(measure, percent, unknown):
    mix = mix_of(SPRINT, measure)
    assert mix.explore_percent == pytest.approx(percent)
    assert (mix.unmarked, mix.unknown) == (("EXP-4",), unknown)


def test_mix_of_nothing_marked_is_unknown_and_warns_of_nothing():
    mix = mix_of({"EXP-4": ticket()}, Measure.COUNT)
    assert (mix.explore_percent, mix_warning(Phase.DISCOVERY, mix)) == (None, None)


def test_warning_comes_beyond_twenty_points_and_not_at_twenty():
    def of(explore):
        contents = {f"E{n}": ticket(Mode.EXPLORE if n < explore else Mode.EXPLOIT) for n in range(10)}
        return mix_warning(Phase.CONVERGENCE, mix_of(contents, Measure.COUNT))

    assert [of(explore) is None for explore in (2, 3, 5, 7, 8)] == [False, True, True, True, False]
    assert of(8) == "the sprint explores 80%, convergence asks for 50%: 30 points too much"


def test_targets_are_those_of_the_phases():
    assert [phase.explore_percent for phase in Phase] == [90, 50, 10, 5]


@pytest.mark.parametrize(
    ("gate", "running", "ended", "state"),
    [
        ({"by_sprint": 5}, 4, 3, GateState.AHEAD),
        ({"by_sprint": 5}, 5, 4, GateState.DUE),
        ({"by_sprint": 5}, None, 5, GateState.OVERDUE),
        ({"by_sprint": 5}, 6, 5, GateState.OVERDUE),
        ({"by_sprint": 5}, None, None, GateState.AHEAD),
        ({"by_sprint": 5, "settled": "one"}, 7, 6, GateState.SETTLED),
        ({"by_day": date(2026, 5, 19)}, None, None, GateState.AHEAD),
        ({"by_day": date(2026, 5, 18)}, None, None, GateState.DUE),
        ({"by_day": TODAY}, None, None, GateState.DUE),
        ({"by_day": date(2026, 5, 11)}, None, None, GateState.OVERDUE),
    ],
)
def test_decision_is_due_in_its_sprint_or_its_last_week(gate, running, ended, state):
    decision = DecisionGate(question="We pick one approach", **gate)
    assert gate_state(decision, running=running, last_ended=ended, today=TODAY) is state


def reading(outcome, estimate=None, threshold=0.85):
    finding = Finding(
        check="accuracy >= 85%", role=Role.PRIMARY, outcome=outcome, estimate=estimate, threshold=threshold,
        method="none", reason="x",
    )  # fmt: skip
    return Reading(place="success[0]", finding=finding, ticket="EXP-1")


def test_exploring_is_endless_after_eight_weeks_without_a_kill_criterion_only():
    stop = Canvas(kill=(KillCriterion(criterion=criterion("accuracy < 80%", Role.KILL)),))

    def of(phase, since, canvas):
        return explores_without_end(phase, since, canvas, today=TODAY)

    found = of(Phase.DISCOVERY, date(2026, 3, 17), Canvas())
    assert found.evidence == "in discovery since 2026-03-17, 8 weeks, and the canvas has no kill criterion"
    assert of(Phase.DISCOVERY, date(2026, 3, 18), Canvas()) is None
    assert of(Phase.DISCOVERY, None, Canvas()) is None
    assert of(Phase.DISCOVERY, date(2026, 1, 1), stop) is None
    assert of(Phase.CONVERGENCE, date(2026, 1, 1), Canvas()) is None


@pytest.mark.parametrize(
    ("outcome", "estimate", "is_stuck"),
    [
        (Outcome.NOT_MET, 0.70, True),
        (Outcome.NOT_MET, 0.80, False),
        (Outcome.UNCLEAR, 0.70, False),
        (Outcome.NO_EVIDENCE, None, False),
    ],
)
def test_optimising_is_far_below_only_where_that_is_shown(outcome, estimate, is_stuck):
    found = optimises_far_below(Phase.OPTIMIZATION, [reading(outcome, estimate)])
    assert (found is not None) is is_stuck
    assert optimises_far_below(Phase.CONVERGENCE, [reading(outcome, estimate)]) is None


def test_never_ships_when_all_is_met_and_it_still_searches_or_is_late():
    def of(phase, ended, *outcomes):
        return never_ships(phase, [reading(one) for one in outcomes], ship_by_sprint=8, last_ended=ended)

    assert of(Phase.OPTIMIZATION, 3, Outcome.MET).evidence.endswith("the phase is still optimization")
    assert of(Phase.PRODUCTIONIZATION, 8, Outcome.MET) is not None
    assert of(Phase.PRODUCTIONIZATION, 7, Outcome.MET) is None
    assert of(Phase.OPTIMIZATION, 9, Outcome.MET, Outcome.UNCLEAR) is None
    assert of(Phase.OPTIMIZATION, 9) is None


def test_experiments_out_of_sight_are_named_with_their_days():
    assert out_of_sight([]) is None
    found = out_of_sight([("EXP-1", 5.2), ("EXP-2", 3.1)])
    assert (found.evidence, found.tickets) == (
        "no run, note or move: EXP-1 for 5 days, EXP-2 for 3 days",
        ("EXP-1", "EXP-2"),
    )


def test_mix_by_compute_takes_what_is_predicted_before_the_budget_as_planning_does():
    predicted = ticket(Mode.EXPLORE, hours=10).model_copy(update={"prediction": Prediction(gpu_hours=30)})
    contents = {"EXP-1": predicted, "EXP-2": ticket(Mode.EXPLOIT, hours=10)}
    assert mix_of(contents, Measure.GPU_HOURS).explore_percent == 75.0
    assert load_of(contents).gpu_hours.total == 40
