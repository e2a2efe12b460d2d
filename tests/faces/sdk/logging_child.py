"""A training process that logs until it is killed, and notes in shared memory when each call returned. Arguments: folder, file."""

import mmap
import os
import struct
import sys
import time
from pathlib import Path

import assay

folder, noted = Path(sys.argv[1]), Path(sys.argv[2])
os.chdir(folder)
run = assay.experiment("EXP-1", seed=1)
noted.write_bytes(bytes(8 * 200_000))
with noted.open("r+b") as file:
    times = mmap.mmap(file.fileno(), 0)
print(run.run_id, flush=True)
for number in range(200_000):
    run.log(loss=number / 7, step=number)
    struct.pack_into("<q", times, 8 * number, time.monotonic_ns())
    time.sleep(0.0005)
