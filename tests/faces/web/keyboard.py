"""A browser page without a mouse: what cannot be reached by keys, and seen while it has the focus, is not reached at all."""

from playwright.sync_api import Locator, Page

MOST_STOPS = 90
HAS_FOCUS = "wanted => document.activeElement === wanted"
IS_SHOWN = """wanted => {
    const box = wanted.getBoundingClientRect();
    const inside = box.width > 0 && box.top < innerHeight && box.bottom > 0 && box.left < innerWidth && box.right > 0;
    return inside && wanted.matches(":focus-visible") && getComputedStyle(wanted).outlineStyle !== "none";
}"""


class Keyboard:
    """Goes through a page with keys alone."""

    def __init__(self, page: Page):
        self.page = page

    def jump(self, words: str, path: str):
        """Open a page of the project by name."""
        self.press("Control+k")
        self.page.locator("#palette-q").wait_for()
        self.type(words)
        self.page.locator("[role=option][aria-selected=true]", has_text=words).wait_for()
        self.press("Enter")
        self.page.wait_for_url(f"**{path}")

    def skip(self):
        """Over the navigation, to what the page is about."""
        self.press("Tab")
        assert self.page.evaluate("document.activeElement.className") == "skip"
        self.press("Enter")

    def reach(self, wanted: Locator):
        """Tab forward until this has the focus, which has to be seen."""
        one = wanted.element_handle()
        for _ in range(MOST_STOPS):
            self.press("Tab")
            if self.page.evaluate(HAS_FOCUS, one):
                assert self.page.evaluate(IS_SHOWN, one), f"the focus on {wanted} cannot be seen"
                return
        raise AssertionError(f"{wanted} is not reached within {MOST_STOPS} stops")

    def use(self, wanted: Locator):
        """Reach a button, a link or what is folded, and open or press it."""
        self.reach(wanted)
        self.press("Enter")

    def fill(self, wanted: Locator, text: str):
        """Reach a field and write into it; what stood there goes."""
        self.reach(wanted)
        self.press("Control+a")
        self.type(text)

    def press(self, *keys: str):
        """One key after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str):
        """Letter by letter."""
        self.page.keyboard.type(text)
