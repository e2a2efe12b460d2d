"""The phase in plain words for the page, and back from its form."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import FormData

from assay.domain.portfolio.phases import GateState, Phase
from assay.domain.sprints.mix import Measure
from assay.errors import AssayError
from assay.web import inputs, wording
from assay.web.contexts.gates import ResultChip
from assay.web.contexts.phase import DecisionLine, PhasePage, PhaseStep, StuckLine
from assay.web.contexts.ticket_form import Choice
from assay.web.gate_words import problem
from assay.workflows.phases import GateLine, PhaseView

_STATES = {
    GateState.SETTLED: ResultChip("Settled", "promote", "check"),
    GateState.AHEAD: ResultChip("Ahead", "none", "circle"),
    GateState.DUE: ResultChip("Due now", "iterate", "hand"),
    GateState.OVERDUE: ResultChip("Overdue", "kill", "warning"),
}
_MEASURES = {
    Measure.COUNT: "number of tickets",
    Measure.GPU_HOURS: "GPU-hours of their budgets",
    Measure.DAYS: "days of their time boxes",
}
MOST_ROWS = 51


def phase_page(
    slug: str,
    view: PhaseView,
    *,
    csrf_token: str,
    error: AssayError | None = None,
    sent: dict[str, Any] | None = None,
) -> PhasePage:
    """Everything the page prints; `sent` is what a refused form carried."""
    phase, real = view.phase.phase, view.explore_percent
    chosen, measure = (
        (sent or {}).get("phase", phase.value),
        (sent or {}).get("measure", view.phase.measure.value),
    )
    return PhasePage(
        steps=tuple(
            PhaseStep(
                one.value.capitalize(),
                one is phase,
                one.weeks,
                f"{one.explore_percent}:{100 - one.explore_percent}",
                one.focus,
            )
            for one in Phase
        ),
        headline=_headline(view),
        tone="iterate" if view.warning else "none",
        sign="warning" if view.warning else "info",
        detail=_detail(view),
        bar=wording.percent_of_bar(None if real is None else real / 100),
        target=f"{view.target_percent}%",
        bar_label=f"{'unknown' if real is None else f'{real:.0f}%'} explores; {phase.value} asks for {view.target_percent}%",
        decisions=tuple(_decision(number, line) for number, line in enumerate(view.gates)),
        stuck=tuple(
            StuckLine(
                one.kind.value.capitalize(),
                one.evidence,
                one.fix,
                tuple((key, f"/p/{slug}/t/{key}") for key in one.tickets),
            )
            for one in view.stuck
        ),
        phases=tuple(Choice(one.value, one.value.capitalize(), one.value == chosen) for one in Phase),
        measures=tuple(Choice(one.value, _MEASURES[one], one.value == measure) for one in Measure),
        since=(sent or {}).get("since") or (view.phase.since.isoformat() if view.phase.since else ""),
        version=view.version,
        action=f"/p/{slug}/phase",
        canvas_href=f"/p/{slug}/canvas",
        problem=None if error is None else problem(error),
        csrf_token=csrf_token,
    )


def _headline(view: PhaseView) -> str:
    if view.sprint is None:
        return "No sprint is running, so there is no mix to compare."
    if view.explore_percent is None:
        return "Nobody knows what the running sprint explores."
    if view.warning:
        return view.warning[0].upper() + view.warning[1:] + "."
    return f"The sprint explores {view.explore_percent:.0f}%: it fits {view.phase.phase.value}."


def _detail(view: PhaseView) -> tuple[str, ...]:
    if view.mix is None:
        return ()
    lines = [f"Sprint {view.sprint}, measured by the {_MEASURES[view.phase.measure]}."]
    if view.mix.unmarked:
        lines.append(
            f"Neither explore nor exploit is said of {', '.join(view.mix.unmarked[:8])}: they count for nothing."
        )
    if view.mix.unknown:
        lines.append(f"How much they take is not known of {', '.join(view.mix.unknown[:8])}.")
    return tuple(lines)


def _decision(number: int, line: GateLine) -> DecisionLine:
    gate = line.gate
    by = str(gate.by_sprint) if gate.by_sprint is not None else str(gate.by_day)
    return DecisionLine(
        number=number,
        place=number + 1,
        question=gate.question,
        by=by,
        by_words=f"by sprint {by}" if gate.by_sprint is not None else f"by {by}",
        settled=gate.settled,
        chip=_STATES[line.state],
    )


def data_from_form(form: FormData) -> dict[str, Any]:
    """The plain fields the form carries; a row without a question is left out."""
    gates = []
    for number in range(MOST_ROWS):
        question, by = inputs.text(form, f"gates.{number}.question"), inputs.text(form, f"gates.{number}.by")
        if not question:
            continue
        entry: dict[str, Any] = {
            "question": question,
            "settled": inputs.text(form, f"gates.{number}.settled"),
        }
        is_sprint = by.isascii() and by.isdigit() and len(by) < 10
        gates.append(entry | ({"by_sprint": int(by)} if is_sprint else {"by_day": by or None}))
    since = inputs.text(form, "since")
    return {
        "phase": inputs.text(form, "phase"),
        "measure": inputs.text(form, "measure"),
        **({"since": since} if since else {}),
        "gates": gates,
    }
