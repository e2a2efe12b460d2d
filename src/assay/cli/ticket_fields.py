"""What of a ticket can be given on the command line, and what it means as data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from assay.domain.kernel.kill_rules import VALUES_OF_A_TICKET, KillRuleName
from assay.errors import Invalid

Hypothesis = Annotated[str | None, typer.Option("--hypothesis", help="One sentence that can turn out false.")]
Primary = Annotated[
    list[str] | None,
    typer.Option("--primary", metavar="TEXT", help='What makes it a success, such as "accuracy >= 85%".'),
]
Secondary = Annotated[
    list[str] | None, typer.Option("--secondary", metavar="TEXT", help="What is watched beside it.")
]
Blocking = Annotated[
    list[str] | None, typer.Option("--blocking", metavar="TEXT", help="What must hold beside it.")
]
Kill = Annotated[
    list[str] | None,
    typer.Option("--kill", metavar="TEXT", help='When to stop, such as "accuracy < 78% after training".'),
]
Baselines = Annotated[
    list[str] | None,
    typer.Option(
        "--baseline",
        metavar="METRIC[=VALUE]",
        help="METRIC alone: the runs of the arm baseline; with a number, or with the key of the ticket that measured it.",
    ),
]
GpuHours = Annotated[str | None, typer.Option("--gpu-hours", help="Budget of compute.")]
Cost = Annotated[str | None, typer.Option("--cost-usd", help="Budget of money.")]
Gpus = Annotated[int | None, typer.Option("--gpus", help="GPUs it runs on at once, 0 for none.")]
Days = Annotated[int | None, typer.Option("--days", help="Time box.")]
Sprints = Annotated[int | None, typer.Option("--sprints", help="Time box in sprints, kept as days.")]
Owner = Annotated[str | None, typer.Option("--owner", help="Who runs it.")]
Mode = Annotated[str | None, typer.Option("--mode", help="explore or exploit.")]
Axis = Annotated[str | None, typer.Option("--axis", help="The knob it turns, such as data or prompt.")]
Priority = Annotated[int | None, typer.Option("--priority", help="0 is most urgent, 4 least.")]
Labels = Annotated[
    list[str] | None, typer.Option("--label", metavar="TEXT", help="A label; may be repeated.")
]
Method = Annotated[str | None, typer.Option("--method", help="How it is done.")]
Candidate = Annotated[str | None, typer.Option("--candidate", help="Value of the tag assay.candidate.")]
TypeName = Annotated[
    str | None, typer.Option("--type", help="experiment, spike, data, engineering, feature or incident.")
]
Amend = Annotated[
    str | None,
    typer.Option(
        "--amend",
        metavar="REASON",
        help="Why what is locked changes, or takes more GPUs than its column has room for.",
    ),
]
Predictions = Annotated[
    list[str] | None,
    typer.Option(
        "--predict",
        metavar="NAME=VALUE",
        help="What you expect, such as chance=35%, effect=0:0.05:0.16 (10, 50, 90%), person_days=4; may be repeated.",
    ),
]
KillRules = Annotated[
    list[str] | None,
    typer.Option(
        "--kill-rule",
        metavar="NAME=VALUE",
        help="A kill rule of the project on this ticket: off (plateau=off), on, or a value of its own (futility=0.1, gap=project); may be repeated.",
    ),
]
File = Annotated[
    Path | None, typer.Option("--file", "-f", help="Ticket file (YAML or JSON); options win over it.")
]
Own = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="FIELD=VALUE",
        help="A field of one type alone: question, deliverable (spike); source, volume, stage (data); model_version, "
        "latency_ms, latency_percentile, cost_usd_per_1000 (engineering); fallback (feature). May be repeated.",
    ),
]
Trackers = Annotated[
    list[str] | None,
    typer.Option("--tracker", metavar="URL", help="Where a tracker shows more of it; may be repeated."),
]
_SWITCHED = ("on", "off")
_OWN = {
    "question": "spike",
    "deliverable": "spike",
    "source": "data",
    "volume": "data",
    "stage": "data",
    "arrives": "data",
    "model_version": "engineering",
    "latency_ms": "engineering",
    "latency_percentile": "engineering",
    "cost_usd_per_1000": "engineering",
    "fallback": "feature",
}
"""Which type has the field, by name."""


def own_fields(given: list[str] | None) -> dict[str, dict[str, Any]]:
    """What `--set` names, by the type that has the field.

    >>> own_fields(["question=Does it run?", "deliverable=A page"])
    {'spike': {'question': 'Does it run?', 'deliverable': 'A page'}}
    """
    found: dict[str, dict[str, Any]] = {}
    for text in given or []:
        name, equals, value = text.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or name not in _OWN:
            raise Invalid(
                f"cannot read option --set: found {text[:60]!r} (expected FIELD=VALUE with one of: {', '.join(_OWN)})",
                hint='--set question="Does it run on a CPU?"',
                code="field-unknown",
                field="set",
            )
        whole = name == "latency_percentile" and value.strip().isdecimal()
        found.setdefault(_OWN[name], {})[name] = int(value) if whole else value.strip()
    return found


def kill_rules_of(given: list[str] | None, before: dict[str, Any] | None = None) -> dict[str, Any]:
    """What `--kill-rule` sets, over what the ticket had; nothing where it was not given.

    >>> kill_rules_of(["futility=0.1", "gap=off"], {"kill_rules_off": ["futility"]})
    {'kill_rules_off': ['gap'], 'kill_rule_values': {'futility': '0.1'}}
    """
    if not given:
        return {}
    known = before or {}
    off, values = {*known.get("kill_rules_off", ())}, dict(known.get("kill_rule_values", {}))
    for text in given:
        name, equals, value = (part.strip() for part in text.partition("="))
        name, value = name.replace("-", "_"), value.lower()
        if equals and value in _SWITCHED and name in set(KillRuleName):
            off = {*off, name} if value == "off" else off - {name}
        elif equals and value and value not in _SWITCHED and name in VALUES_OF_A_TICKET:
            values[name] = None if value == "project" else value
            off -= {name}
        else:
            raise Invalid(
                f"cannot read option --kill-rule: found {text[:60]!r} (expected RULE=on or off with one of: "
                f"{', '.join(KillRuleName)}; or VALUE or project of one of: {', '.join(VALUES_OF_A_TICKET)})",
                hint="--kill-rule plateau=off --kill-rule futility=0.1",
                code="kill-rule-malformed",
                field="kill_rules_off",
            )
    return {"kill_rules_off": sorted(off), "kill_rule_values": values}


def addresses(given: list[str] | None) -> list[dict[str, str]] | None:
    """What `--tracker` names."""
    return [{"url": url} for url in given] if given else None


def over(content: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a request where what is not named inside of one stays as the ticket has it."""
    return {
        name: {**content.get(name, {}), **value} if isinstance(value, dict) and name != "criteria" else value
        for name, value in fields.items()
    }


