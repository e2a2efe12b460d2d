"""Hand-made board views: what a page is given, written out for tests of the page alone."""

from datetime import UTC, datetime, timedelta

from assay.domain.board.board import DEFAULT_BOARD
from assay.workflows.views import BoardView, CardView, ColumnView

NOW = datetime(2026, 5, 20, 9, tzinfo=UTC)


def card(key, title, stage, **more):
    evidence = more.pop("evidence", {})
    values = {
        "key": key,
        "type": "experiment",
        "title": title,
        "owner": "Ada Noor",
        "stage": stage,
        "rank": 1024.0,
        "version": 3,
        "card_version": 7,
        "priority": 2,
        "entered_stage_at": NOW - timedelta(days=4),
        "hypothesis": "",
        "overridden": False,
        "locked": stage not in ("backlog", "hypothesis"),
    }
    return CardView(**{**values, **more, "evidence": evidence})


def numbers(baseline, current, target, recommendation, chip, foot, bar, **more):
    return {
        "metric": "accuracy",
        "baseline_text": baseline,
        "current_text": current,
        "target_text": target,
        "recommendation": recommendation,
        "chip": chip,
        "foot": foot,
        "bar": bar,
        "runs": 5,
        **more,
    }


def bar(low, high, estimate, target, baseline):
    return {"low": low, "high": high, "estimate": estimate, "target": target, "baseline": baseline}


CARDS = (
    card(
        "EXP-58",
        "Rerank top 20 with a cross-encoder",
        "backlog",
        hypothesis="Reranking lifts answer accuracy",
        priority=0,
    ),
    card("EXP-55", "Shorter chunks for pricing pages", "backlog", owner="jo"),
    card("SPK-9", "Can the small model serve at 400 ms?", "backlog", owner="Mira", type="spike"),
    card("EXP-51", "Refusal tuning lowers hallucination below 5%", "hypothesis", owner="lu"),
    card(
        "EXP-42",
        "Fine-tune the 8B model on support tickets",
        "experiment",
        evidence=numbers(
            "72%",
            "86.1%",
            "85%",
            "undecided",
            "Unclear",
            "2 more seeds would settle it",
            bar(0.66, 0.82, 0.74, 0.70, 0.06),
            compute_text="18 of 24 GPU-h",
            compute_share=0.75,
        ),
    ),
    card(
        "EXP-47",
        "Long-context model without retrieval",
        "experiment",
        owner="Mira",
        overridden=True,
        evidence=numbers(
            "72%",
            "76.4%",
            "85%",
            "kill",
            "Kill: plateau",
            "3 runs within 1%",
            bar(0.24, 0.36, 0.30, 0.70, 0.06),
            compute_text="31 of 24 GPU-h",
            compute_share=1.29,
        ),
    ),
    card(
        "EXP-44",
        "Cite the source paragraph in each answer",
        "evaluation",
        evidence=numbers(
            "84%",
            "88.3%",
            "86%",
            "promote",
            "Promote",
            "every check is met",
            bar(0.78, 0.94, 0.86, 0.72, 0.40),
        ),
    ),
    card(
        "EXP-45",
        "Query rewriting before retrieval",
        "evaluation",
        evidence=numbers(
            "84%",
            "86.2%",
            "86%",
            "iterate",
            "Iterate",
            "toxicity is shown short",
            bar(0.58, 0.88, 0.73, 0.72, 0.40),
        ),
    ),
    card(
        "EXP-40",
        "Train a router from scratch",
        "killed",
        evidence={"decision": "kill", "learnings": "Routing errors come from labels, not from the model"},
    ),
)


def board_view(cards=CARDS, seq=41):
    columns = []
    for stage in DEFAULT_BOARD.stages:
        if stage.hidden:
            continue
        own = tuple(c for c in cards if c.stage == stage.key)
        columns.append(
            ColumnView(
                key=stage.key,
                title=stage.title,
                wip_limit=stage.wip_limit,
                count=len(own),
                gate=stage.gate_text,
                cards=own[:50],
                next_cursor="1024.0~EXP-1" if len(own) > 50 else None,
                taken=len(own),
            )
        )
    return BoardView(columns=tuple(columns), seq=seq)
