"""Projects: create one, declare its metrics, set its board and rules."""

from __future__ import annotations

from assay.domain.board.board import Board
from assay.domain.board.board_data import check_board_rules
from assay.domain.board.templates import TEMPLATES, BoardTemplate
from assay.domain.gates.settings import VerdictSettings
from assay.domain.kernel.events import Event
from assay.domain.kernel.ids import checked_project_slug
from assay.domain.kernel.metrics import Metric, MetricCatalog
from assay.domain.sprints.sprint import CommitmentLimits
from assay.errors import Conflict, Invalid, NotFound, Refused, StaleVersion
from assay.workflows.actor import Actor, Permission
from assay.workflows.board_gates import show_gates
from assay.workflows.idempotency import Remember, write_once
from assay.workflows.lookup import required_project
from assay.workflows.ports import ReadTransaction, Workspace, WriteTransaction
from assay.workflows.records import Project, ProjectSettings

MAX_NAME_LENGTH = 80


def _checked_name(name: str) -> str:
    shown = name.strip()
    if not shown or len(shown) > MAX_NAME_LENGTH:
        raise Invalid(
            f"cannot name project {shown[:60]!r}: {len(shown)} characters (expected 1 to {MAX_NAME_LENGTH})",
            hint="assay project new NAME --title TEXT",
            code="project-name-length",
            field="name",
        )
    return shown


def create_project(
    ws: Workspace,
    actor: Actor,
    *,
    slug: str,
    name: str = "",
    template: BoardTemplate = BoardTemplate.EXPERIMENT,
    remember: Remember | None = None,
) -> Project:
    """Start a project with a board to begin with and the default rules.

    Raises:
        Invalid: the slug or the name is malformed.
        Conflict: a project of this slug exists.
    """
    actor.require(Permission.CONFIGURE)
    checked_project_slug(slug)
    shown = _checked_name(name or slug.replace("-", " ").capitalize())

    def work(tx: WriteTransaction) -> Project:
        if tx.project(slug) is not None:
            raise Conflict(
                f"cannot create project {slug!r}: it exists already (expected a new name)",
                hint=f"assay board --project {slug}",
                code="project-exists",
                field="slug",
            )
        at = ws.clock()
        project = tx.add_project(
            slug=slug, name=shown, settings=ProjectSettings(board=TEMPLATES[template]), at=at
        )
        tx.append(
            Event.of("project.created", project=slug, name=shown, template=template.value),
            actor=actor,
            at=at,
        )
        return project

    return write_once(ws, remember, work)


def list_projects(ws: Workspace, actor: Actor) -> tuple[Project, ...]:
    """Every project, by name."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        return tuple(tx.projects())


def get_project(ws: Workspace, actor: Actor, slug: str) -> Project:
    """The project called `slug`, or NotFound."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        return required_project(tx, slug)


def count_open_locks(ws: Workspace, actor: Actor, slug: str) -> int:
    """How many locked tickets are still judged? They keep alpha and strictness of their lock whatever the settings say."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        locked = tx.locked_counts(project.id)
    closed = {stage.key for stage in project.settings.board.stages if stage.terminal}
    return sum(count for stage, count in locked.items() if stage not in closed)


def get_metrics(ws: Workspace, actor: Actor, slug: str) -> MetricCatalog:
    """The metrics a project declared."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        return tx.metrics(required_project(tx, slug).id)


def declare_metric(
    ws: Workspace, actor: Actor, slug: str, metric: Metric, *, remember: Remember | None = None
) -> Metric:
    """Declare a metric, or change its declaration. Locked tickets keep the declaration they were locked with.

    Raises:
        Conflict: another metric already uses the name as an alias, or an alias is taken.
    """
    actor.require(Permission.CONFIGURE)

    def work(tx: WriteTransaction) -> Metric:
        project = required_project(tx, slug)
        catalog = tx.metrics(project.id)
        before = next((m for m in catalog.metrics if m.name == metric.name), None)
        _names_are_free(catalog, metric)
        if before == metric:
            return metric
        at = ws.clock()
        tx.put_metric(project.id, metric)
        tx.append(
            Event.of(
                "metric.declared",
                project=slug,
                subject=metric.name,
                before=before.model_dump(mode="json") if before else None,
                after=metric.model_dump(mode="json"),
            ),
            actor=actor,
            at=at,
        )
        return metric

    return write_once(ws, remember, work)


def _names_are_free(catalog: MetricCatalog, metric: Metric) -> None:
    others = {name: other.name for other in catalog.metrics for name in (other.name, *other.aliases)}
    for name in (metric.name, *metric.aliases):
        owner = others.get(name)
        if owner is not None and owner != metric.name:
            raise Conflict(
                f"cannot declare metric {metric.name!r}: {name!r} already means {owner!r} (expected a free name)",
                hint="assay metric list",
                code="metric-name-taken",
                field="aliases" if name != metric.name else "name",
            )


