"""Assay: experiments decided on evidence.

    import assay
    with assay.experiment("EXP-42", seed=3) as run:
        run.log(accuracy=0.87, step=7)

    answer = assay.gate({"accuracy": candidate}, {"accuracy": baseline}, "accuracy no worse than baseline by 2%")
    assert answer, answer

Importing it loads nothing: each name brings its own code when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.errors import AssayError
    from assay.sdk.beginning import experiment
    from assay.sdk.callbacks.hugging_face import trainer_callback
    from assay.sdk.callbacks.keras import keras_callback
    from assay.sdk.callbacks.optuna import optuna_trials
    from assay.sdk.callbacks.scikit_learn import fit_in_steps
    from assay.sdk.estimators import scored
    from assay.sdk.experiment import ExperimentRun
    from assay.sdk.gates import gate
    from assay.sdk.report import GateReport
    from assay.sdk.stopping import should_stop

__version__ = "0.1.0"
__all__ = [
    "AssayError",
    "ExperimentRun",
    "GateReport",
    "__version__",
    "experiment",
    "fit_in_steps",
    "gate",
    "keras_callback",
    "optuna_trials",
    "scored",
    "should_stop",
    "trainer_callback",
]

_HOMES = {
    "AssayError": "assay.errors",
    "ExperimentRun": "assay.sdk.experiment",
    "GateReport": "assay.sdk.report",
    "experiment": "assay.sdk.beginning",
    "fit_in_steps": "assay.sdk.callbacks.scikit_learn",
    "gate": "assay.sdk.gates",
    "keras_callback": "assay.sdk.callbacks.keras",
    "optuna_trials": "assay.sdk.callbacks.optuna",
    "scored": "assay.sdk.estimators",
    "should_stop": "assay.sdk.stopping",
    "trainer_callback": "assay.sdk.callbacks.hugging_face",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'assay' has no attribute '{name}'")
    found = globals()[name] = getattr(
        import_module(home), name
    )  # a training loop asks `assay.should_stop` at every step
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
