"""A tracking server that answers only some of what it is asked for: what can be read is read, and the rest is told."""

import http.server
import json
import threading
from base64 import b64encode
from urllib.parse import parse_qs, urlsplit

import pytest

from assay.connectors.trackers.mlflow import MlflowSource, rest_client, rest_source
from assay.domain.experiments.evidence import UNREAD_SCORES_TAG
from assay.errors import Unavailable
from assay.testing.connector_contract import Synced
from assay.workflows.records import Source

SCORES = b"sample_id,metric,value\na,accuracy,1\nb,accuracy,0\n"


class Lab:
    """What the server has, and what it was asked for."""

    def __init__(self):
        self.runs = {}
        self.away = set()
        """Artifact stores that it does not reach."""
        self.broken = set()
        """Runs whose history it does not find."""
        self.asked = []
        self.endless = ""
        self.status = 500
        self.login = None
        """The header without which nothing is told."""

    def add(self, number, *, store="s3://bucket"):
        run = f"{number:032x}"
        self.runs[run] = f"{store}/1/{run}/artifacts"
        return run

    def answer(self, path, asked):
        run = asked.get("run_id") or asked.get("run_uuid")
        self.asked.append((path.rpartition("/")[2], run))
        if path.endswith("experiments/search"):
            more = {"next_page_token": str(len(self.asked))} if self.endless == "experiments" else {}
            return {"experiments": [{"experiment_id": "1", "name": "EXP-1 x"}] * 40, **more}
        if path.endswith("runs/search"):
            return {"runs": [self._run(one) for one in self.runs]}
        if path.endswith("get-history"):
            if run in self.broken:
                return None
            more = {"next_page_token": str(len(self.asked))} if self.endless == run else {}
            return {
                "metrics": [{"key": "accuracy", "value": 0.9, "step": len(self.asked), "timestamp": 5}],
                **more,
            }
        if self.runs[run].partition("/1/")[0] in self.away:
            return None
        if path.endswith("artifacts/list"):
            return {"files": [{"path": "assay/scores.csv", "is_dir": False, "file_size": len(SCORES)}]}
        return SCORES

    def _run(self, run):
        info = {
            "run_id": run, "experiment_id": "1", "status": "FINISHED", "start_time": 1, "end_time": 2,
            "lifecycle_stage": "active", "artifact_uri": self.runs[run],
        }  # fmt: skip
        return {
            "info": info,
            "data": {"metrics": [{"key": "accuracy", "value": 0.9, "step": 0, "timestamp": 5}]},
        }


@pytest.fixture
def lab():
    lab = Lab()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = json.loads(body) if body else {k: v[0] for k, v in parse_qs(parts.query).items()}
            if lab.login not in (None, self.headers.get("Authorization")):
                self.send_response(401)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            said = b"3.1.0" if parts.path == "/version" else lab.answer(parts.path, asked)
            content = said if isinstance(said, bytes) else json.dumps(said or {"message": "no"}).encode()
            self.send_response(200 if said is not None else lab.status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815 - the name http.server calls

        def log_message(self, *arguments):
            """Say nothing."""

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, args=(0.05,))
    thread.start()
    lab.address = f"http://127.0.0.1:{running.server_port}"
    yield lab
    running.shutdown()
    running.server_close()
    thread.join()


@pytest.fixture
def synced(lab):
    return Synced(Source(id=1, project_id=1, name="mlflow", kind="mlflow", uri=lab.address))


