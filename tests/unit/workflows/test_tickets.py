"""Writing, changing, linking and exchanging tickets, over the real store."""

import threading
from dataclasses import replace

import pytest

from assay.domain.board.board import Stage
from assay.domain.experiments.experiment import Baseline, LinkKind, TicketContent
from assay.domain.experiments.ticket_data import ticket_to_data
from assay.domain.kernel.ids import TicketType
from assay.domain.kernel.metrics import Direction, Metric
from assay.errors import Conflict, Invalid, NotFound, Refused, StaleVersion
from assay.workflows.actor import Actor, Permission
from assay.workflows.confirmations import attest, withdraw_attestation
from assay.workflows.exchange import export_tickets, import_tickets
from assay.workflows.idempotency import Remember, Replayed
from assay.workflows.journal import journal_page
from assay.workflows.links import link_tickets, unlink_tickets
from assay.workflows.notes import add_note
from assay.workflows.projects import (
    create_project,
    declare_metric,
    drop_metric,
    get_metrics,
    get_project,
    save_settings,
)
from assay.workflows.ticket_file import dump_ticket_text, load_ticket_text
from assay.workflows.tickets import (
    create_ticket,
    delete_ticket,
    draft_check,
    edit_ticket,
    follow_up,
    get_ticket,
)
from tests.unit.workflows.conftest import ACCURACY, ADA, content

SLUG = "chatbot"


def new(ws, **changes):
    return create_ticket(ws, ADA, SLUG, content(**changes))


def test_keys_count_up_over_all_types_of_a_project(ws):
    keys = [
        create_ticket(ws, ADA, SLUG, TicketContent(type=kind, title=f"a {kind.value}")).key
        for kind in (TicketType.EXPERIMENT, TicketType.SPIKE, TicketType.DATA, TicketType.EXPERIMENT)
    ]
    assert keys == ["EXP-1", "SPK-2", "DATA-3", "EXP-4"]


def test_two_projects_count_for_themselves(ws):
    create_project(ws, ADA, slug="other", name="Other")
    declare_metric(ws, ADA, "other", ACCURACY)
    new(ws)
    assert create_ticket(ws, ADA, "other", content()).key == "EXP-1"


def test_stale_edit_is_refused_with_the_version_that_stands(ws):
    ticket = new(ws)
    edit_ticket(ws, ADA, SLUG, ticket.key, content(title="First"), expected_version=ticket.version)
    with pytest.raises(StaleVersion) as caught:
        edit_ticket(ws, ADA, SLUG, ticket.key, content(title="Second"), expected_version=ticket.version)
    assert caught.value.details["version"] > ticket.version
    assert get_ticket(ws, ADA, SLUG, ticket.key).content.title == "First"


def test_edit_without_a_change_is_no_event(ws):
    ticket = new(ws)
    before = ws.store.last_seq()
    same = edit_ticket(ws, ADA, SLUG, ticket.key, content(), expected_version=ticket.version)
    assert same.version == ticket.version
    assert ws.store.last_seq() == before


def test_journal_says_what_changed_and_who_did_it(ws):
    ticket = new(ws)
    edit_ticket(
        ws, Actor(name="ben"), SLUG, ticket.key, content(title="Sharper"), expected_version=ticket.version
    )
    row = journal_page(ws, ADA, subject=ticket.key).rows[0]
    assert (row.kind, row.actor) == ("ticket.edited", "ben")
    assert row.payload["before"] == {"title": "Fine-tune on support tickets"}
    assert row.payload["after"] == {"title": "Sharper"}


def test_type_of_a_ticket_cannot_change(ws):
    ticket = new(ws)
    with pytest.raises(Refused, match="its type is experiment"):
        edit_ticket(
            ws, ADA, SLUG, ticket.key, content(type=TicketType.SPIKE), expected_version=ticket.version
        )


def test_criteria_on_an_undeclared_metric_are_refused_with_what_is_declared(ws):
    ticket = content()
    with pytest.raises(Invalid, match=r"not declared in this project \(declared: accuracy\)"):
        new(ws, baseline=(Baseline(metric="f1", value="0.8"),))
    assert ticket.criteria


def test_baseline_must_be_a_ticket_that_exists(ws):
    with pytest.raises(Invalid, match="no such ticket"):
        new(ws, baseline=(Baseline(metric="accuracy", ticket="EXP-99"),))


@pytest.mark.parametrize("key", ["EXP-99", "SPK-1"])
def test_unknown_ticket_is_not_found(ws, key):
    with pytest.raises(NotFound, match="no such ticket"):
        get_ticket(ws, ADA, SLUG, key)


