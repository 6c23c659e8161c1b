"""The torch engine beside bare C++ loops, TorchServe and eager Python."""

import json
import os
import pathlib
import subprocess

from ..context import Context, cpu_text
from ..load import Load
from ..peers.installation import NotInstalled
from ..report import Row
from ..statistics import verdict
from .bench_place import CORES, SERVED, ServingPlace
from .running import NotStarted, Running

LIBRARIES = ("c10", "torch_cpu", "torch", "c10_cuda", "torch_cuda")
RESNET_CONNECTIONS = 8
RESNET_SECONDS = 4  # a run takes some 50 ms


class BareLoop:
    """bare_loop.cc, compiled against the environment's torch as `clary environments build-engine` does with its plugin."""

    def __init__(self, place: ServingPlace):
        self._place, self._program = place, place.context.folder / "bare_loop"
        torch = pathlib.Path(subprocess.run([place.python, "-c", "import torch; print(torch.__path__[0])"], check=True,
                                            stdout=subprocess.PIPE, text=True).stdout.strip())
        includes = [torch / "include", torch / "include/torch/csrc/api/include"]
        command = [os.environ.get("CXX", "g++"), "-std=c++20", "-O2", SERVED / "bare_loop.cc", "-o", self._program]
        command += [word for include in includes for word in ("-isystem", include)]
        command += [f"-L{torch / 'lib'}", f"-Wl,-rpath,{torch / 'lib'}", "-Wl,--no-as-needed", "-lpthread"]
        command += [f"-l{name}" for name in LIBRARIES if (torch / f"lib/lib{name}.so").exists()]
        subprocess.run(command, check=True)

    def run(self, name: str, file: str, shape: str, seconds: float) -> tuple[float, float]:
        """Calls a second of as many threads as there are workers, and CPU seconds a call."""
        path = self._place.model(name) / file
        done = subprocess.run([self._program, path, shape, str(CORES), str(seconds)], check=True, stdout=subprocess.PIPE,
                              env={**os.environ, "OMP_NUM_THREADS": "1"})
        found = json.loads(done.stdout)
        return found["rate"], found["cpu"]


def without_generator(rate: float, load: Load) -> float:
    """What the bare loop would do on what the load generator leaves of the cores."""
    return rate * (1 - load.load_cpu / load.seconds / CORES)


def lenet(context: Context) -> None:
    place = ServingPlace(context)
    bare = BareLoop(place)
    ratios, loads, rates, used = [], [], [], []
    with place.engine_server("lenet", "model.pt2") as server:
        server.warm_up()
        for _ in range(context.pairs):
            loads.append(server.load(8, seconds=place.seconds))
            rate, cpu = bare.run("lenet", "model.pt2", "1,3,32,32", place.seconds)
            rates.append(rate)
            used.append(cpu)
            ratios.append(loads[-1].rate / without_generator(rate, loads[-1]))
        _beside_torchserve(place, server)
    ratio, rate = context.estimate(ratios), context.estimate(rates)
    context.rows.append(Row(
        "LeNet, torch engine ÷ a bare C++ loop over the same package, less the load generator's CPU, 8 connections",
        ratio.text(2), "≥ 0.9", verdict(ratio, at_least=0.9),
        f"the server {context.estimate([load.rate for load in loads]).text(0)} /s; the loop in two threads {rate.text(0)} "
        f"calls/s, {context.estimate(used).text(0, 1e6)} µs each", cpu_text(loads),
        note="AOTInductor, batch of 1, no batching on either side; NPY in, JSON out; the loop neither reads nor writes bodies."))


def _beside_torchserve(place: ServingPlace, server: Running) -> None:
    context = place.context
    what = "LeNet, torch engine ÷ TorchServe without batches, 8 connections"
    try:
        with place.peer(place.peer_named("TorchServe")) as peer:
            peer.warm_up()
            pairs = [(server.load(8, seconds=place.seconds), peer.load(8, seconds=place.seconds)) for _ in range(context.pairs)]
    except (NotInstalled, NotStarted) as error:
        context.rows.append(Row(what, "not measured", "≥ 12", "", str(error)))
        return
    ratio = context.estimate([ours.rate / theirs.rate for ours, theirs in pairs])
    rates = [context.estimate([pair[which].rate for pair in pairs]).text(0) for which in (0, 1)]
    context.rows.append(Row(what, ratio.text(1), "≥ 12", verdict(ratio, at_least=12),
                            f"the server {rates[0]} /s, TorchServe {rates[1]} /s", cpu_text([ours for ours, _ in pairs])))


def _resnet_row(context: Context, what: str, target: float, ratios: list[float], loads: list[Load], ceiling: str) -> None:
    ratio = context.estimate(ratios)
    context.rows.append(Row(f"ResNet-18, 224², {what}", ratio.text(3), f"≥ {target}", verdict(ratio, at_least=target),
                            f"the server {context.estimate([load.rate for load in loads]).text(1)} /s; {ceiling}",
                            cpu_text(loads)))


def resnet(context: Context) -> None:
    place = ServingPlace(context)
    bare, seconds = BareLoop(place), RESNET_SECONDS * place.seconds
    handler, engine, eager, frozen = [], [], [], []
    with place.python_server("resnet18") as python_server, place.engine_server("resnet18", "model.pt") as engine_server:
        for server in (python_server, engine_server):
            server.warm_up()
        for _ in context.rounds(300):
            handler.append(python_server.load(RESNET_CONNECTIONS, seconds=seconds))
            eager.append(place.bare_handler("resnet18", seconds=seconds)["rate"])
            engine.append(engine_server.load(RESNET_CONNECTIONS, seconds=seconds))
            frozen.append(bare.run("resnet18", "model.pt", "1,3,224,224", seconds)[0])
    loops = (f"the bare Python loop {context.estimate(eager).text(1)} /s, "
             f"the frozen C++ loop {context.estimate(frozen).text(1)} /s")
    _resnet_row(context, "Python handler ÷ the bare loop", 0.97,
                [load.rate / rate for load, rate in zip(handler, eager, strict=True)], handler, loops)
    _resnet_row(context, "torch engine ÷ a frozen C++ loop", 0.97,
                [load.rate / rate for load, rate in zip(engine, frozen, strict=True)], engine, loops)
    _resnet_row(context, "torch engine ÷ the eager Python loop", 1.05,
                [load.rate / rate for load, rate in zip(engine, eager, strict=True)], engine, loops)
    for name in ("FastAPI", "Multi Model Server", "TorchServe"):
        _resnet_peer(place, name, seconds)


def _resnet_peer(place: ServingPlace, name: str, seconds: float) -> None:
    context, what = place.context, f"ResNet-18, 224², {name} ÷ the bare loop"
    try:
        with place.peer(place.peer_named(name), "resnet18") as peer:
            peer.warm_up()
            pairs = [(peer.load(RESNET_CONNECTIONS, seconds=seconds), place.bare_handler("resnet18", seconds=seconds)["rate"])
                     for _ in context.rounds(60)]
    except (NotInstalled, NotStarted) as error:
        context.rows.append(Row(what, "not measured", "", "", str(error)))
        return
    ratio = context.estimate([load.rate / rate for load, rate in pairs])
    context.rows.append(Row(what, ratio.text(3), "", "", "", cpu_text([load for load, _ in pairs])))
