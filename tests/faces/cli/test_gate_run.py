"""`assay gate run`: real commands, once per seed, kept, resumed, judged."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from assay.cli.gate_seeds import ProgressLines
from assay.workflows.seed_runs import Progress, SeedTold
from tests.faces.cli.conftest import CLEAN

PYTHON = sys.executable
EVALUATE = """
import csv, os, pathlib, random, sys, time

seed, out = int(sys.argv[1]), pathlib.Path(sys.argv[2])
with open("tries.txt", "a") as tries:
    tries.write(f"{seed}\\n")
RATE, WAIT = 0.95, None
if WAIT:
    pathlib.Path(f"waiting-{seed}").write_text(str(os.getpid()))
    while pathlib.Path(f"waiting-{seed}").exists():
        time.sleep(0.01)
print("evaluated", seed, os.environ.get("MODEL"))
rng = random.Random(seed)
with open(out / "scores.csv", "w", newline="") as file:
    rows = csv.writer(file)
    rows.writerow(["sample_id", "accuracy"])
    rows.writerows([f"q{i:03d}", int(rng.random() < RATE)] for i in range(300))
"""
SKLEARN = Path(__file__).with_name("evaluations") / "digits_evaluation.py"


@pytest.fixture
def work(assay):
    """A folder with a gate and an evaluation; `tries()` says which seeds were really run."""
    write(assay.folder, EVALUATE)
    gate(assay.folder, 'criteria: ["accuracy >= 80%"]\nsettings: {looks: [2, 3, 5]}')
    assay.tries = lambda: sorted(map(int, (assay.folder / "tries.txt").read_text().split()))
    return assay


def write(folder, text, name="evaluate.py"):
    (folder / name).write_text(text, encoding="utf-8")


def gate(folder, text):
    (folder / "gate.yaml").write_text(text, encoding="utf-8")


def run(work, *options, script="evaluate.py", command=None):
    command = command or [PYTHON, script, "{seed}", "{out}"]
    return work("gate", "run", "gate.yaml", "--ignore", PYTHON, *options, "--", *command)


# ---------------------------------------------------------------------------------------------------------------- judging


@pytest.mark.slow
def test_scikit_learn_evaluation_is_run_and_judged_like_files_that_lie_there(assay):
    shutil.copy(SKLEARN, assay.folder / "evaluate.py")
    gate(assay.folder, 'criteria: ["accuracy >= 80%"]\nsettings: {looks: [2]}')
    ran = run(assay, "--jobs", "2", "--json")
    assert ran.code == 0, ran.err
    record = json.loads(ran.out)
    assert (record["result"], record["candidate"]["seeds"], record["candidate"]["examples"]) == (
        "pass",
        [1, 2],
        360,
    )
    (results,) = (assay.folder / "gate-runs").glob("*/results")
    checked = assay("gate", "check", "gate.yaml", "--candidate", str(results), "--json")
    assert checked.out == ran.out


def test_number_of_seeds_is_that_of_the_first_look(work):
    ran = run(work)
    assert (ran.code, work.tries()) == (3, [1, 2])
    assert "seed 1: finished after" in ran.err
    assert "next look" in ran.out or "Cheapest way out" in ran.out


@pytest.mark.parametrize(
    ("criterion", "code"),
    [("accuracy >= 80%", 0), ("accuracy >= 99%", 1), ("accuracy >= 94%", 3), ("accuracy >= 85", 2)],
)
def test_exit_codes_are_those_of_check(work, criterion, code):
    gate(work.folder, f'criteria: ["{criterion}"]\nsettings: {{looks: [5]}}')
    assert run(work, "--jobs", "3").code == code


def test_outputs_are_those_of_check(work):
    ran = run(work, "--seeds", "3", "--junit", "j.xml", "--markdown", "m.md", "--github")
    assert ran.code == 0
    assert ET.parse(work.folder / "j.xml").find("testsuite").get("failures") == "0"
    assert (work.folder / "m.md").read_text(encoding="utf-8").startswith("### Gate gate v1: Pass")


def test_baseline_is_collected_without_a_judgement_and_compared_with(work):
    write(work.folder, EVALUATE.replace("0.95", "0.90"), "old.py")
    base = run(work, "--collect", "--out", "base", script="old.py")
    assert base.code == 0
    where = base.out.strip()
    assert Path(where).is_dir()
    gate(
        work.folder,
        'criteria: ["accuracy no worse than baseline by 9%"]\nmetrics: {accuracy: {direction: higher}}\nsettings: {looks: [2, 3]}',
    )
    ran = run(work, "--seeds", "3", "--baseline", where, "--json")
    record = json.loads(ran.out)
    assert record["baseline"]["seeds"] == [1, 2]
    assert record["candidate"]["seeds"] == [1, 2, 3]


def test_baseline_that_cannot_be_read_is_told_before_anything_runs(work):
    ran = run(work, "--baseline", "nowhere")
    assert ran.code == 2
    assert "nowhere" in ran.err
    assert not (work.folder / "tries.txt").exists()


def test_seeds_are_added_from_look_to_look_until_it_is_decided(work):
    gate(work.folder, 'criteria: ["accuracy >= 90%"]\nsettings: {looks: [2, 3, 5, 8]}')
    ran = run(work, "--until-decided", "--json")
    record = json.loads(ran.out)
    assert record["result"] == "pass"
    assert "Look at 2 seeds: Not known yet" in ran.err
    assert record["candidate"]["seeds"] == work.tries()
    assert len(work.tries()) in (3, 5, 8)


def test_seeds_stop_where_too_few_are_left_for_the_next_look(work):
    gate(work.folder, 'criteria: ["accuracy >= 94.9%"]\nsettings: {looks: [2, 5]}')
    ran = run(work, "--until-decided", "--seeds", "4")
    assert (ran.code, work.tries()) == (3, [1, 2])


def test_gpu_hours_price_what_would_settle_it(work):
    gate(work.folder, 'criteria: ["accuracy >= 85%"]')
    ran = run(work, "--gpus", "8", "--json")
    assert ran.code == 3
    assert json.loads(ran.out)["settle"]["gpu_hours"] > 0


JUNIT = """
import pathlib, random, sys

