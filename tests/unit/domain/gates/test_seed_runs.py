"""Which seeds run, when it is looked, and what a seed that failed is as evidence."""

import numpy as np
import pytest

from assay.domain.experiments.evidence import Evaluation, RunStatus
from assay.domain.gates.gate_record import GateResult
from assay.domain.gates.judge import judge, record_bytes
from assay.domain.gates.seed_runs import (
    check_command,
    command_for,
    command_key,
    first_seeds,
    next_seeds,
    seconds_left,
    seeds_asked,
    with_failed,
    with_gpu_hours,
)
from assay.errors import Invalid
from tests.unit.domain.gates.gate_story import evaluation, gate, run, scores

LOOKS = (3, 5, 8, 10)


def seeds(amount, *, rate=0.95, n=400):
    rng = np.random.default_rng(1)
    return [
        run(f"r{s}", scores((rng.random(n) < rate).astype(float), seed=s), seed=s)
        for s in range(1, amount + 1)
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("5", (1, 2, 3, 4, 5)),
        ("1-5", (1, 2, 3, 4, 5)),
        ("7-7", (7,)),
        ("0-2", (0, 1, 2)),
        ("10,1,3-4", (10, 1, 3, 4)),
        (f"{2**53 - 1}-{2**53 - 1}", (2**53 - 1,)),
    ],
)
def test_seeds_are_a_number_of_them_or_a_list(text, found):
    assert seeds_asked(text) == found


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is no seed"), ("0", "asks for no seed"), ("-1", "is no seed"), ("5-1", "backwards"), ("1,1", "seed 1 twice"),
        ("1-3,2", "seed 2 twice"), ("1.5", "is no seed"), ("five", "is no seed"), ("５", "is no seed"), ("١", "is no seed"),
        ("1-1001", "more than 1,000"), ("1-999999999", "more than 1,000"), (f"{2**53},1", "larger than"), ("1,,2", "is no seed"),
        ("1\n", "is no seed"), ("99999999999999999999", "is no seed"), ("0x1", "is no seed"), ("1_0", "is no seed"), ("1001", "more than 1,000"),
    ],
)  # fmt: skip
def test_what_cannot_be_seeds_is_refused(text, says):
    with pytest.raises(Invalid) as caught:
        seeds_asked(text)
    assert says in caught.value.message


def test_only_the_two_marks_are_replaced():
    command = ["jq", '{"seed": {seed}}', "{out}/{out}", "{x}", "{{seed}}", "%s", "$HOME", "`id`"]
    assert command_for(command, 3, "/o") == [
        "jq", '{"seed": 3}', "/o//o", "{x}", "{3}", "%s", "$HOME", "`id`",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ([], "there is no command"),
        (["  "], "there is no command"),
        (["run", "{out}"], "no {seed}, so each seed would be the same"),
        (["run", "{seed}"], "no {out}, so nobody knows where its results are"),
        (["run", "seed", "out"], "no {seed} and no {out}"),
    ],
)
def test_command_without_its_marks_is_refused(command, says):
    with pytest.raises(Invalid) as caught:
        check_command(command, reads_environment=False)
    assert says in caught.value.message


def test_command_that_reads_its_environment_needs_no_marks():
    check_command(["run"], reads_environment=True)
    with pytest.raises(Invalid):
        check_command([], reads_environment=True)


def test_key_depends_on_command_files_and_variables_and_on_no_order():
    def key(command=("a", "{seed}"), files=None, environment=None):
        return command_key(command, files or {"a.py": "1", "b.py": "2"}, environment or {"M": "1", "N": None})

    assert key() == key(files={"b.py": "2", "a.py": "1"}, environment={"N": None, "M": "1"})
    others = [
        key(command=("a", "b", "{seed}")),
        key(command=("a{seed}",)),
        key(files={"a.py": "1", "b.py": "3"}),
        key(files={"a.py": "1", "c.py": "2"}),
        key(environment={"M": "1", "N": ""}),
        key(environment={"M": None, "N": None}),
    ]
    assert len({key(), *others}) == len(others) + 1


