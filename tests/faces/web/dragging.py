"""Dragging with a real mouse, at the pace of a person: who holds a card moves on until they see it lie where they want it."""

import pytest
from playwright.sync_api import TimeoutError as Elapsed


def pick_up(page, source, *, right=60, down=34):
    """Press on `source` and pull until the page shows that it is being dragged."""
    source.scroll_into_view_if_needed()
    box = source.bounding_box()
    x, y = box["x"] + right, box["y"] + down
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 4, y + 6, steps=3)


def carry(page, goal, lies_there, *, right=80, down=20):
    """Move what is held over `goal` until the selector `lies_there` finds it.

    A list takes no card while its rows still slide out of the way, and a busy machine is slow to slide them: a person
    sees it and moves on a little, so does this.
    """
    for nudge in range(20):
        box = goal.bounding_box()
        page.mouse.move(box["x"] + right + 3 * (nudge % 2), box["y"] + down, steps=12 if not nudge else 3)
        try:
            page.wait_for_selector(lies_there, state="attached", timeout=500)
        except Elapsed:
            continue
        return
    pytest.fail(f"what was dragged never came to lie there: {lies_there}")
