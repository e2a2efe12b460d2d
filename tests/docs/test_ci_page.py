"""The GitHub workflow and the GitLab job of docs/ci.md, run step by step in a real repository, with the action and script that are shipped."""

import json
import os
import re
import stat
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs
from xml.etree import ElementTree as ET

import pytest
import yaml

from tests.docs.pages import ROOT, blocks, code, page, tables
from tests.support.warm_start import warm_programs

PAGE = page("ci.md")
WORKFLOW, GITLAB = (yaml.safe_load(block.text) for block in blocks(PAGE) if block.language == "yaml")
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
EXPRESSION = re.compile(r"\$\{\{ *([^}]+?) *\}\}")
GATE = """gate: answers
version: {version}
metrics: {{accuracy: {{direction: higher}}}}
criteria: ["accuracy >= {least}%", "accuracy no worse than baseline by 5%"]
settings: {{looks: [5]}}
"""
EVALUATE = """
import csv, pathlib, random, sys

seed, out = int(sys.argv[1]), pathlib.Path(sys.argv[2])
rng = random.Random(seed)
with open(out / "scores.csv", "w", newline="") as file:
    rows = csv.writer(file)
    rows.writerow(["sample_id", "accuracy"])
    rows.writerows([f"q{i:03d}", int(rng.random() < RATE)] for i in range(400))
"""


def evaluate(rate):
    return EVALUATE.replace("RATE", str(rate))


@pytest.fixture(scope="module")
def programs():
    """Where `assay` starts warm."""
    judging = ["assay.cli.gate", "assay.cli.gate_judging", "assay.cli.gate_report", "assay.cli.gate_run"]
    with warm_programs(["numpy", "pydantic", "scipy.special", "typer", "yaml", *judging]) as folder:
        yield folder


@pytest.fixture
def repository(tmp_path, programs):
    """A repository with a target branch, and a pull request checked out beside it, as a runner has it."""
    work = tmp_path / "work" / "project"
    work.mkdir(parents=True)
    files = {"evaluate.py": evaluate(0.9), "gate.yaml": GATE.format(version=1, least=80)}
    for name, text in files.items():
        (work / name).write_text(text, encoding="utf-8")
    environment = {
        "PATH": os.pathsep.join(map(str, (tmp_path / "bin", programs, Path(sys.executable).parent, os.defpath))),
        "HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org",
    }  # fmt: skip
    for command in (
        "git init -q -b main .", "git add .", "git commit -q -m Start", "git update-ref refs/remotes/origin/main main", "git checkout -q -b change",
    ):  # fmt: skip
        subprocess.run(command.split(), cwd=work, env=environment, check=True, capture_output=True)
    (tmp_path / "bin").mkdir()
    gh = tmp_path / "bin" / "gh"
    gh.write_text('#!/bin/sh\nprintf "%s\\n" "$@" > "$HOME/gh-arguments"\n', encoding="utf-8")
    gh.chmod(gh.stat().st_mode | stat.S_IXUSR)
    return work, environment


def bash(script, folder, environment):
    """As GitHub runs `shell: bash`: what fails ends the step."""
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


