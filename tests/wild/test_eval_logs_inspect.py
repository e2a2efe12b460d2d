"""Logs that Inspect AI wrote, with the answers that their README lists."""

import pytest

from assay.connectors.evals.read import read_evaluation
from assay.domain.experiments.evidence import Aggregate, RunStatus

pytestmark = pytest.mark.wild


@pytest.fixture(scope="module")
def read(request):
    folder = request.getfixturevalue("wild_data") / "eval-logs" / "inspect"

    def reading(name):
        (path,) = folder.glob(name)
        evaluation = read_evaluation(path)
        assert evaluation.reader == "inspect"
        (run,) = evaluation.runs
        return run, evaluation

    return reading


def test_cancelled_log_keeps_its_scores_and_is_no_evidence(read):
    run, evaluation = read("2025-05-12T20-28-13-04-00_popularity.json")
    assert run.status is RunStatus.STOPPED
    scores = run.scores["match"]
    assert scores.sample_ids == ("1", "2", "3")
    assert scores.values.mean() == pytest.approx(0.6667, abs=5e-5)
    assert scores.values.std(ddof=1) / 3**0.5 == pytest.approx(0.3333, abs=5e-5)
    assert any("'cancelled', so it is no evidence" in note for note in evaluation.notes)


def test_cancelled_log_without_samples_has_totals_only(read):
    run, _ = read("*_no-samples.json")
    assert run.status is RunStatus.STOPPED
    assert run.scores == {}
    assert run.aggregates == {"match": Aggregate(2 / 3, pytest.approx(1 / 3), 3)}


def test_three_right_answers_are_no_certainty(read):
    run, _ = read("*_security-guide.json")
    assert run.status is RunStatus.FINISHED
    assert run.scores["model_graded_fact"].values.tolist() == [1.0, 1.0, 1.0]
    assert run.aggregates == {}


def test_epochs_are_repeats(read):
    run, _ = read("log_streaming.eval")
    assert run.scores["match"].repeats.shape == (2, 2)
    assert run.scores["match"].values.tolist() == [0.5, 1.0]
    assert run.scores["match"].values.mean() == 0.75


def test_both_formats_of_one_run_are_read_alike(read):
    (one, _), (other, _) = read("log_read_sample.eval"), read("log_read_sample.json")
    assert one.scores["match"].values.tolist() == other.scores["match"].values.tolist() == [1.0]
    assert one.scores["match"].sample_ids == other.scores["match"].sample_ids
    assert (one.config, one.dataset, one.seed) == (other.config, other.dataset, other.seed)


def test_old_archive_whose_summaries_tell_little_is_read_from_its_samples(read):
    run, evaluation = read("2025-02-11T15-18-04-05-00_popularity_*.eval")
    scores = run.scores["match"]
    assert len(scores.sample_ids) == 10
    assert scores.values.mean() == pytest.approx(0.8)
    assert scores.values.std(ddof=1) / 10**0.5 == pytest.approx(0.1333, abs=5e-5)
    assert evaluation.examples[run.run_id]["9"].output == "Yes"


def test_log_that_ended_in_an_error_is_no_evidence(read):
    run, _ = read("2024-08-29T15-11-18+00-00_popularity_*.json")
    assert run.status is RunStatus.FAILED
    assert run.scores == {}
    assert run.aggregates == {"match": Aggregate(0.0, None, 1)}
