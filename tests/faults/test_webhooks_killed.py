"""No event is lost and none overtakes another of its ticket, whoever of the two sides is killed at whatever moment."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path

from assay.domain.notifications.events import delivery_id
from assay.workflows.actor import Actor
from assay.workflows.projects import create_project
from assay.workflows.webhook_delivery import begin_alone, deliver_project, something_waits
from assay.workflows.webhooks import add_webhook, get_webhook
from tests.faults.webhook_child import SLUG, workspace

KILLS = int(os.environ.get("ASSAY_WEBHOOK_KILLS", "20"))
CHILD = Path(__file__).with_name("webhook_child.py")
ADA = Actor("ada")


class Starter:
    """Starts one process after the other: see webhook_child.py."""

    def __init__(self):
        root = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join([root, *sys.path])
        environment = {**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"}
        self._starter = subprocess.Popen(
            [sys.executable, CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, bufsize=0
        )
        self._process = None

    def start(self, *words):
        self._starter.stdin.write((" ".join(map(str, words)) + "\n").encode())
        self._process = int(self._starter.stdout.readline())

    def kill(self):
        """Kill the process at hand; what it said until then."""
        os.kill(self._process, signal.SIGKILL)
        self._process, said = None, []
        while not (line := self._starter.stdout.readline().decode()).startswith("ended"):
            said.append(line.split())
        assert line.split() == ["ended", str(-signal.SIGKILL)]
        return said

    def close(self):
        if self._process is not None:
            self.kill()
        self._starter.stdin.close()
        self._starter.wait(timeout=10)
        self._starter.stdout.close()


@contextmanager
def starters():
    made = Starter(), Starter()
    try:
        yield made
    finally:
        for one in made:
            one.close()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_every_event_arrives_under_one_id_in_the_order_of_its_ticket_whoever_is_killed(tmp_path):
    chance, port = random.Random(20261122), free_port()
    url, key, log = f"sqlite:///{tmp_path}/assay.db", tmp_path / "signing.key", tmp_path / "taken"
    ws = workspace(url, key)
    create_project(ws, ADA, slug=SLUG, name="Vision")
    add_webhook(ws, ADA, SLUG, name="chat", url=f"http://127.0.0.1:{port}/x", events=["card.moved"])
    ws.store.close()
    written = []
    with starters() as (sends, takes):
        takes.start("receive", port, log, 0)
        sends.start("deliver", url, key, 0)
        for cycle in range(1, KILLS + 1):
            threading.Event().wait(chance.uniform(0.05, 0.25))
            if chance.random() < 0.5:
                takes.kill()
                takes.start("receive", port, log, cycle)
            else:
                written += sends.kill()
                sends.start("deliver", url, key, cycle)
        written += sends.kill()
        ws = workspace(url, key)
        begin_alone(ws)
        for _ in range(2000):
            deliver_project(ws, ADA, SLUG, holder="end")
            if not something_waits(ws):
                break
    check(ws, written, log.read_text(encoding="utf-8").splitlines())
    ws.store.close()


def check(ws, written, lines):
    number = get_webhook(ws, ADA, SLUG, "chat").webhook.id
    taken, ids = defaultdict(list), defaultdict(set)
    for ticket, seq, told, header in (line.split() for line in lines):
        taken[ticket].append(int(seq))
        ids[int(seq)] |= {told, header}
    lost = [(ticket, seq) for ticket, seq in written if int(seq) not in taken[ticket]]
    assert lost == []
    assert all(found == {delivery_id(ws.instance_id, number, seq)} for seq, found in ids.items())
    assert all(seqs == sorted(seqs) for seqs in taken.values())
    view = get_webhook(ws, ADA, SLUG, "chat")
    assert (view.waiting, view.parked) == (0, 0)
    twice = sum(map(len, taken.values())) - len(ids)
    print(
        f"{KILLS} kills, {len(written)} events acknowledged, {len(ids)} taken, {twice} of them once more, 0 lost"
    )
    assert len(ids) >= len(written) >= 2 * KILLS