def fields_of(
    file: Path | None,
    named: dict[str, Any],
    *,
    criteria: dict[str, Any],
    baselines: list[str],
    budget: dict[str, Any],
) -> dict[str, Any]:
    """The body of a request: what the file says, then what the options say."""
    fields = _read(file) if file is not None else {}
    fields.update(named)
    if criteria:
        fields["criteria"] = criteria
    if baselines:
        fields["baseline"] = [_baseline(text) for text in baselines]
    if budget:
        fields["budget"] = budget
    return fields


def _read(file: Path) -> dict[str, Any]:
    from assay.bootstrap import read_text
    from assay.workflows.ticket_file import load_ticket_text

    data = load_ticket_text(read_text(file), name=str(file))
    if not isinstance(data, dict):
        raise Invalid(
            f"cannot read file '{file}': found no fields (expected lines such as 'title: Fine-tune 8B')",
            hint="assay ticket export DIR writes examples",
            code="file-invalid",
        )
    data.pop("key", None)
    data.pop("links", None)
    return data


def _baseline(text: str) -> dict[str, str]:
    """`accuracy` (runs of the arm baseline), `accuracy=0.72`, `accuracy=0.72 from zero-shot`, or `accuracy=EXP-3`."""
    from assay.domain.kernel.metric_name import METRIC_NAME

    metric, equals, rest = (part.strip() for part in text.partition("="))
    value, _, source = (part.strip() for part in rest.partition(" from "))
    if METRIC_NAME.match(metric) is None or (equals and not value):
        raise Invalid(
            f"cannot read option --baseline: found {text[:60]!r} (expected METRIC, METRIC=VALUE or METRIC=KEY)",
            hint="--baseline accuracy, --baseline accuracy=0.72 or --baseline accuracy=EXP-3",
            code="baseline-malformed",
            field="baseline",
        )
    if not equals:
        return {"metric": metric}
    measured = {"ticket" if value[:1].isalpha() else "value": value}
    return {"metric": metric, **measured, **({"source": source} if source else {})}


_PARTS = ("low", "mid", "high")
_DELAY = ("business_value", "time_criticality", "risk_reduction", "job_size")


def prediction_of(given: list[str] | None, before: dict[str, Any] | None = None) -> dict[str, Any]:
    """What `--predict NAME=VALUE` says over what was said before; an empty value takes it back."""
    found = dict(before or {})
    for text in given or ():
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals:
            raise Invalid(
                f"cannot read option --predict: found {text[:60]!r} (expected NAME=VALUE)",
                hint="--predict chance=35% --predict effect=0:0.05:0.16 --predict person_days=4",
                code="prediction-malformed",
                field="prediction",
            )
        name = name.replace("-", "_")
        if name in _DELAY:
            delay = {
                **found.get("cost_of_delay", {}),
                name: int(value) if value.isdecimal() else value or None,
            }
            found["cost_of_delay"] = delay
        else:
            found[name] = _effect(value) if name == "effect" and value else value or None
    return {"prediction": found} if given else {}


def _effect(text: str) -> dict[str, str]:
    """`0:0.05:0.16` is low, mid and high; `0.05+-0.04` is mean and standard deviation."""
    mean, plus_minus, spread = text.partition("+-")
    if plus_minus:
        return {"mean": mean.strip(), "sd": spread.strip()}
    parts = [part.strip() for part in text.split(":")]
    if len(parts) != len(_PARTS):
        raise Invalid(
            f"cannot read option --predict: found {text[:60]!r} (expected LOW:MID:HIGH or MEAN+-SD)",
            hint="--predict effect=0:0.05:0.16, in the primary metric's own unit; above 0 is better",
            code="prediction-malformed",
            field="prediction.effect",
        )
    return dict(zip(_PARTS, parts, strict=True))
