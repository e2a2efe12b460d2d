"""The experiments of the demo project, written down before a single model is trained.

A company reads meters from photographs. Today's reader works on thumbnails; these are the tickets its team wrote.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from assay.demo.models import DATASET, Training, train_code, train_forest, train_network
from assay.domain.experiments.criteria.text import parse_criterion
from assay.domain.experiments.experiment import Axis, Baseline, Budget, Mode, TicketContent
from assay.domain.experiments.prediction import Effect, Prediction
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog, Unit

PROJECT_SLUG = "digits-reader"
PROJECT_NAME = "Digits reader"
DEVICES = 1

METRICS: tuple[Metric, ...] = (
    Metric(
        name="accuracy",
        direction=Direction.HIGHER,
        unit=Unit.FRACTION,
        description="Share of digits read correctly.",
    ),
    Metric(
        name="latency_p50",
        direction=Direction.LOWER,
        unit=Unit.MILLISECONDS,
        description="Time to read one digit on the meter's processor, median.",
    ),
    Metric(
        name="train_loss", direction=Direction.LOWER, description="Loss on what is learnt from, by epoch."
    ),
    Metric(
        name="val_loss",
        direction=Direction.LOWER,
        description="Mean negative log probability of the true digit.",
    ),
    Metric(
        name="reconstruction_error",
        direction=Direction.LOWER,
        decimals=4,
        description="Mean squared error of a picture behind the code, brightness 0 to 1.",
    ),
)


@dataclass(frozen=True, slots=True)
class Arm:
    """Runs that differ only in seed, and how one of them is trained."""

    name: str
    """`candidate` or `baseline`."""
    seeds: tuple[int, ...]
    train: Callable[[int], Training]
    left_running: bool = False
    """The run is not ended: what a board shows while a training goes on."""


@dataclass(frozen=True, slots=True)
class DemoExperiment:
    """One ticket of the demo, and the runs that answer it."""

    slug: str
    content: TicketContent
    metric: str
    """The metric that is scored picture by picture."""
    arms: tuple[Arm, ...] = ()
    exploratory: tuple[Arm, ...] = ()
    """Trained before the lock: shown, never evidence for the candidate."""
    learnings: str = ""
    """What the team writes when it closes the ticket; empty for one that stays open."""


def _content(
    *,
    title: str,
    hypothesis: str,
    method: str,
    criteria: tuple[str, ...],
    axis: Axis,
    mode: Mode,
    baseline: tuple[Baseline, ...] = (),
    labels: tuple[str, ...] = (),
    expects: str = "",
) -> TicketContent:
    catalog = MetricCatalog.of(METRICS)
    return TicketContent(
        title=title,
        hypothesis=hypothesis,
        method=method,
        axis=axis,
        mode=mode,
        baseline=baseline,
        labels=labels,
        criteria=tuple(parse_criterion(text, metrics=catalog) for text in criteria),
        budget=Budget(gpu_hours=Decimal("0.05")),
        time_box_days=5,
        owner="Ada",
        prediction=_expected(expects),
    )


def _expected(said: str) -> Prediction | None:
    """`70%: .03 .08 .12, 3 d`: the chance, the effect at 10, 50 and 90%, and person-days."""
    if not said:
        return None
    chance, _, rest = said.partition(":")
    effect, _, days = rest.partition(",")
    low, mid, high = map(Decimal, effect.split())
    return Prediction(
        chance=Decimal(chance.rstrip("%")) / 100,
        effect=Effect(low=low, mid=mid, high=high),
        person_days=Decimal(days.split()[0]),
        training_days=Decimal(1),
        evaluation_days=Decimal(1),
    )


def _network_reader() -> DemoExperiment:
    return DemoExperiment(
        slug="full-resolution",
        metric="accuracy",
        content=_content(
            title="Read full-resolution pictures with a small network",
            hypothesis=(
                "Today's reader sees 4 x 4 thumbnails. A network with 64 hidden units on the full 8 x 8 picture reads at least "
                "93% of digits and at least 3 points more than today's reader, fast enough for the meter's processor."
            ),
            method="Same pictures for both readers, five seeds each; 797 pictures nobody has trained on.",
            criteria=(
                f"primary: accuracy >= 93% on {DATASET}",
                f"primary: accuracy improves by >= 3% on {DATASET}",
                "blocking: latency_p50 < 10 ms",
                f"kill: accuracy < 90% on {DATASET} after 5 seeds",
                "kill: train_loss diverges",
            ),
            baseline=(
                Baseline(
                    metric="accuracy", value=None, source="today's reader, arm `baseline` of this ticket"
                ),
            ),
            axis=Axis.ARCHITECTURE,
            mode=Mode.EXPLORE,
            expects="70%: .03 .08 .12, 3 d",
            labels=("reader",),
        ),
        exploratory=(Arm("candidate", (100,), partial(train_network, hidden=64, epochs=15)),),
        arms=(
            Arm("baseline", (1, 2, 3, 4, 5), partial(train_network, hidden=0, epochs=15, thumbnails=True)),
            Arm("candidate", (1, 2, 3, 4, 5), partial(train_network, hidden=64, epochs=20)),
        ),
        learnings=(
            "Resolution was the limit, not the model: most of the gain is on 1 and 8, of which today's reader finds fewer than "
            "half in a thumbnail. Reading stays far below the time the meter allows."
        ),
    )


def _thumbnail_network() -> DemoExperiment:
    return DemoExperiment(
        slug="thumbnails",
        metric="accuracy",
        content=_content(
            title="Keep the thumbnails, use a network",
            hypothesis="A network makes up for the missing pixels: it reads at least 94% of 4 x 4 thumbnails, so no camera changes.",
            method="The same network as on full pictures, on thumbnails, five seeds.",
            criteria=(
                f"primary: accuracy >= 94% on {DATASET}",
                "blocking: latency_p50 < 10 ms",
                f"kill: accuracy < 93% on {DATASET} after 5 seeds",
            ),
            axis=Axis.FEATURES,
            mode=Mode.EXPLORE,
            expects="40%: -.02 .04 .10, 2 d",
            labels=("reader", "camera"),
        ),
        arms=(
            Arm("candidate", (1, 2, 3, 4, 5), partial(train_network, hidden=64, epochs=20, thumbnails=True)),
        ),
        learnings=(
            "Sixteen pixels do not hold enough: every seed stays well below the kill line. No model will bring them back; "
            "the cameras have to send full pictures."
        ),
    )


def _shifted_copies() -> DemoExperiment:
    return DemoExperiment(
        slug="shifted-copies",
        metric="accuracy",
        content=_content(
            title="Teach the reader that digits move",
            hypothesis="Copies moved by one pixel, added to half of the pictures, bring the network above 95%, with no new camera and no new label.",
            method="Three seeds first: they show whether more are worth their time.",
            criteria=(
                f"primary: accuracy >= 95% on {DATASET}",
                f"kill: accuracy < 92% on {DATASET} after 3 seeds",
            ),
            axis=Axis.DATA,
            mode=Mode.EXPLOIT,
            expects="35%: -.02 .01 .03, 2 d",
            labels=("reader", "data"),
        ),
        arms=(Arm("candidate", (1, 2, 3), partial(train_network, hidden=64, epochs=20, shifts=True)),),
    )


def _short_code() -> DemoExperiment:
    return DemoExperiment(
        slug="short-code",
        metric="reconstruction_error",
        content=_content(
            title="Send twelve numbers instead of sixty-four pixels",
            hypothesis="A linear code of 12 numbers, trained with long steps in 12 epochs, carries a picture with an error of at most 0.02.",
            method="Stochastic gradient descent at a step of 0.03, five seeds.",
            criteria=(
                f"primary: reconstruction_error <= 0.02 on {DATASET}",
                f"kill: reconstruction_error > 0.05 on {DATASET} after 5 seeds",
            ),
            axis=Axis.HYPERPARAMETERS,
            mode=Mode.EXPLORE,
            labels=("camera",),
        ),
        arms=(
            Arm("candidate", (1, 2, 3, 4, 5), partial(train_code, numbers=12, epochs=12, learning_rate=0.03)),
        ),
    )


def _forest() -> DemoExperiment:
    return DemoExperiment(
        slug="forest",
        metric="accuracy",
        content=_content(
            title="Read with a forest of 200 trees",
            hypothesis="200 randomized trees read at least 94% of full pictures without any tuning, within 2 ms a digit.",
            method="Trees added forty at a time, five seeds.",
            criteria=(
                f"primary: accuracy >= 94% on {DATASET}",
                "blocking: latency_p50 < 2 ms",
                f"kill: accuracy < 90% on {DATASET} after 5 seeds",
            ),
            axis=Axis.ARCHITECTURE,
            mode=Mode.EXPLORE,
            expects="30%: -.01 .01 .02, 1 d",
            labels=("reader",),
        ),
        arms=(Arm("candidate", (1, 2, 3, 4, 5), partial(train_forest, trees=200)),),
    )


def _wide_network() -> DemoExperiment:
    return DemoExperiment(
        slug="wide-network",
        metric="accuracy",
        content=_content(
            title="Four times as many hidden units",
            hypothesis="256 hidden units instead of 64 bring the reader to at least 97.5% without leaving the time limit.",
            method="Five seeds; two are done, one is in training.",
            criteria=(
                f"primary: accuracy >= 97.5% on {DATASET}",
                "blocking: latency_p50 < 10 ms",
                "kill: train_loss diverges",
            ),
            axis=Axis.ARCHITECTURE,
            mode=Mode.EXPLOIT,
            expects="25%: -.005 .004 .012, 1 d",
            labels=("reader",),
        ),
        arms=(
            Arm("candidate", (1, 2), partial(train_network, hidden=256, epochs=20)),
            Arm(
                "candidate",
                (3,),
                partial(train_network, hidden=256, epochs=20, stop_after=8),
                left_running=True,
            ),
        ),
    )


def _fewer_labels() -> DemoExperiment:
    return DemoExperiment(
        slug="fewer-labels",
        metric="accuracy",
        content=_content(
            title="Half of the labels are enough",
            hypothesis="A network trained on 500 labelled pictures instead of 1,000 still reads at least 94%, which halves labelling.",
            method="Five seeds, each with its own half.",
            criteria=(
                f"primary: accuracy >= 94% on {DATASET}",
                f"kill: accuracy < 90% on {DATASET} after 5 seeds",
            ),
            axis=Axis.DATA,
            mode=Mode.EXPLOIT,
            expects="55%: -.03 -.005 .005, 2 d",
            labels=("data",),
        ),
    )


EXPERIMENTS: tuple[DemoExperiment, ...] = (
    _network_reader(),
    _thumbnail_network(),
    _shifted_copies(),
    _short_code(),
    _forest(),
    _wide_network(),
    _fewer_labels(),
)
"""In the order of their tickets. The last one waits in Hypothesis: it has no runs yet."""

IDEA = TicketContent(
    title="Ask for a second photograph when the reader is unsure",
    hypothesis="Sending back the tenth of readings with the lowest confidence halves the wrong ones among the rest.",
    axis=Axis.DATA,
    mode=Mode.EXPLORE,
    owner="Ada",
    labels=("reader", "camera"),
)
"""A thought in the backlog: no criteria yet, so it cannot start."""
