"""The client hook, tried in fresh interpreters on the real SDKs; on v3 with the Python of .venv-v3."""

import json
import os
import pathlib
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

HOOK = pathlib.Path(__file__).resolve().parents[2] / "python" / "clary_hook"
V3_PYTHON = str(pathlib.Path(__file__).resolve().parents[2] / ".venv-v3/bin/python")
needs_v3 = pytest.mark.skipif(not os.path.exists(V3_PYTHON), reason="tools/test makes .venv-v3")
NOBODY = "http://127.0.0.1:9"  # the discard port: nothing of these tests may need an answer from it

IDENTITY = b"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:sts::123123123123:assumed-role/R/S</Arn><UserId>A:S</UserId><Account>123123123123</Account>
</GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>"""


def run(code: str, *, endpoint: str = NOBODY, path: str = str(HOOK), python: str = sys.executable) -> list:
    """Runs the code in a fresh interpreter; what it printed as JSON on its last line."""
    environment = {
        "PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "eu-west-1",
        "SAGEMAKER_SUPPRESS_V2_WARNING": "1",
    }
    if endpoint:
        environment["AWS_ENDPOINT_URL"] = endpoint
    done = subprocess.run([python, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "clary:" not in done.stderr, done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.fixture
def sts():
    """An STS on a free port: its address, and the paths asked of it."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", str(len(IDENTITY)))
            self.end_headers()
            self.wfile.write(IDENTITY)

        def log_message(self, *arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_sdks_own_sts_address_gives_way_to_the_endpoint(sts):
    endpoint, asked = sts
    code = "import json, sagemaker; print(json.dumps(sagemaker.Session().account_id()))"
    assert run(code, endpoint=endpoint) == "123123123123"
    assert b"Action=GetCallerIdentity" in asked[0]


def test_an_address_that_is_not_awss_is_left_alone():
    code = """
import boto3, json
print(json.dumps([boto3.client(s, endpoint_url=u).meta.endpoint_url for s, u in (
    ("sts", "https://sts.eu-west-1.amazonaws.com"), ("sts", "https://sts.example.org"),
    ("s3", "https://sts.eu-west-1.amazonaws.com"))]))"""
    assert run(code) == [NOBODY, "https://sts.example.org", "https://sts.eu-west-1.amazonaws.com"]


def test_without_an_endpoint_nothing_is_watched():
    code = """
import boto3, json, sys
import sagemaker.session
print(json.dumps([boto3.client("sts", endpoint_url="https://sts.eu-west-1.amazonaws.com").meta.endpoint_url,
    sagemaker.session.time is sys.modules["time"]]))"""
    assert run(code, endpoint="") == ["https://sts.eu-west-1.amazonaws.com", True]


TELEMETRY = """
import json, requests
import {module} as telemetry
sent = []
requests.get = lambda *a, **k: sent.append(a)
telemetry._send_telemetry_request(1, [1], None, None, None, "x")
telemetry._requests_helper("https://example.org", 2)
print(json.dumps(len(sent)))"""


def test_sdk_v2_reports_nothing():
    assert run(TELEMETRY.format(module="sagemaker.telemetry.telemetry_logging")) == 0


@needs_v3
def test_sdk_v3_reports_nothing():
    assert run(TELEMETRY.format(module="sagemaker.core.telemetry.telemetry_logging"), python=V3_PYTHON) == 0


@pytest.mark.parametrize("python", [sys.executable, pytest.param(V3_PYTHON, marks=needs_v3)], ids=["v2", "v3"])
def test_model_builder_reports_nothing(python):
    code = """
import json, requests
import sagemaker.serve.utils.telemetry_logger as telemetry
sent = []
requests.get = lambda *a, **k: sent.append(a)
telemetry._send_telemetry("1", 1, None)
telemetry._requests_helper("https://example.org", 2)
print(json.dumps(len(sent)))"""
    assert run(code, python=python) == 0


@needs_v3
def test_model_builders_search_for_what_a_model_imports_knows_the_region(tmp_path):
    """The SDK starts a Python with one variable of its own, and imports itself there."""
    code = f"""
import json, pathlib, site, subprocess, sys
import sagemaker.serve.detector.dependency_manager as dependencies
asked = []
def run(command, env, **rest):
    asked.append(env)
    pathlib.Path({str(tmp_path)!r}, "requirements.txt").write_text("numpy==1.0\\n")
subprocess.run = run
dependencies.capture_dependencies({{"auto": True}}, pathlib.Path({str(tmp_path)!r}))
print(json.dumps(asked))"""
    assert run(code, python=V3_PYTHON) == [{"AWS_DEFAULT_REGION": "eu-west-1", "SETUPTOOLS_USE_DISTUTILS": "stdlib"}]


@needs_v3
def test_model_builder_says_soon_that_an_endpoint_has_failed():
    code = """
import json, time
from unittest import mock
import sagemaker.serve.deployment_progress as progress
slept = []
time.sleep = slept.append
client, paginator = mock.Mock(), mock.Mock()
client.describe_endpoint.return_value = {"EndpointStatus": "Failed"}
paginator.paginate.return_value = []
found = progress._live_logging_deploy_done_with_progress(client, "e", paginator, {}, 30)
print(json.dumps([found["EndpointStatus"], slept]))"""
    assert run(code, python=V3_PYTHON) == ["Failed", [0.75]]


# The SDK's wait loop over a job that ends `seconds` after its creation, on a clock that only sleeping moves.
WAIT = """
import datetime, json
from unittest import mock
import {module} as session
import clary_patches

class Time:
    now = 1000.0
    @classmethod
    def time(cls): return cls.now
    @classmethod
    def sleep(cls, seconds): cls.now += seconds

clary_patches.time = Time
client = mock.Mock()
def describe(TrainingJobName):
    status = "Completed" if Time.now >= 1000 + {seconds} else "InProgress"
    return dict(TrainingJobStatus=status, ResourceConfig=dict(InstanceCount=1),
        LastModifiedTime=datetime.datetime(2026, 1, 1),
        SecondaryStatusTransitions=[dict(Status=status, StatusMessage=status)], TrainingTimeInSeconds=1)
client.describe_training_job = describe
boto = mock.Mock()
boto.client.return_value.describe_log_streams.return_value = dict(logStreams=[])
sdk = mock.Mock(sagemaker_client=client, boto_session=boto)
try:
    session._logs_for_job(sdk, "job", True, 10, "All", {timeout})
except session.exceptions.UnexpectedStatusException:  # how a wait that timed out ends
    assert {timeout}
print()
print(json.dumps(Time.now - 1000))"""


def test_sdk_v2_returns_soon_after_the_jobs_end():
    waited = run(WAIT.format(module="sagemaker.session", seconds=2, timeout=None))
    assert 2 <= waited <= 3


def test_a_timeout_of_the_users_keeps_its_length():
    waited = run(WAIT.format(module="sagemaker.session", seconds=500, timeout=60))
    assert 60 <= waited <= 61


@needs_v3
def test_sdk_v3_waits_are_short():
    code = """
import json
import sagemaker.core.resources as resources, clary_patches
slept = []
clary_patches.time = type("Time", (), dict(sleep=staticmethod(slept.append)))
resources.time.sleep(5)
print(json.dumps(slept))"""
    assert run(code, python=V3_PYTHON) == [0.125]


def test_another_sitecustomize_still_runs(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("ran = True\n")
    code = "import json, sitecustomize; print(json.dumps([sitecustomize.ran, sitecustomize.__file__]))"
    assert run(code, path=f"{HOOK}:{tmp_path}") == [True, str(tmp_path / "sitecustomize.py")]


def test_a_module_that_looks_different_is_left_alone(tmp_path):
    package = tmp_path / "sagemaker"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "session.py").write_text("from time import sleep\n")
    environment = {"AWS_ENDPOINT_URL": NOBODY, "PYTHONPATH": f"{HOOK}:{tmp_path}", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", "import sagemaker.session as s; print(s.sleep.__module__)"],
                          env=environment, capture_output=True, text=True)
    assert done.stdout == "time\n"
    assert "sagemaker.session was left as it is" in done.stderr


def test_starting_python_imports_nothing_more():
    code = "import sys; loaded = sorted(sys.modules); import json; print(json.dumps(loaded))"
    assert set(run(code)) - set(run(code, path="")) <= {"sitecustomize"}
