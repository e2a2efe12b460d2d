"""What does a route say about itself in OpenAPI? Its answer's shape, without checking every answer against it."""

from __future__ import annotations

from typing import Any


class Described(dict[str, Any]):
    """What a route says about one of its answers, and the model that gives its schema.

    The model is kept apart from what FastAPI sees: it would make a validator of it at every start, for the description alone.
    """

    def __init__(self, model: Any, description: str) -> None:
        super().__init__(description=description)
        self.model = model


def gives(model: Any, status: int = 200, *, description: str = "Done") -> dict[str, Any]:
    """Arguments of a route decorator for a JSON answer of this shape.

    The answer is written once by orjson; validating our own output again would cost more than making it.
    """
    return {
        "response_model": None,
        "status_code": status,
        "responses": {status: Described(model, description)},
    }


def gives_text(media_type: str, *, description: str) -> dict[str, Any]:
    """Arguments of a route decorator for an answer that is not JSON."""
    content = {media_type: {"schema": {"type": "string"}}}
    return {"response_model": None, "responses": {200: {"content": content, "description": description}}}


def gives_nothing() -> dict[str, Any]:
    """Arguments of a route decorator for 204."""
    return {"response_model": None, "status_code": 204}
