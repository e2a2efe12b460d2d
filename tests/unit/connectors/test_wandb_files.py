"""What `.wandb` files say: names, values, ends of runs, and what is done with files that are cut, damaged or made to mislead."""

import json
import math
import os
import struct
import time
import zlib

import pytest

from assay.connectors.trackers.wandb.files import WandbFiles
from assay.domain.experiments.evidence import RunStatus
from assay.errors import Invalid, Unavailable
from assay.testing.connector_contract import Synced
from assay.workflows.records import Source
from tests.support.wandb_log import (
    Log,
    config_record,
    exit_record,
    history_record,
    item,
    put,
    run_record,
    stats_record,
)

START = 1_790_000_000_000


def write(tmp_path, content, run="abc", folder="offline-run-20260101_000001"):
    path = tmp_path / "wandb" / f"{folder}-{run}"
    path.mkdir(parents=True)
    (path / f"run-{run}.wandb").write_bytes(bytes(content))
    return path / f"run-{run}.wandb"


def synced_with(tmp_path, **more):
    return Synced(Source(id=1, project_id=1, name="lab", kind="wandb", uri=str(tmp_path / "wandb"), **more))


def only_run(tmp_path, *records):
    write(tmp_path, Log().add(*records).content)
    synced = synced_with(tmp_path)
    synced.sync(WandbFiles())
    return synced.runs["abc"]


def points(run, metric):
    curve = run.curves[metric]
    return list(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))


def test_configuration_is_flat_and_names_ticket_seed_and_arm(tmp_path):
    config = {"lr": 0.1, "optimizer": {"name": "adam", "betas": [0.9, 0.99]}, "seed": 3, "_wandb": {"t": 1}}
    run = only_run(
        tmp_path,
        run_record(
            "abc", config=config, tags=["assay.ticket=EXP-7", "assay.arm:baseline", "fast"], name="first"
        ),
        config_record({"lr": 0.2}),
        exit_record(0, runtime_s=90),
    )
    assert dict(run.config) == {"lr": "0.2", "optimizer.name": "adam", "optimizer.betas": "[0.9,0.99]"}
    assert (run.ticket, run.seed, run.arm, run.name) == ("EXP-7", 3, "baseline", "first")
    assert run.tags["wandb.tags"] == "fast"
    assert (run.ended_at - run.started_at).total_seconds() == 90


@pytest.mark.parametrize(
    ("told", "ticket"),
    [
        ({"config": {"assay.ticket": "exp-9"}}, "EXP-9"),
        ({"config": {"assay": {"ticket": "EXP-9"}}}, "EXP-9"),
        ({"group": "EXP-9 depth"}, "EXP-9"),
        ({"project": "EXP-9-depth"}, "EXP-9"),
        ({"project": "exp-9-depth"}, None),
    ],
)
def test_ticket_is_named_by_config_group_or_project(tmp_path, told, ticket):
    assert only_run(tmp_path, run_record("abc", **told)).ticket == ticket


def test_numbers_become_points_and_everything_else_does_not(tmp_path):
    run = only_run(
        tmp_path,
        run_record("abc"),
        history_record(
            0, {"loss": 1.5, "note": "text", "flag": True, "none": None, "picture": {"_type": "image-file"}}
        ),
        history_record(1, {"loss": 2, "group": {"a": 1, "b": {"c": 2.5}}}),
        exit_record(0),
    )
    assert points(run, "loss") == [(0, 1.5), (1, 2.0)]
    assert {name: points(run, name) for name in run.curves if name != "loss"} == {
        "group.a": [(1, 1.0)],
        "group.b.c": [(1, 2.5)],
    }


def test_values_that_are_no_numbers_are_kept_however_they_are_written(tmp_path):
    rows = [
        b"NaN",
        b'"NaN"',
        b"Infinity",
        b'"Infinity"',
        b"-Infinity",
        b'"-Infinity"',
        b"1e999",
        b"1" + b"0" * 400,
        b"nonsense",
    ]
    run = only_run(
        tmp_path,
        run_record("abc"),
        *(history_record(step, {"loss": text}) for step, text in enumerate(rows)),
        exit_record(0),
    )
    found = dict(points(run, "loss"))
    assert math.isnan(found.pop(0))
    assert math.isnan(found.pop(1))
    assert found == {2: math.inf, 3: math.inf, 4: -math.inf, 5: -math.inf, 6: math.inf}


