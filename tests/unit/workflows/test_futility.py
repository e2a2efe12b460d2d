"""The chance of a run under way, by a project's own past runs: on the verdict, the card, the stand-up and beside a training; on both databases."""

from decimal import Decimal

import numpy as np
import pytest

from assay.domain.experiments.dossier import dossier_from_bytes
from assay.domain.experiments.evidence import RunStatus
from assay.domain.experiments.experiment import KillRuleValues
from assay.domain.gates.settings import KillRules, VerdictSettings
from assay.domain.gates.stop_advice import PastLessons, stop_advice
from assay.domain.gates.verdict import TimeInputs
from assay.domain.kernel.kill_rules import VALUES_OF_A_TICKET, KillRuleName
from assay.domain.stopping.learned_bytes import learned_bytes, learned_from_bytes
from assay.workflows import lessons
from assay.workflows.ceremonies import standup
from assay.workflows.ceremony_markdown import standup_markdown
from assay.workflows.evidence import connect_source, sync_source
from assay.workflows.journal import verify_journal
from assay.workflows.projects import get_project, save_settings
from assay.workflows.replays import replay_verdict
from assay.workflows.snoozes import snooze_kill
from assay.workflows.tickets import edit_ticket, get_ticket
from assay.workflows.verdict_basis import verdict_basis
from assay.workflows.verdicts import get_verdict, refresh_verdict
from tests.support.softmax_curves import softmax_curves
from tests.unit.workflows.conftest import ADA
from tests.unit.workflows.test_backtest import trained
from tests.unit.workflows.test_life_of_an_experiment import SLUG, start
from tests.unit.workflows.test_snoozes import card_on_board


@pytest.fixture(scope="module")
def curves():
    return softmax_curves()


@pytest.fixture
def taught(ws, tracker, clock, curves):
    """Two tickets whose 36 runs are over. With so few, chances are seldom low: the level is 10%."""
    connect_source(ws, ADA, SLUG, kind="listed", uri="memory", name="listed")
    keys = [start(ws).key for _ in range(2)]
    put(ws, tracker, *(trained(keys[n % 2], n, values, clock) for n, values in enumerate(curves)))
    rules(ws, futility=Decimal("0.1"))
    return ws


on_sqlite = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
"""What is said, whatever the database."""


def put(ws, tracker, *runs):
    tracker.put(*runs)
    sync_source(ws, ADA, SLUG, "listed")


def going_on(ws, tracker, clock, values, *, seed=1):
    key = start(ws).key
    put(ws, tracker, trained(key, seed, values, clock, status=RunStatus.RUNNING))
    return key


def futile_values(curves):
    return min(curves, key=max)[:14]


def rules(ws, **changes):
    project = get_project(ws, ADA, SLUG)
    now = VerdictSettings(kill_rules=KillRules(**changes))
    save_settings(ws, ADA, SLUG, verdicts=now, expected_version=project.version)


def test_doomed_run_is_told_its_chance_with_what_it_was_learned_from(taught, tracker, clock, curves):
    key = going_on(taught, tracker, clock, futile_values(curves))
    record = get_verdict(taught, ADA, SLUG, key)
    [told] = record.verdict.chances
    assert told.futile
    assert told.chance < 0.1
    winners = sum(max(values) >= 0.85 for values in curves)
    assert (
        f"chance to reach 85.0% by step 20, learned from 36 past runs of the same problem ({winners} reached"
        in told.text
    )
    assert told.text.endswith("below 10% at two checks in a row")
    [advice] = [one for one in record.verdict.advice if one.rule == "futility"]
    assert (advice.advises_kill, advice.reason) == (True, told.text)
    assert "The rule for futility advises to kill:" in record.verdict.detail
    assert record.inputs["futility"]["history"].startswith("sha256:")


