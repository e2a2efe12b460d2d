"""Routes that FastAPI builds when somebody asks for them: a server has hundreds, and most of them answer nobody before it stops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi.routing import APIRoute
from starlette.routing import compile_path, get_name


class RouteWhenAsked(APIRoute):
    """A route that knows from the start what finds it; parameters, models and handler are made at the first need.

    What is wrong with the signature of its function is told then, too: tests describe every route in OpenAPI and look at its
    dependencies.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self._unbuilt: dict[str, Any] | None = options
        self.path, self.endpoint = path, endpoint
        self.name = options.get("name") or get_name(endpoint)
        self.methods = {method.upper() for method in options.get("methods") or ("GET",)}
        self.include_in_schema = options.get("include_in_schema", True)
        self.path_regex, self.path_format, self.param_convertors = compile_path(path)

    def __getattr__(self, name: str) -> Any:
        """Asked for what is not there yet: all of it is made."""
        options = self.__dict__.get("_unbuilt")
        if options is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        self._unbuilt = None
        super().__init__(self.path, self.endpoint, **options)
        return getattr(self, name)
