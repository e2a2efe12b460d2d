"""Should a run that is under way be stopped? The kill criteria of its ticket and the rules of thumb, asked about this run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from assay.domain.experiments.evidence import Evidence, Run
from assay.domain.experiments.experiment import Lock
from assay.domain.gates.candidates import Choice, choose
from assay.domain.gates.case import Case
from assay.domain.gates.examine import examine
from assay.domain.gates.kill_rules import advise_under_way
from assay.domain.gates.seed_groups import SeedGroup
from assay.domain.gates.settings import VerdictSettings
from assay.domain.gates.verdict import TimeInputs, case_of
from assay.domain.kernel.findings import Finding, Outcome, Role


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
    lock: Lock, evidence: Evidence, run: Run, *, settings: VerdictSettings, time: TimeInputs
) -> StopAdvice:
    """Does a kill criterion of the ticket, or a rule of thumb of the project, say that this run should stop?

    A kill criterion is asked of the configuration of the run, a rule of thumb of its own curves beside those of its peers.
    Rules that compare whole configurations with one another (plateau, gap) say something about the ticket, not about a run
    that has not ended: the verdict has them.

    Args:
        lock: the ticket's registration.
        evidence: its runs and the baseline's, as far as they are known; of the run itself only `run` counts.
        run: as it is now.
        settings: as the ticket is judged, rules of thumb less those it switched off.
        time: since the lock.
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
    met = next((one for one in findings if one.role is Role.KILL and one.outcome is Outcome.MET), None)
    if met is not None:
        return StopAdvice(True, met.check, f"the kill criterion '{met.check}' is met: {met.reason}")
    return _by_rules(case, own, run, findings)


def _by_rules(case: Case, own: SeedGroup, run: Run, findings: Sequence[Finding]) -> StopAdvice:
    alone = replace(own, runs=(run,), memo={})
    beside = replace(case, candidates=tuple(alone if group is own else group for group in case.candidates))
    told = advise_under_way(beside, Choice(alone, (alone,), 0, ()), findings)
    if told:
        return StopAdvice(True, told[0].rule, told[0].reason)
    return StopAdvice(False, "", "no kill criterion is met, and no rule advises to stop")
