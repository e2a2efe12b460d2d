"""The RFC 6962 tree against published values, a definition written another way, and mutated proofs."""

import random
from hashlib import sha256

import pytest

from assay.connectors.signing import offline_verifier as other
from assay.domain.governance.merkle import (
    EMPTY_ROOT,
    Frontier,
    MerkleTree,
    consistency_path,
    inclusion_path,
    leaf_hash,
    root_at,
    verify_consistency,
    verify_inclusion,
)
from assay.errors import Invalid

# The eight inputs, roots and proofs that Certificate Transparency implementations share as test vectors of RFC 6962.
INPUTS = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSIONS = [  # leaf number from 1, size, path (first 8 hex digits)
    (1, 1, []),
    (1, 8, ["96a296d2", "5f083f0a", "6b47aaf2"]),
    (6, 8, ["bc1a0643", "ca854ea1", "d37ee418"]),
    (3, 3, ["fac54203"]),
    (2, 5, ["6e340b9c", "5f083f0a", "bc1a0643"]),
]
CONSISTENCIES = [
    (1, 1, []),
    (1, 8, ["96a296d2", "5f083f0a", "6b47aaf2"]),
    (6, 8, ["0ebc5d34", "ca854ea1", "d37ee418"]),
    (2, 5, ["5f083f0a", "bc1a0643"]),
]

LEAVES = [leaf_hash(f"entry {number}".encode()) for number in range(64)]
TREE = MerkleTree(LEAVES)