seed, out = int(sys.argv[1]), pathlib.Path(sys.argv[2])
rng = random.Random(seed)
cases = "".join(
    f'<testcase classname="tone" name="t{i}" time="0.1">' + ("" if rng.random() < 0.95 else '<failure message="rude"/>') + "</testcase>"
    for i in range(300)
)
(out / "junit.xml").write_text(f'<testsuite name="tone" tests="300">{cases}</testsuite>')
"""
LM_EVAL = """
import json, pathlib, random, sys

seed, out = int(sys.argv[1]), pathlib.Path(sys.argv[2]) / "model"
out.mkdir()
rng = random.Random(seed)
rows = [
    {"doc_id": i, "doc": {"q": f"question {i}"}, "target": "a", "arguments": [], "resps": [["a"]], "filtered_resps": ["a"], "filter": "none",
     "metrics": ["acc"], "doc_hash": f"{i:064x}", "prompt_hash": "p", "target_hash": "t", "acc": float(rng.random() < 0.95)}
    for i in range(300)
]
mean = sum(row["acc"] for row in rows) / 300
(out / "samples_quiz_2026-01-01T00-00-00.jsonl").write_text("".join(json.dumps(row) + "\\n" for row in rows))
(out / "results_2026-01-01T00-00-00.json").write_text(json.dumps({
    "results": {"quiz": {"alias": "quiz", "acc,none": mean, "acc_stderr,none": 0.01}}, "configs": {"quiz": {"task": "quiz"}}, "versions": {"quiz": 1},
    "n-shot": {"quiz": 0}, "higher_is_better": {"quiz": {"acc": True}}, "n-samples": {"quiz": {"original": 300, "effective": 300}},
    "config": {"model": "m", "random_seed": seed}, "git_hash": "x", "date": 1.0, "model_name": "m",
}))
"""


@pytest.mark.parametrize(
    ("script", "reader", "metric"), [(JUNIT, "junit", "passed"), (LM_EVAL, "lm-eval", "acc")]
)
def test_results_of_any_tool_are_read(work, script, reader, metric):
    write(work.folder, script.replace("\\\\n", "\\n"))
    gate(work.folder, f'criteria: ["{metric} >= 80%"]\nsettings: {{looks: [3]}}')
    ran = run(work, "--json")
    assert ran.code == 0, ran.err + ran.out
    record = json.loads(ran.out)
    assert (record["candidate"]["reader"], record["candidate"]["seeds"], record["candidate"]["examples"]) == (
        reader,
        [1, 2, 3],
        300,
    )


def test_terminal_shows_how_far_it_is_in_one_line_that_goes_away(capsys):
    lines = ProgressLines()
    lines._live = True
    lines.show(Progress(1, 5, {2: 72.0, 3: 5.0}, 195.0))
    lines.tell(SeedTold("finished", 2, 75.0))
    said = capsys.readouterr().err
    assert "1 of 5 seeds done, running: seed 2 1 min 12 s, seed 3 5.0 s, about 3 min 15 s left" in said
    assert said.endswith("\r\x1b[2Kseed 2: finished after 1 min 15 s\n")


# ------------------------------------------------------------------------------------------------------------ kept results


def test_finished_seeds_are_not_run_again(work):
    first, again = run(work, "--seeds", "3", "--json"), run(work, "--seeds", "3", "--json")
    assert work.tries() == [1, 2, 3]
    assert first.out == again.out
    assert "seed 2: kept from before" in again.err


@pytest.mark.parametrize(
    ("change", "options", "again"),
    [
        (lambda folder: write(folder, EVALUATE.replace("0.95", "0.94")), (), True),
        (lambda folder: write(folder, "x = 1", "imported.py"), (), True),
        (lambda folder: write(folder, "other", "prompt.txt"), ("--watch", "prompt*.txt"), True),
        (lambda folder: write(folder, "other", "prompt.txt"), (), False),
        (lambda folder: write(folder, "x = 1", "imported.py"), ("--ignore", "imported.py"), False),
        (lambda folder: gate(folder, 'criteria: ["accuracy >= 81%"]'), (), False),
        (lambda folder: os.utime(folder / "evaluate.py", ns=(1, 1)), (), False),
    ],
)
def test_seeds_run_again_when_what_they_are_made_of_changes_and_only_then(work, change, options, again):
    write(work.folder, "a prompt", "prompt.txt")
    run(work, "--seeds", "2", *options)
    change(work.folder)
    run(work, "--seeds", "2", *options)
    assert work.tries() == ([1, 1, 2, 2] if again else [1, 2])


def test_results_of_an_earlier_content_are_found_again(work):
    run(work, "--seeds", "2")
    write(work.folder, EVALUATE.replace("0.95", "0.94"))
    run(work, "--seeds", "2")
    write(work.folder, EVALUATE)
    run(work, "--seeds", "2")
    assert work.tries() == [1, 1, 2, 2]


def test_declared_variable_is_part_of_what_is_kept(work, monkeypatch):
    for model in ("a", "b", "a"):
        monkeypatch.setenv("MODEL", model)
        run(work, "--seeds", "2", "--env", "MODEL")
    assert work.tries() == [1, 1, 2, 2]


def test_fresh_runs_them_again(work):
    run(work, "--seeds", "2")
    run(work, "--seeds", "2", "--fresh")
    assert work.tries() == [1, 1, 2, 2]


def test_seeds_of_the_same_command_that_are_known_count_though_fewer_are_asked_for(work):
    run(work, "--seeds", "5")
    ran = run(work, "--seeds", "2", "--json")
    assert json.loads(ran.out)["candidate"]["seeds"] == [1, 2, 3, 4, 5]
    assert "seeds 3, 4, 5 were run before with this command: they count" in ran.err


def test_torn_seed_is_run_again(work):
    run(work, "--seeds", "2")
    (file,) = (work.folder / "gate-runs").glob("*/results/seed-2/scores.csv")
    file.write_bytes(file.read_bytes()[:-40])
    run(work, "--seeds", "2")
    assert work.tries() == [1, 2, 2]


def test_file_that_changes_while_a_seed_runs_makes_that_seed_fail(work):
    write(work.folder, EVALUATE + "\npathlib.Path('imported.py').write_text(str(seed))\n")
    write(work.folder, "0", "imported.py")
    ran = run(work, "--seeds", "2")
    assert ran.code == 2
    assert "imported.py changed while it ran" in ran.err


# ----------------------------------------------------------------------------------------------------------- what goes wrong


def test_failing_seed_makes_the_answer_invalid_and_shows_its_last_lines(work):
    write(work.folder, EVALUATE.replace("print(", "assert seed != 2, 'no GPU'\nprint("))
    ran = run(work, "--seeds", "3")
    assert (ran.code, work.tries()) == (2, [1, 2])
    assert "seed 2: failed after" in ran.err
    assert "exit code 1" in ran.err
    assert "  | AssertionError: no GPU" in ran.err
    (log,) = [line.split(": ", 1)[1] for line in ran.err.splitlines() if "all it printed" in line]
    assert "no GPU" in (work.folder / log / "stderr.txt").read_text(encoding="utf-8")
    assert "seed 2 failed: exit code 1" in ran.out


def test_other_seeds_go_on_where_that_is_asked_for_and_the_failed_one_runs_again(work):
    write(
        work.folder, EVALUATE.replace("print(", "assert seed != 2 or os.path.exists('gpu'), 'no GPU'\nprint(")
    )
    assert (run(work, "--seeds", "3", "--keep-going").code, work.tries()) == (2, [1, 2, 3])
    (work.folder / "gpu").touch()
    assert (run(work, "--seeds", "3").code, work.tries()) == (0, [1, 2, 2, 3])


def test_failed_seed_counts_though_it_is_not_asked_for_again(work):
    write(work.folder, EVALUATE.replace("print(", "assert seed != 3, 'no GPU'\nprint("))
    run(work, "--seeds", "3")
    ran = run(work, "--seeds", "2")
    assert ran.code == 2
    assert "seed 3 failed: exit code 1" in ran.out


def test_collecting_seeds_of_which_one_fails_exits_2(work):
    write(work.folder, "raise SystemExit(7)")
    ran = run(work, "--collect")
    assert (ran.code, ran.out) == (2, "")
    assert "exit code 7" in ran.err


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("pass", "it wrote no file to {out}"),
        ("import sys, shutil; shutil.rmtree(sys.argv[2])", "it took its folder {out} away"),
        ("import sys; open(sys.argv[2] + '/r.csv', 'w').write('sample_id,accuracy\\n')", "cannot be read"),
        ("import sys; open(sys.argv[2] + '/r.csv', 'w').write('')", "cannot be read"),
        ("import sys; open(sys.argv[2] + '/r.bin', 'wb').write(bytes(9))", "cannot be read"),
        ("import sys; open(sys.argv[2] + '/r.csv', 'w').write('sample_id,seed,accuracy\\nq,9,1\\n')", "cannot be read"),
        ("import os; os.kill(os.getpid(), 9)", "ended by SIGKILL"),
        ("import sys; print('\\x1b[31mred\\x1b]8;;http://evil\\x07', file=sys.stderr); sys.exit(3)", "exit code 3"),
        ("import sys; sys.stderr.buffer.write(b'\\xff\\xfe' * 9999 + b'end'); sys.exit(3)", "exit code 3"),
    ],
)  # fmt: skip
def test_seed_that_gives_no_results_failed_and_is_told_in_one_line(work, script, says):
    write(work.folder, script)
    ran = run(work)
    assert ran.code == 2
    assert says in ran.err
    assert "\x1b" not in ran.err + ran.out
    assert "Traceback" not in ran.err


def test_nan_is_kept_as_evidence_and_never_a_pass(work):
    write(
        work.folder,
        EVALUATE.replace("int(rng.random() < RATE)", "float('nan') if i == 7 and seed == 2 else 1"),
    )
    ran = run(work, "--seeds", "3")
    assert ran.code == 2
    assert "not a finite number" in ran.out


def test_file_that_is_too_large_is_named(work, monkeypatch):
    from assay.connectors.commands import seed_folder

    monkeypatch.setattr(seed_folder, "MAX_FILE_BYTES", 100)
    ran = run(work)
    assert ran.code == 2
    assert "it wrote 'scores.csv' of more than" in ran.err


def test_command_that_prints_without_end_is_stopped(work, monkeypatch):
    from assay.connectors.commands import runner

    monkeypatch.setattr(runner, "MAX_LOG_BYTES", 10_000)
    write(work.folder, "while True: print('x' * 1000)")
    ran = run(work)
    assert ran.code == 2
    assert "it printed more than" in ran.err


def test_seed_that_takes_too_long_is_stopped_with_everything_it_started(work):
    write(
        work.folder,
        "import subprocess, sys, time\n"
        "inner = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "open('inner.pid', 'w').write(str(inner.pid))\n"
        "time.sleep(600)",
    )
    ran = run(work, "--timeout", "1s")
    assert ran.code == 2
    assert "it took longer than 1 s" in ran.err
    assert has_ended(int((work.folder / "inner.pid").read_text()))


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ([], "there is no command"),
        ([""], "there is no command"),
        (["no-such-program", "{seed}", "{out}"], "there is no such program"),
        (["./plain.txt", "{seed}", "{out}"], "it is not executable"),
        (["./folder", "{seed}", "{out}"], "it is a folder"),
        (["./noshebang", "{seed}", "{out}"], "exec format error"),
        ([PYTHON, "evaluate.py", "{out}"], "no {seed}"),
        ([PYTHON, "evaluate.py", "{seed}"], "no {out}"),
    ],
)
def test_command_that_cannot_run_is_refused_in_one_line(work, command, says):
    write(work.folder, "x", "plain.txt")
    (work.folder / "folder").mkdir()
    (work.folder / "noshebang").write_bytes(b"\0\1\2")
    (work.folder / "noshebang").chmod(0o755)
    ran = work("gate", "run", "gate.yaml", "--", *command)
    assert ran.code == 2
    assert says in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--seeds", "1,1"), "seed 1 twice"),
        (("--seeds", "１-３"), "is no seed"),
        (("--seeds", "0"), "asks for no seed"),
        (("--timeout", "soon"), "expected a time"),
        (("--timeout", "0s"), "expected a time"),
        (("--watch", "nothing/*"), "matches no file"),
        (("--jobs", "0"), "jobs"),
    ],
)
def test_options_that_mean_nothing_are_refused_before_anything_runs(work, options, says):
    ran = run(work, *options)
    assert ran.code == 2
    assert says in ran.err
    assert not (work.folder / "tries.txt").exists()


def test_no_shell_reads_the_command(work):
    write(
        work.folder,
        EVALUATE + "\nassert sys.argv[3:] == ['$(touch owned)', '; touch owned', '`id`', '{x}', '3 4']\n",
    )
    command = [
        PYTHON,
        "evaluate.py",
        "{seed}",
        "{out}",
        "$(touch owned)",
        "; touch owned",
        "`id`",
        "{x}",
        "3 4",
    ]
    assert run(work, "--seeds", "3", command=command).code == 0
    assert not (work.folder / "owned").exists()


def test_command_may_read_its_environment_instead(work):
    write(
        work.folder,
        EVALUATE.replace("sys.argv[1]", "os.environ['ASSAY_SEED']").replace(
            "sys.argv[2]", "os.environ['ASSAY_OUT']"
        ),
    )
    ran = run(work, "--seeds", "3", "--reads-environment", command=[PYTHON, "evaluate.py"])
    assert (ran.code, work.tries()) == (0, [1, 2, 3])


# -------------------------------------------------------------------------------------------------- killed, stopped, resumed


def start(folder, *options):
    return subprocess.Popen(
        [PYTHON, "-m", "assay.cli.main", "gate", "run", "gate.yaml", *options, "--", PYTHON, "evaluate.py", "{seed}", "{out}"],
        cwd=folder, env=CLEAN, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def until(done):
    """Wait for another process; the test's own time limit is the end of that."""
    while not done():
        pass


