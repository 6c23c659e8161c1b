"""moto: what S3 transfers are compared with."""

import pathlib
import subprocess

from ..machine import free_port
from .ports import wait_for_port


class Moto:
    """moto's server, run by a Python that has it."""

    def __init__(self, python: str, folder: pathlib.Path):
        self.port = free_port()
        with open(folder / "moto.log", "ab") as log:
            self._process = subprocess.Popen([python, "-m", "moto.server", "-p", str(self.port)], stdout=log, stderr=log)
        wait_for_port(self.port)

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
