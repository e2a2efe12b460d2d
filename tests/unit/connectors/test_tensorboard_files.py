"""What event files say in each of their forms, and what is done with those that are cut, damaged or made to mislead."""

import base64
import json
import math
import os
import struct
import time

import numpy as np
import pytest

from assay.connectors.tracked.wire import Buffer
from assay.connectors.trackers.tensorboard.crc32c import crc32c
from assay.connectors.trackers.tensorboard.files import TensorBoardFiles
from assay.domain.experiments.evidence import RunStatus
from assay.errors import Unavailable
from assay.testing.connector_contract import Synced
from assay.workflows.records import Source
from tests.support import event_file as tb

# Two points of `loss`, 0.5 at step 1 and 0.25 at step 2, as tensorboardX 2.6.5 and tensorboard 2.21 wrote them.
SIMPLE = (
    "GAAAAAAAAACjf0siCW3tHvKkwNpBGg1icmFpbi5FdmVudDoydFu34hoAAAAAAAAAEpvYLQkAACDgTqzaQRABKg0KCwoEbG9zcxUAAAA/BdpFHh"
    "oAAAAAAAAAEpvYLQkAAGDgTqzaQRACKg0KCwoEbG9zcxUAAIA+X+ANYQ=="
)
AS_TENSOR = (
    "SAAAAAAAAAD+kkidCUfwLPKkwNpBGg1icmFpbi5FdmVudDoyUi4KLHRlbnNvcmJvYXJkLnN1bW1hcnkud3JpdGVyLmV2ZW50X2ZpbGVfd3JpdGVy50lN+TAA"
    "AAAAAAAAlfXQXwkAACDgTqzaQRABKiMKIQoEbG9zc0IKCAESACoEAAAAP0oNCgkKB3NjYWxhcnMgAaQQwT0wAAAAAAAAAJX10F8JAABg4E6s2kEQAiojCiEK"
    "BGxvc3NCCggBEgAqBAAAgD5KDQoJCgdzY2FsYXJzIAGj+O00"
)


def write(tmp_path, content, run="run", name="events.out.tfevents.1.host"):
    path = tmp_path / "runs" / run
    path.mkdir(parents=True, exist_ok=True)
    (path / name).write_bytes(content)
    return path


def synced_with(tmp_path, **more):
    return Synced(
        Source(id=1, project_id=1, name="lab", kind="tensorboard", uri=str(tmp_path / "runs"), **more)
    )


def all_runs(tmp_path):
    synced = synced_with(tmp_path)
    synced.sync(TensorBoardFiles())
    return synced.runs


def points(run, metric):
    curve = run.curves[metric]
    return list(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))


@pytest.mark.parametrize("told", [SIMPLE, AS_TENSOR], ids=["tensorboardX", "tensorboard"])
def test_files_of_the_real_writers_hold_what_was_logged(tmp_path, told):
    write(tmp_path, base64.b64decode(told))
    run = all_runs(tmp_path)["run"]
    assert points(run, "loss") == [(1, 0.5), (2, 0.25)]
    assert run.curves["loss"].times_ms.tolist() == [1_790_000_000_500, 1_790_000_001_500]


def test_checksums_are_those_of_rfc_3720():
    cases = [bytes(32), b"\xff" * 32, bytes(range(32)), bytes(range(31, -1, -1)), b"123456789"]
    expected = [0x8A9136AA, 0x62A8AB43, 0x46DD794E, 0x113FDB5C, 0xE3069283]
    assert [_sum(case) for case in cases] == expected


@pytest.mark.parametrize(
    "length", [0, 1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 15, 16, 17, 40, 4095, 16_384, 16_385, 20_481]
)
def test_checksums_of_every_length_are_those_worked_out_bit_by_bit(length):
    content = np.random.default_rng(length).bytes(length)
    assert _sum(content) == tb.crc32c(content)


