"""Experiments in git: what is read of them, where they lie, and repositories that mean harm."""

import itertools
import json
import os
import shutil

import pytest

from assay.connectors.trackers.dvc import experiments, git_objects
from assay.connectors.trackers.dvc.source import DvcSource
from assay.domain.experiments.evidence import RunStatus
from assay.errors import Unavailable
from assay.testing.connector_contract import Synced
from assay.workflows.records import Source
from tests.support.dvc_experiments import NOW_S, Repository

LIVE = {
    "dvclive/metrics.json": b'{"train": {"loss": 0.25}, "best": 0.5, "step": 2}',
    "dvclive/plots/metrics/train/loss.tsv": b"timestamp\tstep\ttrain/loss\n1789999990000\t0\t0.5\n1789999995000\t2\t0.25\n",
    "dvclive/params.yaml": b"seed: 3\nassay.ticket: EXP-1\n",
    "params.yaml": b"seed: 9\nmodel:\n  depth: 8\n",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    repository = Repository(tmp_path_factory.mktemp("made") / "repository")
    repository.save("first", LIVE)
    return repository


@pytest.fixture
def repository(made, tmp_path):
    copy = Repository.__new__(Repository)
    copy.folder, copy.baseline = tmp_path / "repository", made.baseline
    shutil.copytree(made.folder, copy.folder)
    return copy


def source_of(path, **changed):
    return Source(id=1, project_id=1, name="lab", kind="dvc", uri=str(path), **changed)


def runs_of(path):
    synced = Synced(source_of(path))
    synced.sync(DvcSource())
    return {run.name: run for run in synced.runs.values()}


def refused(path):
    synced = Synced(source_of(path))
    with pytest.raises(Unavailable) as told:
        synced.sync(DvcSource())
    assert told.value.hint
    return told.value.message, {run.name for run in synced.runs.values()}


def test_experiment_holds_what_dvclive_and_its_parameters_say(repository):
    run = runs_of(repository.folder)["first"]
    assert run.external_id == f"{repository.baseline[:7]}/first"
    assert (run.ticket, run.seed, run.status) == ("EXP-1", 3, RunStatus.FINISHED)
    assert dict(run.config) == {"model.depth": "8"}
    assert {name: (curve.points, curve.last) for name, curve in run.curves.items()} == {
        "train/loss": (2, 0.25),
        "best": (1, 0.5),
    }
    assert run.curves["best"].steps.tolist() == [2]
    assert (run.ended_at.timestamp(), (run.ended_at - run.started_at).total_seconds()) == (NOW_S, 10)
    assert run.tags["git.commit"] == repository.baseline


def test_experiments_are_the_same_packed_in_a_mirror_and_in_a_work_tree(repository, tmp_path):
    repository.save("second", {**LIVE, "params.yaml": b"model: {depth: 16}\n"})
    expected = {name: run.digest for name, run in runs_of(repository.folder).items()}
    repository.git("worktree", "add", "--quiet", str(tmp_path / "tree"))
    (tmp_path / "tree" / ".dvc").mkdir()
    repository.git("gc", "--quiet")
    repository.git("pack-refs", "--all")
    repository.git("clone", "--quiet", "--mirror", str(repository.folder), str(tmp_path / "mirror.git"))
    for place in ("repository", "repository/.git", "tree", "mirror.git"):
        assert {name: run.digest for name, run in runs_of(tmp_path / place).items()} == expected
    assert "in mirror.git: 2 runs" in DvcSource().check(source_of(tmp_path / "mirror.git"))


def test_repository_with_hashes_of_sha_256_is_read(tmp_path):
    repository = Repository(tmp_path / "repository", "--object-format=sha256")
    repository.save("first", LIVE)
    assert len(repository.baseline) == 64
    assert runs_of(repository.folder)["first"].curves["best"].last == 0.5


def test_project_in_a_folder_of_its_repository_reads_its_own_files(repository):
    project = repository.folder / "below" / "project"
    (project / ".dvc").mkdir(parents=True)
    repository.save("nested", {f"below/project/{path}": content for path, content in LIVE.items()})
    run = runs_of(project)["nested"]
    assert (run.seed, dict(run.config), run.curves["best"].last) == (3, {"model.depth": "8"}, 0.5)


def test_dvc_yaml_names_further_metrics_and_parameters_and_what_git_lacks_is_told(repository):
    plan = b"""
stages:
  eval: &stage
    wdir: out
    params: [lr, {../cfg.json: [a]}]
    metrics: [scores.json: {cache: false}, cached.json, "${model}.json"]
    plots: [curves]
  again: *stage
metrics: [f1.yaml]
params: [more.yaml]
"""
    repository.save(
        "planned",
        {
            "dvc.yaml": plan,
            "cfg.json": b'{"a": 1}',
            "more.yaml": b"b: 2\n",
            "out/scores.json": b'{"acc": 0.9, "by": {"odd": NaN}}',
            "f1.yaml": b"f1: 0.8\n",
            "out/curves/x.csv": b"a,b\n",
        },
    )
    run = runs_of(repository.folder)["planned"]
    assert {name: str(curve.last) for name, curve in run.curves.items()} == {
        "acc": "0.9",
        "by/odd": "nan",
        "f1": "0.8",
    }
    assert dict(run.config) == {"a": "1", "b": "2"}
    assert run.tags["dvc.not_read"] == "out/cached.json"


def test_what_several_folders_tell_is_called_by_its_folder(repository):
    files = {}
    for seed in (1, 2):
        files[f"live/s{seed}/plots/metrics/loss.tsv"] = f"step\tloss\n0\t{seed}\n".encode()
        files[f"live/s{seed}/metrics.json"] = json.dumps({"loss": seed, f"only{seed}": 1}).encode()
        files[f"live/s{seed}/params.yaml"] = f"seed: {seed}\ndepth: 8\n".encode()
    repository.save("several", files)
    run = runs_of(repository.folder)["several"]
    assert sorted(run.curves) == ["live/s1/loss", "live/s2/loss", "only1", "only2"]
    assert run.seed is None, "they differ"
    assert dict(run.config) == {"depth": "8", "live/s1/seed": "1", "live/s2/seed": "2"}


def test_what_is_under_way_or_stashed_is_no_experiment(repository):
    repository.git("update-ref", "refs/exps/exec/EXEC_HEAD", repository.baseline)
    repository.git("update-ref", "refs/exps/stash", repository.baseline)
    assert set(runs_of(repository.folder)) == {"first"}


def test_folder_without_git_is_read_as_files(tmp_path):
    (tmp_path / ".dvc").mkdir()
    (tmp_path / "dvclive").mkdir()
    (tmp_path / "dvclive" / "metrics.json").write_text('{"acc": 1, "step": 0}')
    assert set(runs_of(tmp_path)) == {"dvclive"}


def test_repository_without_experiments_says_how_they_come(repository):
    repository.remove("first")
    message, _ = refused(repository.folder)
    assert "no run is there" in message
    assert "dvc exp run" in message


def test_repository_with_references_in_another_form_is_unavailable_in_words(repository):
    (repository.folder / ".git" / "reftable").mkdir()
    assert "reftable" in refused(repository.folder)[0]


def test_machine_without_git_says_so(repository, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert "no git is installed" in refused(repository.folder)[0]


def test_nothing_a_repository_configures_is_run(repository, tmp_path):
    """The configuration has git fetch what is missing by a command; git itself falls for it, which the last line shows."""
    owned = tmp_path / "owned"
    blob = repository.git(
        "rev-parse", f"refs/exps/{repository.baseline[:2]}/{repository.baseline[2:]}/first:params.yaml"
    )
    repository.save("second", {"metrics.json": b'{"acc": 1}'})
    (repository.folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with (repository.folder / ".git" / "config").open("a", encoding="utf-8") as config:
        config.write(
            f"[core]\n repositoryformatversion = 1\n fsmonitor = touch {owned}\n sshCommand = touch {owned};\n"
            '[extensions]\n partialClone = origin\n[remote "origin"]\n promisor = true\n url = ssh://x/y\n'
        )
    message, read = refused(repository.folder)
    assert "missing or damaged" in message
    assert read == {"second"}
    assert not owned.exists()
    repository.git("cat-file", "-p", blob, check=False)
    assert owned.exists(), "the trap was none"


def test_damaged_objects_leave_their_experiment_out_and_no_other(repository):
    commit = repository.save("second", {"metrics.json": b'{"acc": 1}'})
    reference = (
        repository.folder / ".git" / "refs" / "exps" / repository.baseline[:2] / repository.baseline[2:]
    )
    reference.mkdir(parents=True, exist_ok=True)
    for name, told in (("gone", "0" * 40), ("text", "ref: refs/heads/main"), ("tree", f"{commit[:-1]}x")):
        (reference / name).write_text(told)
    (reference / "link").symlink_to("/etc/passwd")
    message, read = refused(repository.folder)
    assert "missing or damaged" in message
    assert "no hash of a commit" in message
    assert read == {"first", "second"}


def test_commit_of_more_files_than_there_are_atoms_is_left(repository, monkeypatch):
    tree = repository.git(
        "mktree",
        given=b"100644 blob %b\tx\n" % repository.git("hash-object", "-w", "--stdin", given=b"x").encode(),
    )
    for _ in range(12):
        entries = "".join(f"040000 tree {tree}\t{place:02}\n" for place in range(12))
        tree = repository.git("mktree", given=entries.encode())
    words = ("-c", "user.name=a", "-c", "user.email=a@b", "commit-tree", tree, "-m", "x")
    commit = repository.git(*words)
    repository.git(
        "update-ref", f"refs/exps/{repository.baseline[:2]}/{repository.baseline[2:]}/bomb", commit
    )
    monkeypatch.setattr(git_objects, "MAX_LISTED_BYTES", 2**20)
    message, read = refused(repository.folder)
    assert "a list of files of more than 1 MB" in message
    assert read == {"first"}


def test_git_that_takes_too_long_is_ended(repository, monkeypatch, tmp_path):
    slow = tmp_path / "git"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(git_objects, "GIT_S", 0.05)
    message, read = refused(repository.folder)
    assert "takes too long" in message
    assert read == set()


def test_experiment_that_is_too_large_is_named(repository, monkeypatch):
    monkeypatch.setattr(experiments, "MAX_CURVE_BYTES", 10_000)
    repository.save("large", {**LIVE, "dvclive/plots/metrics/huge.tsv": b"step\thuge\n" + b"0\t1\n" * 5000})
    message, read = refused(repository.folder)
    assert "large:dvclive/plots/metrics/huge.tsv" in message
    assert read == {"first"}


@pytest.mark.parametrize(
    ("path", "content", "told"),
    [
        ("dvc.yaml", b"stages: [", "not YAML"),
        ("dvclive/metrics.json", b"{", "not JSON"),
        ("dvclive/metrics.json", b"[1]", "nothing that names its fields"),
        ("dvclive/params.yaml", b"a: &x 1\nb: *x\n", "YAML aliases"),
        ("params.yaml", b"\xff\xfe\x00", "not YAML"),
        ("dvclive/plots/metrics/train/loss.tsv", b"step\tloss\n0\tx\n", "row 2 is '0\\tx'"),
    ],
)
def test_file_that_is_broken_is_named_with_its_experiment(repository, path, content, told):
    repository.save("broken", {**LIVE, path: content})
    message, read = refused(repository.folder)
    assert f"broken:{path}'" in message
    assert told in message
    assert read == {"first"}


def test_odd_declarations_declare_nothing(repository):
    odd = (
        b"[1, 2]",
        b"stages: 7",
        b"stages: {a: 7, b: {metrics: 3, wdir: 4, params: [{}], plots: [7, null]}}",
        b"null",
    )
    for number, plan in zip(itertools.count(), odd, strict=False):
        repository.save(f"odd{number}", {**LIVE, "dvc.yaml": plan})
    assert {len(run.curves) for run in runs_of(repository.folder).values()} == {2}
