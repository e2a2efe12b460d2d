"""The installation, its journal and its backups as they travel."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict


class Health(TypedDict):
    """Alive."""

    status: str


class Ready(TypedDict):
    """Able to answer."""

    status: str
    version: str
    entries: int


class Instance(TypedDict):
    """Which installation this is."""

    version: str
    instance: str
    key_id: str
    actor: str
    permissions: list[str]
    projects: list[str]
    entries: int
    default_project: str


class CheckpointList(TypedDict):
    """Signed checkpoints, oldest first."""

    rows: list[dict[str, Any]]


class ProofDocument(TypedDict):
    """A proof with the signed checkpoint it holds against."""

    proof: dict[str, Any]
    checkpoint: dict[str, Any]


class KeyDocument(TypedDict):
    """The public key that checkpoints are signed with."""

    key_id: str
    pem: str


class BackupDocument(TypedDict):
    """A backup that was made."""

    name: str
    path: str
    bytes: int
    manifest: dict[str, Any]


class FactDocument(TypedDict):
    """One thing that was looked at. `ok` false needs a person; null is for information."""

    name: str
    value: str
    ok: bool | None
    advice: str


class DiagnosisDocument(TypedDict):
    """What was found about this installation."""

    ok: bool
    rows: list[FactDocument]
