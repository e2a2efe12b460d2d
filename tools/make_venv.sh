#!/usr/bin/env bash
# Makes the virtual environment named by the first argument, or says what this machine lacks.
set -euo pipefail

venv=$1
minimum="(3, 11)"

for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
    if command -v "$candidate" > /dev/null && "$candidate" -c "import sys; sys.exit(sys.version_info < $minimum)" 2> /dev/null; then
        python=$candidate
        break
    fi
done

if [ -z "${python:-}" ]; then
    found=$(python3 --version 2> /dev/null || echo "none")
    {
        echo "cannot set up Assay: Python found: $found (expected 3.11 or newer)."
        echo "Install one, for example \`apt-get install python3 python3-venv\`, or name it: make PYTHON=/path/to/python3.11"
    } >&2
    exit 1
fi

if ! "$python" -c "import ensurepip, venv" 2> /dev/null; then
    {
        echo "cannot set up Assay: $("$python" --version) has no venv module (Debian and Ubuntu ship it separately)."
        echo "Install it: apt-get install python3-venv"
    } >&2
    exit 1
fi

if ! command -v npm > /dev/null && [ ! -f src/assay/web/static/vendor/.built-from ]; then
    {
        echo "cannot set up Assay: npm was not found (expected Node.js 18 or newer with npm, for the browser files)."
        echo "Install it: apt-get install nodejs npm"
    } >&2
    exit 1
fi

# A half-made environment would be taken for a whole one the next time.
"$python" -m venv "$venv" || { rm -rf "$venv"; exit 1; }
