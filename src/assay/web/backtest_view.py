"""The back-test of kill rules as the page prints it."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

from assay.domain.gates.rule_values import OFF
from assay.domain.kernel.findings import ShownInterval
from assay.domain.stopping.tuning import LEAST_HITS
from assay.errors import AssayError
from assay.web import backtest_words as words
from assay.web import wording
from assay.web.back_tests import BackTestJob
from assay.web.charts import back_tests as charts
from assay.web.contexts.backtest import (
    BackTestAtWork,
    BackTestPage,
    ChangeLine,
    RuleLine,
    StoppedRun,
    TakenBack,
    ValueLine,
    ValuesBlock,
)
from assay.web.contexts.board import Fact
from assay.web.contexts.ticket_form import Choice
from assay.web.gate_bars import Measure, bars
from assay.web.run_view import run_href
from assay.workflows.back_test_views import BackTestView, KilledRun, RuleRecord, RuleSetting, TriedValue
from assay.workflows.backtest import MOST_RUNS, NEWEST_RUNS
from assay.workflows.kill_settings import RulesChange
from assay.workflows.records import Project

NEWEST = (100, NEWEST_RUNS, 1000, MOST_RUNS)
RUNS_SHOWN = 20
_ADVICE = {
    "use": ("Use the best value", "promote"),
    "off": ("Switch it off", "kill"),
    "leave": ("Leave it", ""),
}


def address(slug: str, newest: int, **asked: str) -> str:
    """The page, asked for so many runs."""
    query = {"runs": str(newest)} if newest != NEWEST_RUNS else {}
    query |= {name: value for name, value in asked.items() if value}
    return f"/p/{slug}/backtest{f'?{urlencode(query)}' if query else ''}"


def at_work(slug: str, newest: int, job: BackTestJob) -> BackTestAtWork:
    """How far a back-test is."""
    doing = f"Replaying {words.rule_name(job.doing)} over past runs" if job.doing else "Reading past runs"
    of_all = f", rule {job.done + 1} of {job.total}" if job.total else ""
    asked = urlencode({"runs": newest})
    return BackTestAtWork(
        text=f"{doing}{of_all}",
        width=wording.percent_of_bar(max(0.04, job.done / job.total if job.total else 0.0)) or "4%",
        progress_href=f"/p/{slug}/backtest/progress?{asked}",
        wait_href=address(slug, newest, wait="yes"),
    )


def backtest_page(
    project: Project,
    job: BackTestJob,
    *,
    newest: int,
    rule: str,
    last: RulesChange | None,
    csrf_token: str,
    problem: AssayError | None = None,
) -> BackTestPage:
    """Everything the page prints: the answer, or how far it is."""
    slug, view = project.slug, job.view
    said = problem.message if problem is not None else job.problem
    shown = view if view is not None and not view.missing else None
    chosen = next((one for one in shown.rules if one.rule == rule), None) if shown else None
    unchanged, icon = _unchanged(shown) if shown else ("", "")
    query = f"?{urlencode({'runs': newest})}" if newest != NEWEST_RUNS else ""
    return BackTestPage(
        here=f"/p/{slug}/backtest",
        settings_href=f"/p/{slug}/settings",
        csrf_token=csrf_token,
        version=project.version,
        newest=tuple(Choice(str(n), f"the newest {n:,}", n == newest) for n in sorted({*NEWEST, newest})),
        at_work=None if view is not None or said else at_work(slug, newest, job),
        problem=said,
        problem_hint=problem.hint if problem is not None else "",
        missing=view.missing if view is not None else "",
        facts=_facts(shown) if shown else (),
        changes=_changes(shown) if shown else (),
        best=shown.best_kill_rules.model_dump_json() if shown and shown.changes else "",
        unchanged=unchanged,
        unchanged_icon=icon,
        taken_back=_taken_back(last),
        rules=_rules(shown, slug, newest) if shown else (),
        charts=charts.boxes(shown, slug, query) if shown else (),
        values=tuple(_values(one, shown.limit) for one in shown.rules if len(one.values) > 1)
        if shown
        else (),
        runs_title=f"Runs that {words.rule_name(chosen.rule)} would have stopped"
        if chosen
        else "Winners that would have been killed",
        runs_note=_runs_note(shown, chosen) if shown else "",
        runs=_runs(shown, chosen, slug) if shown else (),
        rule_choices=_rule_choices(shown, chosen) if shown else (),
        left_out=tuple((wording.plural(one.runs, "run"), one.why) for one in view.left_out) if view else (),
        not_replayed=tuple((words.rule_name(one.rule), one.why) for one in shown.not_replayed)
        if shown
        else (),
        about=_about(shown) if shown else "",
    )


def _facts(view: BackTestView) -> tuple[Fact, ...]:
    allowed = [words.rule_name(one.rule) for one in view.rules if one.may_stop]
    within = [
        one
        for one in view.rules
        if one.saved is not None
        and one.winners_killed_share is not None
        and one.winners_judged >= LEAST_HITS
        and one.winners_killed_share <= view.limit
    ]
    best = max(within, key=lambda one: one.saved.value if one.saved else 0.0, default=None)
    return (
        Fact("Replayed", wording.plural(view.runs, "run"), _read(view)),
        Fact("Winners", f"{view.winners:,}", "reached their target"),
        Fact(
            f"Most saved at {words.percent(view.limit)} of winners",
            words.saved(best.saved) if best else wording.UNKNOWN,
            f"by {words.rule_name(best.rule)}, of the compute of doomed runs"
            if best
            else f"no rule within it could judge {LEAST_HITS} winners",
        ),
        Fact(
            "May stop runs alone", f"{len(allowed)} of {len(view.rules)}", ", ".join(allowed) or "no rule yet"
        ),
    )


def _read(view: BackTestView) -> str:
    """Of how many."""
    tickets = wording.plural(view.tickets, "ticket")
    if view.newest is not None:
        return f"of the newest {view.newest:,} of {view.runs_over:,} that are over, {tickets}"
    return f"of {view.runs_over:,} that are over, {tickets}"


def _changes(view: BackTestView) -> tuple[ChangeLine, ...]:
    rules = {one.rule: one for one in view.rules}
    return tuple(_change(one, rules[one.rule], view.limit) for one in view.changes)


def _change(one: RuleSetting, rule: RuleRecord, limit: float) -> ChangeLine:
    return ChangeLine(
        rule=one.rule,
        name=words.rule_name(one.rule),
        before=one.before,
        after=one.after,
        why=rule.advice_why,
        elsewhere=words.elsewhere(rule.elsewhere, limit)
        if one.after != OFF
        else "off kills and saves nothing",
    )


def _unchanged(view: BackTestView) -> tuple[str, str]:
    """Why there is nothing to change, with an icon; both empty where there is."""
    if view.changes:
        return "", ""
    if all(one.advice == "leave" for one in view.rules):
        return "These runs do not say enough to choose a value by; the settings stay as they are.", "question"
    return "Every rule has the setting that these runs ask for, or too few of them say.", "check"


def _taken_back(last: RulesChange | None) -> TakenBack | None:
    if last is None:
        return None
    told = "; ".join(f"{words.rule_name(one.rule)} from {one.before} to {one.after}" for one in last.changes)
    return TakenBack(
        text=f"{last.by} changed the rules on {wording.minute(last.at)}: {told or 'values of rules that are off'}.",
        seq=last.seq,
    )


def _rules(view: BackTestView, slug: str, newest: int) -> tuple[RuleLine, ...]:
    drawn = bars([_measure(one, view.limit) for one in view.rules])
    return tuple(
        RuleLine(
            name=words.rule_name(one.rule),
            asks=words.rule_in_words(one),
            note=f"replayed {one.note}" if one.note else "",
            is_on=one.enabled,
            killed=words.killed(one),
            killed_span=words.killed_span(one),
            bar=bar,
            doomed=f"{one.doomed_killed} of {one.doomed}" if one.saved is not None else wording.UNKNOWN,
            saved=words.saved(one.saved),
            saved_span=_saved_rest(one),
            word="may stop" if one.may_stop else "recommends",
            tone="promote" if one.may_stop else "iterate",
            icon="check" if one.may_stop else "hand",
            why=one.why,
            winners_href=f"{address(slug, newest, rule=one.rule)}#runs" if one.winners_killed else "",
            runs_href=f"{address(slug, newest, rule=one.rule)}#runs" if one.killed_total else "",
        )
        for one, bar in zip(view.rules, drawn, strict=True)
    )


def _saved_rest(one: RuleRecord) -> str:
    hours = "" if one.saved_gpu_hours is None else words.gpu_hours(one.saved_gpu_hours)
    return ", ".join(text for text in (words.saved_span(one.saved), hours) if text)


def _measure(one: RuleRecord, limit: float) -> Measure | None:
    if one.winners_killed_share is None:
        return None
    over = one.winners_killed_at_most is not None and one.winners_killed_at_most > limit
    return Measure(
        group="winners killed",
        estimate=one.winners_killed_share,
        interval=ShownInterval(
            low=one.winners_killed_at_least,
            high=one.winners_killed_at_most,
            confidence=0.9,
            label="90% (Clopper-Pearson)",
        ),
        threshold=limit,
        zero=False,
        tone=("kill" if one.winners_killed_share > limit else "iterate") if over else "promote",
        form=words.percent,
    )


def _values(rule: RuleRecord, limit: float) -> ValuesBlock:
    advice, tone = _ADVICE[rule.advice]
    if rule.advice == "use" and any(one.is_best and one.is_now for one in rule.values):
        advice = "Keep it"
    return ValuesBlock(
        name=words.rule_name(rule.rule),
        advice=advice,
        tone=tone,
        why=rule.advice_why,
        elsewhere=words.elsewhere(rule.elsewhere, limit),
        opened=rule.advice != "leave",
        rows=tuple(_value(one, is_off=rule.enabled is False) for one in rule.values),
    )


def _value(one: TriedValue, *, is_off: bool) -> ValueLine:
    return ValueLine(
        value=one.value,
        now=("set, but off" if is_off else "set now") if one.is_now else "",
        is_best=one.is_best,
        killed=words.killed(one),
        at_most=words.percent(one.winners_killed_at_most),
        doomed=str(one.doomed_killed),
        saved=words.saved(one.saved),
    )


def _runs(view: BackTestView, chosen: RuleRecord | None, slug: str) -> tuple[StoppedRun, ...]:
    if chosen is not None:
        return tuple(_run(slug, one, [(chosen.rule, one.stopped_at)]) for one in chosen.killed)
    good: dict[str, tuple[KilledRun, list[tuple[str, float]]]] = {}
    for rule in view.rules:
        for one in rule.killed:
            if one.won:
                good.setdefault(one.run_id, (one, []))[1].append((rule.rule, one.stopped_at))
    worst = sorted(good.values(), key=lambda found: (-len(found[1]), found[0].run_id))
    return tuple(_run(slug, one, stops) for one, stops in worst[:RUNS_SHOWN])


def _run(slug: str, one: KilledRun, stops: Iterable[tuple[str, float]]) -> StoppedRun:
    return StoppedRun(
        name=one.name or one.run_id,
        href=run_href(slug, one.run_id),
        ticket=one.ticket,
        ticket_href=f"/p/{slug}/t/{one.ticket}",
        tracker_href=wording.safe_link(one.url),
        stopped=", ".join(f"{words.rule_name(rule)} at {at:.0%}" for rule, at in stops),
        won=one.won,
    )


def _runs_note(view: BackTestView, chosen: RuleRecord | None) -> str:
    if chosen is not None:
        shown = len(chosen.killed)
        return f"{chosen.killed_total:,} in all" + (
            f", the first {shown}, winners first" if shown < chosen.killed_total else ", winners first"
        )
    good = {one.run_id for rule in view.rules for one in rule.killed if one.won}
    if not good:
        return ""
    first = f", the {RUNS_SHOWN} that most rules stop" if len(good) > RUNS_SHOWN else ""
    return f"{len(good):,} of {view.winners:,} winners by at least one rule{first}; when, as a share of their budget"


def _rule_choices(view: BackTestView, chosen: RuleRecord | None) -> tuple[Choice, ...]:
    return (
        Choice("", "any rule, winners only", chosen is None),
        *(
            Choice(one.rule, f"{words.rule_name(one.rule)}, all it stops", one is chosen)
            for one in view.rules
            if one.killed_total
        ),
    )


def _about(view: BackTestView) -> str:
    unit = (
        "GPU-hours"
        if view.compute_in == "GPU-hours"
        else "budgets, each counted as one, for not every run says its GPU-hours"
    )
    return f"Compute is counted in {unit}. Runs of the same metric and data set are compared: {', '.join(view.problems[:5])}{', ...' if len(view.problems) > 5 else ''}."