def drop_metric(ws: Workspace, actor: Actor, slug: str, name: str) -> None:
    """Remove a declaration; refused while a ticket's criteria use it.

    Raises:
        NotFound: it is not declared.
        Refused: criteria name it.
    """
    actor.require(Permission.CONFIGURE)

    def work(tx: WriteTransaction) -> None:
        project = required_project(tx, slug)
        if all(m.name != name for m in tx.metrics(project.id).metrics):
            raise NotFound(
                f"cannot drop metric {name!r}: it is not declared",
                hint="assay metric list",
                code="metric-unknown",
                field="name",
            )
        users = [t.key for t in tx.tickets(project.id) if any(c.metric == name for c in t.content.criteria)]
        if users:
            raise Refused(
                f"cannot drop metric {name!r}: criteria of {', '.join(users[:5])} use it (expected none)",
                hint="change those criteria first",
                code="metric-in-use",
                field="name",
            )
        tx.remove_metric(project.id, name)
        tx.append(Event.of("metric.dropped", project=slug, subject=name), actor=actor, at=ws.clock())

    ws.store.write(work)


def _tolerances_are_of_metrics(tx: WriteTransaction, project: Project, wanted: VerdictSettings) -> None:
    """A tolerance of a metric that nobody declared would never be used."""
    known = project.settings.verdicts.kill_rules.plateau_tolerances
    for name in wanted.kill_rules.plateau_tolerances:
        if name not in known:
            tx.metrics(project.id).require(name, field=f"verdicts.kill_rules.plateau_tolerances.{name}")


def save_settings(
    ws: Workspace,
    actor: Actor,
    slug: str,
    *,
    expected_version: int,
    name: str | None = None,
    board: Board | None = None,
    verdicts: VerdictSettings | None = None,
    commitments: CommitmentLimits | None = None,
    time_zone: str | None = None,
) -> Project:
    """Change name, board, rules, what a sprint usually holds, or the time zone of the team.

    Raises:
        StaleVersion: somebody changed the settings meanwhile.
        Refused: a column that still holds cards would disappear.
        Invalid: the board is one that a board file would be refused for, or a column names a gate that the project does
            not have.
    """
    actor.require(Permission.CONFIGURE)

    def work(tx: WriteTransaction) -> Project:
        before = required_project(tx, slug)
        if before.version != expected_version:
            raise StaleVersion(
                f"cannot save settings of {slug!r}: they changed meanwhile and are now version {before.version} "
                "(expected the version you saw)",
                hint=f"assay project show {slug}",
                details={"version": before.version},
            )
        settings = before.settings.model_copy(
            update={
                "board": board or before.settings.board,
                "verdicts": verdicts or before.settings.verdicts,
                "commitments": commitments or before.settings.commitments,
                "time_zone": time_zone or before.settings.time_zone,
            }
        )
        check_board(tx, before, settings.board)
        _tolerances_are_of_metrics(tx, before, settings.verdicts)
        after = Project(
            id=before.id,
            slug=slug,
            name=_checked_name(name) if name is not None else before.name,
            settings=settings,
            version=before.version,
            created_at=before.created_at,
        )
        if not tx.save_project(after):
            raise StaleVersion(
                f"cannot save settings of {slug!r}: they changed meanwhile", hint=f"assay project show {slug}"
            )
        tx.append(
            Event.of(
                "project.configured",
                project=slug,
                before={"name": before.name, "settings": before.settings.model_dump(mode="json")},
                after={"name": after.name, "settings": settings.model_dump(mode="json")},
            ),
            actor=actor,
            at=ws.clock(),
        )
        if _gates_named(settings.board) != _gates_named(before.settings.board):
            show_gates(tx, after)
        return required_project(tx, slug)

    return ws.store.write(work)


def check_board(tx: ReadTransaction, project: Project, board: Board) -> None:
    """Can the project have this board, with the cards and gates it has? The one it has already may stay.

    Raises:
        Refused: a column that still holds cards would disappear.
        Invalid: a board file would be refused for it, or a column names a gate that the project does not have.
    """
    if board != project.settings.board:
        check_board_rules(board)
    _no_card_left_behind(tx, project, board)
    _gates_exist(tx, project, board)


def _no_card_left_behind(tx: ReadTransaction, project: Project, board: Board) -> None:
    for stage, count in tx.stage_counts(project.id).items():
        if count and board.stage(stage) is None:
            raise Refused(
                f"cannot remove column {stage!r}: it holds {count} {'card' if count == 1 else 'cards'} (expected an empty column)",
                hint="move its cards first",
                code="column-in-use",
                field="board.stages",
            )


def _gates_named(board: Board) -> dict[str, str | None]:
    return {stage.key: stage.gate for stage in board.stages}


def _gates_exist(tx: ReadTransaction, project: Project, board: Board) -> None:
    for place, stage in enumerate(board.stages):
        if stage.gate is not None and tx.gate_version(project.id, stage.gate) is None:
            raise Invalid(
                f"cannot save settings of {project.slug!r}: column {stage.title} names gate {stage.gate!r}, which the "
                "project does not have (expected one of its gates)",
                hint="assay gate add FILE",
                code="stage-gate-unknown",
                field=f"board.stages.{place}.gate",
            )
