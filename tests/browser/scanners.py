"""A scanner, as Chromium hears one."""

import time

from playwright.sync_api import CDPSession, Page


class Scanner:
    """Types like a scanner: keys ten milliseconds apart, however slow the machine of the test is."""

    def __init__(self, page: Page) -> None:
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._clock = time.time()

    def scan(self, code: str, end: str = "Enter", pause: tuple[int, float] = (0, 0)) -> None:
        """Type a code; `pause` is the place of a key before which it hesitates, and for how many seconds."""
        self._clock = max(self._clock + 0.080, time.time())
        for place, key in enumerate([*code, end]):
            self._clock += 0.010 + (pause[1] if place == pause[0] else 0)
            self._press(key)

    def _press(self, key: str) -> None:
        text = {"Enter": "\r", "Tab": ""}.get(key, key)
        event = {"key": key, "text": text, "timestamp": self._clock}
        if key in {"Enter", "Tab"}:
            event |= {"code": key, "windowsVirtualKeyCode": 13 if key == "Enter" else 9}
        self._session.send("Input.dispatchKeyEvent", {"type": "keyDown", **event})
        self._session.send("Input.dispatchKeyEvent", {"type": "keyUp", **event, "text": ""})
