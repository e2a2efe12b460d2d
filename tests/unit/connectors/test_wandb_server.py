"""W&B servers that fail, thin out, lie or mean harm; whose key goes where; what is read of a run."""

import itertools
import json
import math
from types import SimpleNamespace

import pytest

from assay.cli.evidence import from_here
from assay.connectors.tracked import asking
from assay.connectors.tracked.wire import Malformed
from assay.connectors.trackers.wandb import graphql, paged_history, server
from assay.connectors.trackers.wandb.address import api_key, is_of_a_server, project_of
from assay.connectors.trackers.wandb.queries import COUNT
from assay.connectors.trackers.wandb.source import WandbSource
from assay.domain.experiments.evidence import RunStatus
from assay.errors import Invalid, Unavailable
from assay.testing.connector_contract import Synced
from assay.workflows.records import Source
from tests.support.wandb_server import ENTITY, KEY, PROJECT, ServedRun, running_lab


@pytest.fixture(scope="module")
def running():
    with running_lab() as (address, lab):
        yield address, lab


@pytest.fixture
def lab(running, monkeypatch):
    address, lab = running
    lab.runs.clear()
    lab.asked.clear()
    lab.answers.clear()
    lab.left_out.clear()
    monkeypatch.setenv("WANDB_BASE_URL", address)
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    return lab


@pytest.fixture
def synced(running, lab):
    return Synced(source_of(f"{running[0]}/{ENTITY}/{PROJECT}"))


def source_of(uri, **changed):
    return Source(id=1, project_id=1, name="lab", kind="wandb", uri=uri, **changed)


def rows(count, *, every=1, **values):
    return [
        {"_step": step * every, "_timestamp": 1_767_225_600 + step, "loss": 1 / (step + 1), **values}
        for step in range(count)
    ]


def refused(synced):
    with pytest.raises(Unavailable) as told:
        synced.sync(WandbSource())
    assert synced.source.uri in told.value.message
    assert told.value.hint
    assert KEY not in told.value.message + told.value.hint
    return told.value.message


def json_answer(told, status=200):
    return status, {}, json.dumps(told).encode()


def project_answer(**project):
    return json_answer({"data": {"project": project}})


def page_answer(nodes, *, count=1, more=False, cursor="c"):
    edges = [{"node": node, "cursor": cursor} for node in nodes]
    page = {"hasNextPage": more, "endCursor": cursor}
    return project_answer(runCount=count, runs={"edges": edges, "pageInfo": page})


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((302, {"Location": "http://127.0.0.1:9/"}, b""), "a redirect, which is not followed"),
        ((500, {}, b"<html>"), "/graphql answered 500"),
        (json_answer({"errors": [{"message": f"boom {KEY}"}]}, 500), "answered 500: boom ***"),
        ((401, {}, b"<html>"), "it answered 401: the API key is not accepted"),
        ((403, {}, b"{}"), "it answered 403: the API key is not accepted"),
        ((404, {}, b"not here"), "/graphql answered 404"),
        ((429, {}, b""), "it limits how often it is asked (429)"),
        ((429, {"Retry-After": "9999"}, b""), "wants 9999 s of silence"),
        ((200, {}, b"<html>hello</html>"), "something else than JSON"),
        ((200, {}, b"[1, 2]"), "answered a list"),
        ((200, {}, b"[" * 100_000), "something else than JSON"),
        ((200, {"Content-Length": "99"}, b"{"), "cannot read W&B project"),
        ((200, {"Content-Encoding": "gzip"}, b"not gzip"), "cannot read W&B project"),
        (json_answer({"errors": [{"message": "permission\n denied"}]}), ": permission denied"),
        (json_answer({"errors": "everywhere"}), "an error without a message"),
        (json_answer({"data": {"project": None}}), "no such project is to be seen with this API key"),
        (json_answer({"data": [7]}), "no such project is to be seen"),
        (project_answer(runCount="many", runs=[]), "does not tell how many runs"),
        (project_answer(runCount=1, runs={"edges": [None, 7, {"node": 3}]}), "a run with the id"),
        (page_answer([{"name": "../../etc/passwd"}]), "a run with the id '../../etc/passwd'"),
    ],
)  # fmt: skip
def test_server_that_answers_nonsense_is_unavailable_by_name(lab, synced, answer, told):
    lab.answers += [answer, answer]
    assert told in refused(synced)
    assert synced.runs == {}


