"""A gate's answer on the terminal: worst first, then what would settle it."""

from __future__ import annotations

from collections.abc import Sequence

from assay.cli.screen import say, table
from assay.domain.experiments.display_findings import shown_finding
from assay.domain.gates.gate_record import GateAnswer, GatePart, GateRecord
from assay.domain.kernel.findings import Finding, Outcome, Role
from assay.domain.kernel.metrics import MetricCatalog

WORST_FIRST = (Outcome.INVALID, Outcome.NOT_MET, Outcome.UNCLEAR, Outcome.NO_EVIDENCE, Outcome.MET)
_ROLES = (Role.BLOCKING, Role.PRIMARY, Role.SECONDARY)
_PARTS_SHOWN = 8


def worst_first(answers: Sequence[GateAnswer]) -> list[GateAnswer]:
    """The answers that decide stand on top."""
    return sorted(
        answers,
        key=lambda one: (
            one.finding.role is Role.SECONDARY,
            WORST_FIRST.index(one.finding.outcome),
            _ROLES.index(one.finding.role),
        ),
    )


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
        [_row(answer.finding, catalog) for answer in worst_first(record.answers)],
        none="The gate asks nothing.",
    )
    for answer in worst_first(record.answers):
        _print_parts(answer)
    _print_foot(record)


def _row(finding: Finding, catalog: MetricCatalog) -> tuple[str, ...]:
    numbers = shown_finding(finding, catalog)
    return (
        finding.outcome.value.replace("_", " "),
        finding.role.value,
        finding.check,
        numbers.estimate,
        numbers.interval,
        amount(finding),
        finding.reason,
    )


def amount(finding: Finding) -> str:
    """On how much evidence does it rest, in short?"""
    parts = [
        f"{value:,} {noun}"
        for value, noun in ((finding.n.seeds, "seeds"), (finding.n.examples, "examples"))
        if value is not None and not (noun == "seeds" and value == 1)
    ]
    return ", ".join(parts)


def _print_parts(answer: GateAnswer) -> None:
    bad = [part for part in answer.parts if part.outcome is not Outcome.MET]
    if not bad:
        return
    print()
    say(f"{answer.finding.check}:")
    for part in bad[:_PARTS_SHOWN]:
        say(f"  {part_line(part)}")
    if len(bad) > _PARTS_SHOWN:
        say(f"  and {len(bad) - _PARTS_SHOWN:,} more (all of them: --json)")


def part_line(part: GatePart) -> str:
    """One slice, metric, example or item in one line."""
    words = [part.label, part.outcome.value.replace("_", " ")]
    if part.n is not None:
        words.append(f"n {part.n:,}")
    if part.reason:
        words.append(part.reason)
    return ": ".join((words[0], ", ".join(words[1:])))


def _print_foot(record: GateRecord) -> None:
    sides = [record.candidate, *([record.baseline] if record.baseline is not None else [])]
    print()
    for side in sides:
        seeds = f", seeds {', '.join(map(str, side.seeds))}" if side.seeds else ""
        examples = "" if side.examples is None else f", {side.examples:,} examples"
        say(f"{side.label}: {len(side.run_digests)} run(s) read as {side.reader}{examples}{seeds}")
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
        numbers = shown_finding(finding, catalog)
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
            ("level", "" if finding.alpha is None else f"one-sided {finding.alpha:.3g}"),
            ("p-value", "" if finding.p_value is None else f"{finding.p_value:.3g}"),
            (
                "could have seen",
                ""
                if finding.detectable is None
                else f"a difference of {finding.detectable:.4g} in 80% of cases",
            ),
            ("by the estimate", answer.point_outcome.value.replace("_", " ")),
            ("would settle it", "" if finding.settle is None else finding.settle.text),
        )
        for name, value in lines:
            if value:
                say(f"  {name:<16} {value}")
        for note in finding.notes:
            say(f"  note             {note}")
        for part in answer.parts:
            say(f"    {part_line(part)}")
