"""From MLflow's words to evidence: which ticket, which seed, which arm, what it cost.

The order of places looked at, first hit wins:

- ticket: tag `assay.ticket`, whatever its case, else an experiment name that is a ticket key or begins with one ("EXP-42 depth sweep").
- seed: tag `assay.seed`, then parameter and then tag `seed`, `random_state`, `random_seed`. Parameters of these names
  (and `assay.seed`) are no part of the configuration; every other parameter is.
- arm: tag `assay.arm`, else `candidate`.
- evaluation set: tag `assay.dataset`, else the logged input with an evaluation context, else a single input that is not
  marked as training data, written `name@digest`.
- GPU-hours: tag `assay.gpu_hours`, else GPUs seen by MLflow's system metrics times wall time, else tag `assay.devices`
  times wall time, else unknown.
- cost: tag `assay.cost_usd`, else unknown.
- artifacts: the artifact root of the run as MLflow names it, without login and query.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from assay.connectors.tracked.digest import digest_of
from assay.connectors.trackers.mlflow.raw import LoggedDataset, RawRun, kept_reference
from assay.domain.experiments.evidence import Provenance, Run, RunStatus
from assay.domain.kernel.ids import TICKET_TAG, ticket_key_in

SEED_NAMES = ("seed", "random_state", "random_seed")
_NO_CONFIG = frozenset((*SEED_NAMES, "assay.seed"))
_SEED_PLACES = (
    (True, "assay.seed"),
    (False, "assay.seed"),
    *((is_tag, name) for name in SEED_NAMES for is_tag in (False, True)),
)
_INTEGER = re.compile(r"[+-]?[0-9]{1,80}\Z", re.ASCII)  # libraries draw seeds of up to 256 bits
_LEADING_KEY = re.compile(r"(?:EXP|SPK|DATA|ENG|FEAT|INC)-[1-9][0-9]{0,8}(?![0-9A-Za-z])", re.ASCII)
_GPU_METRIC = re.compile(r"system/gpu_([0-9]+)_", re.ASCII)
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
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEAR_10000_MS = 253_402_300_800_000
_EXACT_MS = 2**32 * 1000
"""Up to here, the year 2106, seconds as a float are exact to less than a microsecond; they are the faster way."""


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
    hours, hours_source = gpu_hours(raw)
    cost = _amount(tags.get("assay.cost_usd"))
    started_at, ended_at = _moment(raw.started_ms), _moment(raw.ended_ms)
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


def ticket_of(tags: Mapping[str, str], experiment_name: str) -> str | None:
    """Which ticket does a run belong to, by its tag or by its experiment's name?

    >>> ticket_of({"assay.ticket": "EXP-7"}, "EXP-42 depth sweep"), ticket_of({}, "EXP-42 depth sweep")
    ('EXP-7', 'EXP-42')
    >>> ticket_of({"assay.ticket": " exp-7 "}, ""), ticket_of({}, "EXP-42b"), ticket_of({}, "exp-42")
    ('EXP-7', None, None)
    """
    project, slash, name = tags.get(TICKET_TAG, "").rpartition("/")
    if key := ticket_key_in(name):
        return f"{project.strip()}{slash}{key}"  # SLUG/EXP-7 names the project too: whose it is, the project says
    found = _LEADING_KEY.match(experiment_name)
    return found.group() if found else None


def seed_of(params: Mapping[str, str], tags: Mapping[str, str]) -> int | None:
    """Which seed did a run use? None when nothing that reads as an integer says it.

    >>> seed_of({"random_state": "3"}, {}), seed_of({"seed": "None"}, {}), seed_of({"seed": "1"}, {"assay.seed": "2"})
    (3, None, 2)
    """
    for is_tag, name in _SEED_PLACES:
        text = (tags if is_tag else params).get(name)
        if text is not None and _INTEGER.match(text.strip()):
            return int(text)
    return None


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


def gpu_hours(raw: RawRun) -> tuple[float | None, str | None]:
    """How many device-hours did a run take, and who says so? (None, None) when unknown."""
    tag = _amount(raw.tags.get("assay.gpu_hours"))
    if tag is not None:
        return tag, "tag"
    hours = _wall_hours(raw)
    if hours is None:
        return None, None
    seen = [name for name in raw.curves if name.startswith("system/gpu_")]
    gpus = {found.group(1) for found in map(_GPU_METRIC.match, seen) if found} if seen else ()
    if gpus:
        return len(gpus) * hours, "metric"
    devices = _amount(raw.tags.get("assay.devices"))
    return (None, None) if devices is None else (devices * hours, "wall time x devices")


def _wall_hours(raw: RawRun) -> float | None:
    """Hours from start to end, or to the last logged point of a run that has no end yet."""
    end = raw.ended_ms
    if end is None:
        end = max((int(curve.times_ms.max()) for curve in raw.curves.values() if curve.points), default=None)
    if raw.started_ms is None or end is None or end < raw.started_ms:
        return None
    return (end - raw.started_ms) / 3_600_000


def _amount(text: str | None) -> float | None:
    """A finite number of at least zero, or None."""
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _moment(milliseconds: int | None) -> datetime | None:
    if milliseconds is None or not 0 <= milliseconds < _YEAR_10000_MS:
        return None
    if milliseconds < _EXACT_MS:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    return _EPOCH + timedelta(0, 0, 0, milliseconds)