def test_server_that_gives_a_list_without_an_end_is_left(lab, synced, monkeypatch):
    lab.answers += [page_answer([], more=True), page_answer([], more=True)]
    assert "repeats a page" in refused(synced)
    monkeypatch.setattr(server, "MAX_LIST_PAGES", 3)
    lab.answers[:] = [page_answer([], more=True, cursor=f"c{number}") for number in range(3)]
    assert "more than 3 pages" in refused(synced)


def test_answer_larger_than_is_read_is_asked_for_in_smaller_parts(lab, synced, monkeypatch):
    for number in range(5):
        lab.add(ServedRun(f"r{number:02}", config={"text": "x" * 4000}, rows=rows(220), state="finished"))
    monkeypatch.setattr(graphql, "MAX_ANSWER_BYTES", 12_000)
    synced.sync(WandbSource())
    assert {run.curves["loss"].points for run in synced.runs.values()} == {220}
    assert len(synced.runs) == 5
    lab.add(ServedRun("huge", config={"text": "x" * 40_000}))
    assert "answered more than" in refused(synced)


def test_server_that_asks_for_patience_is_waited_for_and_read_to_the_end(lab, synced):
    waited = []
    lab.add(ServedRun("r"))
    lab.answers += [(429, {"Retry-After": "2"}, b""), (429, {"RateLimit-Reset": "0"}, b"")]
    with graphql.GraphqlClient(project_of(synced.source.uri), KEY, wait=waited.append) as client:
        assert client.project_told(COUNT) == {"runCount": 1}
    assert waited == [2, 1]


def test_long_history_comes_whole_from_a_server_that_thins_out(lab, synced, monkeypatch):
    monkeypatch.setattr(paged_history, "PAGE_ROWS", 50)
    monkeypatch.setattr(paged_history, "MAX_ROWS", 100)
    monkeypatch.setattr(server, "MAX_ROWS", 100)
    lab.add(ServedRun("dense", rows=rows(456), state="finished"))
    lab.add(
        ServedRun("sparse", rows=rows(123, every=9_000_000), state="finished", created="2026-01-02T00:00:00")
    )
    crowded = rows(40) + [{**row, "_step": row["_step"] + 5_000_000} for row in rows(200)]
    lab.add(ServedRun("crowded", rows=crowded, state="finished", created="2026-01-03T00:00:00"))
    synced.sync(WandbSource())
    found = {name: run.curves["loss"].points for name, run in synced.runs.items()}
    assert found == {"dense": 456, "sparse": 123, "crowded": 240}
    assert synced.runs["sparse"].curves["loss"].steps[-1] == 122 * 9_000_000
    assert len(lab.asked) < 120


def test_history_that_does_not_arrive_whole_is_no_evidence(lab, synced, monkeypatch):
    monkeypatch.setattr(server, "MAX_ROWS", 100)  # asked for, and thinned out to; expected are twice as many
    lab.add(ServedRun("whole", rows=rows(10), state="finished"))
    lab.add(ServedRun("thin", rows=rows(1500), state="finished"))
    message = refused(synced)
    assert "run 'thin': 100 of 1500 values of 'loss' arrived" in message
    assert set(synced.runs) == {"whole"}


def test_without_counts_of_metrics_the_number_of_rows_decides(lab, synced):
    run = lab.add(ServedRun("r", rows=rows(10), state="finished", historyLineCount=11))
    run.keys_told = {"lastStep": 9, "keys": None}
    assert "10 of 11 rows of its history arrived" in refused(synced)


def test_run_missing_from_a_list_that_names_another_twice_is_found_from_the_other_end(lab, synced):
    for number in range(4):
        lab.add(ServedRun(f"r{number}", created=f"2026-01-0{number + 1}T00:00:00"))
    lab.left_out = {"+created_at": {0: "r2"}}
    synced.sync(WandbSource())
    assert set(synced.runs) == {"r0", "r1", "r2", "r3"}
    assert synced.gone == set()
    assert synced.sync(WandbSource()) == []


