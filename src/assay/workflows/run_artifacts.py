"""What a run left behind: where its files lie, and what they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from assay.domain.experiments.evidence import Run


@dataclass(frozen=True, slots=True)
class ArtifactFile:
    """One file below the artifact root of a run."""

    path: str
    """Below the root, parts joined by /."""
    size_bytes: int | None
    """None when it was not opened."""
    sha256: str | None
    note: str
    """Why there is no digest; empty where there is one."""


@dataclass(frozen=True, slots=True)
class ArtifactFolder:
    """The files of a run at one moment, by path."""

    files: tuple[ArtifactFile, ...]
    left_out: tuple[str, ...] = ()
    """What the limits have cut off, in words; empty when every file is listed."""
    fault: str = ""
    """Why nothing can be listed; else empty."""


class ArtifactLister(Protocol):
    """Looks at the files of a run on this machine."""

    def __call__(self, reference: str, external_id: str) -> ArtifactFolder | None:
        """The files of a run, or None where its reference is no folder of its own on this machine."""
        ...


def artifacts_url(run: Run) -> str | None:
    """The page of the tracker that shows the files of a run; None where no server of the tracker is known."""
    return f"{run.url}/artifacts" if run.url and run.artifacts else None


def listed_artifacts(run: Run, look: ArtifactLister) -> ArtifactFolder:
    """The files of a run with size and SHA-256, or why they cannot be listed here.

    A run that was read over a server has its files there, whatever its reference says: no path of another machine is opened.
    """
    if run.artifacts is None:
        return ArtifactFolder((), fault="where they lie is not known")
    found = None if run.url else look(run.artifacts, run.external_id)
    if found is None:
        place = (
            "the tracker's server has them" if run.url else "they lie in no folder of the run on this machine"
        )
        return ArtifactFolder((), fault=place)
    return found
