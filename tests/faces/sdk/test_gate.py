"""`assay.gate`: the answer of the command line, asked from Python on arrays, data frames and files."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import assay
from assay.errors import Invalid, NotFound

CRITERIA = ["accuracy >= 60%", "accuracy no worse than baseline by 5%"]


@pytest.fixture(scope="module")
def digits():
    data = load_digits()
    return data.data[:900], data.target[:900], data.data[900:], data.target[900:]


@pytest.fixture(scope="module")
def sides(digits):
    """Trees of five seeds against shallower ones, on the same pictures."""
    features, targets, unseen, answers = digits
    trees = [DecisionTreeClassifier(random_state=seed).fit(features, targets) for seed in range(1, 6)]
    shallow = [
        DecisionTreeClassifier(max_depth=7, random_state=seed).fit(features, targets) for seed in range(1, 6)
    ]
    return assay.scored(trees, unseen, answers), assay.scored(shallow, unseen, answers)


def findings(report):
    return [finding.model_dump() for finding in report.findings]


def long_frame(tables):
    return pl.concat([pl.DataFrame(table) for table in tables])


def test_arrays_data_frames_and_files_give_one_and_the_same_findings(sides, tmp_path):
    ours, theirs = sides
    frames = [long_frame(ours), long_frame(theirs)]
    for name, frame in zip(("candidate", "baseline"), frames, strict=True):
        frame.write_csv(tmp_path / f"{name}.csv")
        frame.write_parquet(tmp_path / f"{name}.parquet")
    arrays = [{"accuracy": np.stack([one["accuracy"] for one in side])} for side in sides]
    answers = [
        assay.gate(ours, theirs, CRITERIA),
        assay.gate(*frames, CRITERIA),
        assay.gate(*(pd.DataFrame(frame.to_dict(as_series=False)) for frame in frames), CRITERIA),
        assay.gate(*arrays, CRITERIA),
        assay.gate(tmp_path / "candidate.csv", tmp_path / "baseline.csv", CRITERIA),
        assay.gate(str(tmp_path / "candidate.parquet"), str(tmp_path / "baseline.parquet"), CRITERIA),
    ]
    assert answers[0].findings[0].n.seeds == 5
    assert answers[0].findings[0].n.examples == 897
    for answer in answers[1:]:
        assert findings(answer) == findings(answers[0])


def test_the_command_line_says_the_same_of_the_same_files(sides, tmp_path):
    for name, side in zip(("candidate", "baseline"), sides, strict=True):
        long_frame(side).write_csv(tmp_path / f"{name}.csv")
    (tmp_path / "gate.yaml").write_text(json.dumps({"criteria": CRITERIA}))
    command = [sys.executable, "-m", "assay.cli.main", "gate", "check", "gate.yaml", "--json"]
    sides_given = ["--candidate", "candidate.csv", "--baseline", "baseline.csv"]
    told = subprocess.run([*command, *sides_given], cwd=tmp_path, capture_output=True, check=False)
    answer = assay.gate(tmp_path / "candidate.csv", tmp_path / "baseline.csv", gate=tmp_path / "gate.yaml")
    assert json.loads(told.stdout)["answers"] == answer.to_dict()["answers"]
    assert told.returncode == answer.record.exit_code


def test_only_a_pass_is_true():
    right = [1] * 96 + [0] * 4
    assert assay.gate(right, criteria="accuracy >= 85%")
    for criterion in ("accuracy >= 95%", "accuracy >= 99.9%", "f1 >= 10%"):
        answer = assay.gate({"accuracy": right}, criteria=criterion)
        assert not answer
        assert answer.result in ("inconclusive", "fail")
    broken = assay.gate([1.0, float("nan"), 1.0], criteria="accuracy >= 10%")
    assert (bool(broken), broken.result) == (False, "invalid")


def test_slices_and_ids_stand_beside_arrays():
    rng = np.random.default_rng(7)
    before = (rng.random(400) < 0.9).astype(int)
    after = before.copy()
    after[:100] = 0  # German breaks, the rest stays
    languages = ["de"] * 100 + ["en"] * 300
    answer = assay.gate(
        {"accuracy": after},
        {"accuracy": before},
        checks=[{"slices": {"by": ["language"], "metric": "accuracy", "margin": "3%"}}],
        metrics={"accuracy": {"direction": "higher", "unit": "fraction"}},
        sample_ids=[f"q{number}" for number in range(400)],
        slices={"language": languages},
    )
    assert answer.result == "fail"
    bad = [part.label for part in answer.record.answers[0].parts if part.outcome == "not_met"]
    assert bad == ["language=de"]


def test_arrays_of_different_lengths_are_not_paired_by_place():
    with pytest.raises(Invalid, match="500 and 497 examples without ids"):
        assay.gate([1] * 500, [1] * 497, "accuracy no worse than baseline by 2%")


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ({"accuracy": []}, "no example"),
        ({"accuracy": [1, 0], "f1": [1, 0, 1]}, "columns of different lengths"),
        ({"accuracy": np.ones((2, 2, 2))}, "has 3 dimensions"),
        ({"accuracy": [95.0, 90.0]}, "accuracy is a fraction"),
        ({"accuracy": ["yes", "no"]}, "holds 'yes'"),
        ([{"accuracy": np.ones((3, 4))}], "has 2 dimensions"),
        ({"accuracy": np.ones((3, 4)), "f1": np.ones((2, 4))}, "different numbers of seeds"),
        (pd.DataFrame({"sample_id": ["a", "a"], "accuracy": [1, 0]}), "'a'"),
        (pl.DataFrame({"accuracy": [1, 0], "seed": ["x", "y"]}), "seed"),
        (None, "there is no candidate"),
        (object(), "accuracy"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_results_that_cannot_be_read_are_refused_by_name(results, said):
    with pytest.raises(Invalid, match="cannot") as refused:
        assay.gate(results, criteria="accuracy >= 85%")
    assert said in refused.value.message
    assert refused.value.hint


def test_missing_values_of_data_frames_never_pass():
    frame = pd.DataFrame({"sample_id": ["a", "b", "c"], "accuracy": [1.0, None, 1.0]})
    assert assay.gate(frame, criteria="accuracy >= 10%").result == "invalid"
    objects = pd.DataFrame({"sample_id": ["a", "b", "c"], "accuracy": pd.array([1, None, 1], dtype="Int64")})
    assert not assay.gate(objects, criteria="accuracy >= 10%")


def test_a_gate_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(NotFound, match=r"gate\.yaml"):
        assay.gate([1, 0], gate=tmp_path / "gate.yaml")
    with pytest.raises(Invalid, match="criteria given beside a gate file"):
        assay.gate([1, 0], criteria="accuracy >= 85%", gate=tmp_path / "gate.yaml")


def test_estimators_are_scored_by_example_with_the_seed_they_were_trained_with(digits):
    features, targets, unseen, answers = digits
    models = [
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=200, random_state=seed)).fit(
            features, targets
        )
        for seed in (11, 12)
    ]
    tables = assay.scored(models, unseen, answers)
    assert [table["seed"][0] for table in tables] == [11, 12]
    assert tables[0]["accuracy"].mean() == pytest.approx(models[0].score(unseen, answers), abs=1e-12)
    (alone,) = assay.scored(GaussianNB().fit(features, targets), unseen, answers)
    assert alone["seed"][0] == 1
    (tree,) = assay.scored(DecisionTreeRegressor(random_state=3).fit(features, targets), unseen, answers)
    assert set(tree) == {"sample_id", "seed", "absolute_error", "squared_error"}
    with pytest.raises(Invalid, match="no method predict"):
        assay.scored(object(), unseen, answers)
    with pytest.raises(Invalid, match="predicts shape"):
        assay.scored(models[0], unseen[:5], answers)


def test_a_notebook_shows_a_table_in_which_no_text_is_markup():
    frame = pl.DataFrame({"sample_id": ["a", "b"], "accuracy": [1, 0], "<img src=x>": ["<b>", "&"]})
    answer = assay.gate(
        frame,
        frame,
        checks=[{"slices": {"by": ["<img src=x>"], "metric": "accuracy", "margin": "3%"}}],
        metrics={"accuracy": {"direction": "higher", "unit": "fraction"}},
    )
    shown = answer._repr_html_()
    assert "<img" not in shown
    assert "&lt;img" in shown
    passing = assay.gate([1] * 96 + [0] * 4, criteria="accuracy >= 85%")
    assert passing._repr_html_().count("<svg") == 1
    assert "96.0%" in str(passing)
    assert passing.to_junit().startswith(b"<?xml")
    assert passing.to_markdown().startswith("### Gate")


def test_importing_assay_loads_nothing():
    code = "import sys, assay; print(len([m for m in sys.modules if m.startswith(('assay.', 'numpy', 'pydantic'))]))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "0"
    assert {"gate", "scored", "AssayError"} <= set(dir(assay))
    with pytest.raises(AttributeError, match="no attribute 'gates'"):
        assay.gates  # noqa: B018


def test_a_test_of_pytest_fails_with_what_would_settle_the_gate(tmp_path: Path):
    (tmp_path / "test_model.py").write_text(
        """
