"""The person at the terminal: `aws` version 1 and Clary's own commands."""

import json
import os
import pathlib
import subprocess
import sys

import pytest
from clary_server import CLARY

AWS = pathlib.Path(sys.executable).parent / "aws"


def aws(server, *arguments: object) -> str:
    done = subprocess.run([sys.executable, AWS, *map(str, arguments)], env=server.environment(), capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def finished(training):
    job = training.run("print('epoch 1 loss=0.5')", name="for-the-terminal", metrics=[
        {"Name": "loss", "Regex": "loss=([0-9.]+)"}])
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    return job


def test_aws_s3(server, tmp_path):
    (tmp_path / "tree/sub").mkdir(parents=True)
    (tmp_path / "tree/a.txt").write_text("a")
    (tmp_path / "tree/sub/big.bin").write_bytes(os.urandom(9_000_000))
    aws(server, "s3", "mb", "s3://terminal")
    aws(server, "s3", "cp", "--recursive", tmp_path / "tree", "s3://terminal/tree")
    listed = aws(server, "s3", "ls", "--recursive", "s3://terminal/")
    assert [line.split()[-1] for line in listed.splitlines()] == ["tree/a.txt", "tree/sub/big.bin"]
    assert aws(server, "s3", "sync", tmp_path / "tree", "s3://terminal/tree") == ""  # nothing has changed
    aws(server, "s3", "sync", "s3://terminal/tree", tmp_path / "back")
    assert (tmp_path / "back/sub/big.bin").read_bytes() == (tmp_path / "tree/sub/big.bin").read_bytes()
    aws(server, "s3", "rm", "s3://terminal/tree/a.txt")
    assert aws(server, "s3", "ls", "s3://terminal/tree/").split() == ["PRE", "sub/"]


def test_aws_s3_copies_and_versions(server, tmp_path):
    (tmp_path / "big.bin").write_bytes(os.urandom(9_000_000))  # above the threshold of copies in parts
    aws(server, "s3", "mb", "s3://copies")
    aws(server, "s3api", "put-bucket-versioning", "--bucket", "copies", "--versioning-configuration", "Status=Enabled")
    aws(server, "s3", "cp", tmp_path / "big.bin", "s3://copies/a.bin")
    aws(server, "s3", "mv", "s3://copies/a.bin", "s3://copies/b.bin")
    aws(server, "s3", "cp", "s3://copies/b.bin", tmp_path / "back.bin")
    assert (tmp_path / "back.bin").read_bytes() == (tmp_path / "big.bin").read_bytes()
    listed = json.loads(aws(server, "s3api", "list-object-versions", "--bucket", "copies"))
    assert [(entry["Key"], entry["IsLatest"]) for entry in listed["Versions"]] == [("a.bin", False), ("b.bin", True)]
    assert [entry["Key"] for entry in listed["DeleteMarkers"]] == ["a.bin"]


def test_aws_other_services(server, finished):
    assert json.loads(aws(server, "sts", "get-caller-identity"))["Account"] == "000000000000"
    assert json.loads(aws(server, "iam", "get-role", "--role-name", "SageMakerRole"))["Role"]["RoleName"] == "SageMakerRole"
    job = json.loads(aws(server, "sagemaker", "describe-training-job", "--training-job-name", "for-the-terminal"))
    assert job["TrainingJobStatus"] == "Completed"
    streams = json.loads(aws(server, "logs", "describe-log-streams", "--log-group-name", "/aws/sagemaker/TrainingJobs",
                             "--log-stream-name-prefix", "for-the-terminal/"))["logStreams"]
    assert streams[0]["logStreamName"].startswith("for-the-terminal/algo-1-")
    events = json.loads(aws(server, "logs", "get-log-events", "--log-group-name", "/aws/sagemaker/TrainingJobs",
                            "--log-stream-name", streams[0]["logStreamName"]))["events"]
    assert "epoch 1 loss=0.5" in [event["message"] for event in events]


@pytest.mark.parametrize("shell, line", [("bash", "export AWS_ENDPOINT_URL="), ("zsh", "export AWS_ENDPOINT_URL="),
                                         ("fish", "set -gx AWS_ENDPOINT_URL ")])
def test_env_for_each_shell(server, shell, line):
    shown = server.cli("env", "--shell", shell).stdout
    assert line in shown and server.url in shown


def test_env_names_the_hook_and_the_keys(server):
    environment = server.environment()
    hook = pathlib.Path(environment["PYTHONPATH"].split(":")[0])
    assert (hook / "sitecustomize.py").is_file()
    assert environment["AWS_ACCESS_KEY_ID"] and len(environment["AWS_SECRET_ACCESS_KEY"]) >= 16
    assert environment["AWS_DEFAULT_REGION"] == "us-east-1"


def test_jobs_describe_and_logs(server, finished):
    assert "for-the-terminal" in server.cli("jobs").stdout
    listed = json.loads(server.cli("jobs", "--json").stdout)
    assert "for-the-terminal" in json.dumps(listed)
    described = server.cli("describe", "for-the-terminal").stdout
    for word in ("Completed", "Downloading", "Training", "Uploading", "loss"):
        assert word in described
    assert json.loads(server.cli("describe", "for-the-terminal", "--json").stdout)
    assert "epoch 1 loss=0.5" in server.cli("logs", "for-the-terminal").stdout
    assert "epoch 1 loss=0.5" in server.cli("logs", "-f", "for-the-terminal").stdout
    assert "\x1b[" not in described  # colours only on a terminal


def test_stop(server, training):
    name = training.submit("import signal\nprint('on', flush=True)\nwhile True: signal.pause()\n")
    training.wait_for_line(name, "on\n"[:-1])
    server.cli("stop", name)
    assert training.wait(name)["TrainingJobStatus"] == "Stopped"


def test_what_is_not_there_has_an_exit_code_and_a_sentence(server):
    done = server.cli("describe", "nobody", check=False)
    assert done.returncode not in (0, 1) or done.stderr
    assert done.returncode != 0 and "nobody" in done.stderr
    assert subprocess.run([CLARY, "no-such-command"], capture_output=True).returncode != 0


def test_doctor_says_what_works(server):
    done = server.cli("doctor", check=False)
    for word in ("bubblewrap", "python"):
        assert word in done.stdout.lower()


def test_environments_are_listed(server):
    shown = server.cli("environments", "list").stdout
    assert "torch" in shown


def test_doctor_and_environments_read_the_settings(tmp_path):
    def run(*arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run([CLARY, *arguments, "--data", tmp_path], capture_output=True, text=True, timeout=60)

    (tmp_path / "clary.toml").write_text(
        f'listen = "127.0.0.1:4599"\n[jobs]\nsandbox = "process"\n[environments]\ndefault = "{sys.executable}"\n')
    first = json.loads(run("environments", "list", "--json").stdout)[0]
    assert first["python"] == sys.executable
    findings = {each["subject"]: each for each in json.loads(run("doctor", "--json").stdout)["findings"]}
    assert findings["settings"]["found"] == str(tmp_path / "clary.toml")
    assert "127.0.0.1:4599" in findings["server"]["found"]
    assert "process sandbox" in findings["bubblewrap"]["found"]

    (tmp_path / "clary.toml").write_text("listem = 1\n")
    listed = run("environments", "list")
    assert listed.returncode == 2 and "did you mean 'listen'" in listed.stderr
    told = run("doctor").stdout
    assert told.count("did you mean 'listen'") == 1 and "not looked at: the settings are broken" in told
    assert "apt-get install python3" not in told

    other = tmp_path / "other.toml"
    other.write_text('[environments]\ndefault = "mine"\n')
    findings = {each["subject"]: each for each in json.loads(run("doctor", "--json", "--config", other).stdout)["findings"]}
    assert findings["settings"]["found"] == str(other)
    assert findings["python"]["mend"] == "clary environments add mine PATH"
    refused = run("serve", "--config", other)
    assert refused.returncode == 2, refused
    assert f"{other}:2: setting 'environments.default': there is no environment 'mine'" in refused.stderr
    assert run("environments", "add", "mine", sys.executable, "--config", other).returncode == 0
    assert json.loads(run("environments", "--json", "--config", other).stdout)[0]["name"] == "mine"

    (tmp_path / "format").write_text("x\n")
    findings = {each["subject"]: each for each in json.loads(run("doctor", "--json").stdout)["findings"]}
    assert findings["data format"]["state"] == "broken"
