"""Models that read handwritten digits, really trained with scikit-learn: epoch by epoch, seed by seed.

The data set is the one scikit-learn ships: 1,797 pictures of 8 x 8 pixels. One fixed split serves every run: 1,000
pictures to learn from, 797 to be examined on, so that runs can be compared picture by picture. A seed decides from which
weights a model starts and in which order it sees the pictures.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

DATASET = "digits@1"
N_TRAIN = 1000
SPLIT_SEED = 20261
TIMED_READINGS = 40


@dataclass(frozen=True, slots=True)
class Examination:
    """What one model answered on the examination pictures."""

    answers: IntArray
    """The digit read in each picture."""
    correct: FloatArray
    """1 where it was right, 0 where it was not, one a picture."""
    log_loss: float
    """Mean negative log probability of the true digit; NaN when the model's own numbers are."""


@dataclass(slots=True)
class Training:
    """What a training run leaves: points as they were made, and answers of the finished model."""

    params: dict[str, str]
    points: list[tuple[str, int, float, int]] = field(default_factory=list)
    """Metric, step, value, milliseconds since 1970."""
    scores: FloatArray | None = None
    """One value an examination picture, shape (797,), for the metric the experiment scores by picture."""
    answers: IntArray | None = None
    """The digit read in each of these pictures; None where no digit is read."""
    crashed: str | None = None
    """What stopped it, None when it ended well."""

    def log(self, step: int, **values: float) -> None:
        """Keep values of this step, stamped now."""
        now = time.time_ns() // 1_000_000
        self.points.extend((name, step, float(value), now) for name, value in values.items())


@dataclass(frozen=True, slots=True)
class Digits:
    """The data set, split once."""

    train_x: FloatArray
    train_y: IntArray
    exam_x: FloatArray
    exam_y: IntArray
    exam_ids: tuple[str, ...]


@lru_cache(maxsize=1)
def digits() -> Digits:
    """The pictures, scaled to 0..1, in the one fixed split."""
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(SPLIT_SEED).permutation(len(y))
    train, exam = order[:N_TRAIN], order[N_TRAIN:]
    ids = tuple(f"digit-{index:04d}" for index in exam)
    return Digits(x[train] / 16.0, y[train], x[exam] / 16.0, y[exam], ids)


def quarter(pictures: FloatArray) -> FloatArray:
    """Pictures at a quarter of their resolution: the mean of each 2 x 2 block."""
    small: FloatArray = pictures.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(-1, 16)
    return small