def test_verdict_with_a_chance_comes_out_again_when_more_runs_are_over(taught, tracker, clock, curves):
    key = going_on(taught, tracker, clock, futile_values(curves))
    before = get_verdict(taught, ADA, SLUG, key)
    put(taught, tracker, *(trained("EXP-1", 90 + n, values, clock) for n, values in enumerate(curves[:9])))
    report = replay_verdict(taught, ADA, SLUG, key)
    assert (report.same, report.differences) == (True, ())
    refresh_verdict(taught, SLUG, key)
    after = get_verdict(taught, ADA, SLUG, key)
    assert after.inputs["futility"]["history"] != before.inputs["futility"]["history"]
    assert "learned from 45 past runs" in after.verdict.chances[0].text
    assert replay_verdict(taught, ADA, SLUG, key).same


@on_sqlite
def test_good_run_is_told_its_chance_and_nothing_is_advised(taught, tracker, clock, curves):
    good = next(values for values in curves if max(values[:4]) < 0.85 <= max(values))
    key = going_on(taught, tracker, clock, good[:4])
    verdict = get_verdict(taught, ADA, SLUG, key).verdict
    assert verdict.chances[0].chance > 0.2
    assert not [one for one in verdict.advice if one.rule == "futility"]
    assert "below" not in verdict.chances[0].text


@on_sqlite
def test_with_few_past_runs_it_is_said_what_is_missing(ws, tracker, clock, curves):
    connect_source(ws, ADA, SLUG, kind="listed", uri="memory", name="listed")
    old = start(ws).key
    put(ws, tracker, *(trained(old, n, values, clock) for n, values in enumerate(curves[:12])))
    key = going_on(ws, tracker, clock, futile_values(curves))
    verdict = get_verdict(ws, ADA, SLUG, key).verdict
    [told] = verdict.chances
    assert (told.chance, told.futile) == (None, False)
    assert told.text.startswith(
        "nothing known of its chance to reach 85.0%: too few past runs (12 of 30 in all"
    )
    assert not [one for one in verdict.advice if one.rule == "futility"]
    assert replay_verdict(ws, ADA, SLUG, key).same


@on_sqlite
def test_level_decides_and_a_rule_that_is_off_asks_nobody(taught, tracker, clock, curves, monkeypatch):
    key = going_on(taught, tracker, clock, futile_values(curves))
    chance = get_verdict(taught, ADA, SLUG, key).verdict.chances[0].chance
    rules(taught, futility=Decimal(str(max(chance / 2, 1e-6))))
    refresh_verdict(taught, SLUG, key)
    [told] = get_verdict(taught, ADA, SLUG, key).verdict.chances
    assert (told.futile, told.chance) == (False, chance)
    rules(taught, enabled=[one for one in KillRuleName if one is not KillRuleName.FUTILITY])
    monkeypatch.setattr(lessons, "past_runs", None)
    refresh_verdict(taught, SLUG, key)
    record = get_verdict(taught, ADA, SLUG, key)
    assert (record.verdict.chances, "futility" in record.inputs) == ((), False)
    assert replay_verdict(taught, ADA, SLUG, key).same


def test_it_is_learned_once_and_again_when_a_run_ends(taught, tracker, clock, curves, monkeypatch):
    learned = []
    monkeypatch.setattr(lessons, "learn", lambda past, learn=lessons.learn: learned.append(1) or learn(past))
    key = going_on(taught, tracker, clock, futile_values(curves), seed=50)
    put(taught, tracker, trained(key, 51, curves[0][:8], clock, status=RunStatus.RUNNING))
    refresh_verdict(taught, SLUG, key)
    assert len(learned) == 1
    put(taught, tracker, trained(key, 51, curves[0], clock))
    refresh_verdict(taught, SLUG, key)
    assert len(learned) == 2


def advice_on(ws, key, *, may_stop=None, snoozed=None):
    """What `should_stop` is told, by what travels to it."""
    basis = verdict_basis(ws, ADA, SLUG, key)
    lock, evidence = dossier_from_bytes(basis.dossier)
    past = basis.past
    learned = learned_from_bytes(learned_bytes(past.learned))
    past = PastLessons(learned, past.may_stop if may_stop is None else may_stop, past.why)
    [run] = [one for one in evidence.runs if one.status is RunStatus.RUNNING]
    time = TimeInputs(0, time_box_over=False)
    return stop_advice(lock, evidence, run, settings=basis.settings, time=time, past=past, snoozed=snoozed)


