"""Examples behind a value: of the seeds of one configuration of a ticket, or of one run."""

from __future__ import annotations

from collections.abc import Sequence

from assay.domain.experiments.evidence import Evidence, Run, RunStatus
from assay.domain.gates.configurations import configured
from assay.domain.gates.example_evidence import PREDICTION, TARGET, by_label, confused, hardest
from assay.domain.gates.seed_groups import SeedGroup, seed_groups
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import MetricCatalog
from assay.errors import Invalid, NotFound
from assay.workflows.actor import Actor, Permission
from assay.workflows.evidence import unknown_run
from assay.workflows.example_views import ExampleGroup, ExamplesView
from assay.workflows.gathering import ignored_parameters, with_all_scores
from assay.workflows.lookup import required_project, required_ticket
from assay.workflows.ports import ReadTransaction, Workspace
from assay.workflows.records import Project, Ticket
from assay.workflows.standing_verdicts import standing_verdict

MOST_SEEDS = 20
"""Score files that are read for one look."""


def examples_of(
    ws: Workspace,
    actor: Actor,
    slug: str,
    *,
    ticket: str = "",
    run: str = "",
    group: str | None = None,
    metric: str | None = None,
    column: str | None = None,
) -> ExamplesView:
    """The examples of a ticket or of a run, whichever is named.

    Raises:
        Invalid: neither is named, or both.
        NotFound: no such ticket, run, group or metric.
    """
    if bool(ticket) == bool(run):
        raise Invalid(
            f"cannot show examples: {'both a ticket and a run are' if run else 'no ticket and no run is'} named (expected one of the two)",
            hint="name a ticket such as EXP-42 (?ticket=EXP-42), or a run (?run=mlflow:4f2a)",
            code="examples-of-what",
            field="ticket",
        )
    if run:
        return examples_of_run(ws, actor, slug, run, metric=metric, column=column)
    return examples_of_ticket(ws, actor, slug, ticket.upper(), group=group, metric=metric, column=column)


def examples_of_ticket(
    ws: Workspace,
    actor: Actor,
    slug: str,
    key: str,
    *,
    group: str | None = None,
    metric: str | None = None,
    column: str | None = None,
) -> ExamplesView:
    """The examples behind the candidate of a ticket, or behind another of its groups.

    Raises:
        NotFound: no such ticket, group or metric.
    """
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        ticket = required_ticket(tx, project, key)
        ignored = ignored_parameters(project, ticket)
        runs_there = [configured(run, ignored) for run in tx.runs(project.id, ticket.key, with_curves=False)]
        found = [
            one
            for one in seed_groups(runs_there, ticket.lock)
            if any(run.scores_digest or run.scores_error for run in (*one.runs, *one.exploratory))
        ]
        groups = _ordered(found, _candidate(tx, project, ticket))
        shown = _chosen(groups, group)
        runs = next(((*one.runs, *one.exploratory) for one in found if shown and one.key == shown.key), ())
        return _view(
            ws,
            tx,
            project,
            runs,
            ticket=ticket,
            groups=groups,
            group=shown,
            run=None,
            metric=metric,
            column=column,
        )


def examples_of_run(
    ws: Workspace,
    actor: Actor,
    slug: str,
    run_id: str,
    *,
    metric: str | None = None,
    column: str | None = None,
) -> ExamplesView:
    """The examples behind one run.

    Raises:
        NotFound: no such run or metric.
    """
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        run = tx.run(project.id, run_id)
        if run is None:
            raise unknown_run(run_id, slug)
        ticket = tx.ticket(project.id, run.ticket) if run.ticket else None
        return _view(
            ws,
            tx,
            project,
            (run,),
            ticket=ticket,
            groups=(),
            group=None,
            run=run,
            metric=metric,
            column=column,
        )


def _candidate(tx: ReadTransaction, project: Project, ticket: Ticket) -> str | None:
    standing = standing_verdict(tx, project, ticket)
    return None if standing is None else standing.record.verdict.candidate


def _ordered(found: Sequence[SeedGroup], candidate: str | None) -> tuple[ExampleGroup, ...]:
    groups = [
        ExampleGroup(one.key, one.label, one.arm, one.key == candidate, len(one.runs) + len(one.exploratory))
        for one in found
    ]
    return tuple(sorted(groups, key=lambda one: (not one.is_candidate, one.arm, one.label, one.key)))