def test_list_that_stays_short_takes_no_run_away_and_is_told(lab, synced):
    for number in range(3):
        lab.add(ServedRun(f"r{number}"))
    synced.sync(WandbSource())
    lab.left_out = {"+created_at": {0: "r2"}, "-created_at": {0: "r2"}}
    assert "its list holds 2 of 3 runs" in refused(synced)
    assert synced.gone == set()
    lab.left_out = {}
    del lab.runs["r2"]
    synced.sync(WandbSource())
    assert synced.gone == {"r2"}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("{", "no JSON object"),
        ("[1]", "no JSON object"),
        (7, "a row that is a int"),
        ('{"loss": 1}', "does not say its step"),
        ('{"_step": true}', "does not say its step"),
        ('{"_step": 1e999}', "does not say its step"),
        ('{"_step": NaN}', "does not say its step"),
        ('{"_step": -1}', "does not say its step"),
        ('{"_step": "0"}', "does not say its step"),
    ],
)
def test_row_that_is_none_leaves_its_run_out_and_no_other(lab, synced, row, told):
    nodes = [{"name": name, "state": "finished", "historyLineCount": 1} for name in ("bad", "good")]
    lab.answers += [
        page_answer(nodes, count=2),
        *(project_answer(run={"history": one}) for one in ([row], ['{"_step": 0}'])),
    ]
    assert told in refused(synced)
    assert set(synced.runs) == {"good"}


def test_rows_of_other_steps_than_were_asked_for_are_not_taken(lab, synced, monkeypatch):
    monkeypatch.setattr(paged_history, "PAGE_ROWS", 5)
    lab.add(ServedRun("r", rows=rows(9), history=[json.dumps({"_step": 4000, "loss": 1})]))
    assert "a row of step 4000 where steps 0 to 4 were asked for" in refused(synced)


def test_history_without_an_end_is_left(lab, synced, monkeypatch):
    monkeypatch.setattr(paged_history, "MAX_PAGES", 8)
    endless = ServedRun("r", historyLineCount=10**9)
    endless.keys_told = {"lastStep": 10**12}
    endless.told["history"] = lambda info, minStep, maxStep, samples: (
        [json.dumps({"_step": minStep, "loss": 1})] * (samples // 4)
    )
    lab.add(endless)
    assert "a history of more than 8 pages" in refused(synced)
    endless.told["history"] = lambda info, minStep, maxStep, samples: (
        [json.dumps({"_step": minStep})] * samples
    )
    monkeypatch.setattr(paged_history, "MAX_PAGES", 80)
    monkeypatch.setattr(paged_history, "MAX_ROWS", 4)
    monkeypatch.setattr(server, "MAX_ROWS", 4)
    assert "more rows of step 0 than can be read" in refused(synced)


def test_million_names_in_a_row_are_refused_in_words(lab, synced):
    row = '{"_step": 0, ' + ", ".join(f'"m{number}": 1' for number in range(10**6)) + "}"
    with pytest.raises(Malformed, match="more than 20000 different names"):
        paged_history.PagedHistory(None).add(0, paged_history.END, [row])
    lab.add(ServedRun("r", config={f"c{number}": 1 for number in range(10_001)}))
    assert "run 'r': more than 10000 entries of its configuration" in refused(synced)


def test_configuration_that_is_none_leaves_its_run_out(lab, synced):
    lab.add(ServedRun("r", config=None))
    lab.runs["r"].told["config"] = "[1]"
    assert "run 'r': a configuration that is no JSON object" in refused(synced)


def test_values_that_are_no_numbers_are_kept_however_they_are_written(lab, synced):
    told = [
        '{"_step": 0, "a": NaN, "b": "Infinity", "c": {"d": -Infinity, "e": 2}}',
        '{"_step": 1, "a": "NaN", "b": true, "c": null, "f": "text", "g": {"_type": "image-file", "size": 3}}',
        '{"_step": 2.0, "a": 1e400, "b": ' + "9" * 400 + "}",
    ]
    lab.add(ServedRun("r", history=told, historyLineCount=3))
    synced.sync(WandbSource())
    curves = synced.runs["r"].curves
    assert sorted(curves) == ["a", "b", "c.d", "c.e"]
    assert [str(value) for value in curves["a"].values] == ["nan", "nan", "inf"]
    assert curves["b"].values.tolist() == [math.inf]
    assert (curves["c.d"].last, curves["c.e"].last) == (-math.inf, 2)


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("pending", RunStatus.SCHEDULED),
        ("running", RunStatus.RUNNING),
        ("preempting", RunStatus.RUNNING),
        ("finished", RunStatus.FINISHED),
        ("failed", RunStatus.FAILED),
        ("crashed", RunStatus.FAILED),
        ("killed", RunStatus.STOPPED),
        ("preempted", RunStatus.STOPPED),
        ("exploded", RunStatus.FAILED),
        (None, RunStatus.FAILED),
    ],
)
def test_state_of_a_run_is_read_and_an_unknown_word_is_no_success(lab, synced, state, status):
    lab.add(ServedRun("r", state=state))
    synced.sync(WandbSource())
    assert synced.runs["r"].status is status


