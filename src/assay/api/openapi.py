"""The description of the API (OpenAPI 3.1), with the form that every error takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from assay.api.problems import ProblemDocument


def with_problems(describe: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    """The same description, with the problem document that its error answers refer to."""

    def described() -> dict[str, Any]:
        document = describe()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        if "ProblemDocument" not in schemas:
            schemas["ProblemDocument"] = ProblemDocument.model_json_schema()
        return document

    return described
