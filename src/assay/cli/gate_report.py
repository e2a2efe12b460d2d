"""A gate's answer on the terminal: worst first, then what would settle it."""

from __future__ import annotations

from assay.cli.screen import say, table
from assay.domain.experiments.display import format_spread
from assay.domain.experiments.display_findings import metric_of
from assay.domain.gates.display_answers import shown_answer, worst_first
from assay.domain.gates.gate_record import GateAnswer, GateRecord
from assay.domain.gates.record_documents import amount, part_line
from assay.domain.gates.wording import count
from assay.domain.kernel.findings import Finding, Lacks, Outcome
from assay.domain.kernel.metrics import MetricCatalog

_PARTS_SHOWN = 8


def print_record(record: GateRecord) -> None:
    """The answer, every finding, and the parts that did not hold."""
    catalog = MetricCatalog(metrics=record.metrics)
    say(record.headline)
    if record.detail:
        say(record.detail)
    if record.settle is not None:
        say(f"Cheapest way out: {record.settle.text}")
    print()
    table(
        ("", "role", "check", "estimate", "interval", "n", "why"),
        [_row(answer, catalog) for answer in worst_first(record.answers)],
        none="The gate asks nothing.",
    )
    for answer in worst_first(record.answers):
        _print_parts(answer)
    _print_foot(record)


def _row(answer: GateAnswer, catalog: MetricCatalog) -> tuple[str, ...]:
    finding, numbers = answer.finding, shown_answer(answer, catalog)
    return (
        finding.outcome.value.replace("_", " "),
        finding.role.value,
        finding.check,
        numbers.estimate,
        numbers.interval,
        amount(finding),
        finding.reason,
    )


def _print_parts(answer: GateAnswer) -> None:
    bad = [part for part in answer.parts if part.outcome is not Outcome.MET]
    if not bad:
        return
    print()
    say(f"{answer.finding.check}:")
    for part in bad[:_PARTS_SHOWN]:
        say(f"  - {part_line(part)}")
    if len(bad) > _PARTS_SHOWN:
        say(f"  and {len(bad) - _PARTS_SHOWN:,} more (all of them: --json)")


def _print_foot(record: GateRecord) -> None:
    sides = [record.candidate, *([record.baseline] if record.baseline is not None else [])]
    print()
    for side in sides:
        seeds = f", seeds {', '.join(map(str, side.seeds))}" if side.seeds else ""
        examples = "" if side.examples is None else f", {count(side.examples, 'example')}"
        read = (
            f"{count(len(side.run_digests), 'run')} read as {side.reader}" if side.run_digests else "no run"
        )
        say(f"{side.label}: {read}{examples}{seeds}")
        for note in side.notes:
            say(f"  {note}")
    for note in record.notes:
        say(note)
    other = record.point_result if record.settings.get("mode") == "bound" else record.strict_result
    mode = (
        "By the estimates alone (point mode)"
        if record.settings.get("mode") == "bound"
        else "By the confidence bounds"
    )
    say(f"{mode} it would be: {other.value}.")


def print_explanation(record: GateRecord) -> None:
    """Every check at length: what was tested, how surely, and what would change the answer."""
    catalog = MetricCatalog(metrics=record.metrics)
    say(record.headline)
    for answer in record.answers:
        finding = answer.finding
        numbers = shown_answer(answer, catalog)
        print()
        say(f"{finding.role.value}: {finding.check}")
        lines = (
            ("answer", f"{finding.outcome.value.replace('_', ' ')}: {finding.reason}"),
            ("method", finding.method),
            ("estimate", numbers.estimate),
            (
                "interval",
                "" if finding.interval is None else f"{numbers.interval} ({finding.interval.label})",
            ),
            ("evidence", amount(finding)),
            ("level", "" if finding.alpha is None else f"one-sided {finding.alpha:.3g}{_looks(finding)}"),
            ("p-value", "" if finding.p_value is None else f"{finding.p_value:.3g}"),
            ("e-value", "" if finding.e_value is None else _e_value(finding)),
            ("could have seen", _seen(finding, catalog)),
            ("by the estimate", answer.point_outcome.value.replace("_", " ")),
            ("would settle it", "" if finding.settle is None else finding.settle.text),
            ("would change it", finding.would_change if finding.settle is None else ""),
        )
        for name, value in lines:
            if value:
                say(f"  {name:<16} {value}")
        for note in finding.notes:
            say(f"  note             {note}")
        for part in answer.parts:
            say(f"  - {part_line(part)}")


def _looks(finding: Finding) -> str:
    """How often it may have been looked at, and what that used up."""
    looks = finding.looks
    if looks is None:
        return ""
    if looks.planned is None:
        return ", however often one looks"
    return (
        f", look {looks.used} of {looks.planned}, {looks.spent:.3g} used up"
        if looks.planned > 1
        else ", one look"
    )


def _seen(finding: Finding, catalog: MetricCatalog) -> str:
    """The smallest difference that would have been shown; why it is not known where it is not."""
    if finding.detectable is not None:
        return f"a difference of {format_spread(metric_of(finding, catalog), finding.detectable)} in 80% of cases"
    return "no difference, however large: too few examples" if finding.lacks is Lacks.TOO_SMALL else ""


def _e_value(finding: Finding) -> str:
    needed = "" if finding.alpha is None else f" ({1.0 / finding.alpha:.4g} decides)"
    return f"{finding.e_value:.4g}{needed}"
