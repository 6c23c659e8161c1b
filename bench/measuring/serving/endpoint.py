"""InvokeEndpoint through `clary serve` beside a direct call of a model server."""

import contextlib
import io
import json
import pathlib
import tarfile
import time
from collections.abc import Callable, Iterator

from ..context import Context, cpu_text
from ..machine import cpu_seconds
from ..report import Row
from ..statistics import verdict
from .bench_place import CORES, ServingPlace
from .running import NPY

NAME = "served"
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312"
ROLE = "arn:aws:iam::000000000000:role/bench"
READY_SECONDS = 120


def _archive(files: dict[str, pathlib.Path]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, path in files.items():
            archive.add(path, name)
    return out.getvalue()


@contextlib.contextmanager
def _deployed(own: Context, files: dict[str, pathlib.Path]) -> Iterator[None]:
    """An endpoint in service. It is deleted at the end: its model server would outlive the server."""
    def call(operation: str, **members) -> dict:
        return own.server.call(own.key, "sagemaker", operation, **members)

    own.server.ask(own.key, "s3", "PUT", "/bench/served/model.tar.gz", body=_archive(files))
    variables = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_MODEL_SERVER_WORKERS": str(CORES), "OMP_NUM_THREADS": "1"}
    call("CreateModel", ModelName=NAME, ExecutionRoleArn=ROLE, PrimaryContainer={
        "Image": IMAGE, "ModelDataUrl": "s3://bench/served/model.tar.gz", "Environment": variables})
    call("CreateEndpointConfig", EndpointConfigName=NAME, ProductionVariants=[{
        "VariantName": "AllTraffic", "ModelName": NAME, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large",
        "InitialVariantWeight": 1.0}])
    call("CreateEndpoint", EndpointName=NAME, EndpointConfigName=NAME)
    try:
        found = _settled(call, "Creating")
        if found["EndpointStatus"] != "InService":
            raise RuntimeError(f"the endpoint is {found['EndpointStatus']}: {found.get('FailureReason')}")
        yield
    finally:
        call("DeleteEndpoint", EndpointName=NAME)
        with contextlib.suppress(RuntimeError):  # it is gone
            _settled(call, "Deleting")


def _settled(call: Callable[..., dict], passing: str) -> dict:
    """The endpoint's description once it is not in this state any more."""
    deadline = time.monotonic() + READY_SECONDS
    while (found := call("DescribeEndpoint", EndpointName=NAME))["EndpointStatus"] == passing:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the endpoint is still {passing} after {READY_SECONDS} s")
        time.sleep(0.05)
    return found


def invocations(context: Context) -> None:
    place = ServingPlace(context)
    body = (place.model("lenet") / "body.npy").read_bytes()
    delays, rates, through, direct = [], [], [], []
    variables = {"VIRTUAL_ENV": str(place.python.parent.parent)}
    with (context.own_server("endpoint", variables=variables) as own, _deployed(own, place.python_files("lenet")),
          place.python_server("lenet") as server):
        path = f"/endpoints/{NAME}/invocations"
        answer = json.loads(own.server.ask(own.key, "sagemaker", "POST", path, headers=NPY, body=body))
        if answer != json.loads(server.answer):
            raise RuntimeError(f"the endpoint answers {answer}")

        def invoke(connections: int):
            requests = context.tools.requests("invoke", [own.server.raw(own.key, "sagemaker", "POST", path, headers=NPY,
                                                                        body=body)])
            return context.tools.load(own.server.port, requests, connections=connections, seconds=place.seconds,
                                      server_cpu=lambda: cpu_seconds(own.server.pid))

        server.warm_up()
        invoke(8)
        for _ in range(context.pairs):
            ours, bare = invoke(1), server.load(1, seconds=place.seconds)
            delays.append((ours.p50_ms - bare.p50_ms, bare.p50_ms))
            through.append(invoke(8))
            direct.append(server.load(8, seconds=place.seconds))
            rates.append(through[-1].rate / direct[-1].rate)
    delay, ratio = context.estimate([added for added, _ in delays]), context.estimate(rates)
    context.rows.append(Row(
        "InvokeEndpoint, signed, above a direct call of the model server, one connection, p50", f"{delay.text(3)} ms",
        "≤ 0.3 ms", verdict(delay, at_most=0.3), f"the direct call {context.estimate([bare for _, bare in delays]).text(3)} ms",
        note="LeNet, a Python handler with two workers; the endpoint in one `clary serve`, the direct call to a model server of "
             "its own."))
    context.rows.append(Row(
        "InvokeEndpoint, signed, requests/s ÷ of a direct call, 8 connections", ratio.text(2), "≥ 0.7",
        verdict(ratio, at_least=0.7), f"through the endpoint {context.estimate([load.rate for load in through]).text(0)} /s, "
        f"direct {context.estimate([load.rate for load in direct]).text(0)} /s",
        f"{cpu_text(through)}; of `clary serve` alone, without the model server's"))