@on_sqlite
def test_futility_stops_a_run_only_where_its_record_allows_and_else_recommends(
    taught, tracker, clock, curves
):
    key = going_on(taught, tracker, clock, futile_values(curves))
    text = get_verdict(taught, ADA, SLUG, key).verdict.chances[0].text
    told = advice_on(taught, key)
    assert (told.stop, told.rule) == (False, "")
    assert told.reason.startswith(
        "the rule 'futility' recommends to stop and leaves it to you, for it may not stop runs by itself yet (it could say nothing about any past run): "
    )
    assert told.reason.endswith(text)
    allowed = advice_on(taught, key, may_stop=True)
    assert (allowed.stop, allowed.rule, allowed.reason) == (True, "futility", text)


@on_sqlite
def test_run_with_a_budget_unlike_that_of_past_runs_is_only_recommended_to_stop(
    taught, tracker, clock, curves
):
    key = start(taught).key
    long = np.interp(np.arange(1, 81) / 4, np.arange(1, 21), min(curves, key=max)).tolist()
    put(
        taught,
        tracker,
        trained(key, 60, long, clock),
        trained(key, 61, long[:50], clock, status=RunStatus.RUNNING),
    )
    [told] = get_verdict(taught, ADA, SLUG, key).verdict.chances
    assert "its budget of 80 steps is unlike that of past runs" in told.text
    assert advice_on(taught, key, may_stop=True).stop is False


@on_sqlite
def test_run_whose_metric_is_nan_has_no_chance_out_of_nothing(taught, tracker, clock):
    key = going_on(taught, tracker, clock, [float("nan")] * 6)
    [told] = get_verdict(taught, ADA, SLUG, key).verdict.chances
    assert 0.0 <= told.chance <= 1.0
    assert replay_verdict(taught, ADA, SLUG, key).same


def test_card_and_stand_up_tell_the_chance_and_a_snooze_quiets_the_advice(taught, tracker, clock, curves):
    key = going_on(taught, tracker, clock, futile_values(curves))
    facts = [fact.text for fact in card_on_board(taught, key).facts]
    chance = get_ticket(taught, ADA, SLUG, key).card["chance"]
    assert chance.endswith("% chance to reach 85.0%")
    assert [text for text in facts if chance in text] == [f"futility advises to stop: {chance}"]

    def told():
        view = standup(taught, ADA, SLUG)
        [line] = [one for one in view.tickets if one.key == key]
        assert line.chance in standup_markdown(view)
        return line.chance

    assert told() == f"{chance}: the rule for futility advises to stop"
    why = "The warm-up is twice as long as in past runs."
    snooze_kill(taught, ADA, SLUG, key, rule="futility", reason=why)
    assert told() == chance
    facts = [fact.text for fact in card_on_board(taught, key).facts]
    assert [text for text in facts if chance in text or "advises" in text] == [chance]
    asleep = {one.rule: one for one in verdict_basis(taught, ADA, SLUG, key).snoozes}
    assert why.rstrip(".") in advice_on(taught, key, snoozed=asleep).reason


def test_ticket_has_a_level_of_its_own_or_none(taught, tracker, clock, curves):
    key = going_on(taught, tracker, clock, futile_values(curves))
    ticket = get_ticket(taught, ADA, SLUG, key)
    chance = get_verdict(taught, ADA, SLUG, key).verdict.chances[0].chance
    for changes, futile in (
        ({"kill_rule_values": KillRuleValues(futility=Decimal(str(chance / 2)))}, [False]),
        ({"kill_rule_values": KillRuleValues()}, [True]),
        ({"kill_rules_off": ("futility",)}, []),
    ):
        content = ticket.content.model_copy(update=changes)
        ticket = edit_ticket(taught, ADA, SLUG, key, content, expected_version=ticket.version)
        refresh_verdict(taught, SLUG, key)
        assert [one.futile for one in get_verdict(taught, ADA, SLUG, key).verdict.chances] == futile
    assert verify_journal(taught, ADA).ok


def test_values_that_the_command_line_knows_are_those_of_a_ticket():
    assert tuple(KillRuleValues.model_fields) == VALUES_OF_A_TICKET
