"""Kinds of trackers are what installed packages register."""

from importlib.metadata import EntryPoint, EntryPoints

import pytest

from assay.connectors.tracked import registry
from assay.connectors.tracked.reader import TrackerReader
from assay.connectors.tracked.registry import InstalledTrackers
from assay.errors import Unavailable


class LabLog:
    """What a third party writes."""

    def changes(self, source, known):
        return iter(())

    def check(self, source):
        return "LabLog: 0 runs"


class NoReader:
    pass


class Failing:
    def __init__(self):
        raise RuntimeError("needs a licence")


@pytest.fixture
def trackers(monkeypatch):
    ours = [(point.name, point.value) for point in registry.entry_points(group=registry.GROUP)]
    theirs = [("lablog", "LabLog"), ("empty", "NoReader"), ("failing", "Failing"), ("mlflow", "LabLog")]
    told = [EntryPoint(name, f"{__name__}:{kind}", registry.GROUP) for name, kind in theirs]
    told += [EntryPoint(name, value, registry.GROUP) for name, value in ours]
    monkeypatch.setattr(registry, "entry_points", lambda group: EntryPoints(told))
    monkeypatch.setattr(EntryPoint, "load", lambda point: globals().get(point.attr) or _LOAD(point))
    registry._installed.cache_clear()
    yield InstalledTrackers()
    registry._installed.cache_clear()


_LOAD = EntryPoint.load


def test_every_kind_of_ours_can_be_made():
    for kind in InstalledTrackers():
        assert isinstance(InstalledTrackers()[kind], TrackerReader)


def test_reader_of_a_third_party_is_found_by_its_kind(trackers):
    assert isinstance(trackers["lablog"], LabLog)
    assert "lablog" in trackers
    assert trackers.get("unheard-of") is None


def test_package_cannot_take_over_a_kind_of_ours(trackers):
    assert type(trackers["mlflow"]).__name__ == "MlflowSource"


@pytest.mark.parametrize(
    ("kind", "fact"), [("empty", "no reader of trackers"), ("failing", "RuntimeError: needs a licence")]
)
def test_broken_package_is_named_when_its_kind_is_read(trackers, kind, fact):
    with pytest.raises(Unavailable, match=fact) as told:
        trackers[kind]
    assert told.value.hint