def test_what_a_run_says_beside_its_metrics_becomes_ticket_tags_and_gpu_hours(lab, synced):
    lab.add(
        ServedRun(
            "r",
            config={"seed": 3, "optimizer": {"lr": 0.1}, "_wandb": {"t": 1}, "assay.dataset": "test@1"},
            rows=rows(4),
            state="finished",
            tags=["wide", "assay.arm=baseline"],
            group="EXP-7 sweep",
            sweepName="s1",
            jobType="train",
            notes="try \x00 it",
            runInfo={"gpuCount": 8, "gpu": "NVIDIA L4"},
            summaryMetrics=json.dumps({"_wandb": {"runtime": 1800}}),
        )
    )
    synced.sync(WandbSource())
    run = synced.runs["r"]
    assert (run.ticket, run.seed, run.arm, run.dataset) == ("EXP-7", 3, "baseline", "test@1")
    assert dict(run.config) == {"optimizer.lr": "0.1"}
    assert (run.gpu_hours, run.gpu_hours_source) == (4.0, "metric")
    assert run.tags["assay.device_seen"] == "NVIDIA L4"
    kept = {name: text for name, text in run.tags.items() if name.startswith("wandb.")}
    assert kept == {
        "wandb.entity": ENTITY, "wandb.project": PROJECT, "wandb.group": "EXP-7 sweep", "wandb.job_type": "train",
        "wandb.sweep": "s1", "wandb.notes": "try \ufffd it", "wandb.tags": "wide",
    }  # fmt: skip


def test_heartbeat_of_a_running_run_alone_is_no_change(lab, synced):
    run = lab.add(ServedRun("r", rows=rows(2)))
    synced.sync(WandbSource())
    run.told["heartbeatAt"] = "2026-01-01T00:00:30"
    lab.asked.clear()
    assert synced.sync(WandbSource()) == []
    assert len(lab.asked) == 1, "the list, and nothing more"
    run.state = "crashed"
    synced.sync(WandbSource())
    assert synced.runs["r"].ended_at.second == 30


def test_group_that_was_chosen_is_read_alone_and_others_are_not_gone(lab, synced):
    lab.add(ServedRun("r", group="EXP-1 a"))
    lab.add(ServedRun("s", group="EXP-1 b"))
    synced.sync(WandbSource())
    chosen = Synced(source_of(synced.source.uri, experiment_filter=("EXP-1 b",)), runs=dict(synced.runs))
    batches = chosen.sync(WandbSource())
    assert [run.external_id for batch in batches for run in batch.runs] == ["s"]
    assert chosen.gone == set()


def test_server_of_another_version_is_asked_for_what_it_knows(lab, synced, monkeypatch):
    run = lab.add(ServedRun("r", rows=rows(2)))
    monkeypatch.setattr(server, "RUN", server.RUN.replace("host", "hostOfTomorrow"))
    synced.sync(WandbSource())
    assert synced.runs["r"].curves["loss"].points == 2
    assert "wandb.host" not in synced.runs["r"].tags
    monkeypatch.setattr(server, "RUN_OF_AN_OLD_SERVER", server.RUN)
    run.rows += rows(1)
    assert "Cannot query field 'hostOfTomorrow'" in refused(synced)


