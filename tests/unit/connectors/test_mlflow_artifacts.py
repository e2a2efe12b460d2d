import hashlib
import os

import numpy as np
import pytest

from assay.connectors.evals.long_form import write_scores
from assay.connectors.trackers.mlflow import artifacts
from assay.connectors.trackers.mlflow.artifacts import local_root, local_scores
from assay.domain.experiments.evidence import Scores

RUN = "0af3" * 8
GOOD = write_scores([Scores(metric="m", seed=1, sample_ids=("a",), values=np.array([1.0]))])


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "1" / RUN / "artifacts"
    (root / "assay").mkdir(parents=True)
    return root


@pytest.mark.parametrize("form", ["{path}", "file://{path}", "file:{path}", "file://localhost{path}"])
def test_scores_below_a_local_root_are_found(root, form):
    (root / "assay" / "scores.parquet").write_bytes(GOOD)
    found = local_scores(form.format(path=root), RUN)
    assert (found.content, found.error) == (GOOD, None)
    assert found.digest == f"sha256:{hashlib.sha256(GOOD).hexdigest()}"


def test_csv_is_read_where_there_is_no_parquet(root):
    (root / "assay" / "scores.csv").write_bytes(b"sample_id,metric,value\na,m,1\n")
    assert local_scores(str(root), RUN).error is None


def test_run_without_scores_has_neither_digest_nor_error(root):
    assert local_scores(str(root), RUN) == artifacts.ScoresFound()


@pytest.mark.parametrize(
    "uri",
    [
        "file:///etc",
        "/etc",
        "",
        ".",
        "mlruns/1/{run}/artifacts",
        "./{run}/artifacts",
        "~/{run}/artifacts",
        "file:///a/../{run}/artifacts",
        "file:///a/..%2f/{run}/artifacts",
        "file:///a/..%252f..%252f/{run}/artifacts",
        "file:///a/%2e%2e/{run}/artifacts",
        "file:///a\\..\\b/{run}/artifacts",
        "file:///a#../{run}/artifacts",
        "file:///a?x=/{run}/artifacts",
        "file://other.example/a/{run}/artifacts",
        "file:////a/{run}/artifacts",
        "//a/{run}/artifacts",
        "dbfs:/a/{run}/artifacts",
        "s3://bucket/{run}/artifacts",
        "http://127.0.0.1/{run}/artifacts",
        "mlflow-artifacts:/1/{run}/artifacts",
        "ftp://h/{run}/artifacts",
        "/a/./{run}/artifacts",
        "/a\n/{run}/artifacts",
        "/a\x00/{run}/artifacts",
        "/a/someotherrun/artifacts",
        "/a/{run}/artifacts/..",
        "/a/{run}/artifacts/",
        "file:a/{run}/artifacts",
    ],
)
def test_artifact_uri_that_is_no_plain_path_of_the_run_is_never_touched(uri):
    assert local_root(uri.format(run=RUN), RUN) is None
    assert local_scores(uri.format(run=RUN), RUN) == artifacts.ScoresFound()


@pytest.mark.parametrize("run", ["..", "a/b", "", "a" * 65, "a%2e", "é"])
def test_run_id_that_is_no_id_has_no_root(run):
    assert local_root(f"/data/{run}/artifacts", run) is None


def test_link_that_leads_out_of_the_artifacts_is_refused(root, tmp_path):
    outside = tmp_path / "secret.parquet"
    outside.write_bytes(GOOD)
    (root / "assay" / "scores.parquet").symlink_to(outside)
    found = local_scores(str(root), RUN)
    assert found.content is None
    assert "leads out of the run's own artifacts" in found.error


def test_folder_that_is_a_link_out_is_refused(root, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "scores.parquet").write_bytes(GOOD)
    (root / "assay").rmdir()
    (root / "assay").symlink_to(elsewhere)
    assert "leads out" in local_scores(str(root), RUN).error


@pytest.mark.parametrize(
    "make",
    [
        os.mkfifo,
        lambda p: p.mkdir(),
        lambda p: p.symlink_to(p),
        lambda p: p.symlink_to("nowhere"),
    ],
)
def test_what_is_no_file_is_an_error_and_never_waited_for(root, make):
    make(root / "assay" / "scores.parquet")
    found = local_scores(str(root), RUN)
    assert found.content is None
    assert found.error


def test_file_beyond_the_limit_is_an_error(root, monkeypatch):
    monkeypatch.setattr(artifacts, "MAX_SCORES_BYTES", 100)
    (root / "assay" / "scores.parquet").write_bytes(b"x" * 101)
    assert "larger than" in local_scores(str(root), RUN).error


def test_broken_file_keeps_its_bytes_and_says_why(root):
    (root / "assay" / "scores.parquet").write_bytes(GOOD[: len(GOOD) // 2])
    found = local_scores(str(root), RUN)
    assert found.error.startswith("cannot read scores")
    assert found.content is not None
    assert found.digest is not None
