"""What must every store keep of the curves of a finished run that changes?"""

from __future__ import annotations

from assay.domain.experiments.evidence import Run, RunStatus
from assay.testing.storage_samples import curve, new_project, new_source, run
from assay.workflows.ports import Store


class PastCurvesContract:
    """Curves as they were: a verdict may count any value of them, not the last one alone."""

    def test_finished_run_whose_curve_changes_in_the_middle_is_remembered_with_its_curves(
        self, store: Store
    ) -> None:
        project = new_project(store)
        source = new_source(store, project)
        first = {"accuracy": curve(0.5, 0.6, 0.75), "loss": curve(1.0)}
        later = {"accuracy": curve(0.5, 0.9, 0.75), "loss": curve(1.0)}
        store.write(lambda tx: tx.put_runs(source, [run(1, curves=first)], seq=3))
        store.write(lambda tx: tx.put_runs(source, [run(1, curves=later, digest="b")], seq=5))
        store.write(
            lambda tx: tx.put_runs(source, [run(1, curves=later, digest="c", tags={"a": "b"})], seq=6)
        )
        assert told(store, project.id) == [(5, {"accuracy": [0.5, 0.6, 0.75], "loss": [1.0]})]

    def test_run_that_was_gone_has_the_curves_it_went_with(self, store: Store) -> None:
        project = new_project(store)
        source = new_source(store, project)
        curves = [{"accuracy": curve(0.1 * n, 0.75)} for n in range(1, 4)]
        store.write(lambda tx: tx.put_runs(source, [run(1, curves=curves[0])], seq=3))
        store.write(lambda tx: tx.attach_run(project.id, "lab:0001", "EXP-1", seq=4))
        store.write(lambda tx: tx.attach_run(project.id, "lab:0001", "EXP-2", seq=5))
        store.write(lambda tx: tx.mark_deleted(source.id, ["0001"], seq=6))
        assert told(store, project.id, "EXP-2") == [
            (5, {"accuracy": [0.1, 0.75]}),
            (6, {"accuracy": [0.1, 0.75]}),
        ]
        back = run(1, curves=curves[1], digest="b")
        store.write(lambda tx: tx.put_runs(source, [back], seq=7))
        again = run(1, curves=curves[2], digest="c", status=RunStatus.RUNNING)
        store.write(lambda tx: tx.put_runs(source, [again], seq=8))
        more = run(1, curves={"accuracy": curve(0.9)}, digest="d", status=RunStatus.RUNNING)
        store.write(lambda tx: tx.put_runs(source, [more], seq=9))
        assert told(store, project.id, "EXP-2") == [
            (5, {"accuracy": [0.1, 0.75]}),
            (6, {"accuracy": [0.1, 0.75]}),
            (7, {"accuracy": [0.1, 0.75]}),
            (8, {"accuracy": [0.2, 0.75]}),
        ]

    def test_of_a_run_that_had_not_finished_no_more_than_last_values_are_kept(self, store: Store) -> None:
        project = new_project(store)
        source = new_source(store, project)
        going = run(1, curves={"accuracy": curve(0.1, 0.2)}, status=RunStatus.RUNNING)
        moved = run(1, curves={"accuracy": curve(0.1, 0.2)}, status=RunStatus.RUNNING, arm="old", digest="b")
        store.write(lambda tx: tx.put_runs(source, [going, run(2)], seq=3))
        store.write(lambda tx: tx.put_runs(source, [moved, run(2, arm="old", digest="c")], seq=4))
        assert told(store, project.id) == [(4, None)]
        assert told(store, project.id, which="lab:0002") == [(4, {"accuracy": [0.5, 0.75]})]


def told(
    store: Store, project_id: int, ticket: str = "EXP-1", which: str = "lab:0001"
) -> list[tuple[int, dict[str, list[float]] | None]]:
    """What is remembered of a run: until when, and with which curves."""
    with store.read() as tx:
        found: Run = next(one for one in tx.runs(project_id, ticket) if one.run_id == which)
    return [
        (
            past.until_seq,
            None if past.curves is None else {name: one.values.tolist() for name, one in past.curves.items()},
        )
        for past in found.past
    ]
