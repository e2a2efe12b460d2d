"""On the team's own past runs: what would each kill rule have saved, and which good runs would it have killed?"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from assay.domain.gates.past_targets import NOT_REPLAYED, PastTarget
from assay.domain.gates.rule_values import changes, taken
from assay.domain.gates.settings import KillRules
from assay.domain.kernel.kill_rules import KillRuleName
from assay.domain.stopping.backtest import FALSE_KILL_LIMIT, MayStop
from assay.domain.stopping.chances import LOOKED_AT, ChanceGroup
from assay.domain.stopping.futility import LEAST_OF_PROBLEM, LEAST_PAST_RUNS
from assay.domain.stopping.history import (
    FEWEST_EVALUATIONS,
    History,
    LeftOut,
    Record,
    history_of,
)
from assay.domain.stopping.tuning import DEFAULT_LEVEL
from assay.errors import NotFound
from assay.stats.conformal_gap import hits_needed
from assay.workflows.actor import Actor, Permission
from assay.workflows.back_test_ports import EndedRun
from assay.workflows.back_test_values import (
    Chance,
    TriedRule,
    at_least,
    elsewhere,
    saved,
    tried_futility,
    tried_rule,
    values,
)
from assay.workflows.back_test_views import (
    BackTestView,
    KilledRun,
    LeftOutRuns,
    NotReplayed,
    RuleRecord,
    RuleSetting,
)
from assay.workflows.lookup import required_project
from assay.workflows.past_runs import NEWEST_RUNS, past_runs
from assay.workflows.ports import Workspace

__all__ = ["MOST_RUNS", "NEWEST_RUNS", "back_test_rules", "past_digest"]
MOST_RUNS = 3000
KILLED_SHOWN = 200
FUTILITY = KillRuleName.FUTILITY.value
SEED = 34
"""Of the bootstrap over problems: the same history gives the same answer on every face."""
AtWork = Callable[[str, int, int], None]
_ASKED = [rule.value for rule in KillRuleName if rule not in NOT_REPLAYED]
RULES = (FUTILITY, *sorted(name for name in _ASKED if name != FUTILITY))


def past_digest(ws: Workspace, actor: Actor, slug: str, *, newest: int = NEWEST_RUNS) -> str:
    """What says the same as long as a back-test does: a digest of the runs and locks that it reads, and of the settings."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        settings = project.settings.verdicts.kill_rules
        return f"{tx.past_digest(project.id, limit=newest)} {newest} {settings.model_dump_json()}"


def back_test_rules(
    ws: Workspace,
    actor: Actor,
    slug: str,
    *,
    chance: Chance,
    rule: str | None = None,
    newest: int = NEWEST_RUNS,
    at_work: AtWork | None = None,
) -> BackTestView:
    """What would each kill rule have done to the project's newest past runs?

    Args:
        ws: where they are kept.
        actor: who asks.
        slug: the project.
        chance: for the bootstrap over problems, asked once a replay.
        rule: only this one.
        newest: at most so many runs, 1 to 3000.
        at_work: told which rule is replayed next, how many are done, and how many there are.

    Raises:
        NotFound: no such project, or no such rule.
    """
    actor.require(Permission.READ)
    _check_rule(rule)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        settings = project.settings.verdicts.kill_rules
        read = past_runs(tx, project.id, newest)
    past, total = history_of(read.found), read.over
    tried, chances = _tried(past, read.targets, settings, rule, chance, at_work)
    left_out, best = dict(past.left_out), _best(settings, tried)
    return BackTestView(
        runs=len(past.runs),
        winners=int(past.runs.hit.sum()),
        tickets=past.tickets,
        problems=past.problems,
        runs_over=total,
        newest=newest if total > newest else None,
        left_out=tuple(LeftOutRuns(left_out[why], why.words) for why in LeftOut if left_out.get(why)),
        compute_in=past.unit if past.records else None,
        limit=FALSE_KILL_LIMIT,
        missing=_missing(past, total),
        chances_at=LOOKED_AT,
        chances=chances,
        rules=tuple(_told(name, one, past, read.by_id, settings) for name, one in tried.items()),
        not_replayed=tuple(
            NotReplayed(name.value, why) for name, why in NOT_REPLAYED.items() if rule in (None, name)
        ),
        settings_version=project.version,
        kill_rules=settings,
        best_kill_rules=best,
        changes=tuple(RuleSetting(one.rule.value, one.before, one.after) for one in changes(settings, best)),
    )


def _check_rule(rule: str | None) -> None:
    if rule is not None and rule not in (*RULES, *NOT_REPLAYED):
        raise NotFound(
            f"cannot back-test rule {rule[:40]!r}: there is none of this name (expected one of: {', '.join(RULES)})",
            hint="assay backtest",
            code="kill-rule-unknown",
        )


