"""Whatever is done to a journal of 100 entries, both verifiers say so against a checkpoint and name the first bad entry."""

import json
import random
import sqlite3
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from assay.connectors.signing import offline_verifier as other
from assay.domain.governance.checkpoints import take_checkpoint
from assay.domain.governance.journal import (
    GENESIS,
    JournalHead,
    append_event,
    build_entry,
    export_line,
    parse_export_line,
    prev_of,
    read_body,
)
from assay.domain.governance.merkle import MerkleTree
from assay.domain.governance.proofs import check_consistency, prove_consistency
from assay.domain.governance.verification import BLOCK_ENTRIES, verify_chain, verify_export
from assay.domain.kernel.canonical import canonical_bytes
from assay.domain.kernel.events import Event
from assay.errors import Invalid

SIZE = 100
NOON = datetime(2026, 5, 12, 12, tzinfo=UTC)


def event(number, after="Experiment"):
    return Event.of("ticket.moved", project="vision", subject=f"EXP-{number}", before="Ready", after=after)


def journal(size, *, first=1, head=None, after="Experiment"):
    head, entries, heads = head or JournalHead(), [], []
    for seq in range(first, size + 1):
        entry, head = append_event(head, event(seq, after), at=NOON + timedelta(seconds=seq), actor="ada")
        entries.append(entry)
        heads.append(head)
    return entries, heads


def lines_of(entries):
    return [export_line(entry.body, entry.entry_hash) for entry in entries]


def rehashed(entry, **changes):
    """An entry edited by somebody who also recomputed its hash."""
    body = canonical_bytes({**json.loads(entry.body), **changes})
    return type(entry)(entry.seq, body, sha256(b"\x00" + body).digest())


ENTRIES, HEADS = journal(SIZE)
LINES = lines_of(ENTRIES)
CHECKPOINT = take_checkpoint(HEADS[-1], origin="lab-1", at=NOON)
OFFLINE_CHECKPOINT = CHECKPOINT.model_dump()


def found_by_core(lines, *, verified=0):
    start = HEADS[verified - 1] if verified else None
    report = verify_chain(map(parse_export_line, lines), checkpoints=[CHECKPOINT], start=start)
    return report.fault and report.fault.first_bad_seq


def found_offline(lines, *, verified=0):
    hashes = [entry.entry_hash.hex() for entry in ENTRIES[:verified]]
    try:
        other.verify_export(lines, OFFLINE_CHECKPOINT, hashes)
    except other.Problem as problem:
        return problem.seq
    return None


FINDERS = pytest.mark.parametrize("found", [found_by_core, found_offline], ids=["core", "offline"])


@FINDERS
def test_untouched_export_verifies(found):
    assert found(LINES) is None


@FINDERS
@pytest.mark.parametrize("flip", [0x01, 0x20, 0xFF], ids=["lowest bit", "case bit", "all bits"])
def test_every_flipped_byte_is_found_and_its_entry_named(found, flip):
    # The entries before the flipped one were verified once; verification goes on from there.
    for index, line in enumerate(LINES):
        for at in range(len(line)):
            bad = bytearray(line)
            bad[at] ^= flip
            # As reading a file would: a byte turned into a newline cuts the line, a lost newline joins two.
            rest = [*(bytes(bad) + b"".join(LINES[index + 1 : index + 2])).split(b"\n")]
            read = [part + b"\n" for part in rest[:-1]] + ([rest[-1]] if rest[-1] else [])
            assert found(read, verified=index) == index + 1, (index, at)


