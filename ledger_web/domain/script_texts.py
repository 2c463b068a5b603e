"""What our scripts say by themselves, where the server cannot: by script."""

from types import MappingProxyType
from typing import Final

from ledger_web.domain.languages import Texts

SCRIPT_TEXTS: Final = MappingProxyType(
    {
        "ledger": Texts(
            {
                "lost": (
                    "The server cannot be reached. Nothing was lost: what you typed is still here. Try again in a"
                    " moment."
                ),
                "broken": "The server could not do this. What you typed is still here. Try again in a moment.",
                "slow": "The server takes too long to answer. What you typed is still here. Sending it again is safe.",
                "offline": "This device is offline. What you typed stays here until it is back.",
                "online": "Back online.",
                "signed_in_again": "You are signed in again. Send it once more.",
                "keys": "Keyboard shortcuts",
                "search": "Search",
                "list": "This list",
                "close": "Close",
            }
        ),
        "scanner": Texts(
            {
                "scanned": "%(code)s was scanned. What you typed here is not saved yet.",
                "open": "Open it and leave this page",
                "camera": "Camera",
                "light": "Light",
                "camera_insecure": "The camera works over HTTPS only. Ask for the secure address of the shop.",
                "camera_closed": (
                    "The camera could not be opened. Allow it for this page, and close other apps that use it."
                ),
                "camera_blind": (
                    "Reading codes could not be loaded from the shop’s server. Try again, or type the digits."
                ),
            }
        ),
        "sell": Texts(
            {
                "away": "No connection to the shop’s server. Nothing is lost.",
                "kept": "Scans kept here: %(count)s.",
                "again": "The sale is sent again by itself until it is answered.",
                "unanswered": (
                    "No answer from the shop’s server. Scans kept here and sent again by themselves: %(count)s."
                ),
                "more": "and %(count)s more",
                "ignore_all": "Ignore all of them",
            }
        ),
        "scan_test": Texts(
            {
                "scan": "A scan of %(count)s characters, at most %(slowest)s ms apart, ended by %(key)s.",
                "short": (
                    "Typed by hand, so far. A scan has at least %(shortest)s characters and ends with Enter or Tab."
                ),
                "by_hand": (
                    "Typed by hand, so far. The slowest key came %(slowest)s ms after the one before; a scanner takes"
                    " less than %(fastest)s ms, and ends with Enter or Tab."
                ),
                "space": "Space",
            }
        ),
    }
)