def by_definition(leaves):
    """MTH of RFC 6962, 2.1, word for word."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"").digest()
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha256(b"\x01" + by_definition(leaves[:k]) + by_definition(leaves[k:])).digest()


def short(path):
    return [item.hex()[:8] for item in path]


def offline_inclusion(leaf, index, size, path, root):
    return 0 <= index < size and other.inclusion_root(index, size, leaf, list(path)) == root


def offline_consistency(first, second, first_root, second_root, path):
    if first == 0:
        return not path and first_root == EMPTY_ROOT
    return other.consistency_roots(first, second, [first_root], list(path)) == (first_root, second_root)


@pytest.mark.parametrize("size", range(1, 9))
def test_root_of_published_inputs_is_the_published_root(size):
    leaves = [leaf_hash(item) for item in INPUTS[:size]]
    assert MerkleTree(leaves).root().hex() == ROOTS[size - 1]
    assert Frontier().extend(leaves).root().hex() == ROOTS[size - 1]
    assert other.tree_root(leaves).hex() == ROOTS[size - 1]


def test_root_of_empty_tree_is_the_hash_of_nothing():
    published = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert Frontier().root().hex() == MerkleTree([]).root().hex() == EMPTY_ROOT.hex() == published


@pytest.mark.parametrize(("number", "size", "path"), INCLUSIONS)
def test_inclusion_path_of_published_inputs_is_the_published_path(number, size, path):
    tree = MerkleTree([leaf_hash(item) for item in INPUTS])
    assert short(inclusion_path(tree.node, index=number - 1, size=size)) == path


@pytest.mark.parametrize(("first", "second", "path"), CONSISTENCIES)
def test_consistency_path_of_published_inputs_is_the_published_path(first, second, path):
    tree = MerkleTree([leaf_hash(item) for item in INPUTS])
    assert short(consistency_path(tree.node, first=first, second=second)) == path


def test_roots_of_every_size_to_64_agree_with_the_definition():
    frontier = Frontier()
    for size in range(65):
        expected = by_definition(LEAVES[:size])
        assert frontier.root() == expected
        assert Frontier().extend(LEAVES[:size]) == frontier
        assert MerkleTree(LEAVES[:size]).root() == root_at(TREE.node, size) == expected
        assert Frontier.from_bytes(frontier.to_bytes()) == frontier
        if size < 64:
            frontier = frontier.append(LEAVES[size])


def test_frontier_extended_in_random_pieces_equals_one_by_one():
    rng = random.Random(1)
    leaves = [leaf_hash(bytes([number % 256, number // 256])) for number in range(3000)]
    expected = Frontier()
    for leaf in leaves:
        expected = expected.append(leaf)
    for _ in range(20):
        cuts = sorted(rng.sample(range(3000), 12))
        frontier = Frontier()
        for low, high in zip([0, *cuts], [*cuts, 3000], strict=True):
            frontier = frontier.extend(leaves[low:high])
        assert frontier == expected


def test_inclusion_of_every_leaf_in_every_size_to_64_verifies_with_both_verifiers():
    for size in range(1, 65):
        root = root_at(TREE.node, size)
        for index in range(size):
            path = inclusion_path(TREE.node, index=index, size=size)
            assert verify_inclusion(leaf=LEAVES[index], index=index, size=size, path=path, root=root)
            assert offline_inclusion(LEAVES[index], index, size, path, root)


def test_consistency_of_every_pair_to_64_verifies_with_both_verifiers():
    for second in range(65):
        for first in range(second + 1):
            path = consistency_path(TREE.node, first=first, second=second)
            roots = {"first_root": root_at(TREE.node, first), "second_root": root_at(TREE.node, second)}
            assert verify_consistency(first=first, second=second, path=path, **roots)
            assert offline_consistency(first, second, path=path, **roots)


def test_no_other_index_or_size_verifies_with_the_same_path():
    size, index = 37, 20
    path, root = inclusion_path(TREE.node, index=index, size=size), root_at(TREE.node, size)
    for wrong in set(range(-2, 70)) - {index}:
        assert not verify_inclusion(leaf=LEAVES[index], index=wrong, size=size, path=path, root=root)
        assert not offline_inclusion(LEAVES[index], wrong, size, path, root)


def mutated(rng, path):
    """A path with one thing changed: a bit, an item left out, doubled, added or exchanged."""
    path = list(path)
    kind = rng.choice(["bit", "drop", "double", "add", "swap"]) if path else "add"
    at = rng.randrange(len(path)) if path else 0
    if kind == "bit":
        item = bytearray(path[at])
        item[rng.randrange(32)] ^= 1 << rng.randrange(8)
        path[at] = bytes(item)
    elif kind == "drop":
        del path[at]
    elif kind == "swap" and len(path) > 1:
        one, two = rng.sample(range(len(path)), 2)
        path[one], path[two] = path[two], path[one]
    elif kind == "double":
        path.insert(at, path[at])
    else:
        path.insert(at, rng.randbytes(32))
    return path


def test_ten_thousand_mutated_proofs_are_all_refused_by_both_verifiers():
    rng = random.Random(6962)
    refused = 0
    for _ in range(5000):
        second = rng.randrange(2, 65)
        first, index = rng.randrange(1, second), rng.randrange(second)
        roots = {"first_root": root_at(TREE.node, first), "second_root": root_at(TREE.node, second)}
        path = mutated(rng, inclusion_path(TREE.node, index=index, size=second))
        proof = {
            "leaf": LEAVES[index],
            "index": index,
            "size": second,
            "path": path,
            "root": roots["second_root"],
        }
        refused += not verify_inclusion(**proof) and not offline_inclusion(**proof)
        path = mutated(rng, consistency_path(TREE.node, first=first, second=second))
        proof = {"first": first, "second": second, "path": path, **roots}
        refused += not verify_consistency(**proof) and not offline_consistency(**proof)
    assert refused == 10_000


def test_mutated_roots_leaves_and_sizes_are_refused():
    path = consistency_path(TREE.node, first=20, second=50)
    good = {
        "first": 20,
        "second": 50,
        "path": path,
        "first_root": root_at(TREE.node, 20),
        "second_root": root_at(TREE.node, 50),
    }
    assert verify_consistency(**good)
    for change in (
        {"first_root": EMPTY_ROOT}, {"second_root": EMPTY_ROOT}, {"first": 19}, {"first": 21}, {"first": 32}, {"second": 30},
        {"first": 50, "second": 20}, {"first": -1}, {"first": 0}, {"path": []}, {"first": 50},
    ):  # fmt: skip
        assert not verify_consistency(**{**good, **change}), change


def test_random_proofs_in_a_tree_of_a_hundred_thousand_are_short_and_verify():
    rng = random.Random(2)
    leaves = [sha256(number.to_bytes(4, "big")).digest() for number in range(100_000)]
    tree = MerkleTree(leaves)
    for _ in range(200):
        second = rng.randrange(1, 100_001)
        first, index = rng.randrange(second + 1), rng.randrange(second)
        root = root_at(tree.node, second)
        path = inclusion_path(tree.node, index=index, size=second)
        assert len(path) <= 17
        assert verify_inclusion(leaf=leaves[index], index=index, size=second, path=path, root=root)
        path = consistency_path(tree.node, first=first, second=second)
        assert verify_consistency(
            first=first, second=second, first_root=root_at(tree.node, first), second_root=root, path=path
        )


def test_proof_out_of_range_is_refused_saying_the_range():
    with pytest.raises(Invalid, match="expected 1 to 64"):
        inclusion_path(TREE.node, index=64, size=64)
    with pytest.raises(Invalid, match="older <= newer"):
        consistency_path(TREE.node, first=5, second=4)


@pytest.mark.parametrize(
    "data", [b"", b"\x00" * 7, b"\x00" * 40, (3).to_bytes(8, "big") + b"\x00" * 32, b"\x00" * 9]
)
def test_frontier_that_does_not_fit_its_size_is_refused(data):
    with pytest.raises(Invalid):
        Frontier.from_bytes(data)
