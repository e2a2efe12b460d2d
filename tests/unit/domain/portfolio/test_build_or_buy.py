"""What options cost over the years, and which of them fit."""

from decimal import Decimal

import pytest

from assay.domain.portfolio.build_or_buy import BuildOrBuy, Option, Route, Sensitivity, compare, cost
from assay.domain.portfolio.plain_data import document_from_data, document_to_data
from assay.errors import Invalid
from assay.workflows.choices import EXAMPLE
from assay.workflows.ticket_file import load_ticket_text

ASKED = document_from_data(BuildOrBuy, load_ticket_text(EXAMPLE))


def test_cost_is_setup_months_volume_with_growth_and_maintenance():
    own, _, api = ASKED.options
    months = 12 * (Decimal(400) + 3 * 700)
    assert [cost(ASKED, own, years).usd for years in (1, 2, 3)] == [60000 + n * months for n in (1, 2, 3)]
    requests = [Decimal(2_400_000) * growth for growth in (1, Decimal("1.2"), Decimal("1.44"))]
    calls = [sum(requests[:n]) / 1000 * Decimal("4.5") for n in (1, 2, 3)]
    found = [cost(ASKED, api, years).usd for years in (1, 2, 3)]
    assert found == [3000 + one + n * 12 * Decimal("0.5") * 700 for n, one in enumerate(calls, 1)]


def test_cheapest_is_marked_among_those_that_may_see_the_data_and_are_fast_enough():
    own, tuned, api = compare(ASKED)
    assert [one.sees_data for one in (own, tuned, api)] == [True, True, False]
    assert api.costs[0].usd < tuned.costs[0].usd < own.costs[0].usd
    assert [one.is_cheapest for one in (own, tuned, api)] == [(False,) * 3, (True,) * 3, (False,) * 3]
    slow = ASKED.model_copy(update={"latency_limit_ms": Decimal(50)})
    assert [one.is_cheapest[0] for one in compare(slow)] == [True, False, False]


def test_cost_with_an_unknown_part_is_unknown_and_says_which():
    option = Option(name="x", route=Route.API, setup_usd=0, monthly_usd=0, per_1000_usd=1, maintenance_days=1)
    asked = BuildOrBuy(
        question="x", options=(option, Option(name="y", route=Route.BUILD, may_see=Sensitivity.PUBLIC))
    )
    x, y = compare(asked)
    assert (x.costs[0].usd, x.costs[0].missing) == (None, ("requests_per_month", "person_day_usd"))
    assert y.costs[2].missing == ("setup_usd", "monthly_usd", "per_1000_usd", "maintenance_days")
    assert (x.sees_data, y.sees_data, x.fast_enough, x.is_cheapest) == (None, None, None, (False,) * 3)


def test_part_that_is_free_needs_no_volume():
    option = Option(
        name="x", route=Route.BUILD, setup_usd=5, monthly_usd=1, per_1000_usd=0, maintenance_days=0
    )
    assert cost(BuildOrBuy(question="x", options=(option,)), option, 2).usd == 29


def test_comparison_is_written_and_read_without_loss():
    assert document_from_data(BuildOrBuy, document_to_data(ASKED)) == ASKED


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"chosen": "Nobody", "reason": "x"}, ""),
        ({"chosen": "Our own model"}, ""),
        ({"options": [{"name": "x"}]}, "options[0].route"),
        ({"options": [{"name": "x", "route": "rent"}]}, "options[0].route"),
        ({"options": [{"name": "x", "route": "api", "setup_usd": -1}]}, "options[0].setup_usd"),
        ({"requests_per_month": True}, "requests_per_month"),
        ({"sensitivity": "secret"}, "sensitivity"),
        ({"price": 3}, "price"),
    ],
)
def test_error_names_the_field(change, field):
    with pytest.raises(Invalid) as caught:
        document_from_data(BuildOrBuy, load_ticket_text(EXAMPLE) | change)
    assert caught.value.field == field
