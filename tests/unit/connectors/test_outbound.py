"""Which addresses may somebody who names a tracker make this program connect to?"""

import http.server
import socket
import threading

import psycopg
import pytest

from assay.connectors import outbound
from assay.connectors.outbound import checked_addresses
from assay.connectors.trackers.mlflow import MlflowSource
from assay.connectors.trackers.mlflow.postgres_source import _checked_hosts
from assay.connectors.trackers.mlflow.rest_client import RestClient
from assay.errors import Invalid, Unavailable
from assay.workflows.records import Source

REAL = socket.getaddrinfo
NEVER = [
    "169.254.169.254", "169.254.0.1", "2852039166", "0xa9fea9fe", "169.16689662", "169.254.43518",
    "[fe80::1]", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::1]",
    "[fd00:ec2::254]", "[fd20:ce::254]", "100.100.100.200", "168.63.129.16", "192.0.0.192",
    "metadata.google.internal", "METADATA.google.internal.", "metadata", "instance-data",
]  # fmt: skip


@pytest.fixture
def names(monkeypatch):
    """`names["x.example"] = [...]`: what names stand for; several lists for one name are told one after another."""
    table = {}

    def told(host, port, *more, **named):
        if host not in table:
            return REAL(host, port, *more, **named)
        found = table[host].pop(0) if isinstance(table[host][0], list) else table[host]
        return [answer for address in found for answer in REAL(address, port, *more, **named)]

    monkeypatch.setattr(outbound.socket, "getaddrinfo", told)
    return table


@pytest.fixture
def server():
    """A server on 127.0.0.1 alone, and what it was asked."""
    asked = []

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.headers["Host"], self.path))
            self.send_response(302 if self.path == "/moved/version" else 200)
            self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"3.1.0")

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as listening:
        listening.asked = asked
        thread = threading.Thread(target=listening.serve_forever, daemon=True)
        thread.start()
        yield listening
        listening.shutdown()


def source_of(uri):
    return Source(id=1, project_id=1, name="lab", kind="mlflow", uri=uri)


@pytest.mark.parametrize("host", NEVER)
@pytest.mark.parametrize("scheme", ["http", "https", "postgresql"])
def test_metadata_and_link_local_addresses_are_refused_before_anything_is_sent(scheme, host):
    # Whatever connects to another machine fails in these tests, so the refusal comes first.
    with pytest.raises(Invalid, match="expected a server of yours") as told:
        MlflowSource().check(source_of(f"{scheme}://{host}/db"))
    assert (told.value.code, told.value.field) == ("tracker-address-refused", "uri")
    assert "loopback and private networks are allowed" in told.value.hint


def test_name_that_leads_to_a_link_local_address_is_refused(names):
    names["tracker.example"] = ["10.1.2.3", "169.254.169.254"]
    for scheme in ("http", "postgresql"):
        with pytest.raises(Invalid, match=r"it leads to 169\.254\.169\.254, a link-local address"):
            MlflowSource().check(source_of(f"{scheme}://tracker.example/db"))


def test_octal_spelling_of_a_metadata_address_is_refused():
    with pytest.raises(Invalid):
        checked_addresses("0251.0376.0251.0376", shown="x")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "::1", "10.1.2.3", "192.168.7.7", "172.16.0.9", "fd12:3456::9", "192.0.2.7"]
)
def test_loopback_and_private_networks_are_allowed(host):
    assert checked_addresses(host, shown="x") == (host,)


def test_server_is_asked_under_its_name_at_the_first_address_that_answers(names, server):
    names["tracker.example"] = ["127.0.0.9", "127.0.0.1"]
    port = server.server_port
    with RestClient(f"http://tracker.example:{port}") as client:
        assert [client.version(), client.version()] == ["3.1.0", "3.1.0"]
    assert server.asked == [(f"tracker.example:{port}", "/version")] * 2


def test_name_that_says_something_else_later_is_not_asked_again(names, server):
    names["tracker.example"] = [["127.0.0.1"], ["169.254.169.254"]]
    with RestClient(f"http://tracker.example:{server.server_port}") as client:
        assert [client.version(), client.version()] == ["3.1.0", "3.1.0"]


def test_redirect_to_a_metadata_service_is_not_followed(server):
    with (
        RestClient(f"http://127.0.0.1:{server.server_port}/moved") as client,
        pytest.raises(Unavailable, match="a redirect, which is not followed"),
    ):
        client.version()
    assert len(server.asked) == 1


def test_name_that_nobody_knows_is_unavailable(names, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(outbound.socket, "getaddrinfo", unknown)
    for scheme in ("http", "postgresql"):
        with pytest.raises(Unavailable, match="Name or service not known"):
            MlflowSource().check(source_of(f"{scheme}://nowhere.example/db"))


@pytest.mark.parametrize(
    ("address", "where"),
    [
        ("postgresql://db.example/x", ("db.example,db.example", ",", "10.0.0.1,10.0.0.2")),
        ("postgresql://a:1,127.0.0.1:2/x", ("a,127.0.0.1", "1,2", "10.0.0.9,127.0.0.1")),
        ("postgresql:///x", None),
        ("postgresql:///x?host=/run/postgresql", None),
        ("postgresql://a/x?hostaddr=10.0.0.9", None),
    ],
)
def test_database_is_asked_under_its_name_at_the_addresses_that_were_looked_at(names, address, where):
    names |= {"db.example": ["10.0.0.1", "10.0.0.2"], "a": ["10.0.0.9"]}
    found = _checked_hosts(psycopg.conninfo.conninfo_to_dict(address), "x")
    assert found == ({} if where is None else dict(zip(("host", "port", "hostaddr"), where, strict=True)))


@pytest.mark.parametrize(
    "address", ["postgresql://a/x?hostaddr=169.254.1.1", "postgresql:///x?host=/run,169.254.1.1"]
)
def test_database_address_hidden_in_a_parameter_is_refused(names, address):
    names["a"] = ["10.0.0.9"]
    with pytest.raises(Invalid):
        _checked_hosts(psycopg.conninfo.conninfo_to_dict(address), "x")
