"""A sender that loads what it needs with its first message."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.connectors.notifications.post import WebhookPost
    from assay.workflows.webhook_ports import Answer


class LatePost:
    """Posts messages to receivers (port `MessageSender`). The HTTP client takes a while to load: only a process that sends pays for it.

    Args:
        hosts: the setting `webhook_hosts`, as it was written.
    """

    def __init__(self, hosts: str) -> None:
        self._hosts = hosts

    @cached_property
    def _post(self) -> WebhookPost:
        from assay.connectors.notifications.addresses import NamedHosts
        from assay.connectors.notifications.post import WebhookPost

        return WebhookPost(NamedHosts.of(self._hosts))

    def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """As `WebhookPost.send`."""
        return self._post.send(url, body, headers)

    def check(self, url: str) -> None:
        """As `WebhookPost.check`."""
        self._post.check(url)