def test_good(assert_gate):
    assert assert_gate([1] * 96 + [0] * 4, criteria="accuracy >= 85%").passed

def test_open(assert_gate):
    assert_gate([1] * 9 + [0], criteria="accuracy >= 85%")
"""
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=out.xml", "."]
    plugin = [] if _plugin_is_registered() else ["-p", "assay.testing.pytest_plugin"]
    done = subprocess.run([*command, *plugin], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 failed, 1 passed" in done.stdout
    assert "Not known yet" in done.stdout
    assert "Cheapest way out" in done.stdout
    assert "Traceback" not in done.stdout
    assert 'name="assay.result" value="inconclusive"' in (tmp_path / "out.xml").read_text()


def _plugin_is_registered():
    from importlib.metadata import entry_points

    return any(one.value == "assay.testing.pytest_plugin" for one in entry_points(group="pytest11"))


def test_frame_of_seeds_is_read_as_the_file_of_it_is(tmp_path):
    frame = pd.DataFrame({"seed": [1, 2, 3, 4, 5], "bleu": [22.1, 22.3, 21.9, 22.4, 22.0]})
    file = tmp_path / "seeds.csv"
    frame.to_csv(file, index=False)
    asked = {"criteria": "bleu >= 20", "metrics": {"bleu": {"direction": "higher", "unit": "number"}}}
    told = [assay.gate(results, **asked).findings[0] for results in (str(file), frame, pl.from_pandas(frame))]
    assert [one.outcome for one in told] == ["met"] * 3
    assert told[0].n == told[1].n == told[2].n
    assert told[0].interval == told[1].interval == told[2].interval


def test_frame_of_examples_under_one_seed_keeps_its_examples():
    frame = pd.DataFrame({"seed": [7] * 400, "accuracy": [1] * 380 + [0] * 20})
    assert assay.gate(frame, criteria="accuracy >= 90%").findings[0].n.examples == 400
