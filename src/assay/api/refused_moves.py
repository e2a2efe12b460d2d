"""How is a move told that the board does not allow?"""

from __future__ import annotations

from starlette.responses import Response

from assay.api.problems import problem_response
from assay.domain.board.moves import MoveAssessment
from assay.errors import Refused
from assay.workflows.board import MoveRefused

_MOVE_CODES = {
    "illegal": "move-illegal",
    "gate": "gate-unmet",
    "wip": "column-full",
    "reason": "reason-missing",
}


def refused_move(result: MoveRefused) -> Response:
    """The answer for a move that the board does not allow: why, and what would satisfy it."""
    assessment = result.assessment
    error = Refused(
        f"cannot move ticket {result.ticket.key!r} to {assessment.target}: {assessment.explanation}",
        hint=_move_hint(assessment),
        code=_MOVE_CODES[assessment.refusal or "illegal"],
        field="reason" if assessment.refusal == "reason" else "to",
        details={"version": result.ticket.version, "stage": result.ticket.stage, "assessment": assessment},
    )
    return problem_response(error)


def _move_hint(assessment: MoveAssessment) -> str:
    if assessment.refusal == "reason":
        return "send a reason"
    if assessment.overridable:
        return "meet what is missing, or send override_reason to pass it on your word"
    return f"it may go to: {', '.join(assessment.legal)}" if assessment.legal else ""