@FINDERS
def test_flipped_bytes_are_found_from_the_beginning_of_the_whole_file(found):
    rng = random.Random(11)
    data = b"".join(LINES)
    starts = [sum(map(len, LINES[:index])) for index in range(SIZE)]
    for _ in range(300):
        at = rng.randrange(len(data))
        bad = data[:at] + bytes([data[at] ^ rng.randrange(1, 256)]) + data[at + 1 :]
        parts = bad.split(b"\n")
        read = [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
        assert found(read) == sum(start <= at for start in starts)


@FINDERS
def test_every_deleted_entry_is_named(found):
    for index in range(SIZE):
        assert found(LINES[:index] + LINES[index + 1 :]) == index + 1


@FINDERS
def test_every_doubled_entry_is_named(found):
    for index in range(SIZE):
        assert found(LINES[: index + 1] + LINES[index:]) == index + 1
        assert found([*LINES, LINES[index]]) == index + 1


@FINDERS
def test_every_swap_of_two_entries_names_the_earlier(found):
    for one in range(SIZE):
        for two in range(one + 1, SIZE):
            lines = list(LINES)
            lines[one], lines[two] = lines[two], lines[one]
            assert found(lines[one:], verified=one) == one + 1


@FINDERS
def test_every_truncation_names_the_first_missing_entry(found):
    for size in range(SIZE):
        assert found(LINES[:size]) == size + 1


@FINDERS
def test_export_cut_anywhere_inside_its_last_line_names_it(found):
    for cut in range(1, len(LINES[-1])):
        assert found([*LINES[:-1], LINES[-1][:cut]]) == SIZE


@FINDERS
def test_every_entry_edited_with_its_own_hash_recomputed_is_named(found):
    for index in range(SIZE - 1):
        lines = lines_of([*ENTRIES[:index], rehashed(ENTRIES[index], actor="eve"), *ENTRIES[index + 1 :]])
        assert found(lines) == index + 1


@FINDERS
def test_every_entry_with_another_prev_and_its_own_hash_recomputed_is_named(found):
    for index in range(SIZE - 1):
        lines = lines_of([*ENTRIES[:index], rehashed(ENTRIES[index], prev="ab" * 32), *ENTRIES[index + 1 :]])
        assert found(lines) == index + 1


@FINDERS
def test_every_entry_renumbered_with_its_own_hash_recomputed_is_found(found):
    for index in range(SIZE):
        for seq in (0, -1, index, index + 2, 10**15, "1", None, True if index else 2.5):
            lines = lines_of([*ENTRIES[:index], rehashed(ENTRIES[index], seq=seq), *ENTRIES[index + 1 :]])
            assert found(lines) == (index if seq == index and index and seq is not True else index + 1), seq


@FINDERS
def test_full_rewrite_with_recomputed_hashes_is_found(found):
    entries, _ = journal(SIZE, after="Done")
    assert found(lines_of(entries)) == 1
    longer, _ = journal(SIZE + 20, after="Done")
    assert found(lines_of(longer)) == 1


@FINDERS
def test_rewrite_of_the_end_is_found_though_every_hash_fits(found):
    for kept in range(SIZE - 1, 0, -7):
        tail, _ = journal(SIZE, first=kept + 1, head=HEADS[kept - 1], after="Done")
        assert found(lines_of(ENTRIES[:kept] + tail)) == 1  # hashes alone cannot say where it began


def test_rewrite_of_the_end_is_located_between_two_checkpoints():
    older = take_checkpoint(HEADS[59], origin="lab-1", at=NOON)
    tail, _ = journal(SIZE, first=71, head=HEADS[69], after="Done")
    fault = verify_export(lines_of(ENTRIES[:70] + tail), checkpoints=[CHECKPOINT, older]).fault
    assert fault is not None
    assert (fault.reason, fault.first_bad_seq, fault.last_bad_seq) == ("rewritten", 61, 100)
    assert "between entries 61 and 100" in fault.message


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([*LINES[:9], LINES[9].replace(b"ada", b"eve"), *LINES[10:]], "altered"),
        ([*LINES[:9], *LINES[10:]], "missing"),
        ([*LINES[:9], LINES[10], LINES[9], *LINES[11:]], "reordered"),
        ([*LINES[:10], *LINES[9:]], "duplicate"),
        (LINES[:9], "truncated"),
    ],
)
def test_fault_gives_the_reason(lines, reason):
    fault = verify_export(lines, checkpoints=[CHECKPOINT]).fault
    assert fault is not None
    assert (fault.reason, fault.first_bad_seq) == (reason, 10)
    assert "10" in fault.message


def test_report_of_entries_beyond_the_checkpoint_says_what_is_covered():
    more, heads = journal(SIZE + 5, first=SIZE + 1, head=HEADS[-1])
    report = verify_export(LINES + lines_of(more), checkpoints=[CHECKPOINT])
    assert report.ok
    assert (report.head, report.covered_size) == (heads[-1], SIZE)


def test_chain_without_checkpoint_verifies_and_covers_nothing():
    report = verify_chain(entry.row() for entry in ENTRIES)
    assert (report.ok, report.covered_size, report.head) == (True, 0, HEADS[-1])


