"""Build or buy: comparisons that are kept with what was decided, and why."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assay.domain.experiments.fields import as_mapping
from assay.domain.kernel.events import Event
from assay.domain.portfolio.build_or_buy import BuildOrBuy, Compared, compare
from assay.domain.portfolio.plain_data import document_from_data, document_to_data
from assay.errors import Invalid, NotFound
from assay.workflows.actor import Actor, Permission
from assay.workflows.kept import CHOICE, check_kept_version, put_document, version_of
from assay.workflows.lookup import required_project
from assay.workflows.ports import ReadTransaction, Workspace, WriteTransaction
from assay.workflows.records import KeptDocument, Project

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)
MOST_CHOICES = 100


@dataclass(frozen=True, slots=True)
class ChoiceView:
    """A comparison with what follows from it."""

    name: str
    choice: BuildOrBuy
    data: Mapping[str, Any]
    version: int
    at: datetime
    by: str
    compared: tuple[Compared, ...]


def list_choices(ws: Workspace, actor: Actor, slug: str) -> tuple[ChoiceView, ...]:
    """Every comparison of a project, by name."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        return tuple(map(_view, tx.all_kept(required_project(tx, slug).id, CHOICE)))


def get_choice(ws: Workspace, actor: Actor, slug: str, name: str) -> ChoiceView:
    """One comparison, or NotFound."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        return _required(tx, required_project(tx, slug), name)


def put_choice(
    ws: Workspace, actor: Actor, slug: str, name: str, data: object, *, expected_version: int | None
) -> ChoiceView:
    """Write a comparison under a name; version 0 is that of a new one. The same content is no change.

    Raises:
        Invalid: the name or a field cannot be read; it is named.
        StaleVersion: somebody changed it meanwhile.
    """
    actor.require(Permission.WRITE_TICKETS)
    if _NAME.fullmatch(name) is None:
        raise Invalid(
            f"cannot keep comparison {name[:60]!r}: the name is malformed (expected lower-case letters, digits and -, at most 40)",
            hint="assay choice import digits-reader FILE",
            code="choice-name-malformed",
            field="name",
        )

    def work(tx: WriteTransaction) -> ChoiceView:
        project = required_project(tx, slug)
        choice = document_from_data(BuildOrBuy, _given(data))
        before = tx.kept(project.id, CHOICE, name)
        check_kept_version(
            before, expected_version, what=f"comparison {name!r}", look=f"assay choice show {name}"
        )
        if before is None and len(tx.all_kept(project.id, CHOICE)) >= MOST_CHOICES:
            raise Invalid(
                f"cannot keep comparison {name!r}: the project has {MOST_CHOICES} (expected at most so many)",
                hint="assay choice list",
                code="choices-too-many",
            )
        at = ws.clock()
        saved = put_document(tx, project, CHOICE, name, choice, by=actor.name, at=at)
        if saved is not None:
            _tell(tx, project, name, before, choice, saved, actor, at)
        return _required(tx, project, name)

    return ws.store.write(work)


def _tell(
    tx: WriteTransaction,
    project: Project,
    name: str,
    before: KeptDocument | None,
    choice: BuildOrBuy,
    saved: KeptDocument,
    actor: Actor,
    at: datetime,
) -> None:
    old = None if before is None else BuildOrBuy.model_validate_json(before.body)
    decided = bool(choice.chosen) and (old is None or old.chosen != choice.chosen)
    kind = "choice.edited"
    if decided:
        kind = "choice.decided"
    event = Event.of(
        kind,
        project=project.slug,
        subject=f"choice-{name}",
        version=saved.version,
        digest=saved.digest,
        chosen=choice.chosen,
        reason=choice.reason,
        after=document_to_data(choice),
    )
    tx.append(event, actor=actor, at=at)


def _given(data: object) -> dict[str, Any]:
    """Empty entries are nothing said."""
    fields = as_mapping(data, "", known=tuple(BuildOrBuy.model_fields))
    kept = {name: value for name, value in fields.items() if value is not None}
    options = kept.get("options")
    if isinstance(options, list | tuple):
        kept["options"] = [
            {name: value for name, value in one.items() if value is not None}
            if isinstance(one, Mapping)
            else one
            for one in options
        ]
    return kept


def _required(tx: ReadTransaction, project: Project, name: str) -> ChoiceView:
    kept = tx.kept(project.id, CHOICE, name) if _NAME.fullmatch(name) else None
    if kept is None:
        known = ", ".join(one.name for one in tx.all_kept(project.id, CHOICE)[:10]) or "none yet"
        raise NotFound(
            f"cannot find comparison {name[:60]!r}: project {project.slug!r} has none of this name (expected one of: {known})",
            hint="assay choice list",
            code="choice-unknown",
            field="name",
        )
    return _view(kept)


def _view(kept: KeptDocument) -> ChoiceView:
    choice = BuildOrBuy.model_validate_json(kept.body)
    return ChoiceView(
        name=kept.name,
        choice=choice,
        data=document_to_data(choice),
        version=version_of(kept),
        at=kept.at,
        by=kept.by,
        compared=compare(choice),
    )


EXAMPLE = """question: Who reads the postcodes?
sensitivity: confidential
requests_per_month: 200000
growth_percent: 20
person_day_usd: 700
latency_limit_ms: 300
options:
- name: Our own model
  route: build
  setup_usd: 60000
  monthly_usd: 400
  per_1000_usd: 0
  maintenance_days: 3
  exit_usd: 0
  latency_ms: 20
  may_see: restricted
- name: Fine-tuned open model
  route: fine-tune
  setup_usd: 15000
  monthly_usd: 1200
  per_1000_usd: 0
  maintenance_days: 2
  exit_usd: 2000
  latency_ms: 80
  may_see: restricted
- name: Somebody else's API
  route: api
  setup_usd: 3000
  monthly_usd: 0
  per_1000_usd: 4.5
  maintenance_days: 0.5
  exit_usd: 10000
  latency_ms: 250
  may_see: internal
chosen: ''
reason: ''
"""
"""What a new comparison begins with: a question, what is expected, three ways to have it."""
