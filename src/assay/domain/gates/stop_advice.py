"""Should a run that is under way be stopped? The kill criteria of its ticket and the rules of thumb, asked about this run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from assay.domain.experiments.evidence import Evidence, Run
from assay.domain.experiments.experiment import Lock
from assay.domain.gates.candidates import Choice, choose
from assay.domain.gates.case import Case
from assay.domain.gates.examine import examine
from assay.domain.gates.futility_seen import chances_of, is_futile
from assay.domain.gates.kill_rules import advise_under_way, is_claim_met
from assay.domain.gates.outlook import seen_of
from assay.domain.gates.seed_groups import SeedGroup
from assay.domain.gates.settings import VerdictSettings
from assay.domain.gates.snoozes import Snooze
from assay.domain.gates.verdict import TimeInputs, case_of
from assay.domain.kernel.findings import Finding, Outcome, Role
from assay.domain.kernel.kill_rules import KillRuleName
from assay.domain.kernel.verdicts import RuleAdvice
from assay.domain.stopping.learned import Learned


@dataclass(frozen=True, slots=True, eq=False)
class PastLessons:
    """What past runs taught, and what the rule for futility may do with it.

    Attributes:
        learned: of the metric that decides.
        may_stop: whether its record on past runs allows it to stop a run by itself.
        why: by which record, or what is missing.
    """

    learned: Learned
    may_stop: bool
    why: str


_STOPS = frozenset((KillRuleName.DIVERGED.value,))


@dataclass(frozen=True, slots=True)
class StopAdvice:
    """What the rules say about one run now.

    Attributes:
        stop: True: stop it; False: nothing says so; None: nobody knows, which is no reason to stop.
        rule: the name of the rule, or the text of the kill criterion; empty where none says stop.
        reason: why, in a sentence.
    """

    stop: bool | None
    rule: str
    reason: str


def stop_advice(
    lock: Lock,
    evidence: Evidence,
    run: Run,
    *,
    settings: VerdictSettings,
    time: TimeInputs,
    snoozed: Mapping[str, Snooze] | None = None,
    past: PastLessons | None = None,
) -> StopAdvice:
    """Does a kill criterion of the ticket, or a rule of thumb of the project, say that this run should stop?

    A kill criterion is asked of the configuration of the run, a rule of thumb of its own curves beside those of its peers.
    Rules that compare whole configurations with one another (plateau, gap) say something about the ticket, not about a run
    that has not ended: the verdict has them. A rule that guesses how a run will end may stop it only by its record on past
    runs: futility where that allows it and the run has a budget like theirs; the median of the peers and a loss that does not
    fall have none for a run under way, so they recommend, and the answer says so without a stop. A loss that is no finite
    number is no guess: that run stops.

    Args:
        lock: the ticket's registration.
        evidence: its runs and the baseline's, as far as they are known; of the run itself only `run` counts.
        run: as it is now.
        settings: as the ticket is judged, rules of thumb less those it switched off.
        time: since the lock.
        snoozed: rules that a person overruled for now, by name; they are asked, and stop nothing.
        past: what past runs taught; None where nobody knows, and the rule for futility is not asked.
    """
    others = tuple(one for one in evidence.runs if one.run_id != run.run_id)
    case = case_of(lock, replace(evidence, runs=(*others, run)), settings, time)
    own = next((group for group in case.candidates if run in group.runs), None)
    if own is None:
        why = (
            "it is a baseline"
            if run.arm == "baseline"
            else "it was begun before the lock, so it is no evidence"
        )
        return StopAdvice(None, "", f"no rule is asked about this run: {why}")
    case = replace(case, predicts=False)
    chosen = choose(case, lock)
    among = chosen.among if own in chosen.among else (own,)
    findings = tuple(one.finding for one in examine(case, Choice(own, among, chosen.untested, ())))
    met = [one for one in findings if one.role is Role.KILL and one.outcome is Outcome.MET]
    told = [(one.check, f"the kill criterion '{one.check}' is met: {one.reason}") for one in met]
    advised = _by_rules(case, own, run, findings)
    told += [(one.rule, one.reason) for one in advised if one.rule in _STOPS or one.rule in (snoozed or {})]
    left = [_left(one.rule, "", one.reason) for one in advised if all(one.rule != rule for rule, _ in told)]
    if is_claim_met(findings) or past is None:
        return _answer(told, left, snoozed or {}, "")
    futile, futile_left, chance = _futility(case, own, run, past, snoozed or {})
    return _answer([*told, *futile], [*left, *futile_left], snoozed or {}, chance)


def _by_rules(case: Case, own: SeedGroup, run: Run, findings: Sequence[Finding]) -> tuple[RuleAdvice, ...]:
    alone = replace(own, runs=(run,), memo={})
    beside = replace(case, candidates=tuple(alone if group is own else group for group in case.candidates))
    return advise_under_way(beside, Choice(alone, (alone,), 0, ()), findings)


def _futility(
    case: Case, own: SeedGroup, run: Run, past: PastLessons, snoozed: Mapping[str, Snooze]
) -> tuple[list[tuple[str, str]], list[str], str]:
    """What the rule for futility says: to stop the run, to recommend that, or the chance alone. At most one of them."""
    alone = replace(case, candidates=(replace(own, runs=(run,), memo={}),))
    seen = seen_of(alone, past.learned)
    if seen is None:
        return [], [], ""
    one, text = seen.runs[0], chances_of(seen)[0].text
    if not is_futile(one, seen.level):
        return [], [], text
    if KillRuleName.FUTILITY in snoozed or (past.may_stop and not one.unlike):
        return [(KillRuleName.FUTILITY.value, text)], [], ""
    return [], [_left(KillRuleName.FUTILITY.value, "" if one.unlike else f", for {past.why}", text)], ""


def _left(rule: str, why: str, reason: str) -> str:
    """What a rule says that may not stop a run by itself."""
    return f"the rule '{rule.replace('_', ' ')}' recommends to stop and leaves it to you{why}: {reason}"


def _answer(
    told: Sequence[tuple[str, str]], left: Sequence[str], snoozed: Mapping[str, Snooze], chance: str
) -> StopAdvice:
    for rule, reason in told:
        if rule not in snoozed:
            return StopAdvice(True, rule, reason)
    held = [f"'{rule}' says stop and is {snoozed[rule].text.rstrip('.')}" for rule, _ in told]
    said = [*held, *left] or ["no kill criterion is met, and no rule advises to stop"]
    return StopAdvice(False, "", "; ".join([*said, chance] if chance else said))
