"""Keys and signatures: RFC 8032 vectors, forged signatures, key files, and the verifier run as an auditor runs it."""

import hashlib
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assay.connectors.signing import offline_verifier, offline_verifier_source
from assay.connectors.signing.ed25519 import PublicKey, SigningKey
from assay.connectors.signing.offline_verifier import ORDER, Problem, signature_holds, verified_checkpoint
from assay.domain.governance.checkpoints import take_checkpoint
from assay.domain.governance.journal import JournalHead, append_event, export_line
from assay.domain.governance.merkle import MerkleTree
from assay.domain.governance.proofs import prove_consistency, prove_inclusion
from assay.domain.kernel.events import Event
from assay.errors import Invalid, NotFound, Refused, Unavailable

NOON = datetime(2026, 5, 12, 12, tzinfo=UTC)

# RFC 8032, section 7.1: public key, message, signature of tests 1, 2, 3 and SHA(abc).
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        b"",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        b"\x72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        b"\xaf\x82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        hashlib.sha512(b"abc").digest(),
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
]
KEY, MESSAGE, SIGNATURE = (bytes.fromhex(VECTORS[2][0]), VECTORS[2][1], bytes.fromhex(VECTORS[2][2]))

# The eight points of small order and the encodings of points with y >= p, from the definition in RFC 8032, 5.1.
SMALL_ORDER = [
    (1).to_bytes(32, "little"),
    (2**255 - 20).to_bytes(32, "little"),
    bytes(32),
    bytes(31) + b"\x80",
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"),
]
NOT_CANONICAL = [
    (2**255 - 19).to_bytes(32, "little"),  # y = p stands for y = 0
    (2**255 - 18).to_bytes(32, "little"),  # y = p + 1 stands for y = 1
    b"\xff" * 32,
    ((1 << 255) | 1).to_bytes(32, "little"),  # x = 0 with the sign bit set
]


def holds(key, message, signature):
    try:
        return signature_holds(key, message, signature)
    except Problem:
        return False


@pytest.fixture
def key(tmp_path):
    return SigningKey.load_or_create(tmp_path / "keys" / "signing.pem")


@pytest.fixture
def audit(tmp_path, key):
    """A folder as an auditor gets it: export, checkpoints, proofs, public key, verifier."""
    head, entries, heads = JournalHead(), [], []
    for number in range(1, 31):
        event = Event.of("ticket.moved", project="vision", subject=f"EXP-{number}", note="größer \u2028\n")
        entry, head = append_event(head, event, at=NOON, actor="ada")
        entries.append(entry)
        heads.append(head)
    tree = MerkleTree(entry.entry_hash for entry in entries)
    folder = tmp_path / "audit"
    folder.mkdir()
    files = {
        "export.jsonl": b"".join(export_line(entry.body, entry.entry_hash) for entry in entries),
        "new.json": key.sign(take_checkpoint(heads[-1], origin="lab-1", at=NOON)).to_bytes(),
        "old.json": key.sign(take_checkpoint(heads[11], origin="lab-1", at=NOON)).to_bytes(),
        "inclusion.json": prove_inclusion(
            tree.node, origin="lab-1", seq=7, size=30, body=entries[6].body
        ).to_bytes(),
        "consistency.json": prove_consistency(tree.node, origin="lab-1", first=12, second=30).to_bytes(),
        "key.pub": key.public_key.to_pem(),
        "assay_verify.py": offline_verifier_source().encode(),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def run(folder, file, *options):
    arguments = options or ("--checkpoint", "new.json", "--public-key", "key.pub")
    command = [
        sys.executable,
        "-I",
        "-S",
        "assay_verify.py",
        file,
        *arguments,
    ]  # no installed packages are seen
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == "" or done.returncode == 2, done.stderr
    return done.returncode, done.stdout


@pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
def test_signature_of_rfc_8032_holds_and_for_another_message_does_not(public, message, signature):
    assert holds(bytes.fromhex(public), message, bytes.fromhex(signature))
    assert not holds(bytes.fromhex(public), message + b"x", bytes.fromhex(signature))


def test_signatures_by_another_implementation_hold():
    for seed in range(5):
        private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        public = private.public_key().public_bytes_raw()
        assert holds(public, b"message", private.sign(b"message"))
        assert not holds(KEY, b"message", private.sign(b"message"))


def test_malleable_signature_with_s_beyond_the_order_is_refused():
    s = int.from_bytes(SIGNATURE[32:], "little")
    for factor in (1, 2, 7):
        assert not holds(KEY, MESSAGE, SIGNATURE[:32] + (s + factor * ORDER).to_bytes(32, "little"))


@pytest.mark.parametrize("point", SMALL_ORDER + NOT_CANONICAL)
def test_key_or_commitment_of_small_order_or_not_canonical_is_refused(point):
    zero = bytes(32)
    for commitment in SMALL_ORDER + NOT_CANONICAL:
        assert not holds(point, b"any message", commitment + zero)
    assert not holds(KEY, MESSAGE, point + SIGNATURE[32:])


@pytest.mark.parametrize("bit", range(0, 512, 13))
def test_signature_with_a_flipped_bit_is_refused(bit):
    forged = bytearray(SIGNATURE)
    forged[bit // 8] ^= 1 << bit % 8
    assert not holds(KEY, MESSAGE, bytes(forged))


@pytest.mark.parametrize("signature", [b"", SIGNATURE[:63], SIGNATURE + b"\x00", SIGNATURE[:32]])
def test_signature_of_another_length_is_refused(signature):
    assert not holds(KEY, MESSAGE, signature)


def test_signed_checkpoint_holds_under_its_key_with_both_verifiers(key):
    signed = key.sign(take_checkpoint(JournalHead(), origin="lab-1", at=NOON))
    assert key.public_key.fault(signed) is None
    assert PublicKey.from_pem(key.public_key.to_pem()) == key.public_key
    assert verified_checkpoint(signed.to_bytes(), key.public_key.to_pem()) == signed.checkpoint.model_dump()


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "lab-2"},
        {"size": 1},
        {"root": "ab" * 32},
        {"head": "ab" * 32},
        {"at": "2026-05-12T12:00:00.000001Z"},
    ],
)
def test_checkpoint_changed_after_signing_does_not_hold(key, changes):
    signed = key.sign(take_checkpoint(JournalHead(), origin="lab-1", at=NOON))
    forged = signed.model_copy(update={"checkpoint": signed.checkpoint.model_copy(update=changes)})
    assert "not that of key" in key.public_key.fault(forged)
    with pytest.raises(Problem, match="signature"):
        verified_checkpoint(forged.to_bytes(), key.public_key.to_pem())


