"""Inside a job: what it must not reach, and what it must."""

import json
import os
import pathlib
import socket

import pytest
from training import BUCKET

PROBE = """
import json, os, pathlib, socket, sys
asked = json.loads(os.environ["ASKED"])

def connects(family, address):
    try:
        with socket.socket(family) as probe:
            probe.settimeout(2)
            probe.connect(tuple(address) if isinstance(address, list) else address)
        return True
    except OSError:
        return False

def readable(path):
    try:
        os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(1)
        return True
    except OSError:
        return False

found = {
    "ports": [a for a in asked["ports"] if connects(socket.AF_INET, a)],
    "abstract": [a for a in asked["abstract"] if connects(socket.AF_UNIX, "\\0" + a)],
    "files": [path for path in asked["files"] if readable(path)],
    "processes": sorted({(pathlib.Path("/proc", p, "comm").read_text().strip()) for p in os.listdir("/proc") if p.isdigit()}),
    "capabilities": [l.split()[1] for l in open("/proc/self/status") if l.startswith("CapEff")][0],
    "hook": "sitecustomize" in sys.modules and "clary" in str(sys.modules["sitecustomize"]),
    "variables": sorted(k for k in os.environ if k.startswith("AWS_") or k == "PYTHONPATH"),
}
pathlib.Path("/opt/ml/model/found.json").write_text(json.dumps(found))
"""

HOLD = """
import pathlib, signal, socket, sys, time
tcp = socket.create_server(("0.0.0.0", 7777)); local = socket.socket(socket.AF_UNIX)
local.bind("\\0clary-job"); local.listen()
pathlib.Path("/tmp/of-the-other-job").write_text("secret")
pathlib.Path("/dev/shm/of-the-other-job").write_text("secret")
print("holding", flush=True)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
while True: time.sleep(0.1)
"""


@pytest.fixture(scope="module")
def found(server, training):
    """What a job finds while another one holds a port and sockets, and this process holds some on the machine."""
    tcp = socket.create_server(("127.0.0.1", 0))
    abstract = socket.socket(socket.AF_UNIX)
    abstract.bind("\0clary-machine")
    abstract.listen()
    port = tcp.getsockname()[1]
    other = training.submit(HOLD)
    training.wait_for_line(other, "holding")
    hosts = ["127.0.0.1", "10.77.0.1", "10.77.0.2", "10.77.0.3", "10.0.2.2", "10.0.2.3"]
    asked = {
        "ports": [[host, number] for host in hosts for number in (7777, port)] + [["169.254.169.254", 80]],
        "abstract": ["clary-machine", "clary-job"],
        "files": [str(server.data), str(server.data / "keys/root.json"), str(server.data / "gangs"),
                  str(server.data / "hostlink.sock"), str(server.log), str(pathlib.Path.home()), "/root", "/home",
                  "/tmp/of-the-other-job", "/dev/shm/of-the-other-job", "/etc/shadow", "/var/log", "/run", "/sys/firmware",
                  str(pathlib.Path(__file__))],
    }
    job = training.run(PROBE, Environment={"ASKED": json.dumps(asked)})
    training.sagemaker.stop_training_job(TrainingJobName=other)
    training.wait(other)
    tcp.close()
    abstract.close()
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    return json.loads(training.artifact(job)["found.json"])


def test_no_port_of_another_job_or_of_the_machine_is_reached(found):
    assert found["ports"] == []


def test_no_abstract_socket_is_reached(found):
    assert found["abstract"] == []


def test_no_file_of_the_server_the_user_or_another_job_is_read(found):
    assert found["files"] == []


def test_only_its_own_processes_are_seen(found):
    assert "clary" not in found["processes"]
    assert len(found["processes"]) <= 4


def test_it_has_no_capabilities(found):
    assert int(found["capabilities"], 16) == 0


def test_the_client_hook_is_not_there(found):
    assert not found["hook"]
    assert "AWS_SECRET_ACCESS_KEY" not in found["variables"]


CALLS = """
import boto3, json, pathlib
from botocore.exceptions import ClientError
def tried(service, call, **arguments):
    try:
        getattr(boto3.client(service), call)(**arguments)
        return "allowed"
    except ClientError as error:
        return error.response["Error"]["Code"]
result = {
    "identity": tried("sts", "get_caller_identity"),
    "put": tried("s3", "put_object", Bucket="tests", Key="from/the/job", Body=b"x"),
    "create job": tried("sagemaker", "create_training_job", TrainingJobName="no", RoleArn="arn:aws:iam::000000000000:role/R",
        AlgorithmSpecification={"TrainingInputMode": "File", "TrainingImage": "i"}, OutputDataConfig={"S3OutputPath": "s3://b"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 1}),
    "role": tried("iam", "get_role", RoleName="SageMakerRole"),
}
keys = boto3.Session().get_credentials().get_frozen_credentials()
result["keys"] = [keys.access_key, keys.secret_key, keys.token]
pathlib.Path("/opt/ml/model/result.json").write_text(json.dumps(result))
"""


def test_a_jobs_credentials_reach_data_and_end_with_the_job(server, training):
    job = training.run(CALLS)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    result = json.loads(training.artifact(job)["result.json"])
    assert (result["put"], result["identity"]) == ("allowed", "allowed")
    assert {result["create job"], result["role"]} <= {"AccessDenied", "AccessDeniedException"}
    assert training.s3.get_object(Bucket=BUCKET, Key="from/the/job")["Body"].read() == b"x"
    access, secret, token = result["keys"]
    outside = server.client("s3", aws_access_key_id=access, aws_secret_access_key=secret, aws_session_token=token)
    with pytest.raises(outside.exceptions.ClientError):
        outside.list_objects_v2(Bucket=BUCKET)
    assert secret not in " ".join(training.lines(job["TrainingJobName"]))


PUTS = """
import boto3, time
s3 = boto3.client("s3")
for number in range(40):
    s3.put_object(Bucket="tests", Key=f"restart/{number}", Body=b"x")
    print("put", number, flush=True)
    time.sleep(0.05)
"""


def test_put_object_in_a_job_waits_while_the_server_is_killed_and_started_again(new_server):
    from training import Training
    server = new_server().start()
    training = Training(server)
    name = training.submit(PUTS)
    training.wait_for_line(name, "put 3")
    server.kill()
    server.start()
    job = training.wait(name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    keys = training.s3.list_objects_v2(Bucket=BUCKET, Prefix="restart/")["KeyCount"]
    assert keys == 40
    lines = training.lines(name)
    assert [line for line in lines if line.startswith("put ")] == [f"put {number}" for number in range(40)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only a server that runs as root has another user to run jobs as")
def test_a_server_started_as_root_runs_jobs_as_somebody_else(training):
    job = training.run("import pathlib, time; pathlib.Path('/opt/ml/model/x').touch(); print('made', flush=True)")
    assert job["TrainingJobStatus"] == "Completed"
    name = training.submit(HOLD)
    training.wait_for_line(name, "holding")
    owners = {os.stat(f"/proc/{pid}").st_uid for pid in os.listdir("/proc") if pid.isdigit() and runs_train(pid)}
    training.sagemaker.stop_training_job(TrainingJobName=name)
    training.wait(name)
    assert owners == {65534}


def runs_train(pid: str) -> bool:
    try:
        return pathlib.Path("/proc", pid, "cmdline").read_bytes().split(b"\0")[1:3] == [b"--", b"train.py"]
    except OSError:
        return False
