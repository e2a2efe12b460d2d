"""The page where a person decides: what the verdict says, and what each choice means."""

from __future__ import annotations

from dataclasses import replace

from assay.domain.board.board import Board
from assay.domain.experiments.experiment import DecisionKind
from assay.domain.kernel.ids import TicketType
from assay.errors import AssayError, Invalid
from assay.web import findings_view, wording
from assay.web.contexts.experiment import DecidePage, DecisionOption
from assay.web.errors import sentences
from assay.workflows.views import TicketView

_MEANING = {
    DecisionKind.PROMOTE: ("Promote", "It holds what it promised."),
    DecisionKind.ITERATE: ("Iterate", "It falls short and is worth another round."),
    DecisionKind.KILL: ("Kill", "Stop here and keep what was learned."),
}
_MEANING_OF_WORK = {
    DecisionKind.PROMOTE: ("Done", "It delivers what it promised."),
    DecisionKind.ITERATE: ("Another round", "It falls short and is worth more work."),
    DecisionKind.KILL: ("Stop", "It ends here, and what was learned is kept."),
}
"""What the same three mean where nothing is registered: a spike, a data task, engineering, a feature."""


def decide_page(view: TicketView, *, csrf_token: str) -> DecidePage:
    """The form, with the verdict's own answer chosen where it gives one."""
    ticket = view.ticket
    stage = view.project.settings.board.stage(ticket.stage)
    registers = ticket.content.type is TicketType.EXPERIMENT
    said = "undecided" if registers else ""
    if view.verdict is not None:
        said = view.verdict.verdict.recommendation.value
    return DecidePage(
        key=ticket.key,
        href=f"/p/{view.project.slug}/t/{ticket.key}",
        title=ticket.content.title,
        version=ticket.version,
        csrf_token=csrf_token,
        verdict=findings_view.verdict_panel(view.verdict, view.verdict_digest),
        recommendation=said,
        recommendation_word=wording.RECOMMENDATIONS[said].lower() if said else "",
        criteria=findings_view.criteria_rows(view),
        options=tuple(
            DecisionOption(
                value=kind.value,
                title=title,
                meaning=f"{meaning} {goes(view.project.settings.board, kind)}",
                recommended=kind.value == said,
                chosen=kind.value == said,
            )
            for kind, (title, meaning) in (_MEANING if registers else _MEANING_OF_WORK).items()
        ),
        learnings="",
        reason="",
        move=True,
        problem_field="",
        problem="",
        problem_hint="",
        locked=ticket.lock is not None or not registers,
        closed=stage is not None and stage.terminal,
    )


def goes(board: Board, kind: DecisionKind) -> str:
    """Where the card goes by this decision, on a board that calls its columns as it likes."""
    column = board.stage(board.column_of(kind) or "")
    return "The card stays where it is." if column is None else f"The card goes to {column.title}."


def with_problem(page: DecidePage, error: AssayError, *, chosen: str) -> DecidePage:
    """The form again, saying what is missing and keeping the choice."""
    what, expected = sentences(error.message)
    options = tuple(replace(option, chosen=option.value == chosen) for option in page.options)
    return replace(
        page,
        problem=f"{what}. Expected: {expected}." if expected else what,
        problem_hint="" if error.hint.startswith("add --") else error.hint,
        problem_field=error.field or "",
        options=options,
    )


def read_kind(text: str) -> DecisionKind:
    """The decision a form names."""
    try:
        return DecisionKind(text)
    except ValueError:
        raise Invalid(
            f"cannot record decision {text[:40]!r}: not a decision (expected promote, iterate or kill)",
            hint="choose one of the three",
            code="decision-unknown",
            field="kind",
        ) from None