def with_shifts(x: FloatArray, y: IntArray, generator: np.random.Generator) -> tuple[FloatArray, IntArray]:
    """The pictures and, for half of them, a copy moved by one pixel up, down, left or right."""
    chosen = generator.choice(len(y), size=len(y) // 2, replace=False)
    moved = x[chosen].reshape(-1, 8, 8).copy()
    shifts, axes = generator.choice((-1, 1), len(chosen)), generator.integers(0, 2, len(chosen))
    for place, (shift, axis) in enumerate(zip(shifts, axes, strict=True)):
        moved[place] = np.roll(moved[place], shift, axis=axis)
    return np.vstack([x, moved.reshape(-1, 64)]), np.concatenate([y, y[chosen]])


def examine(model: Any, pictures: FloatArray, truth: IntArray | None = None) -> Examination:
    """How does a model do on pictures, on those of the examination unless their digits are given?"""
    y = digits().exam_y if truth is None else truth
    probability = model.predict_proba(pictures)
    likelihood = probability[np.arange(len(y)), y]
    answers = np.argmax(probability, axis=1)
    return Examination(
        answers=answers,
        correct=(answers == y).astype(np.float64),
        log_loss=float(-np.log(np.maximum(likelihood, 1e-15)).mean()),
    )


def latency_ms(model: Any, pictures: FloatArray) -> float:
    """How long does reading one picture take, in milliseconds, at the median of 40 readings?"""
    times = []
    for index in range(TIMED_READINGS):
        start = time.perf_counter()
        model.predict(pictures[index : index + 1])
        times.append((time.perf_counter() - start) * 1000)
    return float(np.median(times))


def train_network(
    seed: int,
    *,
    hidden: int,
    epochs: int,
    thumbnails: bool = False,
    shifts: bool = False,
    stop_after: int | None = None,
) -> Training:
    """A reader with one hidden layer, or with none (hidden = 0: multinomial regression), trained epoch by epoch.

    With `stop_after` it is left there: what a run looks like while it goes on.
    """
    params = {
        "model": "network" if hidden else "regression",
        "hidden_units": str(hidden),
        "learning_rate": "0.005",
        "epochs": str(epochs),
        "shifted_copies": str(shifts).lower(),
        "pixels": "16" if thumbnails else "64",
    }
    training = Training(params=params)
    x, y, generator = digits().train_x, digits().train_y, np.random.default_rng(seed)
    if shifts:
        x, y = with_shifts(x, y, generator)
    exam = digits().exam_x
    if thumbnails:
        x, exam = quarter(x), quarter(exam)
    model = _network(seed, hidden)
    for epoch in range(1, (stop_after or epochs) + 1):
        order = generator.permutation(len(y))
        model.partial_fit(x[order], y[order], classes=np.arange(10))
        result = examine(model, exam)
        training.log(
            epoch,
            train_loss=examine(model, x, y).log_loss,
            val_loss=result.log_loss,
            accuracy=float(result.correct.mean()),
        )
        training.scores, training.answers = result.correct, result.answers
    if stop_after is None:
        training.log(epochs, latency_p50=latency_ms(model, exam))
    return training


def train_forest(seed: int, *, trees: int, step: int = 40) -> Training:
    """A forest of randomized trees that grows by `step` trees an epoch."""
    from sklearn.ensemble import ExtraTreesClassifier

    training = Training(params={"model": "extra trees", "trees": str(trees), "pixels": "64"})
    x, y = digits().train_x, digits().train_y
    model = ExtraTreesClassifier(n_estimators=0, warm_start=True, random_state=seed)
    for epoch in range(1, trees // step + 1):
        model.n_estimators = epoch * step
        model.fit(x, y)
        result = examine(model, digits().exam_x)
        training.log(epoch, val_loss=result.log_loss, accuracy=float(result.correct.mean()))
        training.scores, training.answers = result.correct, result.answers
    training.log(trees // step, latency_p50=latency_ms(model, digits().exam_x))
    return training


def train_code(seed: int, *, numbers: int, epochs: int, learning_rate: float) -> Training:
    """A linear code that carries a picture in a few numbers. A step too long and its weights grow beyond all bounds.

    The run ends where the weights stop being finite: the losses of that epoch are logged as they are, which is NaN.
    """
    from sklearn.neural_network import MLPRegressor

    training = Training(
        params={
            "model": "linear code",
            "numbers": str(numbers),
            "learning_rate": str(learning_rate),
            "epochs": str(epochs),
        }
    )
    x, generator = digits().train_x, np.random.default_rng(seed)
    model = MLPRegressor(
        hidden_layer_sizes=(numbers,),
        activation="identity",
        solver="sgd",
        learning_rate_init=learning_rate,
        batch_size=50,
        random_state=seed,
    )
    for epoch in range(1, epochs + 1):
        order = generator.permutation(len(x))
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)
                model.partial_fit(x[order], x[order])
        except ValueError as error:
            training.crashed = str(error).partition(".")[0]
        errors = _squared_errors(model, digits().exam_x)
        training.log(
            epoch,
            train_loss=float(_squared_errors(model, x).mean()),
            reconstruction_error=float(errors.mean()),
        )
        if training.crashed:
            return training
        training.scores = errors
    return training


def _squared_errors(model: Any, pictures: FloatArray) -> FloatArray:
    """Mean squared error of each picture behind the code, from the model's weights as they are: NaN stays NaN."""
    with np.errstate(all="ignore"):
        code = pictures @ model.coefs_[0] + model.intercepts_[0]
        again = code @ model.coefs_[1] + model.intercepts_[1]
        errors: FloatArray = ((again - pictures) ** 2).mean(axis=1)
    return errors


def _network(seed: int, hidden: int) -> Any:
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier(
        hidden_layer_sizes=(hidden,) if hidden else (),
        learning_rate_init=0.005,
        batch_size=50,
        random_state=seed,
    )
