import os
from importlib.metadata import EntryPoint

import pytest

from assay.connectors.evals import files, registry
from assay.connectors.evals.read import read_evaluation
from assay.domain.experiments.evidence import Evaluation
from assay.errors import Invalid

PLAIN = b"sample_id,correct\na,1\n"
INSPECT = b'{"version": 2, "status": "success", "eval": {"task": "t"}, "samples": [{"id": 1, "epoch": 1, "scores": {"m": {"value": "C"}}}]}'
LM_EVAL = b'{"results": {"wsc": {"acc": 0.5, "acc_stderr": 0.1}}, "versions": {}, "config": {}}'
JUNIT = b'<testsuite name="s" tests="1"><testcase name="a"/></testsuite>'


def refused(where, **given) -> Invalid:
    with pytest.raises(Invalid) as caught:
        read_evaluation(where, **given)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("content", "reader"),
    [(PLAIN, "plain"), (INSPECT, "inspect"), (LM_EVAL, "lm-eval"), (JUNIT, "junit")],
)
def test_content_decides_whatever_a_file_is_called(tmp_path, content, reader):
    for name in ("a.csv", "b.json", "c"):
        (tmp_path / name).write_bytes(content)
        assert read_evaluation(tmp_path / name).reader == reader
        assert read_evaluation(str(tmp_path / name)).reader == reader


def test_results_of_two_tools_in_a_folder_are_ambiguous_until_one_is_chosen(tmp_path):
    (tmp_path / "a.csv").write_bytes(PLAIN)
    (tmp_path / "b.json").write_bytes(INSPECT)
    error = refused(tmp_path)
    assert "results of more than one tool (plain: a.csv; inspect: b.json)" in error.message
    assert error.hint.endswith("or choose: --reader plain")
    found = read_evaluation(tmp_path, reader="inspect")
    assert (found.reader, found.notes) == ("inspect", ("not read: a.csv",))


def test_files_beside_the_results_are_told_and_left_alone(tmp_path):
    (tmp_path / "seed_1.csv").write_bytes(PLAIN)
    (tmp_path / "README.md").write_text("# seeds")
    (tmp_path / "args.json").write_text('{"lr": 1}')
    (tmp_path / ".hidden.csv").write_text("")
    assert read_evaluation(tmp_path).notes == ("not read: README.md, args.json",)


@pytest.mark.parametrize(
    "name", ["seed_2.csv", "seed_2.jsonl", "seed_2.parquet", "seed_2.xml", "seed_2.eval"]
)
@pytest.mark.parametrize("content", [b"", b"\n", b"Traceback (most recent call last):\n"])
def test_a_broken_file_of_results_is_never_a_smaller_set(tmp_path, name, content):
    (tmp_path / "seed_1.csv").write_bytes(PLAIN)
    (tmp_path / name).write_bytes(content)
    assert name in refused(tmp_path).message


def test_unknown_file_shows_how_it_begins_and_what_could_be_read(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("\x1b[31mred\nmore")
    error = refused(path)
    assert "it begins with '\\x1b[31mred'" in error.message
    assert "inspect, junit, lm-eval, plain, promptfoo, mlflow" in error.message


def test_unknown_reader_is_refused_by_name(tmp_path):
    (tmp_path / "a.csv").write_bytes(PLAIN)
    assert "cannot use reader 'excel': not installed" in refused(tmp_path / "a.csv", reader="excel").message
    assert (
        "it reads addresses, not files (expected mlflow:...)"
        in refused(tmp_path / "a.csv", reader="mlflow").message
    )
    assert "no file that junit knows" in refused(tmp_path, reader="junit").message


def test_file_that_is_not_there_is_refused(tmp_path):
    assert "no such file or directory" in refused(tmp_path / "nowhere").message
    assert "an empty folder" in refused(tmp_path).message
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert "it leads nowhere" in refused(loop).message or "too many levels" in refused(loop).message


def test_link_out_of_the_folder_is_refused_and_one_inside_is_not_read_twice(tmp_path):
    (tmp_path / "secret.csv").write_bytes(PLAIN)
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / "a.csv").write_bytes(PLAIN)
    (folder / "same.csv").symlink_to(folder / "a.csv")
    assert len(read_evaluation(folder).runs) == 1
    (folder / "b.csv").symlink_to(tmp_path / "secret.csv")
    assert "cannot read evaluation 'b.csv': a link that leads out of the folder" in refused(folder).message


