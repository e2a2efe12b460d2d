"""How right is an estimator, example by example? What a gate needs to compare two of them on the same examples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.errors import Invalid


def scored(
    estimators: Any, features: Any, targets: Any, *, sample_ids: Sequence[Any] | None = None
) -> list[dict[str, Any]]:
    """The results by example of fitted scikit-learn estimators, one table a seed, as `gate` takes them.

    Classifiers give `accuracy` (right 1, wrong 0); regressors give `absolute_error` and `squared_error` in the target's
    unit and its square. The seed is the estimator's `random_state`, else its place from 1.

    Args:
        estimators: one fitted estimator or pipeline, or a list of them trained alike with different seeds.
        features: what `predict` takes.
        targets: the true answers, shape (examples,).
        sample_ids: ids of the examples; without them they are called by their place.

    Raises:
        Invalid: an estimator cannot predict, or predicts another number of answers.

    >>> import numpy as np
    >>> class Always:
    ...     _estimator_type = "classifier"
    ...     def predict(self, features):
    ...         return np.ones(len(features), dtype=int)
    >>> scored(Always(), [[0], [1], [2]], [1, 1, 0])[0]["accuracy"].tolist()
    [1.0, 1.0, 0.0]
    """
    several = list(estimators) if isinstance(estimators, list | tuple) else [estimators]
    truth = np.asarray(targets)
    if truth.ndim != 1 or not len(several):
        raise Invalid(
            f"cannot score estimators: targets of shape {truth.shape} for {len(several)} estimators (expected one target an example)",
            hint="pass y as one array of shape (examples,), and at least one estimator",
            code="estimators-unscored",
            field="targets",
        )
    ids = [str(one) for one in (range(len(truth)) if sample_ids is None else sample_ids)]
    seeds = _seeds(several)
    return [
        {"sample_id": ids, "seed": np.full(len(truth), seed), **_scores(estimator, features, truth)}
        for estimator, seed in zip(several, seeds, strict=True)
    ]


def _seeds(estimators: Sequence[Any]) -> list[int]:
    told = [_random_state(one) for one in estimators]
    distinct = None not in told and len(set(told)) == len(told)
    return [seed for seed in told if seed is not None] if distinct else list(range(1, len(told) + 1))


def _random_state(estimator: Any) -> int | None:
    """The seed it was trained with; of a pipeline, that of its last step."""
    last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
    seed = getattr(last, "random_state", None)
    return int(seed) if isinstance(seed, int | np.integer) and not isinstance(seed, bool) else None


def _scores(estimator: Any, features: Any, truth: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
    name = type(estimator).__name__
    if not hasattr(estimator, "predict"):
        raise Invalid(
            f"cannot score estimator '{name}': it has no method predict (expected a fitted estimator)",
            hint="pass the fitted model or pipeline itself",
            code="estimators-unscored",
            field="estimators",
        )
    answers = np.asarray(estimator.predict(features))
    if answers.shape != truth.shape:
        raise Invalid(
            f"cannot score estimator '{name}': it predicts shape {answers.shape} for targets of shape {truth.shape} (expected the same)",
            hint="pass the features and targets of the same examples",
            code="estimators-unscored",
            field="features",
        )
    if _is_classifier(estimator):
        return {"accuracy": (answers == truth).astype(np.float64)}
    errors = np.asarray(answers, np.float64) - np.asarray(truth, np.float64)
    return {"absolute_error": np.abs(errors), "squared_error": errors**2}


def _is_classifier(estimator: Any) -> bool:
    """By what scikit-learn calls it: a tag of newer versions, an attribute of older ones."""
    tags = getattr(estimator, "__sklearn_tags__", None)
    if callable(tags):
        return str(getattr(tags(), "estimator_type", "")) == "classifier"
    return str(getattr(estimator, "_estimator_type", "")) == "classifier"
