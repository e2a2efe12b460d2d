"""Trains more seeds of a ticket of the demo, as its team does overnight: `python more_seeds.py EXP-3 4 5` beside `.assay`."""

import sys
from dataclasses import replace
from pathlib import Path

from assay.demo.training import EXPERIMENTS, train_experiment


def main(ticket: str, *seeds: str) -> None:
    """Train these seeds of the candidate, and log them where the demo logs."""
    experiment = EXPERIMENTS[int(ticket.removeprefix("EXP-")) - 1]
    candidate = replace(experiment.arms[-1], seeds=tuple(map(int, seeds)))
    store = f"sqlite:///{Path('.assay/mlflow.db').resolve()}"
    train_experiment(replace(experiment, arms=(candidate,)), store, print, ticket=ticket)


if __name__ == "__main__":
    main(*sys.argv[1:])
