"""Endpoints as tests write them: a handler's text in, an endpoint that answers out."""

import contextlib
import itertools
import json
import pathlib
import textwrap
import threading

from botocore.exceptions import ClientError
from clary_server import Server
from model_server import children, is_running
from training import BUCKET, ROLE, Training, source_archive, wait_until

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312"
VARIANT = "AllTraffic"
UNDER_WAY = ("Creating", "Updating", "RollingBack", "Deleting")
MARK = "CLARY_TEST_MARK"  # a variable of a container's processes, by which a test finds them

# Answers who it is: a model server of one worker has one identity, so it tells instances apart.
IDENTITY = """
    import json, uuid
    def model_fn(model_dir): return uuid.uuid4().hex
    def input_fn(body, content_type): return body
    def predict_fn(data, model): return {"id": model, "name": NAME}
    def output_fn(prediction, accept): return json.dumps(prediction), "application/json"
"""

_numbers = itertools.count(1)


def named(name: str) -> str:
    return f"NAME = {name!r}\n" + textwrap.dedent(IDENTITY)


class Endpoints:
    """Makes, calls and removes endpoints of one server. Whatever is not named gets a name of its own."""

    def __init__(self, server: Server, training: Training):
        self.server = server
        self.training = training
        self.sagemaker = server.client("sagemaker")
        self.runtime = server.client("sagemaker-runtime")
        self._made: list[str] = []

    def put(self, key: str, files: dict[str, str]) -> str:
        """An archive in the tests' bucket; its address."""
        self.training.s3.put_object(Bucket=BUCKET, Key=key, Body=source_archive(files))
        return f"s3://{BUCKET}/{key}"

    def container(self, script: str, *, files: dict[str, str] | None = None, environment: dict[str, str] | None = None,
                  **changes) -> dict:
        """A ContainerDefinition as the SDK makes it, with one worker; uploads the model that it names."""
        sources = {"code/inference.py": textwrap.dedent(script), **(files or {})}
        variables = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
                     "SAGEMAKER_CONTAINER_LOG_LEVEL": "20", "SAGEMAKER_REGION": "us-east-1",
                     "SAGEMAKER_MODEL_SERVER_WORKERS": "1", **(environment or {})}
        uri = self.put(f"models/{next(_numbers)}/model.tar.gz", sources)
        return {"Image": IMAGE, "ModelDataUrl": uri, "Environment": variables, **changes}

    def model(self, *containers: dict | str, **changes) -> str:
        """A model of these containers, several of them a pipeline; a text is a container's script."""
        name = f"model-{next(_numbers)}"
        made = [self.container(each) if isinstance(each, str) else each for each in containers]
        what = {"PrimaryContainer": made[0]} if len(made) == 1 else {"Containers": made}
        self.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, **what, **changes)
        return name

    def variant(self, model: str, name: str = VARIANT, weight: float = 1, count: int = 1, **changes) -> dict:
        return {"VariantName": name, "ModelName": model, "InitialVariantWeight": weight, "InitialInstanceCount": count,
                "InstanceType": "ml.m5.large", **changes}

    def config(self, *variants: dict, **changes) -> str:
        name = f"config-{next(_numbers)}"
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=list(variants), **changes)
        return name

    def config_of(self, *containers: dict | str, **variant) -> str:
        return self.config(self.variant(self.model(*containers), **variant))

    def create(self, config: str, name: str = "") -> str:
        name = name or f"endpoint-{next(_numbers)}"
        self._made.append(name)
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
        return name

    def describe(self, name: str) -> dict:
        return self.sagemaker.describe_endpoint(EndpointName=name)

    def wait(self, name: str, seconds: float = 60) -> dict:
        """The description of an endpoint with which nothing is under way any more."""
        def settled():
            found = self.describe(name)
            return found if found["EndpointStatus"] not in UNDER_WAY else None
        return wait_until(settled, seconds, f"rest of {name}")

    def in_service(self, name: str) -> str:
        found = self.wait(name)
        assert found["EndpointStatus"] == "InService", (found.get("FailureReason"), self.lines(name)[-20:])
        return name

    def deploy(self, *containers: dict | str, **variant) -> str:
        """An endpoint in service."""
        return self.in_service(self.create(self.config_of(*containers, **variant)))

    def deploy_with(self, script: dict | str, **config) -> str:
        """An endpoint in service whose configuration says more than its variant."""
        return self.in_service(self.create(self.config(self.variant(self.model(script)), **config)))

    def objects(self, prefix: str) -> dict[str, bytes]:
        """What lies below a prefix of the tests' bucket, by key."""
        pages = self.training.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        keys = [each["Key"] for page in pages for each in page.get("Contents", [])]
        return {key: self.training.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}

    def update(self, name: str, config: str) -> None:
        self.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config)

    def invoke(self, name: str, body: bytes | str = "[1]", content_type: str = "application/json", **more) -> dict:
        """InvokeEndpoint's answer, with its body read."""
        answer = self.runtime.invoke_endpoint(EndpointName=name, Body=body, ContentType=content_type, **more)
        return {**answer, "Body": answer["Body"].read()}

    def ask(self, name: str, body: bytes | str = "[1]", **more):
        """What the model says, as JSON."""
        return json.loads(self.invoke(name, body, **more)["Body"])

    def lines(self, name: str, variant: str = VARIANT) -> list[str]:
        return self.training.lines(variant, group=f"/aws/sagemaker/Endpoints/{name}")

    def gone(self, name: str) -> bool:
        try:
            self.describe(name)
        except ClientError as error:
            assert "Could not find endpoint" in str(error)
            return True
        return False

    def clear(self) -> None:
        """Removes what it has made and is still there."""
        for name in self._made:
            with contextlib.suppress(ClientError):
                self.wait(name)
                self.sagemaker.delete_endpoint(EndpointName=name)


def model_servers(mark: str) -> list[int]:
    """Pids of the model servers whose container has this mark in its environment."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            words = (process / "cmdline").read_bytes().split(b"\0")
            variables = (process / "environ").read_bytes().split(b"\0")
            if words[1:2] == [b"model-server"] and f"{MARK}={mark}".encode() in variables:
                found.append(int(process.name))
    return found


def workers(mark: str) -> list[int]:
    """Pids of their workers: grandchildren."""
    return [worker for server in model_servers(mark) for child in children(server)
            for worker in children(child) if is_running(worker)]


class Callers:
    """Threads that call an endpoint one call after the other, until the block is left."""

    def __init__(self, endpoints: Endpoints, name: str, threads: int = 2):
        self._endpoints = endpoints
        self._name = name
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._call) for _ in range(threads)]
        self.answers: list[dict] = []  # in the order in which they came
        self.failures: list[Exception] = []

    def _call(self) -> None:
        while not self._over.is_set():
            try:
                self.answers.append(self._endpoints.ask(self._name))
            except Exception as failure:
                self.failures.append(failure)

    def __enter__(self) -> "Callers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(90)

    def wait_for_more(self, count: int = 20) -> None:
        """Until so many more calls have been answered."""
        wanted = len(self.answers) + count
        wait_until(lambda: len(self.answers) >= wanted, 60, f"{count} more answers")
