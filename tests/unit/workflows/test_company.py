"""Who follows a ticket, and its files, over the real store."""

import pytest

from assay.errors import Invalid, NotFound, Refused
from assay.workflows.attachments import (
    MAX_ATTACHMENT_BYTES,
    MAX_ATTACHMENTS,
    attach_file,
    attachment,
    list_attachments,
    remove_attachment,
)
from assay.workflows.journal import journal_page, verify_journal
from assay.workflows.notes import add_note
from assay.workflows.ticket_page import ticket_page
from assay.workflows.tickets import create_ticket, delete_ticket
from assay.workflows.watching import unwatch, watch
from tests.unit.workflows.conftest import ADA, content

SLUG = "chatbot"


@pytest.fixture
def key(ws):
    return create_ticket(ws, ADA, SLUG, content()).key


def kinds(ws, key):
    return [row.kind for row in journal_page(ws, ADA, project=SLUG, subject=key).rows][::-1]


def test_whoever_a_note_mentions_follows_the_ticket_from_then_on(ws, key):
    add_note(ws, ADA, SLUG, key, "@grace, seed 3 looks odd; ask bob@example.org")
    add_note(ws, ADA, SLUG, key, "@grace and @joan: mended")
    assert ticket_page(ws, ADA, SLUG, key).watchers == ("grace", "joan")
    assert kinds(ws, key) == [
        "ticket.created",
        "ticket.noted",
        "ticket.watched",
        "ticket.noted",
        "ticket.watched",
    ]


def test_following_twice_is_once_and_ends_when_it_is_ended(ws, key):
    assert watch(ws, ADA, SLUG, key, " @Ada Noor ") == ("Ada Noor",)
    assert watch(ws, ADA, SLUG, key, "Ada Noor") == ("Ada Noor",)
    assert unwatch(ws, ADA, SLUG, key, "Ada Noor") == ()
    assert unwatch(ws, ADA, SLUG, key, "Ada Noor") == ()
    assert kinds(ws, key) == ["ticket.created", "ticket.watched", "ticket.unwatched"]


@pytest.mark.parametrize("name", ["", " ", "@", "a" * 81, "a\x00", "a\u202eb", "a\nb"])
def test_name_that_nobody_has_follows_nothing(ws, key, name):
    with pytest.raises(Invalid) as caught:
        watch(ws, ADA, SLUG, key, name)
    assert caught.value.code == "watcher-name"


def test_file_comes_back_byte_for_byte_and_the_same_content_is_one_file(ws, key):
    sent = bytes(range(256)) * 40
    first = attach_file(ws, ADA, SLUG, key, name="../plots/loss.png", content=sent)
    again = attach_file(ws, ADA, SLUG, key, name="other.png", content=sent)
    assert again == first
    assert (first.name, first.size) == ("loss.png", len(sent))
    assert attachment(ws, ADA, SLUG, key, first.digest) == (first, sent)
    assert ticket_page(ws, ADA, SLUG, key).attachments == (first,)


def test_file_belongs_to_its_ticket_alone_and_the_journal_keeps_that_it_was_there(ws, key):
    other = create_ticket(ws, ADA, SLUG, content()).key
    file = attach_file(ws, ADA, SLUG, key, name="a.txt", content=b"a")
    for ask in (attachment, remove_attachment):
        with pytest.raises(NotFound):
            ask(ws, ADA, SLUG, other, file.digest)
    remove_attachment(ws, ADA, SLUG, key, file.digest)
    assert list_attachments(ws, ADA, SLUG, key) == ()
    assert kinds(ws, key) == ["ticket.created", "ticket.attached", "ticket.attachment_removed"]
    with pytest.raises(NotFound):
        attachment(ws, ADA, SLUG, key, file.digest)


@pytest.mark.parametrize(
    ("name", "sent", "code"),
    [
        ("a", b"", "attachment-size"),
        ("a", b"a" * (MAX_ATTACHMENT_BYTES + 1), "attachment-size"),
        ("..", b"a", "attachment-name"),
        ("\u200b", b"a", "attachment-name"),
    ],
)
def test_file_that_cannot_be_kept_is_refused(ws, key, name, sent, code):
    with pytest.raises(Invalid) as caught:
        attach_file(ws, ADA, SLUG, key, name=name, content=sent)
    assert caught.value.code == code


def test_ticket_has_so_many_files_and_no_more(ws, key):
    for number in range(MAX_ATTACHMENTS):
        attach_file(ws, ADA, SLUG, key, name=f"{number}.txt", content=f"{number}".encode())
    with pytest.raises(Refused, match="it has 50"):
        attach_file(ws, ADA, SLUG, key, name="more.txt", content=b"more")


def blob(ws, digest):
    with ws.store.read() as tx:
        return tx.blob(digest)


def test_content_of_a_file_goes_with_the_last_ticket_that_had_it(ws, key):
    other = create_ticket(ws, ADA, SLUG, content(title="Another"))
    file = attach_file(ws, ADA, SLUG, key, name="confusion.png", content=b"shared")
    attach_file(ws, ADA, SLUG, other.key, name="same.png", content=b"shared")
    remove_attachment(ws, ADA, SLUG, key, file.digest)
    assert blob(ws, file.digest) == b"shared"
    delete_ticket(ws, ADA, SLUG, other.key, expected_version=None)
    assert blob(ws, file.digest) is None
    again = attach_file(ws, ADA, SLUG, key, name="confusion.png", content=b"shared")
    remove_attachment(ws, ADA, SLUG, key, again.digest)
    assert blob(ws, file.digest) is None
    (last,) = journal_page(ws, ADA, project=SLUG, limit=1).rows
    assert (last.payload["name"], last.payload["content_dropped"]) == ("confusion.png", True)
    assert verify_journal(ws, ADA).ok


def test_content_that_evidence_needs_stays_when_it_is_taken_off_a_ticket(ws, key):
    file = attach_file(ws, ADA, SLUG, key, name="scores.csv", content=b"example,accuracy")
    ws.store.write(lambda tx: tx.put_blob(file.digest, b"example,accuracy"))
    remove_attachment(ws, ADA, SLUG, key, file.digest)
    assert blob(ws, file.digest) == b"example,accuracy"
    assert journal_page(ws, ADA, project=SLUG, limit=1).rows[0].payload["content_dropped"] is False
