"""Jobs: prepared, sent, waited for."""

import io
import json
import pathlib
import subprocess
import tarfile
import time
from collections.abc import Iterator

from .server import Server
from .signing import Key

BUCKET = "bench"
IMAGE = "python:3"  # runs in the default environment
REFUSED_IMAGE = "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1"  # ends at once, Failed, with a sentence
TERMINAL = ("Completed", "Failed", "Stopped")
GROUP = "/aws/sagemaker/TrainingJobs"

FIRST_LINE = "import time\nprint('FIRST %.6f' % time.time(), flush=True)\n"


def work_script(rounds: int) -> str:
    """A fixed amount of work on one core, whatever the time it takes."""
    return f"x = 1\nfor i in range({rounds}):\n    x = (x * 1103515245 + 12345) % 2147483648\nprint('DONE', x, flush=True)\n"


def source_archive(script: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo("train.py")
        member.size = len(script)
        archive.addfile(member, io.BytesIO(script.encode()))
    return buffer.getvalue()


class Jobs:
    def __init__(self, server: Server, key: Key):
        self._server, self._key, self._number = server, key, 0

    def make_bucket(self) -> None:
        self._server.ask(self._key, "s3", "PUT", f"/{BUCKET}")

    def put(self, name: str, body: bytes) -> None:
        self._server.ask(self._key, "s3", "PUT", f"/{BUCKET}/{name}", body=body)

    def put_script(self, text: str) -> str:
        """The key of a source archive with this train.py."""
        self._number += 1
        key = f"source/{self._number}.tar.gz"
        self.put(key, source_archive(text))
        return key

    def remove(self, name: str) -> None:
        self._server.ask(self._key, "s3", "DELETE", f"/{BUCKET}/{name}")

    def request(self, name: str, script: str = "", channel: str = "", image: str = IMAGE, command: tuple[str, ...] = ()) -> dict:
        """A CreateTrainingJob. script: the key of a source archive; channel: a prefix; command: what runs instead."""
        members = {
            "TrainingJobName": name, "RoleArn": "arn:aws:iam::000000000000:role/SageMakerRole",
            "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"},
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/output"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        }
        if command:
            members["AlgorithmSpecification"]["ContainerEntrypoint"] = list(command)
        if script:
            members["HyperParameters"] = {"sagemaker_program": json.dumps("train.py"),
                                          "sagemaker_submit_directory": json.dumps(f"s3://{BUCKET}/{script}")}
        if channel:
            source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{channel}"}}
            members["InputDataConfig"] = [{"ChannelName": "train", "DataSource": source}]
        return members

    def raw_request(self, name: str, **more) -> bytes:
        return self._server.raw_call(self._key, "sagemaker", "CreateTrainingJob", self.request(name, **more))

    def describe(self, name: str) -> dict:
        return self._server.call(self._key, "sagemaker", "DescribeTrainingJob", TrainingJobName=name)

    def run(self, script: str, channel: str = "") -> tuple[float, float, str]:
        """Runs one job. Its start (just before the call), its wall seconds, its name."""
        self._number += 1
        name = f"bench-{self._number}-{time.time_ns() // 1000000}"
        members = self.request(name, script, channel)
        began = time.time()
        self._server.call(self._key, "sagemaker", "CreateTrainingJob", **members)
        while True:
            job = self.describe(name)
            if job["TrainingJobStatus"] in TERMINAL:
                break
            time.sleep(0.01)
        wall = time.time() - began
        if job["TrainingJobStatus"] != "Completed":
            raise RuntimeError(f"job {name}: {job.get('FailureReason', job['TrainingJobStatus'])}")
        return began, wall, name

    def wait_for_all(self, prefix: str, pause: float = 0.5) -> None:
        """Until no job whose name has this prefix runs or waits."""
        for status in ("InProgress", "Stopping"):
            while self._server.call(self._key, "sagemaker", "ListTrainingJobs", StatusEquals=status, NameContains=prefix,
                                    MaxResults=1)["TrainingJobSummaries"]:
                time.sleep(pause)

    def summaries(self, prefix: str) -> Iterator[dict]:
        """What ListTrainingJobs says of each whose name has this prefix."""
        more = {}
        while True:
            page = self._server.call(self._key, "sagemaker", "ListTrainingJobs", NameContains=prefix, MaxResults=100, **more)
            yield from page["TrainingJobSummaries"]
            if "NextToken" not in page:
                return
            more = {"NextToken": page["NextToken"]}

    def pages_of_lines(self, name: str, **order) -> Iterator[list[str]]:
        """The lines of a job, a page of GetLogEvents at a time; from the last page on unless startFromHead."""
        streams = self._server.call(self._key, "logs", "DescribeLogStreams", logGroupName=GROUP, logStreamNamePrefix=name + "/")
        where = {"logGroupName": GROUP, "logStreamName": streams["logStreams"][0]["logStreamName"], **order}
        while True:
            page = self._server.call(self._key, "logs", "GetLogEvents", **where)
            if not page["events"]:
                return
            yield [event["message"] for event in page["events"]]
            where["nextToken"] = page["nextForwardToken"]

    def number_in_line(self, name: str, word: str, *, from_head: bool) -> float:
        """N of the line "WORD N", which is on the first page of a job's lines, or on the last."""
        lines = next(self.pages_of_lines(name, startFromHead=from_head))
        return float(next(line for line in lines if line.startswith(word + " ")).split()[1])

    def seconds_to_first_line(self, script: str, channel: str = "") -> float:
        """From the call to the script's own first statement, on the machine's one clock."""
        began, _, name = self.run(script, channel)
        return self.number_in_line(name, "FIRST", from_head=True) - began


def bare_seconds_to_first_line(python: str, folder: pathlib.Path) -> float:
    script = folder / "first.py"
    script.write_text(FIRST_LINE)
    began = time.time()
    shown = subprocess.run([python, script], check=True, stdout=subprocess.PIPE, text=True)
    return float(shown.stdout.split()[1]) - began
