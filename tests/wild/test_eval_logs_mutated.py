"""Real files with changed bytes, cut short or doubled: an error that says what mends it, or an evaluation; nothing else."""

import os

import numpy as np
import pytest

from assay.connectors.evals.read import read_evaluation
from assay.errors import Invalid

pytestmark = pytest.mark.wild
ROUNDS = int(os.environ.get("MUTATIONS", "60"))
NAMES = (
    "inspect/2025-05-12T20-28-13-04-00_popularity.json",
    "inspect/2025-05-12T20-28-13-04-00_no-samples.json",
    "inspect/log_read_sample.json",
    "inspect/log_read_sample.eval",
    "inspect/log_streaming.eval",
    "promptfoo/french-greeting.output.json",
    "lm-eval-pythia/opt/opt-125m.json",
)
WORDS = (b"NaN", b"Infinity", b"-1", b"1e999", b"null", b"[]", b"{}", b'"\\ud800"', b"9" * 400, b"\xff", b"\x00", b'"', b"true")  # fmt: skip


def mutated(content, chance):
    broken = bytearray(content)
    kind = chance.integers(0, 5)
    place = int(chance.integers(0, len(broken)))
    if kind == 0:
        for at in chance.integers(0, len(broken), chance.integers(1, 8)).tolist():
            broken[at] = int(chance.integers(0, 256))
    elif kind == 1:
        del broken[place:]
    elif kind == 2:
        del broken[place : place + int(chance.integers(1, 200))]
    elif kind == 3:
        broken[place:place] = broken[max(0, place - 300) : place]
    else:
        end = broken.find(b",", place)
        broken[place : end if 0 < end < place + 100 else place + 1] = WORDS[int(chance.integers(len(WORDS)))]
    return bytes(broken)


@pytest.mark.parametrize("name", NAMES)
def test_changed_file_is_read_or_refused(wild_data, tmp_path, name):
    content = (wild_data / "eval-logs" / name).read_bytes()
    path = tmp_path / name.rpartition("/")[2]
    chance = np.random.default_rng(len(content))
    refused = 0
    for _ in range(ROUNDS):
        path.write_bytes(mutated(content, chance))
        error = None
        try:
            found = read_evaluation(path)
        except Invalid as caught:
            error = caught
        if error is not None:
            refused += 1
            assert error.hint
            assert error.message.isprintable()
            assert len(error.message) < 2000
            continue
        for run in found.runs:
            assert all(len(one.sample_ids) == len(one.values) for one in run.scores.values())
            assert all(note.isprintable() for note in found.notes)
    assert refused > 0
