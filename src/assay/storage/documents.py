"""Which value does this stored text stand for? Parsed once: equal text gives the same frozen value."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic_core import PydanticSerializationError

from assay.domain.experiments.experiment import Decision, Lock, TicketContent
from assay.domain.gates.gate import Gate
from assay.domain.sprints.sprint import Retro, SprintContent
from assay.errors import Invalid
from assay.workflows.records import Attestation, Override, ProjectSettings

_ATTESTATIONS = TypeAdapter(tuple[Attestation, ...])
_OVERRIDES = TypeAdapter(tuple[Override, ...])


@lru_cache(maxsize=4096)
def content(text: str) -> TicketContent:
    """The content of a ticket."""
    return TicketContent.model_validate_json(text)


@lru_cache(maxsize=1024)
def lock(text: str) -> Lock:
    """A pre-registration."""
    return Lock.model_validate_json(text)


@lru_cache(maxsize=1024)
def decision(text: str) -> Decision:
    """A decision."""
    return Decision.model_validate_json(text)


@lru_cache(maxsize=256)
def project_settings(text: str) -> ProjectSettings:
    """Settings of a project."""
    return ProjectSettings.model_validate_json(text)


@lru_cache(maxsize=256)
def gate(text: str) -> Gate:
    """A version of a gate."""
    return Gate.model_validate_json(text)


@lru_cache(maxsize=256)
def sprint(text: str) -> SprintContent:
    """What people wrote about a sprint."""
    return SprintContent.model_validate_json(text)


@lru_cache(maxsize=256)
def retro(text: str) -> Retro:
    """What a team took from a sprint."""
    return Retro.model_validate_json(text)


@lru_cache(maxsize=2048)
def attestations(text: str) -> tuple[Attestation, ...]:
    """What people vouch for."""
    return _ATTESTATIONS.validate_json(text)


@lru_cache(maxsize=2048)
def overrides(text: str) -> tuple[Override, ...]:
    """Gates passed by a person's word."""
    return _OVERRIDES.validate_json(text)


def text_of(model: BaseModel) -> str:
    """How is a value stored?

    Raises:
        Invalid: a text in it is not valid Unicode.
    """
    try:
        return model.model_dump_json()
    except (PydanticSerializationError, UnicodeEncodeError) as error:
        raise _not_storable(error) from error


def text_of_attestations(items: tuple[Attestation, ...]) -> str:
    """How are attestations stored?"""
    return _dumped(_ATTESTATIONS, items)


def text_of_overrides(items: tuple[Override, ...]) -> str:
    """How are overrides stored?"""
    return _dumped(_OVERRIDES, items)


def _dumped(adapter: TypeAdapter[Any], value: object) -> str:
    try:
        return adapter.dump_json(value).decode()
    except (PydanticSerializationError, UnicodeEncodeError) as error:
        raise _not_storable(error) from error


def _not_storable(error: Exception) -> Invalid:
    return Invalid(
        f"cannot store value: {error} (expected valid Unicode text)",
        hint="remove the broken characters and send it again",
        code="value-not-storable",
    )