def test_server_that_drips_is_left_after_its_time(lab, synced, monkeypatch):
    monkeypatch.setattr(asking, "time", SimpleNamespace(monotonic=itertools.count(0, 100).__next__))
    assert "takes longer than" in refused(synced)


@pytest.mark.parametrize(
    ("uri", "base", "path"),
    [
        ("https://wandb.ai/acme/depth", "https://api.wandb.ai", "acme/depth"),
        ("https://api.wandb.ai/acme/depth/", "https://api.wandb.ai", "acme/depth"),
        ("http://wandb.ai/acme/depth", "https://api.wandb.ai", "acme/depth"),
        ("https://acme.wandb.io/team/my%20depth/sweeps/x1?nw=y#z", "https://acme.wandb.io", "team/my depth"),
        ("https://Lab.Example:8443/wandb/team/depth/runs/r1", "https://lab.example:8443/wandb", "team/depth"),
        ("https://lab.example/team/runs", "https://lab.example", "team/runs"),
    ],
)
def test_address_of_any_page_of_a_project_names_it(uri, base, path):
    project = project_of(uri)
    assert (project.base, f"{project.entity}/{project.project}") == (base, path)


@pytest.mark.parametrize(
    "uri",
    [
        "https://wandb.ai/acme",
        "https://",
        "https://h:99999/a/b",
        "http://[::1/a/b",
        "https://h/a/b%2Fc",
        "https://h/a/..%2F",
        "https://h/../b",
        f"https://{KEY}@wandb.ai/acme/depth",
        f"https://api:{KEY}@wandb.ai/acme/depth",
    ],
)
def test_address_that_names_no_project_is_refused_without_repeating_a_key(uri):
    with pytest.raises(Invalid, match="ENTITY/PROJECT") as told:
        WandbSource().check(source_of(uri))
    assert KEY not in told.value.message
    assert told.value.hint


def test_folder_is_a_folder_and_what_is_none_is_a_project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "acme" / "depth").mkdir(parents=True)
    assert [is_of_a_server(uri) for uri in ("acme/depth", "acme/wide", "./wandb", "/data/wandb", "wandb", "a/b/c")] == [
        False, True, False, False, False, False
    ]  # fmt: skip


def test_project_that_is_typed_as_its_names_is_kept_as_its_address(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WANDB_BASE_URL", raising=False)
    assert from_here("wandb", "acme/depth") == "https://wandb.ai/acme/depth"
    monkeypatch.setenv("WANDB_BASE_URL", "http://lab.example:8080/")
    assert from_here("wandb", "acme/depth") == "http://lab.example:8080/acme/depth"
    assert from_here("wandb", "./acme/depth") == str(tmp_path / "acme" / "depth")
    (tmp_path / "acme" / "depth").mkdir(parents=True)
    assert from_here("wandb", "acme/depth") == str(tmp_path / "acme" / "depth")


def test_key_goes_to_its_own_host_alone(tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text(
        f"machine lab.example:8080 login user password {'n' * 40}\ndefault login me password {'d' * 40}\n"
    )
    environment = {"WANDB_API_KEY": KEY, "NETRC": str(netrc)}
    ours, lab, other = (
        project_of(uri) for uri in ("a/b", "http://lab.example:8080/a/b", "https://evil.example/a/b")
    )
    assert [api_key(one, environment) for one in (ours, lab, other)] == [KEY, "n" * 40, None]
    environment["WANDB_BASE_URL"] = "https://evil.example/"
    assert [api_key(one, environment) for one in (ours, lab, other)] == [None, "n" * 40, KEY]
    assert api_key(project_of("http://evil.example/a/b"), environment) is None, "not in the clear"
    netrc.write_text("machine")
    assert api_key(lab, environment) is None


def test_metadata_service_is_never_asked(lab):
    with pytest.raises(Invalid, match="link-local"):
        WandbSource().check(source_of("http://169.254.169.254/latest/meta-data"))


def test_server_without_a_key_says_how_to_give_one(lab, synced, monkeypatch):
    monkeypatch.delenv("WANDB_API_KEY")
    with pytest.raises(Unavailable, match="it answered 401: no API key was found for it") as told:
        WandbSource().check(synced.source)
    assert f"wandb login --host {synced.source.uri.removesuffix('/acme/depth')}" in told.value.hint
