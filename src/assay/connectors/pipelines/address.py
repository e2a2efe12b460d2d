"""Which orchestrator does an address name, and who is asked as whom?

Nothing secret is taken from an address: addresses are kept and shown. A token stands in the environment where Assay runs, together
with the address that it is for; login and password stand in a netrc file under the orchestrator's host.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from assay.connectors.tracked.logins import belongs, login_in_netrc
from assay.connectors.tracked.told import kept_text
from assay.errors import Invalid

NAMESPACE = "default"
"""As clients of OpenLineage call it where nobody says another."""
_MOST_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class Orchestrator:
    """A server that is asked about its runs."""

    kind: str
    """Such as `airflow`."""
    base: str
    """Where its pages are, without a slash at the end."""
    namespace: str
    """What its jobs are told under, as OpenLineage calls it."""
    is_named: bool
    """The address itself says the namespace."""

    @property
    def host(self) -> str:
        """Host and port, as a netrc file names it."""
        return urlsplit(self.base).netloc.lower()


def orchestrator_of(kind: str, uri: str, *, without: tuple[str, ...] = ()) -> Orchestrator:
    """Which orchestrator does this address name?

    Args:
        kind: such as `airflow`.
        uri: as a person typed or copied it: of any of its pages behind a `#`, or of its API.
        without: what may stand at the end of the path and is no part of where its pages are.

    >>> orchestrator_of("prefect", "http://127.0.0.1:4200/api/?namespace=vision", without=("/api",))
    Orchestrator(kind='prefect', base='http://127.0.0.1:4200', namespace='vision', is_named=True)

    Raises:
        Invalid: it is no address of a server, or holds a login.
    """
    text = uri.strip()
    try:
        parts = urlsplit(text)
        host, has_login = parts.hostname or "", parts.username is not None
        authority = (f"[{host}]" if ":" in host else host) + (f":{parts.port}" if parts.port else "")
        asked = parse_qs(parts.query, max_num_fields=20)
    except ValueError:
        raise _unknown(kind, "it is no address", text) from None
    if has_login:
        raise _unknown(kind, "it holds a login (a token comes from the environment or a netrc file)", "")
    if parts.scheme.lower() not in ("http", "https") or not host or len(text) > _MOST_CHARACTERS:
        raise _unknown(kind, "it is no address of a server", text)
    if secret := next((name for name in asked if name != "namespace"), None):
        raise _unknown(kind, f"it asks for {kept_text(secret)[:40]!r}, and only 'namespace' is known", "")
    path = parts.path.rstrip("/")
    for end in without:
        path = path.removesuffix(end)
    namespace = kept_text(asked.get("namespace", [""])[0]).strip()[:200]
    return Orchestrator(
        kind=kind,
        base=f"{parts.scheme.lower()}://{authority}{path}",
        namespace=namespace or NAMESPACE,
        is_named=bool(namespace),
    )


def _unknown(kind: str, fact: str, text: str) -> Invalid:
    said = f" '{kept_text(text)[:200]}'" if text else ""
    return Invalid(
        f"cannot read {kind}{said}: {fact} (expected http://HOST:PORT or https://HOST/PATH)",
        hint=f"assay connect {kind} http://HOST:PORT",
        code="tracker-uri-unknown",
        field="uri",
    )


def token_of(where: Orchestrator, environment: Mapping[str, str]) -> str | None:
    """The token in `ASSAY_KIND_TOKEN`, where `ASSAY_KIND_URL` beside it is the address of this very host; else None.

    >>> af = orchestrator_of("airflow", "https://af.example.org")
    >>> token_of(af, {"ASSAY_AIRFLOW_URL": "https://af.example.org", "ASSAY_AIRFLOW_TOKEN": "t"}), token_of(af, {"ASSAY_AIRFLOW_TOKEN": "t"})
    ('t', None)
    """
    name = f"ASSAY_{where.kind.upper()}"
    token = environment.get(f"{name}_TOKEN", "").strip()
    return token if token and belongs(environment.get(f"{name}_URL", "").strip(), where.base) else None


def login_of(where: Orchestrator, environment: Mapping[str, str]) -> tuple[str, str] | None:
    """Login and password that a netrc file has for this very host."""
    return login_in_netrc(where.host, environment)


def login_hint(where: Orchestrator) -> str:
    """What lets an orchestrator in that refused us."""
    name = f"ASSAY_{where.kind.upper()}"
    return (
        f"where Assay runs, set {name}_URL={where.base} and {name}_TOKEN, or write a login for {where.host} into ~/.netrc; "
        "then: assay sync"
    )
