"""Files that belong to a ticket: kept by the digest of their content, downloaded and never shown."""

from __future__ import annotations

from assay.domain.experiments.attachment_names import attachment_name
from assay.domain.kernel.canonical import digest_bytes
from assay.domain.kernel.events import Event
from assay.errors import Invalid, NotFound, Refused
from assay.workflows.actor import Actor, Permission
from assay.workflows.idempotency import Remember, write_once
from assay.workflows.lookup import required_project, required_ticket
from assay.workflows.ports import ReadTransaction, Workspace, WriteTransaction
from assay.workflows.records import Attachment, Ticket

MAX_ATTACHMENT_BYTES = 10 * 1024 * 1024
MAX_ATTACHMENTS = 50


def attach_file(
    ws: Workspace,
    actor: Actor,
    slug: str,
    key: str,
    *,
    name: str,
    content: bytes,
    remember: Remember | None = None,
) -> Attachment:
    """Attach a file to a ticket. The same content twice is one attachment, under its first name.

    Raises:
        Invalid: the file is empty or larger than 10 MB, or its name has nothing that can be shown.
        Refused: the ticket has 50 files.
    """
    actor.require(Permission.WRITE_TICKETS)
    called = attachment_name(name)
    if not called:
        raise Invalid(
            "cannot attach file: its name has nothing that can be shown (expected a name such as confusion.png)",
            hint="rename the file",
            code="attachment-name",
            field="file",
        )
    if not 1 <= len(content) <= MAX_ATTACHMENT_BYTES:
        raise Invalid(
            f"cannot attach file {called!r}: it has {len(content):,} bytes (expected 1 to {MAX_ATTACHMENT_BYTES:,})",
            hint="link to where it is kept instead: a ticket has tracker links",
            code="attachment-size",
            field="file",
        )
    digest = digest_bytes(content)

    def work(tx: WriteTransaction) -> Attachment:
        project = required_project(tx, slug)
        ticket = required_ticket(tx, project, key)
        present = tx.attachments(ticket.id)
        for one in present:
            if one.digest == digest:
                return one
        if len(present) >= MAX_ATTACHMENTS:
            raise Refused(
                f"cannot attach file to {key!r}: it has {len(present)} (expected at most {MAX_ATTACHMENTS})",
                hint="remove one that is not needed",
                code="attachments-full",
                field="file",
            )
        new = Attachment(digest=digest, name=called, size=len(content), by=actor.name, at=ws.clock())
        tx.put_blob(digest, content, only_attached=True)
        tx.add_attachment(ticket.id, new)
        event = Event.of(
            "ticket.attached", project=slug, subject=key, name=called, digest=digest, size=new.size
        )
        tx.append(event, actor=actor, at=new.at)
        return new

    return write_once(ws, remember, work)


def remove_attachment(ws: Workspace, actor: Actor, slug: str, key: str, digest: str) -> None:
    """Take a file off a ticket; the journal keeps its name and digest. Its content goes where nothing else needs it.

    Raises:
        NotFound: the ticket has no such file.
    """
    actor.require(Permission.WRITE_TICKETS)

    def work(tx: WriteTransaction) -> None:
        project = required_project(tx, slug)
        ticket = required_ticket(tx, project, key)
        gone = _required(tx, ticket, digest)
        tx.remove_attachment(ticket.id, digest)
        event = Event.of(
            "ticket.attachment_removed",
            project=slug,
            subject=key,
            name=gone.name,
            digest=digest,
            content_dropped=tx.drop_unattached(digest),
        )
        tx.append(event, actor=actor, at=ws.clock())

    ws.store.write(work)


def list_attachments(ws: Workspace, actor: Actor, slug: str, key: str) -> tuple[Attachment, ...]:
    """The files of a ticket, the oldest first."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        return tuple(tx.attachments(required_ticket(tx, required_project(tx, slug), key).id))


def attachment(ws: Workspace, actor: Actor, slug: str, key: str, digest: str) -> tuple[Attachment, bytes]:
    """A file of a ticket, byte for byte; only a file that belongs to this ticket.

    Raises:
        NotFound: the ticket has no such file.
    """
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        found = _required(tx, required_ticket(tx, required_project(tx, slug), key), digest)
        content = tx.blob(digest)
        if content is None:
            raise _missing(key, digest)
        return found, content


def _required(tx: ReadTransaction, ticket: Ticket, digest: str) -> Attachment:
    found = next((one for one in tx.attachments(ticket.id) if one.digest == digest), None)
    if found is None:
        raise _missing(ticket.key, digest)
    return found


def _missing(key: str, digest: str) -> NotFound:
    return NotFound(
        f"cannot find file {digest[:24]!r} of ticket {key!r}: it has no such file",
        hint=f"assay ticket files {key}",
        code="attachment-unknown",
        field="digest",
    )
