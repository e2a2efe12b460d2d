"""How many examples and seeds does a gate need to see an effect of a given size, and what could it see with those there are?

Every claim is planned with the test that will decide it, for a truth that lies as far on the good side as is asked. Alarms
are planned for a harm that far beyond their limit. What nobody knows (how examples and seeds scatter) is taken from results
where there are some, else it is said what was assumed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from assay.domain.experiments.evidence import Evaluation
from assay.domain.gates.case import stage_plan
from assay.domain.gates.checks.looks import gpu_hours_per_run
from assay.domain.gates.gate import Gate, GateRole
from assay.domain.gates.gate_data import gate_digest
from assay.domain.gates.gate_metrics import with_metrics
from assay.domain.gates.plan_claims import Shown, spread_power
from assay.domain.gates.plan_parts import parts_of
from assay.domain.gates.plan_shapes import Part, SpreadPart, Unplanned
from assay.domain.gates.wording import count, hours
from assay.domain.kernel.findings import Role
from assay.domain.kernel.model import Value
from assay.stats.stages import Look, StagePlan

CURVE = (0.125, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
"""Where the curve of power is drawn, in multiples of what is needed."""
_FEWEST = 5


class PlanAsked(Value):
    """What is to be planned for."""

    effect: str = ""
    """How far the truth lies on the side to be shown, such as `2%`; empty: 2 points of fractions, else 2% relative."""
    power: Annotated[float, Field(gt=0, lt=1)] = 0.8
    """Wanted probability of showing it."""
    hours_per_seed: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """GPU-hours of one seed; None takes them from the results, where they say."""
    seed_sd: str = ""
    """Standard deviation over seeds, such as `1%`, where results do not tell it."""
    discordance: Annotated[Decimal, Field(gt=0, le=1, allow_inf_nan=False)] | None = None
    """Share of examples on which only one of two models is right, where results do not tell it."""


class PlannedLook(Value):
    """One registered look over seeds."""

    seeds: int
    """Seeds an arm."""
    alpha: float
    power: float | None = None
    """By this look alone, with the examples there are; None where that is not known."""
    examples: int | None = None
    """Examples that would give the wanted power at this look; None where none would, or it is not known."""
    gpu_hours: float | None = None
    """Cost of the seeds that are missing."""


class CurvePoint(Value):
    """How power grows."""

    examples: int
    power: float


class PlannedClaim(Value):
    """One criterion, or check, and what it takes."""

    check: str
    role: GateRole
    alarm: bool = False
    """It shows harm where there is some; power is then the probability of that, and not of passing."""
    truth: str = ""
    """What is assumed to be true, such as "accuracy is truly 87.0%"."""
    effect: float | None = None
    """The same as a distance from what has to be shown, in the metric's units."""
    seeds: int | None = None
    """Seeds there are, an arm."""
    examples: int | None = None
    """Examples there are."""
    power: float | None = None
    """With those; None where nothing is there, or they stand between two looks."""
    detectable: float | None = None
    """The smallest effect those would show with the wanted power."""
    detectable_text: str = ""
    one_model: int | None = None
    """Examples that give one model the wanted power; None where none do, or nothing says how they vary."""
    looks: tuple[PlannedLook, ...] = ()
    needs: str = ""
    """The cheapest of these, in words."""
    gpu_hours: float | None = None
    """What that costs, None when unknown."""
    curve: tuple[CurvePoint, ...] = ()
    """Power of one model by its examples."""
    notes: tuple[str, ...] = ()
    """What was assumed."""
    unknown: str = ""
    """Why nothing is planned; empty where something is."""


