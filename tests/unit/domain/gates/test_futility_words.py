"""What a reader is told of the runs under way."""

from assay.domain.gates.futility_seen import (
    MOST_TOLD,
    FutilitySeen,
    SeenOfRun,
    chances_of,
    futility_reason,
    told_chances,
)
from assay.domain.gates.summary import chance_words
from assay.domain.kernel.verdicts import Recommendation, RuleAdvice, Verdict

PAST = {"past_runs": 64, "past_hits": 38, "recent_hits": 9, "recent_runs": 20, "of_all_problems": 70}
NONE = {"past_runs": 0, "past_hits": 0, "recent_hits": 0, "recent_runs": 0, "of_all_problems": 12}


def seen_of_run(number=1, **changes):
    told = {"run_id": f"lab:{number}", "run": f"run {number}", "steps": 1000, "unlike": False, **PAST}
    return SeenOfRun(**told | {"check": 0.5} | changes)


def seen(*runs, level=0.05, more=0):
    return FutilitySeen(history="sha256:0", level=level, target="85%", runs=runs, more=more)


def verdict(told, advice=()):
    return Verdict(
        recommendation=Recommendation.UNDECIDED,
        headline="",
        detail="",
        findings=(),
        advice=advice,
        chances=chances_of(told),
    )


def test_low_chance_names_what_it_rests_on_and_that_two_checks_say_so():
    told = seen(seen_of_run(chance=0.0433, before=0.031))
    text = (
        "4% chance to reach 85% by step 1,000, learned from 64 past runs of the same problem (38 reached their target, 9 of the last 20); "
        "below 5% at two checks in a row"
    )
    assert chances_of(told)[0].text == text
    assert chances_of(told)[0].futile
    assert futility_reason(told) == text
    assert told_chances(verdict(told)) == (text,)
    assert told_chances(verdict(told, (RuleAdvice(rule="futility", advises_kill=True, reason=text),))) == ()


def test_one_low_check_and_a_chance_at_the_level_are_not_futile():
    for chance, before in ((0.04, 0.05), (0.05, 0.01), (0.04, None)):
        told = seen(seen_of_run(chance=chance, before=before))
        assert not chances_of(told)[0].futile
        assert futility_reason(told) is None
    assert "two in a row are needed" in chances_of(seen(seen_of_run(chance=0.04, before=0.05)))[0].text


def test_ticket_is_futile_only_when_each_of_its_runs_under_way_is():
    low = [seen_of_run(n, chance=0.01, before=0.01) for n in range(3)]
    assert futility_reason(seen(*low)).startswith("each of 3 runs under way; run 0: 1% chance")
    assert futility_reason(seen(*low, seen_of_run(9, chance=0.4, before=0.4))) is None
    assert futility_reason(seen(*low, seen_of_run(9, check=None))) is None
    assert futility_reason(seen(*low, more=1)) is None


def test_what_is_missing_is_said_with_how_many_of_how_many():
    assert chances_of(seen(seen_of_run(check=None, steps=None, unlike=True, **NONE)))[0].text == (
        "nothing known of its chance to reach 85%: too few past runs (12 of 30 in all, 0 of 5 of other tickets that reached their target, "
        "0 of 5 of other tickets that did not; 19 that reached it would do)"
    )
    assert chances_of(seen(seen_of_run(check=None, is_beyond=True)))[0].text.endswith(
        "it has gone past step 1,000, as far as runs like it went"
    )


def test_yardstick_of_past_hits_says_whether_any_was_so_far_behind():
    rare, usual = (chances_of(seen(seen_of_run(p_value=p)))[0] for p in (0.04, 0.4))
    assert (rare.futile, usual.futile) == (True, False)
    assert rare.text == (
        "of 38 past runs of the same problem that reached their target, hardly any was ever so far behind at 50% of the budget (p = 0.04)"
    )
    assert "some were as far behind" in usual.text


def test_many_runs_are_told_in_a_few_sentences_the_least_likely_first():
    runs = [seen_of_run(n, chance=0.9 - n / 100, before=0.9) for n in range(9)]
    said = told_chances(verdict(seen(*runs)))
    assert said[0].startswith("run 8: 82% chance")
    assert said[MOST_TOLD:] == ("4 more runs under way",)
    same = [seen_of_run(n, check=None, **NONE) for n in range(6)]
    [line] = told_chances(verdict(seen(*same)))
    assert line.startswith("run 0 and 5 more: nothing known")
    assert (chance_words(verdict(seen(*runs))), chance_words(verdict(seen(*same)))) == (
        "82% to 90% chance to reach 85%",
        "",
    )


def test_budget_unlike_that_of_past_runs_is_said():
    text = chances_of(seen(seen_of_run(chance=0.01, before=0.01, unlike=True)))[0].text
    assert text.endswith(
        "; its budget of 1,000 steps is unlike that of past runs, so the chance may be wrong"
    )