def _tried(
    past: History,
    targets: Mapping[str, PastTarget],
    settings: KillRules,
    only: str | None,
    chance: Chance,
    at_work: AtWork | None,
) -> tuple[Mapping[str, TriedRule], tuple[ChanceGroup, ...]]:
    """Every rule that was asked for with its values, and what became of the chances that the rule for futility gave."""
    if not past.records:
        return {}, ()
    metrics = {number: targets[name].metric for number, name in enumerate(past.problems)}
    asked = [name for name in RULES if only in (None, name)]
    chances: tuple[ChanceGroup, ...] = ()
    tried: dict[str, TriedRule] = {}
    for done, name in enumerate(asked):
        if at_work is not None:
            at_work(name, done, len(asked))
        if name == FUTILITY:
            tried[name], chances = tried_futility(settings, past, chance)
        else:
            tried[name] = tried_rule(KillRuleName(name), settings, metrics, past, chance)
    return tried, chances


def _best(settings: KillRules, tried: Mapping[str, TriedRule]) -> KillRules:
    best = settings
    for name, one in tried.items():
        best = taken(best, one.wanted, [KillRuleName(name)])
    return best


def _told(
    name: str,
    tried: TriedRule,
    past: History,
    by_id: Mapping[str, EndedRun],
    settings: KillRules,
) -> RuleRecord:
    tested, judged, verdict = tried.record.tested, tried.record.judged, tried.record.verdict
    answered = judged.hits + judged.misses
    killed = _killed(tried.record, past, by_id)
    part = saved(tried.record)
    return RuleRecord(
        rule=name,
        asks=tested.rule.removeprefix(f"{name}: "),
        note=tried.note,
        enabled=KillRuleName(name) in settings.enabled,
        winners=tested.hits,
        winners_judged=judged.hits,
        winners_killed=tested.hits_stopped,
        winners_killed_share=None if judged.false_kill is None else judged.false_kill.value,
        winners_killed_at_least=at_least(tried.record),
        winners_killed_at_most=judged.false_kill_upper,
        doomed=tested.misses,
        doomed_killed=tested.misses_stopped,
        unanswered=tested.unanswered,
        saved=part,
        saved_gpu_hours=tested.saved_compute if part is not None and past.unit == "GPU-hours" else None,
        may_stop=isinstance(verdict, MayStop),
        why=_why(tried.record, "" if answered else _LACKS.get(name, _lacks_nothing)(past)),
        killed=killed[:KILLED_SHOWN],
        killed_total=len(killed),
        values=values(tried),
        advice=tried.chosen.advice.value,
        advice_why=tried.chosen.why,
        elsewhere=elsewhere(tried),
    )


def _why(record: Record, lacks: str) -> str:
    verdict = record.verdict
    if isinstance(verdict, MayStop):
        never = not (record.tested.hits_stopped or record.tested.misses_stopped)
        idle = "; it would have stopped no run, so it is of no use here either" if never else ""
        return f"it kills at most {verdict.upper:.1%} of winners (limit {verdict.limit:.1%}){idle}"
    return f"{verdict.reason}: {lacks}" if lacks else verdict.reason


def _killed(record: Record, past: History, by_id: Mapping[str, EndedRun]) -> tuple[KilledRun, ...]:
    rows = np.flatnonzero(~np.isnan(record.stopped_at)).tolist()
    found = [
        KilledRun(
            run_id=run.run_id,
            name=run.name,
            ticket=run.ticket,
            won=bool(past.runs.hit[row]),
            stopped_at=float(record.stopped_at[row]),
            url=run.url,
        )
        for row in rows
        for run in (by_id[past.records[row].run_id],)
    ]
    return tuple(sorted(found, key=lambda one: (not one.won, one.run_id)))


def _missing(past: History, total: int) -> str:
    if past.records:
        return ""
    if not total:
        return "no run of a ticket with locked criteria is over"
    return f"none of the runs that are over can be used: each needs a curve of at least {FEWEST_EVALUATIONS} evaluations of the metric of its first primary criterion"


def _lacks_history(past: History) -> str:
    fullest = max(
        ((past.runs.hit[past.runs.problem == number]) for number in range(len(past.problems))),
        key=len,
    )
    return (
        f"it learns from other tickets, {LEAST_PAST_RUNS} runs with {LEAST_OF_PROBLEM} winners and {LEAST_OF_PROBLEM} others of the same "
        f"metric and data set, or {hits_needed(DEFAULT_LEVEL)} winners; there are {len(past.runs)} runs of {past.tickets} "
        f"{'ticket' if past.tickets == 1 else 'tickets'}, at most {int(fullest.sum())} winners and {int((~fullest).sum())} others of one"
    )


def _lacks_peers(past: History) -> str:
    return (
        f"it compares with runs of other tickets; there {'is' if past.tickets == 1 else 'are'} {past.tickets}"
    )


def _lacks_unit(past: History) -> str:
    return f"its value is for metrics that are fractions; here {', '.join(past.problems[:3])}"


def _lacks_tolerance(past: History) -> str:
    return f"no tolerance is set for a metric that is no fraction; here {', '.join(past.problems[:3])}"


def _lacks_nothing(_: History) -> str:
    return "every run was over before it could be asked"


_LACKS: Mapping[str, Callable[[History], str]] = {
    FUTILITY: _lacks_history,
    KillRuleName.MEDIAN: _lacks_peers,
    KillRuleName.GAP: _lacks_unit,
    KillRuleName.PLATEAU: _lacks_tolerance,
}
