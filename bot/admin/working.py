"""The process that works on runs, started when there is something to do and nobody does it."""

import threading
from typing import TYPE_CHECKING

import structlog

from bot.admin.records import Records
from training.registry import RegistryError
from training.runs.worker import is_at_work, start_in_background

if TYPE_CHECKING:
    from subprocess import Popen


class Work:
    """Starts one worker at a time for the runs of a home folder; to be used from any thread."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._process: Popen[bytes] | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Go on with the runs that have not ended, unless somebody does."""
        try:
            with self._lock:
                if self._is_wanted():
                    self._process = start_in_background(self._records.place)
        except (RegistryError, OSError) as error:
            structlog.get_logger().error("training.not_started", why=str(error))

    def _is_wanted(self) -> bool:
        # One that was just started takes a second until it holds its lock.
        if self._process is not None and self._process.poll() is None:
            return False
        records = self._records
        return records.are_there() and bool(records.open().unfinished()) and not is_at_work(records.place)
