#!/usr/bin/env bash
# Makes sure that the page tests find a Chromium: installs Debian's where that is possible, else says how.
# Its headless shell is preferred, which opens pages in a quarter of the processor time; a Chromium that is there will do.
set -euo pipefail

installs() { DEBIAN_FRONTEND=noninteractive timeout 60 apt-get install -y -qq --no-install-recommends "$1"; }

for name in "${ASSAY_CHROMIUM:-}" chromium-headless-shell; do
    if [ -n "$name" ] && command -v "$name" > /dev/null; then
        exit 0
    fi
done
can_install=$([ "$(id -u)" = 0 ] && command -v apt-get > /dev/null && echo yes || true)
if [ "$can_install" ]; then
    echo "Setting up: Chromium's headless shell for the page tests (apt-get install chromium-headless-shell)"
    if installs chromium-headless-shell > /dev/null 2>&1; then
        exit 0
    fi
fi

for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" > /dev/null; then
        exit 0
    fi
done

if [ "$can_install" ]; then
    echo "Setting up: Chromium for the page tests (apt-get update, apt-get install)"
    if apt-get update -qq && { installs chromium-headless-shell > /dev/null || installs chromium > /dev/null; }; then
        exit 0
    fi
    echo "Chromium could not be installed with apt-get (its messages are above)." >&2
fi

{
    echo "Chromium was not found: tests of pages in a browser will be skipped, all others run."
    echo "To run them too, install it (\`sudo apt-get install chromium\`) or name one: export ASSAY_CHROMIUM=/path/to/chromium"
} >&2
