"""Run the benchmarks one after the other: all of them, or those whose names contain the word given."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    words = sys.argv[1:]
    scripts = [
        path
        for path in sorted((ROOT / "benchmarks").glob("*.py"))
        if all(word in path.stem for word in words) and "__main__" in path.read_text(encoding="utf-8")
    ]
    if not scripts:
        print(
            f"no benchmark is named by {words} (expected a word in the name of a file benchmarks/*.py)",
            file=sys.stderr,
        )
        return 2
    failed = []
    for script in scripts:
        print(f"\n== {script.stem.removeprefix('bench_')}", flush=True)
        if subprocess.run([sys.executable, script], cwd=ROOT, check=False).returncode != 0:
            failed.append(script.stem)
    if failed:
        print(f"\nfailed or missed their mark: {', '.join(failed)}", file=sys.stderr)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