def test_verification_goes_on_from_a_stored_head():
    start = JournalHead.from_bytes(HEADS[41].to_bytes())
    report = verify_chain((entry.row() for entry in ENTRIES[42:]), checkpoints=[CHECKPOINT], start=start)
    assert (report.ok, report.covered_size, report.head) == (True, SIZE, HEADS[-1])


def test_checkpoint_smaller_than_the_verified_beginning_is_left_out():
    older = take_checkpoint(HEADS[9], origin="lab-1", at=NOON)
    report = verify_chain(
        (entry.row() for entry in ENTRIES[42:]), checkpoints=[older, CHECKPOINT], start=HEADS[41]
    )
    assert (report.ok, report.covered_size) == (True, SIZE)


@pytest.mark.parametrize(
    "changes",
    [{"kind": 7}, {"payload": []}, {"seq": "1"}, {"actor": None}, {"at": 0}, {"prev": None}, {"more": 1}],
)
def test_read_body_with_a_field_of_another_type_is_refused(changes):
    with pytest.raises(Invalid) as caught:
        read_body(rehashed(ENTRIES[0], **changes).body)
    assert caught.value.code == "journal-entry-unreadable"


def test_long_journal_with_faults_around_block_borders_names_the_entry():
    size = 2 * BLOCK_ENTRIES + 10
    head, rows = JournalHead(), []
    for seq in range(1, size + 1):
        body = b'{"prev":"%s","project":null,"seq":%d,"subject":null}' % (head.head.hex().encode(), seq)
        entry_hash = sha256(b"\x00" + body).digest()
        head = JournalHead(entry_hash, head.frontier.append(entry_hash))
        rows.append((seq, body, entry_hash))
    checkpoint = take_checkpoint(head, origin="lab-1", at=NOON)
    assert verify_chain(rows, checkpoints=[checkpoint]).ok
    for bad in (1, BLOCK_ENTRIES - 1, BLOCK_ENTRIES, BLOCK_ENTRIES + 1, 2 * BLOCK_ENTRIES, size - 1):
        seq, body, entry_hash = rows[bad - 1]
        changed = body.replace(b'"subject":null', b'"subject":"x"')
        for row in ((seq, changed, entry_hash), (seq, changed, sha256(b"\x00" + changed).digest())):
            fault = verify_chain([*rows[: bad - 1], row, *rows[bad:]], checkpoints=[checkpoint]).fault
            assert fault is not None
            assert (fault.first_bad_seq, fault.reason) == (bad, "altered")
        fault = verify_chain([*rows[: bad - 1], *rows[bad:]], checkpoints=[checkpoint]).fault
        assert fault is not None
        assert (fault.first_bad_seq, fault.reason) == (bad, "missing")


def test_direct_edits_of_a_database_file_are_found():
    edits = [
        ("UPDATE journal SET body = replace(body, 'ada', 'eve') WHERE seq = 40", 40, "altered"),
        ("UPDATE journal SET body = CAST(body AS TEXT) WHERE seq = 40", 40, "altered"),
        ("UPDATE journal SET entry_hash = zeroblob(32) WHERE seq = 40", 40, "altered"),
        ("UPDATE journal SET body = x'00' WHERE seq = 40", 40, "altered"),
        ("DELETE FROM journal WHERE seq = 40", 40, "missing"),
        ("DELETE FROM journal WHERE seq > 39", 40, "truncated"),
        ("UPDATE journal SET seq = 1000 WHERE seq = 40", 40, "reordered"),
        ("UPDATE journal SET seq = -seq WHERE seq = 40", 1, "altered"),
    ]
    for statement, seq, reason in edits:
        base = sqlite3.connect(":memory:")
        base.execute("CREATE TABLE journal (seq INTEGER PRIMARY KEY, body BLOB, entry_hash BLOB)")
        base.executemany("INSERT INTO journal VALUES (?, ?, ?)", [entry.row() for entry in ENTRIES])
        base.execute(statement)
        rows = base.execute("SELECT seq, body, entry_hash FROM journal ORDER BY seq")
        fault = verify_chain(rows, checkpoints=[CHECKPOINT]).fault
        base.close()
        assert fault is not None, statement
        assert (fault.first_bad_seq, fault.reason) == (seq, reason), statement