def test_signature_by_another_key_or_swapped_between_checkpoints_does_not_hold(key, tmp_path):
    stranger = SigningKey.load_or_create(tmp_path / "other.pem")
    mine = key.sign(take_checkpoint(JournalHead(), origin="lab-1", at=NOON))
    theirs = stranger.sign(mine.checkpoint)
    assert "signed by key" in key.public_key.fault(theirs)
    relabelled = theirs.model_copy(update={"key_id": mine.key_id})
    assert "not that of key" in key.public_key.fault(relabelled)
    later = key.sign(take_checkpoint(JournalHead(), origin="lab-1", at=NOON.replace(hour=13)))
    swapped = mine.model_copy(update={"signature": later.signature})
    assert "not that of key" in key.public_key.fault(swapped)
    for forged in (theirs, relabelled, swapped):
        with pytest.raises(Problem):
            verified_checkpoint(forged.to_bytes(), key.public_key.to_pem())


def test_key_file_is_made_once_for_its_owner_only(tmp_path):
    path = tmp_path / "new" / "signing.pem"
    first = SigningKey.load_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert SigningKey.load_or_create(path).public_key == first.public_key
    assert SigningKey.load(path).public_key == first.public_key
    assert [item.name for item in path.parent.iterdir()] == ["signing.pem"]


def test_key_made_by_many_at_once_is_one_key(tmp_path):
    path = tmp_path / "signing.pem"
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: SigningKey.load_or_create(path).public_key, range(32)))
    assert len(set(keys)) == 1
    assert [item.name for item in tmp_path.iterdir()] == ["signing.pem"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610, 0o644, 0o777])
def test_key_file_that_others_can_reach_is_refused_with_the_command_that_mends_it(tmp_path, mode):
    path = tmp_path / "signing.pem"
    SigningKey.load_or_create(path)
    path.chmod(mode)
    with pytest.raises(Refused, match=f"{mode:04o}") as caught:
        SigningKey.load_or_create(path)
    assert caught.value.code == "signing-key-exposed"
    assert f"chmod 600 {path}" in caught.value.hint


def test_missing_key_file_is_not_found_and_not_replaced_by_load(tmp_path):
    with pytest.raises(NotFound) as caught:
        SigningKey.load(tmp_path / "signing.pem")
    assert caught.value.code == "signing-key-missing"
    assert not (tmp_path / "signing.pem").exists()


def test_key_path_that_cannot_be_read_is_said_so(tmp_path):
    with pytest.raises(Unavailable) as caught:
        SigningKey.load_or_create(tmp_path)
    assert caught.value.code == "signing-key-unreadable"


def pem(private, password=None):
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


