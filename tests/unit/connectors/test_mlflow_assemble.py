import math

import numpy as np
import pytest

from assay.connectors.tracked.digest import run_digest
from assay.connectors.tracked.meaning import seed_of, ticket_of
from assay.connectors.trackers.mlflow.assemble import ScoresFound, assemble, dataset_of
from assay.connectors.trackers.mlflow.raw import LoggedDataset, RawRun, curve_in_mlflow_order, unclamped
from assay.domain.experiments.evidence import Curve, RunStatus

HOUR = 3_600_000
START = 1_790_000_000_000


def curve(*values, step=0, at=START):
    n = len(values)
    return Curve(steps=np.arange(step, step + n), values=np.array(values, float), times_ms=np.full(n, at))


def raw(**changed) -> RawRun:
    fields = {
        "external_id": "r1",
        "name": "first",
        "status": "FINISHED",
        "started_ms": START,
        "ended_ms": START + HOUR,
        "deleted": False,
        "experiment_id": "1",
        "experiment_name": "sweep",
        "artifact_uri": "",
        "params": {},
        "tags": {},
        "inputs": (),
        "curves": {},
    }
    return RawRun(**{**fields, **changed})


def run_of(**changed):
    return assemble(raw(**changed), source="lab", url=None, scores=ScoresFound())


@pytest.mark.parametrize(
    ("tag", "experiment", "ticket"),
    [
        ("EXP-42", "x", "EXP-42"),
        (" EXP-42 ", "x", "EXP-42"),
        (None, "EXP-42", "EXP-42"),
        (None, "EXP-42 depth sweep", "EXP-42"),
        (None, "EXP-42/depth", "EXP-42"),
        (None, "EXP-42_b", "EXP-42"),
        (None, "EXP-421", "EXP-421"),
        (None, "EXP-42b", None),
        (None, "exp-42", None),
        (" exp-7 ", "EXP-42", "EXP-7"),
        ("search / Exp-7", "EXP-42", "search/EXP-7"),
        (None, "my EXP-42", None),
        (None, "EXP-0", None),
        (None, "Default", None),
        ("EXP-7", "EXP-42", "EXP-7"),
        ("search/EXP-7", "EXP-42", "search/EXP-7"),
        ("search/x", "EXP-42", "EXP-42"),
        ("<script>", "EXP-42", "EXP-42"),
        ("EXP-42\nx", "y", None),
        ("", "EXP-42", "EXP-42"),
    ],
)
def test_ticket_comes_from_the_tag_else_from_the_experiment_name(tag, experiment, ticket):
    assert ticket_of({} if tag is None else {"assay.ticket": tag}, experiment) == ticket


@pytest.mark.parametrize(
    ("params", "tags", "seed"),
    [
        ({"seed": "3"}, {}, 3),
        ({"random_state": "4"}, {}, 4),
        ({"random_seed": "5"}, {}, 5),
        ({}, {"seed": "6"}, 6),
        ({"seed": "3", "random_state": "4"}, {}, 3),
        ({"seed": "3"}, {"assay.seed": "9"}, 9),
        ({"assay.seed": "8"}, {}, 8),
        ({"seed": "None", "random_state": "4"}, {}, 4),
        ({"seed": "0.5"}, {}, None),
        ({"seed": "-1"}, {}, -1),
        ({"seed": "9" * 39}, {}, 10**39 - 1),
        ({"seed": "9" * 81}, {}, None),
        ({"seed": "\u0663"}, {}, None),
        ({}, {}, None),
        ({"seed": "1e3"}, {}, None),
    ],
)
def test_seed_is_looked_for_in_the_documented_order(params, tags, seed):
    assert seed_of(params, tags) == seed


def test_config_is_every_parameter_but_the_seeds():
    params = {
        "depth": "8",
        "seed": "1",
        "random_state": "1",
        "random_seed": "1",
        "assay.seed": "1",
        "data_seed": "7",
    }
    assert dict(run_of(params=params).config) == {"depth": "8", "data_seed": "7"}


