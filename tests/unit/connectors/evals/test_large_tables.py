"""The columnar path reads what the row by row path reads."""

import csv
import io

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from assay.connectors.evals import text_tables
from assay.connectors.evals.frame_table import table_of
from assay.connectors.evals.parquet_child import ParquetChild
from assay.connectors.evals.table import MixedColumn, NumberColumn, labels_of, packed, unpacked
from assay.connectors.evals.text_tables import Wanted, read_table

CELLS = st.sampled_from(
    ["1", "0", "0.5", "-3", "+4", "1e3", ".5", "5.", "nan", "Inf", "-infinity", "1_0", "٣", "true", "False", "x", "é", "", " 2 "]
)  # fmt: skip


def same(one, other) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, NumberColumn):
        return (
            np.array_equal(one.values, other.values, equal_nan=True)
            and np.array_equal(one.empty, other.empty)
            and one.whole == other.whole
        )
    if isinstance(one, MixedColumn) and (one.row, one.value) != (other.row, other.value):
        return False
    first, second = labels_of(one), labels_of(other)
    return [first.text(i) for i in range(len(first.codes))] == [
        second.text(i) for i in range(len(second.codes))
    ]


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8))
def test_every_cell_means_the_same_in_a_small_and_in_a_large_csv(rows):
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([("sample_id", "a", "b"), *((f"q{i}", *row) for i, row in enumerate(rows))])
    content = buffer.getvalue().encode()
    wanted = Wanted(frozenset(["sample_id"]))
    small = read_table("r.csv", content, wanted)
    frame = pl.read_csv(io.BytesIO(content), infer_schema=False)
    large = unpacked(memoryview(b"".join(packed(table_of(frame, wanted.as_text, wanted.texts, cells=True)))))
    assert list(small.columns) == list(large.columns)
    for name, column in small.columns.items():
        assert same(column, large.columns[name]), name


def test_large_csv_is_read_by_the_child_with_the_same_result(monkeypatch):
    rows = [f"q{i % 50},{i // 50},{i % 3 / 2},topic {i % 7}" for i in range(500)]
    content = "\n".join(["sample_id,seed,score,topic", *rows, ""]).encode()
    small = read_table("r.csv", content, Wanted(frozenset(["sample_id"])))
    asked = []
    decode = ParquetChild.table
    monkeypatch.setattr(text_tables, "LARGE_CSV_BYTES", 0)
    monkeypatch.setattr(ParquetChild, "table", lambda *a, **k: asked.append(1) or decode(*a, **k))
    large = read_table("r.csv", content, Wanted(frozenset(["sample_id"])))
    assert asked == [1]
    assert all(same(column, large.columns[name]) for name, column in small.columns.items())


def test_ids_of_blocks_and_of_scattered_rows_are_coded_alike():
    ids = [f"q{i}" for i in range(4)]
    for order in (ids * 3, ids * 2 + ids[::-1], ["q0", *ids, "q3", "q1"], ["q0"] * 4):
        frame = pl.DataFrame({"sample_id": order, "topic": [name[-1:] for name in order]})
        columns = table_of(frame, frozenset(["sample_id"]), frozenset(), cells=False).columns
        assert [columns["sample_id"].text(i) for i in range(len(order))] == order
        assert [columns["topic"].text(i) for i in range(len(order))] == [name[-1:] for name in order]


def test_names_with_line_breaks_and_other_control_characters_travel_whole():
    names = ["a\nb", "c\x0b", "\x0c", "d"]
    table = table_of(pl.DataFrame({"sample_id": names}), frozenset(["sample_id"]), frozenset(), cells=False)
    assert unpacked(memoryview(b"".join(packed(table)))).columns["sample_id"].names == tuple(names)


def test_whole_numbers_travel_small_and_mean_the_same():
    held = {"right": [True, False], "seed": [-7, 300], "tokens": [2**40, 1], "far": [2**63 - 1, -(2**63)]}
    frame = pl.DataFrame({"sample_id": ["a", "b"], **held})
    table = unpacked(
        memoryview(b"".join(packed(table_of(frame, frozenset(["sample_id"]), frozenset(), cells=False))))
    )
    for name, values in held.items():
        assert table.columns[name].values.tolist() == [float(value) for value in values]
        assert table.columns[name].whole
    assert [table.columns[name].values.dtype.itemsize for name in ("right", "seed")] == [1, 2]


def test_ids_of_many_examples_stay_one_text_and_tell_whether_they_rise():
    names = [f"q{number:04d}" for number in range(2000)]
    for order, rising in ((names, True), (names[::-1], False)):
        table = table_of(
            pl.DataFrame({"sample_id": order * 2}), frozenset(["sample_id"]), frozenset(), cells=False
        )
        ids = unpacked(memoryview(b"".join(packed(table)))).columns["sample_id"]
        assert (ids.names.rising, ids.names == order, len(ids.block)) == (rising, True, 2000)
        assert ids.text(2001) == order[1]
