"""What all cases of served models share: environments, models, the torch engine, servers of Clary's own."""

import contextlib
import functools
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator

from ..context import Context
from ..machine import free_port
from ..peers.catalog import PEERS
from ..peers.installation import Installation, default_folder
from ..peers.nginx import Nginx
from ..peers.peer import Peer, Place
from ..signing import raw_request
from .running import NPY, SERVED, Running, start_peer

CORES = 2  # and so many workers
MAKE_SECONDS = 1800


class ServingPlace:
    def __init__(self, context: Context):
        self.context = context
        self.installation = Installation(pathlib.Path(context.peers_folder or default_folder()), context.python)

    @functools.cached_property
    def python(self) -> pathlib.Path:
        """One that has torch and numpy."""
        return self.installation.base()

    @functools.cached_property
    def models(self) -> pathlib.Path:
        """The folder that make_models.py has filled; kept until what makes them changes."""
        sources = b"".join((SERVED / name).read_bytes() for name in ("networks.py", "make_models.py"))
        folder = self.installation.folder / f"models-{hashlib.sha256(sources).hexdigest()[:12]}"
        if not folder.exists():
            print("  makes the models", flush=True)
            aside = folder.with_name(folder.name + ".part")
            shutil.rmtree(aside, ignore_errors=True)
            subprocess.run([self.python, "-B", SERVED / "make_models.py", aside], check=True, timeout=MAKE_SECONDS,
                           stdout=subprocess.DEVNULL)
            aside.rename(folder)
        return folder

    def model(self, name: str) -> pathlib.Path:
        return self.models / name

    @functools.cached_property
    def data(self) -> pathlib.Path:
        """A data directory with the torch engine for the environment."""
        data = self.context.folder / "engines"
        subprocess.run([self.context.server.program, "environments", "build-engine", "default", "--data", data], check=True,
                       env={**os.environ, "VIRTUAL_ENV": str(self.python.parent.parent)}, stdout=subprocess.DEVNULL)
        return data

    def python_files(self, name: str) -> dict[str, pathlib.Path]:
        """A model folder as SageMaker wants it, with the handler that all servers share."""
        model = self.model(name)
        code = {f"code/{each}.py": SERVED / f"{each}.py" for each in ("inference", "handler", "networks")}
        return {"name": model / "name", "weights.pth": model / "weights.pth", **code}

    def service_files(self, name: str) -> dict[str, pathlib.Path]:
        """The same as a service file of Multi Model Server, which takes batches."""
        model = self.model(name)
        return {"name": model / "name", "weights.pth": model / "weights.pth",
                **{f"code/{each}.py": SERVED / f"{each}.py" for each in ("service", "handler", "networks")}}

    def clary(self, name: str, files: dict[str, pathlib.Path], *options: str, data: pathlib.Path | None = None,
              **variables: str) -> Running:
        """`clary model-server` of these files with two workers. Not yet ready."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="clary-model-", dir=self.context.folder))
        for path, source in files.items():
            (folder / "model" / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, folder / "model" / path)
        place = Place(python=self.python, folder=folder, model=self.model(name), served=folder / "model/code",
                      port=free_port())
        command = [str(self.context.server.program), "model-server", str(folder / "model"), "--listen",
                   f"127.0.0.1:{place.port}", "--data", str(data or folder / "data"),
                   "--interpreter", str(self.python.parent.parent), "--workers", str(CORES), *options]
        return Running(self.context.tools, "Clary", place, command, "/invocations", variables)

    def python_server(self, name: str) -> Running:
        return self.clary(name, self.python_files(name))

    def engine_server(self, name: str, file: str) -> Running:
        """file: model.pt or model.pt2."""
        return self.clary(name, {file: self.model(name) / file}, "--engine", "torch", data=self.data)

    def peer(self, peer: Peer, name: str = "lenet") -> Running:
        return start_peer(self.context.tools, self.installation, peer, self.model(name))

    def peer_named(self, name: str) -> Peer:
        return next(peer for peer in PEERS if peer.name == name)

    def bare_handler(self, name: str, *, processes: int = CORES, seconds: float | None = None) -> dict[str, float]:
        """"rate": calls a second of all processes; "cpu": CPU seconds a call; "p50": seconds."""
        command = [self.python, "-B", SERVED / "bare_handler.py", self.model(name), str(processes),
                   str(seconds or self.seconds)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment, timeout=300).stdout)

    def raw(self, name: str, port: int, path: str = "/invocations") -> bytes:
        """A whole request with the model's input."""
        head = {"host": f"127.0.0.1:{port}", **NPY}
        return raw_request("POST", path, {}, head, (self.model(name) / "body.npy").read_bytes())

    @property
    def seconds(self) -> float:
        """How long one load takes."""
        return float(self.context.sizes.load_seconds)

    @contextlib.contextmanager
    def fixed_answer(self, answer: bytes) -> Iterator[Nginx | None]:
        """nginx that says the same to every request; None where it is not installed."""
        nginx = Nginx(self.context.folder, {}, {"/invocations": answer.decode()}) if Nginx.installed() else None
        try:
            yield nginx
        finally:
            if nginx:
                nginx.stop()
