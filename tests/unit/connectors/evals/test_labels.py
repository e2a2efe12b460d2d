import numpy as np

from assay.domain.experiments.evidence import Labels

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
