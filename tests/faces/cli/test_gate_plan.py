"""`assay gate plan`: what a gate takes, as a table with a curve and as JSON."""

import json

import pytest

from tests.faces.cli.test_gate import write_results

GATE = """
criteria: ["accuracy >= 85%", "accuracy no worse than baseline by 2%"]
blocking: ["toxicity < 0.1%"]
secondary: ["sd of accuracy <= 3%"]
checks: [{items: {rollback tested: no}}]
"""


@pytest.fixture
def planned(assay):
    (assay.folder / "gate.yaml").write_text(GATE, encoding="utf-8")
    write_results(assay.folder / "pilot.csv", 0.9, seeds=(1, 2, 3))
    write_results(assay.folder / "one.csv", 0.9)
    return assay


def claims(ran):
    assert ran.code == 0, ran.err
    return json.loads(ran.out)["claims"]


def test_gate_is_planned_without_any_result(planned):
    ran = planned("gate", "plan", "gate.yaml")
    assert ran.code == 0
    assert "2,995 examples" in ran.out  # nothing toxic in 2,995 shows less than 0.1%
    assert "1,963 examples" in ran.out
    assert "decided on what is there: nothing to plan" in ran.out
    assert "(--discordance)" in ran.out


def test_curve_of_power_rises_to_what_was_wanted(planned):
    ran = planned("gate", "plan", "gate.yaml", "--power", "90%", "--effect", "3%")
    lines = [line for line in ran.out.splitlines() if "##" in line]
    assert len(lines) == 7
    assert [line.count("#") for line in lines] == sorted(line.count("#") for line in lines)
    (wanted,) = [line for line in lines if "<- wanted" in line]
    assert int(wanted.rpartition("%")[0].split()[-1]) >= 90
    assert ran.out.rstrip().endswith("^ 90%")


def test_json_holds_what_the_table_shows_and_does_not_change(planned):
    options = ("gate", "plan", "gate.yaml", "--candidate", "pilot.csv", "--hours-per-seed", "2", "--json")
    first, again = planned(*options), planned(*options)
    assert first.out == again.out
    accuracy, compared, toxicity, spread, items = claims(first)
    assert (accuracy["seeds"], accuracy["examples"], accuracy["truth"]) == (3, 400, "truly 87.0%")
    assert [look["seeds"] for look in accuracy["looks"]] == [3, 5, 8, 10]
    assert [look["gpu_hours"] for look in accuracy["looks"]] == [0.0, 4.0, 10.0, 14.0]
    assert compared["one_model"] == 3092
    assert toxicity["one_model"] == 2995
    assert spread["needs"] == "10 seeds"
    assert items["unknown"]


def test_power_of_what_is_there_is_told_with_the_smallest_effect(planned):
    ran = planned("gate", "plan", "gate.yaml", "--candidate", "one.csv", "--json")
    found = claims(ran)[0]
    assert 0.2 < found["power"] < 0.3
    assert found["detectable_text"] == "4.4 points"
    shown = planned("gate", "plan", "gate.yaml", "--candidate", "one.csv").out
    assert "COULD HAVE SEEN" in shown
    assert "GPU-HOURS" not in shown


def test_larger_effects_need_fewer_examples_and_more_power_needs_more(planned):
    def needed(*options):
        return claims(planned("gate", "plan", "gate.yaml", "--json", *options))[0]["one_model"]

    assert needed("--effect", "1%") > needed("--effect", "2%") > needed("--effect", "5%")
    assert needed("--power", "90%") > needed("--power", "80%") > needed("--power", ".5")


@pytest.mark.parametrize(
    "options",
    [
        ("--power", "0"), ("--power", "80"), ("--power", "100%"), ("--power", "0%"), ("--power", "８０%"), ("--effect", "banana"),
        ("--effect", "-2%"), ("--seed-sd", "x"), ("--discordance", "0%"), ("--discordance", "200%"), ("--hours-per-seed", "-1"),
        ("--hours-per-seed", "nan"), ("--hours-per-seed", "inf"), ("--candidate", "nowhere.csv"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_in_one_line(planned, options):
    ran = planned("gate", "plan", "gate.yaml", *options)
    assert ran.code == 2
    assert ran.out == ""
    assert "Traceback" not in ran.err
    assert ran.err.startswith("cannot ")
