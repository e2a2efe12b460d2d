"""Hugging Face Trainer: what it logs is logged, and a rule that says stop ends the training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.sdk.callbacks.libraries import library
from assay.sdk.experiment import ExperimentRun

TOGETHER_EVERY_STEPS = 10
"""Several processes have to agree, which takes a moment; they do so at the same steps."""


def trainer_callback(run: ExperimentRun, *, stops: bool = True) -> Any:
    """A callback for `Trainer(..., callbacks=[assay.trainer_callback(run)])`.

    It logs every number that the trainer logs (`loss`, `eval_loss`, `learning_rate`) at the global step, in the process of
    rank 0 alone, and ends the training when a rule says stop: where there are several processes, in all of them at the
    same step.

    Args:
        run: begun by `assay.experiment`; ending it is up to you.
        stops: whether `run.should_stop()` may end the training.

    Raises:
        Unavailable: transformers is not installed.
    """
    base: Any = library("transformers").TrainerCallback

    class AssayCallback(base):  # type: ignore[misc]  # known when transformers is there
        """Logs a training to a run."""

        def on_log(
            self, _args: Any, state: Any, _control: Any, logs: Mapping[str, Any] | None = None, **_: Any
        ) -> None:
            if state.is_world_process_zero:
                numbers = {name: value for name, value in (logs or {}).items() if not isinstance(value, str)}
                run.log(numbers, step=state.global_step)

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
            is_time = args.world_size == 1 or state.global_step % TOGETHER_EVERY_STEPS == 0
            if stops and is_time and run.should_stop_together():
                control.should_training_stop = True
            return control

    return AssayCallback()