class Runner:
    """Runs the steps of a workflow that are ours, as GitHub does: expressions are put in before, outputs are read from a file."""

    def __init__(self, work, environment):
        temp = work.parent.parent / "temp"
        temp.mkdir()
        self.work, self.summary = work, temp / "summary.md"
        self.context = {
            "github.base_ref": "main", "github.sha": "0" * 40, "github.token": "t", "github.event.number": "7", "runner.temp": str(temp),
        }  # fmt: skip
        self.environment = {
            **environment, "GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(work), "RUNNER_TEMP": str(temp),
            "GITHUB_STEP_SUMMARY": str(self.summary),
        }  # fmt: skip
        self.said = ""

    def filled(self, text, context):
        return EXPRESSION.sub(lambda found: context[found[1]], str(text))

    def step(self, step, context, prefix="steps"):
        output = self.work.parent.parent / "temp" / "output"
        output.write_text("", encoding="utf-8")
        told = {name: self.filled(value, context) for name, value in step.get("env", {}).items()}
        environment = {**self.environment, "GITHUB_OUTPUT": str(output), **told}
        done = bash(self.filled(step["run"], context), self.work, environment)
        self.said += done.stdout + done.stderr
        for line in output.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition("=")
            context[f"{prefix}.{step.get('id')}.outputs.{name}"] = value
        return done.returncode

    def action(self, step):
        given = {name: self.filled(value, self.context) for name, value in step["with"].items()}
        assert set(given) <= set(ACTION["inputs"])
        inputs = {name: given.get(name, told.get("default", "")) for name, told in ACTION["inputs"].items()}
        context = {f"inputs.{name}": value for name, value in inputs.items()} | {
            "github.action_path": str(ROOT)
        }
        codes = [self.step(one, context) for one in ACTION["runs"]["steps"]]
        outputs = {name: self.filled(told["value"], context) for name, told in ACTION["outputs"].items()}
        return codes[-1], outputs

    def run(self):
        """The exit code of the gate, and what the action says it found."""
        found = None
        for step in WORKFLOW["jobs"]["gate"]["steps"]:
            if "uses" in step:
                if step["uses"].startswith("OWNER/assay@"):
                    found = self.action(step)
            elif "pip install" not in step["run"]:
                code_ = self.step(step, self.context)
                assert code_ == 0, self.said
        return found


def change(work, **files):
    for name, text in files.items():
        (work / name.replace("_", ".")).write_text(text, encoding="utf-8")


@pytest.mark.slow
def test_good_pull_request_passes_with_summary_and_comment(repository):
    work, environment = repository
    change(work, evaluate_py=evaluate(0.91))
    runner = Runner(work, environment)
    assert runner.run() == (0, {"result": "pass", "exit-code": "0"}), runner.said
    assert runner.summary.read_text(encoding="utf-8").startswith("### Gate answers v1: Pass")
    assert (
        (work / "assay-gate" / "comment.md")
        .read_text(encoding="utf-8")
        .startswith("### Gate answers v1: Pass")
    )
    record = json.loads((work / "assay-gate" / "record.json").read_bytes())
    assert (record["result"], record["candidate"]["seeds"], record["baseline"]["seeds"]) == (
        "pass",
        [1, 2, 3, 4, 5],
        [1, 2, 3, 4, 5],
    )
    assert ET.parse(work / "assay-gate" / "junit.xml").find("testsuite").get("tests") == "2"
    assert "assay-gate/comment.md" in (Path(environment["HOME"]) / "gh-arguments").read_text(encoding="utf-8")


@pytest.mark.slow
def test_worse_pull_request_fails_with_an_annotation(repository):
    work, environment = repository
    change(work, evaluate_py=evaluate(0.7))
    runner = Runner(work, environment)
    assert runner.run() == (1, {"result": "fail", "exit-code": "1"}), runner.said
    assert "::error file=gate.yaml,title=" in runner.said
    assert "❌ not met" in runner.summary.read_text(encoding="utf-8")


@pytest.mark.slow
def test_pull_request_that_lowers_the_bar_is_told_and_fails_though_it_passes(repository):
    work, environment = repository
    change(work, gate_yaml=GATE.format(version=2, least=60), evaluate_py=evaluate(0.91))
    runner = Runner(work, environment)
    assert runner.run() == (1, {"result": "pass", "exit-code": "1"}), runner.said
    for text in (
        runner.summary.read_text(encoding="utf-8"),
        (work / "assay-gate" / "comment.md").read_text(encoding="utf-8"),
    ):
        assert "**This change makes the gate itself easier to pass:**" in text
        assert "accuracy >= 80% is now accuracy >= 60%" in text
    assert "::warning title=The gate became easier to pass" in runner.said


