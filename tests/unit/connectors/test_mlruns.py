"""A folder `mlruns` that is empty, broken, half written or laid out to mislead."""

import os
import shutil

import pytest

from assay.connectors.trackers.mlflow import MlflowSource
from assay.errors import Invalid, Unavailable
from assay.testing.connector_contract import Synced
from assay.workflows.records import Source

RUN = "0af3" * 8
OTHER = "1bf4" * 8
META = "run_id: {run}\nname: ''\nstatus: {status}\nstart_time: 1700000000000\nend_time: {end}\nlifecycle_stage: active\n"


def mlruns(tmp_path, *runs):
    folder = tmp_path / "mlruns" / "7"
    folder.mkdir(parents=True)
    (folder / "meta.yaml").write_text("name: EXP-5 sweep\nexperiment_id: '7'\n", encoding="utf-8")
    for run in runs or (RUN,):
        add(folder, run)
    return tmp_path / "mlruns"


def add(folder, run, *, status=3, end="1700000060000"):
    for part in ("metrics", "params", "tags"):
        (folder / run / part).mkdir(parents=True)
    (folder / run / "meta.yaml").write_text(META.format(run=run, status=status, end=end), encoding="utf-8")
    (folder / run / "metrics" / "loss").write_bytes(b"1700000000000 0.5 0\n1700000000001 0.25 1\n")
    (folder / run / "params" / "seed").write_text("3", encoding="utf-8")
    return folder / run


def synced_with(uri, **more):
    return Synced(Source(id=1, project_id=1, name="lab", kind="mlflow", uri=str(uri), **more))


@pytest.mark.parametrize("form", ["{}/mlruns", "{}", "file:{}/mlruns", "file://{}/mlruns"])
def test_folder_is_read_by_each_of_its_addresses(tmp_path, form):
    mlruns(tmp_path)
    synced = synced_with(form.format(tmp_path))
    synced.sync(MlflowSource())
    run = synced.runs[RUN]
    assert (run.ticket, run.seed, run.curves["loss"].values.tolist()) == ("EXP-5", 3, [0.5, 0.25])
    assert synced.sync(MlflowSource()) == []


def test_folder_without_a_run_is_told_and_takes_nothing_away(tmp_path):
    (tmp_path / "mlruns").mkdir()
    with pytest.raises(Unavailable, match="no run is there") as told:
        synced_with(tmp_path / "mlruns").sync(MlflowSource())
    assert told.value.hint
    with pytest.raises(Unavailable, match="no run is there"):
        MlflowSource().check(synced_with(tmp_path / "mlruns").source)


@pytest.mark.parametrize(
    ("file", "content", "fact"),
    [
        ("metrics/loss", b"1700000000000 half 0\n", "line 1 is '1700000000000 half 0'"),
        ("metrics/loss", b"1 0.5 0\n2 0.5\n", "line 2 is '2 0.5'"),
        ("metrics/loss", b"1 0.5 99999999999999999999\n", "line 1"),
        ("metrics/loss", b"\xff\xfe\x00\n", "line 1"),
        ("meta.yaml", b"a: &a [x]\nb: *a\n", "YAML aliases"),
        ("meta.yaml", b"!!python/object/apply:os.system ['true']", "not YAML"),
        ("meta.yaml", b"status: [", "not YAML"),
        ("meta.yaml", b"- 1\n", "nothing that names its fields"),
        ("tags/note", b"x" * (2**20 + 1), "larger than 1024 KB"),
    ],
)
def test_broken_file_is_named_and_every_other_run_is_read(tmp_path, file, content, fact):
    folder = mlruns(tmp_path, RUN, OTHER)
    (folder / "7" / RUN / file).write_bytes(content)
    synced = synced_with(folder)
    with pytest.raises(Unavailable) as told:
        synced.sync(MlflowSource())
    assert f"7/{RUN}/{file}" in told.value.message
    assert fact in told.value.message
    assert set(synced.runs) == {OTHER}
    shutil.rmtree(folder / "7" / RUN)
    add(folder / "7", RUN)
    synced.sync(MlflowSource())
    assert set(synced.runs) == {RUN, OTHER}


def test_point_that_is_still_being_written_waits_for_its_end_of_line(tmp_path):
    folder = mlruns(tmp_path)
    with (folder / "7" / RUN / "metrics" / "loss").open("ab") as file:
        file.write(b"1700000000002 0.12")
    synced = synced_with(folder)
    synced.sync(MlflowSource())
    assert synced.runs[RUN].curves["loss"].values.tolist() == [0.5, 0.25]


def test_link_out_of_the_folder_is_not_followed_and_is_told(tmp_path):
    folder = mlruns(tmp_path, RUN)
    secret = add(tmp_path / "elsewhere", OTHER)
    (folder / "7" / OTHER).symlink_to(secret)
    synced = synced_with(folder)
    with pytest.raises(Unavailable, match="a link out of the folder"):
        synced.sync(MlflowSource())
    assert set(synced.runs) == {RUN}


def test_linked_or_piped_metric_is_never_opened(tmp_path):
    folder = mlruns(tmp_path)
    (folder / "7" / RUN / "metrics" / "linked").symlink_to("/etc/hostname")
    os.mkfifo(folder / "7" / RUN / "metrics" / "pipe")
    synced = synced_with(folder)
    synced.sync(MlflowSource())
    assert set(synced.runs[RUN].curves) == {"loss"}


def test_experiment_is_chosen_by_name_or_number(tmp_path):
    folder = mlruns(tmp_path)
    for chosen, found in (("EXP-5 sweep", {RUN}), ("7", {RUN}), ("other", set())):
        synced = synced_with(folder, experiment_filter=(chosen,))
        synced.sync(MlflowSource())
        assert set(synced.runs) == found


def test_run_in_the_trash_is_deleted_and_not_gone(tmp_path):
    folder = mlruns(tmp_path, RUN, OTHER)
    synced = synced_with(folder)
    synced.sync(MlflowSource())
    (folder / ".trash").mkdir()
    (folder / "7").rename(folder / ".trash" / "7")
    synced.sync(MlflowSource())
    assert [run.deleted for run in synced.runs.values()] == [True, True]
    assert synced.gone == set()


def test_address_that_is_no_folder_of_this_machine_is_refused():
    with pytest.raises(Invalid, match="no folder on this machine"):
        synced_with("file:").sync(MlflowSource())
