"""Run every check that CI runs, report all of them, and end with the tests' own summary.

Lint, format, types and import contracts come first and none of them hides another: all run, whatever the first one says.
"""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

CHECKS = {
    "lint": [BIN / "ruff", "check", "--quiet", "--output-format=concise", "."],
    "format": [BIN / "ruff", "format", "--check", "--quiet", "."],
    "types": [BIN / "mypy"],
    "import contracts": [BIN / "lint-imports", "--no-logo"],
}
# Many tests wait for a process or a disk: three workers keep two cores busy. Long files come first (tests/conftest.py).
TESTS = [sys.executable, "-m", "pytest", "-n", "3", "--dist", "loadfile", "--no-loadscope-reorder"]


def run(name: str, command: list) -> bool:
    started = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    passed = done.returncode == 0
    print(f"{'ok    ' if passed else 'FAILED'} {name} ({time.monotonic() - started:.1f} s)", flush=True)
    if not passed:
        print(done.stdout + done.stderr, flush=True)
    return passed


def main() -> int:
    arguments = sys.argv[1:]
    failed = [name for name, command in CHECKS.items() if not run(name, command)]
    if "--without-tests" in arguments:
        return bool(failed)
    tests = subprocess.run([*TESTS, *arguments], cwd=ROOT, check=False)
    if failed:
        print(f"Besides the tests, failed: {', '.join(failed)} (see above)", file=sys.stderr)
    return tests.returncode or bool(failed)


if __name__ == "__main__":
    sys.exit(main())
