"""SIGKILL of the server before and after every commit and every effect, under a real job: the script runs exactly once."""

import contextlib

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from processing import Processing
from training import Training

# src/runtime/failpoint.h says what they are.
EVENTS = ("create", "submitted", "hoststarted", "stagingbegan", "scriptstarted", "scriptended", "hostcompleted")
COMMITS = [f"{when}-commit-{event}" for event in EVENTS for when in ("before", "after")]
EFFECTS = ["before-submit", "after-plan", "after-submit", "before-remove", "after-remove",
           "before-finish-effect", "after-finish-effect"]
RECORDS = ["before-take", "after-take", "before-take:2", "after-take:2"]
STOPS = ["before-commit-stoprequested", "after-commit-stoprequested", "before-stop", "after-stop",
         "before-commit-hoststopped", "after-commit-hoststopped"]

ONCE = """
import os
with open("/opt/ml/model/runs.txt", "a") as runs: runs.write("run\\n")
for number in range(200): print("line", number)
"""

UNTIL_STOPPED = """
import signal, sys, time
with open("/opt/ml/model/runs.txt", "a") as runs: runs.write("run\\n")
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("until stopped", flush=True)
while True: signal.pause()
"""


def in_spite_of_the_crash(call, **arguments) -> None:
    """Calls a server that may die while it answers."""
    with contextlib.suppress(BotoCoreError, ConnectionError):
        call(**arguments)


def again(call, **arguments) -> None:
    """The client's retry: the first call may have been carried out."""
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] in ("ResourceInUse", "ValidationException")


def ran_once(training: Training, job: dict) -> None:
    assert training.artifact(job) == {"runs.txt": b"run\n"}


@pytest.mark.parametrize("failpoint", COMMITS + EFFECTS + RECORDS)
def test_a_job_completes_once_over_a_crash(new_server, failpoint):
    server = new_server().start(CLARY_FAILPOINT=failpoint)
    training = Training(server)
    request = training.request(ONCE, name="once")
    in_spite_of_the_crash(training.sagemaker.create_training_job, **request)
    server.wait_for_end()
    server.start()
    again(training.sagemaker.create_training_job, **request)
    job = training.wait("once")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    ran_once(training, job)
    lines = [line for line in training.lines("once") if line.startswith("line ")]
    assert lines == [f"line {number}" for number in range(200)]


PROCESSING = ["after-commit-create", "before-submit", "after-submit", "before-commit-scriptstarted", "after-take",
              "before-commit-scriptended", "before-commit-hostcompleted", "after-commit-hostcompleted", "after-remove"]


@pytest.mark.parametrize("failpoint", PROCESSING)
def test_a_processing_job_completes_once_over_a_crash(new_server, failpoint):
    server = new_server().start(CLARY_FAILPOINT=failpoint)
    processing = Processing(server)
    request = processing.request(ONCE.replace("/opt/ml/model", "/opt/ml/processing/output"), name="once")
    in_spite_of_the_crash(processing.sagemaker.create_processing_job, **request)
    server.wait_for_end()
    server.start()
    again(processing.sagemaker.create_processing_job, **request)
    job = processing.wait("once")
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    assert processing.objects("once/output/") == {"runs.txt": b"run\n"}
    lines = [line for line in processing.lines("once") if line.startswith("line ")]
    assert lines == [f"line {number}" for number in range(200)]


@pytest.mark.parametrize("failpoint", STOPS)
def test_a_stop_survives_a_crash(new_server, failpoint):
    server = new_server().start(CLARY_FAILPOINT=failpoint)
    training = Training(server)
    name = training.submit(UNTIL_STOPPED)
    training.wait_for_line(name, "until stopped")
    in_spite_of_the_crash(training.sagemaker.stop_training_job, TrainingJobName=name)
    server.wait_for_end()
    server.start()
    again(training.sagemaker.stop_training_job, TrainingJobName=name)
    job = training.wait(name)
    assert job["TrainingJobStatus"] == "Stopped", job.get("FailureReason")
    ran_once(training, job)


def test_a_failing_script_fails_once_over_a_crash(new_server):
    server = new_server().start(CLARY_FAILPOINT="before-commit-hostfailed")
    training = Training(server)
    name = training.submit("raise SystemExit(5)")
    server.wait_for_end()
    server.start()
    job = training.wait(name)
    assert "ExitCode 5" in job["FailureReason"]


def test_objects_that_were_acknowledged_are_there_after_a_kill(new_server):
    server = new_server().start()
    s3 = server.client("s3")
    s3.create_bucket(Bucket="kept")
    for number in range(50):
        s3.put_object(Bucket="kept", Key=f"{number}", Body=b"x" * (number * 1000))
    server.kill()
    server.start()
    for number in range(50):
        assert len(s3.get_object(Bucket="kept", Key=f"{number}")["Body"].read()) == number * 1000
