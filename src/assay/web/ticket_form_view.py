"""The ticket form as a page, and the check beside it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from assay.domain.experiments.experiment import Axis, Mode
from assay.domain.experiments.type_fields import DataStage
from assay.domain.kernel.ids import TicketType
from assay.domain.kernel.kill_rules import KillRuleName
from assay.domain.kernel.metrics import Metric, MetricCatalog, Unit
from assay.web import wording
from assay.web.contexts.ticket_form import (
    BaselineRow,
    Check,
    Choice,
    NeedRow,
    SimilarTicket,
    TicketForm,
    Typed,
    Wrong,
)
from assay.web.prediction_form import FIELDS, size_fields
from assay.web.ticket_draft import Draft
from assay.workflows.records import Ticket
from assay.workflows.views import DraftCheck, SearchHit

UNIT_WORDS = {
    Unit.FRACTION: "fraction, shown as percent",
    Unit.NUMBER: "number without a unit",
    Unit.COUNT: "count",
}
STAGE_WORDS = {
    DataStage.NEEDED: "Data needed",
    DataStage.COLLECTION: "Collection",
    DataStage.ANNOTATION: "Annotation",
    DataStage.QA: "QA",
    DataStage.READY: "Ready",
}
_STAGES = (("", "Not said"), *((stage.value, words) for stage, words in STAGE_WORDS.items()))
_SHOWN = frozenset(Typed.__dataclass_fields__) | {"metric", "metric_unit", "budget"}
"""Fields that say beside them what is wrong; what is wrong elsewhere stands on top of the form."""
_PRIORITIES = (("0", "Urgent"), ("1", "High"), ("2", "Normal"), ("3", "Low"), ("4", "Lowest"))
_CRITERIA = (
    ("primary", "Primary", "What the hypothesis claims. All of them have to be shown."),
    ("secondary", "Secondary", "Wanted, never blocking."),
    ("blocking", "Blocking", "Safety and regression: one failure stops promotion."),
    ("kill", "Kill", "When to stop."),
)
_PURPOSES = {
    ("spike", "primary"): "The expected metric: the number that would answer the question.",
    ("data", "primary"): "The quality gate: at which quality the data is accepted.",
    ("engineering", "primary"): "A target beyond latency and cost.",
    ("feature", "primary"): "Acceptance: the numbers it is accepted by.",
}
"""What a role is for on tickets that are no experiments."""


def form_page(
    slug: str,
    typed: Typed,
    catalog: MetricCatalog,
    *,
    csrf_token: str,
    ticket: Ticket | None,
    check: Check,
    wrong: Iterable[Wrong] = (),
    summary: str = "",
    notice: str = "",
    meanwhile: tuple[tuple[str, str], ...] = (),
    metric_name: str = "",
    templates: Iterable[str] = (),
) -> TicketForm:
    """The form, empty, filled from a ticket, or with what was typed and what is wrong with it."""
    href = f"/p/{slug}/t/{ticket.key}" if ticket is not None else f"/p/{slug}/t"
    by_field: dict[str, list[Wrong]] = defaultdict(list)
    for one in wrong:
        by_field[one.field if one.field in _SHOWN else ""].append(one)
    examples = _examples(catalog)
    return TicketForm(
        heading=f"Edit {ticket.key}" if ticket is not None else "New ticket",
        action=f"{href}/edit" if ticket is not None else f"{href}/new",
        check_href=f"/p/{slug}/t/check" + (f"?exclude={ticket.key}" if ticket is not None else ""),
        back=href if ticket is not None else f"/p/{slug}/board",
        csrf_token=csrf_token,
        version=ticket.version if ticket is not None else None,
        locked=ticket is not None and ticket.lock is not None,
        is_new=ticket is None,
        typed=typed,
        types=_choices(((kind.value, kind.value.capitalize()) for kind in TicketType), typed.type),
        modes=_choices((("", "Not said"), *((m.value, m.value.capitalize()) for m in Mode)), typed.mode),
        axes=_choices((("", "Not said"), *((a.value, a.value.capitalize()) for a in Axis)), typed.axis),
        priorities=_choices(_PRIORITIES, typed.priority),
        units=_choices(((u.value, UNIT_WORDS.get(u, u.value)) for u in Unit), Unit.FRACTION.value),
        rules=_rules(typed),
        metrics=tuple(metric.name for metric in catalog.metrics),
        metric_name=metric_name,
        wrong={name: tuple(found) for name, found in by_field.items()},
        summary=summary,
        check=check,
        notice=notice,
        meanwhile=meanwhile,
        baseline_rows=(*typed.baselines, BaselineRow()),
        need_rows=(*typed.needs, NeedRow()),
        templates=tuple((name, f"/p/{slug}/t/new?template={name}") for name in templates),
        templates_href=f"/p/{slug}/templates",
        rescopes=ticket is not None and ticket.content.type is TicketType.SPIKE,
        data_stages=_choices(_STAGES, typed.data_stage),
        expects=any(getattr(typed, name) or name in by_field for name in FIELDS),
        effect_hint="for a fraction 0.02 is 2 points" if any(map(_counts_up, catalog.metrics)) else "",
        sizes=size_fields(typed),
        criteria_fields=tuple(
            (role, label, _PURPOSES.get((typed.type, role), purpose), examples[role], getattr(typed, role))
            for role, label, purpose in _CRITERIA
        ),
    )


def differences(typed: Typed, now: Typed) -> tuple[tuple[str, str], ...]:
    """Where what stands now differs from what was typed: field and what stands there."""
    names = (
        name
        for name in Typed.__dataclass_fields__
        if name not in ("amendment_reason", "baselines", "needs") and not name.startswith("believe_")
    )
    found = ((name, getattr(now, name)) for name in names if getattr(now, name) != getattr(typed, name))
    return tuple((name.replace("_", " ").capitalize(), _shown(value)) for name, value in found)


def _rules(typed: Typed) -> tuple[Choice, ...]:
    return tuple(
        Choice(rule.value, rule.value.replace("_", " ").capitalize(), rule.value in typed.kill_rules_off)
        for rule in KillRuleName
    )


def _shown(value: object) -> str:
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    return text or "nothing"


def _choices(entries: Iterable[tuple[str, str]], chosen: str) -> tuple[Choice, ...]:
    return tuple(Choice(value=value, label=label, chosen=value == chosen) for value, label in entries)


def _examples(catalog: MetricCatalog) -> dict[str, str]:
    """An example for every role, in the project's own metrics where it has some."""
    names = [metric.name for metric in catalog.metrics if _counts_up(metric)]
    name = names[0] if names else "accuracy"
    return {
        "primary": f"{name} >= 85%",
        "secondary": f"{name} improves by >= 1%",
        "blocking": f"{name} no worse than baseline by 1%",
        "kill": f"{name} < 78% after training\ncompute > 2x budget",
    }


def _counts_up(metric: Metric) -> bool:
    return metric.unit is Unit.FRACTION and metric.direction.value == "higher"


def check_of(
    slug: str, typed: Typed, draft: Draft, found: DraftCheck | None, similar: Iterable[SearchHit]
) -> Check:
    """The draft as it reads now: understood lines, what is missing, what was tried before."""
    missing = tuple((problem.text, problem.fix) for problem in found.problems) if found is not None else ()
    started = bool(typed.title or typed.hypothesis or draft.lines)
    return Check(
        lines=draft.lines,
        missing=missing if started else (),
        similar=tuple(_similar(slug, hit) for hit in similar),
        ready=started and found is not None and not missing and not draft.wrong,
        empty=not started,
    )


def _similar(slug: str, hit: SearchHit) -> SimilarTicket:
    return SimilarTicket(
        key=hit.key,
        href=f"/p/{slug}/t/{hit.key}",
        title=hit.title,
        outcome=wording.DECISIONS.get(hit.decision or "", hit.stage),
        excerpt=wording.marked(hit.excerpt, hit.matches),
        shared=wording.shared_words(hit.shared),
    )
