"""Writes runs to MLflow by its own client: for a training that logs there. The only place that writes to a tracker."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

from assay.errors import Unavailable

T = TypeVar("T")
Point = tuple[str, float, int, int]
"""Metric, value, time in milliseconds since 1970, step."""
RUN_TAG = "assay.run"
"""By it a run that was begun there is found again."""
_MOST_POINTS, _MOST_TEXTS = 1000, 100
_MAX_PARAM, _MAX_TAG = 6000, 8000
_NOT_IN_NAMES = re.compile(r"[^\w\-. /:]", re.ASCII)
_STATUS = {"finished": "FINISHED", "failed": "FAILED", "stopped": "KILLED"}


class MlflowWriter:
    """One MLflow, and one experiment of it.

    Args:
        uri: `http://HOST:PORT`, `sqlite:///FILE`, or whatever its client takes.
        experiment: name of the experiment; made where there is none.

    Raises:
        Unavailable: the client is not installed.
    """

    def __init__(self, uri: str, experiment: str) -> None:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
        try:
            from mlflow.tracking import MlflowClient
        except ImportError as error:
            raise Unavailable(
                f"cannot log to MLflow: {str(error)[:200]} (expected its client where the training runs)",
                hint='pip install "assay[mlflow]"',
                code="library-missing",
            ) from error
        self._client = MlflowClient(tracking_uri=uri)
        self._name = experiment
        self._experiment = ""

    def begin(self, key: str, *, name: str, started_ms: int, tags: Mapping[str, str]) -> str:
        """The id of the run that carries this key; it is begun where there is none."""
        found = self._client.search_runs(
            [self._experiment_id()], f"tags.`{RUN_TAG}` = '{key}'", max_results=1
        )
        if found:
            return str(found[0].info.run_id)
        known = {_named(tag): value[:_MAX_TAG] for tag, value in tags.items()} | {RUN_TAG: key}
        run = self._client.create_run(
            self._experiment_id(), start_time=started_ms, tags=known, run_name=name or None
        )
        return str(run.info.run_id)

    def send(
        self, run: str, *, points: Sequence[Point], params: Mapping[str, str], tags: Mapping[str, str]
    ) -> None:
        """Add these to a run; what is there already stays as it is."""
        from mlflow.entities import Metric, Param, RunTag

        for some in _portions(params.items(), _MOST_TEXTS):
            self._client.log_batch(
                run, params=[Param(_named(name), text[:_MAX_PARAM]) for name, text in some]
            )
        for some in _portions(tags.items(), _MOST_TEXTS):
            self._client.log_batch(run, tags=[RunTag(_named(name), text[:_MAX_TAG]) for name, text in some])
        metrics = (Metric(_named(name), value, time, step) for name, value, time, step in points)
        for portion in _portions(metrics, _MOST_POINTS):
            self._client.log_batch(run, metrics=portion)

    def end(self, run: str, status: str, ended_ms: int) -> None:
        """The run has ended."""
        self._client.set_terminated(run, status=_STATUS[status], end_time=ended_ms)

    def _experiment_id(self) -> str:
        if not self._experiment:
            found = self._client.get_experiment_by_name(self._name)
            self._experiment = str(
                self._client.create_experiment(self._name) if found is None else found.experiment_id
            )
        return self._experiment


def _named(name: str) -> str:
    """MLflow takes letters, digits and a few signs in names.

    >>> _named("val/größe"), _named("a.b c")
    ('val/gr__e', 'a.b c')
    """
    return _NOT_IN_NAMES.sub("_", name)[:250]


def _portions(items: Iterable[T], most: int) -> Iterator[list[T]]:
    remaining = iter(items)
    while some := list(islice(remaining, most)):
        yield some