def test_name_of_several_parts_and_items_in_any_order_are_read(tmp_path):
    nested = put(
        2,
        put(1, put(2, "val") + put(2, "top5") + put(16, "0.5"))
        + put(1, item("loss", 1.0))
        + put(2, put(1, 4)),
    )
    backwards = put(2, put(1, put(16, "0.75") + put(1, "loss")) + put(2, put(1, 5)))
    run = only_run(tmp_path, run_record("abc"), nested, backwards, exit_record(0))
    assert points(run, "val.top5") == [(4, 0.5)]
    assert points(run, "loss") == [(4, 1.0), (5, 0.75)]


def test_long_names_and_values_are_read_too(tmp_path):
    name = "layer/" * 40 + "norm"
    run = only_run(
        tmp_path,
        run_record("abc"),
        history_record(0, {name: 0.5, "loss": b"1." + b"0" * 200}),
        exit_record(0),
    )
    assert (points(run, name), points(run, "loss")) == ([(0, 0.5)], [(0, 1.0)])


@pytest.mark.parametrize("nested", [True, False])
def test_ten_thousand_rows_over_many_blocks_are_read_in_order(tmp_path, nested):
    rows = [
        history_record(step, {"loss": 1 / (step + 1), "note": "x" * (step % 700)}, nested=nested)
        for step in range(10_000)
    ]
    big = history_record(10_000, {"loss": 0.25, "table": "y" * 200_000})
    run = only_run(tmp_path, run_record("abc"), *rows, big, exit_record(0))
    assert points(run, "loss") == [(step, 1 / (step + 1)) for step in range(10_000)] + [(10_000, 0.25)]


@pytest.mark.parametrize("size", range(32_768 - 7 - 7 - 20, 32_768 - 7 - 7 + 20))
def test_record_that_ends_anywhere_near_the_end_of_a_block_is_read(tmp_path, monkeypatch, size):
    monkeypatch.setattr("assay.connectors.trackers.wandb.log._FEW_BLOCKS", size % 2 * 16)
    log = Log().add(
        put(4, b"x" * (size - 4)), run_record("abc"), history_record(0, {"loss": 0.5}), exit_record(0)
    )
    write(tmp_path, log.content)
    synced = synced_with(tmp_path)
    synced.sync(WandbFiles())
    assert points(synced.runs["abc"], "loss") == [(0, 0.5)]


def test_run_ended_as_its_exit_code_says_and_is_open_while_none_is_written(tmp_path):
    for run, code in (("good", 0), ("bad", 1), ("interrupted", 255), ("signalled", -9)):
        write(tmp_path, Log().add(run_record(run), exit_record(code)).content, run)
    write(tmp_path, Log().add(run_record("open")).content, "open")
    synced = synced_with(tmp_path)
    synced.sync(WandbFiles())
    assert {name: run.status for name, run in synced.runs.items()} == {
        "good": RunStatus.FINISHED,
        "bad": RunStatus.FAILED,
        "interrupted": RunStatus.FAILED,
        "signalled": RunStatus.FAILED,
        "open": RunStatus.RUNNING,
    }


def test_run_that_falls_silent_without_an_end_has_crashed(tmp_path):
    begun = run_record("abc", started_ms=int(time.time() * 1000) - 3_600_000)
    path = write(tmp_path, Log().add(begun, history_record(0, {}, time_s=time.time())).content)
    synced = synced_with(tmp_path)
    synced.sync(WandbFiles())
    assert synced.runs["abc"].status is RunStatus.RUNNING
    hour_ago = path.stat().st_mtime - 3600
    os.utime(path, (hour_ago, hour_ago))
    synced.sync(WandbFiles())
    assert synced.runs["abc"].status is RunStatus.FAILED
    assert synced.sync(WandbFiles()) == []


def test_log_that_was_copied_is_new_and_what_it_tells_is_not(tmp_path):
    row = history_record(0, {"loss": 1.0}, time_s=1_600_000_005)
    run = only_run(tmp_path, run_record("abc", started_ms=1_600_000_000_000), row)
    assert run.status is RunStatus.FAILED
    assert (run.ended_at - run.started_at).total_seconds() == 5


def test_summary_tells_what_a_cut_log_does_not(tmp_path):
    path = write(tmp_path, Log().add(run_record("abc"), history_record(7, {"loss": 1.0})).content)
    (path.parent / "files").mkdir()
    summary = {
        "loss": 0.5,
        "_step": 9,
        "_timestamp": START / 1000,
        "best": {"max": 3},
        "_wandb": {"runtime": 2},
    }
    (path.parent / "files" / "wandb-summary.json").write_text(json.dumps(summary), encoding="utf-8")
    synced = synced_with(tmp_path)
    synced.sync(WandbFiles())
    assert points(synced.runs["abc"], "loss") == [(7, 1.0), (9, 0.5)]
    assert points(synced.runs["abc"], "best.max") == [(9, 3.0)]


