"""No event is lost and none overtakes another of its ticket, whoever of the two sides is killed at whatever moment."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections import defaultdict
from contextlib import closing
from pathlib import Path

from assay.domain.notifications.events import delivery_id
from assay.workflows.actor import Actor
from assay.workflows.projects import create_project
from assay.workflows.webhook_delivery import begin_alone, deliver_project, something_waits
from assay.workflows.webhooks import add_webhook, get_webhook
from tests.faults.webhook_child import SLUG, workspace

KILLS = int(os.environ.get("ASSAY_WEBHOOK_KILLS", "20"))
HERE = Path(__file__).parent
ADA = Actor("ada")


class Sender:
    """Starts one process after the other: see webhook_child.py."""

    def __init__(self, *where):
        path = os.pathsep.join([str(HERE.parents[1]), *sys.path])
        environment = {**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"}
        self._where = " ".join(map(str, where))
        self._starter = subprocess.Popen(
            [sys.executable, HERE / "webhook_child.py"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, bufsize=0,
        )  # fmt: skip
        self._process = None

    def start(self, cycle):
        self._starter.stdin.write(f"{self._where} {cycle}\n".encode())
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


class Receiver:
    """One receiver after the other, on one port: see webhook_receiver.py."""

    def __init__(self, log):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._log, self._process = log, None

    def start(self, cycle, how="badly"):
        command = [
            sys.executable,
            "-I",
            HERE / "webhook_receiver.py",
            str(self.port),
            self._log,
            str(cycle),
            how,
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self._process.stdout.readline() == b"ready\n"

    def kill(self):
        self._process.kill()
        self._process.communicate()

    close = kill


def test_every_event_arrives_under_one_id_in_the_order_of_its_ticket_whoever_is_killed(tmp_path):
    chance, log = random.Random(20261122), tmp_path / "taken"
    where = f"sqlite:///{tmp_path}/assay.db", tmp_path / "signing.key"
    written = []
    with closing(Sender(*where)) as sender, closing(Receiver(log)) as receiver:
        receiver.start(0)
        a_webhook(where, receiver.port)
        sender.start(0)
        for cycle in range(1, KILLS + 1):
            threading.Event().wait(chance.uniform(0.05, 0.25))
            if chance.random() < 0.5:
                receiver.kill()
                receiver.start(cycle)
            else:
                written += sender.kill()
                sender.start(cycle)
        written += sender.kill()
        receiver.kill()
        receiver.start(0, "well")
        ws = workspace(*where)
        begin_alone(ws)
        for _ in range(100):
            deliver_project(ws, ADA, SLUG, holder="end")
            if not something_waits(ws):
                break
    check(ws, written, log.read_text(encoding="utf-8").splitlines())
    ws.store.close()


def a_webhook(where, port):
    ws = workspace(*where)
    create_project(ws, ADA, slug=SLUG, name="Vision")
    add_webhook(ws, ADA, SLUG, name="chat", url=f"http://127.0.0.1:{port}/x", events=["card.moved"])
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
