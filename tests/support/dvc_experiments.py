"""Experiments in a git repository as DVC keeps them: commits that only `refs/exps/BASELINE/NAME` leads to.

DVC itself is too heavy to install with the tests; docs/decisions/0043 says what was read of its own experiments.
"""

import os
import subprocess

NOW_S = 1_790_000_000


class Repository:
    """A git repository with a project of DVC at its root."""

    def __init__(self, folder, *words):
        self.folder = folder
        folder.mkdir()
        (folder / ".dvc").mkdir()
        self.git("init", "--quiet", "--initial-branch=main", *words)
        self.baseline = self.commit("refs/heads/main", {"train.py": b"pass\n"}, NOW_S)

    def git(self, *words, given=b"", check=True):
        """What git answers, without the configuration of whoever runs the tests."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        command = ["git", "-C", str(self.folder), *words]
        done = subprocess.run(command, input=given, capture_output=True, check=check, env=environment)
        return done.stdout.decode().strip()

    def commit(self, reference, files, at_s):
        """A commit of these files alone, under this name; returns its hash."""
        stream = f"commit {reference}\ncommitter Ada <ada@example.org> {at_s} +0000\ndata 4\ndone\n".encode()
        for path, content in files.items():
            stream += f"M 100644 inline {path}\ndata {len(content)}\n".encode() + content + b"\n"
        self.git("fast-import", "--quiet", "--force", given=stream + b"done\n")
        return self.git("rev-parse", reference)

    def save(self, name, files, *, at_s=NOW_S, baseline=None):
        """What `dvc exp save --force --name NAME` leaves behind."""
        baseline = baseline or self.baseline
        return self.commit(f"refs/exps/{baseline[:2]}/{baseline[2:]}/{name}", files, at_s)

    def remove(self, name):
        self.git("update-ref", "-d", f"refs/exps/{self.baseline[:2]}/{self.baseline[2:]}/{name}")
