"""A caller that gives up must not take the writer with it."""

import threading

from assay.storage import open_store


def test_cancelled_future_leaves_the_writer_alive_and_the_change_done(tmp_path):
    store = open_store(f"sqlite:///{tmp_path / 'assay.db'}")
    try:
        hold, begun = threading.Event(), threading.Event()

        def slow(tx):
            begun.set()
            hold.wait(5)

        first = store.submit(slow)
        begun.wait(5)
        given_up = store.submit(lambda tx: tx.projects())
        assert given_up.cancel()
        hold.set()
        first.result(5)
        assert store.submit(lambda tx: 7).result(5) == 7
    finally:
        store.close()
