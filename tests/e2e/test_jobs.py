"""Training jobs through boto3: what the script sees, and what is kept of it."""

import json
import resource

import pytest
from training import BUCKET, Training

SHOW = """
import json, os, pathlib, sys
root = pathlib.Path("/opt/ml/input/data")
files = {str(p.relative_to(root)): p.read_text() for p in sorted(root.rglob("*")) if p.is_file()}
shown = {"argv": sys.argv[1:], "cwd": os.getcwd(), "files": files, "host": os.uname().nodename,
         "environment": {k: v for k, v in os.environ.items() if k.startswith("SM_")}}
pathlib.Path(os.environ["SM_MODEL_DIR"], "shown.json").write_text(json.dumps(shown))
pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"], "notes.txt").write_text("kept")
print("a line of the script")
print("a line of its stderr", file=sys.stderr)
"""


@pytest.fixture(scope="module")
def shown(training):
    """A finished job of SHOW: its description, and what it saw."""
    for key, body in {"in/a/1.txt": "one", "in/a/sub/2.txt": "two", "in/ab/3.txt": "three", "in/single": "four"}.items():
        training.s3.put_object(Bucket=BUCKET, Key=key, Body=body.encode())
    job = training.run(SHOW, channels={"train": f"s3://{BUCKET}/in/a", "one": f"s3://{BUCKET}/in/single"},
                       hyperparameters={"epochs": 10, "lr": 0.5, "flag": True, "name": "a b"})
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    return job, json.loads(training.artifact(job)["shown.json"])


@pytest.mark.smoke
def test_the_script_gets_its_hyperparameters_as_arguments(shown):
    assert shown[1]["argv"] == ["--epochs", "10", "--flag", "True", "--lr", "0.5", "--name", "a b"]


def test_the_script_runs_where_it_would_on_aws(shown):
    environment = shown[1]["environment"]
    assert (shown[1]["cwd"], shown[1]["host"]) == ("/opt/ml/code", "algo-1")
    assert environment["SM_HOSTS"] == '["algo-1"]'
    assert environment["SM_CHANNEL_TRAIN"] == "/opt/ml/input/data/train"
    assert json.loads(environment["SM_CHANNELS"]) == ["one", "train"]
    assert json.loads(environment["SM_HPS"]) == {"epochs": 10, "flag": True, "lr": 0.5, "name": "a b"}


def test_a_prefix_is_a_string_prefix_and_one_object_keeps_its_name(shown):
    assert shown[1]["files"] == {
        "train/1.txt": "one", "train/sub/2.txt": "two", "train/ab/3.txt": "three", "one/single": "four"}


def test_a_script_may_open_as_many_files_as_the_server_s_starter(new_server):
    limit = 777  # the server raises its own to the hard one
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] > limit
    training = Training(new_server(prefix=("bash", "-c", f'ulimit -Sn {limit}; exec "$@"', "bash")).start())
    job = training.run("import resource; print('limit', resource.getrlimit(resource.RLIMIT_NOFILE)[0])")
    assert f"limit {limit}" in training.lines(job["TrainingJobName"]), job.get("FailureReason")


def test_outputs_stand_where_aws_puts_them(training, shown):
    job = shown[0]
    name = job["TrainingJobName"]
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{BUCKET}/output/{name}/output/model.tar.gz"
    assert training.artifact(job, "output.tar.gz") == {"notes.txt": b"kept"}


def test_the_lines_of_both_streams_are_in_the_log(training, shown):
    lines = training.lines(shown[0]["TrainingJobName"])
    assert "a line of the script" in lines
    assert "a line of its stderr" in lines


