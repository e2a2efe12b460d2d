"""How long does `assay --help` take beside the bare interpreter and beside `mlflow --help`?

    python benchmarks/cli_help.py [--rounds 10]

All three run in turn, whole processes, byte code compiled. Judged: the median of the ratios of one round.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

BIN = Path(sys.executable).parent
COMMANDS = {
    "python": [sys.executable, "-c", "pass"],
    "assay": [sys.executable, str(BIN / "assay"), "--help"],
    "mlflow": [sys.executable, str(BIN / "mlflow"), "--help"],
}


def seconds(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    for command in COMMANDS.values():
        seconds(command)
    taken = [{name: seconds(command) for name, command in COMMANDS.items()} for _ in range(rounds)]
    for name in COMMANDS:
        print(f"{name:8} {statistics.median(one[name] for one in taken) * 1000:8.1f} ms")
    floor = statistics.median(one["assay"] / one["python"] for one in taken)
    peer = statistics.median(one["mlflow"] / one["assay"] for one in taken)
    print(f"assay / python: {floor:.1f} (at most 10)    mlflow / assay: {peer:.1f} (at least 15)")
    print(f"{rounds} rounds, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
