"""Is this entry in that log, and is that log a continuation of this one?

The binary hash tree of RFC 6962 (Laurie, Langley, Kasper, 2013, "Certificate Transparency"), section 2.1, over SHA-256:
a leaf is SHA-256(0x00 || data), a node SHA-256(0x01 || left || right), the empty tree SHA-256(""). The two prefixes keep
anybody from passing a node off as a leaf. Verification follows RFC 9162 (2021), sections 2.1.3.2 and 2.1.4.2.

Proofs are made from a `NodeReader`, so they need O(log n) hashes, wherever complete subtrees are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from assay.errors import Invalid

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()

NodeReader = Callable[[int, int], bytes]
"""(level, index) -> hash of the complete subtree over leaves [index * 2^level, (index + 1) * 2^level)."""


def leaf_hash(data: bytes) -> bytes:
    """Which hash stands for this leaf (32 bytes)?"""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Which hash stands for a node above these two (32 bytes)?"""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """What must be remembered of a tree to go on appending to it: O(log n) hashes?

    Attributes:
        size: leaves so far.
        peaks: roots of the complete subtrees that make up the tree, largest first; as many as `size` has 1-bits.

    >>> Frontier().append(leaf_hash(b"")).root().hex()[:16]
    '6e340b9cffb37a98'
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or self.size.bit_count() != len(self.peaks):
            raise Invalid(
                f"cannot use tree frontier: {len(self.peaks)} peaks for size {self.size} (expected one per 1-bit of size)",
                hint="rebuild it from the entries: assay audit rebuild-head",
                code="bad-frontier",
            )

    def append(self, leaf: bytes) -> Frontier:
        """What is the frontier after one more leaf hash? O(log n), O(1) on average."""
        return self._with_subtree(leaf, 0)

    def extend(self, leaves: Sequence[bytes]) -> Frontier:
        """What is the frontier after these leaf hashes? Same as `append` one by one, several times faster."""
        frontier, start = self, 0
        while start < len(leaves):
            level = (len(leaves) - start).bit_length() - 1
            if frontier.size:
                level = min(level, (frontier.size & -frontier.size).bit_length() - 1)
            block = leaves[start : start + (1 << level)]
            frontier = frontier._with_subtree(_complete_root(block), level)
            start += 1 << level
        return frontier

    def root(self) -> bytes:
        """What is the root of the tree (32 bytes)?"""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root

    def to_bytes(self) -> bytes:
        """How is it stored: size as 8 bytes big-endian, then the peaks?"""
        return self.size.to_bytes(8, "big") + b"".join(self.peaks)

    @classmethod
    def from_bytes(cls, data: bytes) -> Frontier:
        """Which frontier was stored?

        Raises:
            Invalid: the length does not fit the size.
        """
        hashes = data[8:]
        if len(data) < 8 or len(hashes) % HASH_BYTES:
            raise Invalid(
                f"cannot read tree frontier: {len(data)} bytes (expected 8 + a multiple of {HASH_BYTES})",
                hint="rebuild it from the entries: assay audit rebuild-head",
                code="bad-frontier",
            )
        peaks = tuple(hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES))
        return cls(int.from_bytes(data[:8], "big"), peaks)

    def _with_subtree(self, root: bytes, level: int) -> Frontier:
        """The tree with a complete subtree of 2^level leaves added; `size` must be a multiple of 2^level."""
        peaks = list(self.peaks)
        rest = self.size >> level
        while rest & 1:
            root = node_hash(peaks.pop(), root)
            rest >>= 1
        peaks.append(root)
        return Frontier(self.size + (1 << level), tuple(peaks))


def _parents(nodes: Sequence[bytes]) -> list[bytes]:
    pairs = iter(nodes)
    return [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=False)]


def _complete_root(leaves: Sequence[bytes]) -> bytes:
    nodes = leaves
    while len(nodes) > 1:
        nodes = _parents(nodes)
    return nodes[0]


class MerkleTree:
    """Which proofs can be made from these leaf hashes? Keeps all complete subtrees: about 2n hashes in memory.

    >>> tree = MerkleTree([leaf_hash(b"a"), leaf_hash(b"b"), leaf_hash(b"c")])
    >>> len(inclusion_path(tree.node, index=0, size=3)), tree.root() == root_at(tree.node, 3)
    (2, True)
    """

    __slots__ = ("_levels",)

    def __init__(self, leaves: Iterable[bytes]) -> None:
        level = list(leaves)
        self._levels = [level]
        while len(level) > 1:
            level = _parents(level)
            self._levels.append(level)

    @property
    def size(self) -> int:
        """How many leaves?"""
        return len(self._levels[0])

    def node(self, level: int, index: int) -> bytes:
        """Which hash has this complete subtree (a `NodeReader`)?"""
        return self._levels[level][index]

    def root(self) -> bytes:
        """What is the root of the whole tree?"""
        return root_at(self.node, self.size)


def root_at(node: NodeReader, size: int) -> bytes:
    """What was the root when the log had `size` entries?"""
    return _range_root(node, 0, size) if size else EMPTY_ROOT


def inclusion_path(node: NodeReader, *, index: int, size: int) -> list[bytes]:
    """Which hashes prove that leaf `index` (from 0) is in the tree of `size` leaves? At most ceil(log2 size).

    Raises:
        Invalid: not 0 <= index < size.

    Source: RFC 6962, 2.1.1.
    """
    if not 0 <= index < size:
        raise Invalid(
            f"cannot prove entry {index + 1}: the tree has {size} entries (expected 1 to {size})",
            hint="take a checkpoint that covers the entry: assay audit checkpoint",
            code="proof-out-of-range",
        )
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_range_root(node, middle, high))
            high = middle
        else:
            path.append(_range_root(node, low, middle))
            low = middle
    return path[::-1]


def consistency_path(node: NodeReader, *, first: int, second: int) -> list[bytes]:
    """Which hashes prove that the tree of `second` leaves begins with the tree of `first` leaves?

    Empty when first is 0 or equals second.

    Raises:
        Invalid: not 0 <= first <= second.

    Source: RFC 6962, 2.1.2.
    """
    if not 0 <= first <= second:
        raise Invalid(
            f"cannot prove consistency of size {first} with size {second}: (expected 0 <= older <= newer)",
            hint="give the older checkpoint first",
            code="proof-out-of-range",
        )
    path: list[bytes] = []
    low, high = 0, second
    while first not in (0, high):
        middle = low + _split(high - low)
        if first <= middle:
            path.append(_range_root(node, middle, high))
            high = middle
        else:
            path.append(_range_root(node, low, middle))
            low = middle
    if low:
        path.append(_range_root(node, low, high))
    return path[::-1]


def verify_inclusion(*, leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Does the path prove that the leaf hash stands at `index` (from 0) in the tree with this size and root?

    Source: RFC 9162, 2.1.3.2.
    """
    if not 0 <= index < size:
        return False
    position, last, node = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if position & 1 or position == last:
            node = node_hash(sibling, node)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and node == root


def verify_consistency(
    *, first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]
) -> bool:
    """Does the path prove that the second tree continues the first?

    The empty tree is continued by every tree (empty path, root SHA-256("")).

    Source: RFC 9162, 2.1.4.2.
    """
    if not 0 <= first <= second:
        return False
    if first == 0:
        return not path and first_root == EMPTY_ROOT
    if first == second:
        return not path and first_root == second_root
    hashes = list(path) if first & (first - 1) else [first_root, *path]
    if not path:
        return False
    position, last = first - 1, second - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _split(count: int) -> int:
    """Largest power of two below count."""
    return 1 << ((count - 1).bit_length() - 1)


def _range_root(node: NodeReader, low: int, high: int) -> bytes:
    """Root over leaves [low, high) where low is a multiple of the smallest power of two that is at least high - low."""
    complete: list[bytes] = []
    while low < high:
        level = (high - low).bit_length() - 1
        complete.append(node(level, low >> level))
        low += 1 << level
    root = complete.pop()
    while complete:
        root = node_hash(complete.pop(), root)
    return root
