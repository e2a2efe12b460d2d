"""The contract of a reader of evaluation results: subclass it, say how your tool writes its files, and run it with pytest.

class TestMyReader(EvalReaderContract):
    @pytest.fixture
    def reader(self):
        return MyReader()               # what is tested

    @pytest.fixture
    def tool(self):
        return MyTool()                 # writes files the way the tool does (see `Tool`)
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest

from assay.connectors.evals.files import files_at
from assay.connectors.evals.read import read_evaluation
from assay.connectors.evals.reader import EvalReader, ReadOptions
from assay.connectors.evals.registry import reader_names
from assay.domain.experiments.evidence import Evaluation, RunStatus
from assay.domain.kernel.metrics import Direction, Metric, Unit
from assay.errors import Invalid


class Tool(Protocol):
    """How the contract writes results; implement it with the tool itself, or by what its files look like."""

    metric: str
    """What the reader calls the metric that `write` writes."""
    has_errors: bool
    """Can its files tell that an example ended in an error?"""

    def write(self, folder: Path, answers: Mapping[str, float | None], *, seed: int | None = None) -> Path:
        """Write one run (example to value, 1 right and 0 wrong; None: it ended in an error) and return the file."""
        ...


ANSWERS: Mapping[str, float | None] = {f"question {number}": float(number % 3 > 0) for number in range(12)}
FOREIGN = (
    b"",
    b"\n\n",
    b"# Results\n\nAll is well.\n",
    b"a,b\n1,2\n",
    b"{}",
    b"[]",
    b'{"results": "fine"}',
    b'[{"question": "a", "answer": "b"}]',
    b"<html><body>testsuite</body></html>",
    b"PK\x05\x06" + b"\0" * 18,
    b"\x89PNG\r\n\x1a\n",
    b"\x00" * 100,
)


class EvalReaderContract:
    """Every reader knows its files by content, reads what was measured, keeps errors apart and refuses what is broken."""

    @pytest.fixture
    def reader(self) -> Any:
        """The reader under test."""
        raise NotImplementedError

    @pytest.fixture
    def tool(self) -> Any:
        """What writes its files (see `Tool`)."""
        raise NotImplementedError

    def test_it_is_a_reader_with_a_name(self, reader: EvalReader) -> None:
        assert isinstance(reader, EvalReader)
        assert reader.name
        assert reader.name == reader.name.strip().lower()

    def test_it_knows_its_files_by_their_content(
        self, reader: EvalReader, tool: Tool, tmp_path: Path
    ) -> None:
        path = tool.write(tmp_path, ANSWERS)
        head = path.read_bytes()[: 256 * 2**10]
        assert reader.recognises(head)
        assert reader.recognises(head[: max(len(head) // 2, 300)])

    @pytest.mark.parametrize("head", FOREIGN, ids=range(len(FOREIGN)))
    def test_it_leaves_other_files_alone(self, reader: EvalReader, head: bytes) -> None:
        assert not reader.recognises(head)

    def test_it_is_found_without_being_named(self, reader: EvalReader, tool: Tool, tmp_path: Path) -> None:
        path = tool.write(tmp_path, ANSWERS)
        if reader.name not in reader_names():
            pytest.skip(f"{reader.name} is not registered as an entry point of assay.eval_readers")
        assert read_evaluation(path).reader == reader.name

    def test_every_answer_is_read(self, reader: EvalReader, tool: Tool, tmp_path: Path) -> None:
        (run,) = _read(reader, tool.write(tmp_path, ANSWERS)).runs
        scores = run.scores[tool.metric]
        assert run.status is RunStatus.FINISHED
        assert run.scores_error is None
        assert len(set(scores.sample_ids)) == len(scores.sample_ids) == len(scores.values) == len(ANSWERS)
        assert float(scores.values.sum()) == sum(value or 0.0 for value in ANSWERS.values())
        assert all(len(labels) == len(scores.values) for labels in scores.slices.values())

    def test_examples_are_called_the_same_in_every_run(
        self, reader: EvalReader, tool: Tool, tmp_path: Path
    ) -> None:
        (one,) = _read(reader, tool.write(tmp_path / "one", ANSWERS)).runs
        turned = {name: 1.0 - (value or 0.0) for name, value in reversed(list(ANSWERS.items()))}
        (other,) = _read(reader, tool.write(tmp_path / "other", turned)).runs
        assert set(one.scores[tool.metric].sample_ids) == set(other.scores[tool.metric].sample_ids)

    def test_a_folder_of_seeds_is_one_run_a_seed(
        self, reader: EvalReader, tool: Tool, tmp_path: Path
    ) -> None:
        for seed in (3, 1, 2):
            tool.write(tmp_path / f"seed_{seed}", ANSWERS, seed=seed)
        evaluation = _read(reader, tmp_path)
        assert [run.seed for run in evaluation.runs] == [1, 2, 3]
        assert len({run.run_id for run in evaluation.runs}) == 3
        assert all(run.scores[tool.metric].seed == run.seed for run in evaluation.runs)

    def test_reading_again_gives_the_same_and_changes_nothing(
        self, reader: EvalReader, tool: Tool, tmp_path: Path
    ) -> None:
        path = tool.write(tmp_path, ANSWERS)
        before = {file: file.read_bytes() for file in sorted(tmp_path.rglob("*")) if file.is_file()}
        one, again = _read(reader, path), _read(type(reader)(), path)
        assert one.digest == again.digest != ""
        assert [run.digest for run in one.runs] == [run.digest for run in again.runs]
        assert before == {file: file.read_bytes() for file in sorted(tmp_path.rglob("*")) if file.is_file()}

    def test_another_answer_gives_another_digest(
        self, reader: EvalReader, tool: Tool, tmp_path: Path
    ) -> None:
        one = _read(reader, tool.write(tmp_path / "one", ANSWERS))
        other = _read(reader, tool.write(tmp_path / "other", {**ANSWERS, "question 0": 1.0}))
        assert one.digest != other.digest
        assert one.runs[0].digest != other.runs[0].digest

    def test_an_example_that_ended_in_an_error_is_no_failure_and_is_named(
        self, reader: EvalReader, tool: Tool, tmp_path: Path
    ) -> None:
        if not tool.has_errors:
            pytest.skip("its files cannot tell errors")
        (run,) = _read(reader, tool.write(tmp_path, {**ANSWERS, "question 0": None})).runs
        assert run.scores_error
        assert len(run.scores[tool.metric].values) == len(ANSWERS) - 1

    def test_percent_is_refused_where_a_fraction_is_declared(
        self, reader: EvalReader, tool: Tool, tmp_path: Path
    ) -> None:
        fraction = Metric(name=tool.metric, direction=Direction.HIGHER, unit=Unit.FRACTION)
        path = tool.write(tmp_path, {**ANSWERS, "question 0": 87.0})
        try:
            written = _read(reader, path).runs[0].scores[tool.metric].values.max() == 87.0
        except Invalid:
            written = False
        if not written:
            pytest.skip("it writes nothing but right and wrong")
        with pytest.raises(Invalid, match="fraction") as refused:
            _read(reader, path, ReadOptions(metrics=(fraction,)))
        assert refused.value.hint

    def test_a_file_cut_short_ends_in_an_error_that_names_it_or_in_fewer_answers(
        self, reader: EvalReader, tool: Tool, tmp_path: Path
    ) -> None:
        path = tool.write(tmp_path, ANSWERS)
        whole = path.read_bytes()
        for cut in np.linspace(0, len(whole) - 1, 40).astype(int).tolist():
            _survives(reader, path, whole[:cut])

    @pytest.mark.parametrize("seed", range(5))
    def test_changed_bytes_never_end_in_anything_but_an_error_or_an_evaluation(
        self, reader: EvalReader, tool: Tool, tmp_path: Path, seed: int
    ) -> None:
        path = tool.write(tmp_path, ANSWERS)
        whole = path.read_bytes()
        chance = np.random.default_rng(seed)
        for _ in range(60):
            broken = bytearray(whole)
            for place in chance.integers(0, len(broken), chance.integers(1, 6)).tolist():
                broken[place] = int(chance.integers(0, 256))
            _survives(reader, path, bytes(broken))


def _read(reader: EvalReader, path: Path, options: ReadOptions | None = None) -> Evaluation:
    files = [file for file in files_at(path) if path.is_file() or reader.recognises(file.head())]
    return reader.read(files, options or ReadOptions())


def _survives(reader: EvalReader, path: Path, content: bytes) -> None:
    path.write_bytes(content)
    reader.recognises(content)
    evaluation, refused = None, None
    try:
        evaluation = _read(reader, path)
    except Invalid as error:
        refused = error
    assert refused is None or refused.hint, "an error says what mends it"
    for run in () if evaluation is None else evaluation.runs:
        for scores in run.scores.values():
            assert len(scores.sample_ids) == len(scores.values)