@pytest.mark.parametrize(
    ("tags", "curves", "ended", "expected"),
    [
        ({"assay.gpu_hours": "2.5", "assay.devices": "8"}, {}, START + HOUR, (2.5, "tag")),
        ({"assay.devices": "4"}, {}, START + 2 * HOUR, (8.0, "wall time x devices")),
        (
            {},
            {"system/gpu_0_utilization_percentage": curve(9.0), "system/gpu_1_power_usage_watts": curve(9.0)},
            START + HOUR,
            (2.0, "metric"),
        ),
        (
            {},
            {
                f"system/{node}/gpu_{gpu}_utilization_percentage": curve(9.0)
                for node in ("node_0", "gpu_1_rack/2")
                for gpu in (0, 1, 12)
            },
            START + HOUR,
            (6.0, "metric"),
        ),
        ({}, {}, START + HOUR, (None, None)),
        ({"assay.devices": "4"}, {}, None, (None, None)),
        (
            {"assay.devices": "4"},
            {"loss": curve(1.0, at=START + HOUR // 2)},
            None,
            (2.0, "wall time x devices"),
        ),
        ({"assay.devices": "4"}, {}, START - 1, (None, None)),
        ({"assay.gpu_hours": "nan"}, {}, START + HOUR, (None, None)),
        ({"assay.gpu_hours": "-1", "assay.devices": "inf"}, {}, START + HOUR, (None, None)),
        ({"assay.gpu_hours": "1e999"}, {}, START + HOUR, (None, None)),
    ],
)
def test_gpu_hours_are_known_from_tag_metric_or_devices_else_unknown(tags, curves, ended, expected):
    run = run_of(tags=tags, curves=curves, ended_ms=ended)
    assert (run.gpu_hours, run.gpu_hours_source) == expected


@pytest.mark.parametrize(
    ("tags", "inputs", "expected"),
    [
        ({"assay.dataset": "support@3"}, [("train", "1", "training")], "support@3"),
        ({}, [("train", "1", "training"), ("exam", "2", "eval")], "exam@2"),
        ({}, [("exam", "2", "")], "exam@2"),
        ({}, [("train", "1", "training")], None),
        ({}, [("a", "1", "eval"), ("b", "2", "test")], None),
        ({}, [], None),
    ],
)
def test_evaluation_set_is_never_the_training_set(tags, inputs, expected):
    assert dataset_of(tags, tuple(LoggedDataset(*one) for one in inputs)) == expected


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("SCHEDULED", RunStatus.SCHEDULED),
        ("RUNNING", RunStatus.RUNNING),
        ("FINISHED", RunStatus.FINISHED),
        ("FAILED", RunStatus.FAILED),
        ("KILLED", RunStatus.STOPPED),
        ("EXPLODED", RunStatus.FAILED),
        ("", RunStatus.FAILED),
    ],
)
def test_status_of_the_tracker_maps_and_an_unknown_word_never_counts_as_finished(said, status):
    assert run_of(status=said).status is status


@pytest.mark.parametrize("milliseconds", [None, -1, 2**62, 253_402_300_800_000])
def test_time_outside_of_all_calendars_is_unknown(milliseconds):
    assert run_of(started_ms=milliseconds).started_at is None


def test_mlflows_own_bookkeeping_tags_are_dropped_and_the_commit_is_kept():
    tags = {"mlflow.log-model.history": "[...]", "mlflow.source.git.commit": "abc", "team": "x"}
    assert dict(run_of(tags=tags).tags) == {"mlflow.source.git.commit": "abc", "team": "x"}


def test_digest_can_be_computed_again_from_the_run():
    run = run_of(
        params={"b": "1", "a": "2"},
        curves={"loss": curve(1.0, math.nan, math.inf)},
        tags={"assay.cost_usd": "3.5"},
    )
    assert run_digest(run) == run.digest


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "FAILED"},
        {"name": "other"},
        {"ended_ms": START + HOUR + 1},
        {"deleted": True},
        {"params": {"a": "1"}},
        {"params": {"seed": "1"}},
        {"params": {"seed": "9" * 39}},
        {"tags": {"assay.ticket": "EXP-1"}},
        {"tags": {"assay.cost_usd": "1"}},
        {"tags": {"x": "y"}},
        {"experiment_name": "EXP-1"},
        {"curves": {"loss": curve(1.0)}},
        {"curves": {"loss": curve(1.0, 2.0)}},
        {"curves": {"loss": curve(math.nan)}},
        {"curves": {"loss": curve(1.0, step=1)}},
        {"curves": {"loss": curve(1.0, at=1)}},
    ],
)
def test_digest_changes_with_everything_a_verdict_depends_on(changed):
    base = {"curves": {"loss": curve(0.5)}} if "curves" in changed else {}
    assert run_of(**changed).digest != run_of(**base).digest


def test_digest_does_not_depend_on_the_order_of_parameters():
    assert run_of(params={"a": "1", "b": "2"}).digest == run_of(params={"b": "2", "a": "1"}).digest


def test_points_are_ordered_by_step_then_time_then_value():
    ordered = curve_in_mlflow_order(
        np.array([2, 1, 1, 1]), np.array([0.1, 0.2, 0.9, 0.3]), np.array([5, 7, 6, 7])
    )
    assert ordered.steps.tolist() == [1, 1, 1, 2]
    assert ordered.values.tolist() == [0.9, 0.2, 0.3, 0.1]


def test_clamped_infinities_are_infinite_again():
    largest = 1.7976931348623157e308
    assert unclamped(np.array([largest, -largest, 1.7e308, 0.0])).tolist() == [
        math.inf,
        -math.inf,
        1.7e308,
        0.0,
    ]