class GatePlan(Value):
    """What a gate takes."""

    gate: str
    version: int
    gate_digest: str
    power: float
    """The wanted one."""
    claims: tuple[PlannedClaim, ...]
    together: float | None = None
    """Every primary and blocking one at once, with what is there: at least this likely. None where one is not known."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Frame:
    asked: PlanAsked
    plan: StagePlan
    price: float | None


def plan_gate(
    gate: Gate, asked: PlanAsked, candidate: Evaluation | None = None, baseline: Evaluation | None = None
) -> GatePlan:
    """What does this gate take?

    Args:
        gate: as it was read.
        asked: for which effect and power.
        candidate: results that tell how scores vary; a pilot, or those that are to be judged.
        baseline: what it is compared with.

    Raises:
        Invalid: the effect cannot be read for a metric.
    """
    reported = [metric for side in (candidate, baseline) if side is not None for metric in side.metrics]
    declared = with_metrics(gate, reported)
    runs = [run for side in (candidate, baseline) if side is not None for run in side.runs]
    price = asked.hours_per_seed or gpu_hours_per_run(tuple(runs))
    frame = _Frame(asked, stage_plan(gate.settings.looks, gate.settings.alpha), price)
    sizes = (asked.effect, asked.seed_sd, asked.discordance)
    claims = tuple(_planned(part, frame) for part in parts_of(declared, candidate, baseline, sizes=sizes))
    return GatePlan(
        gate=gate.name,
        version=gate.version,
        gate_digest=gate_digest(gate),
        power=asked.power,
        claims=claims,
        together=_together(claims),
        notes=tuple(_notes(gate, frame, candidate, baseline)),
    )


def _planned(part: Part | SpreadPart | Unplanned, frame: _Frame) -> PlannedClaim:
    match part:
        case Unplanned():
            return PlannedClaim(check=part.check, role=part.role, unknown=part.why)
        case SpreadPart():
            return _planned_spread(part, frame)
        case _:
            return _planned_claim(part, frame)


def _planned_claim(part: Part, frame: _Frame) -> PlannedClaim:
    shown, wanted = part.shown, frame.asked.power
    looks = (
        tuple(_look(shown, look, frame, part) for look in frame.plan.looks) if _scatter_known(shown) else ()
    )
    present = _present_look(part, frame.plan)
    detectable = shown.smallest_seen(wanted, look=present, examples=part.examples) if part.seeds else None
    if part.seeds > 1 and present is None:
        detectable = None  # between two looks nothing is decided
    one = shown.one_needs(wanted) if part.one_model else None
    needs, cost = _needs(part, looks, one, frame)
    return PlannedClaim(
        check=part.check,
        role=part.role,
        alarm=part.alarm,
        truth=part.truth,
        effect=shown.distance,
        seeds=part.seeds or None,
        examples=part.examples,
        power=_present_power(part, present),
        detectable=detectable,
        detectable_text="" if detectable is None else part.said(detectable),
        one_model=one,
        looks=looks,
        needs=needs,
        gpu_hours=cost,
        curve=_curve(part, one),
        notes=part.notes,
    )


def _scatter_known(shown: Shown) -> bool:
    return shown.variation is not None and shown.variation.seed_variance is not None


def _present_look(part: Part, plan: StagePlan) -> Look | None:
    """The look at which the seeds there are stand; None for one model, and between looks."""
    if part.seeds < 2 and part.one_model:
        return None
    return next((look for look in plan.looks if look.n == min(part.seeds, plan.maximum)), None)


def _present_power(part: Part, present: Look | None) -> float | None:
    if part.seeds == 0:
        return None
    if present is not None:
        return part.shown.power_at(present, part.examples)
    if part.seeds > 1 or part.shown.one is None or part.examples is None:
        return None
    return part.shown.one(part.examples, part.shown.distance)


def _look(shown: Shown, look: Look, frame: _Frame, part: Part) -> PlannedLook:
    return PlannedLook(
        seeds=look.n,
        alpha=look.alpha,
        power=shown.power_at(look, part.examples),
        examples=shown.examples_at(look, frame.asked.power),
        gpu_hours=_cost(look.n, part, frame),
    )


def _cost(seeds: int, part: Part, frame: _Frame) -> float | None:
    """The price of the seeds that are missing; of both sides, where both need them."""
    if frame.price is None:
        return None
    return frame.price * part.shown.arms * max(0, seeds - part.seeds)


def _needs(
    part: Part, looks: Sequence[PlannedLook], one: int | None, frame: _Frame
) -> tuple[str, float | None]:
    wanted = frame.asked.power
    an_arm = " an arm" if part.shown.arms == 2 else ""
    enough = next((look for look in looks if look.power is not None and look.power >= wanted), None)
    if enough is not None:
        return f"{count(enough.seeds, 'seed')}{an_arm}", enough.gpu_hours
    possible = [look for look in looks if look.examples is not None]
    if possible:
        best = min(possible, key=lambda look: look.seeds * (look.examples or 0))
        size = f"{count(best.examples or 0, 'example')}{part.each}"
        return f"{count(best.seeds, 'seed')}{an_arm} x {size}", best.gpu_hours
    if looks:
        return (
            f"more than {count(looks[-1].seeds, 'seed')}, whatever the examples: the seeds scatter too much",
            None,
        )
    if one is not None:
        return f"{count(one, 'example')}{part.each}", None
    return ("more than 10 million examples" if part.shown.one is not None else ""), None


def _curve(part: Part, one: int | None) -> tuple[CurvePoint, ...]:
    if one is None or part.shown.one is None:
        return ()
    sizes = {max(_FEWEST, round(one * factor)) for factor in CURVE}
    return tuple(CurvePoint(examples=n, power=part.shown.one(n, part.shown.distance)) for n in sorted(sizes))


def _planned_spread(part: SpreadPart, frame: _Frame) -> PlannedClaim:
    looks = tuple(
        PlannedLook(
            seeds=look.n,
            alpha=look.alpha,
            power=spread_power(part.limit, part.true_sd, look, claim=part.claim) if look.alpha > 0.0 else 0.0,
            gpu_hours=None if frame.price is None else frame.price * max(0, look.n - part.seeds),
        )
        for look in frame.plan.looks
    )
    present = next((look for look in looks if look.seeds == min(part.seeds, frame.plan.maximum)), None)
    enough = next((look for look in looks if (look.power or 0.0) >= frame.asked.power), None)
    return PlannedClaim(
        check=part.check,
        role=part.role,
        alarm=not part.claim,
        truth=part.truth,
        effect=abs(part.true_sd - part.limit),
        seeds=part.seeds or None,
        power=None if present is None else present.power,
        looks=looks,
        needs=f"more than {count(looks[-1].seeds, 'seed')}"
        if enough is None
        else count(enough.seeds, "seed"),
        gpu_hours=None if enough is None else enough.gpu_hours,
    )


def _together(claims: Sequence[PlannedClaim]) -> float | None:
    """All at once, whatever hangs together: one minus the chances that each one is missed."""
    deciding = [c for c in claims if c.role is not Role.SECONDARY and not c.unknown and not c.alarm]
    if not deciding or any(claim.power is None for claim in deciding):
        return None
    return max(0.0, 1.0 - sum(1.0 - (claim.power or 0.0) for claim in deciding))


def _notes(
    gate: Gate, frame: _Frame, candidate: Evaluation | None, baseline: Evaluation | None
) -> Iterator[str]:
    if candidate is None and baseline is None:
        seeds = "" if frame.asked.seed_sd else " and that of seeds unknown"
        ways = "--candidate or --baseline" if frame.asked.seed_sd else "--candidate, --baseline or --seed-sd"
        yield f"without results the scatter of examples is assumed{seeds}: {ways}"
    if gate.settings.sequential:
        yield "planned for one look at the examples; looking as they arrive (sequential) needs more"
    if gate.settings.mode == "point":
        yield "planned for the strict answer: in point mode the estimate alone decides, and errs more"
    yield f"looks at {', '.join(map(str, frame.plan.stages))} seeds, one-sided alpha {gate.settings.alpha:g}"
    if frame.price is not None:
        yield f"{hours(frame.price)} GPU-hours a seed"
