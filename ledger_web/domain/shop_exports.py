"""The whole shop as a file: how long it is kept, and what may become of the writing."""

import datetime as dt
from typing import Final

KEPT: Final = dt.timedelta(hours=24)  # a file, from the moment it was ready
SILENT_AFTER: Final = dt.timedelta(seconds=20)  # whoever writes says each second that it is alive

WRITING, INTERRUPTED, FAILED, READY, OVER = "writing", "interrupted", "failed", "ready", "over"  # states
DISK_FULL, BROKEN = "disk_full", "broken"  # why it failed
