"""How heavy is the server: time until it answers, processes, memory, and what the first load of the board brings?

    python benchmarks/server_weight.py [--rounds 5]

`assay up` is started on a store with 350 cards, as a user would start it; the clock stops when the board has answered.
"""

import argparse
import os
import re
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import urljoin

import httpx2
from board_page import SLUG, fill
from served import assay_up

from assay.bootstrap import open_workspace
from assay.settings import Settings, write_settings

LARGEST_READY_S, LARGEST_MIB, LARGEST_GZIPPED = 2.0, 200, 150_000
ASSET = re.compile(r'(?:src|href)="(/static/[^"]+)"')
"""The page names all it needs, the font it preloads too; that a browser asks for nothing else is tested in
tests/faces/web/test_board_in_browser.py."""


def processes_of(pid: int) -> list[int]:
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    ).stdout
    return [pid, *(one for child in found.split() for one in processes_of(int(child)))]


def resident_mib(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(re.search(r"VmRSS:\s+(\d+) kB", text)[1]) / 1024


def cpu_s(pid: int) -> float:
    """Processor time so far: what the start costs where other work slows it down."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def first_load(client: httpx2.Client, url: str) -> dict[str, int]:
    """What a browser that was never here fetches for the board, in bytes as sent."""

    def fetch(address: str) -> httpx2.Response:
        response = client.get(address, headers={"accept-encoding": "gzip"}).raise_for_status()
        seen[address] = response.num_bytes_downloaded
        return response

    seen: dict[str, int] = {}
    page = f"{url}/p/{SLUG}/board"
    for path in ASSET.findall(fetch(page).text):
        fetch(urljoin(page, path))
    return {address.removeprefix(url): size for address, size in seen.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, httpx2.Client(trust_env=False, timeout=30) as client:
        home = Path(folder) / "home"
        with open_workspace(Settings(home=home)) as ws:
            fill(ws)
        write_settings(home, {"project": SLUG})
        ready, spent, memory, loads, count = [], [], [], {}, 0
        for _ in range(given.rounds):
            began = time.perf_counter()
            with assay_up(home) as (process, url):
                client.get(f"{url}/p/{SLUG}/board").raise_for_status()
                ready.append(time.perf_counter() - began)
                spent.append(cpu_s(process.pid))
                loads = first_load(client, url)
                for _ in range(50):
                    client.get(f"{url}/p/{SLUG}/board")
                family = processes_of(process.pid)
                count = len(family)
                memory.append(sum(resident_mib(pid) for pid in family))
    for path, size in sorted(loads.items(), key=lambda item: -item[1]):
        print(f"{size:>9,} bytes  {path[:90]}")
    print(
        f"board answered after {statistics.median(ready):.2f} s (at most {LARGEST_READY_S}), best {min(ready):.2f} s; "
        f"{statistics.median(spent):.2f} s of processor time; load {os.getloadavg()[0]:.1f}"
    )
    print(f"{count} process(es), {statistics.median(memory):.0f} MiB (at most {LARGEST_MIB})")
    print(f"first load of the board: {sum(loads.values()):,} bytes as sent (at most {LARGEST_GZIPPED:,})")


if __name__ == "__main__":
    main()
