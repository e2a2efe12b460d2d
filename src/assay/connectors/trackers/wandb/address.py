"""Which W&B server and which project does an address name, and whose key is it asked with?

A key belongs to a host. The one in `WANDB_API_KEY` belongs to the host of `WANDB_BASE_URL`, or to W&B's own when that is not set;
every other host's stands in a netrc file, where `wandb login` writes it. So an address that somebody types here never gets
the key of another server. Neither a password nor a key is taken from an address: addresses are kept and shown.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from assay.connectors.tracked.logins import login_in_netrc
from assay.connectors.tracked.told import kept_text
from assay.errors import Invalid

CLOUD = "https://api.wandb.ai"
_CLOUD_HOSTS = ("wandb.ai", "www.wandb.ai", "app.wandb.ai", "api.wandb.ai")
_NAMES = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,127}/(?!\.+\Z)[^/\\#?%:\x00-\x1f\x7f]{1,128}\Z", re.ASCII)
_PAGES = frozenset(
    ("artifacts", "automations", "groups", "jobs", "overview", "reports", "runs", "sweeps", "table", "weave", "workspace")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class WandbProject:
    """A project on a W&B server."""

    base: str
    """Where its API is, without `/graphql`."""
    entity: str
    project: str

    @property
    def shown(self) -> str:
        """The address of its page."""
        page = "https://wandb.ai" if self.base == CLOUD else self.base
        return f"{page}/{quote(self.entity)}/{quote(self.project)}"

    @property
    def host(self) -> str:
        """Host and port of the API, as a netrc file names it."""
        return urlsplit(self.base).netloc.lower()


def is_of_a_server(uri: str) -> bool:
    """Is this the address of a project on a server, and none of a folder on this machine?

    >>> is_of_a_server("https://wandb.ai/acme/depth"), is_of_a_server("./wandb"), is_of_a_server("file:///data/wandb")
    (True, False, False)
    >>> is_of_a_server("acme/no-such-folder-here")
    True
    """
    text = uri.strip()
    if text.lower().startswith(("http://", "https://")):
        return True
    # As a Path it would raise where a name is too long.
    return bool(_NAMES.match(text)) and not os.path.lexists(text)


def project_of(uri: str) -> WandbProject:
    """Which project does this address name?

    >>> project_of("https://wandb.ai/acme/depth/runs/3ojed7lz?nw=x")
    WandbProject(base='https://api.wandb.ai', entity='acme', project='depth')
    >>> project_of("http://127.0.0.1:8080/acme/depth").base, project_of("acme/depth").shown
    ('http://127.0.0.1:8080', 'https://wandb.ai/acme/depth')

    Raises:
        Invalid: it names none, or holds a login.
    """
    text = uri.strip()
    if "://" not in text:
        text = f"https://wandb.ai/{text}"
    try:
        parts = urlsplit(text)
        host, has_login = (parts.hostname or "").lower(), parts.username is not None
        authority = host if parts.port is None else f"{host}:{parts.port}"
    except ValueError:
        raise _unknown("it is no address", text) from None
    if has_login:
        raise _unknown("it holds a login (expected none: a key comes from WANDB_API_KEY or a netrc file)", "")
    path = [unquote(part) for part in parts.path.split("/") if part]
    end = next((place for place, part in enumerate(path) if place > 1 and part in _PAGES), len(path))
    *below, entity, project = ["", *path[:end]] if end > 1 else ["", "", ""]
    if not host or not _NAMES.match(f"{entity}/{project}"):
        raise _unknown("it names no project", text)
    if host in _CLOUD_HOSTS:
        return WandbProject(CLOUD, entity, project)
    return WandbProject("/".join((f"{parts.scheme}://{authority}", *filter(None, below))), entity, project)


def _unknown(fact: str, text: str) -> Invalid:
    said = f" '{kept_text(text)[:200]}'" if text else ""
    return Invalid(
        f"cannot read W&B project{said}: {fact} (expected ENTITY/PROJECT, or https://HOST/ENTITY/PROJECT)",
        hint="assay connect wandb https://wandb.ai/ENTITY/PROJECT; for files: assay connect wandb ./wandb",
        code="tracker-uri-unknown",
        field="uri",
    )


def api_key(project: WandbProject, environment: Mapping[str, str]) -> str | None:
    """The key that belongs to the project's host; None when there is none.

    >>> depth = project_of("https://wandb.ai/acme/depth")
    >>> api_key(depth, {"WANDB_API_KEY": "k", "NETRC": "/none"}), api_key(project_of("https://evil.example/a/b"), {"WANDB_API_KEY": "k", "NETRC": "/none"})
    ('k', None)
    """
    key = environment.get("WANDB_API_KEY", "").strip()
    told = environment.get("WANDB_BASE_URL", "").strip() or CLOUD
    if key and _host_of(told) == project.host and not _is_downgraded(told, project):
        return key
    return _key_in_netrc(project, environment)


def _host_of(base: str) -> str:
    host = urlsplit(base if "://" in base else f"https://{base}").netloc.lower()
    return "api.wandb.ai" if host in _CLOUD_HOSTS else host


def _is_downgraded(told: str, project: WandbProject) -> bool:
    """A key for https is not sent in the clear because somebody typed http."""
    return told.startswith("https://") and project.base.startswith("http://")


def _key_in_netrc(project: WandbProject, environment: Mapping[str, str]) -> str | None:
    """What `wandb login` wrote."""
    found = login_in_netrc(project.host, environment)
    return None if found is None else found[1]
