"""A recommended kill is overruled for a while, with a reason: it stays found, is not pressed, and counts in the rule's record."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import create_engine, text

from assay.domain.board.diagnosis import Cause
from assay.domain.experiments.experiment import DecisionKind
from assay.domain.gates.settings import VerdictSettings
from assay.domain.kernel.kill_rules import KillRuleName
from assay.domain.kernel.verdicts import Recommendation
from assay.errors import Forbidden, Invalid, NotFound, Refused
from assay.web.cards import card_context
from assay.web.kills_view import kill_lines
from assay.web.templating import environment
from assay.workflows.actor import Actor, Permission
from assay.workflows.board import board
from assay.workflows.ceremonies import standup
from assay.workflows.ceremony_markdown import standup_markdown
from assay.workflows.diagnosis import diagnosis
from assay.workflows.evidence import sync_source
from assay.workflows.journal import journal_page, verify_journal
from assay.workflows.kill_record import CRITERIA, kill_record
from assay.workflows.overview import list_experiments, overview
from assay.workflows.projects import get_project, save_settings
from assay.workflows.snoozes import snooze_kill, wake_kill
from assay.workflows.ticket_page import ticket_page
from assay.workflows.tickets import get_ticket
from assay.workflows.verdict_basis import verdict_basis
from assay.workflows.verdicts import get_verdict, refresh_open_verdicts
from tests.unit.workflows.conftest import ADA, run
from tests.unit.workflows.test_life_of_an_experiment import SLUG, decide_it, with_runs

LOSES = (0.61, 0.60, 0.62, 0.61, 0.605)
CRITERION = "accuracy < 70%"
WHY = "The tokenizer was broken until Monday, the runs are repeated."


@pytest.fixture
def losing(ws, tracker, clock):
    return with_runs(ws, tracker, clock, values=LOSES).key


def snoozed(ws, key, rule=CRITERION, **more):
    return snooze_kill(ws, ADA, SLUG, key, rule=rule, reason=WHY, **more)


def waits(ws):
    return [one.key for one in overview(ws, ADA, SLUG).attention]


def card_on_board(ws, key):
    view = board(ws, ADA, SLUG)
    [card] = [one for column in view.columns for one in column.cards if one.key == key]
    return card_context(SLUG, card)


def entries(ws, *kinds):
    rows = journal_page(ws, ADA, project=SLUG, limit=200).rows
    return [row for row in reversed(rows) if row.kind in kinds]


def test_snoozed_kill_stays_found_and_is_pressed_nowhere_until_it_is_woken(ws, losing):
    before = card_on_board(ws, losing)
    assert (waits(ws), before.chip_tone, before.chip[:5]) == ([losing], "kill", "Kill:")
    made = snoozed(ws, losing)
    assert (made.until - made.at, made.by) == (timedelta(days=7), "ada")
    verdict = get_verdict(ws, ADA, SLUG, losing).verdict
    assert verdict.recommendation is Recommendation.KILL
    [kill, *_] = ticket_page(ws, ADA, SLUG, losing).kills
    assert (kill.rule, kill.criterion, kill.snooze) == (CRITERION, True, made)
    assert made.text == f"snoozed until 19 May 2026 by ada: {WHY}"
    quiet = card_on_board(ws, losing)
    assert (waits(ws), quiet.chip, quiet.chip_tone) == ([], "Kill snoozed", "")
    assert list_experiments(ws, ADA, SLUG).rows[0].chip == "Kill snoozed"
    assert list_experiments(ws, ADA, SLUG, filters={"waiting": "yes"}).rows == ()
    assert verdict_basis(ws, ADA, SLUG, losing).snoozes == (made,)
    assert wake_kill(ws, ADA, SLUG, losing, rule=CRITERION) == made
    assert waits(ws) == [losing]
    again = card_on_board(ws, losing)
    assert (again.chip, again.chip_tone) == (before.chip, "kill")
    told = [(row.kind, row.actor, row.payload["rule"]) for row in entries(ws, "kill.snoozed", "kill.woken")]
    assert told == [("kill.snoozed", "ada", CRITERION), ("kill.woken", "ada", CRITERION)]
    assert verify_journal(ws, ADA).ok


def test_snoozed_kill_is_no_kill_that_nobody_decided(ws, losing):
    def told():
        return next(one for one in diagnosis(ws, ADA, SLUG).causes if one.cause == Cause.NOBODY_KILLS.value)

    assert "the evidence says kill" in told().speaks_for[0]
    snoozed(ws, losing)
    assert (told().standing, told().speaks_for) == ("not_known", ())  # it has no time box
    wake_kill(ws, ADA, SLUG, losing, rule=CRITERION)
    assert told().standing == "holds"


def test_stand_up_tells_a_snoozed_kill_with_the_word_of_who_snoozed_it(ws, losing, clock):
    day = (clock.now - timedelta(days=1)).date()
    [line] = [one for one in standup(ws, ADA, SLUG, since=day).learned if one.key == losing]
    assert line.word == "kill"
    snoozed(ws, losing)
    [line] = [one for one in standup(ws, ADA, SLUG, since=day).learned if one.key == losing]
    assert line.word == "snoozed"
    assert line.text.endswith(f"snoozed until 19 May 2026 by ada: {WHY}")


def test_kill_is_pressed_again_by_itself_once_the_time_is_over(ws, losing, clock):
    snoozed(ws, losing, days=2)
    clock.now += timedelta(days=1)
    refresh_open_verdicts(ws, SLUG)
    assert waits(ws) == []
    clock.now += timedelta(days=1, hours=1)
    assert ticket_page(ws, ADA, SLUG, losing).kills[0].snooze is None
    refresh_open_verdicts(ws, SLUG)
    assert waits(ws) == [losing]
    [woken] = entries(ws, "kill.woken")
    assert woken.payload == {"rule": CRITERION, "because": "its time is over"}
    assert card_on_board(ws, losing).chip.startswith("Kill:")
    assert verify_journal(ws, ADA).ok


def test_another_rule_that_begins_to_recommend_a_kill_wakes_what_was_snoozed(ws, losing, tracker, clock):
    rules = {one.rule for one in ticket_page(ws, ADA, SLUG, losing).kills}
    for rule in rules:
        snoozed(ws, losing, rule)
    tracker.put(run(losing, 9, float("nan"), begun=clock()))
    late = run(losing, 10, 0.6, 0.61, begun=clock())
    late.curves["loss"] = run(losing, 10, 1.0, float("nan"), begun=clock()).curves["accuracy"]
    tracker.put(late)
    sync_source(ws, ADA, SLUG, "listed")
    kills = ticket_page(ws, ADA, SLUG, losing).kills
    assert {one.rule for one in kills} - rules, kills
    assert all(one.snooze is None for one in kills)
    because = {row.payload["because"] for row in entries(ws, "kill.woken")}
    assert because == {"another rule recommends to kill: diverged"}
    assert verify_journal(ws, ADA).ok


def test_rule_of_thumb_is_told_on_the_card_until_it_is_snoozed(ws, tracker, clock):
    key = with_runs(ws, tracker, clock, values=(0.71, 0.72, 0.705, 0.715, 0.71)).key
    # No criterion of the ticket says kill.
    project = get_project(ws, ADA, SLUG)
    tight = VerdictSettings().kill_rules.model_copy(
        update={"gap": Decimal("0.05"), "enabled": (KillRuleName.GAP,)}
    )
    save_settings(
        ws,
        ADA,
        SLUG,
        expected_version=project.version,
        verdicts=VerdictSettings().model_copy(update={"kill_rules": tight}),
    )
    refresh_open_verdicts(ws, SLUG)
    [kill] = ticket_page(ws, ADA, SLUG, key).kills
    assert (kill.rule, kill.criterion) == ("gap", False)
    chip = card_on_board(ws, key).chip
    assert f"gap advises to stop: {kill.reason}" in [fact.text for fact in card_on_board(ws, key).facts]
    assert f"gap advises to stop, {kill.reason}\n" in standup_markdown(standup(ws, ADA, SLUG))
    snoozed(ws, key, "gap")
    [told] = standup(ws, ADA, SLUG).stops
    assert (told.rule, told.snoozed.endswith(WHY)) == ("gap", True)
    quiet = card_on_board(ws, key)
    assert quiet.chip == chip
    assert not [fact for fact in quiet.facts if "advises" in fact.text]


@pytest.mark.parametrize(
    ("changed", "error", "said"),
    [
        ({"days": 0}, Invalid, "found 0 days .expected 1 to 30"),
        ({"days": 31}, Invalid, "found 31 days"),
        ({"reason": "n/a"}, Invalid, "'n/a' is no sentence"),
        ({"reason": " "}, Invalid, "it is empty"),
        ({"reason": "The rate\x1b was wrong"}, Invalid, r"U\+001B"),
        ({"reason": "The rate was wrong. " * 200}, Invalid, "3999 characters"),
        ({"rule": "median"}, Refused, "one that does: 'accuracy < 70%'"),
    ],
)
def test_snooze_needs_a_rule_that_recommends_a_kill_a_sentence_and_at_most_thirty_days(
    ws, losing, changed, error, said
):
    asked = {"rule": CRITERION, "reason": WHY, "days": 7} | changed
    with pytest.raises(error, match=said) as refused:
        snooze_kill(ws, ADA, SLUG, losing, **asked)
    assert refused.value.hint
    assert ticket_page(ws, ADA, SLUG, losing).kills[0].snooze is None


def test_only_who_may_decide_snoozes_and_wakes(ws, losing):
    reader = Actor("eve", permissions=frozenset({Permission.READ, Permission.WRITE_TICKETS}))
    with pytest.raises(Forbidden):
        snooze_kill(ws, reader, SLUG, losing, rule=CRITERION, reason=WHY)
    with pytest.raises(Forbidden):
        wake_kill(ws, reader, SLUG, losing, rule=CRITERION)
    with pytest.raises(NotFound, match=r"not snoozed \(expected a snoozed rule; none is"):
        wake_kill(ws, ADA, SLUG, losing, rule=CRITERION)


def test_closed_ticket_is_not_snoozed(ws, losing):
    decide_it(ws, get_ticket(ws, ADA, SLUG, losing), DecisionKind.KILL)
    with pytest.raises(Refused, match="it is closed in Killed"):
        snoozed(ws, losing)
    assert ticket_page(ws, ADA, SLUG, losing).kills == ()


def test_overruled_kills_count_in_the_record_with_what_became_of_them(ws, losing):
    [open_one, *_] = rows(ws)
    assert open_one == (CRITERIA, 1, 0, 0, 1, 0)
    snoozed(ws, losing)
    assert rows(ws)[0] == (CRITERIA, 1, 0, 0, 0, 1)
    ticket = get_ticket(ws, ADA, SLUG, losing)
    decide_it(ws, ticket, DecisionKind.PROMOTE, reason="With the right tokenizer it reaches 87%.")
    [record, *_] = [one for one in kill_record(ws, ADA, SLUG).rows if one.rule == CRITERIA]
    assert (record.recommended, record.overruled, record.overruled_promoted) == (1, 1, 1)


def test_followed_kill_counts_as_followed(ws, losing):
    decide_it(ws, get_ticket(ws, ADA, SLUG, losing), DecisionKind.KILL)
    assert {row[:4] for row in rows(ws) if row[0] == CRITERIA} == {(CRITERIA, 1, 1, 0)}


def rows(ws):
    found = kill_record(ws, ADA, SLUG).rows
    return sorted(
        (
            (one.rule, one.recommended, one.followed, one.decided_otherwise, one.open, one.overruled)
            for one in found
        ),
        key=lambda row: row[0] != CRITERIA,
    )


def test_audit_finds_a_snooze_that_was_changed_in_the_database(ws, losing, store_url):
    snoozed(ws, losing)
    card = get_ticket(ws, ADA, SLUG, losing).card
    changed = {**card, "snoozes": [{**card["snoozes"][0], "reason": "Nobody said so at all."}]}
    engine = create_engine(store_url)
    for kept, reason in (
        (changed, "differs in reason"),
        ({name: value for name, value in card.items() if name != "snoozes"}, "was snoozed, and that is gone"),
    ):
        with engine.begin() as connection:
            connection.execute(
                text("UPDATE tickets SET card = :card WHERE key = :key"),
                {"card": json.dumps(kept), "key": losing},
            )
        [fault] = verify_journal(ws, ADA).record_faults
        assert reason in fault.reason
    engine.dispose()


def panel(ws, key):
    """What the ticket page prints of its recommended kills."""
    lines = kill_lines(ticket_page(ws, ADA, SLUG, key).kills, SLUG)
    template = environment().get_template("fragments/tickets/_kills.html")
    return template.render(kills=lines, href=f"/p/{SLUG}/t/{key}", csrf_token="token")


def test_ticket_page_has_a_form_to_go_on_and_once_snoozed_who_said_so_and_one_to_wake(ws, losing):
    before = panel(ws, losing)
    assert "Go on all the same" in before
    assert f'action="/p/{SLUG}/t/{losing}/snooze"' in before
    assert '<option value="7" selected>7 days</option>' in before
    assert f'href="/p/{SLUG}/backtest#rules"' in before
    snoozed(ws, losing)
    after = panel(ws, losing)
    assert f"Snoozed until 19 May 2026 by ada: {WHY}" in after
    assert f'action="/p/{SLUG}/t/{losing}/wake"' in after
