"""What did past runs teach about runs that are under way? Small enough to be kept in memory and sent along.

A run is asked about at every twentieth of its budget, as in the back-test: whoever looks more often finds a lower moment, and the
record of the rule would not be its own. It is compared with runs of other tickets only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from assay.domain.stopping.backtest import MayStop, RecommendsOnly, Replay
from assay.domain.stopping.futility import LEAST_PAST_RUNS, FutilityRule, fitted, is_enough
from assay.domain.stopping.history import History, PastRun, record_by
from assay.domain.stopping.tuning import numbers_by_parts
from assay.stats.conformal_gap import conformal_gap_p_values, hits_needed
from assay.stats.futility import CHECKS
from assay.stats.futility_features import IntArray, Peers, Runs, peers_of
from assay.stats.monotone_logistic import MonotoneLogistic
from assay.stats.trajectories import BoolArray, Trajectory, standing_at

RECENT = 20
"""Past runs of the same problem whose share of hits is shown beside a chance: when it has changed, so may the chance have."""
_DIGITS = 6
"""Of a chance. The last digits of a fit depend on the machine, and a level is never that fine."""


@dataclass(frozen=True, slots=True)
class PastOfProblem:
    """What an answer rests on.

    Attributes:
        runs: finished runs of other tickets with the same problem.
        hits: how many of them reached their target.
        recent_hits, recent_runs: the same of the last twenty.
        of_all_problems: finished runs of all problems together.
    """

    runs: int
    hits: int
    recent_hits: int
    recent_runs: int
    of_all_problems: int


@dataclass(frozen=True, slots=True)
class ChanceToHit:
    """The model's answer.

    Attributes:
        chance: of reaching the target within the rest of the budget, at the last check.
        before: the same one check earlier; None where nothing could be said then.
        check: share of the budget at the last check.
        past: what it rests on.
    """

    chance: float
    before: float | None
    check: float
    past: PastOfProblem


@dataclass(frozen=True, slots=True)
class UnlikePastHits:
    """The answer where there are too few runs for a model: how unusual for a hit is it to have been so far behind?

    Attributes:
        p_value: over all checks so far.
        check: share of the budget at the last check.
        past: what it rests on.
    """

    p_value: float
    check: float
    past: PastOfProblem


@dataclass(frozen=True, slots=True)
class TooLittleHistory:
    """Nothing can be said yet.

    Attributes:
        past: what there is.
    """

    past: PastOfProblem


Outlook = ChanceToHit | UnlikePastHits | TooLittleHistory


@dataclass(frozen=True, slots=True, eq=False)
class LearnedProblem:
    """Past runs of one problem, metric and data set, as a run under way is compared with them.

    Attributes:
        regression: of the chance; None where too few runs of all problems are over.
        peers: the runs at every twentieth of their budgets, in the order in which they ended; a batch is a ticket.
        tickets: their keys, by the number of the batch.
        budgets: the longest run of each ticket in steps, by the number of the batch, shape (tickets,).
        of_all_problems: how many runs were learned from.
    """

    regression: MonotoneLogistic | None
    peers: Peers
    tickets: tuple[str, ...]
    budgets: IntArray
    of_all_problems: int

    def batch_of(self, ticket: str) -> int:
        """The number of a ticket, -1 where no past run is of it."""
        return self.tickets.index(ticket) if ticket in self.tickets else -1

    def own_budget(self, ticket: str) -> int | None:
        """The longest past run of this ticket, in steps; None where it has none."""
        batch = self.batch_of(ticket)
        return None if batch < 0 else int(self.budgets[batch])

    def other_budgets(self, ticket: str) -> IntArray:
        """The longest past run of each other ticket, in steps."""
        return np.delete(self.budgets, self.batch_of(ticket)) if self.batch_of(ticket) >= 0 else self.budgets

    def past_without(self, ticket: str) -> PastOfProblem:
        """How many runs of other tickets are there?"""
        hits = self.peers.hit[self.peers.batch != self.batch_of(ticket)]
        recent = hits[-RECENT:]
        return PastOfProblem(len(hits), int(hits.sum()), int(recent.sum()), len(recent), self.of_all_problems)

    def outlook(self, run: Trajectory, ticket: str, level: float) -> Outlook | None:
        """What is to be said of a run that goes on? None where it was not evaluated twice, or is at its target or past its budget.

        Args:
            run: with `over=False`.
            ticket: its own, whose past runs say nothing about it.
            level: of the rule; so many past hits the gap needs where there is no model.
        """
        checks = self.peers.checks
        passed = int(np.count_nonzero(checks <= run.spent[-1] + 1e-9)) if run.spent.size else 0
        now, past = standing_at([run], checks), self.past_without(ticket)
        if not passed or run.spent[-1] >= 1.0 or not now.judged[0, passed - 1]:
            return None
        last, check, batch = passed - 1, float(checks[passed - 1]), np.array([self.batch_of(ticket)])
        others = self.peers.hit & (self.peers.batch != batch[0])
        if self.regression is not None and is_enough(self.peers.hit[self.peers.batch != batch[0]]):
            asked = slice(max(last - 1, 0), passed)
            features = self.peers.features(now, batch)[0, asked]
            chances = np.round(self.regression.chance(features, checks[asked]), _DIGITS)
            before = float(chances[0]) if len(chances) > 1 and now.judged[0, last - 1] else None
            return ChanceToHit(float(chances[-1]), before, check, past)
        if others.sum() >= hits_needed(level):
            best = np.where(np.arange(len(checks)) <= last, now.best[0], np.nan)
            p_values = conformal_gap_p_values(best, self.peers.standing.best[others])
            return UnlikePastHits(round(float(p_values[last]), _DIGITS), check, past)
        return TooLittleHistory(past)


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What all past runs of a project taught.

    Attributes:
        problems: by name; a problem without past runs is missing.
        runs: how many were learned from.
        digest: of the runs: ids, tickets, problems, steps and gaps.
    """

    problems: Mapping[str, LearnedProblem]
    runs: int
    digest: str

    def of(self, problem: str) -> LearnedProblem:
        """What is known of this problem, be it nothing."""
        found = self.problems.get(problem)
        if found is not None:
            return found
        none = np.zeros(0, dtype=np.int64)
        return LearnedProblem(None, peers_of(Runs([], none, none), CHECKS), (), none, self.runs)

    def about(self, metric: str) -> Learned:
        """What was learned of this metric, read in one way, whatever the data set."""
        kept = {name: one for name, one in self.problems.items() if name.split(" on ")[0] == metric}
        return replace(self, problems=kept)


