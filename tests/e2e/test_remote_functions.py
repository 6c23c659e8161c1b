"""Functions that run as jobs: `@remote` and `RemoteExecutor` of SDK v2 and v3, with the SDK's own driver and bootstrap."""

import json
import pathlib
import subprocess
import sys

import pytest
from clary_server import V3_PYTHON

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.8.0-cpu-py312"
OPTIONS = f"""
import json, logging, sys, time
sleep = time.sleep
time.sleep = lambda seconds: sleep(min(seconds, 0.3))  # the SDK looks every 10 to 25 seconds
# The SDK's bootstrap asks pip for what the environment has.
options = dict(instance_type="ml.m5.large", image_uri={IMAGE!r}, environment_variables={{"PIP_NO_INDEX": "1"}})
def tell(value):
    print()
    print("RESULT", json.dumps(value))
"""


class Sdk:
    """One of the SDKs: the Python that has it, which its jobs run with too, and where its functions stand."""

    def __init__(self, server, python: str, module: str, image: str):
        self.server, self.python, self.module, self.image = server, python, module, image

    def run(self, folder: pathlib.Path, code: str) -> tuple[object, str]:
        """What the client told, and all that it printed."""
        script = folder / "client.py"
        names = f"from {self.module} import remote, RemoteExecutor, CheckpointLocation\n"
        script.write_text(names + OPTIONS.replace(IMAGE, self.image) + code)
        environment = {**self.server.environment(), "SAGEMAKER_SUPPRESS_V2_WARNING": "1"}
        done = subprocess.run([self.python, script], cwd=folder, env=environment, capture_output=True, text=True, timeout=240)
        printed = done.stdout + done.stderr
        assert done.returncode == 0, printed[-4000:]
        told = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
        return json.loads(told.removeprefix("RESULT ")), printed


@pytest.fixture
def sdk(server, request):
    if request.param == "v2":
        yield Sdk(server, sys.executable, "sagemaker.remote_function", IMAGE)
        return
    server.cli("environments", "add", "v3", V3_PYTHON)
    yield Sdk(server, V3_PYTHON, "sagemaker.core.remote_function", "v3")
    server.cli("environments", "remove", "v3")


# What a function gets and gives: its caller's modules, what ran before it, a place for checkpoints, its value.
WORK = """
def work(x, place):
    import os, pathlib
    from mine import squared
    print("working in", os.uname().nodename)
    pathlib.Path(place, "state.txt").write_text("kept")
    return {"square": squared(x), "prepared": pathlib.Path("/tmp/prepared.txt").read_text(), "host": os.uname().nodename}
options |= dict(include_local_workdir=True, pre_execution_commands=["echo prepared > /tmp/prepared.txt"])
place = CheckpointLocation(s3_uri="s3://remote-checkpoints/run")
"""
MADE = {"square": 9, "prepared": "prepared\n", "host": "algo-1"}


@pytest.fixture
def folder(sdk, tmp_path):
    """The caller's, and an empty place for checkpoints."""
    (tmp_path / "mine.py").write_text("def squared(x):\n    return x * x\n")
    s3 = sdk.server.client("s3")
    s3.create_bucket(Bucket="remote-checkpoints")
    s3.delete_object(Bucket="remote-checkpoints", Key="run/state.txt")
    yield tmp_path
    assert s3.get_object(Bucket="remote-checkpoints", Key="run/state.txt")["Body"].read() == b"kept"


@pytest.mark.parametrize("sdk", ["v3"], indirect=True)
def test_a_decorated_function_returns_what_it_made(sdk, folder):
    result, printed = sdk.run(folder, WORK + "tell(remote(**options)(work)(3, place))\n")
    assert result == MADE
    assert "working in algo-1" in printed  # the client streamed the log


@pytest.mark.parametrize("sdk", ["v2"], indirect=True)
def test_an_executor_runs_several_at_once_and_raises_what_they_raised(sdk, folder):
    result, _ = sdk.run(folder, WORK + """
def fail(x):
    return x / 0
with RemoteExecutor(max_parallel_jobs=2, **options) as executor:
    made, failed = executor.submit(work, 3, place), executor.submit(fail, 1)
    try:
        failed.result()
    except ZeroDivisionError as failure:
        tell([made.result(), repr(failure)])
""")
    assert result == [MADE, "ZeroDivisionError('division by zero')"]
