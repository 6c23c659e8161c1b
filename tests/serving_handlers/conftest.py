"""`models` runs models in the environment of this repository that has torch, each in a process of its own."""

import base64
import json
import pathlib
import subprocess
import sys
from typing import NamedTuple

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv/bin/python"
sys.path.append(str(ROOT / "python"))


class Answered(NamedTuple):
    """pieces: of a body that came in such."""

    status: int
    content_type: str | None
    body: bytes
    phrase: str
    headers: dict
    stages: dict
    pieces: list[bytes] | None = None

    @property
    def text(self) -> str:
        return self.body.decode()


class Model:
    """A model's folder, filled by write(); asked by ask()."""

    def __init__(self, runner, folder: pathlib.Path):
        self._runner, self.folder = runner, folder
        self.environ, self.context = {}, None

    def write(self, name: str, text: str | bytes) -> "Model":
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return self

    def script(self, text: str) -> "Model":
        return self.write("code/inference.py", text)

    def ask_all(self, *calls) -> dict:
        """Each call is a list of requests (body, content type, Accept, headers). Returns: failure, answers, printed."""
        packed = [[(base64.b64encode(body.encode() if isinstance(body, str) else body).decode(), *rest) for body, *rest in call]
                  for call in calls]
        done = self._runner({"model_dir": str(self.folder), "environ": self.environ, "context": self.context, "requests": packed})
        if done["failure"]:
            done["failure"] = answered(done["failure"])
        done["answers"] = [answered(one) for one in done["answers"]]
        return done

    def ask(self, body="", content_type=None, accept=None, headers=None, path="/invocations", method="POST") -> Answered:
        return self.ask_all([(body, content_type, accept, headers or {}, "", path, method)])["answers"][0]


def answered(flat) -> Answered:
    status, content_type, body, phrase, headers, stages = flat
    pieces = [base64.b64decode(piece) for piece in body] if isinstance(body, list) else None
    whole = base64.b64decode(body) if pieces is None else b"".join(pieces)
    return Answered(status, content_type, whole, phrase, dict(headers), stages, pieces)


@pytest.fixture(scope="session")
def runner():
    """A function from a case to what came of it; an exit of the process is raised as SystemExit."""
    yield from running(PYTHON, "torch")


def running(python, framework: str):
    """The runner in another interpreter."""
    process = subprocess.Popen([python, pathlib.Path(__file__).with_name("runner.py"), framework], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)

    def run(case: dict) -> dict:
        process.stdin.write(json.dumps(case) + "\n")
        process.stdin.flush()
        done = json.loads(process.stdout.readline())
        if not done["text"]:
            raise SystemExit(done["status"])
        found = json.loads(done["text"])
        assert "error" not in found, found["error"]
        return {**found, "printed": done["printed"]}

    yield run
    process.stdin.close()
    assert process.wait(60) == 0


@pytest.fixture(scope="session")
def run_code(runner, tmp_path_factory):
    """Runs Python text where torch is; returns what it left in `result`. TorchScript wants its source in a file."""
    file = tmp_path_factory.mktemp("code") / "code.py"

    def run(code: str):
        file.write_text(code)
        return runner({"file": str(file)})["result"]

    return run


@pytest.fixture(scope="session")
def double_plus_one(run_code, tmp_path_factory) -> bytes:
    """A TorchScript model: y = 2x + 1."""
    path = tmp_path_factory.mktemp("torchscript") / "model.pt"
    run_code(f"""
import torch
class Line(torch.nn.Module):
    def forward(self, x):
        return 2.0 * x + 1.0
torch.jit.script(Line()).save({str(path)!r})
""")
    return path.read_bytes()


@pytest.fixture
def model(runner, tmp_path) -> Model:
    return Model(runner, tmp_path)
