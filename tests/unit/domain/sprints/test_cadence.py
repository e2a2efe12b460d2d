"""Which cadence fits: every combination of answers."""

from itertools import product

import pytest

from assay.domain.kernel.ids import TicketType
from assay.domain.sprints.cadence import Answers, Cadence, MainWork, advise
from tests.docs.pages import page, tables

E, M, P = MainWork.EXPERIMENTS, MainWork.MIXED, MainWork.PRODUCT
SCRUM, KANBAN, SCRUMBAN = Cadence.SCRUM, Cadence.KANBAN, Cadence.SCRUMBAN
TRUTH = {
    (E, False, False): KANBAN,
    (E, False, True): KANBAN,
    (E, True, False): SCRUMBAN,
    (E, True, True): SCRUMBAN,
    (M, False, False): SCRUMBAN,
    (M, False, True): SCRUMBAN,
    (M, True, False): SCRUMBAN,
    (M, True, True): SCRUM,
    (P, False, False): SCRUM,
    (P, False, True): SCRUM,
    (P, True, False): SCRUM,
    (P, True, True): SCRUM,
}


@pytest.mark.parametrize("answers", list(product(MainWork, (False, True), (False, True))))
def test_advice_follows_the_truth_table_and_has_a_reason_for_each_answer(answers):
    work, soon, dates = answers
    advice = advise(Answers(work, ships_soon=soon, outside_dates=dates))
    assert advice.cadence is TRUTH[answers]
    assert len(set(advice.reasons)) == 3
    assert all(reason.endswith(".") for reason in advice.reasons)


def test_documentation_has_the_same_table():
    told = {}
    for work, soon, dates, cadence in tables(
        page("sprints.md"), "most of the work", "something ships within two months"
    ):
        both = {"yes": (True,), "no": (False,), "either": (False, True)}
        for key in product((MainWork(work),), both[soon], both[dates]):
            told[key] = Cadence(cadence.lower())
    assert told == TRUTH


def test_only_what_asks_a_question_flows_and_only_beside_sprints():
    assert [kind for kind in TicketType if SCRUMBAN.flows(kind)] == [TicketType.EXPERIMENT, TicketType.SPIKE]
    assert not any(cadence.flows(kind) for cadence in (SCRUM, KANBAN) for kind in TicketType)
    assert [cadence.has_sprints for cadence in (SCRUM, KANBAN, SCRUMBAN)] == [True, False, True]
