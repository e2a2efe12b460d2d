"""A home on a disk that fills up, from init to a backup. Runs in the small file system that its test made."""

import io
import os
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from fastapi.testclient import TestClient

from assay.bootstrap import open_workspace
from assay.cli.main import main
from assay.server.app import create_app
from assay.settings import load_settings

FILL = Path("fill")


def fill_the_disk():
    with FILL.open("ab", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


def assay(*arguments):
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(list(arguments))
    print(arguments, code, err.getvalue(), sep="\n", flush=True)
    return code, out.getvalue(), err.getvalue()


def check_refusal(ran, *facts):
    code, _, err = ran
    lines = err.splitlines()
    assert code == 8
    assert len(lines) == 2
    assert lines[0].startswith("cannot ")
    assert any(fact in lines[0] for fact in facts)
    assert "free space" in lines[1]


def commands_on_a_full_disk():
    for command in (["board"], ["ticket", "new", "X"], ["backup", "x.backup"], ["up", "--port", "0"]):
        check_refusal(assay(*command), "the disk is full")
    Path("second").mkdir()
    os.chdir("second")
    check_refusal(assay("init", "--project", "second"), "No space left on device")
    assert not list(Path().rglob("assay.toml"))
    os.chdir("..")


def serving_while_the_disk_fills_up():
    settings = load_settings()
    with open_workspace(settings) as ws:
        client = TestClient(create_app(ws, settings), base_url="http://127.0.0.1")

        def new(title):
            client.cookies.clear()  # a program has none; with those of a page it would need the page's token
            return client.post("/api/v1/projects/vision/tickets", json={"title": title})

        kept = {"First"}
        for turn in range(3):
            answer = new(f"turn {turn}")
            assert answer.status_code == 201, answer.text
            kept.add(f"turn {turn}")
            fill_the_disk()
            refused = None
            for number in range(200):  # what is left of the log's last block takes a few
                answer = new(f"full {turn}.{number}")
                if answer.status_code != 201:
                    refused = answer
                    break
                kept.add(f"full {turn}.{number}")
            assert refused.status_code == 503
            assert refused.json()["code"] == "disk-full"
            assert refused.json()["detail"].startswith("cannot write database '")
            assert refused.json()["hint"].startswith("free space")
            assert client.post("/api/v1/backups").json()["code"] == "backup-not-writable"
            assert titles(ws) == kept
            for path in ("/ready", "/api/v1/projects/vision/tickets", "/p/vision/board", "/api/v1/diagnosis"):
                assert client.get(path).status_code == 200, path
            FILL.unlink()
        assert new("last").status_code == 201
    with open_workspace(settings) as ws:
        assert titles(ws) == kept | {"last"}


def titles(ws):
    with ws.store.read() as tx:
        return {ticket.content.title for ticket in tx.tickets(tx.project("vision").id)}


def run():
    assert assay("init", "--project", "vision")[0] == 0
    assert assay("ticket", "new", "First")[0] == 0
    fill_the_disk()
    commands_on_a_full_disk()
    FILL.unlink()
    assert assay("audit", "verify")[0] == 0
    serving_while_the_disk_fills_up()
    assert assay("audit", "verify")[0] == 0
    print("all as promised")


if __name__ == "__main__":
    run()
