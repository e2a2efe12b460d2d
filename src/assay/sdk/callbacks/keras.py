"""Keras: what an epoch's end tells is logged, and a rule that says stop ends the fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.sdk.callbacks.libraries import library
from assay.sdk.experiment import ExperimentRun


def keras_callback(run: ExperimentRun, *, stops: bool = True) -> Any:
    """A callback for `model.fit(..., callbacks=[assay.keras_callback(run)])`.

    It logs the logs of each epoch at the number of the epoch, and ends the training when a rule says stop.

    Args:
        run: begun by `assay.experiment`; ending it is up to you.
        stops: whether `run.should_stop()` may end the training.

    Raises:
        Unavailable: Keras is not installed.
    """
    base: Any = library("keras").callbacks.Callback

    class AssayCallback(base):  # type: ignore[misc]  # known when Keras is there
        """Logs epochs to a run."""

        def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
            run.log(dict(logs or {}), step=epoch)
            if stops and run.should_stop():
                self.model.stop_training = True

    return AssayCallback()
