"""Programs that start warm: each a process of its own, forked from one that has loaded what is slow to load.

The walks of the documentation start a hundred programs, and each would load FastAPI, SQLAlchemy, scikit-learn or MLflow again.
A program that is not named here starts as ever.
"""

import atexit
import gc
import json
import os
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

SHIM = """#!{python} -IS
import json, os, socket, sys
program, scripts = {program!r}, {scripts!r}
arguments = [program, *sys.argv[1:]]
if scripts and os.path.basename("".join(arguments[1:2])) not in scripts:
    os.execv(program, arguments)
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect({address!r})
    asked = json.dumps([arguments[1:] if scripts else arguments, os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(connection, [asked[:1]], [0, 1, 2])
    connection.sendall(asked[1:])
    connection.shutdown(socket.SHUT_WR)
    sys.exit(int(connection.recv(10) or b"1"))
"""


@contextmanager
def warm_programs(libraries: Iterable[str], *, scripts: Iterable[str] = ()) -> Iterator[Path]:
    """A folder to stand first on the PATH: `assay`, and `python` for scripts of these names, start warm from there.

    Args:
        libraries: what is loaded once, before any program starts.
        scripts: names of files, such as evaluate.py.
    """
    folder = Path(tempfile.mkdtemp())
    address, bin_folder = str(folder / "socket"), Path(sys.executable).parent
    programs = {"assay": []} | ({"python": sorted(scripts)} if scripts else {})
    for name, known in programs.items():
        shim = folder / name
        told = {
            "python": sys.executable,
            "program": str(bin_folder / name),
            "scripts": known,
            "address": address,
        }
        shim.write_text(SHIM.format(**told), encoding="utf-8")
        shim.chmod(0o755)
    server = subprocess.Popen(
        [sys.executable, __file__, address, *libraries],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    try:
        assert server.stdout.readline() == b"ready\n"
        yield folder
    finally:
        server.communicate(timeout=30)
        shutil.rmtree(folder)


def serve(address: str, libraries: Iterable[str]) -> None:
    """Fork a program for each that asks, until whoever started this closes its end."""
    for name in libraries:
        import_module(name)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        print("ready", flush=True)
        while select.select([listener, sys.stdin], [], [])[0] == [listener]:
            connection, _ = listener.accept()
            with connection:
                if os.fork() == 0:
                    listener.close()
                    _wait_for_program(connection)


def _wait_for_program(connection: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    first, streams, _, _ = socket.recv_fds(connection, 1, 3)
    with connection.makefile("rb") as rest:
        asked = json.loads(first + rest.read())
    program = os.fork()
    if program == 0:
        connection.close()
        os._exit(_run(*asked, streams))
    _, status = os.waitpid(program, 0)
    connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _run(arguments: list[str], folder: str, environment: dict[str, str], streams: list[int]) -> int:
    """What the interpreter does around a script."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
    sys.argv, sys.path[0] = arguments, str(Path(arguments[0]).resolve().parent)
    code: object = 0
    try:
        runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001  # told as the interpreter tells it
        traceback.print_exc()
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    if isinstance(code, str):
        print(code, file=sys.stderr)
        code = 1
    sys.stdout.flush()
    return code or 0


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2:])
