"""Where webhooks may be sent to, and what a receiver can do to the one who sends."""

import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from assay.connectors import outbound
from assay.connectors.notifications import addresses
from assay.connectors.notifications import post as post_module
from assay.connectors.notifications.addresses import NamedHosts
from assay.connectors.notifications.post import WebhookPost
from assay.errors import Invalid
from tests.support.webhooks import receiver
from tests.unit.connectors.test_outbound import NEVER

REAL = socket.getaddrinfo
NOT_PUBLIC = [
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "0", "0.0.0.0", "10.1.2.3", "172.16.0.1",
    "192.168.1.1", "100.64.0.1", "192.0.2.7", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "[::1]", "[::]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::a00:1]", "[2002:7f00:1::]", "[fd12::9]",
    "[fec0::1]", "[ff02::1]", "[2001:db8::1]", "[2001:0:7f00:1::]", "[100::1]",
]  # fmt: skip


@pytest.fixture
def names(monkeypatch):
    """`names["x.example"] = [...]`: what names stand for; several lists for one name are told one after another."""
    table = {}

    def said(host, port, *more, **named):
        if host not in table:
            return REAL(host, port, *more, **named)
        found = table[host].pop(0) if isinstance(table[host][0], list) else table[host]
        return [answer for address in found for answer in REAL(address, port, *more, **named)]

    monkeypatch.setattr(outbound.socket, "getaddrinfo", said)
    return table


def post(hosts="", **more):
    return WebhookPost(NamedHosts.of(hosts), **more)


@pytest.mark.parametrize("host", [*NEVER, *NOT_PUBLIC])
def test_address_that_is_not_public_is_refused_in_every_spelling_before_anything_is_sent(host):
    # Whatever connects to another machine fails in these tests, so the refusal comes first.
    for scheme in ("https", "http"):
        answer = post().send(f"{scheme}://{host}/x", b"{}", {})
        assert (answer.refused, answer.status) == (True, None)
        with pytest.raises(Invalid) as error:
            post().check(f"{scheme}://{host}/x")
        assert (error.value.code, error.value.field) == ("webhook-address-refused", "url")


@pytest.mark.parametrize("host", NEVER)
def test_metadata_services_are_out_of_reach_even_where_everything_is_named(host):
    everything = "0.0.0.0/0, ::/0, metadata, instance-data, metadata.google.internal"
    assert post(everything).send(f"http://{host}/latest", b"{}", {}).refused


def test_name_that_leads_inside_is_refused_although_another_of_its_addresses_is_public(names):
    names["hooks.example"] = ["93.184.215.14", "10.0.0.1"]
    answer = post().send("https://hooks.example/x", b"{}", {})
    assert answer.refused
    assert "it leads to 10.0.0.1, which is not on the public Internet" in answer.error


def test_name_that_led_outside_when_it_was_added_is_looked_up_again_at_every_try(names):
    names["hooks.example"] = [["93.184.215.14"], ["127.0.0.1"]]
    sender = post()
    sender.check("https://hooks.example/x")
    assert sender.send("https://hooks.example/x", b"{}", {}).refused


def test_public_address_is_asked_with_tls_alone(names):
    names["hooks.example"] = ["93.184.215.14"]
    post().check("https://hooks.example/x")
    post().check("https://93.184.215.14/x")
    post().check("https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/x")
    with pytest.raises(Invalid, match="without TLS"):
        post().check("http://hooks.example/x")


@pytest.mark.parametrize("hosts", ["ci.internal", "CI.internal.", "10.0.0.0/8", "10.1.2.3", "x, 10.1.0.0/16"])
def test_named_hosts_and_networks_may_be_asked_also_without_tls(names, hosts):
    names["ci.internal"] = ["10.1.2.3"]
    post(hosts).check("http://ci.internal/x")