def test_pipes_and_devices_are_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    assert "a pipe, socket or device" in refused(tmp_path / "pipe.csv").message
    assert "a pipe, socket or device" in refused(tmp_path).message
    assert "a pipe, socket or device" in refused("/dev/zero").message


def test_too_many_and_too_deep_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_FILES", 2)
    for name in "abc":
        (tmp_path / f"{name}.csv").write_bytes(PLAIN)
    assert "more than 2 files" in refused(tmp_path).message
    deep = tmp_path / "deep" / "/".join("d" * 12)
    deep.mkdir(parents=True)
    assert "folders 11 deep" in refused(tmp_path / "deep").message


def test_larger_file_than_allowed_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_FILE_BYTES", 5)
    (tmp_path / "a.csv").write_bytes(PLAIN)
    assert "more than 1 GB" in refused(tmp_path / "a.csv").message


def test_file_that_may_not_be_read_is_refused(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_bytes(PLAIN)
    monkeypatch.setattr(
        os, "open", lambda *a, **k: (_ for _ in ()).throw(PermissionError(13, "Permission denied"))
    )
    assert "permission denied" in refused(tmp_path / "a.csv").message


def test_name_of_a_file_cannot_write_to_the_terminal(tmp_path):
    path = tmp_path / "a\x1b]8;;x\x07\n.csv"
    path.write_bytes(b"sample_id,correct\na,1\na,1\n")
    message = refused(path).message
    assert message.isprintable()


class Greedy:
    name = "greedy"

    def recognises(self, head):
        return True

    def read(self, files, options):
        return Evaluation(runs=())


class Broken:
    def __init__(self):
        raise OSError("no licence")


@pytest.fixture
def installed(monkeypatch):
    def install(**classes):
        known = dict(registry._installed(registry.FILES))
        points = {name: EntryPoint(name, f"{__name__}:{name}", registry.FILES) for name in classes}
        monkeypatch.setattr(
            registry, "_installed", lambda group: {**known, **points} if group == registry.FILES else {}
        )
        monkeypatch.setattr(
            EntryPoint, "load", lambda point, _load=EntryPoint.load: classes.get(point.name) or _load(point)
        )

    return install


def test_two_readers_of_one_form_are_ambiguous(tmp_path, installed):
    installed(greedy=Greedy)
    (tmp_path / "a.csv").write_bytes(PLAIN)
    error = refused(tmp_path)
    assert "a form that plain and greedy can read" in error.message
    assert error.hint == "choose: --reader plain"
    assert "no run at all" in refused(tmp_path, reader="greedy").message
    assert read_evaluation(tmp_path, reader="plain").reader == "plain"


def test_a_package_that_fails_stops_nothing_but_its_own_reader(tmp_path, installed):
    installed(broken=Broken)
    (tmp_path / "a.csv").write_bytes(PLAIN)
    assert read_evaluation(tmp_path).reader == "plain"
    why = "cannot use reader 'broken': its package fails (OSError: no licence)"
    assert why in refused(tmp_path, reader="broken").message
    (tmp_path / "b.txt").write_text("?")
    assert why in refused(tmp_path / "b.txt").message


def test_what_is_no_reader_is_refused(tmp_path, installed):
    installed(odd=dict)
    (tmp_path / "a.csv").write_bytes(PLAIN)
    assert "what its package registers is no reader of files" in refused(tmp_path, reader="odd").message