def test_resumed_run_is_one_run(tmp_path):
    write(tmp_path, Log().add(run_record("abc"), history_record(0, {"loss": 2.0}), exit_record(1)).content)
    write(
        tmp_path,
        Log().add(run_record("abc"), history_record(1, {"loss": 1.0}), exit_record(0)).content,
        folder="offline-run-20260102_000001",
    )
    synced = synced_with(tmp_path)
    synced.sync(WandbFiles())
    run = synced.runs["abc"]
    assert (points(run, "loss"), run.status) == ([(0, 2.0), (1, 1.0)], RunStatus.FINISHED)


def test_resumed_run_began_when_it_was_begun_first_and_its_pause_costs_nothing(tmp_path):
    hour, busy = 3_600_000, {"gpu.0.gpu": 90.0}
    first = [run_record("abc"), stats_record(busy, at_ms=START + hour)]
    again = [
        run_record("abc", started_ms=START + 24 * hour),
        stats_record(busy, at_ms=START + 25 * hour),
        exit_record(0, runtime_s=2 * 3600),
    ]
    write(tmp_path, Log().add(*first).content)
    write(tmp_path, Log().add(*again).content, folder="offline-run-20260102_000001")
    synced = synced_with(tmp_path)
    synced.sync(WandbFiles())
    run = synced.runs["abc"]
    assert run.started_at.timestamp() * 1000 == START
    assert run.ended_at.timestamp() * 1000 == START + 26 * hour
    assert run.gpu_hours == 3.0


def test_gpus_seen_at_work_times_wall_time_are_gpu_hours(tmp_path):
    busy = {f"gpu.{gpu}.gpu": 50.0 for gpu in range(4)} | {"gpu.process.0.gpu": 1.0, "cpu": 5.0}
    run = only_run(
        tmp_path, run_record("abc"), stats_record(busy, at_ms=START + 1000), exit_record(0, runtime_s=1800)
    )
    assert (run.gpu_hours, run.gpu_hours_source) == (2.0, "metric")


@pytest.mark.parametrize(
    ("measured", "hours"),
    [
        ({"gpu.0.gpu": 90.0, "gpu.1.gpu": 0, "gpu.2.gpu": 0.0, "gpu.1.memory": 0.0}, 0.5),
        ({"gpu.0.gpu": 0, "gpu.1.gpu": 0, "gpu.process.1.gpu": 0}, 0.5),
        ({"gpu.0.gpu": 0, "gpu.1.gpu": 0}, 1.0),
        ({"gpu.0.temp": 40.0, "gpu.1.temp": 41.0}, 1.0),
    ],
    ids=["one-at-work", "its-own-process", "none-at-work", "nobody-knows"],
)
def test_gpus_of_its_machine_that_never_did_anything_are_not_its_own(tmp_path, measured, hours):
    run = only_run(
        tmp_path,
        run_record("abc"),
        stats_record(measured, at_ms=START + 1000),
        exit_record(0, runtime_s=1800),
    )
    assert run.gpu_hours == hours


def test_devices_that_a_run_says_win_over_those_its_machine_has(tmp_path):
    busy = {f"gpu.{gpu}.gpu": 50.0 for gpu in range(8)}
    run = only_run(
        tmp_path, run_record("abc", config={"assay.devices": 2}), stats_record(busy, at_ms=START + 1000),
        exit_record(0, runtime_s=1800),
    )  # fmt: skip
    assert (run.gpu_hours, run.gpu_hours_source) == (1.0, "wall time x devices")


@pytest.mark.parametrize(
    ("models", "seen"),
    [
        (("NVIDIA A100-SXM4-40GB", "NVIDIA A100-SXM4-40GB"), "NVIDIA A100-SXM4-40GB"),
        (("Tesla T4", "Tesla V100"), None),
        ((), None),
    ],
)
def test_model_of_its_gpus_is_kept_where_they_are_alike(tmp_path, models, seen):
    machine = put(26, put(19, 2) + b"".join(put(24, put(1, model) + put(4, "Ampere")) for model in models))
    run = only_run(tmp_path, run_record("abc"), machine, exit_record(0, runtime_s=1800))
    assert run.tags.get("assay.device_seen") == seen
    assert run.gpu_hours == 1.0


