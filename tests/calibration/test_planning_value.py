"""Scorecard V1: does the order in which experiments are run pay? The shipped ranking plans simulated backlogs whose truth is known.

Each backlog holds 30 ideas with effects drawn from the beliefs about them: mean ~ N(-.3, .5), sd ~ Gamma(4, .15). Costs are lognormal
with sd .5 on the log scale, a free choice: the published simulation names none, and this one gives its figures for picking by chance
(.91 / 1.58), WSJF (1.17 / 2.52) and entropy (1.21 / 2.73) to about two hundredths. A quarter of what all would cost can be spent; what
does not fit any more is passed over. What turns out worse than the baseline is not shipped.
"""

import numpy as np

from assay.domain.experiments.criteria.text import parse_criterion
from assay.domain.experiments.experiment import Budget, LookPlan, Registration
from assay.domain.experiments.prediction import Effect, Prediction
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog
from assay.domain.sprints.ranking import candidate_from, ranked
from assay.stats.elicited_chances import shrunk_chance, track_record
from assay.stats.value_of_information import Belief, next_experiment

GAIN = Metric(name="gain", direction=Direction.HIGHER)
REGISTRATION = Registration(
    hypothesis="",
    baseline=(),
    criteria=(parse_criterion("gain improves by > 0", metrics=MetricCatalog.of([GAIN]), role=Role.PRIMARY),),
    budget=Budget(),
    time_box_days=None,
    looks=LookPlan(),
    candidate=None,
    metrics=(GAIN,),
)
NEW_TEAM = track_record(0, 0)
IDEAS, SHARE = 30, 0.25


class Backlog:
    def __init__(self, rng):
        self.means = rng.normal(-0.3, 0.5, IDEAS)
        self.spreads = rng.gamma(4, 0.15, IDEAS)
        self.costs = rng.lognormal(0, 0.5, IDEAS)
        self.effects = rng.normal(self.means, self.spreads)
        self.guesses = self.means + rng.normal(0, 1, IDEAS)
        self.budget = SHARE * self.costs.sum()

    def best_of(self, order):
        """The best gain shipped when run in this order."""
        left, best = self.budget, 0.0
        for idea in order:
            if self.costs[idea] <= left:
                left, best = left - self.costs[idea], max(best, self.effects[idea])
        return best

    def by_value_of_information(self):
        candidates = [
            candidate_from(f"EXP-{idea}", REGISTRATION, self._prediction(idea), NEW_TEAM)
            for idea in range(IDEAS)
        ]
        rows = ranked(candidates, NEW_TEAM).rows
        return [int(row.candidate.key.removeprefix("EXP-")) for row in rows]

    def _prediction(self, idea):
        numbers = (self.means[idea], self.spreads[idea], self.costs[idea])
        mean, sd, cost = (f"{number:.9f}" for number in numbers)
        return Prediction(effect=Effect(mean=mean, sd=sd), gpu_hours=cost)

    def one_after_the_other(self):
        """The best gain shipped when the next experiment is chosen after each result."""
        left, best, open_ideas = self.budget, 0.0, list(range(IDEAS))
        while True:
            beliefs = [Belief(float(self.means[idea]), float(self.spreads[idea])) for idea in open_ideas]
            costs = [float(self.costs[idea]) for idea in open_ideas]
            place = next_experiment(beliefs, costs, best=best, budget=float(left))
            if place is None:
                return best
            idea = open_ideas.pop(place)
            left, best = left - self.costs[idea], max(best, float(self.effects[idea]))

    def oracle(self):
        """Who knows every effect runs the best idea that can be paid for."""
        return max(0.0, float(self.effects[self.costs <= self.budget].max()))


def test_v1_ranking_by_value_of_information_ships_nearly_the_best_there_is(calibration):
    backlogs = [Backlog(calibration.rng) for _ in range(calibration.replicates(800))]
    oracle = [backlog.oracle() for backlog in backlogs]
    ranking = [backlog.best_of(backlog.by_value_of_information()) for backlog in backlogs]
    wsjf = [backlog.best_of(np.argsort(-backlog.guesses / backlog.costs)) for backlog in backlogs]
    anew = [backlog.one_after_the_other() for backlog in backlogs]
    calibration.ratio("V1 best gain by the ranking, of the oracle's", ranking, oracle, at_least=0.92)
    calibration.ratio("V1 best gain by the ranking, of WSJF's", ranking, wsjf, at_least=1.20)
    calibration.ratio(
        "V1 best gain when ranked anew after each result, of the oracle's",
        anew,
        oracle,
        at_least=0.95,
        stretch=True,
    )


def errors(rng, hopeful, decided, teams):
    """Squared distance from the true chance: of the chance as said, and as it is shrunk to the team's record."""
    said_error, shrunk_error = [], []
    for _ in range(teams):
        truth = rng.beta(1.5, 4, decided + 1)
        said = 1 / (1 + np.exp(-(np.log(truth / (1 - truth)) + hopeful)))
        said = np.clip(said, 0.01, 0.99)
        came = rng.random(decided + 1) < truth
        record = track_record(int(came[:-1].sum()), decided, said[:-1].tolist(), came[:-1].tolist())
        said_error.append((said[-1] - truth[-1]) ** 2)
        shrunk_error.append((shrunk_chance(float(said[-1]), record) - truth[-1]) ** 2)
    return said_error, shrunk_error


def test_v1_chances_of_hopeful_teams_are_mended_by_their_record(calibration):
    said, shrunk = errors(calibration.rng, 1.0, 30, calibration.replicates(4000))
    calibration.ratio(
        "squared error of a chance after shrinking, of that as said: too hopeful, 30 decided",
        shrunk,
        said,
        at_most=0.6,
    )
