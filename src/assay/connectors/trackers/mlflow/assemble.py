"""From MLflow's words to evidence: which ticket, which seed, which arm, what it cost.

The order of places looked at, first hit wins:

- ticket: tag `assay.ticket`, whatever its case, else an experiment name that is a ticket key or begins with one ("EXP-42 depth sweep").
- seed: tag `assay.seed`, then parameter and then tag `seed`, `random_state`, `random_seed`. Parameters of these names
  (and `assay.seed`) are no part of the configuration; every other parameter is.
- arm: tag `assay.arm`, else `candidate`.
- evaluation set: tag `assay.dataset`, else the logged input with an evaluation context, else a single input that is not
  marked as training data, written `name@digest`.
- GPU-hours: tag `assay.gpu_hours`, else tag `assay.devices` times wall time, else GPUs seen by MLflow's system metrics (all
  of the machine) times wall time, else unknown.
- cost: tag `assay.cost_usd`, else unknown.
- artifacts: the artifact root of the run as MLflow names it, without login and query.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from assay.connectors.tracked.digest import digest_of
from assay.connectors.tracked.meaning import (
    SEED_NAMES,
    amount,
    gpu_hours,
    moment,
    seed_of,
    ticket_of,
    wall_hours,
)
from assay.connectors.trackers.mlflow.raw import LoggedDataset, RawRun, kept_reference
from assay.domain.experiments.evidence import Provenance, Run, RunStatus

_NO_CONFIG = frozenset((*SEED_NAMES, "assay.seed"))
_GPU_METRIC = re.compile(r"(system/(?:.+/)?gpu_[0-9]+)_", re.ASCII | re.DOTALL)
_EVALUATION = frozenset(("eval", "evaluation", "test", "testing", "val", "validation"))
_STATUS = {
    "SCHEDULED": RunStatus.SCHEDULED,
    "RUNNING": RunStatus.RUNNING,
    "FINISHED": RunStatus.FINISHED,
    "FAILED": RunStatus.FAILED,
    "KILLED": RunStatus.STOPPED,
}
# A word no MLflow writes says that the run is over and did not end well.
_ENDED_SOMEHOW = RunStatus.FAILED
_SAID_BY_ITSELF = Provenance.SELF_REPORTED
# MLflow's own tags are bookkeeping, some of them large; these say where a run came from.
KEPT_OWN_TAGS = frozenset(
    (
        "mlflow.note.content",
        "mlflow.parentRunId",
        "mlflow.source.git.branch",
        "mlflow.source.git.commit",
        "mlflow.source.git.dirty",
        "mlflow.source.name",
        "mlflow.user",
    )
)


@dataclass(frozen=True, slots=True)
class ScoresFound:
    """What was found under `assay/scores.parquet` of a run."""

    digest: str | None = None
    error: str | None = None
    content: bytes | None = None


def assemble(raw: RawRun, *, source: str, url: str | None, scores: ScoresFound) -> Run:
    """Which evidence is this run of the tracker? See the module for the order of places looked at."""
    params, tags, curves = raw.params, _kept_tags(raw.tags), raw.curves
    run_id = f"{source}:{raw.external_id}"
    status = _STATUS.get(raw.status, _ENDED_SOMEHOW)
    config, seed = _config_of(params), seed_of(params, tags)
    ticket, dataset = ticket_of(tags, raw.experiment_name), dataset_of(tags, raw.inputs)
    arm = tags.get("assay.arm", "").strip()[:60] or "candidate"
    wall = wall_hours(raw.started_ms, raw.ended_ms, curves)
    hours, hours_source = gpu_hours(raw.tags, wall, _gpus_seen(raw))
    cost = amount(tags.get("assay.cost_usd"))
    started_at, ended_at = moment(raw.started_ms), moment(raw.ended_ms)
    digest = digest_of(
        (
            run_id, raw.external_id, raw.name, status, seed, scores.digest, scores.error, ticket, arm, dataset,
            hours, hours_source, cost, raw.deleted, _SAID_BY_ITSELF, url,
        ),
        config,
        tags,
        None if started_at is None else raw.started_ms,
        None if ended_at is None else raw.ended_ms,
        curves,
    )  # fmt: skip
    return Run(
        run_id=run_id, source=source, external_id=raw.external_id, name=raw.name, status=status, config=config, seed=seed,
        curves=curves, scores_digest=scores.digest, scores_error=scores.error, ticket=ticket, arm=arm, dataset=dataset,
        started_at=started_at, ended_at=ended_at, gpu_hours=hours, gpu_hours_source=hours_source, cost_usd=cost,
        deleted=raw.deleted, provenance=_SAID_BY_ITSELF, url=url, artifacts=kept_reference(raw.artifact_uri), tags=tags,
        digest=digest,
    )  # fmt: skip


def _config_of(params: Mapping[str, str]) -> Mapping[str, str]:
    if _NO_CONFIG.isdisjoint(params):
        return params
    return {key: value for key, value in params.items() if key not in _NO_CONFIG}


def _kept_tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    dropped = [key for key in tags if key.startswith("mlflow.") and key not in KEPT_OWN_TAGS]
    return {key: value for key, value in tags.items() if key not in dropped} if dropped else tags


def dataset_of(tags: Mapping[str, str], inputs: tuple[LoggedDataset, ...]) -> str | None:
    """On which evaluation set was a run measured? None when neither tag nor logged inputs say it."""
    tag = tags.get("assay.dataset", "").strip()
    if tag:
        return tag
    if not inputs:
        return None
    chosen = {i for i in inputs if i.context.lower() in _EVALUATION}
    chosen = chosen or {i for i in inputs if not i.context.lower().startswith("train")}
    names = {f"{i.name}@{i.digest}" for i in chosen}
    return names.pop() if len(names) == 1 else None


def _gpus_seen(raw: RawRun) -> int:
    """How many GPUs do MLflow's system metrics tell of? Those of several machines are told apart by the node in the name."""
    seen = [name for name in raw.curves if name.startswith("system/")]
    return len({found.group(1) for found in map(_GPU_METRIC.match, seen) if found})
