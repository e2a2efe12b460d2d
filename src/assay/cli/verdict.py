"""`assay verdict`, `assay decide` and `assay replay`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay.cli.connection import connected, key_part
from assay.cli.options import Json, Key, Project
from assay.cli.screen import print_json, say, table


def register(root: typer.Typer) -> None:
    """Add these commands."""
    root.command("verdict")(verdict)
    root.command("decide")(decide)
    root.command("replay")(replay)


def verdict(
    key: Key,
    recompute: Annotated[bool, typer.Option("--recompute", help="Compute it again first.")] = False,
    project: Project = None,
    json: Json = False,
) -> int:
    """Show what the evidence says about a ticket. Exit code: 0 promote, 1 iterate or kill, 2 broken evidence, 3 undecided.

    Example: assay verdict EXP-42
    """
    with connected(project) as api:
        answer = api.in_project("POST" if recompute else "GET", f"/tickets/{key_part(key)}/verdict")
    document = answer.data
    found = document["record"]["verdict"]
    if json:
        print_json(answer.body)
    else:
        _print_verdict(key, found, document["shown"])
        _print_since(document["since_kill"])
        for one in document["kills"]:
            if one["snooze"] is not None:
                said = one["snooze"]
                say(f"{one['rule']} is snoozed until {said['until'][:10]} by {said['by']}: {said['reason']}")
    code: int = document["exit_code"]
    return code


def _print_verdict(key: str, found: dict[str, Any], shown: list[dict[str, str]]) -> None:
    word, headline = found["recommendation"], found["headline"]
    say(f"{key.upper()}  {headline if headline.lower().startswith(word) else f'{word}: {headline}'}")
    say(found["detail"])
    print()
    table(
        ("role", "criterion", "outcome", "estimate", "interval", "why"),
        [
            (
                one["role"],
                one["check"],
                one["outcome"].replace("_", " "),
                numbers["estimate"],
                _interval(numbers["interval"], one["interval"]),
                one["reason"],
            )
            for one, numbers in zip(found["findings"], shown, strict=True)
        ],
        none="No criterion was examined.",
    )
    for one in found["findings"]:
        if one["settle"]:
            say(f"{one['check']}: {one['settle']['text']}")
    for advice in found["advice"]:
        say(f"{advice['rule']}: {advice['reason']}")
    for line in _chances(found):
        say(line)
    for line in found["notes"]:
        say(line)


def _chances(found: dict[str, Any]) -> tuple[str, ...]:
    """What past runs say of the runs under way."""
    if not found.get("chances"):
        return ()
    from assay.domain.gates.futility_seen import told_chances
    from assay.domain.kernel.verdicts import Verdict

    return told_chances(Verdict.model_validate(found))


def _print_since(since: dict[str, Any] | None) -> None:
    if since is not None:
        came = {0: "what was changed", 1: "1 run that came"}.get(
            since["runs"], f"{since['runs']} runs that came"
        )
        say(f"This is what it was killed on. With {came} after the kill: {since['headline']}.")


def _interval(text: str, interval: dict[str, Any] | None) -> str:
    return text if interval is None else f"{text} ({interval['label']})"


def decide(
    key: Key,
    kind: Annotated[str, typer.Argument(metavar="DECISION", help="promote, iterate or kill.")],
    learnings: Annotated[str, typer.Option("--learnings", help="What was learned.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, where it differs from the verdict.")] = "",
    stay: Annotated[bool, typer.Option("--stay", help="Do not move the card.")] = False,
    project: Project = None,
    json: Json = False,
) -> None:
    """Record what was decided, with what was learned, and move the card where it leads.

    Example: assay decide EXP-42 kill --learnings "Below 72% at every seed: the prompt is not the bottleneck."
    """
    with connected(project) as api:
        path = f"/tickets/{key_part(key)}"
        version = api.in_project("GET", path).data["version"]
        body = {"kind": kind, "learnings": learnings, "reason": reason, "move": not stay}
        answer = api.in_project("POST", f"{path}/decisions", body=body, version=version)
    if json:
        print_json(answer.body)
        return
    done = answer.data
    judged = done["decision"]["verdict"]
    say(f"{key.upper()}: {kind} recorded{f' on the verdict {judged}' if judged else ', without a verdict'}.")
    if done["moved_to"]:
        say(f"The card is in {done['moved_to']}.")
    elif done["not_moved_because"]:
        say(f"The card stays in {done['ticket']['stage']}: {done['not_moved_because']}")


def replay(
    key: Key,
    digest: Annotated[
        str | None,
        typer.Option("--digest", help="An earlier verdict, such as the one a decision was taken on."),
    ] = None,
    project: Project = None,
    json: Json = False,
) -> int:
    """Compute a stored verdict again from the stored evidence. Exit code: 0 the same bytes, 1 different.

    Example: assay replay EXP-42
    """
    with connected(project) as api:
        asked = {"digest": digest} if digest else None
        answer = api.in_project("GET", f"/tickets/{key_part(key)}/verdict/replay", query=asked)
    report = answer.data
    if json:
        print_json(answer.body)
    else:
        say(
            f"{key.upper()}: {'the same bytes' if report['same'] else 'different'} ({report['stored_digest']})"
        )
        for line in (*report["differences"], *report["other_versions"]):
            say(f"  {line}")
    return 0 if report["same"] else 1
