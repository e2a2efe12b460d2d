"""An amendment has to say as much as the lock had to: it cannot leave a ticket that decides nothing."""

import pytest

from assay.domain.experiments.criteria.text import parse_criterion
from assay.domain.experiments.experiment import Budget
from assay.domain.kernel.findings import Role
from assay.errors import Refused
from assay.workflows.tickets import edit_ticket, get_ticket
from tests.unit.workflows.conftest import ADA, CATALOG, content
from tests.unit.workflows.test_life_of_an_experiment import SLUG, start


def criteria(**texts):
    return tuple(parse_criterion(text, metrics=CATALOG, role=Role(role)) for role, text in texts.items())


INCOMPLETE = {
    "no criteria": ({"criteria": ()}, "primary-missing"),
    "nothing to stop it": ({"criteria": criteria(primary="accuracy >= 80%")}, "kill-missing"),
    "nothing to reach": ({"criteria": criteria(kill="accuracy < 70%")}, "primary-missing"),
    "at odds": ({"criteria": criteria(primary="accuracy >= 80%", kill="accuracy < 90%")}, "contradiction"),
    "always met": ({"criteria": criteria(primary="accuracy >= 0%", kill="accuracy < 0%")}, "vacuous"),
    "no hypothesis": ({"hypothesis": " "}, "hypothesis-missing"),
    "no budget": (
        {"criteria": criteria(primary="accuracy >= 80%", kill="compute > 2x budget"), "budget": Budget()},
        "budget-missing",
    ),
}


@pytest.mark.parametrize(("changes", "problem"), INCOMPLETE.values(), ids=INCOMPLETE)
def test_amendment_that_could_not_have_been_locked_is_refused_and_changes_nothing(ws, changes, problem):
    ticket = start(ws)
    with pytest.raises(Refused, match="cannot amend ticket") as error:
        edit_ticket(
            ws, ADA, SLUG, ticket.key, content(**changes), expected_version=ticket.version, amendment_reason="why"
        )  # fmt: skip
    assert error.value.code == "registration-incomplete"
    assert any(found["code"].startswith(problem) for found in error.value.details["problems"])
    assert error.value.hint
    kept = get_ticket(ws, ADA, SLUG, ticket.key)
    assert (kept.version, kept.content, kept.lock) == (ticket.version, ticket.content, ticket.lock)


def test_amendment_that_holds_is_kept(ws):
    ticket = start(ws)
    easier = content(criteria=criteria(primary="accuracy >= 80%", kill="accuracy < 60%"))
    edit_ticket(ws, ADA, SLUG, ticket.key, easier, expected_version=ticket.version, amendment_reason="why")
    assert len(get_ticket(ws, ADA, SLUG, ticket.key).lock.amendments) == 1
