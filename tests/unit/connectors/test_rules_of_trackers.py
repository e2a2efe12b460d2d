"""A run means the same wherever it was logged: MLflow's tables and trackers' files give the same evidence."""

import numpy as np
import pytest

from assay.connectors.tracked.told import ToldRun, evidence_of
from assay.connectors.trackers.mlflow.assemble import ScoresFound, assemble
from assay.connectors.trackers.mlflow.raw import RawRun
from assay.domain.experiments.evidence import Curve, RunStatus

HOUR = 3_600_000
START = 1_790_000_000_000
TOLD = [
    ({}, {"assay.ticket": "EXP-7"}, "EXP-42 depth", ("EXP-7", None, None)),
    ({}, {"assay.ticket": " exp-7 "}, "", ("EXP-7", None, None)),
    ({}, {"assay.ticket": "search/exp-7"}, "", ("search/EXP-7", None, None)),
    ({}, {"assay.ticket": "nonsense"}, "EXP-42", ("EXP-42", None, None)),
    ({}, {}, "EXP-42_wide", ("EXP-42", None, None)),
    ({}, {}, "EXP-42b", (None, None, None)),
    ({"seed": "3"}, {}, "exp-42", (None, 3, None)),
    ({"seed": "x", "random_state": "4"}, {}, "", (None, 4, None)),
    ({"seed": "5"}, {"seed": "6"}, "", (None, 5, None)),
    ({}, {"random_seed": "+7"}, "", (None, 7, None)),
    ({"seed": "8"}, {"assay.seed": "9"}, "", (None, 9, None)),
    ({"seed": "1.0"}, {}, "", (None, None, None)),
    ({"seed": "9" * 81}, {}, "", (None, None, None)),
    ({}, {"assay.devices": "8"}, "", (None, None, 16.0)),
    ({}, {"assay.devices": "8", "assay.gpu_hours": "2.5"}, "", (None, None, 2.5)),
    ({}, {"assay.devices": "-1"}, "", (None, None, None)),
]


@pytest.mark.parametrize("ended", [START + 2 * HOUR, None])
@pytest.mark.parametrize(("params", "tags", "experiment", "expected"), TOLD)
def test_ticket_seed_and_compute_are_the_same_from_tables_and_from_files(
    params, tags, experiment, expected, ended
):
    step = np.arange(1)
    curves = {"loss": Curve(steps=step, values=np.array([0.5]), times_ms=step + START + 2 * HOUR)}
    raw = RawRun("r", "first", "FINISHED", START, ended, False, "1", experiment, "", params, tags, (), curves)
    told = ToldRun("r", "first", RunStatus.FINISHED, experiment, "", START, ended, params, tags, curves)
    runs = (
        assemble(raw, source="lab", url=None, scores=ScoresFound()),
        evidence_of(told, source="lab"),
    )
    assert [(run.ticket, run.seed, run.gpu_hours) for run in runs] == [expected] * 2
    assert runs[0].digest == runs[1].digest
