"""The receiver on the page about webhooks takes what is sent, and nothing else."""

import io
import json

import pytest

from assay.domain.notifications.events import SAID, EventType
from assay.domain.notifications.signatures import WINDOW_S, headers
from assay.domain.notifications.webhooks import DEFAULT_EVENTS
from tests.docs.pages import blocks, page

BODY = json.dumps({"type": "kill.suggested", "ticket": "EXP-42"}).encode()


@pytest.fixture
def receiver(tmp_path, monkeypatch):
    """The class that the page shows, and what one message gets for an answer."""
    (tmp_path / "webhook.secret").write_text("assay_whsec_x\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    [code] = [block.text for block in blocks(page("webhooks.md")) if block.language == "python"]
    names: dict = {"__name__": "page"}
    exec(compile(code, "docs/webhooks.md", "exec"), names)
    monkeypatch.setattr(names["time"], "time", lambda: 1000.0)

    class Asked(names["Receiver"]):
        def __init__(self, sent, body):
            self.headers, self.rfile, self.said = (
                {**sent, "Content-Length": str(len(body))},
                io.BytesIO(body),
                [],
            )

        def send_response(self, status):
            self.said.append(status)

        send_error = send_response

        def end_headers(self):
            pass

    def answer(sent, body=BODY):
        asked = Asked(sent, body)
        asked.do_POST()
        return asked.said

    return answer


def sent(**changes):
    return headers(
        **{"secret": "assay_whsec_x", "timestamp_s": 1000, "delivery": "a", "body": BODY} | changes
    )


def test_receiver_of_the_page_takes_a_message_once(receiver, capsys):
    assert [receiver(sent()), receiver(sent()), receiver(sent(delivery="b"))] == [[204]] * 3
    assert capsys.readouterr().out == "kill.suggested EXP-42\n" * 2


@pytest.mark.parametrize(
    ("given", "body"),
    [
        (sent(secret="another"), BODY),
        (sent(timestamp_s=1000 - WINDOW_S - 1), BODY),
        (sent() | {"Assay-Timestamp": "1001"}, BODY),
        (sent() | {"Assay-Delivery": "b"}, BODY),
        (sent(), BODY + b" "),
    ],
)
def test_receiver_of_the_page_refuses_what_we_did_not_send_now(receiver, capsys, given, body):
    assert receiver(given, body) == [401]
    assert capsys.readouterr().out == ""


def test_page_tells_every_event_with_every_field_and_which_come_by_default():
    text = page("webhooks.md")
    for kind, fields in SAID.values():
        [row] = [line for line in text.splitlines() if line.startswith(f"| `{kind}` |")]
        assert [name for name in fields if f"`{name}`" not in row] == []
    assert len(
        [line for line in text.splitlines() if line.startswith("| `") and "." in line.split("`")[1]]
    ) == len(EventType)
    assert "it is " + ", ".join(f"`{one}`" for one in DEFAULT_EVENTS[:-1]) in text.replace(
        "`budget.overrun` and", "`budget.overrun`, and"
    )
