"""scikit-learn: estimators that learn step by step, with a score logged after each, stopped where a rule says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from assay.errors import Invalid
from assay.sdk.callbacks.libraries import library
from assay.sdk.experiment import ExperimentRun


def fit_in_steps(
    run: ExperimentRun,
    estimator: Any,
    features: Any,
    targets: Any,
    *,
    steps: int,
    unseen: tuple[Any, Any],
    scoring: Any = None,
    metric: str = "",
    stops: bool = True,
) -> Any:
    """Train an estimator step by step, log its score on unseen examples after each, and stop where a rule says so.

    One with `partial_fit` sees all examples once a step; one with `warm_start` grows by one of its `n_estimators` (or
    `max_iter`) a step. A `loss_` of the estimator is logged as `train_loss`.

    Args:
        run: begun by `assay.experiment`; ending it is up to you.
        estimator: fresh; it is trained itself and returned.
        features: to learn from, shape (examples, features).
        targets: their answers.
        steps: at most so many.
        unseen: features and answers of examples that are kept apart.
        scoring: as scikit-learn takes it, such as `"f1"`; else the estimator's own score.
        metric: what the score is called; else the name given as scoring, else `accuracy` for classifiers and `r2` for others.
        stops: whether `run.should_stop()` may end the training.

    Returns:
        The estimator.

    Raises:
        Invalid: it can be trained in one go only.
        Unavailable: scikit-learn is not installed.
    """
    score = library("sklearn.metrics").check_scoring(estimator, scoring=scoring)
    is_classifier = library("sklearn.base").is_classifier(estimator)
    name = metric or (scoring if isinstance(scoring, str) else "") or ("accuracy" if is_classifier else "r2")
    learn = _way_to_learn(estimator, np.unique(targets) if is_classifier else None)
    for step in range(steps):
        learn(features, targets, step + 1)
        run.log({name: score(estimator, *unseen)}, step=step)
        loss = getattr(estimator, "loss_", None)
        if isinstance(loss, float):
            run.log(train_loss=loss, step=step)
        if stops and run.should_stop():
            break
    return estimator


def _way_to_learn(estimator: Any, classes: Any) -> Callable[[Any, Any, int], None]:
    if hasattr(estimator, "partial_fit"):
        known = {} if classes is None else {"classes": classes}
        return lambda features, targets, step: estimator.partial_fit(
            features, targets, **(known if step == 1 else {})
        )
    settings = estimator.get_params()
    grows = next((one for one in ("n_estimators", "max_iter") if one in settings), None)
    if grows is None or "warm_start" not in settings:
        raise Invalid(
            f"cannot train a {type(estimator).__name__} in steps: it has neither partial_fit nor warm_start (expected one of them)",
            hint="fit it in one go and log its score: run.log(accuracy=model.score(X, y))",
            code="estimator-without-steps",
        )

    def grow(features: Any, targets: Any, step: int) -> None:
        estimator.set_params(warm_start=True, **{grows: step})
        estimator.fit(features, targets)

    return grow
