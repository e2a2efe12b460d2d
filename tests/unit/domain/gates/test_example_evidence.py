"""What stands behind a group's value, checked against scikit-learn where it says the same."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.domain.experiments.evidence import Scores
from assay.domain.gates.example_evidence import by_label, confused, hardest
from assay.domain.kernel.metrics import Direction
from assay.stats.confusion import class_scores, confusion
from assay.stats.samples import Misaligned

labelled = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")), min_size=1, max_size=80
).filter(
    lambda pairs: len({label for pair in pairs for label in pair}) > 1  # of one class, scikit-learn warns
)


def scores(values, *, ids=None, seed=1, **slices):
    named = tuple(ids or (f"e{place}" for place in range(len(values))))
    return Scores(
        metric="correct", seed=seed, sample_ids=named, values=np.array(values, dtype=float),
        slices={name: tuple(labels) for name, labels in slices.items()},
    )  # fmt: skip


@given(labelled)
def test_confusions_and_class_scores_are_those_of_scikit_learn(pairs):
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    targets, answers = [t for t, _ in pairs], [p for _, p in pairs]
    found = confusion(targets, answers)
    assert found.counts.tolist() == confusion_matrix(targets, answers, labels=list(found.labels)).tolist()
    theirs = precision_recall_fscore_support(
        targets, answers, labels=list(found.labels), zero_division=np.nan
    )
    for one, precision, recall, f1, support in zip(class_scores(found), *theirs, strict=True):
        assert one.support == support
        for ours, expected in ((one.precision, precision), (one.recall, recall)):
            assert (ours is None and math.isnan(expected)) or ours == pytest.approx(expected)
        assert one.f1 is None or one.f1 == pytest.approx(f1)


def test_class_that_was_never_answered_has_an_unknown_precision_and_never_0():
    [first, second] = class_scores(confusion(["a", "b"], ["a", "a"]))
    assert (second.precision, second.recall, second.f1) == (None, 0.0, None)
    assert first.precision == 0.5


def test_answers_must_be_as_many_as_examples():
    with pytest.raises(Misaligned):
        confusion(["a"], [])


def test_hardest_examples_are_those_with_the_worst_mean_over_the_seeds_that_scored_them():
    found = hardest(
        [scores([1, 0, 0, 1], seed=1), scores([1, 0, 1], ids=["e0", "e1", "e2"], seed=2)],
        Direction.HIGHER,
        most=2,
    )
    assert [(one.sample_id, one.mean, one.seeds) for one in found.examples] == [
        ("e1", 0.0, 2),
        ("e2", 0.5, 2),
    ]
    assert (found.total, found.ties, found.unscored) == (4, 0, 0)
    lower = hardest([scores([1, 0, 0, 5])], Direction.LOWER, most=1)
    assert lower.examples[0].sample_id == "e3"


def test_examples_that_tie_with_the_last_one_listed_are_counted():
    found = hardest([scores([0] * 7 + [1])], Direction.HIGHER, most=3)
    assert [one.sample_id for one in found.examples] == ["e0", "e1", "e2"]
    assert found.ties == 4


def test_example_without_a_finite_score_is_unscored_and_never_easy_or_hard():
    found = hardest([scores([1, math.nan, 0])], Direction.HIGHER)
    assert [one.sample_id for one in found.examples] == ["e2", "e0"]
    assert found.unscored == 1


def test_answers_that_differ_between_seeds_are_told_with_how_often():
    per_seed = [
        scores([0], seed=seed, target=["cat"], prediction=[answer])
        for seed, answer in enumerate(["dog", "cow", "dog"])
    ]
    [example] = hardest(per_seed, Direction.HIGHER).examples
    assert example.labels == (("prediction", "dog (2x), cow (1x)"), ("target", "cat"))


def test_confusions_are_added_up_over_seeds_and_unknown_where_one_has_none():
    per_seed = [scores([1, 0], target=["a", "b"], prediction=["a", "a"]) for _ in range(3)]
    found = confused(per_seed)
    assert (found.counts.counts.tolist(), found.seeds) == ([[3, 0], [3, 0]], 3)
    assert confused([*per_seed, scores([1], target=["a"])]) is None
    assert confused([]) is None


def test_labels_of_a_column_stand_worst_first():
    per_seed = [
        scores([1, 0, 0], language=["de", "de", "en"]),
        scores([1, 1, 0], language=["de", "de", "en"]),
    ]
    assert [
        (one.label, one.mean, one.examples, one.scores)
        for one in by_label(per_seed, "language", Direction.HIGHER)
    ] == [
        ("en", 0.0, 1, 2),
        ("de", 0.75, 2, 4),
    ]
    assert by_label(per_seed, "other", Direction.HIGHER) == ()
