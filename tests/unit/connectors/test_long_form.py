import io
import time

import numpy as np
import polars as pl
import pytest

from assay.connectors.evals import long_form, parquet_child
from assay.connectors.evals.long_form import read_scores, write_scores
from assay.connectors.evals.parquet_child import DecodeError, ParquetChild
from assay.domain.experiments.evidence import Scores
from assay.errors import Invalid

HEADER = b"sample_id,seed,metric,value\n"


def parquet(**columns) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(columns).write_parquet(buffer)
    return buffer.getvalue()


def test_scores_written_and_read_are_the_same():
    one = Scores(
        metric="accuracy",
        seed=3,
        sample_ids=("a", "ä", "c"),
        values=np.array([1.0, np.nan, -np.inf]),
        clusters=("doc1", "doc1", "doc2"),
        slices={"language": ("de", "", "en")},
    )
    back = read_scores(write_scores([one]))["accuracy"]
    assert (back.metric, back.seed, back.sample_ids) == ("accuracy", 3, ("a", "ä", "c"))
    assert back.values.tobytes() == one.values.tobytes()
    assert (back.clusters, back.slices) == (one.clusters, one.slices)


def test_example_without_a_row_of_a_metric_is_one_without_a_score():
    found = read_scores(HEADER + b"a,1,correct,1\nb,1,correct,0\na,1,seconds,0.25\n")
    assert found["correct"].values.tolist() == [1.0, 0.0]
    assert found["seconds"].sample_ids == ("a", "b")
    assert found["seconds"].values[0] == 0.25
    assert np.isnan(found["seconds"].values[1])


def test_values_that_are_not_finite_or_missing_are_kept_as_not_a_number():
    values = read_scores(HEADER + b"a,1,m,nan\nb,1,m,inf\nc,1,m,\nd,1,m,1e999\n")["m"].values
    assert np.isnan(values[[0, 2]]).all()
    assert np.isposinf(values[[1, 3]]).all()


def test_seed_is_unknown_where_there_is_none():
    assert read_scores(b"sample_id,metric,value\na,m,1\n")["m"].seed is None


def test_whole_numbers_are_good_sample_ids():
    assert read_scores(parquet(sample_id=[1, 2], metric=["m", "m"], value=[True, False]))["m"].sample_ids == (
        "1",
        "2",
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "an empty file"),
        (b" \n", "an empty file"),
        (b"sample_id,value\na,1\n", "no column metric"),
        (HEADER, "no rows"),
        (HEADER + b"a,1,m,1\na,1,m,0\n", "rows 1, 2 all hold sample_id 'a', seed 1, metric 'm'"),
        (HEADER + b"a,,m,1\na,,m,0\n", "rows 1, 2 all hold sample_id 'a', seed None"),
        (HEADER + b"a,1,m,good\n", "row 1, column 'value' holds 'good'"),
        (HEADER + b"a,1,m,1\nb,one,m,1\n", "row 2, column 'seed' holds 'one'"),
        (HEADER + b"a,1.5,m,1\n", "row 1, column 'seed' holds '1.5'"),
        (HEADER + b"a,1,m,1\nb,2,m,1\n", "row 2 has seed 2 where metric 'm' began with seed 1"),
        (HEADER + b"a,1,m,1\n,1,m,1\n", "row 2 has no sample_id"),
        (HEADER + b"a,1,,1\n", "row 1 has no metric"),
        (HEADER + b"a,1,m,1,9\n", "a broken file"),
        (HEADER + b'"a,1,m,1\n', ""),
        (HEADER + b"a,1,m,\x00\n", "a NUL byte"),
        (b"sample_id,seed,metric,value\na,1,\xff\xfe,1\n", "a broken file"),
        (HEADER + b"a" * 600 + b",1,m,1\n", "longer than 500 characters"),
        (b",".join(b"c%d" % n for n in range(300)) + b"\n", "300 columns"),
        (b"PAR1", "a broken file"),
        (b"PAR1 and then nothing like it", "a broken file"),
        (b'[{"sample_id": "a"}]', "no column"),
    ],
)
def test_bad_file_is_refused_by_row_and_column(content, told):
    with pytest.raises(Invalid) as refused:
        read_scores(content)
    assert told in refused.value.message
    assert refused.value.message.startswith("cannot read scores: found ")
    assert "(expected " in refused.value.message
    assert refused.value.hint


