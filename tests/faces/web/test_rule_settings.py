"""The rules of thumb as the Settings page sets them."""

from decimal import Decimal

import pytest
from starlette.datastructures import FormData

from assay.domain.gates.settings import KillRules, VerdictSettings
from assay.errors import Invalid
from assay.web.settings_view import verdicts_from_form

BEFORE = VerdictSettings(kill_rules=KillRules(plateau_tolerances={"loss": Decimal(1)}))


@pytest.mark.parametrize("typed", ["bleu 0.5, latency_p50 2", "bleu=0.5,latency_p50  2,"])
def test_plateau_of_a_metric_that_is_no_fraction_is_set_in_its_own_unit(typed):
    rules = verdicts_from_form(FormData({"plateau_tolerances": typed}), BEFORE).kill_rules
    assert rules.plateau_tolerances == {"bleu": Decimal("0.5"), "latency_p50": Decimal(2)}


def test_field_that_is_emptied_takes_them_away_and_one_that_is_not_sent_leaves_them():
    emptied = verdicts_from_form(FormData({"plateau_tolerances": ""}), BEFORE)
    assert emptied.kill_rules.plateau_tolerances == {}
    assert verdicts_from_form(FormData(), BEFORE).kill_rules.plateau_tolerances == {"loss": Decimal(1)}


@pytest.mark.parametrize(("typed", "named"), [("bleu", "bleu"), ("bleu -1", "bleu"), ("b€ 1", "b€")])
def test_tolerance_that_is_none_is_refused_naming_the_metric(typed, named):
    with pytest.raises(Invalid) as refused:
        verdicts_from_form(FormData({"plateau_tolerances": typed}), BEFORE)
    assert refused.value.field == named
