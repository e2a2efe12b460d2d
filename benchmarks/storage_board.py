"""Does the board's data cost the same with a hundred thousand tickets as with a thousand? And the searches?

python benchmarks/storage_board.py [--small 1000] [--large 100000] [--rounds 5]
"""

import argparse
import json
import os
import random
import statistics
import tempfile
import time
from datetime import UTC, datetime

from assay.domain.experiments.experiment import TicketContent
from assay.storage import open_store
from assay.workflows.records import ProjectSettings

AT = datetime(2026, 1, 1, tzinfo=UTC)
STAGES = ("backlog", "hypothesis", "experiment", "evaluation", "iteration", "production", "killed")
COMMON = ["the", "model", "keeps", "accuracy", "while", "memory", "falls"]
PER_COLUMN = 50
CARD = {
    "metric": "accuracy", "baseline_text": "71%", "current_text": "78.4%", "target_text": "85%",
    "bar": {"low": 0.4, "high": 0.6, "estimate": 0.5, "target": 0.8}, "recommendation": "undecided",
    "chip": "Unclear", "foot": "3 more seeds would settle it", "runs": 5,
}  # fmt: skip


def filled(path, tickets):
    chance = random.Random(0)
    vocabulary = [
        f"{a}{b}" for a in ("lora", "adapt", "quant", "dropout", "mix", "seed", "token") for b in range(700)
    ]
    weights = [1 / (rank + 1) for rank in range(len(vocabulary))]
    store = open_store(f"sqlite:///{path}")
    project = store.write(
        lambda tx: tx.add_project(slug="vision", name="V", settings=ProjectSettings(), at=AT)
    )

    def some(tx, first, end):
        for number in range(first, end):
            words = chance.choices(vocabulary, weights, k=20) + COMMON
            content = TicketContent(title=f"Ticket {number} {words[0]}", hypothesis=" ".join(words))
            ticket = tx.add_ticket(
                project, content, stage=STAGES[number % 7], rank=float(number), by="ada", at=AT
            )
            tx.put_card(ticket.id, {**CARD, "runs": number % 9})

    for first in range(0, tickets, 2000):
        store.write(lambda tx, first=first: some(tx, first, min(first + 2000, tickets)))
    return store, project


def timed_ms(work, *args):
    start = time.perf_counter()
    result = work(*args)
    return (time.perf_counter() - start) * 1e3, result


def slots(store, project):
    with store.read() as tx:
        return sum(
            len(column.slots) for column in tx.board_slots(project, per_column=PER_COLUMN, filters={}).columns
        )


def board(store, project):
    with store.read() as tx:
        return sum(
            len(column.cards) for column in tx.board_view(project, per_column=PER_COLUMN, filters={}).columns
        )


def listed(store, project):
    with store.read() as tx:
        return len(tx.experiment_list(project, after=None, limit=50, sort="-updated", filters={}).rows)


def search(text):
    def work(store, project):
        with store.read() as tx:
            return len(tx.search(project.id, text, limit=20))

    return work


def similar(store, project):
    with store.read() as tx:
        return len(
            tx.similar(
                project.id, "does adapt650 with quant612 keep the accuracy of mix3", exclude=None, limit=5
            )
        )


CASES = {
    "board_slots": slots, "board_view": board, "experiment_list": listed, "search_rare": search("quant699 "),
    "search_mid": search("lora30 "), "search_two": search("lora5 adapt6 "), "search_prefix": search("dropout1"),
    "search_commonest": search("accuracy "), "similar": similar,
}  # fmt: skip


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--small", type=int, default=1000)
    options.add_argument("--large", type=int, default=100_000)
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        small, large = filled(f"{folder}/small.db", given.small), filled(f"{folder}/large.db", given.large)
        result = {"small": given.small, "large": given.large, "cases": {}, "goal_board_ratio": 1.2}
        for name, work in CASES.items():
            ratios, all_small, all_large = [], [], []
            for done in range(given.rounds + 1):
                pairs = [(timed_ms(work, *small), timed_ms(work, *large)) for _ in range(20)]
                if done:
                    lows, highs = [pair[0][0] for pair in pairs], [pair[1][0] for pair in pairs]
                    ratios.append(statistics.median(highs) / statistics.median(lows))
                    all_small, all_large = all_small + lows, all_large + highs
            if name.startswith("board"):
                assert pairs[0][0][1] == pairs[0][1][1] == PER_COLUMN * len(STAGES)
            result["cases"][name] = {
                "small_p50_ms": round(statistics.median(all_small), 2),
                "large_p50_ms": round(statistics.median(all_large), 2),
                "large_p95_ms": round(statistics.quantiles(all_large, n=20)[18], 2),
                "ratio_p50": round(statistics.median(ratios), 2),
            }
        for store, _ in (small, large):
            store.close()
        result["load"] = os.getloadavg()
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
