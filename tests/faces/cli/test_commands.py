"""The life of an experiment on the command line, over a real store."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from assay.bootstrap import open_workspace
from assay.cli.commands import BY_NAME, root_help
from assay.cli.connection import error_of
from assay.cli.tree import whole_tree
from assay.settings import load_settings
from assay.statuses import exit_code
from tests.faces.web import story


def test_ticket_is_written_listed_and_shown(made):
    assert "EXP-1" in made("ticket", "list").out
    shown = made("ticket", "show", "exp-1").out
    assert "accuracy >= 85%" in shown
    assert "Lifts accuracy" in shown


def test_filter_for_a_column_that_is_not_there_names_those_that_are(made):
    ran = made("ticket", "list", "--stage", "hypotheses")
    assert (ran.code, "expected one of: backlog, hypothesis" in ran.err) == (2, True)
    assert "did you mean hypothesis?" in ran.err


def test_json_is_the_api_json(made):
    row = json.loads(made("ticket", "list", "--json").out)["rows"][0]
    assert (row["key"], row["title"]) == ("EXP-1", "Fine-tune 8B")
    assert json.loads(made("board", "--json").out)["columns"][0]["cards"][0]["key"] == "EXP-1"


def test_refused_move_says_why_and_how_and_exits_5(made):
    ran = made("move", "EXP-1", "hypothesis")
    assert ran.code == 5
    assert "nobody has confirmed it" in ran.err
    assert "--override" in ran.err


def test_card_moves_after_confirmation_and_locks_in_experiment(made):
    made("ticket", "confirm", "EXP-1", "agreed")
    assert made("move", "EXP-1", "hypothesis").code == 0
    moved = made("move", "EXP-1", "experiment", "--override", "the set is there")
    assert "locked: sha256:" in moved.out
    verdict = made("verdict", "EXP-1")
    assert (verdict.code, "undecided" in verdict.out) == (3, True)
    assert made("replay", "EXP-1").code == 0
    locked = made("ticket", "edit", "EXP-1", "--primary", "accuracy >= 80%")
    assert (locked.code, "--amend" in locked.err) == (5, True)
    assert made("ticket", "edit", "EXP-1", "--primary", "accuracy >= 80%", "--amend", "harder set").code == 0


def test_decision_needs_a_reason_where_it_differs_and_is_recorded(made):
    made("ticket", "confirm", "EXP-1", "agreed")
    made("move", "EXP-1", "hypothesis")
    made("move", "EXP-1", "experiment", "--override", "the set is there")
    lesson = "The serving stack cannot hold it, whatever its accuracy."
    ran = made("decide", "EXP-1", "kill", "--learnings", lesson)
    assert (ran.code, "--reason" in ran.err) == (2, True)
    done = made("decide", "EXP-1", "kill", "--learnings", lesson, "--reason", "serving")
    assert done.code == 0, done.err
    assert "killed" in done.out


def test_verdict_prints_its_numbers_in_the_words_of_the_criteria(assay):
    assay("init", "--project", "vision")
    with open_workspace(load_settings(home=assay.folder / ".assay")) as ws:
        key = story.tell(ws)["compared"]
    out = assay("verdict", key, "--project", story.SLUG).out
    assert "+6.0 points" in out
    assert "+7.5% relative" in out
    assert "86.2%" in out
    assert "0.86" not in out
    shown = assay("ticket", "show", key, "--project", story.SLUG).out
    assert "accuracy of the runs of the arm baseline" in shown
    names = [line.split()[1] for line in shown.splitlines() if line.startswith("mlflow:")]
    assert names == [f"{arm}-{seed}" for arm in ("run", "before") for seed in range(1, 6)]
    for words in (shown, assay("run", "list", "--ticket", key, "--project", story.SLUG).out):
        assert "accuracy 86.1%, latency_ms 433 ms" in words


def test_ticket_of_a_type_without_a_verdict_is_decided_without_one_and_says_so(made):
    made("ticket", "new", "Label the week", "--type", "data")
    for asked in (("verdict", "DATA-2"), ("verdict", "DATA-2", "--recompute"), ("replay", "DATA-2")):
        ran = made(*asked)
        assert (ran.code, "a person decides on a ticket of type data" in ran.err) == (4, True), ran.err
        assert ("assay decide DATA-2" in ran.err, "assay move" in ran.err) == (True, False)
    decided = made("decide", "DATA-2", "kill", "--learnings", "The labels were there already.")
    assert decided.code == 0, decided.err
    assert decided.out.startswith("DATA-2: kill recorded, without a verdict.\n")


def test_verdict_before_the_lock_is_not_found(made):
    assert made("verdict", "EXP-1").code == 4


def test_edit_keeps_what_is_not_named(made):
    made("ticket", "edit", "EXP-1", "--gpu-hours", "30")
    made("ticket", "edit", "EXP-1", "--cost-usd", "500", "--kill", "accuracy < 75%")
    content = json.loads(made("ticket", "show", "EXP-1", "--json").out)["ticket"]["content"]
    assert content["budget"] == {"gpu_hours": 30, "cost_usd": 500}
    assert content["criteria"] == {"primary": ["accuracy >= 85%"], "kill": ["accuracy < 75%"]}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("accuracy", {"metric": "accuracy"}),
        ("accuracy=0.72", {"metric": "accuracy", "value": 0.72}),
        ("accuracy=0.72 from zero-shot", {"metric": "accuracy", "value": 0.72, "source": "zero-shot"}),
        ("accuracy = EXP-1", {"metric": "accuracy", "ticket": "EXP-1"}),
    ],
)
def test_baseline_is_an_arm_a_number_or_a_ticket(made, given, kept):
    assert made("ticket", "new", "Compared", "--baseline", given).code == 0
    content = json.loads(made("ticket", "show", "EXP-2", "--json").out)["ticket"]["content"]
    assert content["baseline"] == [kept]
    made("ticket", "export", "tickets")
    assert made("ticket", "import", "tickets").out.strip() == "2 unchanged: EXP-1, EXP-2"


@pytest.mark.parametrize("given", ["", "=0.72", "0.72", "accuracy=", "my accuracy"])
def test_baseline_that_names_no_metric_is_refused_with_the_three_forms(made, given):
    ran = made("ticket", "new", "Compared", "--baseline", given)
    assert (ran.code, "--baseline accuracy=EXP-3" in ran.err) == (2, True)


def test_criterion_fault_points_at_its_character(made):
    ran = made("criteria", "check", "accuracy >= 85% on")
    assert ran.code == 2
    lines = ran.err.splitlines()
    assert lines[1].strip() == "accuracy >= 85% on"
    assert lines[2].index("^") - lines[1].index("a") == 18


def test_notes_links_search_and_deletion(made):
    made("ticket", "new", "Shorter chunks")
    assert made("ticket", "note", "EXP-1", "seed 3 ran on the old driver").code == 0
    assert made("ticket", "link", "EXP-2", "derived_from", "EXP-1").code == 0
    assert "EXP-2" in made("search", "chunks").out
    assert made("ticket", "link", "EXP-2", "derived_from", "EXP-1", "--remove").code == 0
    assert made("ticket", "delete", "EXP-2").code == 0
    assert made("ticket", "show", "EXP-2").code == 4


def test_blockers_are_opened_listed_and_closed(made):
    assert made("blocker", "list").out.strip() == "Nothing is in the way."
    opened = made(
        "blocker", "open", "exp-1", "No A100 before Thursday", "--category", "gpu-shortage", "--owner", "Jo"
    )
    assert opened.out.strip() == "Blocker 1 of EXP-1 is open; Jo sees to it."
    made("blocker", "open", "EXP-1", "Labels of week 3 are wrong", "-c", "data_quality")
    listed = made("blocker", "list").out
    assert [word in listed for word in ("gpu_shortage", "data_quality", "EXP-1", "Jo")] == [True] * 4
    assert "blocked since" in made("ticket", "show", "EXP-1").out
    assert "EXP-1" in made("board", "--blocked").out
    unclear = made("blocker", "close", "EXP-1", "Two were lent")
    assert (unclear.code, "the numbers 1, 2" in unclear.err) == (2, True)
    closed = made("blocker", "close", "EXP-1", "Two were lent", "--number", "1")
    assert closed.out.startswith("Blocker 1 of EXP-1 is closed after")
    assert "Two were lent" in made("blocker", "list", "EXP-1", "--state", "all").out
    flow = made("flow").out
    assert "2 opened" in flow
    assert "Data quality" in flow
    assert json.loads(made("flow", "--json").out)["blockers"]["opened"] == 2


def test_canvas_is_edited_exported_and_imported_again_without_a_change(made):
    assert made("canvas", "edit", "objective=Answer tickets", "success[0].metric=accuracy >= 85%").code == 0
    assert made("canvas", "edit", "kill[0].criterion=accuracy < 80%", "kill[0].after_sprint=3").code == 0
    assert made("canvas", "export", "canvas.yaml").code == 0
    assert made("canvas", "import", "canvas.yaml").out.strip() == "The canvas says so already (version 2)."
    assert "accuracy \\>= 85%: today unknown" in made("canvas", "show").out
    assert made("canvas", "edit", "kill[3].criterion=x").code == 2
    assert made("canvas", "edit", "kill[0]=").out.strip() == "The canvas is saved as version 3."
    assert json.loads(made("canvas", "show", "--json").out)["document"].get("kill") is None
    feature = json.loads(made("ticket", "new", "Auto-reply", "--type", "feature", "--json").out)["key"]
    assert "Baseline model: Auto-reply" in made("canvas", "breakdown", feature).out


def test_diagnosis_says_causes_and_makes_the_ticket_that_mends_one(made):
    made("blocker", "open", "EXP-1", "Which metric counts?", "-c", "clarity")
    said = made("diagnose").out
    assert "HOLDS: Experiments do not start  [do_not_start]" in said
    assert "NOT KNOWN YET: Scope is added" in said
    ticket = made("diagnose", "--mend", "do-not-start")
    assert (ticket.code, ticket.out.split()[0]) == (0, "ENG-2")
    assert "(ENG-2)" in made("diagnose").out
    assert made("diagnose", "--mend", "scope_added").code == 5


def test_phase_is_set_and_its_decisions_are_dated_and_settled(made):
    assert "Phase discovery" in made("phase", "show").out
    assert (
        "50% explore" in made("phase", "set", "convergence", "--since", "2026-05-25", "--measure", "days").out
    )
    assert "sprint 5" in made("phase", "gate", "We pick one approach", "--by", "5").out
    assert made("phase", "settle", "2", "x").code == 4
    assert "settled" in made("phase", "settle", "1", "Retrieval with a reranker").out
    told = json.loads(made("phase", "show", "--json").out)
    assert (told["data"]["since"], told["data"]["measure"], told["version"]) == ("2026-05-25", "days", 3)


def test_comparison_is_imported_shown_and_exported_without_a_change(made):
    (made.folder / "build.yaml").write_text(
        "question: Who reads?\noptions: [{name: We, route: build, exit_usd: 5}]\n"
    )
    assert made("choice", "list").out.startswith("Nothing is compared yet")
    assert (
        made("choice", "import", "reading", "build.yaml").out.strip()
        == "Comparison reading is kept, version 1."
    )
    assert "unknown" in made("choice", "show", "reading").out
    assert made("choice", "export", "reading", "again.yaml").code == 0
    assert (
        made("choice", "import", "reading", "again.yaml").out.strip()
        == "Comparison reading is kept, version 1."
    )
    assert "open" in made("choice", "list").out


def test_tickets_exported_and_imported_again_do_not_change(made):
    assert made("ticket", "export", "tickets").code == 0
    assert (made.folder / "tickets" / "EXP-1.yaml").read_text().startswith("key: EXP-1")
    assert made("ticket", "import", "tickets").out.strip() == "1 unchanged: EXP-1"


def test_import_names_file_and_line_of_a_fault(made):
    (made.folder / "bad.yaml").write_text("title: x\nlabels: [a\n")
    ran = made("ticket", "import", "bad.yaml")
    assert (ran.code, "bad.yaml" in ran.err, "line" in ran.err) == (2, True, True)


def test_ticket_from_a_file_with_options_on_top(made):
    (made.folder / "t.yaml").write_text("title: From file\nowner: jo\n")
    made("ticket", "new", "-f", "t.yaml", "--owner", "ada")
    assert json.loads(made("ticket", "show", "EXP-2", "--json").out)["ticket"]["content"]["owner"] == "ada"


def test_projects_and_metrics_are_made_listed_and_chosen(made):
    assert made("project", "new", "audio").code == 0
    assert made("project", "use", "audio").code == 0
    assert made("ticket", "list").out.startswith("No tickets")
    assert made("metric", "add", "wer", "--direction", "lower", "--unit", "fraction").code == 0
    assert "wer" in made("metric", "list").out
    assert made("metric", "remove", "wer").code == 0
    assert "EXP-1" in made("ticket", "list", "--project", "vision").out
    assert made("project", "show", "nowhere").code == 4


def test_proof_checkpoint_key_and_export_hold_for_the_offline_verifier(made):
    folder = made.folder
    made("audit", "checkpoint", "--out", "cp.json")
    for command in (
        ("prove", "1", "--out", "proof.json"), ("key", "--out", "key.pub"), ("verifier", "--out", "verify.py"), ("export", "--out", "j.jsonl"),
    ):  # fmt: skip
        assert made("audit", *command).code == 0
    for file in ("proof.json", "j.jsonl"):
        done = subprocess.run(
            [sys.executable, "verify.py", file, "--checkpoint", "cp.json", "--public-key", "key.pub"],
            cwd=folder, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert (done.returncode, done.stdout[:5]) == (0, "HOLDS"), done.stdout + done.stderr
    assert made("audit", "verify", "--checkpoint", "cp.json").code == 0


def test_forged_checkpoint_makes_verify_exit_1(made):
    made("audit", "checkpoint", "--out", "cp.json")
    document = json.loads((made.folder / "cp.json").read_text())
    document["checkpoint"]["size"] += 1
    (made.folder / "forged.json").write_text(json.dumps(document))
    ran = made("audit", "verify", "--checkpoint", "forged.json")
    assert (ran.code, "cannot be relied on" in ran.out) == (1, True)


def test_backup_is_restored_to_what_was_there(made):
    assert made("backup", "kept.backup").code == 0
    made("ticket", "new", "After the backup")
    refused = made("restore", "kept.backup")
    assert (refused.code, "journal entries (expected an empty one)" in refused.err) == (5, True)
    assert "--replace" in refused.err
    restored = made("restore", "kept.backup", "--replace")
    assert (restored.code, "The store before it is kept at" in restored.out) == (0, True)
    assert [row["key"] for row in json.loads(made("ticket", "list", "--json").out)["rows"]] == ["EXP-1"]
    assert made("backup", "kept.backup").code == 7


def test_doctor_says_that_all_is_well_and_what_is_not(made):
    assert made("doctor").code == 0
    (made.folder / ".assay" / "signing.key").chmod(0o644)
    ran = made("doctor")
    assert (ran.code, "chmod 600" in ran.out) == (1, True)


def test_doctor_without_an_installation_says_how_to_make_one(assay):
    ran = assay("doctor")
    assert (ran.code, "assay init" in ran.out) == (1, True)


def test_second_init_is_a_conflict(made):
    assert made("init").code == 7


def test_output_in_a_pipe_has_no_colours_and_names_cannot_steer_the_terminal(made):
    made("ticket", "edit", "EXP-1", "--owner", "[bold]jo[/bold]")
    out = made("ticket", "list").out
    assert "[bold]jo[/bold]" in out
    assert "\x1b" not in out


def test_root_help_lists_every_command_of_the_tree():
    commands = whole_tree().registered_commands + whole_tree().registered_groups
    names = {command.name or command.typer_instance.info.name for command in commands}
    assert names == set(BY_NAME)
    assert all(f"  {name}" in root_help() for name in names)


@pytest.mark.parametrize(
    "arguments", [[], ["--help"], ["-h"], ["--version"], ["ticket", "--help"], ["ticket", "new", "--help"]]
)
def test_help_and_version_exit_0(assay, arguments):
    assert assay(*arguments).code == 0


TORN = RuntimeError("the roof \x1b[31m fell in")


def broken(monkeypatch, error=TORN):
    """A ticket list that nobody expected to fail so."""

    def fail(*_, **__):
        raise error

    monkeypatch.setattr("assay.api.routers.tickets.list_experiments", fail)


def test_unexpected_failure_is_one_line_and_its_traceback_is_kept(made, monkeypatch):
    broken(monkeypatch)
    ran = made("ticket", "list", "--query", "secret words")
    kept = made.folder / ".assay" / "defects.log"
    assert (ran.code, ran.out) == (9, "")
    first, hint = ran.err.splitlines()
    assert first.startswith("cannot finish command 'assay ticket list': RuntimeError: the roof")
    assert "\x1b" not in ran.err
    assert hint.strip() == f"report it with the traceback in {kept}"
    assert "Traceback (most recent call last)" in kept.read_text()
    assert "secret words" not in kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o600


def test_unexpected_failures_are_kept_one_after_the_other(made, monkeypatch):
    broken(monkeypatch)
    made("ticket", "list")
    made("ticket", "list")
    assert (made.folder / ".assay" / "defects.log").read_text().count("assay ticket list\n") == 2


def test_unexpected_failure_without_a_home_is_kept_in_the_folder_for_temporary_files(
    assay, monkeypatch, tmp_path
):
    monkeypatch.setattr("assay.cli.defects.gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr("assay.cli.doctor.load_settings", lambda: 1 / 0)
    ran = assay("doctor")
    assert ran.code == 9
    named = ran.err.splitlines()[1].rpartition(" ")[2]
    assert named.startswith(str(tmp_path))
    assert "ZeroDivisionError" in Path(named).read_text()


def test_defect_that_a_server_tells_of_has_the_same_exit_code():
    error = error_of(
        b'{"detail": "cannot answer", "code": "defect", "kind": "defect", "hint": "look into the log"}', 500
    )
    assert (exit_code(error), error.code) == (9, "defect")


def test_damaged_journal_head_leaves_reading_alone_and_names_the_command_that_mends_it(made):
    with closing(sqlite3.connect(made.folder / ".assay" / "assay.db")) as database, database:
        database.execute("UPDATE journal_head SET state = x'00ff'")
    assert made("board").code == 0
    refused = made("ticket", "note", "EXP-1", "seen")
    assert (refused.code, "assay audit rebuild-head" in refused.err) == (5, True)
    broken = made("audit", "verify")
    assert (broken.code, "the remembered head is not that of the entries" in broken.out) == (1, True)
    assert "rebuild-head" in made("doctor").out
    rebuilt = made("audit", "rebuild-head")
    assert (rebuilt.code, "The head is rebuilt" in rebuilt.out) == (0, True)
    assert made("ticket", "note", "EXP-1", "seen").code == 0
    assert made("audit", "verify").code == 0
    assert "Nothing to rebuild" in made("audit", "rebuild-head").out


def test_new_ticket_names_earlier_ones_that_speak_of_the_same_and_is_written_all_the_same(made):
    made("ticket", "new", "Prune random forests", "--hypothesis", "Smaller forests answer sooner.")
    ran = made("ticket", "new", "A pruned random forest", "--hypothesis", "Half of the trees suffice.")
    assert ran.code == 0
    assert "EXP-3  A pruned random forest" in ran.out
    told = [line.strip() for line in ran.out.splitlines() if "tried before" in line]
    assert told == [
        "tried before: EXP-2  Prune random forests (not decided, in backlog; both say: random, forest)"
    ]
    assert "tried before" not in made("ticket", "new", "Mixup of digits").out
    assert "forest" in made("search", "forest").out


def test_inbox_shows_what_others_did_marks_it_as_read_and_takes_that_back(made):
    assert "You follow no ticket yet" in made("inbox").out
    made("ticket", "note", "EXP-1", "@grace, is rank 16 worth it?")
    shown = made("inbox", "--who", "grace", "--read")
    assert shown.code == 0, shown.err
    assert "is rank 16 worth it?" in shown.out
    assert "1 new." in shown.out
    assert "To take it back: assay inbox --who grace --read-up-to 0" in shown.out
    assert json.loads(made("inbox", "--who", "grace", "--json").out)["unread"] == 0
    made("inbox", "--who", "grace", "--read-up-to", "0")
    assert json.loads(made("inbox", "--who", "grace", "--json").out)["unread"] == 1
