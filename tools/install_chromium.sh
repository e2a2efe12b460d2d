#!/usr/bin/env bash
# Makes sure that the page tests find a Chromium: installs Debian's where that is possible, else says how.
set -euo pipefail

for name in "${ASSAY_CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
    if [ -n "$name" ] && command -v "$name" > /dev/null; then
        exit 0
    fi
done

if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    echo "Setting up: Chromium for the page tests (apt-get install chromium)"
    if apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium > /dev/null; then
        exit 0
    fi
    echo "Chromium could not be installed with apt-get (its messages are above)." >&2
fi

{
    echo "Chromium was not found: tests of pages in a browser will be skipped, all others run."
    echo "To run them too, install it (\`sudo apt-get install chromium\`) or name one: export ASSAY_CHROMIUM=/path/to/chromium"
} >&2
