import hashlib
import os
from dataclasses import replace

import pytest

from assay.connectors.tracked.digest import run_digest
from assay.connectors.trackers.mlflow import artifact_files
from assay.connectors.trackers.mlflow.artifact_files import list_artifacts
from assay.testing.storage_samples import run
from assay.workflows.run_artifacts import artifacts_url, listed_artifacts

RUN = "0af3" * 8


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "1" / RUN / "artifacts"
    (root / "model").mkdir(parents=True)
    (root / "model" / "weights.bin").write_bytes(b"\x00" * 3_000_000)
    (root / "notes.txt").write_bytes(b"abc")
    return root


def notes(folder):
    return {one.path: one.note for one in folder.files if one.sha256 is None}


def test_files_are_listed_by_path_with_size_and_published_digest(root):
    found = list_artifacts(f"file://{root}", RUN)
    assert [(one.path, one.size_bytes) for one in found.files] == [
        ("model/weights.bin", 3_000_000),
        ("notes.txt", 3),
    ]
    # FIPS 180-2, appendix B.1
    assert found.files[1].sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert found.files[0].sha256 == hashlib.sha256(b"\x00" * 3_000_000).hexdigest()
    assert (found.left_out, found.fault) == ((), "")


def test_links_are_not_followed_and_one_that_leads_out_is_refused(root, tmp_path):
    (tmp_path / "secret").write_text("key")
    (root / "out").symlink_to(tmp_path / "secret")
    (root / "folder").symlink_to("/etc")
    (root / "round").symlink_to("round")
    (root / "inside").symlink_to("notes.txt")
    os.mkfifo(root / "pipe")
    assert notes(list_artifacts(str(root), RUN)) == {
        "out": artifact_files.LINK_OUT,
        "folder": artifact_files.LINK_OUT,
        "round": artifact_files.LINK_OUT,
        "inside": artifact_files.LINK,
        "pipe": artifact_files.IRREGULAR,
    }


def test_root_that_is_a_link_to_another_folder_is_refused(tmp_path):
    (tmp_path / RUN).mkdir()
    (tmp_path / RUN / "artifacts").symlink_to("/etc")
    found = list_artifacts(str(tmp_path / RUN / "artifacts"), RUN)
    assert found.files == ()
    assert "leads out" in found.fault


def test_limits_of_number_depth_and_bytes_are_told(root, monkeypatch):
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "deep.txt").write_text("deep")
    monkeypatch.setattr(artifact_files, "MAX_DIGESTED_BYTES", 1000)
    monkeypatch.setattr(artifact_files, "MAX_DEPTH", 2)
    found = list_artifacts(str(root), RUN)
    assert notes(found) == {"model/weights.bin": artifact_files.TOO_MUCH}
    assert found.left_out == ("folders more than 2 deep are not opened",)
    monkeypatch.setattr(artifact_files, "MAX_FILES", 1)
    (left_out,) = set(list_artifacts(str(root), RUN).left_out) - {"folders more than 2 deep are not opened"}
    assert left_out == "only the first 1 files that were found are listed"


def test_time_that_runs_out_while_a_file_is_read_leaves_its_digest_unknown(root):
    (root / "notes.txt").unlink()
    moments = iter([0.0, 0.0, 0.0, 0.0, 6.0])
    found = list_artifacts(str(root), RUN, clock=lambda: next(moments))
    assert notes(found) == {"model/weights.bin": artifact_files.TOO_LONG}
    assert found.files[0].size_bytes == 3_000_000


def test_folder_that_is_gone_is_said_to_be_unreadable(tmp_path):
    found = list_artifacts(str(tmp_path / RUN / "artifacts"), RUN)
    assert found.fault == "cannot be read on this machine: No such file or directory"


def test_run_read_over_a_server_never_has_a_local_folder_opened(root):
    told = replace(
        run(1),
        external_id=RUN,
        artifacts=f"file://{root}",
        url="http://mlflow.example/#/experiments/1/runs/1",
    )
    assert listed_artifacts(told, list_artifacts).fault == "the tracker's server has them"
    assert artifacts_url(told) == "http://mlflow.example/#/experiments/1/runs/1/artifacts"
    assert listed_artifacts(replace(told, url=None), list_artifacts).files != ()


def test_run_whose_reference_is_not_known_says_so():
    assert listed_artifacts(run(1), list_artifacts).fault == "where they lie is not known"
    assert artifacts_url(run(1)) is None


def test_address_of_the_artifacts_is_no_part_of_the_digest():
    assert run_digest(run(1)) == run_digest(replace(run(1), artifacts="s3://moved/artifacts"))
