"""A job's host program, watched from outside while it runs."""

import pathlib
import threading

from .machine import cpu_seconds, resident_mib


class HostWatch(threading.Thread):
    """What a job's host program used at most, of those that ran meanwhile: memory, and processor time up to its last looks."""

    def __init__(self, data: pathlib.Path):
        super().__init__(daemon=True)
        self._gangs, self._done, self._known = f"{data}/gangs/", threading.Event(), set()
        self.mib = self.cpu_seconds = 0.0

    def _hosts(self) -> set[int]:
        found = set()
        for place in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (place / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue  # it has ended
            if "host" in words[1:3] and any(word.startswith(self._gangs) for word in words):
                found.add(int(place.name))
        return found

    def run(self) -> None:
        while not self._done.wait(0.02):
            # The search costs more than the look.
            self._known = {pid for pid in self._known or self._hosts() if self._look(pid)}

    def _look(self, pid: int) -> bool:
        try:
            self.mib = max(self.mib, resident_mib(pid, "VmHWM"))
            self.cpu_seconds = max(self.cpu_seconds, cpu_seconds(pid))
        except (OSError, ValueError):
            return False  # it has ended
        return True

    def __enter__(self) -> "HostWatch":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self.join()
