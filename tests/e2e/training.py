"""Training jobs as tests write them: a script's text in, a description and the printed lines out."""

import io
import itertools
import json
import tarfile
import threading
import time

from clary_server import Server

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.8.0-cpu-py312"
ROLE = "arn:aws:iam::000000000000:role/SageMakerRole"
BUCKET = "tests"
TERMINAL = ("Completed", "Failed", "Stopped")

_numbers = itertools.count(1)


def wait_until(condition, seconds: float = 60, what: str = "the condition"):
    """Asks until the answer is true; that answer. The process asked is another one, so there is nothing to wait on."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while time.monotonic() < deadline:
        answer = condition()
        if answer:
            return answer
        pause.wait(0.05)
    raise AssertionError(f"{what} did not come within {seconds} s")


def source_archive(files: dict[str, str]) -> bytes:
    """sourcedir.tar.gz of these files, as the SDK makes it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            data = text.encode()
            member.size = len(data)
            member.mtime = 1_700_000_000
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


class Training:
    """Submits and follows jobs of one server."""

    def __init__(self, server: Server):
        self.server = server
        self.sagemaker = server.client("sagemaker")
        self.s3 = server.client("s3")
        self.logs_client = server.client("logs")
        self.s3.create_bucket(Bucket=BUCKET)

    def request(self, script: str | None = None, *, name: str = "", files: dict[str, str] | None = None,
                entry: str = "train.py", channels: dict[str, str] | None = None, hyperparameters: dict | None = None,
                metrics: list[dict] | None = None, max_run: int = 300, archive: bytes | None = None, **changes) -> dict:
        """A CreateTrainingJob request; uploads the sources it names."""
        name = name or f"job-{next(_numbers)}"
        sources = dict(files or {})
        if script is not None:
            sources[entry] = script
        key = f"{name}/source/sourcedir.tar.gz"
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=source_archive(sources) if archive is None else archive)
        texts = {
            **(hyperparameters or {}),
            "sagemaker_program": entry,
            "sagemaker_submit_directory": f"s3://{BUCKET}/{key}",
            "sagemaker_container_log_level": 20,
            "sagemaker_job_name": name,
            "sagemaker_region": "us-east-1",
        }
        request = {
            "TrainingJobName": name,
            "AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": IMAGE},
            "RoleArn": ROLE,
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/output"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
            "StoppingCondition": {"MaxRuntimeInSeconds": max_run},
            "HyperParameters": {key: json.dumps(value) for key, value in texts.items()},
        }
        if metrics:
            request["AlgorithmSpecification"]["MetricDefinitions"] = metrics
        if channels:
            request["InputDataConfig"] = [
                {"ChannelName": channel, "DataSource": {"S3DataSource": {
                    "S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}}}
                for channel, uri in channels.items()]
        request.update(changes)
        return request

    def submit(self, script: str | None = None, **options) -> str:
        request = self.request(script, **options)
        self.sagemaker.create_training_job(**request)
        return request["TrainingJobName"]

    def describe(self, name: str) -> dict:
        return self.sagemaker.describe_training_job(TrainingJobName=name)

    def wait(self, name: str, seconds: float = 60) -> dict:
        """The description of the ended job."""
        def ended():
            job = self.describe(name)
            return job if job["TrainingJobStatus"] in TERMINAL else None
        return wait_until(ended, seconds, f"the end of {name}")

    def run(self, script: str | None = None, **options) -> dict:
        return self.wait(self.submit(script, **options))

    def lines(self, name: str, group: str = "/aws/sagemaker/TrainingJobs") -> list[str]:
        """Everything the job has printed, of all its streams, in order."""
        try:
            streams = self.logs_client.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")
        except self.logs_client.exceptions.ResourceNotFoundException:
            return []
        found = []
        for stream in streams["logStreams"]:
            where = {"logGroupName": group, "logStreamName": stream["logStreamName"], "startFromHead": True}
            answer = self.logs_client.get_log_events(**where)
            while answer["events"]:
                found += [event["message"] for event in answer["events"]]
                answer = self.logs_client.get_log_events(**where, nextToken=answer["nextForwardToken"])
        return found

    def wait_for_line(self, name: str, text: str, seconds: float = 30) -> None:
        wait_until(lambda: any(text in line for line in self.lines(name)), seconds, f"the line '{text}' of {name}")

    def artifact(self, job: dict, name: str = "model.tar.gz") -> dict[str, bytes]:
        """The files of an artifact of an ended job, by name."""
        uri = job["ModelArtifacts"]["S3ModelArtifacts"].rsplit("/", 1)[0] + "/" + name
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        body = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(body)) as archive:
            return {member.name.removeprefix("./"): archive.extractfile(member).read()
                    for member in archive if member.isfile()}
