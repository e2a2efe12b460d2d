"""What do evaluation results hold that came as bytes: sent by a browser or program, or read back from the store?"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from assay.connectors.evals.files import EvalFile
from assay.connectors.evals.leak_search import search_leaks
from assay.connectors.evals.read import read_evaluation
from assay.domain.experiments.evidence import Evaluation
from assay.domain.gates.gate import Gate
from assay.domain.gates.needs import Needs
from assay.domain.gates.overlap import Overlap
from assay.domain.kernel.metrics import Metric


def read_uploaded(
    files: Mapping[str, bytes],
    *,
    reader: str | None = None,
    metrics: Sequence[Metric] = (),
    needs: Needs | None = None,
) -> Evaluation:
    """What do these files hold? As `read_evaluation` of a folder with them; of one file, as of that file.

    Args:
        files: content by name. The names are labels for messages and digests; on disk each file is called by its digest.
        reader: name of the reader; None finds it by content.
        metrics: declarations to check values against.
        needs: what of the files is looked at; None: everything, with texts short enough to be shown.

    Raises:
        Invalid: as `read_evaluation`.
    """
    with tempfile.TemporaryDirectory(prefix="assay-results-") as folder:
        return read_evaluation(
            [_kept(Path(folder), name, content) for name, content in sorted(files.items())],
            reader=reader,
            metrics=metrics,
            needs=needs,
        )


def search_sent_leaks(
    gate: Gate, evaluation: Evaluation, files: Mapping[str, bytes]
) -> Mapping[int, Overlap]:
    """What does the evaluation share with these files of training data, by the number of the leakage check?

    Raises:
        Invalid: a file cannot be read, or the evaluation has no texts to compare.
    """
    with tempfile.TemporaryDirectory(prefix="assay-training-") as folder:
        kept = {name: _kept(Path(folder), name, content) for name, content in files.items()}
        return search_leaks(gate, evaluation, kept)


def _kept(folder: Path, name: str, content: bytes) -> EvalFile:
    path = folder / sha256(content).hexdigest()
    path.write_bytes(content)
    return EvalFile(path, name)
