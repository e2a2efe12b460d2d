"""Which parameters keep seeds apart that may belong together?"""

import pytest

from assay.domain.experiments.evidence import Run, RunStatus
from assay.domain.gates.configurations import splitting_parameters


def runs_with(*configs, seeds=None, **more):
    return [
        Run(
            run_id=f"lab:{place}", source="lab", external_id=str(place), name="", status=RunStatus.FINISHED,
            config=config, seed=place if seeds is None else seeds[place], curves={}, digest=str(place), **more,
        )
        for place, config in enumerate(configs)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("output_dir", ("out/1", "out/2", "out/3")),
        ("output_dir", ("C:\\a", "C:\\b", "C:\\c")),
        ("started", ("2026-01-01 10:00", "2026-01-01 10:20", "2026-01-01 10:40")),
        ("job", ("job-1234561", "job-1234562", "job-1234563")),
        ("wandb_id", ("3ojed7lzdeadbeef", "aa12bc34dd", "0123abcdef")),
    ],
)
def test_path_time_or_id_of_each_run_is_named(name, values):
    assert splitting_parameters(runs_with(*({"lr": "0.1", name: value} for value in values))) == (name,)


def test_several_of_them_are_named_together():
    configs = [{"lr": "0.1", "out": f"out/{n}", "log": f"logs/{n}"} for n in range(3)]
    assert splitting_parameters(runs_with(*configs)) == ("log", "out")


@pytest.mark.parametrize(
    "configs",
    [
        [{"lr": value} for value in ("0.1234567", "0.7654321", "1e-05")],
        [{"optimizer": value} for value in ("adam", "sgd", "lion")],
        [{"out": value} for value in ("out/1", "out/1", "out/1")],
        [{"out": value} for value in ("out/1", "out/2")],
        [{"out": f"out/{n}", "lr": str(n)} for n in range(3)],
    ],
    ids=["drawn", "chosen", "the-same", "two-runs", "nothing-else-agrees"],
)
def test_what_may_have_been_chosen_is_not_named(configs):
    assert splitting_parameters(runs_with(*configs)) == ()


def test_runs_of_one_seed_or_of_several_tickets_are_kept_apart_by_more_than_that():
    configs = [{"out": f"out/{n}"} for n in range(3)]
    assert splitting_parameters(runs_with(*configs, seeds=(1, 1, 1))) == ()
    apart = [run for n in range(3) for run in runs_with(configs[n], seeds=(n,), ticket=f"EXP-{n + 1}")]
    assert splitting_parameters(apart) == ()
