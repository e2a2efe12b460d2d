"""The list of gates, and one gate with its versions and answers."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

from assay.domain.board.board import Board
from assay.domain.experiments.criteria.text import criterion_text, dataset_text
from assay.domain.gates.gate import Gate, LeakageCheck
from assay.domain.gates.gate_metrics import with_metrics
from assay.domain.gates.gate_template import TEMPLATES, gate_template
from assay.domain.gates.gate_text import check_text
from assay.domain.gates.item_evidence import item_files
from assay.domain.gates.needs import asks_for_results
from assay.domain.kernel.metrics import MetricCatalog
from assay.web import wording
from assay.web.contexts.gates import (
    GateLine,
    GatePage,
    GateProblem,
    GatesPage,
    GateVersionLine,
)
from assay.web.contexts.ticket_form import Choice
from assay.web.experiment_view import short_digest
from assay.web.gate_history import history_chart
from assay.web.gate_words import gate_href, run_line
from assay.workflows.gate_sides import MAX_UPLOAD_BYTES
from assay.workflows.gate_views import GateRunPage, GateRunRow, GateSummary, GateVersion
from assay.workflows.records import Project

EXAMPLE = """\
gate: answer-quality
criteria:
  - accuracy >= 85%
  - accuracy no worse than baseline by 2%
checks:
  - slices: {by: [language], margin: 3%}
"""
ASKS_SHOWN = 3
BASELINES_OFFERED = 20


def gates_page(
    found: Sequence[GateSummary],
    slug: str,
    *,
    csrf_token: str,
    text: str,
    problem: GateProblem | None,
    template: str = "",
) -> GatesPage:
    """Everything the list prints; `template` is the key of the one to begin with, any other text takes the smallest gate."""
    return GatesPage(
        rows=tuple(_line(one, slug) for one in found),
        action=f"/p/{slug}/gates",
        csrf_token=csrf_token,
        text=text,
        problem=problem,
        example=gate_template(key=template) if template in TEMPLATES else EXAMPLE,
        templates=(
            Choice(f"/p/{slug}/gates#add", "The smallest", template not in TEMPLATES),
            *(
                Choice(f"/p/{slug}/gates?template={one.key}#add", one.title, one.key == template)
                for one in TEMPLATES.values()
            ),
        ),
        command="assay gate check GATE.yaml --candidate results.csv --baseline before.csv",
    )


def _line(one: GateSummary, slug: str) -> GateLine:
    version = one.latest
    asks = [text for _, text in _asks(version.gate)]
    more = f" and {len(asks) - ASKS_SHOWN} more" if len(asks) > ASKS_SHOWN else ""
    return GateLine(
        name=version.name,
        href=gate_href(slug, version.name),
        version=f"v{version.version}",
        description=version.gate.description,
        loosened=version.loosens,
        stages=", ".join(one.stages),
        asks=f"{', '.join(asks[:ASKS_SHOWN])}{more}",
        runs=f"{one.runs:,}",
        last=None if one.last is None else run_line(one.last, slug),
    )


def _asks(gate: Gate) -> tuple[tuple[str, str], ...]:
    catalog = MetricCatalog(metrics=gate.metrics)
    criteria = [(one.role.value, criterion_text(one, metrics=catalog)) for one in gate.criteria]
    return (*criteria, *((check.role.value, check_text(check, gate)) for check in gate.checks))


def gate_page(
    versions: Sequence[GateVersion],
    runs: GateRunPage,
    slug: str,
    *,
    project: Project,
    csrf_token: str,
    problem: GateProblem | None,
    typed: Mapping[str, str],
    paged: bool,
) -> GatePage:
    """Everything the page of one gate prints.

    Args:
        versions: newest first.
        runs: a page of its answers, newest first.
        slug: the project.
        project: whose columns may ask it.
        csrf_token: for the forms.
        problem: why a form was refused.
        typed: what that form held.
        paged: whether these are not the newest answers.
    """
    latest = versions[0]
    gate, href = latest.gate, gate_href(slug, latest.name)
    rows = runs.rows
    return GatePage(
        name=latest.name,
        href=href,
        version=latest.version,
        loosens=latest.loosens,
        description=gate.description,
        asks=_asks(gate),
        settings=_settings(gate),
        guards=tuple(
            Choice(stage.key, stage.title, stage.gate == latest.name)
            for stage in project.settings.board.stages
            if not stage.terminal
        ),
        project_version=project.version,
        last=run_line(rows[0], slug) if rows and not paged else None,
        runs=tuple(run_line(row, slug) for row in rows),
        next_href=f"{href}?before={runs.next_before}#runs" if runs.next_before else "",
        history=None
        if paged
        else history_chart(rows, versions, catalog=MetricCatalog(metrics=with_metrics(gate).metrics)),
        training=tuple(
            dict.fromkeys(
                name for check in gate.checks if isinstance(check, LeakageCheck) for name in check.against
            )
        ),
        shown_by=item_files(gate),
        needs_candidate=asks_for_results(gate),
        versions=tuple(_version(one) for one in versions),
        text=typed.get("text", latest.text),
        reason=typed.get("reason", ""),
        files=tuple(latest.files),
        csrf_token=csrf_token,
        problem=problem,
        baselines=_baselines(rows, typed.get("baseline_run", "")),
        upload_most=MAX_UPLOAD_BYTES,
        upload_limit=f"{MAX_UPLOAD_BYTES // 2**20} MB",
        command=f"assay gate check {latest.name}.yaml --candidate results.csv",
        digest=latest.digest,
    )


def guarded(board: Board, name: str, chosen: Container[str]) -> Board:
    """The board on which exactly these columns ask the gate; what others ask stays."""
    return board.model_copy(
        update={
            "stages": tuple(
                stage.model_copy(update={"gate": name if stage.key in chosen else None})
                if stage.key in chosen or stage.gate == name
                else stage
                for stage in board.stages
            )
        }
    )


def _settings(gate: Gate) -> tuple[tuple[str, str], ...]:
    settings = gate.settings
    found = (
        ("Evaluation set", "any" if gate.dataset is None else dataset_text(gate.dataset)),
        ("Error", f"one-sided {settings.alpha:g}"),
        (
            "Decides by",
            "the confidence bound (strict)" if settings.mode == "bound" else "the estimate (point)",
        ),
        ("Looks at", f"{', '.join(str(one) for one in settings.looks.stages)} seeds"),
        ("Sequential", "yes: it may be looked at as examples arrive" if settings.sequential else ""),
        (
            "Unmatched",
            "none allowed" if not settings.unmatched_limit else f"at most {settings.unmatched_limit:%}",
        ),
    )
    return tuple((name, value) for name, value in found if value)


def _version(one: GateVersion) -> GateVersionLine:
    return GateVersionLine(
        version=f"v{one.version}",
        by=one.by,
        at_iso=wording.iso(one.at),
        at=wording.clock(one.at),
        reason=one.reason,
        changes=tuple((change.text, change.loosens) for change in one.changes),
        loosens=one.loosens,
        digest=one.digest,
        short_digest=short_digest(one.digest),
    )


def _baselines(rows: Sequence[GateRunRow], chosen: str) -> tuple[Choice, ...]:
    offered = [
        Choice(
            str(row.number),
            f"candidate of run {row.number}, {wording.day(row.at)}{f', {row.ticket}' if row.ticket else ''}",
            str(row.number) == chosen,
        )
        for row in rows[:BASELINES_OFFERED]
    ]
    return (Choice("", "none, or the files beside", not chosen), *offered) if offered else ()
