"""The description of the API (OpenAPI 3.1), with the form that every error takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from fastapi.routing import APIRoute
from fastapi.utils import create_model_field
from starlette.routing import BaseRoute

from assay.api.answers import Described
from assay.api.problems import ProblemDocument


def complete(
    describe: Callable[[], dict[str, Any]], routes: Iterable[BaseRoute]
) -> Callable[[], dict[str, Any]]:
    """The same description, with the schema of every answer and the problem document that errors refer to."""

    def described() -> dict[str, Any]:
        for route in routes:
            if isinstance(route, APIRoute) and not route.response_fields:
                route.response_fields = dict(_answers(route))
        document = describe()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        if "ProblemDocument" not in schemas:
            schemas["ProblemDocument"] = ProblemDocument.model_json_schema()
        return document

    return described


def _answers(route: APIRoute) -> Iterable[tuple[int | str, Any]]:
    for status, answer in route.responses.items():
        if isinstance(answer, Described):
            name = f"Response_{status}_{route.unique_id}"
            yield status, create_model_field(name=name, type_=answer.model, mode="serialization")
