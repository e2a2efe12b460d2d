"""A project whose past runs are published learning curves: its back-test agrees with the rules asked of those curves directly."""

from datetime import timedelta

import numpy as np
import pytest

from assay.bootstrap import open_workspace
from assay.domain.experiments.criteria.text import parse_criterion
from assay.domain.experiments.evidence import Curve, Run, RunStatus
from assay.domain.kernel.findings import Role
from assay.domain.stopping.backtest import back_test, leave_batch_out
from assay.domain.stopping.rules import GapRule, PlateauRule
from assay.settings import Settings
from assay.stats.futility import CHECKS
from assay.workflows.backtest import SEED, back_test_rules
from tests.faces.web import story
from tests.support.past_runs import widened
from tests.support.training_curves import lcdb, lcdb_parts

pytestmark = pytest.mark.wild


def tell(ws, parts):
    """A ticket a data set and learner, its criterion the target of the data set."""
    told, keys, runs = story.Story(ws), {}, []
    widened(ws, told)
    begun = ws.clock() + timedelta(hours=1)
    for number, (name, target, learner, sizes, scores) in enumerate(parts):
        if (name, learner) not in keys:
            text = f"accuracy >= {target!r} on {name}"
            primary = parse_criterion(text, metrics=story.CATALOG, role=Role.PRIMARY)
            [kill] = story.criteria(kill=["accuracy < 1% after training"])
            keys[name, learner] = told.ticket(f"{learner} on {name}", criteria=(primary, kill))
            told.start(keys[name, learner])
        runs.append(
            Run(
                run_id=f"mlflow:{number:08d}", source="mlflow", external_id=f"{number:08d}", name=f"{learner} {number}",
                status=RunStatus.FINISHED, config={"learner": learner}, seed=number,
                curves={"accuracy": Curve(sizes.astype(np.int64), scores, sizes.astype(np.int64))},
                ticket=keys[name, learner], arm="candidate", started_at=begun, ended_at=begun + timedelta(hours=1),
                gpu_hours=float(sizes[-1]), gpu_hours_source="tag", digest=f"d{number}",
            )
        )  # fmt: skip
    ws.store.write(lambda tx: tx.put_runs(told.source, runs, seq=tx.head()[0] + 1))


def test_every_value_of_gap_and_plateau_does_to_a_project_what_it_does_to_the_curves(wild_data, tmp_path):
    folder = wild_data / "learning-curves" / "lcdb"
    curves = lcdb(folder)
    with open_workspace(Settings(home=tmp_path, sync_interval_s=0)) as ws:
        tell(ws, list(lcdb_parts(folder)))
        found = back_test_rules(ws, story.ADA, story.SLUG, chance=lambda: np.random.default_rng(SEED))
    assert (found.runs, found.winners) == (len(curves.runs), int(curves.runs.hit.sum())) == (160, 89)
    assert len(found.problems) == 4
    rules = {one.rule: one for one in found.rules}
    for one in (*rules["gap"].values, *rules["plateau"].values):
        said = one.settings
        rule = (
            GapRule(float(said["gap"]), since=0.5)
            if "gap" in said
            else PlateauRule(int(said["plateau_runs"]), float(said["plateau_tolerance"]), since=0.25)
        )
        replay = leave_batch_out(rule, curves.runs, CHECKS)
        told = back_test(replay, curves.runs, curves.budgets, np.random.default_rng(SEED))
        assert (one.winners_killed, one.doomed_killed) == (told.hits_stopped, told.misses_stopped), one.value
        assert one.saved.value == pytest.approx(told.saved.value)
        assert (one.saved.low, one.saved.high) == pytest.approx(
            (told.saved.interval.low, told.saved.interval.high)
        )
    # The page of published curves says the same of the plateau rule as it is set: 9.0% of 89 winners, 44% of the doomed.
    plateau = rules["plateau"]
    assert (plateau.winners_killed, plateau.winners) == (8, 89)
    assert f"{plateau.doomed_killed / plateau.doomed:.0%}" == "44%"
    # Of all groups but at most one in five the exact 90% interval holds the chance that was given.
    off = [one for one in found.chances if not one.at_least <= one.mean_chance <= one.at_most]
    assert len(off) <= 1
