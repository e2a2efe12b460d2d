"""How results and outcomes of gates are worded and coloured on pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from assay.domain.gates.gate_record import GateResult
from assay.domain.kernel.findings import Outcome
from assay.errors import AssayError
from assay.web import wording
from assay.web.contexts.gates import GateProblem, GateRunLine, ResultChip
from assay.web.errors import sentences
from assay.workflows.gate_views import GateRunRow

RESULTS: Mapping[GateResult, ResultChip] = MappingProxyType(
    {
        GateResult.PASS: ResultChip("Pass", "promote", "check"),
        GateResult.INCONCLUSIVE: ResultChip("Not known yet", "iterate", "question"),
        GateResult.FAIL: ResultChip("Fail", "kill", "cross"),
        GateResult.INVALID: ResultChip("Broken evidence", "blocked", "warning"),
    }
)
"""Best first: the order of the lanes of the history."""


def outcome_chip(outcome: Outcome) -> ResultChip:
    """The chip of one finding."""
    return ResultChip(*wording.OUTCOMES[outcome.value])


def gate_href(slug: str, name: str) -> str:
    """The page of a gate."""
    return f"/p/{slug}/gates/{name}"


def run_href(slug: str, gate: str, number: int) -> str:
    """The page of one answer."""
    return f"{gate_href(slug, gate)}/runs/{number}"


def run_line(row: GateRunRow, slug: str) -> GateRunLine:
    """One answer in a list."""
    return GateRunLine(
        number=row.number,
        href=run_href(slug, row.gate, row.number),
        title=f"Run {row.number}",
        ticket=row.ticket or "",
        ticket_href=f"/p/{slug}/t/{row.ticket}" if row.ticket else "",
        chip=RESULTS[row.result],
        headline=without_word(row.headline),
        version=f"v{row.version}",
        by=row.by,
        at_iso=wording.iso(row.at),
        at=wording.minute(row.at),
    )


def without_word(headline: str) -> str:
    """A headline beside its chip, which says the word already.

    >>> without_word("Fail: accuracy >= 85% is not met"), without_word("Odd")
    ('accuracy >= 85% is not met', 'Odd')
    """
    _, found, rest = headline.partition(": ")
    return rest if found else headline


def problem(error: AssayError, section: str = "") -> GateProblem:
    """Why a form was refused, as its page says it."""
    what, expected = sentences(error.message)
    told = error.details.get("changes", ())
    lines = (
        tuple(str(line) for line in told) if isinstance(told, Iterable) and not isinstance(told, str) else ()
    )
    return GateProblem(text=what, expected=expected, hint=error.hint, lines=lines, section=section)