def test_parquet_with_nested_or_binary_columns_is_refused_by_name():
    for column in ([[1], [2]], [b"a", b"b"]):
        with pytest.raises(Invalid, match="column 'x' is of type"):
            read_scores(parquet(sample_id=["a", "b"], metric=["m", "m"], value=[1.0, 0.0], x=column))


def test_more_rows_than_allowed_are_refused(monkeypatch):
    monkeypatch.setattr(long_form, "MAX_ROWS", 2)
    with pytest.raises(Invalid, match="more than 2 rows"):
        read_scores(HEADER + b"a,1,m,1\nb,1,m,1\nc,1,m,1\n")


def test_larger_file_than_allowed_is_refused(monkeypatch):
    monkeypatch.setattr(long_form, "MAX_BYTES", 10)
    with pytest.raises(Invalid, match="at most"):
        read_scores(HEADER)


def test_text_that_names_a_file_or_an_address_is_never_opened(tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("sample_id,metric,value\nsecret,m,1\n")
    for name in (str(secret), f"file://{secret}", "http://127.0.0.1:9/x.parquet", "s3://bucket/x"):
        with pytest.raises(Invalid):
            read_scores(name.encode())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_parquet_with_changed_bytes_never_ends_the_process_or_hangs(seed):
    rows = 200
    good = write_scores(
        [
            Scores(
                metric="m",
                seed=1,
                sample_ids=tuple(map(str, range(rows))),
                values=np.arange(rows) * 1.0,
                slices={"s": ("p", "q") * 100},
            )
        ]
    )
    chance = np.random.default_rng(seed)
    start = time.monotonic()
    refused = 0
    for _ in range(150):
        bad = bytearray(good)
        for _ in range(chance.integers(1, 6)):
            bad[chance.integers(4, len(bad))] = chance.integers(0, 256)
        try:
            read_scores(bytes(bad))
        except Invalid:
            refused += 1
    assert refused > 50
    assert time.monotonic() - start < 60


def test_child_that_was_killed_is_replaced():
    child = ParquetChild()
    content = parquet(sample_id=["a"], metric=["m"], value=[1.0])
    first = child.decode(content)
    child._process.kill()
    child._process.wait()
    assert child.decode(content) == first
    child.close()


def test_child_that_was_started_before_its_file_decodes_it():
    child, content = ParquetChild(), parquet(sample_id=["a"], metric=["m"], value=[1.0])
    child.prepare()
    started = child._process
    assert pl.read_ipc(io.BytesIO(child.decode(content))).height == 1
    assert child._process is started
    child.close()


@pytest.mark.parametrize(
    ("places", "started"),
    [
        (("scores.csv", None), 0),
        (("https://tracker/run.parquet", "missing.parquet", "\0"), 0),
        (("scores.csv", "scores.parquet"), 1),
        (("folder",), 1),
    ],
)
def test_child_is_started_ahead_only_where_a_parquet_file_is_named(places, started, tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    for name in ("scores.csv", "scores.parquet", "folder/part.parquet"):
        (tmp_path / name).touch()
    calls = []
    monkeypatch.setattr(parquet_child.CHILD, "prepare", lambda: calls.append(1))
    monkeypatch.chdir(tmp_path)
    parquet_child.prepare_for(places)
    assert len(calls) == started


def test_file_that_takes_too_long_is_given_up():
    child = ParquetChild()
    with pytest.raises(DecodeError, match="takes longer"):
        child.decode(parquet(sample_id=["a"], metric=["m"], value=[1.0]), deadline_s=0.0)
    child.close()
