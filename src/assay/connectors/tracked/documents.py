"""Small files of names and values that lie beside a run: JSON and YAML, with limits."""

from __future__ import annotations

import json
from typing import Any, Protocol

import orjson
import yaml

from assay.errors import Invalid

MAX_BYTES = 2**20
SAFE_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Holder(Protocol):
    """Where such files lie: a folder, or a commit."""

    def content(self, path: str, *, limit: int = ...) -> bytes:
        """The whole of a file. Raises Invalid when it is larger than the limit or cannot be read."""
        ...

    def broken(self, path: str, fact: str, expected: str, hint: str) -> Invalid:
        """The error for one file."""
        ...


def json_at(folder: Holder, path: str, *, limit: int = MAX_BYTES) -> dict[str, Any]:
    """The object in a JSON file. Raises Invalid, naming the file, when it holds none."""
    content = folder.content(path, limit=limit)
    try:
        told = orjson.loads(content)
    except orjson.JSONDecodeError:
        told = _python_json(folder, path, content)
    return _named(folder, path, told)


def _python_json(folder: Holder, path: str, content: bytes) -> object:
    """JSON as Python writes it, where NaN and infinities are words."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise malformed(folder, path, f"not JSON ({str(error)[:80]})") from error


def yaml_at(folder: Holder, path: str) -> dict[str, Any]:
    """The mapping in a YAML file, read without tags and aliases. Raises Invalid, naming the file, when it holds none."""
    content = folder.content(path, limit=MAX_BYTES)
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(content, Loader=SAFE_LOADER)):
            raise malformed(folder, path, "it holds YAML aliases")
        told = yaml.load(content, Loader=SAFE_LOADER)  # noqa: S506 - a safe loader, found when this is imported
    except (yaml.YAMLError, UnicodeError, ValueError, RecursionError) as error:
        raise malformed(folder, path, f"not YAML ({str(error).splitlines()[0][:80]})") from error
    return _named(folder, path, told)


def _named(folder: Holder, path: str, told: object) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise malformed(folder, path, "nothing that names its fields")
    return told


def malformed(folder: Holder, path: str, fact: str) -> Invalid:
    """The error for a file that does not hold names and values."""
    return folder.broken(path, fact, "names with values", "restore or remove it, then: assay sync")
