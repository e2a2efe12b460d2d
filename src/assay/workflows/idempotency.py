"""The same POST twice is one change and two equal answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from assay.errors import Conflict
from assay.workflows.ports import Workspace, WriteTransaction
from assay.workflows.records import StoredAnswer

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Remember:
    """How a face wants an answer kept: under which key, for which request, rendered how."""

    scope: str
    """Actor and route: one person's key never meets another's."""
    key: str
    request_digest: str
    render: Callable[[object], tuple[int, bytes, dict[str, str]]]
    """Result of the workflow to (status, body, headers)."""


class Replayed(Exception):
    """This request was answered before; here is that answer."""

    def __init__(self, answer: StoredAnswer) -> None:
        super().__init__("answered before")
        self.answer = answer


def write_once(ws: Workspace, remember: Remember | None, work: Callable[[WriteTransaction], T]) -> T:
    """Run `work` in one transaction, and keep its answer there when the caller sent an Idempotency-Key.

    Raises:
        Replayed: the same request was answered before.
        Conflict: the key was used for another request.
    """
    return ws.store.write(once(ws, remember, work))


def once(
    ws: Workspace, remember: Remember | None, work: Callable[[WriteTransaction], T]
) -> Callable[[WriteTransaction], T]:
    """`work` as `write_once` runs it, for a face that submits it and awaits the future."""
    if remember is None:
        return work

    def with_answer(tx: WriteTransaction) -> T:
        earlier = tx.answer(remember.scope, remember.key)
        if earlier is not None:
            _same_request(earlier, remember)
            raise Replayed(earlier)
        result = work(tx)
        status, body, headers = remember.render(result)
        answer = StoredAnswer(
            request_digest=remember.request_digest, status=status, body=body, headers=headers
        )
        tx.put_answer(remember.scope, remember.key, answer, at=ws.clock())
        return result

    return with_answer


def _same_request(earlier: StoredAnswer, remember: Remember) -> None:
    if earlier.request_digest != remember.request_digest:
        raise Conflict(
            f"cannot reuse Idempotency-Key {remember.key!r}: it was sent before with another request "
            "(expected a new key for a new request)",
            hint="send the request with a new Idempotency-Key",
            code="idempotency-key-reused",
            field="Idempotency-Key",
        )