def test_rows_deleted_and_renumbered_in_a_database_are_missing():
    rows = [entry.row() for entry in ENTRIES]
    rows = rows[:39] + [(seq - 1, body, entry_hash) for seq, body, entry_hash in rows[40:]]
    fault = verify_chain(rows, checkpoints=[CHECKPOINT]).fault
    assert fault is not None
    assert (fault.first_bad_seq, fault.reason) == (40, "missing")


def test_old_backup_followed_by_new_events_is_a_fork_for_whoever_holds_a_later_checkpoint():
    backup = 60
    forked, heads = journal(SIZE + 30, first=backup + 1, head=HEADS[backup - 1], after="Done")
    whole = ENTRIES[:backup] + forked
    fault = verify_chain([entry.row() for entry in whole], checkpoints=[CHECKPOINT]).fault
    assert fault is not None
    assert fault.reason == "rewritten"
    tree = MerkleTree(entry.entry_hash for entry in whole)
    now = take_checkpoint(heads[-1], origin="lab-1", at=NOON)
    proof = prove_consistency(tree.node, origin="lab-1", first=SIZE, second=now.size)
    report = check_consistency(proof, CHECKPOINT, now)
    assert not report.ok
    assert report.message.startswith("fork")
    before = take_checkpoint(HEADS[backup - 1], origin="lab-1", at=NOON)
    honest = prove_consistency(tree.node, origin="lab-1", first=backup, second=now.size)
    assert check_consistency(honest, before, now).ok


def test_entry_body_is_canonical_with_the_fields_of_the_contract():
    entry = build_entry(
        Event.of("note.added", project=None, text='a\n"prev":"' + "0" * 64, size=1e17),
        seq=7,
        at=NOON,
        actor="ada",
        prev=ENTRIES[0].entry_hash,
    )
    content = read_body(entry.body)
    assert list(json.loads(entry.body)) == [
        "actor",
        "at",
        "kind",
        "payload",
        "prev",
        "project",
        "seq",
        "subject",
    ]
    assert (content.seq, content.at, content.actor) == (7, "2026-05-12T12:00:00.000000Z", "ada")
    assert content.event == Event.of("note.added", project=None, text='a\n"prev":"' + "0" * 64, size=1e17)
    assert entry.entry_hash == sha256(b"\x00" + entry.body).digest()


@pytest.mark.parametrize(
    "hostile", ['","prev":"' + "0" * 64, '"prev":"', "\\", '\\"prev":"', "\n", "\u2028", "é", "e\u0301"]
)
def test_prev_is_found_whatever_stands_in_the_other_fields(hostile):
    happening = Event(
        kind=hostile, project=hostile, subject=hostile, payload={hostile: {"prev": "x", "project": hostile}}
    )
    entry = build_entry(happening, seq=2, at=NOON, actor=hostile, prev=ENTRIES[0].entry_hash)
    assert prev_of(entry.body) == ENTRIES[0].entry_hash.hex().encode()
    assert read_body(entry.body).event == happening
    line = export_line(entry.body, entry.entry_hash)
    assert line.count(b"\n") == 1
    assert parse_export_line(line) == entry.row()


def test_same_event_whatever_its_key_order_has_the_same_bytes():
    one = build_entry(
        Event(kind="k", project="p", subject="s", payload={"a": 1, "b": 2}),
        seq=1,
        at=NOON,
        actor="ada",
        prev=GENESIS,
    )
    two = build_entry(
        Event(kind="k", project="p", subject="s", payload={"b": 2, "a": 1}),
        seq=1,
        at=NOON,
        actor="ada",
        prev=GENESIS,
    )
    assert one == two


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"seq": 0}, "seq"),
        ({"prev": b"short"}, "prev"),
        ({"actor": ""}, "actor"),
        ({"at": datetime(2026, 5, 12)}, "at"),  # noqa: DTZ001  # naive on purpose
        ({"actor": "x\ud800"}, "actor"),
    ],
)
def test_entry_that_cannot_be_written_is_refused_naming_the_field(changes, field):
    arguments = {"seq": 1, "at": NOON, "actor": "ada", "prev": GENESIS, **changes}
    with pytest.raises(Invalid) as caught:
        build_entry(event(1), **arguments)
    assert caught.value.field == field


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[1]", b"nonsense", ENTRIES[0].body.replace(b":1,", b": 1,"), ENTRIES[0].body[:-1]]
)
def test_read_body_of_something_else_is_refused(body):
    with pytest.raises(Invalid):
        read_body(body)
