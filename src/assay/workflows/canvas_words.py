"""The canvas in words: today's value of each number, and the whole page as Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from assay.domain.experiments.criteria.model import Criterion
from assay.domain.experiments.criteria.text import criterion_text
from assay.domain.experiments.display import format_interval, format_value
from assay.domain.gates.wording import count, hours, limit_text
from assay.domain.kernel.findings import Outcome
from assay.domain.portfolio.standing import Reading
from assay.workflows.canvas import CanvasView, KillState
from assay.workflows.ceremony_markdown import written

OUTCOME_WORDS = {
    Outcome.MET: "met",
    Outcome.NOT_MET: "not met",
    Outcome.UNCLEAR: "not known yet",
    Outcome.NO_EVIDENCE: "nothing measured",
    Outcome.INVALID: "broken evidence",
}


@dataclass(frozen=True, slots=True)
class NumberLine:
    """One number of the canvas with today's value beside it."""

    criterion: str
    note: str
    """Why it matters, or what follows when it is met."""
    value: str
    """Today's best estimate; `unknown`, never 0, where nobody knows."""
    interval: str
    """Where the estimate may lie; empty where that is not known."""
    word: str
    outcome: Outcome | None
    ticket: str | None
    reason: str
    alarm: bool = False
    """A kill criterion that is met and counts."""


def number_line(view: CanvasView, place: str, criterion: Criterion, note: str) -> NumberLine:
    """What the page says of one number."""
    return _line(view, view.reading(place), criterion, note)


def kill_line(view: CanvasView, number: int) -> NumberLine:
    """What the page says of one kill criterion."""
    kill, state = view.canvas.kill[number], view.kills[number]
    line = _line(view, state.reading, kill.criterion, kill.then)
    after = "" if kill.after_sprint is None else f" after sprint {kill.after_sprint}"
    return NumberLine(
        criterion=line.criterion + after,
        note=line.note,
        value=line.value,
        interval=line.interval,
        word=_kill_word(state, kill.after_sprint, line.word),
        outcome=line.outcome,
        ticket=line.ticket,
        reason=line.reason,
        alarm=state.is_met,
    )


def _kill_word(state: KillState, after_sprint: int | None, word: str) -> str:
    return word if state.counts else f"counts once sprint {after_sprint} has ended; by now {word}"


def _line(view: CanvasView, reading: Reading | None, criterion: Criterion, note: str) -> NumberLine:
    text = criterion_text(criterion, metrics=view.metrics).removeprefix(f"{criterion.role.value}: ")
    metric = view.metrics.get(criterion.metric or "")
    if reading is None:
        return NumberLine(text, note, "unknown", "", "not judged yet", None, None, "")
    found = reading.finding
    interval = (
        ""
        if found.interval is None
        else format_interval(found.interval, lambda value: format_value(metric, value))
    )
    named = f" ({found.interval.label})" if found.interval is not None else ""
    best = f"; the best of {count(reading.tickets, 'ticket')}" if reading.tickets > 1 else ""
    return NumberLine(
        criterion=text,
        note=note,
        value=format_value(metric, found.estimate),
        interval=interval + named,
        word=OUTCOME_WORDS[found.outcome],
        outcome=found.outcome,
        ticket=reading.ticket,
        reason=found.reason + best,
    )


def success_lines(view: CanvasView) -> tuple[NumberLine, ...]:
    """The success metrics in order of priority."""
    return tuple(
        number_line(view, f"success[{number}]", one.criterion, one.why)
        for number, one in enumerate(view.canvas.success)
    )


def kill_lines(view: CanvasView) -> tuple[NumberLine, ...]:
    """The kill criteria."""
    return tuple(kill_line(view, number) for number in range(len(view.canvas.kill)))


def latency_line(view: CanvasView) -> NumberLine | None:
    """The latency limit, where one is set."""
    latency = view.canvas.constraints.latency
    return None if latency is None else number_line(view, "constraints.latency", latency, "")


def compute_text(view: CanvasView) -> str:
    """How much compute was used, of how much."""
    budget = view.canvas.constraints.budget.gpu_hours
    if view.gpu_hours is None:
        used = "unknown so far"
    else:
        silent = view.runs - view.runs_with_hours
        used = f"{hours(view.gpu_hours, beside=None if budget is None else float(budget))} used"
        used += f", {count(silent, 'run')} not counted: their compute is unknown" if silent else ""
    return used if budget is None else f"{limit_text(float(budget))} GPU-hours in all; {used}"


def cost_text(view: CanvasView) -> str:
    """What may be spent; what was spent, no tracker says for a whole project."""
    budget = view.canvas.constraints.budget.cost_usd
    return "" if budget is None else f"{limit_text(float(budget))} USD in all; what was spent is unknown"


def clock_text(view: CanvasView) -> str:
    """Where the project stands in its time box."""
    box, now = view.canvas.time_box, view.clock.now
    where = "No sprint was started yet." if now is None else (
        f"Sprint {now} is running." if view.clock.running else f"Sprint {now} was the last to end."
    )  # fmt: skip
    parts = [where]
    if box.discovery_sprints is not None:
        over = (view.clock.last_ended or 0) >= box.discovery_sprints
        parts.append(
            f"Discovery takes {count(box.discovery_sprints, 'sprint')}" + (": it is over." if over else ".")
        )
    if box.ship_by_sprint is not None:
        late = (view.clock.last_ended or 0) >= box.ship_by_sprint
        parts.append(
            f"It ships by sprint {box.ship_by_sprint}" + (": that sprint has ended." if late else ".")
        )
    return " ".join(parts)


def canvas_markdown(view: CanvasView, project: str) -> str:
    """The whole page as Markdown. Text that people wrote cannot become markup."""
    canvas = view.canvas
    limits = canvas.constraints
    latency = latency_line(view)
    parts = [
        f"# Canvas of {written(project)}",
        _section("Business objective", [written(canvas.objective)] if canvas.objective else []),
        _section("Success metrics", [f"{n}. {_said(one)}" for n, one in enumerate(success_lines(view), 1)]),
        _section("Data", [f"- {written(one.name)}: {_either(one.available)} Gaps: {_either(one.gaps)}" for one in canvas.data]),
        _section("Constraints", [
            f"- Compute: {compute_text(view)}",
            *([f"- Cost: {cost_text(view)}"] if cost_text(view) else []),
            *([f"- Latency: {_said(latency)}"] if latency else []),
            *([f"- Privacy: {written(limits.privacy)}"] if limits.privacy else []),
            *([f"- Infrastructure: {written(limits.infrastructure)}"] if limits.infrastructure else []),
        ]),
        _section("Risks", [f"- {written(one.risk)}: {_either(one.mitigation)}" for one in canvas.risks]),
        _section("Time box", [clock_text(view)]),
        _section("Kill criteria", [f"- {_said(one)}" for one in kill_lines(view)]),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _section(title: str, lines: Iterable[str]) -> str:
    return f"## {title}\n\n" + ("\n".join(lines) or "Nothing written yet.")


def _either(text: str) -> str:
    return written(text) or "nothing written."


def _said(line: NumberLine) -> str:
    interval = f", {line.interval}" if line.interval else ""
    ticket = f" by {line.ticket}" if line.ticket else ""
    note = f" {written(line.note)}" if line.note else ""
    alarm = "**Met: stop or turn.** " if line.alarm else ""
    return f"{alarm}{written(line.criterion)}: today {line.value}{interval}{ticket} ({line.word}).{note}"
