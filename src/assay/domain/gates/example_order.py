"""In which order do the examples of an evaluation count as having come in?

A sequential test depends on order, so the order must be fixed before any result is known and must not be a choice. The
order of a file is a choice, and ids often encode topic or difficulty ("easy-001"), so neither will do. The digest of the
id is the same on every machine and for every file, and has nothing to do with how hard an example is: every stretch of
this order is a fair sample of the whole.

Looking again after more examples is covered when each look holds a first stretch of this order: evaluate in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray


def registered_order(sample_ids: Sequence[str]) -> NDArray[np.intp]:
    """Which example is first, second, ...? Positions into `sample_ids` (distinct), by the SHA-256 of each id.

    >>> ids = ["b", "c", "a"]
    >>> [ids[at] for at in registered_order(ids)] == [sorted(ids)[at] for at in registered_order(sorted(ids))]
    True
    """
    digests = [sha256(one.encode("utf-8", "surrogatepass")).digest() for one in sample_ids]
    return np.array(sorted(range(len(digests)), key=digests.__getitem__), dtype=np.intp)


def is_first_stretch(sample_ids: Sequence[str], registered: Sequence[str]) -> bool:
    """Are these examples, in any order, the first of the registered set?

    Args:
        sample_ids: the examples that have results.
        registered: all examples of the registered evaluation set.

    >>> everything = [f"q{n}" for n in range(9)]
    >>> first = [everything[at] for at in registered_order(everything)[:4]]
    >>> is_first_stretch(first[::-1], everything), is_first_stretch(everything[:4], everything)
    (True, False)
    """
    first = registered_order(registered)[: len(sample_ids)]
    return {registered[at] for at in first} == set(sample_ids) and len(first) == len(sample_ids)
