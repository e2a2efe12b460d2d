"""Proofs and checkpoints as the files that travel to an auditor."""

import json
import random
from datetime import UTC, datetime

import pytest

from assay.connectors.signing import offline_verifier as other
from assay.domain.governance.checkpoints import SignedCheckpoint, checkpoint_bytes, take_checkpoint
from assay.domain.governance.journal import JournalHead, append_event
from assay.domain.governance.merkle import MerkleTree
from assay.domain.governance.proofs import (
    ConsistencyProof,
    InclusionProof,
    check_consistency,
    check_inclusion,
    prove_consistency,
    prove_inclusion,
)
from assay.domain.kernel.events import Event
from assay.errors import Invalid

NOON = datetime(2026, 5, 12, 12, tzinfo=UTC)
ORIGIN = "lab-1"

HEAD = JournalHead()
ENTRIES, CHECKPOINTS = [], [take_checkpoint(HEAD, origin=ORIGIN, at=NOON)]
for _number in range(1, 51):
    _event = Event.of(
        "ticket.moved", project="vision", subject=f"EXP-{_number}", before="Ready", after="Experiment"
    )
    _entry, HEAD = append_event(HEAD, _event, at=NOON, actor="ada")
    ENTRIES.append(_entry)
    CHECKPOINTS.append(take_checkpoint(HEAD, origin=ORIGIN, at=NOON))
TREE = MerkleTree(entry.entry_hash for entry in ENTRIES)
NEWEST = CHECKPOINTS[-1]


def inclusion(seq, size=50):
    return prove_inclusion(TREE.node, origin=ORIGIN, seq=seq, size=size, body=ENTRIES[seq - 1].body)


def offline(check, *arguments):
    try:
        check(*arguments)
    except other.Problem:
        return False
    return True


def test_inclusion_proof_of_every_entry_survives_its_file_and_holds():
    for seq in range(1, 51):
        data = inclusion(seq).to_bytes()
        assert check_inclusion(InclusionProof.from_bytes(data), NEWEST).ok
        document = other.read_document(data, "assay/inclusion-proof@1")
        assert offline(other.verify_inclusion, document, NEWEST.model_dump())


def test_consistency_proof_of_every_earlier_checkpoint_survives_its_file_and_holds():
    for older in CHECKPOINTS:
        data = prove_consistency(TREE.node, origin=ORIGIN, first=older.size, second=50).to_bytes()
        assert check_consistency(ConsistencyProof.from_bytes(data), older, NEWEST).ok
        document = other.read_document(data, "assay/consistency-proof@1")
        assert offline(other.verify_consistency, document, older.model_dump(), NEWEST.model_dump())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"origin": "lab-2"}, "from instance lab-2"),
        ({"size": 49}, "for 49 entries"),
        ({"seq": 8}, "not entry 8"),
        ({"body": ENTRIES[7].body.decode()}, "not entry 7"),
        ({"body": ENTRIES[6].body.decode().replace("ada", "eve")}, "not in the journal"),
        ({"path": inclusion(8).path}, "not in the journal"),
        ({"path": ()}, "not in the journal"),
    ],
)
def test_inclusion_proof_with_one_thing_changed_does_not_hold_and_says_why(changes, message):
    proof = inclusion(7).model_copy(update=changes)
    report = check_inclusion(proof, NEWEST)
    assert not report.ok
    assert message in report.message
    assert not offline(other.verify_inclusion, proof.model_dump(), NEWEST.model_dump())


def test_consistency_proof_against_another_checkpoint_does_not_hold():
    proof = prove_consistency(TREE.node, origin=ORIGIN, first=20, second=50)
    stranger = CHECKPOINTS[20].model_copy(update={"root": "ab" * 32})
    assert "fork" in check_consistency(proof, stranger, NEWEST).message
    assert not check_consistency(proof, CHECKPOINTS[21], NEWEST).ok
    assert not check_consistency(proof, CHECKPOINTS[20].model_copy(update={"origin": "x"}), NEWEST).ok
    assert not offline(
        other.verify_consistency, proof.model_dump(), stranger.model_dump(), NEWEST.model_dump()
    )


