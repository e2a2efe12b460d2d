"""Findings and verdicts as rows and panels."""

from __future__ import annotations

from assay.domain.experiments.display_findings import shown_finding
from assay.domain.gates.futility_seen import told_chances
from assay.domain.gates.wording import counts_as
from assay.domain.kernel.findings import Counts, Finding
from assay.domain.kernel.metrics import MetricCatalog
from assay.domain.kernel.readings import LAST
from assay.domain.kernel.verdicts import VerdictRecord
from assay.web import wording
from assay.web.contexts.experiment import CriterionRow, VerdictPanel
from assay.workflows.views import CriterionLine, TicketView, VerdictSince


def verdict_panel(
    record: VerdictRecord | None, digest: str | None, since: VerdictSince | None = None
) -> VerdictPanel | None:
    """The verdict at the top of the page."""
    if record is None:
        return None
    verdict = record.verdict
    said = verdict.recommendation.value
    return VerdictPanel(
        tone=said,
        icon=wording.RECOMMENDATION_ICONS[said],
        headline=verdict.headline,
        detail=verdict.detail,
        notes=verdict.notes,
        advice=tuple(
            f"{'Rule advises to stop' if one.advises_kill else 'Escalation'}, {one.rule.replace('_', ' ')}: {one.reason}"
            for one in verdict.advice
            if one.reason.casefold() not in verdict.detail.casefold()
        ),
        chances=told_chances(verdict),
        strictness=_strictness(record),
        digest=digest or "",
        since="" if since is None else since_kill_text(since),
    )


def since_kill_text(since: VerdictSince) -> str:
    """What came after a kill, in one sentence.

    >>> since_kill_text(VerdictSince(1, "promote", "Promote: the primary check is met", "sha256:0a"))
    '1 run came after the kill and is left out here; with it the evidence would say: Promote: the primary check is met.'
    """
    if not since.runs:
        return f"Its evidence was changed after the kill; it would say now: {since.headline}."
    came = wording.plural(since.runs, "run")
    left, them = ("is", "it") if since.runs == 1 else ("are", "them")
    return f"{came} came after the kill and {left} left out here; with {them} the evidence would say: {since.headline}."


def _strictness(record: VerdictRecord) -> str:
    verdict = record.verdict
    point = verdict.point_recommendation
    if verdict.strictness == "point":
        return "Judged by the estimate alone, as the project settings say."
    if point is not None and point is not verdict.recommendation:
        return f"The estimates alone would say: {wording.RECOMMENDATIONS[point.value].lower()}."
    return ""


def criteria_rows(view: TicketView) -> tuple[CriterionRow, ...]:
    """Every criterion with what was found; before a verdict, the criteria alone."""
    if view.verdict is None:
        return tuple(_bare(line, view.metrics) for line in view.criteria)
    return tuple(_row(finding, view.metrics) for finding in view.verdict.verdict.findings)


def _bare(line: CriterionLine, metrics: MetricCatalog) -> CriterionRow:
    metric = metrics.get(line.metric) if line.metric else None
    notes = () if metric is None or metric.reading == LAST else (counts_as(metric),)
    return CriterionRow(
        role=line.role, text=line.text, word="not judged yet", tone="", icon="circle", estimate="", interval="",
        reason="", settle="", notes=notes, facts=(),
    )  # fmt: skip


def _row(finding: Finding, metrics: MetricCatalog) -> CriterionRow:
    word, tone, icon = wording.OUTCOMES[finding.outcome.value]
    if finding.role.value == "kill":
        # A kill criterion that is met stops the experiment; one that is not met is good news.
        tone, icon = {"met": ("kill", "stop"), "not_met": ("", "check")}.get(
            finding.outcome.value, (tone, icon)
        )
    shown = shown_finding(finding, metrics)
    return CriterionRow(
        role=finding.role.value,
        text=finding.check,
        word=word,
        tone=tone,
        icon=icon,
        estimate=shown.estimate,
        interval=shown.interval,
        reason=finding.reason,
        settle=finding.settle.text if finding.settle is not None else "",
        notes=finding.notes,
        facts=_facts(finding),
    )


def _facts(finding: Finding) -> tuple[str, ...]:
    interval = "" if finding.interval is None else f"interval {finding.interval.label}"
    method = "" if finding.method == "none" else finding.method.removeprefix("none, ")
    return tuple(filter(None, (evidence_text(finding.n), method, interval)))


def evidence_text(n: Counts) -> str:
    """How much an estimate rests on, in a few words.

    >>> evidence_text(Counts(seeds=5, examples=500, baseline_seeds=3))
    '5 seeds x 500 examples, baseline 3 seeds'
    """
    parts = [
        wording.plural(count, noun)
        for count, noun in ((n.seeds, "seed"), (n.examples, "example"))
        if count is not None
    ]
    said = " x ".join(parts)
    if not said and n.runs is not None:
        said = wording.plural(n.runs, "run")
    if n.baseline_seeds:
        said = f"{said}, baseline {wording.plural(n.baseline_seeds, 'seed')}" if said else said
    return said
