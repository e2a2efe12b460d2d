"""The sizes that docs/gates.md names are those that are planned."""

import re

import pytest

from assay.domain.gates.gate_data import gate_from_data
from assay.domain.gates.plan import PlanAsked, plan_gate
from tests.docs.pages import page, tables

ROWS = tables(page("gates.md"), "asked", "in 80% of cases it takes")


@pytest.mark.parametrize(("asked", "takes"), ROWS)
def test_size_of_the_page_is_the_one_that_is_planned(asked, takes):
    criterion = re.match(r"`(.*)`", asked)[1]
    effect = "5%" if "90%" in asked else ""
    (claim,) = plan_gate(gate_from_data({"criteria": [criterion]}, name="g"), PlanAsked(effect=effect)).claims
    assert f"{claim.one_model:,} examples" == takes
