"""`assay backtest --apply`: what a back-test would change of the settings, and the change."""

from __future__ import annotations

from typing import Any

from assay.cli.connection import Connection, part
from assay.cli.screen import say, table
from assay.domain.gates.rule_values import OFF, RuleChange, changes, values_of
from assay.domain.gates.settings import KillRules


def put_settings(api: Connection, slug: str, found: dict[str, Any]) -> Any:
    """Set the kill rules as the back-test says, where nobody changed the project since; its answer."""
    where = f"/projects/{part(slug)}"
    verdicts = api.ask("GET", where).data["verdicts"]
    body = {"verdicts": {**verdicts, "kill_rules": found["best_kill_rules"]}}
    return api.ask("PATCH", where, body=body, version=found["settings_version"])


def say_settings(found: dict[str, Any], slug: str, *, done: bool, command: str) -> None:
    """Before and after of each rule that changes, and how it is taken back."""
    if not found["changes"]:
        say("Nothing to change: every rule has the setting that these runs ask for, or too few runs say.")
        return
    why = {one["rule"]: one for one in found["rules"]}
    table(
        ("rule", "before" if done else "now", "after", "why"),
        [
            (one["rule"], one["before"], one["after"], why[one["rule"]]["advice_why"])
            for one in found["changes"]
        ],
    )
    for one in found["changes"]:
        _say_elsewhere(one["rule"], why[one["rule"]]["elsewhere"])
    if not done:
        say(f"Nothing was changed. Change it: {command} --yes")
        return
    say("They hold for every open ticket from its next verdict on.")
    now, best = (KillRules.model_validate(found[name]) for name in ("kill_rules", "best_kill_rules"))
    options = " ".join(option for one in changes(now, best) for option in _back(one, now))
    say(f"Take it back: assay project edit {slug} {options}")


def say_values(row: dict[str, Any]) -> None:
    """Every value of a rule side by side, and which of them to use."""
    if len(row["values"]) > 1:
        table(
            ("value", "", "winners killed", "at most", "doomed killed", "compute saved"),
            [
                (
                    one["value"],
                    ", ".join(
                        word for word, said in (("now", one["is_now"]), ("best", one["is_best"])) if said
                    ),
                    f"{one['winners_killed']} of {one['winners_judged']}",
                    percent(one["winners_killed_at_most"], ".1%"),
                    one["doomed_killed"],
                    percent(one["saved"] and one["saved"]["value"], ".0%"),
                )
                for one in row["values"]
            ],
        )
    said = {"use": "Use the best one", "off": "Switch it off", "leave": "Leave it"}[row["advice"]]
    say(f"{said}: {row['advice_why']}.")
    _say_elsewhere(row["rule"], row["elsewhere"])


def say_chances(found: dict[str, Any]) -> None:
    """What became of past runs by the chance that they were given."""
    if not found["chances"]:
        return
    say(
        f"Are its chances right? What became of runs by the chance they were given at {found['chances_at']:.0%} of their budget:"
    )
    table(
        ("chance", "runs", "on average", "reached the target", "90% interval"),
        [
            (
                f"{one['low']:.0%} to {one['high']:.0%}",
                one["runs"],
                percent(one["mean_chance"], ".1%"),
                f"{one['hits']} ({one['hits'] / one['runs']:.0%})",
                f"{one['at_least']:.0%} to {one['at_most']:.0%}",
            )
            for one in found["chances"]
        ],
    )


def _say_elsewhere(rule: str, found: dict[str, Any] | None) -> None:
    """How the choice fares where it was not made."""
    if found is not None:
        say(
            f"{rule}: chosen on some of the tickets and tried on the others, in turn, it would have killed {found['winners_killed']} of "
            f"{found['winners_judged']} winners and saved {percent(found['saved'], '.0%')} of the compute of doomed runs."
        )


def percent(share: float | None, form: str) -> str:
    """A share, or that it is not known."""
    return "not known" if share is None else format(share, form)


def _back(change: RuleChange, before: KillRules) -> list[str]:
    """The options that set a rule as it was before."""
    if change.before == OFF:
        return [f"--kill-rule {change.rule}=off"]
    on = [f"--kill-rule {change.rule}=on"] if change.after == OFF else []
    return on + [f"--kill-rule {name}={value}" for name, value in values_of(before, change.rule).items()]