@pytest.mark.parametrize(
    "content",
    [b"", b"nonsense", pem(generate_private_key(SECP256R1())), pem(Ed25519PrivateKey.generate(), b"secret")],
    ids=["empty", "nonsense", "other kind", "encrypted"],
)
def test_key_file_with_something_else_is_refused_without_a_trace_of_its_content(tmp_path, content):
    path = tmp_path / "signing.pem"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(Invalid) as caught:
        SigningKey.load(path)
    assert caught.value.code == "signing-key-invalid"


def test_public_key_of_another_kind_is_refused_by_both_verifiers(key):
    public = generate_private_key(SECP256R1()).public_key()
    other = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    signed = key.sign(take_checkpoint(JournalHead(), origin="lab-1", at=NOON)).to_bytes()
    for data in (b"", b"nonsense", other):
        with pytest.raises(Invalid):
            PublicKey.from_pem(data)
        with pytest.raises(Problem):
            verified_checkpoint(signed, data)


def test_private_key_is_not_shown_by_repr(key):
    assert "PRIVATE" not in repr(key)
    assert "_key" not in repr(key)


def test_checkpoint_file_with_a_key_twice_is_refused_by_the_offline_verifier(key):
    data = key.sign(take_checkpoint(JournalHead(), origin="lab-1", at=NOON)).to_bytes()
    for doubled in (
        data.replace(b'"size":0', b'"size":9,"size":0'),
        data.replace(b'"key_id"', b'"key_id":"x","key_id"'),
    ):
        assert doubled != data
        with pytest.raises(Problem):
            verified_checkpoint(doubled, key.public_key.to_pem())


def test_offline_verifier_is_one_short_file_of_the_standard_library():
    source = offline_verifier_source()
    assert len(source.splitlines()) <= 250
    imported = {
        line.split()[1].split(".")[0] for line in source.splitlines() if line.startswith(("import ", "from "))
    }
    assert imported <= sys.stdlib_module_names
    assert offline_verifier.__doc__


def test_offline_verifier_run_alone_accepts_export_and_proofs(audit):
    code, text = run(audit, "export.jsonl")
    assert (code, text[:23]) == (0, "HOLDS: 30 entries are i")
    assert run(audit, "export.jsonl", "--checkpoint", "old.json", "--public-key", "key.pub")[0] == 0
    code, text = run(audit, "inclusion.json")
    assert (code, text[:20]) == (0, "HOLDS: entry 7 is in")
    both = ("--checkpoint", "new.json", "--older-checkpoint", "old.json", "--public-key", "key.pub")
    assert run(audit, "consistency.json", *both) == (
        0,
        "HOLDS: the journal of 30 entries continues the one of 12\n",
    )


def test_offline_verifier_run_alone_names_what_is_broken(audit):
    export = audit / "export.jsonl"
    good = export.read_bytes()
    lines = good.splitlines(keepends=True) if good.count(b"\n") == 30 else []
    for data, message in (
        (good.replace(b"EXP-9", b"EXP-8"), "entry 9 was altered"),
        (b"x" + good[1:], "entry 1 was altered"),
        (b"", "entries 1 to 30 are missing"),
        (good[: good.index(b"EXP-20")], "was altered"),
        (b"".join(lines[:4] + lines[5:]), "entry 5 is missing"),
        (b"".join([lines[1], lines[0], *lines[2:]]), "entry 1 comes late"),
    ):
        export.write_bytes(data)
        code, text = run(audit, "export.jsonl")
        assert (code, text[:7]) == (1, "BROKEN:"), text
        assert message in text
    proof = json.loads((audit / "inclusion.json").read_bytes())
    (audit / "inclusion.json").write_text(json.dumps({**proof, "seq": 8}))
    assert run(audit, "inclusion.json")[0] == 1
    swapped = ("--checkpoint", "old.json", "--older-checkpoint", "new.json", "--public-key", "key.pub")
    assert run(audit, "consistency.json", *swapped)[0] == 1


def test_offline_verifier_run_alone_refuses_another_key_and_unreadable_files(audit, tmp_path):
    stranger = SigningKey.load_or_create(tmp_path / "other.pem")
    (audit / "other.pub").write_bytes(stranger.public_key.to_pem())
    assert run(audit, "export.jsonl", "--checkpoint", "new.json", "--public-key", "other.pub")[0] == 1
    assert run(audit, "export.jsonl", "--checkpoint", "export.jsonl", "--public-key", "key.pub")[0] == 2
    assert run(audit, "export.jsonl", "--checkpoint", "nowhere.json", "--public-key", "key.pub")[0] == 2
    assert run(audit, "export.jsonl", "--checkpoint", "new.json", "--public-key", "new.json")[0] == 2
    assert run(audit, "nowhere.jsonl")[0] == 2
