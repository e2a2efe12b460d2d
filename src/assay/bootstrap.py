"""The one place that joins workflows to storage and connectors, and where the real clock is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from assay.connectors.evals.long_form import read_scores
from assay.connectors.signing.ed25519 import SigningKey
from assay.connectors.trackers.mlflow.source import MlflowSource
from assay.settings import Settings
from assay.storage.open import open_store
from assay.workflows.ports import Workspace


def _now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def open_workspace(settings: Settings, *, server_url: str | None = None) -> Iterator[Workspace]:
    """Everything workflows need, open; closed when the block is left.

    Args:
        settings: which installation.
        server_url: where this process serves, told to a second process that finds the store in use.

    Raises:
        Unavailable: another process has the store open.
    """
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    signer = SigningKey.load_or_create(settings.key_file)
    store = open_store(settings.store_url, server_url=server_url)
    try:
        yield Workspace(
            store=store,
            clock=_now,
            sources={"mlflow": MlflowSource()},
            read_scores=read_scores,
            signer=signer,
            instance_id=store.instance_id(),
        )
    finally:
        store.close()
