"""Is this export or proof of an Assay journal what the signed checkpoint vouches for? Needs Python 3.9+, nothing else.

    python assay_verify.py FILE --checkpoint cp.json [--older-checkpoint old.json] --public-key key.pub

FILE: export.jsonl, an inclusion proof, or a consistency proof (give both checkpoints). Get the key on another way than FILE.
Exit code: 0 it holds, 1 it does not (what is wrong first is printed), 2 a file cannot be read.
Written apart from Assay, so that two programs must agree: an entry's hash is SHA-256(0x00 || body), its "prev" the hash of
the entry before (64 zeros for the first), the root that of RFC 6962, the signature Ed25519 over the checkpoint as sorted JSON.
"""
# ruff: noqa: D103

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

P = 2**255 - 19  # Ed25519: RFC 8032, section 5.1, in affine coordinates
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
NEUTRAL = (0, 1)


class Problem(Exception):
    """Why it does not hold (code 1) or cannot be read (code 2); `seq` is the first bad entry where there is one."""

    def __init__(self, message: str, seq: int | None = None, code: int = 1) -> None:
        super().__init__(message)
        self.seq, self.code = seq, code


def add(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    t = D * a[0] * b[0] * a[1] * b[1] % P
    inverse = pow((1 + t) * (1 - t), -1, P)  # never 0: the curve's addition is complete
    x, y = a[0] * b[1] + b[0] * a[1], a[1] * b[1] + a[0] * b[0]
    return x * (1 - t) * inverse % P, y * (1 + t) * inverse % P


def multiply(scalar: int, point: tuple[int, int]) -> tuple[int, int]:
    result = NEUTRAL
    while scalar:
        result = add(result, point) if scalar & 1 else result
        point, scalar = add(point, point), scalar >> 1
    return result


def decode_point(data: bytes) -> tuple[int, int]:
    """The point that these 32 bytes stand for (5.1.3); only its one canonical encoding is taken."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * v**3 * pow(u * v**7, (P - 5) // 8, P) % P
    if v * x * x % P == -u % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if len(data) != 32 or y >= P or v * x * x % P != u or (x == 0 and sign):
        raise Problem("a point of the signature or key is not canonical or not on the curve")
    return (x if x & 1 == sign else P - x), y


def signature_holds(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """5.1.7 without cofactor; S must be below the order, and keys of small order, which fit many messages, are refused."""
    base_point = (4 * pow(5, -1, P) % P).to_bytes(32, "little")
    base, key, r = map(decode_point, (base_point, public_key, signature[:32]))
    s = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or s >= ORDER or multiply(8, key) == NEUTRAL:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % ORDER
    return multiply(s, base) == add(r, multiply(k, key))


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def tree_root(hashes: list[bytes]) -> bytes:
    """Pairs upwards; an odd last node moves up as it is, which gives the same tree as the recursive definition."""
    while len(hashes) > 1:
        odd = hashes[len(hashes) & ~1 :]
        hashes = [sha256(b"\x01", hashes[i], hashes[i + 1]) for i in range(0, len(hashes) - 1, 2)] + odd
    return hashes[0] if hashes else sha256()


def inclusion_root(index: int, size: int, node: bytes, path: list[bytes]) -> bytes:
    """The root that 2.1.1 gives with this path, used up from its end."""
    if size == 1 or not path:
        return node if size == 1 and not path else b"a proof of the wrong length"
    k = 1 << ((size - 1).bit_length() - 1)
    if index < k:
        return sha256(b"\x01", inclusion_root(index, k, node, path[:-1]), path[-1])
    return sha256(b"\x01", path[-1], inclusion_root(index - k, size - k, node, path[:-1]))


def consistency_roots(first: int, second: int, known: list[bytes], path: list[bytes]) -> tuple[bytes, bytes]:
    """The older and newer root that 2.1.2 gives; `known` is the older root while the older tree is a whole subtree."""
    if first == second or not path:
        fits = first == second and len(known + path) == 1
        return ((known + path)[0], (known + path)[0]) if fits else (b"a proof of the", b"wrong length")
    k = 1 << ((second - 1).bit_length() - 1)
    if first <= k:
        old, new = consistency_roots(first, k, known, path[:-1])
        return old, sha256(b"\x01", new, path[-1])
    old, new = consistency_roots(first - k, second - k, [], path[:-1])
    return sha256(b"\x01", path[-1], old), sha256(b"\x01", path[-1], new)


NUMBER, HASH, TEXT = r"0|[1-9][0-9]{0,15}", r'"[0-9a-f]{64}"', r'"[A-Za-z0-9._:/@-]{1,100}"'
FORMS = dict.fromkeys(("size", "seq", "first", "second"), NUMBER) | dict.fromkeys(("root", "head"), HASH)
FORMS |= {"body": '".*"', "checkpoint": "{.*}", "signature": r'"[0-9a-f]{128}"'}
FORMS["path"] = rf"\[({HASH}(, {HASH})*)?\]"
FIELDS = {
    "assay/checkpoint@1": "type origin size root head at",
    "assay/signed-checkpoint@1": "type checkpoint key_id signature",
    "assay/inclusion-proof@1": "type origin seq size body path",
    "assay/consistency-proof@1": "type origin first second path",
}


def read_document(data: bytes, kind: str) -> dict[str, Any]:
    """The fields of this document: exactly those of its kind, each once and of its form."""
    try:
        value: Any = json.loads(data.decode(), object_pairs_hook=lambda x: len(dict(x)) == len(x) and dict(x))
    except (ValueError, RecursionError) as error:
        raise Problem(f"not a document of type {kind}: {error}", code=2) from error
    if not isinstance(value, dict) or sorted(value) != sorted(FIELDS[kind].split()) or value["type"] != kind:
        raise Problem(f"not a document of type {kind}", code=2)
    for name, item in value.items():
        if not re.fullmatch(FORMS.get(name, TEXT), json.dumps(item)):
            raise Problem(f"{kind}: {name} has the wrong form", code=2)
    return value


def verified_checkpoint(data: bytes, pem: bytes) -> dict[str, Any]:
    match = re.fullmatch(rb"-----BEGIN PUBLIC KEY-----\s+([\w+/]{59}=)\s+-----END PUBLIC KEY-----\s*", pem)
    key = base64.b64decode(match.group(1)) if match else b""
    if len(key) != 44 or key[:12].hex() != "302a300506032b6570032100":  # RFC 8410
        raise Problem("the public key is not an Ed25519 key in PEM form", code=2)
    signed = read_document(data, "assay/signed-checkpoint@1")
    message = json.dumps(signed["checkpoint"], sort_keys=True, separators=(",", ":")).encode()
    checkpoint = read_document(message, "assay/checkpoint@1")
    key_id = "ed25519:" + hashlib.sha256(key[12:]).hexdigest()[:16]
    if signed["key_id"] != key_id:
        raise Problem(f"the checkpoint is signed by key {signed['key_id']}, not by {key_id}")
    if not signature_holds(key[12:], message, bytes.fromhex(signed["signature"])):
        raise Problem("the signature of the checkpoint does not hold")
    return checkpoint


LINE = re.compile(rb'\{"entry":(\{.*\}),"hash":"([0-9a-f]{64})"\}\n', re.DOTALL)


def parse_line(line: bytes) -> tuple[str, Any, Any]:
    """Hash, own number and prev of a line; the number is None when it is not an intact entry."""
    match = LINE.fullmatch(line)
    try:
        if match and sha256(b"\x00", match.group(1)).hex() == match.group(2).decode():
            content = json.loads(match.group(1).decode())
            return match.group(2).decode(), content["seq"], content["prev"]
    except (ValueError, KeyError, RecursionError):
        pass
    return "", None, None


def verify_export(lines: Iterable[bytes], checkpoint: dict[str, Any], verified: Iterable[str] = ()) -> str:
    """What was shown; Problem names the first bad entry. `verified`: hashes of entries checked before, if any."""
    hashes, lines = list(verified), iter(lines)
    for line in lines:
        seq, (own_hash, own, prev) = len(hashes) + 1, parse_line(line)
        if type(own) is not int or own < 1:
            raise Problem(f"entry {seq} was altered: its line does not have its hash", seq)
        if own < seq:
            raise Problem(f"entry {own} is there again where {seq} belongs", own)
        if own > seq:
            late = any(other[1] == seq for other in map(parse_line, lines))
            raise Problem(f"entry {seq} {'comes late' if late else 'is missing'}: {own} is in its place", seq)
        if prev != (hashes[-1] if hashes else "0" * 64):
            after = next(lines, None)  # if it follows this entry, the one before was changed with its hash
            first = seq - 1 if seq > 1 and (after is None or parse_line(after)[2] == own_hash) else seq
            raise Problem(f"entry {first} was altered: {seq} was not written after {seq - 1} as it is", first)
        hashes.append(own_hash)
    size, count = checkpoint["size"], len(hashes)
    if count < size:
        raise Problem(f"entries {count + 1} to {size} are missing at the end", count + 1)
    root = tree_root([bytes.fromhex(item) for item in hashes[:size]]).hex()
    if (root, hashes[size - 1] if size else "0" * 64) != (checkpoint["root"], checkpoint["head"]):
        raise Problem(f"the journal was rewritten or forked between entries 1 and {size}", 1)
    return f"{count} entries are intact, {size} of them vouched for by the checkpoint of {checkpoint['at']}"


def verify_inclusion(proof: dict[str, Any], checkpoint: dict[str, Any]) -> str:
    seq, size, body = proof["seq"], proof["size"], proof["body"].encode("utf-8", "surrogatepass")
    if (size, proof["origin"]) != (checkpoint["size"], checkpoint["origin"]) or not 1 <= seq <= size:
        raise Problem("the proof belongs to another checkpoint")
    path = [bytes.fromhex(item) for item in proof["path"]]
    root = inclusion_root(seq - 1, size, sha256(b"\x00", body), path)
    if root.hex() != checkpoint["root"] or json.loads(body)["seq"] != seq:
        raise Problem(f"entry {seq} as given is not in the journal of the checkpoint", seq)
    return f"entry {seq} is in the journal of {size} entries of the checkpoint of {checkpoint['at']}"


def verify_consistency(proof: dict[str, Any], old: dict[str, Any], new: dict[str, Any]) -> str:
    first, second, path = proof["first"], proof["second"], [bytes.fromhex(item) for item in proof["path"]]
    if (first, second) != (old["size"], new["size"]) or {proof["origin"]} != {old["origin"], new["origin"]}:
        raise Problem("the proof belongs to other checkpoints")
    roots = bytes.fromhex(old["root"]), bytes.fromhex(new["root"])
    if first == 0 and not path and roots[0] == tree_root([]):
        return "every journal continues the empty one"
    if not 0 < first <= second or consistency_roots(first, second, [roots[0]], path) != roots:
        raise Problem(f"fork: the journal of {second} entries does not continue the one of {first}")
    return f"the journal of {second} entries continues the one of {first}"


def verify(args: argparse.Namespace) -> str:
    pem = args.public_key.read_bytes()
    checkpoint, start = verified_checkpoint(args.checkpoint.read_bytes(), pem), args.file.read(1 << 20)
    if args.older_checkpoint:
        older = verified_checkpoint(args.older_checkpoint.read_bytes(), pem)
        return verify_consistency(read_document(start, "assay/consistency-proof@1"), older, checkpoint)
    if b'"assay/inclusion-proof@1"' in start and not start.startswith(b'{"entry":'):
        return verify_inclusion(read_document(start, "assay/inclusion-proof@1"), checkpoint)
    args.file.seek(0)
    return verify_export(args.file, checkpoint)


def main() -> int:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("file", type=argparse.FileType("rb"))
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--older-checkpoint", type=Path)
    parser.add_argument("--public-key", type=Path, required=True)
    try:
        text, code = verify(parser.parse_args()), 0
    except (Problem, OSError) as error:
        text, code = str(error), getattr(error, "code", 2)
    text = f"{('HOLDS', 'BROKEN', 'UNREADABLE')[code]}: {text}"
    sys.stdout.write(text.encode("ascii", "backslashreplace").decode() + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
