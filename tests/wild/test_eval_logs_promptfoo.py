"""Output of promptfoo, version 3, with the answers that its README lists."""

import pytest

from assay.connectors.evals.read import read_evaluation

pytestmark = pytest.mark.wild


def test_one_failure_below_its_threshold_is_read_with_latency_and_cost(wild_data):
    found = read_evaluation(wild_data / "eval-logs" / "promptfoo")
    (run,) = found.runs
    assert found.reader == "promptfoo"
    assert run.config["provider"] == "openai:gpt-4o-mini"
    assert run.scores_error is None
    values = {name: scores.values.tolist() for name, scores in run.scores.items()}
    assert values["passed"] == [0.0]
    assert values["score"] == [pytest.approx(0.8203, abs=5e-5)]
    assert values["latency_ms"] == [1352.0]
    assert values["cost"] == [8.1e-06]
    assert values["Performance"] == [0.5]


def test_folder_of_four_tools_is_ambiguous(wild_data):
    from assay.errors import Invalid

    with pytest.raises(Invalid, match="results of more than one tool") as refused:
        read_evaluation(wild_data / "eval-logs")
    assert "--reader" in refused.value.hint
