"""Optuna: every trial is a run of the ticket, and a rule that says stop prunes the trial."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from assay.sdk.beginning import experiment
from assay.sdk.callbacks.libraries import library
from assay.sdk.experiment import ExperimentRun

ASK_AFTER_S = 5.0
"""The rules are asked by a process beside each trial, whose first answer takes seconds: a shorter trial goes without."""
_STATUS = {"COMPLETE": "finished", "PRUNED": "stopped", "FAIL": "failed"}


class OptunaTrials:
    """The trials of a study as runs: `pruner` for the study, the object itself among the callbacks of `optimize`.

    A trial's run is begun when it first reports a value (or, where it never does, when it ends) with the parameters
    suggested until then, so suggest before you report. What is reported is logged under `metric` at its step, and the
    value of the trial after that. A pruned trial's run is stopped, one that raised failed.

        trials = assay.optuna_trials("EXP-42", metric="accuracy")
        study = optuna.create_study(direction="maximize", pruner=trials.pruner)
        study.optimize(objective, n_trials=50, callbacks=[trials])

    Args:
        ticket: such as `EXP-42`.
        metric: what the trials report.
        also: another pruner of Optuna's that may prune, too.
        more: as `assay.experiment` takes it. `sync` is off unless it is said, for a study ends many runs.
    """

    def __init__(self, ticket: str, *, metric: str, also: Any = None, **more: Any) -> None:
        self._begin: Callable[..., ExperimentRun] = experiment
        self._ticket, self._metric, self._also = ticket, metric, also
        self._more = {"sync": False, "quiet": True, **more}
        self._open: dict[int, ExperimentRun] = {}
        self._logged: dict[int, set[int]] = {}
        self._lock = threading.Lock()
        self.pruner = _pruner(self)

    def __call__(self, _study: Any, trial: Any) -> None:
        """A trial has ended."""
        run = self._brought_up_to_date(trial)
        if trial.state.name == "COMPLETE" and len(trial.values) == 1 and not trial.intermediate_values:
            run.log({self._metric: trial.values[0]}, step=0)
        elif trial.state.name == "COMPLETE" and len(trial.values) == 1:
            run.log({self._metric: trial.values[0]}, step=max(trial.intermediate_values) + 1)
        elif trial.state.name == "COMPLETE":
            run.log({f"{self._metric}/{place}": value for place, value in enumerate(trial.values)}, step=0)
        with self._lock:
            self._open.pop(trial.number, None)
            self._logged.pop(trial.number, None)
        run.finish(_STATUS.get(trial.state.name, "failed"))

    def says_stop(self, study: Any, trial: Any) -> bool:
        """Log what the trial reported since, and ask the rules."""
        run = self._brought_up_to_date(trial)
        lasts_s = time.time() - run.head["started_ms"] / 1000
        stop = lasts_s >= ASK_AFTER_S and bool(run.should_stop())
        return stop or (self._also is not None and bool(self._also.prune(study, trial)))

    def _brought_up_to_date(self, trial: Any) -> ExperimentRun:
        with self._lock:
            run = self._open.get(trial.number)
            if run is None:
                more = {"name": f"trial {trial.number}", **self._more}
                run = self._open[trial.number] = self._begin(self._ticket, config=dict(trial.params), **more)
            logged = self._logged.setdefault(trial.number, set())
            fresh = {step: value for step, value in trial.intermediate_values.items() if step not in logged}
            logged.update(fresh)
        for step, value in sorted(fresh.items()):
            run.log({self._metric: value}, step=step)
        return run


def optuna_trials(ticket: str, *, metric: str, also: Any = None, **more: Any) -> OptunaTrials:
    """The trials of a study of Optuna as runs of this ticket, pruned where a rule says stop (see `OptunaTrials`).

    Raises:
        Unavailable: Optuna is not installed.
    """
    return OptunaTrials(ticket, metric=metric, also=also, **more)


def _pruner(trials: OptunaTrials) -> Any:
    base: Any = library("optuna.pruners").BasePruner

    class AssayPruner(base):  # type: ignore[misc]  # known when Optuna is there
        """Prunes where a rule of Assay says stop."""

        def prune(self, study: Any, trial: Any) -> bool:
            return trials.says_stop(study, trial)

    return AssayPruner()