def _sum(content):
    buffer = Buffer(b"........" + content)
    return int(crc32c(buffer, np.array([8, 8]), np.array([8 + len(content)] * 2))[1])


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (tb.put(1, 1) + tb.single(5, 0.5), 0.5),
        (tb.put(1, 1) + tb.put(5, struct.pack("<f", 0.5)), 0.5),
        (tb.put(1, 1) + tb.put(2, b"") + tb.put(4, struct.pack("<f", 0.5)), 0.5),
        (tb.put(1, 2) + tb.put(4, struct.pack("<d", 0.1)), 0.1),
        (tb.put(1, 2) + tb.double(6, 0.1), 0.1),
        (tb.put(1, 3) + tb.put(7, 7), 7.0),
        (tb.put(1, 9) + tb.put(10, b"\x07"), 7.0),
        (tb.put(1, 9) + tb.put(10, -7), -7.0),
        (tb.put(1, 9) + tb.put(4, struct.pack("<q", -7)), -7.0),
        (tb.put(1, 19) + tb.put(13, 0x3800), 0.5),
        (tb.put(1, 14) + tb.put(13, 0x3F00), 0.5),
        (tb.put(1, 14) + tb.put(4, b"\x00\x3f"), 0.5),
    ],
)
def test_scalar_in_a_tensor_is_read_from_every_form_of_it(tmp_path, body, value):
    write(tmp_path, tb.HEAD + tb.event(tb.tensor("acc", body), step=3))
    assert points(all_runs(tmp_path)["run"], "acc") == [(3, value)]


def test_tensors_that_are_no_scalars_are_left_out(tmp_path):
    several = tb.put(1, 1) + tb.put(4, struct.pack("<ff", 1, 2))
    one = tb.put(1, 1) + tb.single(5, 0.5)
    write(
        tmp_path,
        tb.HEAD
        + tb.event(
            tb.tensor("several", several), tb.tensor("text", tb.put(1, 7) + tb.put(8, "hello"), name="text")
        )
        + tb.event(tb.tensor("curve", one, name="pr_curves"), tb.tensor("none", b""), tb.scalar("loss", 1.0)),
    )
    assert set(all_runs(tmp_path)["run"].curves) == {"loss"}


def test_values_that_are_no_numbers_are_kept(tmp_path):
    events = [
        tb.event(tb.scalar("loss", value), step=step)
        for step, value in enumerate((math.nan, math.inf, -math.inf))
    ]
    write(tmp_path, tb.HEAD + b"".join(events))
    values = all_runs(tmp_path)["run"].curves["loss"].values.tolist()
    assert math.isnan(values[0])
    assert values[1:] == [math.inf, -math.inf]


def test_several_files_of_a_folder_are_one_run(tmp_path):
    write(tmp_path, tb.HEAD + tb.event(tb.scalar("loss", 2.0), step=1), name="events.out.tfevents.1.a")
    write(tmp_path, tb.HEAD + tb.event(tb.scalar("loss", 1.0), step=2), name="events.out.tfevents.2.a")
    assert points(all_runs(tmp_path)["run"], "loss") == [(1, 2.0), (2, 1.0)]


def test_what_was_logged_beyond_the_step_of_a_restart_is_forgotten(tmp_path):
    first = b"".join(tb.event(tb.scalar("loss", 1.0), step=step) for step in range(10))
    second = tb.restart(5) + b"".join(tb.event(tb.scalar("loss", 2.0), step=step) for step in range(5, 7))
    write(tmp_path, tb.HEAD + first, name="events.out.tfevents.1.a")
    write(tmp_path, tb.HEAD + second, name="events.out.tfevents.2.a")
    told = points(all_runs(tmp_path)["run"], "loss")
    assert told == [(step, 1.0) for step in range(5)] + [(5, 2.0), (6, 2.0)]


def test_train_and_validation_of_one_training_are_one_run(tmp_path):
    write(tmp_path, tb.HEAD + tb.event(tb.scalar("epoch_loss", 0.5)), run="EXP-4/seed1/train")
    write(tmp_path, tb.HEAD + tb.event(tb.scalar("epoch_loss", 0.75)), run="EXP-4/seed1/validation")
    runs = all_runs(tmp_path)
    assert set(runs) == {"EXP-4/seed1"}
    assert set(runs["EXP-4/seed1"].curves) == {"train/epoch_loss", "validation/epoch_loss"}
    assert runs["EXP-4/seed1"].ticket == "EXP-4"


