"""How a project judges, as it is given on the command line: strictness, alpha, rules of thumb."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay.cli.options import given
from assay.domain.gates.settings import KillRules
from assay.domain.kernel.kill_rules import KillRuleName
from assay.errors import Invalid

Strictness = Annotated[
    str | None,
    typer.Option(
        "--strictness",
        help="A claim is shown when its bound lies beyond the target (bound), or its estimate (point).",
    ),
]
Alpha = Annotated[float | None, typer.Option("--alpha", help="One-sided error of a claim, such as 0.05.")]
Rules = Annotated[
    list[str] | None,
    typer.Option(
        "--kill-rule",
        metavar="NAME=VALUE",
        help="Switch a rule (plateau=off, median=on) or set a value of one (over_budget_multiple=3, plateau_tolerance.bleu=0.5); may be repeated.",
    ),
]
Ignored = Annotated[
    list[str] | None,
    typer.Option(
        "--ignored-parameter",
        metavar="NAME",
        help="Sets no configuration apart, beside the seed; may be repeated and names all of them, none for none.",
    ),
]
_SWITCH = {"on": True, "off": False}
_TOLERANCE = "plateau_tolerance."
_VALUES = tuple(name for name in KillRules.model_fields if name not in ("enabled", "plateau_tolerances"))


def changed(
    verdicts: dict[str, Any],
    strictness: str | None,
    alpha: float | None,
    rules: list[str] | None,
    ignored: list[str] | None = None,
) -> dict[str, Any] | None:
    """The settings with what was given over them; None when nothing was.

    >>> changed({"alpha": 0.05, "kill_rules": {"enabled": ["gap"], "gap": "0.15"}}, None, None, ["gap=off", "gap=0.2"])
    {'alpha': 0.05, 'kill_rules': {'enabled': [], 'gap': '0.2'}}
    """
    said = given(strictness=strictness, alpha=alpha)
    if ignored:
        said["ignored_parameters"] = [] if ignored == ["none"] else ignored
    if not said and not rules:
        return None
    own = dict(verdicts["kill_rules"])
    for text in rules or ():
        _set(own, text)
    return {**verdicts, **said, "kill_rules": own}


def _set(own: dict[str, Any], text: str) -> None:
    name, equals, value = (part.strip() for part in text.partition("="))
    if equals and value and name.startswith(_TOLERANCE) and name != _TOLERANCE:
        _set_tolerance(own, name.removeprefix(_TOLERANCE), value)
        return
    name = name.replace("-", "_")
    switched = _SWITCH.get(value.lower())
    if equals and switched is not None and name in set(KillRuleName):
        enabled = {*own["enabled"], name} if switched else {*own["enabled"]} - {name}
        own["enabled"] = [rule.value for rule in KillRuleName if rule.value in enabled]
    elif equals and value and switched is None and name in _VALUES:
        own[name] = [one.strip() for one in value.split(",")] if name == "loss_metrics" else value
    else:
        raise Invalid(
            f"cannot read option --kill-rule: found {text[:60]!r} (expected RULE=on or off with one of: "
            f"{', '.join(KillRuleName)}; or VALUE of one of: {', '.join(_VALUES)}, {_TOLERANCE}METRIC)",
            hint="--kill-rule plateau=off --kill-rule gap=0.2",
            code="kill-rule-malformed",
            field="kill_rules",
        )


def _set_tolerance(own: dict[str, Any], metric: str, value: str) -> None:
    """The tolerance of one metric, in its own unit; `off` takes it away."""
    others = {name: kept for name, kept in own.get("plateau_tolerances", {}).items() if name != metric}
    own["plateau_tolerances"] = others if _SWITCH.get(value.lower()) is False else {**others, metric: value}


def lines(verdicts: dict[str, Any]) -> list[tuple[str, object]]:
    """What the project judges by, one fact a line."""
    rules = verdicts["kill_rules"]
    defaults = KillRules.model_fields  # a value that is absent is the default
    values = [f"{name} {_text(rules[name] if name in rules else defaults[name].default)}" for name in _VALUES]
    values += [f"{_TOLERANCE}{name} {kept}" for name, kept in rules.get("plateau_tolerances", {}).items()]
    return [
        ("strictness", verdicts["strictness"]),
        ("alpha", verdicts["alpha"]),
        ("groups ignore", ", ".join(verdicts.get("ignored_parameters", ())) or "the seed alone"),
        ("kill rules", ", ".join(rules["enabled"]) or "all off"),
        ("their values", "; ".join(values)),
    ]


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
