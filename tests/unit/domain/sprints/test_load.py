"""What a sprint's tickets ask for, by kind of work, against what there is."""

from decimal import Decimal

from assay.domain.experiments.experiment import Budget, Mode, TicketContent
from assay.domain.experiments.prediction import Prediction
from assay.domain.kernel.ids import TicketType
from assay.domain.sprints.load import load_of, overloads, silence_text
from assay.domain.sprints.sprint import Capacity, Split, Work


def explore(**prediction):
    return TicketContent(title="Idea", mode=Mode.EXPLORE, prediction=Prediction(**prediction))


def test_what_was_predicted_counts_before_the_budget_and_silence_is_not_zero():
    silent = TicketContent(title="Nobody said", budget=Budget(gpu_hours=8))
    load = load_of({"EXP-1": explore(person_days=3, gpu_hours=2), "EXP-2": silent})
    assert (load.person_days.total, load.gpu_hours.total) == (Decimal(3), Decimal(10))
    assert (load.person_days.silent, load.gpu_hours.silent) == (("EXP-2",), ())
    assert silence_text(load) == "Not counted: 1 ticket without person-days (EXP-2)."


def test_other_work_asks_for_its_time_box_and_no_gpu():
    task = TicketContent(type=TicketType.ENGINEERING, title="Quantise", time_box_days=5)
    load = load_of({"ENG-1": task})
    assert load.person_days.by_work == {Work.ENGINEERING: Decimal(5)}
    assert (load.gpu_hours.total, load.gpu_hours.silent) == (0, ())
    assert silence_text(load) == ""


def test_more_than_a_kind_of_work_was_given_is_told_beside_what_is_more_than_all():
    load = load_of(
        {"EXP-1": explore(person_days=6, gpu_hours=1), "EXP-2": explore(person_days=5, gpu_hours=1)}
    )
    people = Split(available=Decimal(10), percent={Work.EXPLORATION: 50})
    assert overloads(load, Capacity(person_days=people)) == (
        "11 person-days are asked for, 1 more than the 10 there are",
        "exploration asks for 11 person-days, its share is 5",
    )
    assert (load.explore, load.exploit) == (2, 0)


def test_where_nobody_said_how_much_there_is_nothing_is_too_much():
    assert overloads(load_of({"EXP-1": explore(person_days=600, gpu_hours=1)}), Capacity()) == ()


def test_what_nobody_said_of_any_ticket_is_not_known_and_never_nothing():
    silent = TicketContent(title="Nobody says")
    load = load_of({"EXP-1": silent, "EXP-2": silent})
    assert (load.person_days.total, load.gpu_hours.total) == (None, None)
    assert overloads(load, Capacity(person_days=Split(available=Decimal(1)))) == ()
    known = load_of(
        {"EXP-1": silent, "EXP-2": TicketContent(title="x", prediction=Prediction(person_days=3))}
    )
    assert (known.person_days.total, known.person_days.silent) == (Decimal(3), ("EXP-1",))
    assert load_of({}).person_days.total == 0
