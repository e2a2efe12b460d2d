"""What is expected of an experiment: read and written without loss, and what is no prediction."""

import pytest

from assay.domain.experiments.experiment import TicketContent
from assay.domain.experiments.prediction import Effect, Prediction
from assay.domain.experiments.preregistration import registration_digest, registration_of
from assay.domain.experiments.ticket_data import ticket_from_data, ticket_to_data
from assay.domain.kernel.metrics import MetricCatalog
from assay.errors import Invalid
from assay.workflows.ticket_file import dump_ticket_text, load_ticket_text

METRICS = MetricCatalog()
WRITTEN = """\
title: Rerank with a cross-encoder
prediction:
  chance: 35%
  effect: {low: -0.01, mid: 0.02, high: 0.05}
  person_days: 3.5
  gpu_hours: 0
  training_days: 3
  evaluation_days: 2
  reward: 40000
  cost_of_delay: {business_value: 8, time_criticality: 3, risk_reduction: 5, job_size: 2}
place: {rank: 1, reason: the regulator waits for it}
"""


def read(text):
    return ticket_from_data(load_ticket_text(text), METRICS)


def test_prediction_written_by_hand_is_read_and_written_back_without_loss():
    content = read(WRITTEN)
    assert content.prediction.chance * 100 == 35
    assert content.prediction.gpu_hours == 0  # needs none, which is not the same as not said
    data = ticket_to_data(content, METRICS)
    assert data["prediction"]["chance"] == 0.35
    assert ticket_from_data(load_ticket_text(dump_ticket_text(data)), METRICS) == content


@pytest.mark.parametrize(
    "empty", ["prediction:", "prediction: {}", "prediction: {chance: , cost_of_delay: {}}"]
)
def test_prediction_that_leaves_all_open_is_none(empty):
    content = read(f"title: x\n{empty}\n")
    assert content == TicketContent(title="x")
    assert "prediction" not in ticket_to_data(content, METRICS)


@pytest.mark.parametrize(
    ("prediction", "field"),
    [
        ({"chance": 0}, "prediction.chance"),
        ({"chance": 1}, "prediction.chance"),
        ({"chance": "100%"}, "prediction.chance"),
        ({"chance": True}, "prediction.chance"),
        ({"chance": float("nan")}, "prediction.chance"),
        ({"effect": {"low": 0, "mid": 0.1}}, "prediction.effect"),
        ({"effect": {"low": 0, "mid": 0.1, "high": 0.05}}, "prediction.effect"),
        ({"effect": {"mean": 0, "sd": 0.1, "high": 1}}, "prediction.effect"),
        ({"effect": {"mean": 0, "sd": -0.1}}, "prediction.effect.sd"),
        ({"effect": {"mean": float("inf"), "sd": 1}}, "prediction.effect.mean"),
        ({"person_days": -1}, "prediction.person_days"),
        ({"reward": 0}, "prediction.reward"),
        ({"cost_of_delay": {"job_size": 4}}, "prediction.cost_of_delay.job_size"),
        ({"cost_of_delay": {"job_size": True}}, "prediction.cost_of_delay.job_size"),
        ({"chances": 0.5}, "prediction.chances"),
    ],
)
def test_what_is_no_prediction_is_refused_with_its_place(prediction, field):
    with pytest.raises(Invalid) as caught:
        ticket_from_data({"title": "x", "prediction": prediction}, METRICS)
    assert caught.value.field == field


def test_place_needs_a_reason():
    with pytest.raises(Invalid):
        ticket_from_data({"title": "x", "place": {"rank": 1, "reason": " "}}, METRICS)


def test_prediction_is_no_part_of_what_a_lock_hashes():
    plain = TicketContent(title="x", hypothesis="It helps.")
    expected = plain.model_copy(
        update={"prediction": Prediction(chance="0.4", effect=Effect(mean=0, sd="0.1"))}
    )
    assert registration_digest(registration_of(plain, METRICS)) == registration_digest(
        registration_of(expected, METRICS)
    )
