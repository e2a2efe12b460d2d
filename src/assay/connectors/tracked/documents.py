"""Small files of names and values that lie beside a run: JSON and YAML, with limits."""

from __future__ import annotations

import json
from typing import Any

import orjson
import yaml

from assay.connectors.tracked.folder import Folder
from assay.errors import Invalid

MAX_BYTES = 2**20
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def json_at(folder: Folder, path: str, *, limit: int = MAX_BYTES) -> dict[str, Any]:
    """The object in a JSON file. Raises Invalid, naming the file, when it holds none."""
    content = folder.content(path, limit=limit)
    try:
        told = orjson.loads(content)
    except orjson.JSONDecodeError:
        told = _python_json(folder, path, content)
    return _named(folder, path, told)


def _python_json(folder: Folder, path: str, content: bytes) -> object:
    """JSON as Python writes it, where NaN and infinities are words."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise malformed(folder, path, f"not JSON ({str(error)[:80]})") from error


def yaml_at(folder: Folder, path: str) -> dict[str, Any]:
    """The mapping in a YAML file, read without tags and aliases. Raises Invalid, naming the file, when it holds none."""
    content = folder.content(path, limit=MAX_BYTES)
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(content, Loader=_LOADER)):
            raise malformed(folder, path, "it holds YAML aliases")
        told = yaml.load(content, Loader=_LOADER)  # noqa: S506 - a safe loader, found when this is imported
    except (yaml.YAMLError, UnicodeError, ValueError, RecursionError) as error:
        raise malformed(folder, path, f"not YAML ({str(error).splitlines()[0][:80]})") from error
    return _named(folder, path, told)


def _named(folder: Folder, path: str, told: object) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise malformed(folder, path, "nothing that names its fields")
    return told


def malformed(folder: Folder, path: str, fact: str) -> Invalid:
    """The error for a file that does not hold names and values."""
    return folder.broken(path, fact, "names with values", "restore or remove it, then: assay sync")
