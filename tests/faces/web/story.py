"""A small project as a team would have it, written through the same workflows that pages use."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np

from assay.domain.board.blockers import BlockerCategory
from assay.domain.experiments.criteria.text import parse_criterion
from assay.domain.experiments.evidence import Curve, Run, RunStatus
from assay.domain.experiments.experiment import Baseline, Budget, DataNeed, DecisionKind, TicketContent
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog, Unit
from assay.workflows.actor import Actor
from assay.workflows.blockers import close_blocker, open_blocker
from assay.workflows.board import Moved, move_card
from assay.workflows.confirmations import attest
from assay.workflows.decisions import decide
from assay.workflows.notes import add_note
from assay.workflows.projects import create_project, declare_metric
from assay.workflows.tickets import create_ticket, get_ticket
from assay.workflows.verdicts import refresh_verdicts
from tests.faces.web import story_webhooks

SLUG = "support-chatbot"
ADA = Actor(name="Ada Noor")
METRICS = (
    Metric(name="accuracy", direction=Direction.HIGHER, unit=Unit.FRACTION),
    Metric(name="toxicity", direction=Direction.LOWER, unit=Unit.FRACTION),
    Metric(name="latency_ms", direction=Direction.LOWER, unit=Unit.MILLISECONDS),
    Metric(name="train_loss", direction=Direction.LOWER),
)
CATALOG = MetricCatalog.of(METRICS)


def criteria(**lines):
    return tuple(
        parse_criterion(line, metrics=CATALOG, role=Role(role))
        for role, listed in lines.items()
        for line in listed
    )


STANDARD = criteria(
    primary=["accuracy >= 85%"],
    secondary=["latency_ms < 500 ms"],
    blocking=["toxicity < 5%"],
    kill=["accuracy < 70% after training", "compute > 2x budget"],
)


def content(title, **more):
    values = {
        "title": title,
        "hypothesis": "Fine-tuning on 50,000 support tickets lifts answer accuracy from 72% to at least 85%.",
        "method": "QLoRA rank 16, 3 epochs, 80/10/10 split.",
        "criteria": STANDARD,
        "baseline": (Baseline(metric="accuracy", value=Decimal("0.72"), source="production, week 18"),),
        "budget": Budget(gpu_hours=Decimal(24)),
        "time_box_days": 10,
        "owner": "Ada Noor",
    }
    return TicketContent(**(values | more))


class Story:
    """Writes tickets, moves them and logs runs, one call a fact."""

    def __init__(self, ws, *, slug=SLUG, name="Support chatbot"):
        self.ws, self.slug = ws, slug
        self.project = create_project(ws, ADA, slug=slug, name=name)
        for metric in METRICS:
            declare_metric(ws, ADA, slug, metric)
        self.source = ws.store.write(
            lambda tx: tx.add_source(
                self.project.id, name="mlflow", kind="mlflow", uri="sqlite:///runs.db", experiment_filter=()
            )
        )
        self.logged = 0

    def ticket(self, title, **more):
        return create_ticket(self.ws, ADA, self.slug, content(title, **more)).key

    def version(self, key):
        return get_ticket(self.ws, ADA, self.slug, key).version

    def confirm(self, key, *items):
        for item in items:
            attest(self.ws, ADA, self.slug, key, item=item, expected_version=None)

    def move(self, key, *stages, **more):
        for stage in stages:
            result = move_card(self.ws, ADA, self.slug, key, to=stage, expected_version=None, **more)
            assert isinstance(result, Moved), result.assessment.explanation

    def start(self, key):
        """Through Backlog and Hypothesis into Experiment, where it is locked."""
        self.confirm(key, "agreed", "dataset_ready")
        self.move(key, "hypothesis", "experiment")

    def runs(
        self,
        key,
        finals,
        *,
        arm="candidate",
        toxicity=0.01,
        status=RunStatus.FINISHED,
        name="run",
        broken=(),
        diverged=(),
        costs=(),
    ):
        begun = datetime.now(UTC) + timedelta(seconds=1)
        made = []
        for seed, final in enumerate(finals, start=1):
            self.logged += 1
            made.append(
                Run(
                    run_id=f"mlflow:{self.logged:08d}",
                    source="mlflow",
                    external_id=f"{self.logged:08d}",
                    name=f"{name}-{seed}",
                    status=status,
                    config={"rank": "16"},
                    seed=seed,
                    curves=curves(seed, final, toxicity, broken=seed in broken, diverged=seed in diverged),
                    ticket=key,
                    arm=arm,
                    started_at=begun,
                    ended_at=begun + timedelta(hours=1),
                    gpu_hours=3.6,
                    gpu_hours_source="tag",
                    cost_usd=costs[seed - 1] if seed <= len(costs) else None,
                    digest=f"d{self.logged}",
                )
            )
        self.ws.store.write(lambda tx: tx.put_runs(self.source, made, seq=tx.head()[0] + 1))
        refresh_verdicts(self.ws, self.slug, [key])

    def decide(self, key, kind, learnings, reason=""):
        decide(
            self.ws,
            ADA,
            self.slug,
            key,
            kind=DecisionKind(kind),
            learnings=learnings,
            reason=reason,
            expected_version=None,
        )

    def note(self, key, text):
        add_note(self.ws, ADA, self.slug, key, text)

    def blocked(self, key, category, text, *, until=""):
        opened = open_blocker(self.ws, ADA, self.slug, key, category=category, text=text)
        if until:
            close_blocker(self.ws, ADA, self.slug, key, opened.number, resolution=until)


def curves(seed, final, toxicity, *, broken=False, diverged=False):
    steps = np.arange(0, 6001, 250)
    rise = final - (final - 0.71) * np.exp(-steps / 1600.0)
    wave = 0.004 * np.sin(steps / 900.0 + seed) * np.exp(-steps / 6000.0)
    accuracy = rise + wave
    accuracy[-1] = final
    if broken:
        accuracy[14:] = np.nan
    times = 1_790_000_000_000 + steps
    return {
        "accuracy": Curve(steps=steps, values=accuracy, times_ms=times),
        "toxicity": one(toxicity + 0.0004 * seed),
        "latency_ms": one(430.0 + 3 * seed),
        "train_loss": Curve(
            steps=np.arange(1, 4),
            values=np.array([1.2, 9.3e163, np.nan] if diverged else [1.2, 0.9, 0.8]) - 0.01 * seed,
            times_ms=np.arange(3),
        ),
    }


def one(value):
    return Curve(steps=np.array([0]), values=np.array([value]), times_ms=np.array([1_790_000_000_000]))


def tell(ws):
    """The story most page tests start from; returns the keys by what they are for."""
    story = Story(ws)
    webhook = story_webhooks.add(ws, ADA, SLUG)
    keys = {
        "fresh": story.ticket(
            "Rerank top 20 with a cross-encoder", priority=0, criteria=(), baseline=(), hypothesis=""
        ),
        "next": story.ticket("Shorter chunks for pricing pages", owner="Jo Lindt", criteria=STANDARD[:1]),
        "waiting": story.ticket(
            "Refusal tuning lowers hallucination below 5%",
            owner="Lu",
            data_needs=(DataNeed(dataset="adversarial-1k"),),
        ),
        "running": story.ticket("Fine-tune the 8B model on support tickets"),
        "clear": story.ticket("Cite the source paragraph in each answer", owner="Mira"),
        "loser": story.ticket(
            "Long-context model without retrieval", owner="Mira", budget=Budget(gpu_hours=Decimal(8))
        ),
        "broken": story.ticket("Train a router from scratch", owner="Jo Lindt"),
    }
    story.confirm(keys["waiting"], "agreed")
    story.move(keys["waiting"], "hypothesis")
    for name in ("clear", "loser"):
        story.start(keys[name])
    story.runs(keys["clear"], [0.881, 0.884, 0.879, 0.886, 0.882])
    story.move(keys["clear"], "evaluation")
    story.runs(keys["loser"], [0.655, 0.661, 0.658, 0.652, 0.66])
    story.decide(keys["loser"], "kill", "Without retrieval the long context loses the answer in the middle.")
    story.start(keys["broken"])
    story.runs(keys["broken"], [0.84, 0.83, 0.85], broken=(2,))
    keys["diverged"] = story.ticket(
        "Ten times the learning rate",
        owner="Mira",
        criteria=criteria(primary=["train_loss <= 0.9"], kill=["train_loss diverges"]),
        baseline=(Baseline(metric="train_loss", value=Decimal("0.85")),),
    )
    story.start(keys["diverged"])
    story.runs(keys["diverged"], [0.84, 0.83, 0.85], diverged=(2,))
    story.decide(keys["diverged"], "kill", "The optimizer leaves the valley in the second epoch.")
    keys["compared"] = story.ticket(
        "Retrieve with the small encoder",
        owner="Mira",
        criteria=criteria(
            primary=["accuracy improves by >= 3%", "accuracy improves by >= 2% relative"],
            kill=["accuracy < 70% after training"],
        ),
        baseline=(Baseline(metric="accuracy"),),
    )
    story.runs(keys["compared"], [0.801, 0.804, 0.799, 0.806, 0.802], arm="baseline", name="before")
    story.start(keys["compared"])
    story.runs(keys["compared"], [0.861, 0.864, 0.859, 0.866, 0.862])
    story.move(keys["compared"], "evaluation")
    story.start(keys["running"])
    story.runs(keys["running"], [0.861, 0.858])
    story.blocked(keys["waiting"], BlockerCategory.DATA_QUALITY, "A tenth of the prompts has no label")
    story.blocked(keys["running"], BlockerCategory.GPU_SHORTAGE, "The node is away", until="It came back")
    story.note(keys["running"], "The second seed needed a restart after the node went away, @grace.")
    story_webhooks.tell_outcome(ws, SLUG, webhook)
    return keys