@pytest.mark.parametrize(
    "key", ["exp-1", "EXP-0", "EXP-01", "EXP-1\n", "EXP-٣", "../EXP-1", "EXP-1" + "0" * 30]
)
def test_text_that_is_no_key_is_refused(ws, key):
    with pytest.raises(Invalid, match="expected a form such as EXP-42"):
        get_ticket(ws, ADA, SLUG, key)


def test_confirmation_can_be_taken_back(ws):
    ticket = attest(ws, ADA, SLUG, new(ws).key, item="agreed", expected_version=None)
    assert [a.by for a in ticket.attestations] == ["ada"]
    ticket = withdraw_attestation(ws, ADA, SLUG, ticket.key, item="agreed", expected_version=ticket.version)
    assert ticket.attestations == ()
    with pytest.raises(Invalid, match="not an item that people confirm"):
        attest(ws, ADA, SLUG, ticket.key, item="training_complete", expected_version=None)


def test_links_show_on_both_ends_and_never_form_a_circle_of_blockers(ws):
    first, second, third = (new(ws, title=f"t{n}").key for n in range(3))
    link_tickets(ws, ADA, SLUG, first, LinkKind.BLOCKS, second)
    link_tickets(ws, ADA, SLUG, second, LinkKind.BLOCKS, third)
    with pytest.raises(Refused, match="expected no circle"):
        link_tickets(ws, ADA, SLUG, third, LinkKind.BLOCKS, first)
    with pytest.raises(Invalid, match="cannot relate to itself"):
        link_tickets(ws, ADA, SLUG, first, LinkKind.BLOCKS, first)
    with ws.store.read() as tx:
        links = tx.links(get_ticket(ws, ADA, SLUG, second).id)
    assert {(link.key, link.outgoing) for link in links} == {(first, False), (third, True)}
    unlink_tickets(ws, ADA, SLUG, second, LinkKind.BLOCKS, third)
    link_tickets(ws, ADA, SLUG, third, LinkKind.BLOCKS, first)


def test_open_ticket_cannot_be_followed_up(ws):
    with pytest.raises(Refused, match="still open"):
        follow_up(ws, ADA, SLUG, new(ws).key)


def test_untouched_draft_can_be_deleted_and_its_key_is_never_used_again(ws):
    ticket = new(ws)
    delete_ticket(ws, ADA, SLUG, ticket.key, expected_version=ticket.version)
    with pytest.raises(NotFound):
        get_ticket(ws, ADA, SLUG, ticket.key)
    assert new(ws).key == "EXP-2"


@pytest.mark.parametrize("text", ["", "   ", "x" * 20_001])
def test_note_must_say_something_bounded(ws, text):
    with pytest.raises(Invalid, match="expected 1 to 20000"):
        add_note(ws, ADA, SLUG, new(ws).key, text)


def test_draft_without_criteria_is_told_what_is_missing(ws):
    check = draft_check(ws, ADA, SLUG, content(criteria=()))
    assert {"primary", "kill"} <= {word for p in check.problems for word in p.text.split()}


def test_export_and_import_again_change_nothing(ws):
    new(ws)
    new(ws, title="Another: with 3.10, NO and 1:30", labels=("no", "1:30"))
    documents = [
        (name, load_ticket_text(dump_ticket_text(document), name=name))
        for name, document in export_tickets(ws, ADA, SLUG)
    ]
    before = ws.store.last_seq()
    report = import_tickets(ws, ADA, SLUG, documents)
    assert report.unchanged == ("EXP-1", "EXP-2")
    assert ws.store.last_seq() == before


def test_import_into_an_empty_project_brings_the_same_tickets(ws):
    first = new(ws)
    create_project(ws, ADA, slug="copy", name="Copy")
    declare_metric(ws, ADA, "copy", ACCURACY)
    report = import_tickets(ws, ADA, "copy", export_tickets(ws, ADA, SLUG))
    assert report.created == ("EXP-1",)
    assert get_ticket(ws, ADA, "copy", "EXP-1").content == first.content


