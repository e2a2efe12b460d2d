"""A run means the same wherever it was logged: MLflow's tables and trackers' files are read by the same rules."""

import pytest

from assay.connectors.tracked import told
from assay.connectors.trackers.mlflow import assemble

TICKETS = [
    ({"assay.ticket": "EXP-7"}, "EXP-42 depth"),
    ({"assay.ticket": " exp-7 "}, ""),
    ({"assay.ticket": "search/exp-7"}, ""),
    ({"assay.ticket": "nonsense"}, "EXP-42"),
    ({}, "EXP-42_wide"),
    ({}, "EXP-42b"),
    ({}, "exp-42"),
    ({}, ""),
]
SEEDS = [
    ({"seed": "3"}, {}),
    ({"seed": "x", "random_state": "4"}, {}),
    ({"seed": "5"}, {"seed": "6"}),
    ({}, {"random_seed": "+7"}),
    ({"seed": "8"}, {"assay.seed": "9"}),
    ({"seed": "1.0"}, {}),
    ({"seed": "9" * 81}, {}),
    ({}, {}),
]


@pytest.mark.parametrize(("tags", "experiment"), TICKETS)
def test_ticket_is_the_same_from_tables_and_from_files(tags, experiment):
    assert told.ticket_of(tags, experiment) == assemble.ticket_of(tags, experiment)


@pytest.mark.parametrize(("params", "tags"), SEEDS)
def test_seed_is_the_same_from_tables_and_from_files(params, tags):
    assert told.seed_of(params, tags) == assemble.seed_of(params, tags)
