"""Which files of an experiment hold metrics, plots and parameters: what its `dvc.yaml` say."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

import yaml

from assay.connectors.tracked.documents import MAX_BYTES, SAFE_LOADER, Holder, malformed

_MAX_STAGES = 10_000


class Declared:
    """What the files `dvc.yaml` of an experiment name: paths from the project's folder."""

    def __init__(self) -> None:
        self.metrics: set[str] = set()
        self.plots: set[str] = set()
        self.params: set[str] = set()

    def all(self) -> set[str]:
        """Every file and folder that is named."""
        return self.metrics | self.plots | self.params

    def add(self, holder: Holder, path: str) -> None:
        """What this file names. Raises Invalid when it is no such file."""
        try:
            # Aliases are usual in it, and nothing of it is unfolded.
            told = yaml.load(holder.content(path, limit=MAX_BYTES), Loader=SAFE_LOADER)  # noqa: S506 - a safe loader
        except (yaml.YAMLError, UnicodeError, ValueError, RecursionError) as error:
            raise malformed(holder, path, f"not YAML ({str(error).splitlines()[0][:80]})") from error
        stages = told.get("stages") if isinstance(told, dict) else None
        parts = [told, *(stages.values() if isinstance(stages, dict) else ())]
        for part in parts[:_MAX_STAGES]:
            if not isinstance(part, dict):
                continue
            folder = joined(folder_of(path), part["wdir"] if isinstance(part.get("wdir"), str) else "")
            for name, found in (("metrics", self.metrics), ("plots", self.plots)):
                found |= set(_paths(part.get(name), folder))
            is_stage = part is not told
            # A stage names parameters of params.yaml, and files as those that have some.
            named = [one for one in _entries(part.get("params")) if not (is_stage and isinstance(one, str))]
            self.params |= set(_paths(named, folder))


def _entries(told: object) -> list[object]:
    return told if isinstance(told, list) else []


def _paths(told: object, folder: str) -> Iterator[str]:
    """The paths in a list of paths, perhaps with options each; one with a variable in it names nothing yet."""
    for entry in _entries(told):
        for path in entry if isinstance(entry, dict) else (entry,):
            if isinstance(path, str) and path and "${" not in path:
                yield joined(folder, path)


def joined(folder: str, path: str) -> str:
    """A path within a folder of the project, itself from the project's folder.

    >>> joined("", "metrics.json"), joined("a/b", "../c.yaml"), joined("", ".")
    ('metrics.json', 'a/c.yaml', '')
    """
    whole = posixpath.normpath(posixpath.join(folder, path))
    return "" if whole == "." else whole


def name_of(path: str) -> str:
    """The last part of a path."""
    return path.rpartition("/")[2]


def folder_of(path: str) -> str:
    """The folder that a path lies in; empty for the project's own."""
    return path.rpartition("/")[0]