def has_ended(pid):
    """Is it gone, or at least waiting for somebody to ask how it ended?"""
    for _ in range(1000):
        told = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        if told.stdout.strip()[:1] in ("", "Z"):
            return True
    return False


@pytest.fixture
def stuck(tmp_path):
    """Started: seed 1 has finished, seeds 2 and 3 are running and wait for a file to go away."""
    write(tmp_path, EVALUATE.replace("WAIT = 0.95, None", "WAIT = 0.95, seed > 1"))
    gate(tmp_path, 'criteria: ["accuracy >= 80%"]\nsettings: {looks: [3]}')
    process = start(tmp_path, "--seeds", "3", "--jobs", "2")
    for line in process.stderr:
        if line.startswith("seed 3: started"):
            break
    waiting = [tmp_path / "waiting-2", tmp_path / "waiting-3"]
    until(lambda: all(file.exists() and file.read_text() for file in waiting))
    yield process, tmp_path, [int(file.read_text()) for file in waiting]
    process.kill()
    process.communicate()
    for file in waiting:
        file.unlink(missing_ok=True)  # whoever still waits for that ends


def resumed(folder):
    """The same command again, with nothing to wait for: what does it say?"""
    until_gone = [folder / "waiting-2", folder / "waiting-3"]
    for file in until_gone:
        file.unlink(missing_ok=True)
    process = start(folder, "--seeds", "3", "--jobs", "2")
    while process.poll() is None:
        for file in until_gone:
            file.unlink(missing_ok=True)
    out, err = process.communicate()
    return process.returncode, out, err