def test_failed_seed_makes_the_answer_invalid_and_is_named_with_its_reason():
    asked = gate(criteria=["accuracy >= 85%"])
    ours = evaluation(*seeds(5))
    assert judge(asked, ours).result is GateResult.PASS
    record = judge(asked, with_failed(ours, {6: "exit code 1"}))
    assert record.result is GateResult.INVALID
    assert "the command (seed 6)" in record.detail
    assert "seed 6 failed: exit code 1" in record.candidate.notes
    assert record.candidate.digest != judge(asked, ours).candidate.digest


def test_failed_seed_belongs_to_every_configuration_that_was_measured():
    two = [run("a", scores([1, 0], seed=1), seed=1, config={"m": "x"}), run("b", scores([1, 1], seed=1), seed=1, config={"m": "y"})]  # fmt: skip
    found = with_failed(evaluation(*two), {2: "exit code 1"}).runs[2:]
    assert [(one.status, one.seed, dict(one.config)) for one in found] == [
        (RunStatus.FAILED, 2, {"m": "x"}),
        (RunStatus.FAILED, 2, {"m": "y"}),
    ]


def test_only_failed_seeds_are_invalid_evidence_too():
    record = judge(gate(criteria=["accuracy >= 85%"]), with_failed(Evaluation(runs=()), {1: "exit code 1"}))
    assert record.result is GateResult.INVALID


def test_nothing_failed_changes_nothing():
    asked, ours = gate(criteria=["accuracy >= 85%"]), evaluation(*seeds(3))
    assert record_bytes(judge(asked, with_failed(ours, {}))) == record_bytes(judge(asked, ours))


def test_more_seeds_have_a_price_where_gpus_are_known():
    asked, ours = gate(criteria=["accuracy >= 85%"]), evaluation(*seeds(3))
    priced = with_gpu_hours(ours, {1: 0.5, 2: 0.5, 3: 0.5})
    settle = judge(asked, priced).settle
    assert (settle.amount, settle.gpu_hours) == (2, 1.0)
    assert judge(asked, ours).settle.gpu_hours is None


@pytest.mark.parametrize(
    ("begun", "first"),
    [
        ((), (1, 2, 3)),
        ((1,), (1, 2, 3)),
        ((2, 9), (2, 9, 1)),
        ((1, 2, 3, 4), (1, 2, 3, 4, 5)),
        (tuple(range(1, 13)), tuple(range(1, 13))),
    ],
)
def test_first_look_counts_what_was_begun(begun, first):
    assert first_seeds(begun, range(1, 11), LOOKS) == first


def test_seeds_are_added_at_planned_looks_only_and_only_while_it_is_open():
    open_gate = gate(criteria=["accuracy >= 94%"])
    record = judge(open_gate, evaluation(*seeds(3)))
    assert record.result is GateResult.INCONCLUSIVE
    assert next_seeds(record, (1, 2, 3), range(1, 11), LOOKS) == (1, 2, 3, 4, 5)
    assert next_seeds(record, (1, 2, 3, 4), range(1, 11), LOOKS) == (1, 2, 3, 4, 5)
    assert next_seeds(record, (1, 2, 3), range(1, 5), LOOKS) is None
    assert next_seeds(record, tuple(range(1, 11)), range(1, 99), LOOKS) is None
    passed = judge(gate(criteria=["accuracy >= 60%"]), evaluation(*seeds(3)))
    assert next_seeds(passed, (1, 2, 3), range(1, 11), LOOKS) is None
    broken = judge(open_gate, with_failed(evaluation(*seeds(3)), {4: "x"}))
    assert next_seeds(broken, (1, 2, 3, 4), range(1, 11), LOOKS) is None


def test_no_seed_is_added_for_what_no_seed_measures():
    record = judge(gate(criteria=["latency < 5 ms"]), evaluation(*seeds(3)))
    assert record.result is GateResult.INCONCLUSIVE
    assert next_seeds(record, (1, 2, 3), range(1, 11), LOOKS) is None


@pytest.mark.parametrize(
    ("took", "running", "waiting", "jobs", "left"),
    [
        ([], [], 5, 1, None),
        ([60], [], 0, 1, 0),
        ([60], [10], 0, 1, 50),
        ([60], [90], 0, 1, 0),
        ([60, 120], [0], 2, 1, 270),
        ([60], [0, 30], 2, 2, 120),
        ([60], [0, 30], 3, 2, 150),
    ],
)
def test_expected_end_goes_by_the_seeds_that_finished(took, running, waiting, jobs, left):
    assert seconds_left(took, running, waiting, jobs) == left
