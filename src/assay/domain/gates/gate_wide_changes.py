"""What changed that concerns more than one criterion or check: settings, evaluation set, metrics, what is corrected together?

A claim is harder to show at a lower level, and harm is harder to see: what makes claims stricter makes alarms more lenient.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.domain.experiments.changes import declaration_changes
from assay.domain.experiments.criteria.model import Spread
from assay.domain.experiments.criteria.text import dataset_text
from assay.domain.experiments.exact_numbers import percent_text
from assay.domain.gates.case import stage_plan
from assay.domain.gates.gate import Gate, GateSettings, MetricCheck, RegressionCheck
from assay.domain.gates.gate_change import GateChange, gate_change, side
from assay.domain.gates.gate_metrics import Inferred, inferred_metrics
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import Metric, MetricCatalog


def dataset_changes(old: Gate, new: Gate) -> Iterator[GateChange]:
    """Is another evaluation set asked for? Results that name none are taken as the one that the gate names."""
    if old.dataset == new.dataset:
        return
    told = ["any evaluation set" if g.dataset is None else dataset_text(g.dataset) for g in (old, new)]
    if new.dataset is None:
        yield gate_change("loosened", f"loosened dataset: {told[0]} is now {told[1]}")
        return
    why = "results that name none are taken as it" if old.dataset is None else "results cannot be compared"
    yield gate_change("changed", f"changed dataset: {told[0]} is now {told[1]}: {why}", loosens=True)


def settings_changes(old: Gate, new: Gate) -> Iterator[GateChange]:
    """Are the same criteria and checks judged in another way?"""
    was, now = old.settings, new.settings
    if was.alpha != now.alpha:
        yield _alpha(was, now, blinds=_has_alarm(new))
    if was.mode != now.mode:
        yield _mode(was, now, forgives=_has_alarm(new))
    if was.looks != now.looks:
        told = [", ".join(map(str, settings.looks.stages)) for settings in (was, now)]
        yield gate_change("changed", f"changed looks: {told[0]} seeds is now {told[1]} seeds", loosens=True)
    if was.sequential != now.sequential:
        yield _sequential(now)
    if was.unmatched_limit != now.unmatched_limit:
        kind = side(1 if now.unmatched_limit > was.unmatched_limit else -1)
        told = [percent_text(settings.unmatched_limit) for settings in (was, now)]
        yield gate_change(kind, f"{kind} unmatched_limit: {told[0]} is now {told[1]}")


def _alpha(was: GateSettings, now: GateSettings, *, blinds: bool) -> GateChange:
    """A lower level makes claims harder to show, and harm harder to see."""
    text = f"alpha: {was.alpha:g} is now {now.alpha:g}"
    if now.alpha > was.alpha:
        return gate_change("loosened", f"loosened {text}")
    if blinds:
        text = f"changed {text}: claims are harder to show, and alarms see less"
        return gate_change("changed", text, loosens=True)
    levels = [stage_plan(settings.looks, settings.alpha).alphas for settings in (was, now)]
    if any(new > old for old, new in zip(*levels, strict=False)):
        text = f"changed {text}: it is spread over the looks in another way, and one of them decides sooner"
        return gate_change("changed", text, loosens=True)
    return gate_change("tightened", f"tightened {text}")


def _mode(was: GateSettings, now: GateSettings, *, forgives: bool) -> GateChange:
    """The estimate alone lets a claim pass sooner, and fails an alarm sooner."""
    text = f"mode: {was.mode} is now {now.mode}"
    if now.mode == "point":
        return gate_change("loosened", f"loosened {text}")
    if forgives:
        text = (
            f"changed {text}: claims are harder to show, and an alarm no longer fails on its estimate alone"
        )
        return gate_change("changed", text, loosens=True)
    return gate_change("tightened", f"tightened {text}")


def _sequential(now: GateSettings) -> GateChange:
    if not now.sequential:
        return gate_change(
            "loosened", "loosened sequential: the error over examples now holds for one look only"
        )
    holds = "the error over examples now holds however often one looks"
    return gate_change(
        "changed", f"changed sequential: {holds}, by other tests, and alarms see less", loosens=True
    )


def _has_alarm(gate: Gate) -> bool:
    spreads = (criterion.test for criterion in gate.criteria if isinstance(criterion.test, Spread))
    claims = (getattr(part, "claim", True) for part in (*gate.checks, *spreads))
    return not all(claims)


def family_changes(old: Gate, new: Gate) -> Iterator[GateChange]:
    """Are more alarms corrected together, so that each needs more harm to fail?"""
    before, after = (_alarms(gate) for gate in (old, new))
    if len(after) > len(before) and any(role is not Role.SECONDARY for role in before):
        text = (
            f"changed alarms: {len(after)} limits on a spread are now corrected together, not {len(before)}, "
            "so that each needs more harm to fail"
        )
        yield gate_change("changed", text, loosens=True)


def _alarms(gate: Gate) -> list[Role]:
    """The roles of the criteria that are met unless harm is shown: they share one correction."""
    return [
        criterion.role
        for criterion in gate.criteria
        if isinstance(criterion.test, Spread) and not criterion.test.claim
    ]


def choice_changes(old: Gate, new: Gate) -> Iterator[GateChange]:
    """Is the best of several configurations chosen by another metric? Then another one may be judged."""
    told = [_chosen_by(gate) for gate in (old, new)]
    if told[0] != told[1]:
        names = [name or "the number of seeds" for name in told]
        text = (
            f"changed choice: the best of several configurations is now that by {names[1]}, not by {names[0]}"
        )
        yield gate_change("changed", text, loosens=True)


def _chosen_by(gate: Gate) -> str | None:
    """The first primary criterion that says which value is better."""
    for criterion in gate.criteria:
        if criterion.role is Role.PRIMARY and criterion.metric and not isinstance(criterion.test, Spread):
            on = f" on {dataset_text(criterion.dataset)}" if criterion.dataset is not None else ""
            return f"{criterion.metric}{on}"
    return None


def metric_changes(old: Gate, new: Gate) -> Iterator[GateChange]:
    """Do the metrics that the old gate reads mean something else? A declaration outranks what the results say."""
    before = {metric.name: metric for metric in old.metrics}
    after = {metric.name: metric for metric in new.metrics}
    for change in declaration_changes(before, after):
        yield gate_change(change.kind, change.text, loosens=change.loosens)
    for name in sorted(before.keys() - after.keys()):
        read = _reads(old, before[name])
        yield gate_change("removed", f"removed declaration of metric {name}", loosens=read)
    for name in sorted(after.keys() - before.keys()):
        read, better = _reads(old, after[name]), f"{after[name].direction} is better"
        why = ", whatever the results say" if read else ""
        yield gate_change("added", f"added declaration of metric {name}: {better}{why}", loosens=read)
    yield from _implied_changes(old, new)


def _implied_changes(old: Gate, new: Gate) -> Iterator[GateChange]:
    """What nothing told before, such as which way is better, may now be told by a criterion that came."""
    declared = MetricCatalog(metrics=old.metrics)
    before = {one.metric: one for one in inferred_metrics(old)}
    for one in inferred_metrics(new):
        if declared.get(one.metric) is not None or not _reads_name(old, one.metric):
            continue
        told = _newly_told(before.get(one.metric), one)
        if told:
            text = f"changed metric {one.metric}: the gate's own numbers now say that {told}"
            yield gate_change("changed", text, loosens=True)


def _newly_told(was: Inferred | None, now: Inferred) -> str:
    told = []
    if now.direction is not None and (was is None or was.direction is not now.direction):
        told.append(f"{now.direction} is better")
    if now.unit is not None and (was is None or was.unit is not now.unit):
        told.append(f"its unit is {now.unit}")
    return " and ".join(told)


def _reads(gate: Gate, metric: Metric) -> bool:
    return any(_reads_name(gate, name) for name in (metric.name, *metric.aliases))


def _reads_name(gate: Gate, name: str) -> bool:
    """Does anything in this gate look at the metric? A regression check looks at all that both sides share."""
    if any(criterion.metric == name for criterion in gate.criteria):
        return True
    checks = gate.checks
    if any(isinstance(one, RegressionCheck) and name not in one.leave_out for one in checks):
        return True
    return any(isinstance(one, MetricCheck) and gate.metric_of(one) == name for one in checks)
