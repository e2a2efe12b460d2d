"""The one base of every domain value: frozen, and strict about unknown fields."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError

from assay.domain.kernel.canonical import exact_integer

ExactInteger = Annotated[int | str, BeforeValidator(exact_integer)]
"""An integer of any size in a record: text beyond 2^53 - 1, which JSON's readers would round."""


def _no_boolean(value: object) -> object:
    if isinstance(value, bool):
        raise PydanticCustomError("boolean_as_number", "Input should be a number, not true or false")
    return value


NUMBER = BeforeValidator(_no_boolean)
"""On a field that people write: `true` is no number there, although Python counts with it as 1."""


class Value(BaseModel):
    """An immutable value compared by its content; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