def test_bytes_changed_in_a_proof_file_are_refused_by_both_verifiers():
    rng = random.Random(8)
    data = inclusion(7).to_bytes()[:-1]  # the newline says nothing
    for _ in range(2000):
        at = rng.randrange(len(data))
        bad = data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]
        try:
            held = check_inclusion(InclusionProof.from_bytes(bad), NEWEST).ok
        except Invalid:
            held = False
        assert not held, bad
        assert not offline(lambda bad=bad: other.verify_inclusion(
            other.read_document(bad, "assay/inclusion-proof@1"), NEWEST.model_dump()
        )), bad  # fmt: skip


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b"", None),
        (b"[]", None),
        (b"\xff\xfe", None),
        (b"[" * 100_000, None),
        (b"{}" + b" " * (1 << 20), None),
        (b'{"seq":1,"seq":2}', None),
        (json.dumps({**inclusion(7).model_dump(), "seq": "7"}).encode(), "seq"),
        (json.dumps({**inclusion(7).model_dump(), "seq": -1}).encode(), "seq"),
        (json.dumps({**inclusion(7).model_dump(), "seq": 2**53}).encode(), "seq"),
        (json.dumps({**inclusion(7).model_dump(), "extra": 1}).encode(), "extra"),
        (json.dumps({**inclusion(7).model_dump(), "type": "assay/checkpoint@1"}).encode(), "type"),
        (json.dumps({**inclusion(7).model_dump(), "path": ["AB" * 32]}).encode(), "path.0"),
        (json.dumps({**inclusion(7).model_dump(), "path": ["ab" * 32] * 65}).encode(), "path"),
    ],
)
def test_file_that_is_no_proof_is_refused_naming_the_field(data, field):
    with pytest.raises(Invalid) as caught:
        InclusionProof.from_bytes(data)
    assert caught.value.field == field
    with pytest.raises(other.Problem):
        other.verify_inclusion(other.read_document(data, "assay/inclusion-proof@1"), NEWEST.model_dump())


def test_inclusion_proof_in_a_journal_of_a_million_fits_in_two_kilobytes():
    proof = prove_inclusion(
        lambda _level, _index: bytes(32), origin=ORIGIN, seq=7, size=10**6, body=ENTRIES[6].body
    )
    assert len(proof.path) <= 20
    assert len(proof.to_bytes()) <= 2048


def test_checkpoint_of_an_empty_journal_is_the_empty_root_and_genesis():
    empty = CHECKPOINTS[0]
    assert (empty.size, empty.head, empty.root[:8]) == (0, "0" * 64, "e3b0c442")


@pytest.mark.parametrize(
    ("origin", "at"),
    [
        ("", NOON),
        ("two words", NOON),
        ("x" * 101, NOON),
        ("\ud800", NOON),
        ("lab-1", NOON.replace(tzinfo=None)),
    ],
)
def test_checkpoint_of_a_nameless_instance_or_unknown_moment_is_refused(origin, at):
    with pytest.raises(Invalid) as caught:
        take_checkpoint(HEAD, origin=origin, at=at)
    assert caught.value.code == "checkpoint-invalid"


def test_checkpoint_bytes_are_the_canonical_json_of_the_contract():
    assert checkpoint_bytes(CHECKPOINTS[0]).decode() == (
        '{"at":"2026-05-12T12:00:00.000000Z","head":"' + "0" * 64 + '","origin":"lab-1","root":"'
        'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":0,"type":"assay/checkpoint@1"}'
    )


def test_signed_checkpoint_with_its_signature_stripped_is_refused():
    signed = SignedCheckpoint(checkpoint=NEWEST, key_id="ed25519:" + "0" * 16, signature="0" * 128)
    assert SignedCheckpoint.from_bytes(signed.to_bytes()) == signed
    for name in ("signature", "key_id", "checkpoint"):
        document = signed.model_dump()
        del document[name]
        with pytest.raises(Invalid) as caught:
            SignedCheckpoint.from_bytes(json.dumps(document).encode())
        assert caught.value.field == name
