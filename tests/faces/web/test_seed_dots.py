"""Seeds as dots: what there is no room for is counted, and so is what does not count."""

from assay.domain.kernel.metrics import Direction, Metric, Unit
from assay.domain.kernel.verdicts import GroupSummary
from assay.web.seed_dots import GROUPS_SHOWN, drawn_dots

BLEU = Metric(name="bleu", direction=Direction.HIGHER, unit=Unit.NUMBER)


def group(number, mean, *, judged=False, arm="candidate", runs=1, seeds=()):
    names = tuple(f"{number}-{run}" for run in range(runs))
    return GroupSummary(
        group=f"g{number}", label=f"rate={number}", is_candidate=judged, arm=arm, seeds=seeds, run_ids=names, mean=mean, sd=None,
    )  # fmt: skip


def dots(*groups):
    values = {run: one.mean for one in groups for run in one.run_ids}
    return drawn_dots(groups, values, BLEU, (), name="bleu")


def test_where_there_is_no_room_the_judged_one_the_baseline_and_the_best_are_drawn_and_the_rest_is_counted():
    groups = [group(number, 20.0 + number) for number in range(25)]
    groups[3] = group(3, 23.0, judged=True)
    shown = dots(*groups, group("b", 10.0, arm="baseline"))
    assert [line.label for line in shown.lines] == [
        "rate=3", "rate=b", "rate=24", "rate=23", "rate=22", "rate=21",
    ]  # fmt: skip
    assert shown.more == "20 more groups not drawn, these are the first by their means"
    assert dots(*groups[:GROUPS_SHOWN]).more == ""


def test_seed_that_does_not_count_in_the_mean_is_not_counted_with_it():
    [line] = dots(group(1, 97.1, runs=3, seeds=(1, 2))).lines
    assert (len(line.dots), line.spread) == (3, "mean 97.1, 2 seeds; 1 more that does not count")
