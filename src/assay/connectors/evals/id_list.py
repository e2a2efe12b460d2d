"""Which examples does a list of ids name, such as a golden set picked by hand?"""

from __future__ import annotations

import csv
import io

from assay.connectors.evals.faults import unreadable
from assay.domain.kernel.canonical import digest_bytes

MAX_BYTES = 4 * 2**20
MAX_IDS = 10_000
ID_COLUMN = "sample_id"


def read_ids(content: bytes, *, name: str) -> tuple[tuple[str, ...], str]:
    r"""The ids of a list, and the digest of its bytes.

    Args:
        content: CSV or plain text, one id a row: the column `sample_id` where the first row names one, else the first
            column of every row. Empty rows are left out.
        name: the file's name, for errors.

    Raises:
        Invalid: empty, too large, not UTF-8, or an id stands twice.

    >>> read_ids(b"sample_id,why\nq1,hard\nq2,legal\n", name="golden.csv")[0]
    ('q1', 'q2')
    """
    hint = f"write one id a row, or a column {ID_COLUMN}"
    if len(content) > MAX_BYTES:
        raise unreadable(name, f"{len(content):,} bytes", f"at most {MAX_BYTES:,}", hint=hint)
    try:
        rows = [row for row in csv.reader(io.StringIO(content.decode("utf-8-sig"))) if any(row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise unreadable(name, str(error), "CSV in UTF-8", hint=hint) from error
    header = [cell.strip() for cell in rows[0]] if rows else []
    column = header.index(ID_COLUMN) if ID_COLUMN in header else 0
    ids = [_cell(row, column) for row in (rows[1:] if ID_COLUMN in header else rows)]
    if not all(ids) or not ids:
        place = f"row {ids.index('') + 1} without an id" if ids else "no id"
        raise unreadable(name, place, "one id a row", hint=hint)
    twice = (
        next((one for place, one in enumerate(ids) if one in set(ids[:place])), None)
        if len(set(ids)) < len(ids)
        else None
    )
    if twice is not None:
        raise unreadable(
            name, f"the id '{twice[:60]}' twice", "each id once", hint="take one of the rows out"
        )
    if len(ids) > MAX_IDS:
        raise unreadable(
            name, f"{len(ids):,} ids", f"at most {MAX_IDS:,}", hint="pick fewer examples by hand"
        )
    return tuple(ids), digest_bytes(content)


def _cell(row: list[str], column: int) -> str:
    return row[column].strip() if column < len(row) else ""
