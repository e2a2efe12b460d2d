"""The table "From outcomes to results", row by row; the first that applies wins."""

import itertools

import pytest

from assay.domain.gates.decide import EXIT_CODE, Row, cheapest, decide, row_of
from assay.domain.kernel.findings import Finding, Outcome, Role, Settlement
from assay.domain.kernel.verdicts import Recommendation, RuleAdvice


def find(role, outcome, *, settle=None, check="accuracy >= 85%"):
    return Finding(
        check=check, role=role, outcome=outcome, method="m", reason=f"{role} is {outcome}", settle=settle
    )


PRIMARY_MET = find("primary", "met")


@pytest.mark.parametrize(
    ("findings", "row", "recommendation", "exit_code"),
    [
        ([PRIMARY_MET, find("kill", "met")], Row.KILL, "kill", 1),
        ([find("primary", "invalid"), find("kill", "met")], Row.KILL, "kill", 1),
        ([find("primary", "invalid")], Row.INVALID, "undecided", 2),
        ([PRIMARY_MET, find("secondary", "invalid")], Row.INVALID, "undecided", 2),
        ([PRIMARY_MET, find("blocking", "invalid"), find("blocking", "not_met")], Row.INVALID, "undecided", 2),
        ([find("primary", "not_met")], Row.FAIL, "iterate", 1),
        ([find("primary", "not_met"), find("blocking", "unclear")], Row.FAIL, "iterate", 1),
        ([PRIMARY_MET, find("blocking", "not_met")], Row.FAIL, "iterate", 1),
        ([PRIMARY_MET, find("blocking", "no_evidence")], Row.FAIL, "iterate", 1),
        ([find("primary", "unclear")], Row.INCONCLUSIVE, "undecided", 3),
        ([PRIMARY_MET, find("blocking", "unclear")], Row.INCONCLUSIVE, "undecided", 3),
        ([find("primary", "no_evidence")], Row.INCONCLUSIVE, "undecided", 3),
        ([PRIMARY_MET], Row.PASS, "promote", 0),
        ([PRIMARY_MET, find("secondary", "not_met"), find("secondary", "no_evidence")], Row.PASS, "promote", 0),
        ([PRIMARY_MET, find("kill", "not_met"), find("kill", "unclear"), find("kill", "invalid")], Row.PASS, "promote", 0),
        ([], Row.INCONCLUSIVE, "undecided", 3),
        ([find("blocking", "met")], Row.INCONCLUSIVE, "undecided", 3),
    ],
)  # fmt: skip
def test_decide_row_of_the_table_gives_its_result(findings, row, recommendation, exit_code):
    decided = decide(findings)
    assert decided.row is row
    assert decided.recommendation == recommendation
    assert decided.exit_code == exit_code


def test_decide_any_combination_follows_an_independent_reading_of_the_table():
    # Four roles, six states each (the sixth: no such criterion); the table read a second time, as a chain of sets.
    states = [*Outcome, None]
    for combination in itertools.product(states, repeat=4):
        by_role = dict(zip(Role, combination, strict=True))
        findings = [find(role, state) for role, state in by_role.items() if state is not None]
        primary, secondary, blocking, kill = (
            by_role[r] for r in (Role.PRIMARY, Role.SECONDARY, Role.BLOCKING, Role.KILL)
        )
        if kill == "met":
            expected = "kill"
        elif "invalid" in {primary, secondary, blocking}:
            expected = "undecided"
        elif primary == "not_met" or blocking in {"not_met", "no_evidence"}:
            expected = "iterate"
        elif primary in {"unclear", "no_evidence", None} or blocking == "unclear":
            expected = "undecided"
        else:
            expected = "promote"
        assert decide(findings).recommendation == expected, by_role


def test_decide_order_of_findings_does_not_change_the_row():
    findings = [
        PRIMARY_MET,
        find("blocking", "unclear"),
        find("secondary", "invalid"),
        find("kill", "not_met"),
    ]
    assert {row_of(order)[0] for order in itertools.permutations(findings)} == {Row.INVALID}


def test_decide_advice_to_kill_stays_beside_iterate_and_never_changes_it():
    advice = [RuleAdvice(rule="plateau", advises_kill=True, reason="the last 3 groups lie within 1 point")]
    decided = decide([find("primary", "not_met")], advice)
    assert decided.recommendation is Recommendation.ITERATE
    assert "plateau" in decided.detail
    assert decide([PRIMARY_MET], advice).detail == decide([PRIMARY_MET]).detail


def test_decide_undecided_is_called_not_known_yet_and_names_the_cheapest_way_out():
    dear = Settlement(kind="seeds", amount=3, gpu_hours=30, text="3 more seeds would settle it")
    cheap = Settlement(kind="seeds", amount=9, gpu_hours=0.4, text="9 more seeds would settle it")
    hopeless = Settlement(kind="too_close", text="too close to call")
    findings = [find("primary", "unclear", settle=s) for s in (hopeless, dear, cheap)]
    decided = decide(findings)
    assert decided.headline.startswith("Not known yet")
    assert "9 more seeds would settle it" in decided.detail
    assert cheapest(findings) == cheap


def test_decide_every_row_has_an_exit_code_and_only_a_pass_exits_zero():
    assert {row for row, code in EXIT_CODE.items() if code == 0} == {Row.PASS}
    assert set(EXIT_CODE) == set(Row)


@pytest.mark.parametrize(
    ("reason", "metric", "said"),
    [
        ("accuracy 91.0% over 3 seeds: the bound clears 85%", "accuracy", "accuracy 91.0% over 3 seeds: the bound clears 85%."),
        ("sd of accuracy 1.0 point over 5 seeds", "accuracy", "sd of accuracy 1.0 point over 5 seeds."),
        ("p95 of latency is 300 ms", "latency", "p95 of latency is 300 ms."),
        ("all 3 seeds gave 0.5", "accuracy", "All 3 seeds gave 0.5."),
        ("what is not known?", None, "What is not known?"),
    ],
)  # fmt: skip
def test_decide_names_are_not_capitalised_and_words_are(reason, metric, said):
    finding = find("primary", "not_met").model_copy(update={"reason": reason, "metric": metric})
    assert decide([finding]).detail == said
