"""What Optuna's pruners do, run by a Python that has it: reads one JSON file, prints one JSON line.

The runs of a problem are shown to one study a pruner, one after the other: every value is reported, the first check at which the
pruner would have stopped is kept, and the run is then told whole, so that later runs are judged by complete ones.
"""

import json
import math
import sys
from pathlib import Path

import optuna
from optuna.pruners import (
    HyperbandPruner,
    MedianPruner,
    PatientPruner,
    PercentilePruner,
    SuccessiveHalvingPruner,
    WilcoxonPruner,
)

optuna.logging.set_verbosity(optuna.logging.ERROR)


def pruners(checks):
    return {
        "Optuna median": MedianPruner(),
        "Optuna median, after 5 checks": MedianPruner(n_warmup_steps=5),
        "Optuna percentile 25": PercentilePruner(25.0),
        "Optuna successive halving": SuccessiveHalvingPruner(),
        "Optuna Hyperband": HyperbandPruner(max_resource=checks),
        "Optuna patient median (3)": PatientPruner(MedianPruner(), patience=3),
        "Optuna Wilcoxon (.1)": WilcoxonPruner(p_threshold=0.1),
    }


def stopped(pruner, runs):
    study = optuna.create_study(pruner=pruner, sampler=optuna.samplers.RandomSampler(seed=1))
    found = []
    for values in runs:
        trial, first, last = study.ask(), None, None
        for step, value in enumerate(values):
            if value is None:
                continue
            trial.report(value, step)
            last = value
            if first is None and trial.should_prune():
                first = step
        study.tell(trial, math.inf if last is None else last)
        found.append(first)
    return found


def main():
    problems = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    checks = max(len(values) for runs in problems for values in runs)
    answer = {name: [stopped(pruners(checks)[name], runs) for runs in problems] for name in pruners(checks)}
    print(json.dumps({"version": optuna.__version__, "stopped": answer}))


if __name__ == "__main__":
    main()
