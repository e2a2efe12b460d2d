"""Relations between tickets do not lead back to where they began, and who tries is told the whole circle."""

import threading
from itertools import pairwise

import pytest

from assay.domain.experiments.experiment import LinkKind, TicketContent
from assay.domain.kernel.ids import TicketType
from assay.errors import Invalid, Refused
from assay.workflows.exchange import export_tickets, import_tickets
from assay.workflows.links import link_tickets, unlink_tickets
from assay.workflows.projects import create_project
from assay.workflows.tickets import create_ticket, get_ticket
from tests.unit.workflows.conftest import ADA
from tests.unit.workflows.test_life_of_an_experiment import SLUG

BLOCKS, NEEDS = LinkKind.BLOCKS, LinkKind.NEEDS_DATA


def made(ws, kind=TicketType.EXPERIMENT):
    return create_ticket(ws, ADA, SLUG, TicketContent(type=kind, title="One of several")).key


def link(ws, key, kind, other):
    link_tickets(ws, ADA, SLUG, key, kind, other)


def links_of(ws):
    with ws.store.read() as tx:
        return tx.project_links(tx.project(SLUG).id)


def test_experiment_and_data_cannot_wait_for_each_other(ws):
    key, data = made(ws), made(ws, TicketType.DATA)
    link(ws, key, NEEDS, data)
    for one, kind, other in ((data, NEEDS, key), (key, BLOCKS, data)):
        with pytest.raises(Refused) as caught:
            link(ws, one, kind, other)
        assert caught.value.code == "link-circle"
        assert (
            f"each would wait for the next, {data} -> {key} -> {data} (expected no circle)"
            in caught.value.message
        )
        assert caught.value.details == {"circle": [data, key, data]}
        assert caught.value.hint
    assert links_of(ws) == [(key, NEEDS, data)]
    link(ws, data, BLOCKS, key)  # says the same once more


def test_circle_is_found_through_others_and_through_both_relations(ws):
    first, second, data = made(ws), made(ws), made(ws, TicketType.DATA)
    link(ws, first, BLOCKS, second)
    link(ws, first, NEEDS, data)
    with pytest.raises(Refused, match=f"{data} -> {second} -> {first} -> {data} "):
        link(ws, data, NEEDS, second)
    with pytest.raises(Refused, match=f"{data} -> {second} -> {first} -> {data} "):
        link(ws, second, BLOCKS, data)
    unlink_tickets(ws, ADA, SLUG, first, NEEDS, data)
    link(ws, data, NEEDS, second)


@pytest.mark.parametrize("kind", [LinkKind.DERIVED_FROM, LinkKind.DUPLICATES, LinkKind.FOLLOW_UP_OF])
def test_nothing_comes_from_itself(ws, kind):
    first, second, third = (made(ws) for _ in range(3))
    link(ws, second, kind, first)
    link(ws, third, kind, second)
    with pytest.raises(Refused, match=f"{first} -> {third} -> {second} -> {first} "):
        link(ws, first, kind, third)
    link(ws, first, BLOCKS, third)  # another relation is another question


def test_long_circle_is_named_in_part_and_told_whole_in_its_details(ws):
    keys = [made(ws) for _ in range(15)]
    for one, other in pairwise(keys):
        link(ws, one, NEEDS, other)
    with pytest.raises(Refused) as caught:
        link(ws, keys[-1], NEEDS, keys[0])
    assert caught.value.details["circle"] == [keys[-1], *keys]
    assert f" -> ... -> {keys[-2]} -> {keys[-1]} (expected" in caught.value.message


def test_two_who_close_a_circle_from_both_ends_at_once_do_not_both_get_it(ws):
    first, second = made(ws), made(ws)
    outcomes = []

    def ask(one, other):
        try:
            link(ws, one, NEEDS, other)
            outcomes.append("linked")
        except Refused as refused:
            outcomes.append(refused.code)

    people = [threading.Thread(target=ask, args=pair) for pair in ((first, second), (second, first))]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sorted(outcomes) == ["link-circle", "linked"]


def test_export_that_already_holds_a_circle_comes_in_elsewhere_without_the_links_that_close_it(ws):
    first, second = made(ws), made(ws)
    link(ws, first, NEEDS, second)
    number = {key: get_ticket(ws, ADA, SLUG, key).id for key in (first, second)}
    # As an instance may hold it that is older than the rule.
    ws.store.write(lambda tx: tx.add_link(number[second], NEEDS, number[first]))
    files = export_tickets(ws, ADA, SLUG)
    assert import_tickets(ws, ADA, SLUG, files).unchanged == (first, second)
    create_project(ws, ADA, slug="elsewhere", name="Elsewhere")
    with pytest.raises(Refused, match="would wait for the next") as caught:
        import_tickets(ws, ADA, "elsewhere", files)
    assert "--leave-out-circles" in caught.value.hint
    report = import_tickets(ws, ADA, "elsewhere", files, leave_out_circles=True)
    assert (report.created, report.left_out) == ((first, second), (f"{second} needs_data {first}",))
    assert import_tickets(ws, ADA, "elsewhere", files, leave_out_circles=True).left_out == report.left_out


def test_file_with_a_circle_is_refused_whole_and_one_that_turns_a_link_around_is_not(ws):
    first, second = made(ws), made(ws)
    link(ws, first, NEEDS, second)
    documents = {document["key"]: document for _, document in export_tickets(ws, ADA, SLUG)}
    circle = {**documents[second], "links": {"needs_data": [first]}, "title": "Renamed"}
    with pytest.raises((Refused, Invalid), match=f"{second} -> {first} -> {second}"):
        import_tickets(ws, ADA, SLUG, [("circle.yaml", circle)])
    assert links_of(ws) == [(first, NEEDS, second)]
    import_tickets(ws, ADA, SLUG, [("a.yaml", circle), ("b.yaml", {**documents[first], "links": {}})])
    assert links_of(ws) == [(second, NEEDS, first)]
