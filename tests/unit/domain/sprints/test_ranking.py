"""Which experiments first, and why: worth, cost, what nobody said, places given by hand, cost of delay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.domain.experiments.criteria.text import parse_criterion
from assay.domain.experiments.experiment import Baseline, Budget, Place, TicketContent
from assay.domain.experiments.prediction import CostOfDelay, Effect, Prediction
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog, Unit
from assay.domain.sprints.ranking import Per, Scale, by_cost_of_delay, candidate_of, ranked
from assay.domain.sprints.worth import Basis
from assay.stats.elicited_chances import track_record

ACCURACY = Metric(name="accuracy", direction=Direction.HIGHER, unit=Unit.FRACTION)
LATENCY = Metric(name="latency_ms", direction=Direction.LOWER, unit=Unit.MILLISECONDS)
METRICS = MetricCatalog.of([ACCURACY, LATENCY])
NEW_TEAM = track_record(0, 0)
USUAL_TEAM = track_record(3, 12)
SURE = Effect(low="0.10", mid="0.13", high="0.16")


def ticket(prediction=None, *, goal="accuracy >= 85%", baseline="accuracy=0.72", gpu_hours="10", **changes):
    metric, _, value = baseline.partition("=")
    return TicketContent(
        title="An idea",
        criteria=(parse_criterion(goal, metrics=METRICS, role=Role.PRIMARY),),
        baseline=(Baseline(metric=metric, value=value),) if baseline else (),
        budget=Budget(gpu_hours=gpu_hours),
        prediction=prediction,
        **changes,
    )


def order(tickets, record=NEW_TEAM, **options):
    found = [candidate_of(f"EXP-{number}", one, METRICS, record) for number, one in enumerate(tickets, 1)]
    return ranked(found, record, **options)


def keys(ranking):
    return [row.candidate.key for row in ranking.rows]


def test_better_effect_for_the_same_cost_and_the_same_effect_for_less_stand_first():
    idea = Prediction(effect=SURE, person_days=2)
    better = Prediction(effect=Effect(low="0.12", mid="0.15", high="0.18"), person_days=2)
    assert keys(order([ticket(idea), ticket(better)])) == ["EXP-2", "EXP-1"]
    assert keys(order([ticket(idea), ticket(idea, gpu_hours="4")])) == ["EXP-2", "EXP-1"]


def test_bold_idea_that_is_likely_to_fail_may_stand_before_a_safe_small_one():
    safe = Prediction(effect=Effect(mean="0.005", sd="0.002"))
    bold = Prediction(effect=Effect(mean="-0.05", sd="0.10"))  # on average it is worse than what there is
    rows = order([ticket(safe), ticket(bold)]).rows
    assert [row.candidate.key for row in rows] == ["EXP-2", "EXP-1"]
    assert "ship what nobody would ship untested" in rows[0].sentence


def test_what_needs_no_gpu_stands_first_by_gpu_hours_and_by_its_days_otherwise():
    prompt = Prediction(effect=Effect(mean="0.01", sd="0.01"), gpu_hours=0, person_days=10)
    training = Prediction(effect=SURE, person_days=1)
    by_gpu = order([ticket(training), ticket(prompt)])
    assert keys(by_gpu) == ["EXP-2", "EXP-1"]
    assert by_gpu.rows[0].per_gpu_hour is None
    assert "needs no GPU" in by_gpu.rows[0].sentence
    assert keys(order([ticket(training), ticket(prompt)], per=Per.PERSON_DAY)) == ["EXP-1", "EXP-2"]


def test_sentence_says_chance_gain_cost_and_the_decision_it_can_change():
    [row] = order([ticket(Prediction(chance="0.35", effect=SURE))]).rows
    assert row.sentence == (
        "Worth 1.1 points a GPU-hour: 35% chance of accuracy >= 85%, +14.9 points if so, 10 GPU-h; "
        "decides whether to ship what nobody would ship untested."
    )
    assert row.missing == ()


def test_chance_is_shrunk_to_the_hit_rate_of_the_team_and_both_are_told():
    [row] = order([ticket(Prediction(chance="0.60", effect=SURE))], USUAL_TEAM).rows
    assert row.candidate.worth.said == 0.6
    assert 3.5 / 13 < row.candidate.worth.chance < 0.6
    assert "(60% was said)" in row.sentence


def test_chance_alone_counts_what_the_criterion_asks_for_and_no_more():
    [row] = order([ticket(Prediction(chance="0.5"))]).rows
    assert (row.candidate.worth.basis, row.missing) == (Basis.CHANCE, ("the effect",))
    assert row.worth == pytest.approx(0.5 * 0.13)
    assert row.sentence.startswith("Worth at least 0.65 points a GPU-hour")


def test_without_a_prediction_the_hit_rate_stands_for_it_and_the_sentence_says_so():
    [row] = order([ticket()], USUAL_TEAM).rows
    assert row.candidate.worth.basis is Basis.HIT_RATE
    assert "nothing was predicted, so the team's own hit rate stands for it (3 of 12" in row.sentence
    assert row.missing == ("the chance", "the effect")


def test_without_prediction_and_record_nothing_is_made_up_and_what_is_missing_is_named():
    [row] = order([ticket(baseline="")]).rows
    assert (row.worth, row.per_gpu_hour, row.candidate.worth.chance) == (None, None, None)
    assert row.sentence.startswith("Not ranked by worth yet. It lacks the chance")
    [bare] = order([TicketContent(title="x")]).rows
    assert bare.missing[0] == "a primary criterion that reads a metric"


def test_unknown_cost_and_unknown_worth_stand_last_in_that_order():
    known = ticket(Prediction(effect=Effect(mean="0.001", sd="0.001")))
    no_cost = ticket(Prediction(effect=SURE)).model_copy(update={"budget": Budget()})
    nothing = TicketContent(title="x")
    ranking = order([nothing, no_cost, known])
    assert keys(ranking) == ["EXP-3", "EXP-2", "EXP-1"]
    assert ranking.rows[1].missing == ("the GPU-hours",)


def test_rewards_put_different_metrics_on_one_scale_and_a_metric_shares_what_one_of_its_tickets_said():
    faster = Effect(mean=50, sd=20)
    tickets = [
        ticket(Prediction(effect=SURE, reward=1000)),
        ticket(Prediction(effect=faster, reward=10), goal="latency_ms <= 400 ms", baseline="latency_ms=450"),
        ticket(Prediction(effect=SURE)),
    ]
    ranking = order(tickets)
    assert ranking.scale is Scale.REWARD
    assert keys(ranking) == ["EXP-2", "EXP-1", "EXP-3"]
    assert ranking.rows[0].worth == pytest.approx(500, rel=0.02)
    assert ranking.rows[1].worth == ranking.rows[2].worth


def test_different_metrics_without_rewards_are_counted_in_what_their_criteria_ask_for():
    slow = ticket(
        Prediction(effect=Effect(mean=100, sd=1)), goal="latency_ms <= 400 ms", baseline="latency_ms=450"
    )
    ranking = order([ticket(Prediction(effect=SURE)), slow])
    assert ranking.scale is Scale.GOAL
    assert keys(ranking) == ["EXP-2", "EXP-1"]
    assert ranking.rows[0].worth == pytest.approx(2.0, rel=0.01)
    assert "goals a GPU-hour" in ranking.rows[0].sentence


@pytest.mark.parametrize("goal", ["accuracy no worse than baseline by 1%", "accuracy >= 70%"])
def test_criterion_that_asks_for_no_improvement_is_told_as_the_reason_and_not_a_missing_baseline(goal):
    slow = Prediction(effect=Effect(mean=100, sd=1))
    latency = ticket(slow, goal="latency_ms <= 400 ms", baseline="latency_ms=450")
    last = order([ticket(Prediction(effect=SURE), goal=goal), latency]).rows[-1]
    assert last.sentence == (
        "Not ranked by worth yet. It lacks what one unit of its metric is worth "
        "(its criterion asks for no improvement over the baseline)."
    )
    [alone] = order([ticket(Prediction(chance="0.5"), goal=goal)]).rows
    assert "the effect (its criterion asks for no improvement over the baseline)" in alone.missing


def test_lower_is_better_metric_counts_improvement_as_above_zero():
    falls = ticket(goal="latency_ms <= 400 ms", baseline="latency_ms=450")
    assert candidate_of("EXP-1", falls, METRICS, USUAL_TEAM).goal.bar == 50


def test_of_several_primary_criteria_about_one_metric_the_hardest_counts():
    improves = parse_criterion("accuracy improves by >= 3%", metrics=METRICS, role=Role.PRIMARY)
    runs_only = ticket(baseline="").model_copy(update={"criteria": (*ticket().criteria, improves)})
    assert candidate_of("EXP-1", runs_only, METRICS, NEW_TEAM).goal.bar == 0.03
    both = ticket().model_copy(update={"criteria": (improves, *ticket().criteria)})
    assert candidate_of("EXP-1", both, METRICS, NEW_TEAM).goal.bar == pytest.approx(0.13)


def test_place_given_by_hand_wins_and_the_computed_one_is_told():
    first = ticket(Prediction(effect=SURE), gpu_hours="1")
    lifted = ticket(None, place=Place(rank=1, reason="the regulator waits for it"))
    rows = order([first, ticket(Prediction(effect=SURE)), lifted], USUAL_TEAM).rows
    assert [(row.candidate.key, row.rank, row.computed_rank) for row in rows] == [
        ("EXP-3", 1, 3),
        ("EXP-1", 2, 1),
        ("EXP-2", 3, 2),
    ]


def test_place_beyond_the_end_is_the_last_one():
    last = ticket(Prediction(effect=SURE), gpu_hours="1", place=Place(rank=50, reason="waits for a GPU"))
    assert keys(order([last, ticket(Prediction(effect=SURE))])) == ["EXP-2", "EXP-1"]


@given(st.permutations(range(6)))
def test_order_of_the_backlog_makes_no_difference(places):
    tickets = [
        ticket(Prediction(effect=Effect(mean=f"0.0{number}", sd="0.05")), gpu_hours=str(1 + number % 3))
        for number in range(5)
    ] + [ticket()]
    found = [candidate_of(f"EXP-{number}", one, METRICS, USUAL_TEAM) for number, one in enumerate(tickets)]
    assert ranked(found, USUAL_TEAM) == ranked([found[place] for place in places], USUAL_TEAM)


def test_cost_of_delay_divides_by_job_size_and_leaves_out_what_nobody_estimated():
    whole = CostOfDelay(business_value=8, time_criticality=3, risk_reduction=5, job_size=2)
    tickets = [
        ticket(Prediction(cost_of_delay=CostOfDelay(business_value=13))),
        ticket(Prediction(cost_of_delay=whole)),
        ticket(Prediction(cost_of_delay=whole.model_copy(update={"job_size": 1}))),
    ]
    found = [candidate_of(f"EXP-{number}", one, METRICS, NEW_TEAM) for number, one in enumerate(tickets, 1)]
    rows = by_cost_of_delay(found)
    assert [(row.candidate.key, row.cost_of_delay, row.score) for row in rows] == [
        ("EXP-3", 16, 16.0),
        ("EXP-2", 16, 8.0),
        ("EXP-1", None, None),
    ]
    assert rows[2].missing == ("time criticality", "risk reduction", "job size")
