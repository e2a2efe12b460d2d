"""A real headless Chromium for the tests of pages."""

import os
import shutil
from collections.abc import Iterator

import pytest

FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]
# The same engine without the window around the page first: it takes a quarter of the processor time to open one.
NAMES = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]


def find_chromium() -> str | None:
    """The path of a Chromium: the one named by ASSAY_CHROMIUM, else the first one installed."""
    names = [os.environ.get("ASSAY_CHROMIUM", ""), *NAMES]
    return next((path for name in names if name and (path := shutil.which(name))), None)


# One browser a module, not one a session: while it is open, its event loop runs in this thread, and `asyncio.run` in other
# modules' tests would fail.
@pytest.fixture(scope="module")
def chromium() -> Iterator:
    """A playwright Browser; skipped with the reason where no Chromium is installed, failed when that happens in CI."""
    path = find_chromium()
    if path is None:
        reason = "Chromium was not found: `make test` as root installs it, or set ASSAY_CHROMIUM to its path"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags, headless=True, timeout=60_000)
        yield browser
        browser.close()


@pytest.fixture
def browser_page(chromium) -> Iterator:
    """A page of a fresh, empty profile; the test fails if a script of the page raised an error."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB", timezone_id="UTC")
    context.set_default_timeout(15_000)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert not errors, f"scripts of the page raised: {errors}"