def test_the_description_has_what_clients_read(training, shown):
    job = shown[0]
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Completed"
    assert job["HyperParameters"]["name"] == '"a b"'
    assert job["OutputDataConfig"]["KmsKeyId"] == ""
    assert job["TrainingJobArn"].endswith(f":training-job/{job['TrainingJobName']}")
    assert job["CreationTime"] <= job["TrainingStartTime"] <= job["TrainingEndTime"] <= job["LastModifiedTime"]
    assert job["TrainingTimeInSeconds"] >= 1
    statuses = [transition["Status"] for transition in job["SecondaryStatusTransitions"]]
    assert statuses[-4:] == ["Downloading", "Training", "Uploading", "Completed"]
    assert all(transition["StatusMessage"] for transition in job["SecondaryStatusTransitions"])


def test_what_a_job_writes_into_its_channel_does_not_change_the_bucket(training):
    training.s3.put_object(Bucket=BUCKET, Key="kept/file.txt", Body=b"as it was")
    write = "open('/opt/ml/input/data/train/file.txt', 'a').write(' and more'); open('/opt/ml/input/data/train/new', 'w')"
    read = "import os; print(open('/opt/ml/input/data/train/file.txt').read(), os.listdir('/opt/ml/input/data/train'))"
    channels = {"train": f"s3://{BUCKET}/kept/"}
    assert training.run(write, channels=channels)["TrainingJobStatus"] == "Completed"
    again = training.run(read, channels=channels)
    assert "as it was ['file.txt']" in training.lines(again["TrainingJobName"])
    assert training.s3.get_object(Bucket=BUCKET, Key="kept/file.txt")["Body"].read() == b"as it was"


@pytest.mark.smoke
def test_a_failed_job_names_the_exception_and_its_line(training):
    job = training.run("def learn():\n    raise ValueError('no such rate')\n\nlearn()\n")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Failed", "Failed")
    reason = job["FailureReason"]
    assert reason.startswith("AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage \"")
    assert "raise ValueError('no such rate')" in reason and "ValueError: no such rate" in reason
    assert reason.endswith(", exit code: 1")
    assert "ValueError: no such rate" in training.lines(job["TrainingJobName"])


def package(name: str, text: str) -> dict[str, str]:
    """The files of a package that builds itself, so that pip needs no network."""
    return {
        f"{name}.py": text,
        "setup.py": "",
        "pyproject.toml": "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n",
        "backend.py": BACKEND.replace("NAME", name),
    }


BACKEND = """
import pathlib, zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(pathlib.Path(folder, "NAME-1-py3-none-any.whl"), "w") as wheel:
        wheel.write("NAME.py")
        wheel.writestr("NAME-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: NAME\\nVersion: 1\\n")
        wheel.writestr("NAME-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("NAME-1.dist-info/RECORD", "NAME.py,,\\n")
    return "NAME-1-py3-none-any.whl"
"""


def test_a_shell_script_is_an_entry_point(training):
    job = training.run(entry="run.sh", files={"run.sh": "#!/bin/sh\necho \"from the shell $*\"\n"}, hyperparameters={"n": 3})
    assert "from the shell --n 3" not in training.lines(job["TrainingJobName"])  # one letter: one hyphen
    assert "from the shell -n 3" in training.lines(job["TrainingJobName"])


def test_a_package_is_an_entry_point(training):
    files = package("mine", "import sys\nprint('from the package', sys.argv[1:])\n")
    job = training.run(entry="mine.py", files=files, hyperparameters={"depth": 2})
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert "from the package ['--depth', '2']" in training.lines(job["TrainingJobName"])


def test_requirements_are_installed_before_the_script(training):
    tiny = package("tiny", "WORD = 'found'\n")
    files = {"requirements.txt": "./tiny\n", **{f"tiny/{name}": text for name, text in tiny.items()}}
    job = training.run("import tiny; print('tiny', tiny.WORD)", files=files)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert "tiny found" in training.lines(job["TrainingJobName"])


def test_requirements_that_cannot_be_met_fail_the_job(training):
    job = training.run("print('not reached')", files={"requirements.txt": "./absent\n"})
    assert job["FailureReason"].startswith("AlgorithmError: InstallRequirementsError:\nExitCode 1")
    assert "not reached" not in training.lines(job["TrainingJobName"])