def test_only_chosen_projects_are_read(tmp_path):
    write(tmp_path, Log().add(run_record("abc", project="mine"), exit_record(0)).content)
    write(tmp_path, Log().add(run_record("def", project="theirs"), exit_record(0)).content, "def")
    synced = synced_with(tmp_path, experiment_filter=("mine",))
    synced.sync(WandbFiles())
    assert set(synced.runs) == {"abc"}
    assert synced.sync(WandbFiles()) == []


def frame(content, *, kind=1, length=None, checksum=None):
    right = zlib.crc32(content, zlib.crc32(bytes([kind])))
    return (
        struct.pack(
            "<IHB", right if checksum is None else checksum, len(content) if length is None else length, kind
        )
        + content
    )


HEAD = b":W&B\xe1\xbe\x00"
GOOD = run_record("abc")


@pytest.mark.parametrize("few", [16, 0], ids=["one by one", "side by side"])
@pytest.mark.parametrize(
    ("content", "fact"),
    [
        (b"PK\x03\x04 this is a zip", "not as a W&B log"),
        (HEAD[:6] + b"\x07" + frame(GOOD), "not as a W&B log"),
        (HEAD + frame(GOOD, checksum=0), "a checksum that does not fit its record at byte 7"),
        (HEAD + frame(GOOD) + frame(b"", length=65_535), "a length that reaches behind its block"),
        (HEAD + frame(GOOD) + frame(GOOD, kind=9), "a piece of kind 9"),
        (HEAD + frame(GOOD) + frame(GOOD, kind=0), "a piece of kind 0"),
        (HEAD + frame(GOOD, kind=4), "other parts are missing"),
        (HEAD + frame(GOOD, kind=3), "other parts are missing"),
        (HEAD + frame(GOOD, kind=2) + frame(GOOD), "does not go on"),
        (HEAD + frame(GOOD, kind=2) + frame(GOOD, kind=2), "other parts are missing"),
        (HEAD + frame(GOOD) + frame(b"\x12\xff\xff\xff\xff\x0f"), "a length beyond the end of the file"),
        (HEAD + frame(GOOD) + frame(b"\x12\x05"), "reaches behind its message"),
        (HEAD + frame(GOOD) + frame(b"\x12" + b"\xff" * 11), "a number that does not end"),
        (HEAD + frame(GOOD) + frame(b"\x13\x00"), "a field of kind 3"),
        (HEAD + frame(b"\x8a\x01\x03\x0a\x7fx"), "reaches behind its message"),
        (HEAD + frame(put(2, put(1, put(1, "n" * 5000) + put(16, "1")))), "a name of more than 4096 bytes"),
    ],
)
def test_damaged_file_is_named_with_what_is_wrong_and_where(tmp_path, monkeypatch, few, content, fact):
    monkeypatch.setattr("assay.connectors.trackers.wandb.log._FEW_BLOCKS", few)
    write(tmp_path, content)
    write(tmp_path, Log().add(run_record("whole"), exit_record(0)).content, "whole")
    synced = synced_with(tmp_path)
    with pytest.raises(Unavailable) as told:
        synced.sync(WandbFiles())
    assert fact in told.value.message
    assert "run-abc.wandb" in told.value.message
    assert set(synced.runs) == {"whole"}


def test_text_that_is_no_unicode_is_kept_readable(tmp_path):
    write(tmp_path, Log().add(put(17, put(1, "abc") + put(8, b"caf\xe9 \x00"))).content)
    synced = synced_with(tmp_path)
    synced.sync(WandbFiles())
    assert synced.runs["abc"].name == "caf\ufffd \ufffd"


def test_more_names_than_a_run_may_have_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("assay.connectors.trackers.wandb.history.MAX_NAMES", 10)
    write(tmp_path, Log().add(run_record("abc"), history_record(0, {f"m{n}": n for n in range(12)})).content)
    with pytest.raises(Unavailable, match="more than 10 different names"):
        synced_with(tmp_path).sync(WandbFiles())


def test_folder_without_a_log_and_an_address_of_no_folder_are_told_apart(tmp_path):
    (tmp_path / "wandb").mkdir()
    with pytest.raises(Unavailable, match="no run is there"):
        WandbFiles().check(synced_with(tmp_path).source)
    with pytest.raises(Invalid, match="no folder on this machine"):
        WandbFiles().check(Source(id=1, project_id=1, name="w", kind="wandb", uri="ftp://x/y"))