def _chosen(groups: Sequence[ExampleGroup], key: str | None) -> ExampleGroup | None:
    if key is None:
        return groups[0] if groups else None
    found = next((one for one in groups if one.key == key), None)
    if found is None:
        raise NotFound(
            f"cannot show group {key[:40]!r}: the ticket has no such group with scores (expected one of: "
            f"{', '.join(one.key for one in groups) or 'none yet'})",
            hint="leave the group out for the candidate",
            code="examples-group-unknown",
            field="group",
        )
    return found


def _view(
    ws: Workspace,
    tx: ReadTransaction,
    project: Project,
    runs: Sequence[Run],
    *,
    ticket: Ticket | None,
    groups: tuple[ExampleGroup, ...],
    group: ExampleGroup | None,
    run: Run | None,
    metric: str | None,
    column: str | None,
) -> ExamplesView:
    used, left_out = _one_a_seed(
        _read(ws, tx, [one for one in runs if not one.deleted]), single=run is not None
    )
    metrics = tuple(sorted(set.intersection(*({*one.scores} for one in used)))) if used else ()
    catalog = tx.metrics(project.id)
    shown = _metric(metrics, metric, ticket, catalog)
    declared = catalog.get(shown) if shown else None
    per_seed = [one.scores[shown] for one in used] if shown else []
    columns = tuple(sorted({name for one in per_seed for name in one.slices}))
    # What the page shows as chosen is what classes are taken from: without true classes the first label there is.
    first = next((name for name in (TARGET, *columns) if name in columns and name != PREDICTION), None)
    chosen = column if column in columns else first
    direction = None if declared is None else declared.direction
    return ExamplesView(
        project=project,
        ticket=None if ticket is None else ticket.key,
        run=run,
        groups=groups,
        group=group,
        runs=tuple(used),
        left_out=tuple(left_out),
        metrics=metrics,
        metric=shown,
        declared=declared,
        columns=columns,
        column=chosen,
        hard=hardest(per_seed, direction) if per_seed and direction else None,
        confused=confused(per_seed),
        labels=by_label(per_seed, chosen, direction) if chosen else (),
    )


def _read(ws: Workspace, tx: ReadTransaction, runs: Sequence[Run]) -> tuple[Run, ...]:
    """With their scores, as far as they are read: what is beyond that stays named."""
    found = with_all_scores(ws, tx, Evidence(runs=tuple(runs[:MOST_SEEDS])))
    return (*found.runs, *runs[MOST_SEEDS:])


def _one_a_seed(runs: Sequence[Run], *, single: bool) -> tuple[list[Run], list[tuple[Run, str]]]:
    """Finished runs with scores, the first of each seed; the others with why they are left out."""
    used: list[Run] = []
    left_out: list[tuple[Run, str]] = []
    for run in runs:
        if run.scores_error:
            left_out.append((run, run.scores_error))
        elif not run.scores:
            beyond = f"more than {MOST_SEEDS} runs: its scores were not read"
            left_out.append((run, beyond if run.scores_digest else "it logged no scores of examples"))
        elif run.status is not RunStatus.FINISHED and not single:
            left_out.append((run, f"it is {run.status.value}"))
        elif any(one.seed == run.seed for one in used):
            seed = "no recorded seed" if run.seed is None else f"seed {run.seed}"
            left_out.append((run, f"another run of {seed} stands before it"))
        else:
            used.append(run)
    return used, left_out


def _metric(
    metrics: Sequence[str], asked: str | None, ticket: Ticket | None, catalog: MetricCatalog
) -> str | None:
    if asked is not None:
        if asked in metrics:
            return asked
        raise NotFound(
            f"cannot show examples by metric {asked[:60]!r}: the runs have no scores of it (expected one of: "
            f"{', '.join(metrics) or 'none yet'})",
            hint="leave the metric out for the primary one",
            code="examples-metric-unknown",
            field="metric",
        )
    primary = [c.metric for c in ticket.content.criteria if c.role is Role.PRIMARY] if ticket else []
    declared = [name for name in metrics if catalog.get(name) is not None]
    return next((name for name in (*primary, *declared, *metrics) if name in metrics), None)