@pytest.mark.parametrize(
    ("run", "ticket"),
    [("EXP-4 wide", "EXP-4"), ("sweep/EXP-5_lr1", "EXP-5"), ("sweep/EXP-5-lr1/v0", "EXP-5"), ("exp-4", None)],
)
def test_ticket_is_named_by_a_folder_of_the_run(tmp_path, run, ticket):
    write(tmp_path, tb.HEAD, run=run)
    assert all_runs(tmp_path)[run].ticket == ticket


def test_ticket_and_seed_are_said_by_a_text_a_sidecar_or_the_parameters_of_lightning(tmp_path):
    text = tb.tensor("assay.ticket/text_summary", tb.put(1, 7) + tb.put(8, "EXP-6"), name="text")
    write(tmp_path, tb.HEAD + tb.event(text), run="a")
    said = {"assay.ticket": "EXP-7", "seed": 3, "model": {"depth": 8}}
    write(tmp_path, tb.HEAD, run="b").joinpath("assay.json").write_text(json.dumps(said), encoding="utf-8")
    lightning = "seed: 4\nlr: 0.1\nassay.ticket: EXP-8\n"
    write(tmp_path, tb.HEAD, run="c").joinpath("hparams.yaml").write_text(lightning, encoding="utf-8")
    runs = all_runs(tmp_path)
    assert {name: (run.ticket, run.seed, dict(run.config)) for name, run in runs.items()} == {
        "a": ("EXP-6", None, {}),
        "b": ("EXP-7", 3, {"model.depth": "8"}),
        "c": ("EXP-8", 4, {"lr": "0.1"}),
    }


def hparams(status=None, **values):
    entries = b"".join(tb.put(1, tb.put(1, name) + tb.put(2, value)) for name, value in values.items())
    begun = tb.plugin("hparams", tb.put(3, entries + tb.double(5, 1_790_000_000.0)))
    events = tb.event(tb.put(1, "_hparams_/session_start_info") + begun)
    if status is not None:
        ended = tb.plugin("hparams", tb.put(4, tb.put(1, status) + tb.double(2, 1_790_000_060.0)))
        events += tb.event(tb.put(1, "_hparams_/session_end_info") + ended)
    return events


def test_hyperparameters_are_the_configuration_and_their_session_says_how_it_ended(tmp_path):
    values = {
        "lr": tb.double(2, 0.1),
        "seed": tb.double(2, 3.0),
        "opt": tb.put(3, "adam"),
        "bn": tb.put(4, 1),
    }
    write(tmp_path, tb.HEAD + hparams(1, **values), run="good")
    write(tmp_path, tb.HEAD + hparams(2), run="bad")
    runs = all_runs(tmp_path)
    assert (runs["good"].seed, dict(runs["good"].config)) == (3, {"lr": "0.1", "opt": "adam", "bn": "true"})
    assert {name: run.status for name, run in runs.items()} == {
        "good": RunStatus.FINISHED,
        "bad": RunStatus.FAILED,
    }


def test_run_is_open_while_it_is_written_and_ended_when_it_falls_silent(tmp_path):
    write(tmp_path, tb.HEAD + tb.event(tb.scalar("loss", 1.0), time_s=time.time()), run="plain")
    write(tmp_path, tb.HEAD + hparams(), run="begun")
    synced = synced_with(tmp_path)
    synced.sync(TensorBoardFiles())
    assert {run.status for run in synced.runs.values()} == {RunStatus.RUNNING}
    for path in (tmp_path / "runs").rglob("events*"):
        os.utime(path, (1_790_000_000, 1_790_000_000))
    synced.sync(TensorBoardFiles())
    assert synced.runs["plain"].status is RunStatus.FINISHED
    assert synced.runs["begun"].status is RunStatus.FAILED, "its session began and never ended"
    assert synced.sync(TensorBoardFiles()) == []


def test_record_larger_than_what_is_read_at_once_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr("assay.connectors.trackers.tensorboard.records.CHUNK_BYTES", 1000)
    picture = tb.record(tb.double(1, 1.0) + tb.put(4, np.random.default_rng(1).bytes(30_000)))
    events = b"".join(tb.event(tb.scalar("loss", step), step=step) for step in range(100))
    write(tmp_path, tb.HEAD + events + picture + tb.event(tb.scalar("loss", 0.5), step=100))
    assert points(all_runs(tmp_path)["run"], "loss") == [(step, float(step)) for step in range(100)] + [
        (100, 0.5)
    ]


