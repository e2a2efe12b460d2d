"""Who vouches for a checkpoint: keys, signatures, and the verifier an auditor runs without Assay."""

from __future__ import annotations

from importlib.resources import files


def offline_verifier_source() -> str:
    """Which program can an auditor run without Assay? One Python file that needs the standard library only.

    >>> offline_verifier_source().splitlines()[2].split()[:3]
    ['python', 'assay_verify.py', 'FILE']
    """
    return files(__name__).joinpath("offline_verifier.py").read_text(encoding="utf-8")
