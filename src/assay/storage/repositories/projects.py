"""Projects, their metrics, and the answers already given."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update

from assay.domain.kernel.metrics import Metric, MetricCatalog
from assay.errors import Conflict
from assay.storage import documents
from assay.storage.session import Row, Session, Statement, from_json, to_json
from assay.storage.tables import answers, instance, metrics, projects
from assay.workflows.records import Project, ProjectSettings, StoredAnswer

PROJECT = (
    projects.c.id,
    projects.c.slug,
    projects.c.name,
    projects.c.settings,
    projects.c.version,
    projects.c.created_at,
)
ALL = Statement(select(*PROJECT).order_by(projects.c.slug))
BY_SLUG = Statement(select(*PROJECT).where(projects.c.slug == bindparam("the_slug")))
ADD = Statement(
    insert(projects).returning(projects.c.id),
    ("slug", "name", "settings", "version", "next_number", "created_at"),
)
SAVE = Statement(
    update(projects)
    .where(projects.c.id == bindparam("the_id"), projects.c.version == bindparam("the_version"))
    .values(version=projects.c.version + 1),
    ("name", "settings"),
)
METRICS = Statement(select(metrics.c.body).where(metrics.c.project_id == bindparam("the_project")))
DROP_METRIC = Statement(
    delete(metrics).where(
        metrics.c.project_id == bindparam("the_project"), metrics.c.name == bindparam("the_name")
    )
)
ADD_METRIC = Statement(insert(metrics), ("project_id", "name", "body"))
ANSWER = Statement(
    select(answers.c.request_digest, answers.c.status, answers.c.body, answers.c.headers).where(
        answers.c.scope == bindparam("the_scope"), answers.c.key == bindparam("the_key")
    )
)
ADD_ANSWER = Statement(insert(answers), ("scope", "key", "request_digest", "status", "body", "headers", "at"))
INSTANCE = Statement(select(instance.c.name))
FORGET_ANSWERS = Statement(delete(answers).where(answers.c.at < bindparam("before")))


class ProjectReader(Session):
    """What is known of projects, metrics and answers?"""

    __slots__ = ()

    def instance_id(self) -> str:
        """Random name of this store, made once."""
        (name,) = self.one(INSTANCE)
        return str(name)

    def projects(self) -> Sequence[Project]:
        """All projects, by slug."""
        return [project_of(row) for row in self.rows(ALL)]

    def project(self, slug: str) -> Project | None:
        """The project with this slug."""
        row = self.row(BY_SLUG, the_slug=slug)
        return None if row is None else project_of(row)

    def metrics(self, project_id: int) -> MetricCatalog:
        """The metrics a project declared."""
        rows = self.rows(METRICS, the_project=project_id)
        return MetricCatalog.of(Metric.model_validate_json(body) for (body,) in rows)

    def answer(self, scope: str, key: str) -> StoredAnswer | None:
        """What a request with this Idempotency-Key was answered."""
        row = self.row(ANSWER, the_scope=scope, the_key=key)
        if row is None:
            return None
        digest, status, body, headers = row
        return StoredAnswer(
            request_digest=digest, status=status, body=bytes(body), headers=from_json(headers)
        )


class ProjectWriter(ProjectReader):
    """Changes to projects, metrics and answers."""

    __slots__ = ()

    def add_project(self, *, slug: str, name: str, settings: ProjectSettings, at: datetime) -> Project:
        """A new project.

        Raises:
            Conflict: the slug is taken.
        """
        if self.project(slug) is not None:
            raise Conflict(
                f"cannot create project {slug!r}: the name is taken (expected a new one)",
                hint="choose another name, or use the existing project",
                code="project-exists",
                field="slug",
            )
        text = documents.text_of(settings)
        (number,) = self.one(
            ADD, slug=slug, name=name, settings=text, version=1, next_number=1, created_at=at
        )
        return Project(id=number, slug=slug, name=name, settings=settings, version=1, created_at=at)

    def save_project(self, project: Project) -> bool:
        """Write name and settings where the version still is `project.version`; False when it is not."""
        text = documents.text_of(project.settings)
        changed = self.execute(
            SAVE, the_id=project.id, the_version=project.version, name=project.name, settings=text
        )
        return changed == 1

    def put_metric(self, project_id: int, metric: Metric) -> None:
        """Declare a metric, or replace its declaration."""
        self.remove_metric(project_id, metric.name)
        self.execute(ADD_METRIC, project_id=project_id, name=metric.name, body=documents.text_of(metric))

    def remove_metric(self, project_id: int, name: str) -> None:
        """Take a declaration back."""
        self.execute(DROP_METRIC, the_project=project_id, the_name=name)

    def put_answer(self, scope: str, key: str, answer: StoredAnswer, *, at: datetime) -> None:
        """Keep what was answered.

        Raises:
            Conflict: the key has been answered before.
        """
        if self.answer(scope, key) is not None:
            raise Conflict(
                f"cannot use Idempotency-Key {key[:60]!r}: it was answered before (expected a new key for a new request)",
                hint="repeat the same request to get the same answer, or send another key",
                code="idempotency-key-used",
            )
        self.execute(
            ADD_ANSWER,
            scope=scope,
            key=key,
            request_digest=answer.request_digest,
            status=answer.status,
            body=answer.body,
            headers=to_json(answer.headers),
            at=at,
        )

    def forget_answers(self, *, before: datetime) -> int:
        """Drop answers older than this; returns how many."""
        return self.execute(FORGET_ANSWERS, before=before)


def project_of(row: Row) -> Project:
    """A row of `PROJECT` as a project."""
    number, slug, name, settings, version, created_at = row
    parsed = documents.project_settings(settings)
    return Project(id=number, slug=slug, name=name, settings=parsed, version=version, created_at=created_at)
