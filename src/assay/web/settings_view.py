"""The settings as a page, and the page's fields as settings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError
from starlette.datastructures import FormData

from assay.domain.board.board import Board, LimitBy, Stage
from assay.domain.gates.settings import VerdictSettings
from assay.domain.kernel.kill_rules import KillRuleName
from assay.domain.kernel.metrics import MetricCatalog, Unit
from assay.domain.kernel.zones import known_time_zone
from assay.domain.sprints.cadence import Answers, Cadence, MainWork, advise
from assay.domain.sprints.sprint import MOST_COMMITTED, CommitmentLimits
from assay.errors import AssayError, Invalid
from assay.web import frame, wording
from assay.web.board_file_view import board_section
from assay.web.contexts.kills import KillRecordSection
from assay.web.contexts.settings import (
    BoardSection,
    CadenceSection,
    LimitRow,
    MetricRow,
    PricesSection,
    SettingsPage,
    SourceRow,
    SyncState,
)
from assay.web.contexts.ticket_form import Choice
from assay.web.inputs import lines, text, texts
from assay.web.kills_view import record_section
from assay.web.prices_form import prices_section
from assay.web.syncs import SyncJob
from assay.web.ticket_form_view import UNIT_WORDS
from assay.web.webhooks_view import webhook_line
from assay.workflows.kill_record import KillRecord
from assay.workflows.records import Project, Source
from assay.workflows.webhooks import WebhookView

RULES = {
    KillRuleName.OVER_BUDGET: "Compute over a multiple of the budget (an escalation)",
    KillRuleName.PLATEAU: "The last runs lie close together, none at the target",
    KillRuleName.GAP: "Far short of the target",
    KillRuleName.TIME_BOX: "Time box over",
    KillRuleName.NOT_FALLING: "Training loss does not fall",
    KillRuleName.DIVERGED: "Training diverged",
    KillRuleName.MEDIAN: "Below the median of like candidates",
    KillRuleName.FUTILITY: "Chance to reach the target too low, by past runs of the same problem",
}
_VALUES = (
    ("over_budget_multiple", "Over budget beyond", "times the budget"),
    ("plateau_tolerance", "Plateau within", "of a fraction"),
    ("plateau_runs", "Plateau over", "seed groups"),
    ("gap", "Gap beyond", "of a fraction"),
    ("not_falling_after", "Loss must fall after epoch", ""),
    ("futility", "Futile below a chance of", "0.05 is 5%"),
)

_COMMITMENTS = (("experiments", "Experiments"), ("product_tasks", "Product tasks"))


def settings_page(
    project: Project,
    catalog: MetricCatalog,
    sources: Sequence[Source],
    *,
    kinds: Sequence[str],
    open_locks: int,
    csrf_token: str,
    theme: str,
    problem: AssayError | None = None,
    section: str = "",
    board: BoardSection | None = None,
    answers: Answers | None = None,
    prices: PricesSection | None = None,
    record: KillRecord | None = None,
    webhooks: Sequence[WebhookView] = (),
) -> SettingsPage:
    """Everything the page prints; `open_locks` tickets are locked and still judged."""
    href = f"/p/{project.slug}/settings"
    verdicts = project.settings.verdicts
    rules = verdicts.kill_rules
    return SettingsPage(
        csrf_token=csrf_token,
        version=project.version,
        action=href,
        name=project.name,
        metrics=tuple(_metrics(catalog)),
        metric_action=f"{href}/metrics",
        drop_action=f"{href}/metrics/drop",
        units=tuple(Choice(u.value, UNIT_WORDS.get(u, u.value), chosen=u is Unit.FRACTION) for u in Unit),
        limits=tuple(_limit(stage) for stage in project.settings.board.stages if not stage.terminal),
        backtest_href=f"/p/{project.slug}/backtest",
        rules=tuple(Choice(rule.value, RULES[rule], rule in rules.enabled) for rule in KillRuleName),
        plateau_tolerances=", ".join(f"{name} {kept}" for name, kept in rules.plateau_tolerances.items()),
        rule_values=tuple((name, label, f"{getattr(rules, name)}", unit) for name, label, unit in _VALUES),
        strictness=_strictness(verdicts),
        alpha=f"{verdicts.alpha:g}",
        ignored_parameters="\n".join(verdicts.ignored_parameters),
        commitments=_usual(project.settings.commitments),
        time_zone=project.settings.time_zone,
        locks_note=_locks_note(open_locks),
        sources=tuple(_source(source, href) for source in sources),
        kinds=tuple(Choice(kind, KIND_WORDS.get(kind, kind), kind == "mlflow") for kind in kinds),
        connect_action=f"{href}/sources",
        themes=tuple(
            Choice(value, label, value == theme)
            for value, label in zip(frame.THEMES, ("As the system says", "Light", "Dark"), strict=True)
        ),
        theme_action=f"{href}/appearance",
        board=board or board_section(project),
        cadence=cadence_section(project, answers),
        prices=prices_section(project, prices),
        kill_record=record_section(record) if record is not None else KillRecordSection((), ""),
        webhooks=tuple(webhook_line(one, project.slug) for one in webhooks),
        webhooks_href=f"/p/{project.slug}/webhooks",
        problem=problem.message if problem is not None else "",
        problem_hint=problem.hint if problem is not None else "",
        problem_section=section,
    )


def _strictness(verdicts: VerdictSettings) -> tuple[Choice, ...]:
    words = {
        "bound": "The bound of the interval has to clear it (strict)",
        "point": "The estimate has to clear it (the strict answer is shown beside)",
    }
    return tuple(Choice(one, label, verdicts.strictness == one) for one, label in words.items())


def _limit(stage: Stage) -> LimitRow:
    title = f"{stage.title}, in GPUs" if stage.limit_by is LimitBy.GPUS else stage.title
    return LimitRow(key=stage.key, title=title, limit=str(stage.wip_limit or ""), gate=stage.gate_text)


KIND_WORDS = {
    "assay": "Assay (runs logged by assay.experiment)",
    "mlflow": "MLflow (server, SQLite, PostgreSQL, mlruns)",
    "dvc": "DVC (project with experiments, or folder of DVCLive)",
    "table": "Table (CSV, JSON Lines, Parquet)",
    "tensorboard": "TensorBoard (folder of event files)",
    "trackio": "Trackio (folder of .db files)",
    "wandb": "Weights & Biases (folder wandb, or a project's address)",
}
"""Kinds that packages add are shown by their own name."""

WORK_WORDS = {
    MainWork.EXPERIMENTS: "Mostly experiments",
    MainWork.MIXED: "Experiments and product work",
    MainWork.PRODUCT: "Mostly product work",
}


def cadence_section(project: Project, answers: Answers | None) -> CadenceSection:
    """The cadence of a project, and the one that fits what was answered."""
    here, now = f"/p/{project.slug}/settings", project.settings.cadence
    advice = None if answers is None else advise(answers)
    work = MainWork.MIXED if answers is None else answers.work
    return CadenceSection(
        action=f"{here}/cadence",
        ask_href=f"{here}#cadence",
        choices=tuple((one.value, one.label, one.means, one is now) for one in Cadence),
        works=tuple(Choice(one.value, WORK_WORDS[one], one is work) for one in MainWork),
        ships_soon=answers is not None and answers.ships_soon,
        outside_dates=answers is not None and answers.outside_dates,
        advised="" if advice is None else advice.cadence.value,
        advised_label="" if advice is None else advice.cadence.label,
        reasons=() if advice is None else advice.reasons,
        is_advised=advice is not None and advice.cadence is now,
    )


def _usual(limits: CommitmentLimits) -> tuple[tuple[str, str, str], ...]:
    return tuple((f"usual_{name}", label, str(getattr(limits, name))) for name, label in _COMMITMENTS)


def _locks_note(open_locks: int) -> str:
    if not open_locks:
        return "A change holds for tickets that are locked from then on. None is locked now."
    kept = wording.plural(open_locks, "locked ticket keeps its own", "locked tickets keep their own")
    return f"A change holds for tickets that are locked from then on; {kept}."


def _metrics(catalog: MetricCatalog) -> Iterable[MetricRow]:
    for metric in catalog.metrics:
        yield MetricRow(
            name=metric.name,
            direction=metric.direction.value,
            unit=UNIT_WORDS.get(metric.unit, metric.unit.value),
            decimals="" if metric.decimals is None else str(metric.decimals),
            aliases=", ".join(metric.aliases),
            description=metric.description,
            reading=metric.reading.words,
        )


def _what_is_read(source: Source) -> str:
    read = ", ".join(source.experiment_filter) or "everything in it"
    return f"{read}, runs that name this project" if source.qualified else read


def _source(source: Source, href: str) -> SourceRow:
    return SourceRow(
        name=source.name,
        kind=source.kind,
        uri=source.uri,
        experiments=_what_is_read(source),
        synced_iso=wording.iso(source.last_sync_at) if source.last_sync_at else "",
        synced=wording.minute(source.last_sync_at) if source.last_sync_at else "",
        error=source.last_sync_error,
        sync_action=f"{href}/sources/{source.name}/sync",
        disconnect_action=f"{href}/sources/{source.name}/disconnect",
    )


def sync_state(slug: str, name: str, job: SyncJob | None) -> SyncState:
    """How far a sync is, in words and as a bar."""
    share = None
    if job is not None and job.running and job.total:
        share = job.done / job.total
    return SyncState(
        name=name,
        running=job is not None and job.running,
        width=wording.percent_of_bar(share),
        text=_sync_text(job),
        error=job.error if job is not None else "",
        progress_href=f"/p/{slug}/settings/sources/{name}/progress",
    )


def _sync_text(job: SyncJob | None) -> str:
    if job is None or job.error:
        return ""
    if job.running:
        of_total = f" of {job.total:,}" if job.total else ""
        return f"{job.done:,}{of_total} runs read"
    if not (job.changed or job.gone):
        return "Nothing changed since the last sync."
    gone = f", {job.gone:,} removed" if job.gone else ""
    unknown = f" No ticket of this project: {', '.join(job.unknown[:5])}." if job.unknown else ""
    return f"{wording.plural(job.changed, 'run')} changed{gone}.{unknown}"


def board_from_form(form: FormData, board: Board) -> Board:
    """The board with the limits of the form.

    Raises:
        Invalid: a limit is not a whole number from 1 to 10,000.
    """
    stages = []
    for stage in board.stages:
        typed = text(form, f"limit_{stage.key}") if f"limit_{stage.key}" in form else None
        if typed is None:
            stages.append(stage)
            continue
        if typed and not (typed.isascii() and typed.isdigit() and 1 <= int(typed[:6]) <= 10_000):
            raise Invalid(
                f"cannot limit column {stage.title!r}: found {typed[:20]!r} (expected a whole number from 1 to 10,000, "
                "or nothing for no limit)",
                hint="write a number such as 3, or leave it empty",
                code="limit-malformed",
                field=f"limit_{stage.key}",
            )
        stages.append(stage.model_copy(update={"wip_limit": int(typed) if typed else None}))
    return board.model_copy(update={"stages": tuple(stages)})


def commitments_from_form(form: FormData, before: CommitmentLimits) -> CommitmentLimits:
    """What a sprint usually holds, as the form sets it.

    Raises:
        Invalid: it is not a whole number from 0 to 1,000.
    """
    found = {}
    for name, label in _COMMITMENTS:
        typed = text(form, f"usual_{name}") or str(getattr(before, name))
        if not (typed.isascii() and typed.isdigit() and int(typed[:6]) <= MOST_COMMITTED):
            raise Invalid(
                f"cannot save what a sprint usually holds: {label.lower()} is {typed[:20]!r} (expected a whole number from 0 to "
                f"{MOST_COMMITTED:,})",
                hint="write a number such as 3",
                code="limit-malformed",
                field=f"usual_{name}",
            )
        found[name] = int(typed)
    return CommitmentLimits(**found)


def time_zone_from_form(form: FormData, before: str) -> str:
    """Where the team works, as the form says.

    Raises:
        Invalid: no time zone has this name.
    """
    typed = text(form, "time_zone") or before
    try:
        return known_time_zone(typed)
    except PydanticCustomError as error:
        raise Invalid(
            f"cannot save the time zone: {error.message()}",
            hint="write a name such as Europe/Berlin",
            code="time-zone-unknown",
            field="time_zone",
        ) from None


def _tolerances(text: str) -> dict[str, str]:
    """What follows each metric: `bleu 0.5, latency_p50 2`."""
    pairs = (entry.split(maxsplit=1) for entry in text.replace("=", " ").split(",") if entry.strip())
    return {name: rest[0] if rest else "" for name, *rest in pairs}


def verdicts_from_form(form: FormData, before: VerdictSettings) -> VerdictSettings:
    """The rules of evidence as the form sets them.

    Raises:
        Invalid: a number is out of range; the message names it.
    """
    rules: dict[str, Any] = before.kill_rules.model_dump()
    rules["enabled"] = tuple(name for name in texts(form, "rule") if name in {r.value for r in KillRuleName})
    for name, _, _ in _VALUES:
        if text(form, name):
            rules[name] = text(form, name)
    if "plateau_tolerances" in form:
        rules["plateau_tolerances"] = _tolerances(text(form, "plateau_tolerances"))
    data = {
        **before.model_dump(),
        "strictness": text(form, "strictness") or before.strictness,
        "alpha": text(form, "alpha") or before.alpha,
        "kill_rules": rules,
    }
    if "ignored_parameters" in form:
        named = lines(form, "ignored_parameters").splitlines()
        data["ignored_parameters"] = tuple(name.strip() for name in named if name.strip())
    try:
        return VerdictSettings.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        name = next(str(part) for part in reversed(first["loc"]) if part != "[key]")
        raise Invalid(
            f"cannot save rules: {name.replace('_', ' ')} is {str(first.get('input'))[:40]!r} "
            f"({str(first['msg']).removeprefix('Input ')})",
            hint="correct the field, then save again",
            code="rule-malformed",
            field=name,
        ) from None
