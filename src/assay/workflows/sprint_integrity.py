"""Do sprints and what was committed to them still say what the journal says they said?"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from assay.domain.sprints.sprint import Retro, SprintState
from assay.workflows.journaled import differing
from assay.workflows.ports import ReadTransaction
from assay.workflows.records import Commitment, Project, Sprint
from assay.workflows.views import JournalRow

_KINDS = (
    "sprint.planned", "sprint.edited", "sprint.started", "sprint.ended", "sprint.reopened", "sprint.cancelled",
    "sprint.restored", "sprint.looked_back",
    "sprint.committed", "sprint.released", "sprint.extension_flagged", "ticket.deleted",
)  # fmt: skip


@dataclass(slots=True)
class _Told:
    """What the entries about one sprint amount to, taken oldest first."""

    sprint: dict[str, Any] = field(default_factory=dict)
    commitments: list[dict[str, Any]] = field(default_factory=list)

    def take(self, row: JournalRow) -> None:
        said = row.payload
        match row.kind:
            case "sprint.planned":
                self.sprint = Retro().model_dump(mode="json") | {
                    "state": SprintState.PLANNED,
                    "created_at": row.at,
                    "started_at": None,
                    "ended_at": None,
                }
                self.sprint |= said.get("after", {})
            case "sprint.edited" | "sprint.looked_back":
                self.sprint |= said.get("after", {})
            case "sprint.started":
                self.sprint |= {"state": SprintState.ACTIVE, "started_at": row.at}
            case "sprint.ended":
                self.sprint |= {"state": SprintState.ENDED, "ended_at": row.at}
            case "sprint.reopened":
                self.sprint |= {"state": SprintState.ACTIVE, "ended_at": None}
            case "sprint.cancelled":
                self.sprint |= {"state": SprintState.CANCELLED}
            case "sprint.restored":
                self.sprint |= {"state": SprintState.PLANNED}
            case "sprint.committed":
                self.commitments.append(_committed(row))
            case _:
                self._change(row)

    def forget(self, key: str | None) -> None:
        """A deleted ticket was in no sprint."""
        self.commitments = [made for made in self.commitments if made["key"] != key]

    def _change(self, row: JournalRow) -> None:
        said = row.payload
        made = next(
            (
                one
                for one in self.commitments
                if one["key"] == said.get("ticket") and one["removed_at"] is None
            ),
            {},
        )
        if row.kind == "sprint.extension_flagged":
            made["extension_reason"] = said.get("reason")
        else:
            made |= {"removed_at": row.at, "removed_by": row.actor, "removed_reason": said.get("reason")}


def _committed(row: JournalRow) -> dict[str, Any]:
    return {
        "key": row.payload.get("ticket"),
        "added_at": row.at,
        "added_by": row.actor,
        "after_start": row.payload.get("after_start"),
        "removed_at": None,
        "removed_by": "",
        "removed_reason": "",
        "extension_reason": "",
    }


def sprint_faults(
    tx: ReadTransaction, project: Project, tickets: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Which sprint is it, and in which way is it, or a commitment of it, not the one in the journal?"""
    told: dict[str | None, _Told] = {}
    for row in tx.told(project.slug, _KINDS):
        if (
            row.kind == "ticket.deleted"
        ):  # its commitments went with it; an imported one may have its key again
            for of_sprint in told.values():
                of_sprint.forget(row.subject)
        else:
            told.setdefault(row.subject, _Told()).take(row)
    inside: dict[int, list[Commitment]] = {}
    for made in tx.all_commitments(project.id):
        inside.setdefault(made.sprint_id, []).append(made)
    for sprint in tx.sprints(project.id):
        of_sprint = told.pop(sprint.subject, _Told())
        expected = [made for made in of_sprint.commitments if made["key"] in tickets]
        reasons = (*_sprint_reasons(sprint, of_sprint), *_made_reasons(inside.get(sprint.id, []), expected))
        yield from ((f"sprint {sprint.number}", reason) for reason in reasons)
    for subject in told:
        yield str(subject).replace("-", " "), "the journal tells of it, and it is gone"


def _sprint_reasons(sprint: Sprint, told: _Told) -> Iterator[str]:
    if not told.sprint:
        yield "it is not in the journal"
        return
    stored = {
        **sprint.content.model_dump(mode="json"),
        **sprint.retro.model_dump(mode="json"),
        "state": sprint.state,
        "created_at": sprint.created_at,
        "started_at": sprint.started_at,
        "ended_at": sprint.ended_at,
    }
    other = differing(stored, told.sprint)
    if other:
        yield f"it is not the one in the journal: it differs in {', '.join(other)}"


def _made_reasons(stored: list[Commitment], told: list[dict[str, Any]]) -> Iterator[str]:
    for key in dict.fromkeys((*(made["key"] for made in told), *(made.key for made in stored))):
        there = [made for made in stored if made.key == key]
        expected = [made for made in told if made["key"] == key]
        if len(there) != len(expected):
            yield f"{key} is in it {len(there)} times, the journal tells of {len(expected)}"
            continue
        for made, said in zip(there, expected, strict=True):
            fields = {name: getattr(made, name) for name in said}
            other = differing(fields, said)
            if other:
                yield f"the commitment of {key} is not the one in the journal: it differs in {', '.join(other)}"