@pytest.mark.slow
@pytest.mark.parametrize(("least", "exit_code"), [(80, 0), (60, 1)])
def test_pull_request_that_changes_nothing_that_is_evaluated_has_nothing_to_be_judged(
    repository, least, exit_code
):
    work, environment = repository
    change(work, gate_yaml=GATE.format(version=1 if least == 80 else 2, least=least), README_md="More words.")
    runner = Runner(work, environment)
    assert runner.run() == (exit_code, {"result": "unchanged", "exit-code": str(exit_code)}), runner.said
    comment = (work / "assay-gate" / "comment.md").read_text(encoding="utf-8")
    assert "Nothing that is evaluated has changed" in comment
    assert ("easier" in comment) == bool(exit_code)


class Notes(BaseHTTPRequestHandler):
    """Takes the note that GitLab's API would take."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append(
            (self.path, self.headers["PRIVATE-TOKEN"], parse_qs(body.decode())["body"][0])
        )
        self.send_response(201)
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def notes():
    server = HTTPServer(("127.0.0.1", 0), Notes)
    server.taken = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def gitlab(work, environment, notes):
    job = GITLAB["gate"]
    told = {
        **environment, "CI_PROJECT_DIR": str(work), "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", "CI_PROJECT_ID": "3", "CI_MERGE_REQUEST_IID": "7",
        "CI_API_V4_URL": f"http://127.0.0.1:{notes.server_port}/api/v4", "ASSAY_NOTE_TOKEN": "token",
    }  # fmt: skip
    for name, value in job["variables"].items():
        told[name] = re.sub(r"\$(\w+)", lambda found: told[found[1]], value)
    (work / "ci").mkdir(exist_ok=True)
    (work / "ci" / "gate.sh").write_bytes((ROOT / "ci" / "gate.sh").read_bytes())
    done = bash("\n".join(job["script"]), work, told)
    after = bash("\n".join(job["after_script"]), work, told)
    assert after.returncode == 0, after.stderr
    return done


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "exit_code", "says"), [(0.91, 0, "Pass"), (0.7, 1, "Fail")])
def test_gitlab_job_judges_reports_and_writes_a_note(repository, notes, rate, exit_code, says):
    work, environment = repository
    change(work, evaluate_py=evaluate(rate))
    done = gitlab(work, environment, notes)
    assert done.returncode == exit_code, done.stdout + done.stderr
    (note,) = notes.taken
    assert note[:2] == ("/api/v4/projects/3/merge_requests/7/notes", "token")
    assert note[2].startswith(f"### Gate answers v1: {says}")
    assert (work / GITLAB["gate"]["artifacts"]["reports"]["junit"]).is_file()


# --------------------------------------------------------------------------------------------------------- the script alone


@pytest.fixture
def judged(repository):
    """Call the script on results that are there; returns how it ended."""
    work, environment = repository
    (work / "results.csv").write_text(
        "sample_id,accuracy\n" + "".join(f"q{i},{int(i % 10 > 0)}\n" for i in range(400)), encoding="utf-8"
    )
    (work / "gate.yaml").write_text('criteria: ["accuracy >= 80%"]', encoding="utf-8")

    def call(**told):
        given = {"ASSAY_GATE": "gate.yaml", "ASSAY_CANDIDATE": "results.csv", **told}
        return bash(f"bash {ROOT / 'ci' / 'gate.sh'}", work, {**environment, **given})

    call.work = work
    return call


@pytest.mark.parametrize(
    ("criterion", "exit_code"),
    [
        ("accuracy >= 80%", 0),
        ("accuracy >= 99%", 1),
        ("accuracy >= 90%", 3),
        ("latency >= 9 ms", 3),
        ("accuracy >= 85", 2),
    ],
)
def test_exit_code_is_that_of_the_gate(judged, criterion, exit_code):
    (judged.work / "gate.yaml").write_text(f'criteria: ["{criterion}"]', encoding="utf-8")
    assert judged().returncode == exit_code
    assert (judged.work / "assay-gate" / "comment.md").stat().st_size > 0


def test_what_is_missing_is_said(judged):
    assert "ASSAY_CANDIDATE" in judged(ASSAY_CANDIDATE="").stderr
    assert "ASSAY_GATE" in judged(ASSAY_GATE="").stderr
    assert "expected fail or tell" in judged(ASSAY_EASIER="perhaps").stderr
    done = judged(ASSAY_CANDIDATE="nowhere.csv")
    assert (done.returncode, "nowhere.csv" in done.stderr) == (2, True)
    assert "cannot be judged" in (judged.work / "assay-gate" / "comment.md").read_text(encoding="utf-8")


def test_same_file_on_both_sides_is_broken_evidence_and_a_missing_gate_no_pass(judged):
    assert judged(ASSAY_BASELINE="results.csv", ASSAY_GATE="nowhere.yaml").returncode == 2
    (judged.work / "gate.yaml").write_text(GATE.format(version=1, least=80), encoding="utf-8")
    assert judged(ASSAY_BASELINE="results.csv").returncode == 2


def test_old_answer_is_never_taken_for_the_new_one(judged):
    judged()
    judged(ASSAY_CANDIDATE="nowhere.csv")
    assert sorted(path.name for path in (judged.work / "assay-gate").iterdir()) == ["comment.md"]


def test_easier_gate_may_be_told_only_and_a_stricter_one_says_nothing(judged):
    (judged.work / "base.yaml").write_text('gate: gate\ncriteria: ["accuracy >= 84%"]', encoding="utf-8")
    assert judged(ASSAY_BASE_GATE="base.yaml").returncode == 1
    assert judged(ASSAY_BASE_GATE="base.yaml", ASSAY_EASIER="tell").returncode == 0
    (judged.work / "base.yaml").write_text('gate: gate\ncriteria: ["accuracy >= 70%"]', encoding="utf-8")
    done = judged(ASSAY_BASE_GATE="base.yaml")
    assert done.returncode == 0
    assert "easier" not in (judged.work / "assay-gate" / "comment.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name", ["a b.csv", "$(touch owned).csv", "; touch owned;.csv", "`touch owned`.csv", "-x.csv", "--json"]
)
def test_names_of_a_pull_request_become_no_command(judged, name):
    (judged.work / name).write_bytes((judged.work / "results.csv").read_bytes())
    done = judged(ASSAY_CANDIDATE=f"./{name}")
    assert done.returncode == 0, done.stderr
    assert not (judged.work / "owned").exists()


def test_action_gives_expressions_to_the_environment_only():
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"


def test_page_names_every_input_and_the_script_every_variable():
    assert [code(row[0]) for row in tables(PAGE, "input of the action", "meaning")] == list(ACTION["inputs"])
    script = (ROOT / "ci" / "gate.sh").read_text(encoding="utf-8")
    said = set(re.findall(r"^#   (ASSAY_\w+)", script, re.MULTILINE))
    used = set(re.findall(r"\$\{?(ASSAY_\w+)", script))
    passed = set(ACTION["runs"]["steps"][-1]["env"]) - {"ASSAY_ACTION"}
    assert said == used == passed


def test_script_passes_the_syntax_check_and_is_executable():
    script = ROOT / "ci" / "gate.sh"
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
    assert script.stat().st_mode & stat.S_IXUSR


def test_names_inside_of_results_become_no_workflow_command(judged):
    name = "::error title=owned::by a sample"
    (judged.work / "results.csv").write_text(f"sample_id,accuracy\n{name},0\nq2,1\nq3,1\n", encoding="utf-8")
    (judged.work / "gate.yaml").write_text(
        f'criteria: ["accuracy >= 1%"]\nchecks: [{{golden: {{examples: ["{name}"]}}}}]', encoding="utf-8"
    )
    done = judged(GITHUB_ACTIONS="true")
    assert name in done.stdout
    commands = [line for line in done.stdout.splitlines() if line.lstrip().startswith("::")]
    assert all(line.startswith("::error file=gate.yaml,title=") for line in commands)
