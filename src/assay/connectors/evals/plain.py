"""Plain files: CSV, JSON, JSON Lines or Parquet with one row an example and run, or one row a run."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from assay.connectors.evals.files import EvalFile, content_digest
from assay.connectors.evals.json_files import outline
from assay.connectors.evals.plain_examples import IdPool, example_runs
from assay.connectors.evals.plain_roles import PlainTable, roles_of, wanted_columns
from assay.connectors.evals.plain_run_rows import row_runs
from assay.connectors.evals.reader import ReadOptions
from assay.connectors.evals.runs import merged
from assay.connectors.evals.text_tables import header_of, read_table
from assay.domain.experiments.evidence import Evaluation

_PARQUET_MAGIC = b"PAR1"


class PlainReader:
    """Files of our own simple forms: long (`sample_id, seed, metric, value`), wide (`sample_id, seed, accuracy, ...`)."""

    name = "plain"

    def recognises(self, head: bytes) -> bool:
        if head[:4] == _PARQUET_MAGIC:
            return True
        if head[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{"):
            paths = outline(head, depth=2)
            return ("sample_id",) in paths or ("*", "sample_id") in paths
        columns = set(header_of(head))
        return "sample_id" in columns or (len(columns) > 1 and bool(columns & {"seed", "run"}))

    def read(self, files: Sequence[EvalFile], options: ReadOptions) -> Evaluation:
        return plain_evaluation([_read(file, options) for file in files], reader=self.name)


def plain_evaluation(plain: Sequence[PlainTable], *, reader: str) -> Evaluation:
    """What do these tables hold, each with its roles? One side of a gate."""
    pool = IdPool()
    parts = [example_runs(one, pool) if "sample_id" in one.roles.one else row_runs(one) for one in plain]
    texts = {run_id: some for part in parts for run_id, some in part.examples.items()}
    runs, examples = merged((run for part in parts for run in part.runs), texts)
    return Evaluation(
        runs=runs,
        examples=examples,
        reader=reader,
        notes=(
            *(note for one in plain for note in one.roles.notes),
            *(n for part in parts for n in part.notes),
        ),
        digest=hashlib.sha256("\n".join(sorted(one.digest for one in plain)).encode()).hexdigest(),
    )


def _read(file: EvalFile, options: ReadOptions) -> PlainTable:
    content = file.content()
    table = read_table(file.name, content, wanted_columns(options))
    digest = content_digest([(file.name, content)])
    return PlainTable(file, digest, table, roles_of(file.name, table, options), options)