def test_killed_in_the_middle_it_goes_on_where_it_stopped(stuck):
    process, folder, children = stuck
    process.send_signal(signal.SIGKILL)
    process.wait()
    code, out, err = resumed(folder)
    assert code == 0, err
    assert "seed 1: kept from before" in err
    assert "3 seeds x 300 examples" in out
    assert sorted(map(int, (folder / "tries.txt").read_text().split())) == [1, 2, 2, 3, 3]
    assert all(has_ended(child) for child in children)
    assert list(folder.glob("gate-runs/*/running/*")) == []


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_stopped_it_stops_what_it_started_and_keeps_what_finished(stuck, which):
    process, folder, children = stuck
    process.send_signal(which)
    _, err = process.communicate()
    assert process.returncode == 130
    assert "Stopped. Kept: seed 1. The same command goes on from there." in err
    assert "Traceback" not in err
    assert all(has_ended(child) for child in children)
    assert [path.name for path in folder.glob("gate-runs/*/results/*")] == ["seed-1"]
    assert list(folder.glob("gate-runs/*/running/*")) == []


def test_second_run_of_the_same_command_is_told_that_the_first_is_not_done(stuck):
    _, folder, _ = stuck
    second = start(folder, "--seeds", "3")
    _, err = second.communicate()
    assert second.returncode == 7
    assert "another process is running this command" in err