GOOD = tb.event(tb.scalar("loss", 1.0), step=1)
WRONG_SUM = GOOD[:-1] + bytes([GOOD[-1] ^ 1])


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        (b"PK\x03\x04 this is a zip and no event file", "does not fit the length of a record at byte 0"),
        (tb.HEAD + WRONG_SUM, f"does not fit a record at byte {len(tb.HEAD)}"),
        (tb.HEAD + WRONG_SUM + GOOD, f"does not fit a record at byte {len(tb.HEAD)}"),
        (tb.HEAD + b"\xff" * 8 + GOOD[8:], f"does not fit the length of a record at byte {len(tb.HEAD)}"),
        (tb.HEAD + tb.record(b"\x2a\x7f"), "a length beyond the end"),
        (tb.HEAD + tb.record(b"\x2a" + b"\xff" * 11), "a number that does not end"),
        (tb.HEAD + tb.event(tb.put(1, "n" * 5000) + tb.single(2, 1.0)), "a name of more than 4096 bytes"),
    ],
)
def test_damaged_file_is_named_with_what_is_wrong_and_where(tmp_path, content, fact):
    write(tmp_path, content, run="broken")
    write(tmp_path, tb.HEAD + GOOD, run="whole")
    synced = synced_with(tmp_path)
    with pytest.raises(Unavailable) as told:
        synced.sync(TensorBoardFiles())
    assert fact in told.value.message
    assert "broken/events.out.tfevents.1.host" in told.value.message
    assert set(synced.runs) == {"whole"}


def test_length_that_no_memory_holds_is_refused_though_its_checksum_fits(tmp_path, monkeypatch):
    monkeypatch.setattr("assay.connectors.trackers.tensorboard.records.CHUNK_BYTES", 64)
    head = struct.pack("<Q", 2**40)
    write(tmp_path, head + struct.pack("<I", tb.masked(head)) + b"x" * 100)
    with pytest.raises(Unavailable, match="a record of 1099511627776 bytes at byte 0"):
        synced_with(tmp_path).sync(TensorBoardFiles())


def test_record_that_is_still_being_written_waits(tmp_path):
    write(tmp_path, tb.HEAD + GOOD + tb.event(tb.scalar("loss", 2.0), step=2)[:-3])
    assert points(all_runs(tmp_path)["run"], "loss") == [(1, 1.0)]


def test_folder_that_add_hparams_makes_belongs_to_the_run_above_it(tmp_path):
    write(tmp_path, base64.b64decode(SIMPLE), run="EXP-4 a/s1")
    told = (
        tb.HEAD
        + hparams(1, lr=tb.double(2, 0.1), seed=tb.double(2, 3.0))
        + tb.event(tb.scalar("hp/best", 0.9))
    )
    write(tmp_path, told, run="EXP-4 a/s1/1795356018.6748157")
    (run,) = all_runs(tmp_path).values()
    assert (run.external_id, run.seed, dict(run.config)) == ("EXP-4 a/s1", 3, {"lr": "0.1"})
    assert (run.ticket, set(run.curves)) == ("EXP-4", {"loss", "hp/best"})
    assert run.status is RunStatus.FINISHED, "by its silence: its points are months old"


def test_several_of_them_below_one_folder_are_trials_of_their_own(tmp_path):
    write(tmp_path, tb.HEAD, run="sweep")
    for place in range(3):
        told = tb.HEAD + hparams(1, lr=tb.double(2, place / 10))
        write(tmp_path, told, run=f"sweep/179535601{place}.25")
    runs = all_runs(tmp_path)
    assert sorted(runs) == ["sweep", *(f"sweep/179535601{place}.25" for place in range(3))]


@pytest.mark.parametrize("name", ["assay.json", "hparams.yaml"])
def test_broken_sidecar_is_named(tmp_path, name):
    write(tmp_path, tb.HEAD).joinpath(name).write_text("[1, 2", encoding="utf-8")
    with pytest.raises(Unavailable, match=name):
        synced_with(tmp_path).sync(TensorBoardFiles())
