"""How long does `assay --help` take, against `python -c pass` of the same interpreter and against `mlflow --help`?

Each is started in turn, many times; the medians of paired ratios are printed.

    python benchmarks/cli_help.py [--rounds 15] [--mlflow PATH]
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

LARGEST_TIMES_PASS = 10
SMALLEST_TIMES_FASTER = 15


def took(command):
    began = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, timeout=120)
    return (time.perf_counter() - began) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument(
        "--mlflow", default=None, help="the mlflow command; else the one beside this interpreter"
    )
    given = parser.parse_args()
    beside = Path(sys.executable).parent
    mlflow = given.mlflow or shutil.which("mlflow", path=str(beside)) or shutil.which("mlflow")
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "assay --help": [str(beside / "assay"), "--help"],
        "assay ticket --help": [str(beside / "assay"), "ticket", "--help"],
        **({"mlflow --help": [mlflow, "--help"]} if mlflow else {}),
    }
    for command in commands.values():
        took(command)
    rounds = [{name: took(command) for name, command in commands.items()} for _ in range(given.rounds)]
    for name in commands:
        print(f"{name:<22} median {statistics.median(one[name] for one in rounds):7.1f} ms")
    ratio = statistics.median(one["assay --help"] / one["python -c pass"] for one in rounds)
    print(f"assay --help / python -c pass: {ratio:.2f} (at most {LARGEST_TIMES_PASS})")
    if mlflow:
        faster = statistics.median(one["mlflow --help"] / one["assay --help"] for one in rounds)
        print(f"mlflow --help / assay --help: {faster:.1f} (at least {SMALLEST_TIMES_FASTER})")
    else:
        print("mlflow is not installed here: no comparison (pip install 'assay[mlflow]')")


if __name__ == "__main__":
    main()
