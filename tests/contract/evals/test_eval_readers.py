"""Our own readers keep the contract that third parties test theirs with."""

import csv
import json
import shutil
from xml.sax.saxutils import quoteattr

import polars as pl
import pytest

from assay.connectors.evals.inspect_logs import InspectReader
from assay.connectors.evals.junit import JUnitReader
from assay.connectors.evals.lm_eval import LmEvalReader
from assay.connectors.evals.plain import PlainReader
from assay.connectors.evals.promptfoo import PromptfooReader
from assay.connectors.evals.registry import reader_names
from assay.testing.eval_reader_contract import EvalReaderContract
from tests.support.zip_files import zip_of


def put(folder, name, content):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


class WideCsv:
    metric, has_errors = "correct", False

    def write(self, folder, answers, *, seed=None):
        path = put(folder, "results.csv", "")
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["sample_id", *(["seed"] if seed else []), "correct", "topic"])
            for name, value in answers.items():
                writer.writerow([name, *([seed] if seed else []), value, "a topic"])
        return path


class LongParquet:
    metric, has_errors = "correct", False

    def write(self, folder, answers, *, seed=None):
        folder.mkdir(parents=True, exist_ok=True)
        columns = {
            "sample_id": list(answers),
            "metric": ["correct"] * len(answers),
            "value": list(answers.values()),
        }
        frame = pl.DataFrame(columns | ({"seed": [seed] * len(answers)} if seed else {}))
        frame.write_parquet(folder / "results.parquet")
        return folder / "results.parquet"


class JsonLines:
    metric, has_errors = "correct", False

    def write(self, folder, answers, *, seed=None):
        lines = [json.dumps({"sample_id": name, "correct": value}) for name, value in answers.items()]
        return put(folder, "results.jsonl", "\n".join(lines) + "\n")


def inspect_log(answers, seed):
    samples = [
        {
            "id": name,
            "epoch": 1,
            "input": name,
            "target": "t",
            "metadata": {"topic": "a"},
            "scores": None
            if value is None
            else {"match": {"value": value if value > 1 else "IC"[int(value)]}},
            "error": {"message": "timeout"} if value is None else None,
            "completed": True,
        }
        for name, value in answers.items()
    ]
    about = {
        "task": "t",
        "model": "m",
        "run_id": "r",
        "model_generate_config": {} if seed is None else {"seed": seed},
    }
    return {"version": 2, "status": "success", "eval": about, "results": {}, "samples": samples}


class InspectJson:
    metric, has_errors = "match", True

    def write(self, folder, answers, *, seed=None):
        return put(folder, "log.json", json.dumps(inspect_log(answers, seed), indent=1))


class InspectArchive:
    metric, has_errors = "match", True

    def write(self, folder, answers, *, seed=None):
        log = inspect_log(answers, seed)
        entries = {"_journal/start.json": b"{}", "summaries.json": json.dumps(log.pop("samples")).encode()}
        return put(folder, "log.eval", zip_of(entries | {"header.json": json.dumps(log).encode()}))


class LmEval:
    metric, has_errors = "task/acc", True

    def write(self, folder, answers, *, seed=None):
        rows = [
            {"doc_id": number, "doc": {"q": name}, "target": "t", "arguments": {}, "resps": [], "filtered_resps": [],
             "filter": "none", "metrics": ["acc"], "doc_hash": name, "acc": value}
            for number, (name, value) in enumerate(answers.items())
        ]  # fmt: skip
        return put(
            folder, "samples_task_2026-05-01T10-00-00.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows)
        )


class Promptfoo:
    metric, has_errors = "score", True

    def write(self, folder, answers, *, seed=None):
        rows = [
            {"promptIdx": 0, "testIdx": number, "testCase": {"vars": {"q": name}}, "provider": {"id": "m"}, "prompt": {"raw": "p"},
             "response": {"output": "x"}, "success": bool(value), "score": value or 0, "failureReason": 2 if value is None else int(not value),
             "gradingResult": {"componentResults": [{}]}}
            for number, (name, value) in enumerate(answers.items())
        ]  # fmt: skip
        return put(
            folder, "out.json", json.dumps({"evalId": "e", "results": {"version": 3, "results": rows}})
        )


class JUnit:
    metric, has_errors = "passed", True

    def write(self, folder, answers, *, seed=None):
        inside = {None: "<error/>", 0.0: "<failure/>"}
        cases = "".join(
            f"<testcase name={quoteattr(name)}>{inside.get(value, '')}</testcase>"
            for name, value in answers.items()
        )
        return put(folder, "report.xml", f'<testsuite name="s" tests="{len(answers)}">{cases}</testsuite>')


TOOLS = [
    (PlainReader, WideCsv),
    (PlainReader, LongParquet),
    (PlainReader, JsonLines),
    (InspectReader, InspectJson),
    (InspectReader, InspectArchive),
    (LmEvalReader, LmEval),
    (PromptfooReader, Promptfoo),
    (JUnitReader, JUnit),
]


@pytest.fixture(params=TOOLS, ids=lambda pair: pair[1].__name__)
def pair(request):
    return request.param


class TestOwnReaders(EvalReaderContract):
    @pytest.fixture
    def reader(self, pair):
        return pair[0]()

    @pytest.fixture
    def tool(self, pair):
        return pair[1]()


def test_all_own_readers_are_registered():
    assert set(reader_names()) >= {reader.name for reader, _ in TOOLS} | {"mlflow"}


def test_a_reader_of_files_recognises_no_file_of_another_tool(tmp_path, pair):
    reader, _ = pair
    for other, tool in TOOLS:
        if other is not reader:
            path = tool().write(tmp_path / tool.__name__, {"a": 1.0, "b": 0.0})
            assert not reader().recognises(path.read_bytes())
            shutil.rmtree(path.parent)
