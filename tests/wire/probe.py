"""The wire_probe program: Clary's typed API behind pipes."""

import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def find_probe() -> pathlib.Path:
    """The newest build, or what CLARY_WIRE_PROBE names."""
    if "CLARY_WIRE_PROBE" in os.environ:
        return pathlib.Path(os.environ["CLARY_WIRE_PROBE"])
    built = sorted(ROOT.glob("build/*/codegen/wire_probe"), key=lambda path: path.stat().st_mtime)
    assert built, "wire_probe is not built: ninja -C build/dev wire_probe"
    return built[-1]


class Probe:
    def __init__(self) -> None:
        self.process = subprocess.Popen([find_probe()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **question: object) -> dict:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.stdout.close()
        assert self.process.wait(timeout=10) == 0