@pytest.fixture(autouse=True)
def no_login(monkeypatch, tmp_path):
    for what in ("URI", "USERNAME", "PASSWORD", "TOKEN"):
        monkeypatch.delenv(f"MLFLOW_TRACKING_{what}", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def listed(lab):
    return [run for path, run in lab.asked if path == "list"]


def test_runs_of_a_server_that_does_not_reach_its_artifacts_are_read_and_say_so(lab, synced):
    for number in range(6):
        lab.add(number)
    lab.away = {"s3://bucket"}
    synced.sync(MlflowSource())
    assert len(synced.runs) == 6
    assert all(run.curves["accuracy"].last == 0.9 for run in synced.runs.values())
    assert {run.tags[UNREAD_SCORES_TAG] for run in synced.runs.values()} == {
        "its artifacts could not be looked at: asked for them, the server answered 500",
        "its artifacts could not be looked at: the server did not answer for others in the same store",
    }
    assert len(listed(lab)) == rest_source._ARTIFACT_TRIES, "a broken store is not asked for every run"


def test_scores_are_read_once_the_server_reaches_its_artifacts_again(lab, synced):
    for number in range(6):
        lab.add(number)
    lab.away = {"s3://bucket"}
    synced.sync(MlflowSource())
    lab.asked.clear()
    assert synced.sync(MlflowSource()) == []
    assert [path for path, _ in lab.asked if path == "get-history"] == [], "nothing is read twice"
    lab.away = set()
    synced.sync(MlflowSource())
    assert all(run.scores_digest for run in synced.runs.values())
    assert not any(UNREAD_SCORES_TAG in run.tags for run in synced.runs.values())
    lab.asked.clear()
    assert synced.sync(MlflowSource()) == []
    assert listed(lab) == []


def test_store_that_is_away_takes_no_scores_from_another(lab, synced):
    for number in range(4):
        lab.add(number)
    well = lab.add(9, store="mlflow-artifacts:")
    lab.away = {"s3://bucket"}
    synced.sync(MlflowSource())
    assert [run for run, told in synced.runs.items() if told.scores_digest] == [well]


def test_run_that_the_server_cannot_tell_is_left_out_and_no_other(lab, synced):
    runs = [lab.add(number) for number in range(3)]
    lab.broken = {runs[1]}
    with pytest.raises(Unavailable) as told:
        synced.sync(MlflowSource())
    assert f"run '{runs[1]}': asked for its metrics, the server answered 500" in told.value.message
    assert "every other run was read" in told.value.hint
    assert sorted(synced.runs) == [runs[0], runs[2]]
    lab.broken = set()
    synced.sync(MlflowSource())
    assert sorted(synced.runs) == runs


def test_server_that_asks_for_patience_is_left_alone(lab, synced):
    runs = [lab.add(number) for number in range(9)]
    lab.broken, lab.status = set(runs), 429
    with pytest.raises(Unavailable, match="answered 429"):
        synced.sync(MlflowSource())
    assert len([path for path, _ in lab.asked if path == "get-history"]) == 1


def test_curve_without_an_end_leaves_its_run_out_and_takes_no_memory(lab, synced, monkeypatch):
    runs = [lab.add(number) for number in range(2)]
    lab.endless = runs[0]
    monkeypatch.setattr(rest_client, "MAX_CURVE_POINTS", 50)
    with pytest.raises(Unavailable, match="more than 50 points of the metric 'accuracy'"):
        synced.sync(MlflowSource())
    assert list(synced.runs) == [runs[1]]


def test_list_of_experiments_without_an_end_is_left(lab, synced, monkeypatch):
    lab.endless = "experiments"
    monkeypatch.setattr(rest_client, "MAX_EXPERIMENTS", 100)
    with pytest.raises(Unavailable, match="more than 100 experiments"):
        synced.sync(MlflowSource())


@pytest.mark.parametrize("place", ["variables", "token", "netrc"])
def test_server_that_asks_for_a_login_gets_its_own(lab, synced, monkeypatch, tmp_path, place):
    lab.add(1)
    lab.login = "Bearer t0ken" if place == "token" else f"Basic {b64encode(b'ada:secret').decode()}"
    if place == "netrc":
        host = lab.address.removeprefix("http://")
        (tmp_path / "netrc").write_text(f"machine {host} login ada password secret\n")
    else:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"{lab.address}/")
        said = {"TOKEN": "t0ken"} if place == "token" else {"USERNAME": "ada", "PASSWORD": "secret"}
        for name, value in said.items():
            monkeypatch.setenv(f"MLFLOW_TRACKING_{name}", value)
    synced.sync(MlflowSource())
    assert len(synced.runs) == 1


def test_login_of_another_server_is_not_sent_and_the_way_to_give_one_is_told(lab, synced, monkeypatch):
    lab.login = "Bearer t0ken"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://lab.example")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "t0ken")
    with pytest.raises(Unavailable, match="it answered 401") as told:
        synced.sync(MlflowSource())
    assert f"MLFLOW_TRACKING_URI={lab.address}" in told.value.hint
    assert "t0ken" not in told.value.message + told.value.hint
