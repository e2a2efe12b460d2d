"""Write the lists of exact versions with hashes that an installation is made from.

`requirements.lock` holds everything a checkout needs (product, extras, tests, lint), `requirements-runtime.lock` what the
product and its extras need, `requirements-installer.lock` the tool that installs the two. None names a host, so they
install from whichever registry the machine uses.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = (
    "# {what}\n"
    "# Made by `make lock` from pyproject.toml; not to be edited by hand.\n"
    "# Install: uv pip install --require-hashes -r {name}\n"
)
EXTRAS = ["--all-extras"]
LISTS = {
    "requirements.lock": (
        "Everything a checkout needs: product, extras, tests and checks.",
        [*EXTRAS, "--all-groups"],
    ),
    "requirements-runtime.lock": (
        "What the product and its extras need to be built and run.",
        [*EXTRAS, "--no-default-groups", "--group=build"],
    ),
    "requirements-installer.lock": ("The installer itself.", ["--only-group=installer"]),
}


def main() -> None:
    uv = Path(sys.executable).with_name("uv")
    upgrade = ["--upgrade"] if "--upgrade" in sys.argv[1:] else []
    subprocess.run([uv, "lock", "--quiet", *upgrade], cwd=ROOT, check=True)
    for name, (what, groups) in LISTS.items():
        command = [uv, "export", "--quiet", "--locked", "--format", "requirements.txt", *groups]
        command += ["--no-emit-project", "--no-header"]
        listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        if "://" in listed:
            sys.exit(f"cannot write {name}: it names a host (expected names, versions and hashes only)")
        (ROOT / name).write_text(HEADER.format(what=what, name=name) + listed, encoding="utf-8")
        print(f"{name}: {sum(1 for line in listed.splitlines() if '==' in line)} packages")


if __name__ == "__main__":
    main()