def test_links_and_baselines_travel_with_the_files_in_whatever_order_they_come(ws):
    first, second = new(ws), new(ws)
    edit_ticket(
        ws,
        ADA,
        SLUG,
        first.key,
        content(baseline=(Baseline(metric="accuracy", ticket=second.key),)),
        expected_version=None,
    )
    link_tickets(ws, ADA, SLUG, first.key, LinkKind.BLOCKS, second.key)
    documents = dict(export_tickets(ws, ADA, SLUG))
    assert documents["EXP-1.yaml"]["links"] == {"blocks": ["EXP-2"]}
    assert "links" not in documents["EXP-2.yaml"]
    create_project(ws, ADA, slug="copy", name="Copy")
    declare_metric(ws, ADA, "copy", ACCURACY)
    assert set(import_tickets(ws, ADA, "copy", documents.items()).created) == {"EXP-1", "EXP-2"}
    assert dict(export_tickets(ws, ADA, "copy")) == documents
    before = ws.store.last_seq()
    assert import_tickets(ws, ADA, "copy", documents.items()).unchanged == ("EXP-2", "EXP-1")
    assert ws.store.last_seq() == before


def test_file_without_links_leaves_them_alone_and_one_with_others_replaces_them(ws):
    first, second = new(ws), new(ws)
    link_tickets(ws, ADA, SLUG, first.key, LinkKind.BLOCKS, second.key)
    documents = dict(export_tickets(ws, ADA, SLUG))
    without = {name: value for name, value in documents["EXP-1.yaml"].items() if name != "links"}
    assert import_tickets(ws, ADA, SLUG, [("a", without)]).unchanged == ("EXP-1",)
    turned = [
        ("a", {**without, "links": {}}),
        ("b", {**documents["EXP-2.yaml"], "links": {"blocks": ["EXP-1"]}}),
    ]
    assert import_tickets(ws, ADA, SLUG, turned).changed == ("EXP-1", "EXP-2")
    assert [document.get("links") for _, document in export_tickets(ws, ADA, SLUG)] == [
        None,
        {"blocks": ["EXP-1"]},
    ]


@pytest.mark.parametrize(
    ("links", "field"),
    [
        ({"blocs": ["EXP-2"]}, "links.blocs"),
        ({"blocks": "EXP-2"}, "links.blocks"),
        ({"blocks": ["EXP-0"]}, "links.blocks[0]"),
        ({"uses_baseline_of": ["EXP-2"]}, "links.uses_baseline_of"),
        ({"blocks": ["EXP-1"]}, "other"),
        (["EXP-2"], "links"),
    ],
)
def test_links_that_cannot_be_read_bring_nothing_in(ws, links, field):
    new(ws)
    with pytest.raises(Invalid, match=r"a\.yaml") as caught:
        import_tickets(ws, ADA, SLUG, [("a.yaml", {"key": "EXP-1", "title": "New", "links": links})])
    assert caught.value.field == field
    assert get_ticket(ws, ADA, SLUG, "EXP-1").content.title != "New"


def test_bad_document_brings_nothing_in_and_names_its_file(ws):
    good = ("good.yaml", {"type": "experiment", "title": "Good"})
    bad = ("bad.yaml", {"type": "experiment", "title": "Bad", "hypotesis": "typo"})
    with pytest.raises(Invalid, match=r"bad\.yaml") as caught:
        import_tickets(ws, ADA, SLUG, [good, bad])
    assert "hypothesis" in caught.value.message
    assert export_tickets(ws, ADA, SLUG) == ()


