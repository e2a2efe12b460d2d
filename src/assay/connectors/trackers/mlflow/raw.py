"""A run as MLflow keeps it, before it is read as evidence: the same shape from tables and from REST."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from assay.connectors.tracked.told import kept_text
from assay.domain.experiments.evidence import Curve, FloatArray, IntArray

LARGEST_FLOAT = np.finfo(np.float64).max
MAX_REFERENCE_CHARACTERS = 2000
_PLAIN_REFERENCE = re.compile(r"[^@?#]*\Z")
# Azure writes the container where others write a login.
_CONTAINER_SCHEMES = ("abfs", "abfss", "wasb", "wasbs")


@dataclass(frozen=True, slots=True)
class LoggedDataset:
    """One data set logged as input of a run."""

    name: str
    digest: str
    context: str
    """MLflow's context tag, such as `training` or `eval`; empty when none was given."""


class RawRun(NamedTuple):
    """One run of an MLflow store; times are milliseconds since 1970."""

    external_id: str
    name: str
    status: str
    started_ms: int | None
    ended_ms: int | None
    deleted: bool
    experiment_id: str
    experiment_name: str
    artifact_uri: str
    params: Mapping[str, str]
    tags: Mapping[str, str]
    inputs: tuple[LoggedDataset, ...]
    curves: Mapping[str, Curve]


def clean_text(value: object) -> str:
    r"""How is a text of the tracker kept: as Unicode without NUL, which PostgreSQL cannot hold.

    >>> clean_text(None), clean_text("a\x00b"), clean_text(3)
    ('', 'a\ufffdb', '3')
    """
    if type(value) is str and value.isascii() and "\x00" not in value:
        return value
    if value is None:
        return ""
    return kept_text(value)


def kept_reference(artifact_uri: str) -> str | None:
    """Where do the files of a run lie, as it may be stored and shown: without login, query and fragment? None when unknown.

    >>> kept_reference("s3://KEY:SECRET@models/1/0af3/artifacts?token=x"), kept_reference("")
    ('s3://models/1/0af3/artifacts', None)
    >>> kept_reference("abfss://runs@account.example/1/0af3/artifacts"), kept_reference("/data/#1/0af3/artifacts")
    ('abfss://runs@account.example/1/0af3/artifacts', '/data/#1/0af3/artifacts')
    """
    if not artifact_uri or len(artifact_uri) > MAX_REFERENCE_CHARACTERS:
        return None
    if artifact_uri.startswith("/") or _PLAIN_REFERENCE.match(artifact_uri):
        return artifact_uri
    scheme, separator, rest = re.split(r"[?#]", artifact_uri, maxsplit=1)[0].partition("://")
    authority, slash, path = rest.partition("/")
    login, at, host = authority.rpartition("@")
    if at and scheme in _CONTAINER_SCHEMES:
        host = f"{login.partition(':')[0]}@{host}"
    return f"{scheme}{separator}{host}{slash}{path}"


def unclamped(values: FloatArray) -> FloatArray:
    """What was logged, where MLflow's tables hold the largest float for an infinity? Works in place.

    The tables cannot hold an infinity, so the client stores plus or minus 1.7976931348623157e308 for it. A run that
    really logged that very number reads as infinite too.
    """
    values[values >= LARGEST_FLOAT] = np.inf
    values[values <= -LARGEST_FLOAT] = -np.inf
    return values


def curve_in_mlflow_order(steps: IntArray, values: FloatArray, times_ms: IntArray) -> Curve:
    """Which order do the points of one metric have: step, then time, then value, as MLflow finds its latest one."""
    if len(steps) > 1:
        order = np.lexsort((values, times_ms, steps))
        steps, values, times_ms = steps[order], values[order], times_ms[order]
    return Curve(steps=steps, values=values, times_ms=times_ms)
