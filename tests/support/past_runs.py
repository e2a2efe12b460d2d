"""A project whose tickets have runs that are over, with real learning curves: what a back-test of kill rules is made of."""

from datetime import timedelta
from functools import cache

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier

from assay.domain.experiments.evidence import Curve, Run, RunStatus
from assay.workflows.projects import save_settings
from tests.faces.web import story

EPOCHS = 16
RATES = (1e-6, 1e-5, 3e-5, 1e-4, 1e-2)
CRITERIA = {"primary": ["accuracy >= 78%"], "kill": ["accuracy < 50% after training"]}


@cache
def learning_curves():
    """Accuracy on digits not trained on, after each epoch, of a linear model: by rate of learning and seed."""
    features, digits = load_digits(return_X_y=True)
    found = []
    for rate in RATES:
        for seed in range(2):
            model = SGDClassifier(learning_rate="constant", eta0=rate, random_state=seed)
            values = []
            for _ in range(EPOCHS):
                model.partial_fit(features[:200], digits[:200], classes=range(10))
                values.append(float(model.score(features[1500:], digits[1500:])))
            found.append(values)
    return found


def widened(ws, told):
    """The board of a story without limits: all its experiments may run at once."""
    board = told.project.settings.board
    wide = tuple(one.model_copy(update={"wip_limit": None}) for one in board.stages)
    after = board.model_copy(update={"stages": wide})
    save_settings(ws, story.ADA, told.slug, expected_version=told.project.version, board=after)


def tell_past(ws, *, tickets=8, slug=story.SLUG):
    """`tickets` experiments with ten runs each that are over; one run of the first failed, one has no curve."""
    told = story.Story(ws, slug=slug)
    widened(ws, told)
    keys = [
        told.ticket(f"Rate of learning, part {n + 1}", criteria=story.criteria(**CRITERIA))
        for n in range(tickets)
    ]
    for key in keys:
        told.start(key)
    begun = ws.clock() + timedelta(seconds=1)
    runs = [
        _run(place * 100 + n, key, values, begun)
        for place, key in enumerate(keys)
        for n, values in enumerate(learning_curves())
    ]
    runs.append(_run(98, keys[0], learning_curves()[0], begun, status=RunStatus.FAILED))
    runs.append(_run(99, keys[0], [0.5], begun))
    ws.store.write(lambda tx: tx.put_runs(told.source, runs, seq=tx.head()[0] + 1))
    return {"first": keys[0], "last": keys[-1]}


def _run(number, key, values, begun, *, status=RunStatus.FINISHED):
    steps = np.arange(1, len(values) + 1)
    return Run(
        run_id=f"mlflow:{number:08d}",
        source="mlflow",
        external_id=f"{number:08d}",
        name=f"rate-{number}",
        status=status,
        config={"rate": str(number)},
        seed=number,
        curves={"accuracy": Curve(steps, np.array(values), steps * 1000)},
        ticket=key,
        arm="candidate",
        started_at=begun,
        ended_at=begun + timedelta(hours=1),
        gpu_hours=2.5,
        gpu_hours_source="tag",
        url=f"https://mlflow.example/#/experiments/1/runs/{number}",
        digest=f"d{number}",
    )
