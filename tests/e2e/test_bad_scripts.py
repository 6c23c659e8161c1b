"""Scripts and archives that behave badly: each ends as it should, and the server answers on."""

import io
import tarfile

import pytest
from training import source_archive


def completed(job: dict) -> bool:
    return job["TrainingJobStatus"] == "Completed"


def test_a_child_that_never_ends_does_not_keep_the_job(training):
    job = training.run("""
import os, signal
if os.fork() == 0:
    os.setsid()
    while True: signal.pause()
print("the parent is done", flush=True)
""")
    assert completed(job), job.get("FailureReason")
    assert "the parent is done" in training.lines(job["TrainingJobName"])


def test_binary_output_is_kept_readable(training):
    job = training.run("""
import sys
sys.stdout.buffer.write(bytes(range(256)) * 20 + b"\\n")
print("after the bytes")
""")
    assert completed(job)
    assert "after the bytes" in training.lines(job["TrainingJobName"])


def test_a_flood_of_output_ends_and_its_last_line_is_there(training):
    """64 MB without a pause, and one line of 4 MB; a gigabyte was tried by hand."""
    job = training.run("""
import sys
for _ in range(64): sys.stdout.write(("x" * 99 + "\\n") * 10000)
sys.stdout.write("y" * 4_000_000 + "\\n")
print("the last line")
""")
    assert completed(job), job.get("FailureReason")
    assert training.server.get("/healthz")
    group, name = "/aws/sagemaker/TrainingJobs", job["TrainingJobName"]
    stream = training.logs_client.describe_log_streams(logGroupName=group, logStreamNamePrefix=name)["logStreams"][0]
    tail = training.logs_client.get_log_events(
        logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=False, limit=20)
    assert any(event["message"] == "the last line" for event in tail["events"])


def test_a_script_that_kills_its_parent(training):
    job = training.run("""
import os, signal
try:
    os.kill(os.getppid(), signal.SIGKILL)
except OSError as error:
    print("not killed:", error)
os.kill(-1, signal.SIGTERM)
""")
    assert job["TrainingJobStatus"] in ("Completed", "Failed")
    assert job["TrainingJobStatus"] == "Completed" or job["FailureReason"]


def test_a_script_that_deletes_its_working_directory(training):
    job = training.run("""
import shutil, pathlib
shutil.rmtree("/opt/ml/code", ignore_errors=True)
pathlib.Path("/opt/ml/model/kept.txt").write_text("kept")
""")
    assert completed(job), job.get("FailureReason")
    assert training.artifact(job) == {"kept.txt": b"kept"}


def test_a_script_that_replaces_the_model_folder_by_a_link(training):
    job = training.run("import os; os.rmdir('/opt/ml/model'); os.symlink('/etc', '/opt/ml/model')")
    if completed(job):
        assert "passwd" not in training.artifact(job)
    else:
        assert "/opt/ml/model" in job["FailureReason"]


def test_a_script_that_is_killed_says_by_what(training):
    job = training.run("import os; os.kill(os.getpid(), 9)")
    assert "ExitCode -9" in job["FailureReason"]


def test_an_entry_point_that_is_not_in_the_archive(training):
    job = training.run(entry="absent.py", files={"other.py": ""})
    assert job["TrainingJobStatus"] == "Failed"
    assert "ExitCode 2" in job["FailureReason"]


def test_an_output_bucket_that_disappears_fails_the_job_and_keeps_its_lines(training):
    training.s3.create_bucket(Bucket="vanishing")
    name = training.submit("""
import boto3
print("trained", flush=True)
boto3.client("s3").get_waiter("bucket_not_exists").wait(Bucket="vanishing", WaiterConfig={"Delay": 1})
""", OutputDataConfig={"S3OutputPath": "s3://vanishing/out"})
    training.wait_for_line(name, "trained")
    training.s3.delete_bucket(Bucket="vanishing")
    job = training.wait(name)
    assert job["TrainingJobStatus"] == "Failed"
    assert "vanishing" in job["FailureReason"]
    assert "trained" in training.lines(name)


def hostile(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        script = b"print('not reached')"
        for member_name, member_kind, data in ((name, kind, script), ("train.py", tarfile.REGTYPE, script)):
            member = tarfile.TarInfo(member_name)
            member.type, member.linkname = member_kind, target
            member.size = len(data) if member_kind == tarfile.REGTYPE else 0
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


@pytest.mark.parametrize("archive, said", [
    (hostile("../outside.py"), "outside.py"),
    (hostile("/absolute.py"), "absolute.py"),
    (hostile("link", tarfile.SYMTYPE, "/etc/passwd"), "link"),
    (hostile("link", tarfile.SYMTYPE, "../../../etc"), "link"),
    (hostile("hard", tarfile.LNKTYPE, "/etc/passwd"), "hard"),
    (hostile("device", tarfile.CHRTYPE), "device"),
    (b"this is not an archive", ""),
    (source_archive({"train.py": "pass"})[:-20], ""),
])
def test_an_archive_that_reaches_out_fails_the_job_by_member(training, archive, said):
    job = training.run(archive=archive)
    assert job["TrainingJobStatus"] == "Failed"
    assert said in job["FailureReason"]
    assert "not reached" not in training.lines(job["TrainingJobName"])


def test_an_archive_bomb_fails_the_job(training):
    class Zeros(io.RawIOBase):
        def read(self, size=-1):
            return bytes(size)

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo("zeros")
        member.size = 600 << 20
        archive.addfile(member, Zeros())
    assert len(buffer.getvalue()) < 1 << 20
    job = training.run(archive=buffer.getvalue())
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"]