@pytest.mark.parametrize("hosts", ["other.internal", "10.2.0.0/16", "internal"])
def test_other_names_and_networks_open_nothing(names, hosts):
    names["ci.internal"] = ["10.1.2.3"]
    with pytest.raises(Invalid):
        post(hosts).check("http://ci.internal/x")


def test_malformed_network_in_the_setting_is_named():
    with pytest.raises(Invalid, match=r"found '10\.0\.0\.1/8'"):
        NamedHosts.of("10.0.0.1/8")


def test_message_arrives_once_under_the_name_that_was_given_and_no_redirect_is_followed(names):
    names["hooks.example"] = ["127.0.0.1"]
    with receiver(307, headers={"Location": "http://169.254.169.254/"}) as there:
        url = there.url.replace("127.0.0.1", "hooks.example")
        answer = post("hooks.example").send(url, b'{"a":1}', {"Assay-Delivery": "x"})
        assert (answer.status, answer.error) == (307, "it answers 307, a redirect, which is not followed")
    [got] = there.got
    assert (got.body, got.headers["Host"].partition(":")[0], got.id) == (b'{"a":1}', "hooks.example", "x")


@contextmanager
def socket_that(does):
    """A receiver below HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                does(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/x"
        thread.join(timeout=5)


def drips(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"x: y\r\n")
        threading.Event().wait(0.02)


def hangs(connection):
    while connection.recv(4096):
        pass


@pytest.mark.parametrize("does", [drips, hangs])
def test_receiver_that_hangs_or_drips_is_left_at_the_deadline(does):
    with socket_that(does) as url:
        begun = monotonic()
        answer = post("127.0.0.1", deadline_s=0.2).send(url, b"{}", {})
        assert (answer.status, answer.error) == (None, "no answer within 0.2 s")
        assert monotonic() - begun < 2


def endless(connection):
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"fffff\r\n" + b"x" * 5000)
    hangs(connection)


def test_answer_without_end_is_not_read():
    with socket_that(endless) as url:
        assert post("127.0.0.1").send(url, b"{}", {}).status == 200


@pytest.mark.parametrize("said", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 40_000])
def test_receiver_that_does_not_speak_http_is_an_answer_without_a_number(said):
    def speaks(connection):
        connection.recv(4096)
        connection.sendall(said)

    with socket_that(speaks) as url:
        answer = post("127.0.0.1").send(url, b"{}", {})
    assert answer.status is None
    assert "the connection broke" in answer.error


def test_name_that_nobody_knows_is_not_refused_but_away(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(outbound.socket, "getaddrinfo", unknown)
    answer = post().send("https://nowhere.example/x", b"{}", {})
    assert (answer.refused, answer.error) == (False, "nobody knows this name")
    assert addresses.is_public("93.184.215.14")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A file with key and certificate of hooks.example, signed by nobody else."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(
            issuer_name=name, subject_name=name, public_key=key.public_key(), serial_number=7
        )
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example")]), critical=False)
        .sign(key, SHA256())
    )
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    file.write_bytes(key.private_bytes(*form) + made.public_bytes(Encoding.PEM))
    return file


def believed_by(monkeypatch, certificate):
    context = ssl.create_default_context(cafile=certificate)
    monkeypatch.setattr(post_module, "_believed", lambda: context)


def test_only_a_receiver_that_proves_its_name_is_told_anything(names, monkeypatch, certificate):
    names["hooks.example"] = names["other.example"] = ["127.0.0.1"]
    proves = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    proves.load_cert_chain(certificate)
    with receiver(tls=proves) as there:
        url = there.url.replace("http://127.0.0.1", "https://hooks.example")
        sender = post("hooks.example, other.example")
        stranger = sender.send(url, b"{}", {})
        believed_by(monkeypatch, certificate)
        another = sender.send(url.replace("hooks.", "other."), b"{}", {})
        known = sender.send(url, b"{}", {})
    assert "self-signed certificate" in stranger.error
    assert "not valid for 'other.example'" in another.error
    assert (known.status, len(there.got)) == (204, 1)
