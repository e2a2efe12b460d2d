"""The one base of every domain value: frozen, and strict about unknown fields."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from assay.domain.kernel.canonical import exact_integer

ExactInteger = Annotated[int | str, BeforeValidator(exact_integer)]
"""An integer of any size in a record: text beyond 2^53 - 1, which JSON's readers would round."""


class Value(BaseModel):
    """An immutable value compared by its content; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
