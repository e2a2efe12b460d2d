import numpy as np

from assay.domain.experiments.evidence import Labels
from assay.domain.experiments.sample_ids import SampleIds

LABELS = Labels(("de", "en", ""), np.array([0, 1, 0, 2], dtype=np.int32))
PLAIN = ("de", "en", "de", "")


def test_labels_read_as_the_tuple_they_stand_for():
    assert len(LABELS) == 4
    assert tuple(LABELS) == PLAIN
    assert [LABELS[0], LABELS[-1]] == ["de", ""]
    assert LABELS[1:3] == ("en", "de")
    assert LABELS == PLAIN == LABELS
    assert PLAIN[:3] != LABELS
    assert LABELS != "deen"
    assert {LABELS: 1}[Labels(("en", "de", ""), np.array([1, 0, 1, 2], dtype=np.int32))] == 1
    assert "en" in LABELS
    assert dict(zip("abcd", LABELS, strict=True))["d"] == ""


def test_ids_kept_as_one_text_read_as_the_tuple_they_stand_for():
    ids, plain = SampleIds("a\nb b\nd", "\n", 3, rising=True), ("a", "b b", "d")
    assert ids == plain == SampleIds("a|b b|d", "|", 3)
    assert plain[:2] != ids
    assert ids != "abd"
    assert (ids[-1], ids[:2], tuple(ids), len(ids), hash(ids)) == ("d", plain[:2], plain, 3, hash(plain))
    assert tuple(SampleIds("", "\n", 0)) == ()
