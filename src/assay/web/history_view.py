"""The history of another tool's board, in plain words: what the form says, and what the file would bring in."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.datastructures import FormData

from assay.domain.board.flow import Outcome
from assay.errors import AssayError, Invalid
from assay.web import uploads, wording
from assay.web.contexts.history import HistoryPage, StatusField
from assay.web.inputs import lines, text
from assay.workflows.history import HistoryReport
from assay.workflows.history_file import MOST_CHARACTERS
from assay.workflows.records import Project

MOST_SHOWN = 8
_STATUSES = (
    ("waiting", "Not started", "To do"),
    ("promoted", "Promoted", "Done, Released"),
    ("killed", "Killed", "Rejected, Won't do"),
    ("closed", "Closed, neither of the two", "Duplicate"),
)


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed or chose."""

    text: str = ""
    name: str = "history.csv"
    source: str = ""
    statuses: dict[str, str] = field(default_factory=dict)

    @property
    def waiting(self) -> str | None:
        """The status of tickets that nobody has started."""
        return self.statuses.get("waiting") or None

    @property
    def ended(self) -> dict[str, Outcome]:
        """What it means that a ticket reaches a status."""
        return {
            status.strip(): outcome
            for outcome in (Outcome.PROMOTED, Outcome.KILLED, Outcome.CLOSED)
            for status in self.statuses.get(outcome.value, "").split(",")
            if status.strip()
        }


def typed(form: FormData) -> Typed:
    """The fields of the form; a file that was chosen comes before what stands in the text.

    Raises:
        Invalid: the file is no text, or none was chosen and nothing typed.
    """
    chosen = uploads.files(form, "file")
    name, content = next(iter(chosen.items()), (text(form, "name") or "history.csv", None))
    said = lines(form, "text") if content is None else _decoded(name, content)
    if not said.strip():
        raise Invalid(
            "cannot read a history: no file was chosen and nothing was typed (expected CSV or JSON Lines, a row for each move)",
            hint="choose a file with the columns ticket, from, to and at",
            code="history-invalid",
            field="text",
        )
    return Typed(said, name[-100:], text(form, "source"), {key: text(form, key) for key, _, _ in _STATUSES})


def _decoded(name: str, content: bytes) -> str:
    what = f"history {name[:100]!r}"
    return uploads.as_text(
        content, what=what, expected="CSV or JSON Lines", code="history-invalid", field="file"
    )


def history_page(
    project: Project,
    said: Typed,
    *,
    csrf_token: str,
    report: HistoryReport | None = None,
    draft: str = "",
    problem: AssayError | None = None,
) -> HistoryPage:
    """The form with what was typed, and what came of it."""
    return HistoryPage(
        action=f"/p/{project.slug}/history",
        csrf_token=csrf_token,
        text=said.text,
        name=said.name,
        source=said.source,
        statuses=tuple(
            StatusField(name, label, said.statuses.get(name, ""), example)
            for name, label, example in _STATUSES
        ),
        checked=report is not None,
        has_news=report is not None and bool(report.created or report.extended),
        report=() if report is None else tuple(_told(report)),
        problem="" if problem is None else problem.message,
        problem_hint="" if problem is None else problem.hint,
        needs_columns=problem is not None and problem.code == "history-column-unknown",
        draft=draft,
        board_action=f"/p/{project.slug}/settings/board",
        board_version=project.version,
        most_characters=MOST_CHARACTERS,
    )


def _told(report: HistoryReport) -> list[str]:
    counts = (
        (len(report.created), "new ticket", "new tickets"),
        (len(report.extended), "ticket that went on", "tickets that went on"),
        (report.unchanged, "ticket without anything new", "tickets without anything new"),
    )
    told = [wording.plural(count, one, many) for count, one, many in counts if count]
    if report.first_at is not None and report.last_at is not None:
        begin, end = wording.day(report.first_at), wording.day(report.last_at)
        told.append(f"{wording.plural(report.moves, 'move')} from {begin} to {end}")
    if report.left_alone:
        told.append(f"Deleted here, left alone: {_some(report.left_alone)}")
    told += [
        f"{edit.items} tickets moved at once on {wording.minute(edit.at)}: marked as a bulk edit"
        for edit in report.bulk_edits[-MOST_SHOWN:]
    ]
    told += [f"A gap in {gap}" for gap in report.gaps[:MOST_SHOWN]]
    left = len(report.gaps[MOST_SHOWN:]) + report.gaps_left_out
    if left:
        told.append(f"And {wording.plural(left, 'more gap')}")
    if report.unread:
        told.append(f"Columns that say nothing of a move: {_some(report.unread)}")
    return told


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
    return ", ".join(names[:MOST_SHOWN]) + more
