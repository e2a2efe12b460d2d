"""Runs of an MLflow store as one side of a gate, without a server: `mlflow:sqlite:///mlflow.db?ticket=EXP-7`."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl

from assay.connectors.evals.reader import ReadOptions
from assay.connectors.evals.runs import check_fraction, check_fractions
from assay.domain.experiments.evidence import Evaluation, Run
from assay.errors import Invalid

_FORM = "mlflow:URI?experiment=NAME, &ticket=EXP-7, &run=ID, &arm=candidate or &tag.KEY=VALUE"
_KNOWN = ("experiment", "ticket", "run", "arm")
_DEFAULT_URI = "sqlite:///mlflow.db"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which runs of which store. Values of one name are alternatives; all names have to agree."""

    uri: str
    experiments: tuple[str, ...] = ()
    runs: frozenset[str] = frozenset()
    tickets: frozenset[str] = frozenset()
    arms: frozenset[str] = frozenset()
    tags: Mapping[str, str] = field(default_factory=dict)

    def holds(self, run: Run) -> bool:
        """Is this run asked for?"""
        return (
            (not self.runs or run.external_id in self.runs or run.name in self.runs)
            and (not self.tickets or run.ticket in self.tickets)
            and (not self.arms or run.arm in self.arms)
            and all(run.tags.get(key) == value for key, value in self.tags.items())
        )


class MlflowReader:
    """Reads runs with their last values, and their per-example scores where they logged `assay/scores.parquet`."""

    name = "mlflow"

    def read_address(self, address: str, options: ReadOptions) -> Evaluation:
        # Whoever looks for a reader of files makes one of each: only this one needs the tracker's code.
        from assay.connectors.trackers.mlflow.source import MlflowSource
        from assay.workflows.records import Source

        wanted = _wanted(address)
        found, blobs, deleted = [], dict[str, bytes](), 0
        source = Source(0, 0, "mlflow", "mlflow", wanted.uri, experiment_filter=wanted.experiments)
        for batch in MlflowSource().changes(source, dict):
            kept = [run for run in batch.runs if wanted.holds(run)]
            deleted += sum(run.deleted for run in kept)
            found += [run for run in kept if not run.deleted]
            digests = {run.scores_digest for run in found}
            blobs |= {digest: blob for digest, blob in batch.blobs.items() if digest in digests}
        _check_found(address, wanted, found)
        runs = tuple(_with_scores(run, blobs) for run in sorted(found, key=_in_order))
        for run in runs:
            _check_fractions(run, options)
        return Evaluation(
            runs=runs,
            reader=self.name,
            notes=(f"{deleted} deleted runs were left out",) if deleted else (),
            digest=hashlib.sha256("\n".join(run.digest for run in runs).encode()).hexdigest(),
        )


def _wanted(address: str) -> _Wanted:
    uri, _, query = address.rpartition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    if not pairs or not all(key in _KNOWN or key.startswith("tag.") for key, _ in pairs):
        unknown = [key for key, _ in pairs if key not in _KNOWN and not key.startswith("tag.")]
        fact = f"unknown selection '{unknown[0][:60]}'" if unknown and uri else "no runs are selected"
        raise Invalid(
            f"cannot read 'mlflow:{_shown(address)}': {fact} (expected {_FORM})",
            hint="mlflow:sqlite:///mlflow.db?ticket=EXP-7",
            code="evaluation-unreadable",
            field="address",
        )

    def of(name: str) -> Iterator[str]:
        return (part for key, value in pairs if key == name for part in value.split(",") if part)

    return _Wanted(
        uri=uri or os.environ.get("MLFLOW_TRACKING_URI") or _DEFAULT_URI,
        experiments=tuple(of("experiment")),
        runs=frozenset(of("run")),
        tickets=frozenset(of("ticket")),
        arms=frozenset(of("arm")),
        tags={key.removeprefix("tag."): value for key, value in pairs if key.startswith("tag.")},
    )


def _check_found(address: str, wanted: _Wanted, found: Sequence[Run]) -> None:
    there = {name for run in found for name in (run.external_id, run.name)}
    missing = sorted(wanted.runs - there)
    if missing or not found:
        fact = f"no run {', '.join(missing[:5])}" if missing else "no run matches"
        raise Invalid(
            f"cannot read 'mlflow:{_shown(address)}': {fact} (expected runs that are there, not deleted)",
            hint="compare with the tracker's own page; names of experiments, tickets and tags have to match exactly",
            code="evaluation-unreadable",
            field="address",
        )


def _shown(address: str) -> str:
    from assay.connectors.trackers.mlflow.rest_client import without_password

    return without_password(address)[:300]


def _with_scores(run: Run, blobs: Mapping[str, bytes]) -> Run:
    content = blobs.get(run.scores_digest or "")
    if content is None or run.scores_error:
        return run
    from assay.connectors.evals.long_form import read_scores

    try:
        return replace(run, scores=read_scores(content))
    except Invalid as error:
        return replace(run, scores_error=error.message)


def _check_fractions(run: Run, options: ReadOptions) -> None:
    name = f"mlflow run {run.name}"
    check_fractions(options, name, run.scores.values(), where="scores")
    for metric, curve in run.curves.items():
        if curve.values.size:
            check_fraction(options, name, metric, curve.last, where="last value", field=metric)


def _in_order(run: Run) -> tuple[bool, int, str]:
    return (run.seed is None, run.seed or 0, run.external_id)