def test_same_request_sent_in_parallel_is_one_ticket_and_equal_answers(ws):
    def remember(digest="same"):
        return Remember(
            scope="ada POST tickets",
            key="k1",
            request_digest=digest,
            render=lambda ticket: (201, ticket.key.encode(), {}),
        )

    answers = []

    def post():
        try:
            answers.append(create_ticket(ws, ADA, SLUG, content(), remember=remember()).key.encode())
        except Replayed as replayed:
            answers.append(replayed.answer.body)

    people = [threading.Thread(target=post) for _ in range(20)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert answers == [b"EXP-1"] * 20
    assert len(export_tickets(ws, ADA, SLUG)) == 1
    with pytest.raises(Conflict, match="sent before with another request"):
        create_ticket(ws, ADA, SLUG, content(), remember=remember("other"))


def test_metric_in_use_cannot_be_dropped(ws):
    new(ws)
    with pytest.raises(Refused, match="EXP-1 use it"):
        drop_metric(ws, ADA, SLUG, "accuracy")
    declare_metric(ws, ADA, SLUG, Metric(name="cost", direction=Direction.LOWER))
    drop_metric(ws, ADA, SLUG, "cost")
    assert get_metrics(ws, ADA, SLUG).get("cost") is None


def test_metric_name_that_is_an_alias_elsewhere_is_taken(ws):
    declare_metric(ws, ADA, SLUG, ACCURACY.model_copy(update={"aliases": ("acc",)}))
    with pytest.raises(Conflict, match="'acc' already means 'accuracy'"):
        declare_metric(ws, ADA, SLUG, Metric(name="acc", direction=Direction.HIGHER))


def test_settings_edited_by_two_have_one_winner(ws):
    project = get_project(ws, ADA, SLUG)
    save_settings(ws, ADA, SLUG, expected_version=project.version, name="Renamed")
    with pytest.raises(StaleVersion):
        save_settings(ws, ADA, SLUG, expected_version=project.version, name="Lost")
    assert get_project(ws, ADA, SLUG).name == "Renamed"


def test_column_that_holds_cards_cannot_be_removed(ws):
    new(ws)
    project = get_project(ws, ADA, SLUG)
    board = project.settings.board
    smaller = board.model_copy(
        update={
            "stages": board.stages[1:],
            "transitions": tuple(t for t in board.transitions if "backlog" not in (t.source, t.target)),
        }
    )
    with pytest.raises(Refused, match="it holds 1 card "):
        save_settings(ws, ADA, SLUG, expected_version=project.version, board=smaller)


@pytest.mark.parametrize(
    ("change", "field", "fact"),
    [
        (lambda board: {"transitions": board.transitions[1:]}, "board.stages.0", "no move out of backlog"),
        (
            lambda board: {"transitions": (*board.transitions, board.transitions[0])},
            "board.transitions.18.target",
            "a second time",
        ),
        (
            lambda board: {"stages": (_titled(board.stages[0], "Ideas\u2028"), *board.stages[1:])},
            "board.stages.0.title",
            "one line of text",
        ),
        (
            lambda board: {
                "stages": tuple(Stage(key=f"c{n}", title="C") for n in range(31)),
                "transitions": (),
            },
            "board.stages",
            "31",
        ),
    ],
)
def test_board_that_a_file_would_be_refused_for_is_refused_in_settings_too(ws, change, field, fact):
    project = get_project(ws, ADA, SLUG)
    board = project.settings.board.model_copy(update=change(project.settings.board))
    with pytest.raises(Invalid, match=fact) as error:
        save_settings(ws, ADA, SLUG, expected_version=project.version, board=board)
    assert error.value.field == field
    assert field in str(error.value)


def _titled(stage, title):
    return stage.model_copy(update={"title": title})


def test_board_from_before_a_rule_stays_while_other_settings_change(ws):
    project = get_project(ws, ADA, SLUG)
    old = project.settings.board.model_copy(update={"transitions": project.settings.board.transitions[1:]})
    settings = project.settings.model_copy(update={"board": old})
    assert ws.store.write(lambda tx: tx.save_project(replace(project, settings=settings)))
    saved = save_settings(ws, ADA, SLUG, expected_version=project.version + 1, name="Renamed", board=old)
    assert (saved.name, saved.settings.board) == ("Renamed", old)


def test_reader_may_look_and_not_touch(ws):
    reader = Actor(name="eve", permissions=frozenset({Permission.READ}))
    ticket = new(ws)
    assert get_ticket(ws, reader, SLUG, ticket.key).key == ticket.key
    with pytest.raises(Exception, match="missing permission"):
        create_ticket(ws, reader, SLUG, content())


@pytest.mark.parametrize(
    ("key", "error", "says"),
    [
        ("EXP-999999999", Invalid, "expected a number up to 1,000,000"),
        ("EXP-1", Conflict, "belongs to SPK-1"),
    ],
)
def test_imported_number_that_would_break_the_numbering_is_refused(ws, key, error, says):
    create_ticket(ws, ADA, SLUG, TicketContent(type=TicketType.SPIKE, title="first"))
    with pytest.raises(error, match=says):
        import_tickets(ws, ADA, SLUG, [("a.yaml", {"key": key, "title": "imported"})])
    assert new(ws).key == "EXP-2"


def test_key_of_a_deleted_ticket_comes_back_with_that_ticket_alone(ws):
    ticket = new(ws)
    data = {"key": ticket.key, **ticket_to_data(ticket.content)}
    delete_ticket(ws, ADA, SLUG, ticket.key, expected_version=ticket.version)
    other = {"key": ticket.key, "title": "Another life"}
    with pytest.raises(Conflict, match="another ticket of this key was deleted"):
        import_tickets(ws, ADA, SLUG, [("other.yaml", other)])
    import_tickets(ws, ADA, SLUG, [("same.yaml", data)])
    assert get_ticket(ws, ADA, SLUG, ticket.key).content == ticket.content
