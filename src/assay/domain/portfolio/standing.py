"""How does a project stand against the numbers on its canvas? Judged by the engine that also judges its tickets."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from assay.domain.experiments.criteria.model import Criterion, Percentile, Threshold
from assay.domain.experiments.criteria.text import criterion_text, parse_draft
from assay.domain.kernel.canonical import canonical_bytes, digest_bytes
from assay.domain.kernel.findings import Finding, Lacks, Outcome, Role, Settlement
from assay.domain.kernel.metrics import Direction, MetricCatalog
from assay.domain.kernel.model import Value
from assay.domain.portfolio.canvas import Canvas, criteria_of
from assay.errors import Invalid

MOST_JUDGED = 20
"""So many tickets are judged for a kill criterion, the best first; what measured worse is not looked at."""
_SILENT = (Outcome.INVALID, Outcome.NO_EVIDENCE)

Subject = tuple[str, str]
"""Metric, and which percentile of it; empty for its mean."""


class Measure(NamedTuple):
    """What a ticket is known to have measured."""

    ticket: str
    subject: Subject
    value: float | None
    """None where its lock reads another value of the runs than is declared now: it is judged anew, and ranked with nothing."""


class Reading(Value):
    """Today's value of one number on the canvas."""

    place: str
    """Where it stands, such as `success[0]`."""
    finding: Finding
    ticket: str | None = None
    """Whose evidence it was judged on; None where there is none."""
    tickets: int = 0
    """Locked tickets that measured it."""

    def told(self) -> dict[str, str | float | int | None]:
        """What the journal tells of it."""
        return {
            "place": self.place,
            "check": self.finding.check,
            "outcome": self.finding.outcome.value,
            "estimate": self.finding.estimate,
            "ticket": self.ticket,
            "tickets": self.tickets,
        }


class Standing(Value):
    """Today's values of every number on a canvas."""

    canvas_version: int
    inputs: str
    """Digest of what it was made of: canvas and verdicts."""
    readings: tuple[Reading, ...] = ()

    def at(self, place: str) -> Reading | None:
        """The reading of one place."""
        return next((one for one in self.readings if one.place == place), None)


def inputs_digest(canvas: Canvas, metrics: MetricCatalog, verdicts: Iterable[tuple[str, str]]) -> str:
    """What names the inputs of a standing? Equal inputs need not be judged again."""
    told = {
        "canvas": canvas.model_dump(mode="json"),
        "metrics": metrics.model_dump(mode="json"),
        "verdicts": [list(one) for one in verdicts],
    }
    return digest_bytes(canonical_bytes(told))


def measures_of(
    ticket: str, findings: Iterable[Mapping[str, object]], metrics: MetricCatalog
) -> list[Measure]:
    """What did a ticket measure, by the stored findings of its verdict? Differences to a baseline are no level."""
    found = []
    for finding in findings:
        subject, value = _subject_of_check(str(finding.get("check", "")), metrics), finding.get("estimate")
        if subject is not None and isinstance(value, int | float) and finding.get("outcome") != "invalid":
            found.append(Measure(ticket, subject, float(value)))
    return found


def _subject_of_check(check: str, metrics: MetricCatalog) -> Subject | None:
    try:
        draft = parse_draft(check)
    except Invalid:
        return None
    metric = metrics.get(draft.subject)
    if metric is None or draft.kind not in ("threshold", "percentile"):
        return None
    return metric.name, "" if draft.percent is None else str(draft.percent.normalize())


def subject_of(criterion: Criterion, metrics: MetricCatalog) -> Subject | None:
    """What does a number on the canvas speak about? None where its metric is not declared."""
    test = criterion.test
    metric = metrics.get(criterion.metric or "")
    if metric is None or not isinstance(test, Threshold | Percentile):
        return None
    return metric.name, "" if isinstance(test, Threshold) else str(test.percent.normalize())


def best_first(criterion: Criterion, measures: Iterable[Measure], metrics: MetricCatalog) -> tuple[str, ...]:
    """Which tickets measured this, the best value first? Each once, with the best it measured.

    Those whose values cannot be compared come last; of a kill criterion first, for each of them may speak against it.
    """
    subject = subject_of(criterion, metrics)
    if subject is None:
        return ()
    higher = metrics.require(subject[0]).direction is Direction.HIGHER
    unknown = -math.inf if criterion.role is Role.KILL else math.inf
    best: dict[str, float] = {}
    for one in measures:
        if one.subject == subject:
            value = unknown if one.value is None else -one.value if higher else one.value
            best[one.ticket] = min(value, best.get(one.ticket, value))
    return tuple(sorted(best, key=lambda key: (best[key], key)))


Judge = Callable[[str, Criterion, int], Finding]
"""What does the evidence of this ticket say about a criterion, chosen as the best of so many?"""


def read_canvas(
    canvas: Canvas, measures: Sequence[Measure], metrics: MetricCatalog, judge: Judge
) -> tuple[Reading, ...]:
    """Today's value of every number on the canvas.

    A number to reach is judged on the ticket that measured it best, its level divided by how many measured it. A kill
    criterion is met when it is met for every ticket that measured it: the claim is about all of them, so none is chosen.
    """
    return tuple(
        _reading(place, criterion, best_first(criterion, measures, metrics), metrics, judge)
        for place, criterion in criteria_of(canvas)
    )


def _reading(
    place: str, criterion: Criterion, tickets: Sequence[str], metrics: MetricCatalog, judge: Judge
) -> Reading:
    kills = criterion.role is Role.KILL
    silent: Reading | None = None
    shown: Reading | None = None
    for key in tickets[:MOST_JUDGED]:
        finding = judge(key, criterion, 1 if kills else len(tickets))
        reading = Reading(place=place, finding=finding, ticket=key, tickets=len(tickets))
        if finding.outcome in _SILENT:
            silent = silent or reading
        elif not kills or finding.outcome is not Outcome.MET:
            return reading
        else:
            shown = shown or reading
    return shown or silent or Reading(place=place, finding=_not_measured(criterion, metrics))


def _not_measured(criterion: Criterion, metrics: MetricCatalog) -> Finding:
    declared = metrics.get(criterion.metric or "")
    return Finding(
        check=criterion_text(criterion, metrics=metrics),
        role=criterion.role,
        outcome=Outcome.NO_EVIDENCE,
        metric=criterion.metric,
        unit=None if declared is None else declared.unit.value,
        lacks=Lacks.NOTHING_MEASURED,
        method="none",
        reason=f"no locked ticket has measured {criterion.metric}",
        settle=Settlement(
            kind="measure", text=f"an experiment that claims something about {criterion.metric}"
        ),
    )