def learn(past: History) -> Learned:
    """What do these past runs teach?

    >>> from assay.domain.stopping.history import history_of
    >>> learned = learn(history_of([PastRun("a", "EXP-1", "f1", np.arange(1, 5), np.array([0.3, 0.2, 0.1, 0.0]), None)]))
    >>> learned.of("f1").past_without("EXP-2").hits, learned.of("f1").past_without("EXP-1").hits
    (1, 0)
    """
    tickets = sorted({one.ticket for one in past.records})
    longest = {key: max(int(r.steps[-1]) for r in past.records if r.ticket == key) for key in tickets}
    batch = np.array([tickets.index(one.ticket) for one in past.records], dtype=np.int64)
    apart = past.runs.in_batches(batch)
    model = fitted(apart) if _may_be_asked(past) else None
    problems = {}
    for number, name in enumerate(past.problems):
        rows = np.flatnonzero(past.runs.problem == number)
        own = sorted({past.records[row].ticket for row in rows.tolist()})
        numbers = np.array([own.index(past.records[row].ticket) for row in rows.tolist()], dtype=np.int64)
        problems[name] = LearnedProblem(
            None if model is None else model.model,
            peers_of(apart.of(rows).in_batches(numbers), CHECKS),
            tuple(own),
            np.array([longest[key] for key in own], dtype=np.int64),
            len(past.records),
        )
    return Learned(problems, len(past.records), _digest(past.records))


def _may_be_asked(past: History) -> bool:
    hits: list[BoolArray] = [past.runs.hit[past.runs.problem == n] for n in range(len(past.problems))]
    return len(past.records) >= LEAST_PAST_RUNS and any(map(is_enough, hits))


def stop_record(past: History, level: float) -> MayStop | RecommendsOnly:
    """May the rule at this level stop runs by itself, by what it would have done to these runs, each judged by other tickets?"""
    if not past.records:
        return RecommendsOnly("no past run can be used", 0)
    rule = FutilityRule(level)
    answers = rule.answers_by(past.runs, CHECKS, *numbers_by_parts(past.runs, CHECKS))
    asked = np.asarray(answers.asked.any(axis=1))
    replay = Replay(rule.name, "runs of other batches", answers.first_stop(CHECKS), asked)
    return record_by(replay, past, None).verdict


def record_text(record: MayStop | RecommendsOnly) -> str:
    """The record of the rule, as part of a sentence.

    >>> record_text(RecommendsOnly("59 winners of which it kills none are needed, 12 seen", 59))
    'it may not stop runs by itself yet (59 winners of which it kills none are needed, 12 seen)'
    """
    if isinstance(record, MayStop):
        return f"it stops at most {record.upper:.1%} of winners (limit {record.limit:.1%})"
    return f"it may not stop runs by itself yet ({record.reason})"


def _digest(records: Sequence[PastRun]) -> str:
    told = hashlib.sha256()
    for one in records:
        told.update("\x1f".join((one.run_id, one.ticket, one.problem, str(len(one.steps)))).encode() + b"\n")
        told.update(one.steps.astype("<i8").tobytes() + one.gaps.astype("<f8").tobytes())
    return f"sha256:{told.hexdigest()}"
