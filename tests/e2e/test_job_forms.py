"""The forms a job takes on one host: checkpoints, programs of its own, manifests, packed data, file systems, plain outputs."""

import gzip
import json
import shutil

import pytest
from botocore.exceptions import ClientError
from training import BUCKET, IMAGE, wait_until

from conftest import CONFIG

FILE_SYSTEM = "fs-0123456789abcdef0"
UP_UNTIL_STOPPED = "import signal\nprint('up', flush=True)\nsignal.pause()\n"


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shared")
    (folder / "data" / "sub").mkdir(parents=True)
    (folder / "data" / "sub" / "x.txt").write_text("from the file system")
    for path in [folder, *folder.parents][:3]:  # pytest's own folders are for the tester alone; jobs are somebody else
        path.chmod(0o755)
    for path in [folder / "data", folder / "data" / "sub"]:
        path.chmod(0o777)
    return folder


@pytest.fixture(scope="module")
def forms(tmp_path_factory, shared_folder):
    """Training on a server that knows a file system."""
    from clary_server import Server
    from training import Training

    config = f'{CONFIG}[filesystems]\n{FILE_SYSTEM} = "{shared_folder}"\n'
    running = Server(tmp_path_factory.mktemp("forms") / "data", config=config).start()
    yield Training(running)
    assert running.stop() == 0
    running.end_hosts()


def keys(training, prefix: str) -> list[str]:
    found = training.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
    return sorted(each["Key"].removeprefix(prefix) for each in found)


def put(training, objects: dict[str, bytes | str]) -> None:
    for key, body in objects.items():
        training.s3.put_object(Bucket=BUCKET, Key=key, Body=body)


def channel(name: str, uri: str, kind: str = "S3Prefix", **more) -> dict:
    return {"ChannelName": name, "DataSource": {"S3DataSource": {
        "S3DataType": kind, "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}}, **more}


SHOW_TRAIN = ("import pathlib\nroot = pathlib.Path('/opt/ml/input/data/train')\n"
              "print({str(p.relative_to(root)): p.read_text() for p in sorted(root.rglob('*')) if p.is_file()})\n")

KEEP = """
import boto3, pathlib
folder = pathlib.Path("/opt/ml/checkpoints")
print("found", sorted(p.name for p in folder.iterdir()), flush=True)
(folder / "epoch-1.pt").write_text("one")
(folder / "sub").mkdir()
(folder / "sub" / "state").write_text("s")
boto3.client("s3").get_waiter("object_exists").wait(Bucket="tests", Key="ckpt/seen", WaiterConfig={"Delay": 1})
(folder / "epoch-1.pt").unlink()
(folder / "epoch-2.pt").write_text("two")
"""


def test_checkpoints_are_restored_and_saved_while_the_job_runs(forms):
    put(forms, {"ckpt/run/epoch-0.pt": "zero", "ckpt/run-2/other.pt": "no"})
    where = {"S3Uri": f"s3://{BUCKET}/ckpt/run"}
    name = forms.submit(KEEP, CheckpointConfig=where)
    wait_until(lambda: "epoch-1.pt" in keys(forms, "ckpt/run/"), 30, "the checkpoint while the job runs")
    assert forms.describe(name)["TrainingJobStatus"] == "InProgress"
    put(forms, {"ckpt/seen": ""})
    job = forms.wait(name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert job["CheckpointConfig"] == where
    assert "found ['epoch-0.pt']" in forms.lines(name)
    # What the script deletes stays, as on AWS.
    assert keys(forms, "ckpt/run/") == ["epoch-0.pt", "epoch-1.pt", "epoch-2.pt", "sub/state"]
    again = forms.run("import os; print(sorted(os.listdir('/tmp/mine')))",
                      CheckpointConfig={**where, "LocalPath": "/tmp/mine"})
    assert "['epoch-0.pt', 'epoch-1.pt', 'epoch-2.pt', 'sub']" in forms.lines(again["TrainingJobName"])


# Writes a file once the bucket is gone.
SAVE_TOO_LATE = """
import boto3, pathlib
print("waits", flush=True)
boto3.client("s3").get_waiter("bucket_not_exists").wait(Bucket="fleeting", WaiterConfig={"Delay": 1})
pathlib.Path("FILE").write_text("late")
"""


def test_a_checkpoint_that_cannot_be_saved_is_an_event(forms):
    forms.s3.create_bucket(Bucket="fleeting")
    name = forms.submit(SAVE_TOO_LATE.replace("FILE", "/opt/ml/checkpoints/a"), CheckpointConfig={"S3Uri": "s3://fleeting/c"})
    forms.wait_for_line(name, "waits")
    forms.s3.delete_bucket(Bucket="fleeting")
    assert forms.wait(name)["TrainingJobStatus"] == "Completed"
    assert "Checkpoints could not be saved to s3://fleeting/c: " in forms.server.cli("describe", name).stdout


@pytest.mark.parametrize("config, reason", [
    ({"S3Uri": "s3://no-such-bucket-here/c"}, 'ClientError: The bucket "no-such-bucket-here" of CheckpointConfig.S3Uri'),
    ({"S3Uri": f"s3://{BUCKET}/c", "LocalPath": "/opt/ml/input/data"},
     "ClientError: CheckpointConfig.LocalPath '/opt/ml/input/data'"),
    ({"S3Uri": f"s3://{BUCKET}/c", "LocalPath": "/etc/mine"}, "ClientError: CheckpointConfig.LocalPath '/etc/mine'"),
])
def test_checkpoints_that_cannot_be_kept_fail_the_job(forms, config, reason):
    assert forms.run("print(1)", CheckpointConfig=config)["FailureReason"].startswith(reason)


def test_a_checkpoint_uri_that_is_none_is_refused(forms):
    with pytest.raises(ClientError, match="CheckpointConfig.S3Uri"):
        forms.submit("print(1)", CheckpointConfig={"S3Uri": "https://b/c"})


def command(entry: list[str], arguments: list[str] | None = None) -> dict:
    algorithm = {"TrainingInputMode": "File", "TrainingImage": IMAGE, "ContainerEntrypoint": entry}
    return {**algorithm, **({"ContainerArguments": arguments} if arguments else {})}


def test_a_program_of_ones_own_takes_the_place_of_the_images(forms):
    put(forms, {"mine/go.py": "import os, sys, json\nprint('mine', sys.argv[1:], os.getcwd(), 'SM_HOSTS' in os.environ)\n"
                              "print('torch' if __import__('torch') else '')\n"})
    job = forms.run("never", AlgorithmSpecification=command(["python3", "/opt/ml/input/data/code/go.py"], ["a", "b c"]),
                    InputDataConfig=[channel("code", f"s3://{BUCKET}/mine/")])
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert "mine ['a', 'b c'] /opt/ml False" in forms.lines(job["TrainingJobName"])
    assert job["AlgorithmSpecification"]["ContainerArguments"] == ["a", "b c"]


@pytest.mark.parametrize("line, reason", [
    ("exit 3", "AlgorithmError: , exit code: 3"),
    ("echo too little sugar > /opt/ml/output/failure; exit 4", "AlgorithmError: too little sugar, exit code: 4"),
    ("kill -11 $$", "AlgorithmError: It was ended by SIGSEGV (Segmentation fault), exit code: 139"),
])
def test_its_exit_code_is_the_jobs(forms, line, reason):
    assert forms.run("", AlgorithmSpecification=command(["/bin/sh", "-c", line]))["FailureReason"] == reason


def test_a_program_that_is_not_there_is_named(forms):
    for program in ("/no/such/program", "nosuch"):
        job = forms.run("", AlgorithmSpecification=command([program]))
        assert job["FailureReason"] == f"ClientError: the job has no command '{program}'"


def test_arguments_without_a_program_are_refused(forms):
    algorithm = command(["x"], ["y"])
    del algorithm["ContainerEntrypoint"]
    with pytest.raises(ClientError, match="need an AlgorithmSpecification.ContainerEntrypoint"):
        forms.submit("", AlgorithmSpecification=algorithm)


def manifest(entries: list) -> bytes:
    return json.dumps(entries).encode()


def test_a_manifest_names_the_objects_of_a_channel(forms):
    put(forms, {"m/data/a.csv": "1", "m/data/d/b.csv": "2", "m/data/left-out": "3",
                "m/list": manifest([{"prefix": f"s3://{BUCKET}/m/data/"}, "a.csv", "d/b.csv"])})
    job = forms.run(SHOW_TRAIN, InputDataConfig=[channel("train", f"s3://{BUCKET}/m/list", "ManifestFile")])
    assert "{'a.csv': '1', 'd/b.csv': '2'}" in forms.lines(job["TrainingJobName"]), job.get("FailureReason")


@pytest.mark.parametrize("body, reason", [
    (None, 'ClientError: No S3 objects found under S3 URL "s3://tests/bad/list"'),
    (b"prefix, a, b", "ClientError: Data download failed: manifest 's3://tests/bad/list': not JSON"),
    (manifest(["a"]), "ClientError: Data download failed: manifest 's3://tests/bad/list': not a list that begins with"),
    (manifest([{"prefix": "s3://tests/m/data/"}, "absent"]), "ClientError: Data download failed: manifest 's3://tests/bad/list'"),
    (manifest([{"prefix": "s3://tests/m/data/"}, "../../../etc/x"]), "ClientError: Data download failed: manifest "
                                                                     "'s3://tests/bad/list': entry 1"),
])
def test_a_bad_manifest_fails_the_job(forms, body, reason):
    forms.s3.delete_object(Bucket=BUCKET, Key="bad/list")
    if body is not None:
        put(forms, {"bad/list": body})
    job = forms.run("print(1)", InputDataConfig=[channel("train", f"s3://{BUCKET}/bad/list", "ManifestFile")])
    assert job["FailureReason"].startswith(reason)


def test_packed_objects_are_unpacked(forms):
    put(forms, {"gz/a.csv.gz": gzip.compress(b"one") + gzip.compress(b" two"), "gz/plain-name": gzip.compress(b"three")})
    job = forms.run(SHOW_TRAIN, InputDataConfig=[channel("train", f"s3://{BUCKET}/gz/", CompressionType="Gzip")])
    assert "{'a.csv': 'one two', 'plain-name': 'three'}" in forms.lines(job["TrainingJobName"]), job.get("FailureReason")


@pytest.mark.parametrize("body, reason", [(b"no gzip at all", "not a gzip"), (gzip.compress(b"x" * 9000)[:-9], "ends early")])
def test_a_bad_gzip_fails_the_job(forms, body, reason):
    put(forms, {"badgz/a.gz": body})
    packed = channel("train", f"s3://{BUCKET}/badgz/", CompressionType="Gzip")
    failure = forms.run("print(1)", InputDataConfig=[packed])["FailureReason"]
    assert failure.startswith("ClientError: Data download failed: object 's3://tests/badgz/a.gz': ") and reason in failure


def test_records_are_not_wrapped(forms):
    with pytest.raises(ClientError, match="RecordIO"):
        forms.submit("", InputDataConfig=[channel("train", f"s3://{BUCKET}/gz/", RecordWrapperType="RecordIO")])


def file_system(identifier: str = FILE_SYSTEM, directory: str = "/data", mode: str = "ro", kind: str = "EFS") -> dict:
    return {"ChannelName": "train", "DataSource": {"FileSystemDataSource": {
        "FileSystemId": identifier, "FileSystemType": kind, "DirectoryPath": directory, "FileSystemAccessMode": mode}}}


WRITE = ("try:\n    open('/opt/ml/input/data/train/sub/new.txt', 'w').write('w'); print('written')\n"
         "except OSError as error:\n    print('refused', error.errno)\n")


def test_a_file_system_is_a_folder_read_only_where_asked(forms, shared_folder):
    job = forms.run(SHOW_TRAIN + WRITE, InputDataConfig=[file_system()])
    lines = forms.lines(job["TrainingJobName"])
    assert "{'sub/x.txt': 'from the file system'}" in lines and "refused 30" in lines, job.get("FailureReason")
    job = forms.run(WRITE, InputDataConfig=[file_system(mode="rw", kind="FSxLustre")])
    assert "written" in forms.lines(job["TrainingJobName"])
    assert (shared_folder / "data" / "sub" / "new.txt").read_text() == "w"


@pytest.mark.parametrize("source, reason", [
    (file_system("fs-0123456789abcdef1"), f"does not name it; did you mean '{FILE_SYSTEM}'?"),
    (file_system(directory="/absent"), "has no directory '/absent'"),
    (file_system(directory="/data/../../.."), "leads out of it"),
])
def test_a_file_system_that_is_not_there_fails_the_job(forms, source, reason):
    failure = forms.run("print(1)", InputDataConfig=[source])["FailureReason"]
    assert failure.startswith("ClientError: Unable to mount file system 'fs-") and reason in failure


def test_outputs_can_stay_uncompressed(forms):
    script = ("import pathlib\npathlib.Path('/opt/ml/model/code').mkdir()\n"
              "pathlib.Path('/opt/ml/model/code/i.py').write_text('i')\n"
              "pathlib.Path('/opt/ml/model/w.pt').write_text('w')\npathlib.Path('/opt/ml/output/data/n.txt').write_text('n')\n")
    job = forms.run(script, OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/plain/", "CompressionType": "NONE"})
    name = job["TrainingJobName"]
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{BUCKET}/plain/{name}/output/model/"
    assert keys(forms, f"plain/{name}/output/") == ["data/n.txt", "model/code/i.py", "model/w.pt"]
    assert job["OutputDataConfig"]["CompressionType"] == "NONE"


def test_a_model_outlives_its_output_bucket(forms):
    forms.s3.create_bucket(Bucket="fleeting")
    name = forms.submit(SAVE_TOO_LATE.replace("FILE", "/opt/ml/model/m"), OutputDataConfig={"S3OutputPath": "s3://fleeting/out"})
    forms.wait_for_line(name, "waits")
    forms.s3.delete_bucket(Bucket="fleeting")
    job = forms.wait(name)
    [place] = (forms.server.data / "kept").iterdir()
    assert job["TrainingJobStatus"] == "Failed"
    assert "Artifact upload failed: " in job["FailureReason"] and f"/kept/{place.name}'" in job["FailureReason"]
    assert (place / "model" / "m").read_text() == "late"
    assert f"/kept/{place.name}', for 7 days at most" in forms.server.cli("describe", name).stdout


def test_the_code_channel_serves_an_isolated_job(forms):
    request = forms.request("print('isolated and running')", name="isolated-code")
    source = request["HyperParameters"]["sagemaker_submit_directory"]
    request["HyperParameters"]["sagemaker_submit_directory"] = '"/opt/ml/input/data/code/sourcedir.tar.gz"'
    request["InputDataConfig"] = [channel("code", json.loads(source).rsplit("/", 1)[0] + "/")]
    request["EnableNetworkIsolation"] = True
    forms.sagemaker.create_training_job(**request)
    job = forms.wait("isolated-code")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert "isolated and running" in forms.lines("isolated-code")


RESUME = """
import pathlib, signal
mark = pathlib.Path("/opt/ml/checkpoints/mark")
print("resumed" if mark.exists() else "fresh", flush=True)
if not mark.exists():
    mark.write_text("here")
    signal.pause()
"""


def test_a_lost_host_is_started_again_from_its_checkpoint(forms):
    retry = {"MaximumRetryAttempts": 1}
    name = forms.submit(RESUME, RetryStrategy=retry, CheckpointConfig={"S3Uri": f"s3://{BUCKET}/retry"})
    wait_until(lambda: keys(forms, "retry/") == ["mark"], 30, "the checkpoint of the first attempt")
    forms.server.end_hosts()
    job = forms.wait(name)
    assert (job["TrainingJobStatus"], job["RetryStrategy"]) == ("Completed", retry), job.get("FailureReason")
    lines = forms.lines(name)
    assert "fresh" in lines and "resumed" in lines
    messages = [step["StatusMessage"] for step in job["SecondaryStatusTransitions"]]
    assert any(message.startswith("Restarting the training job, attempt 2 of 2: ") for message in messages), messages


def test_without_attempts_left_a_lost_host_fails_the_job(forms):
    name = forms.submit(UP_UNTIL_STOPPED)
    forms.wait_for_line(name, "up")
    forms.server.end_hosts()
    assert forms.wait(name)["FailureReason"].startswith("InternalServerError: host lost")


def test_the_profiler_of_a_running_job_can_be_updated(forms):
    name = forms.submit(UP_UNTIL_STOPPED, ProfilerConfig={"S3OutputPath": f"s3://{BUCKET}/p"})
    forms.wait_for_line(name, "up")
    forms.sagemaker.update_training_job(TrainingJobName=name, ProfilerConfig={"DisableProfiler": True})
    assert forms.describe(name)["ProfilerConfig"] == {"S3OutputPath": f"s3://{BUCKET}/p", "DisableProfiler": True}
    with pytest.raises(ClientError, match="clary exec"):
        forms.sagemaker.update_training_job(TrainingJobName=name, RemoteDebugConfig={"EnableRemoteDebug": True})
    forms.sagemaker.stop_training_job(TrainingJobName=name)
    forms.wait(name)
    with pytest.raises(ClientError, match="in status Stopped"):
        forms.sagemaker.update_training_job(TrainingJobName=name, ProfilerConfig={"DisableProfiler": True})


def test_a_priority_is_a_number(forms):
    with pytest.raises(ClientError, match="clary:priority"):
        forms.submit("print(1)", Tags=[{"Key": "clary:priority", "Value": "high"}])
    arn = forms.describe(forms.submit("print(1)"))["TrainingJobArn"]
    with pytest.raises(ClientError, match="clary:priority"):
        forms.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "clary:priority", "Value": "x"}])


def test_a_mode_that_nobody_has_is_told_those_that_there_are(forms):
    for mode, sentence in [("Blob", "failed to satisfy constraint: Member must satisfy enum value set"),
                           ("Pipe", "Clary does not stream inputs yet")]:
        algorithm = {"TrainingInputMode": mode, "TrainingImage": IMAGE}
        with pytest.raises(ClientError, match=sentence):
            forms.submit("print(1)", AlgorithmSpecification=algorithm)


def test_a_command_runs_inside_a_job(forms):
    name = forms.submit("import pathlib\npathlib.Path('/opt/ml/model/half').write_text('weights')\n" + UP_UNTIL_STOPPED,
                        hyperparameters={"lr": 0.5})
    forms.wait_for_line(name, "up")
    inside = ("pwd; hostname; id -u; echo $SM_HP_LR; cat /opt/ml/model/half; echo; ls /proc | grep -c '^[0-9]'; "
              "grep CapEff /proc/self/status")
    shown = forms.server.cli("exec", name, "--", "/bin/sh", "-c", inside).stdout.split()
    assert shown[:5] == ["/opt/ml/code", "algo-1", "0", "0.5", "weights"], shown
    assert int(shown[5]) < 10 and shown[-1] == "0000000000000000", "its processes and no capabilities"
    assert forms.server.cli("exec", name, "--", "sh", "-c", "exit 7", check=False).returncode == 7
    absent = forms.server.cli("exec", name, "--", "no-such-program", check=False)
    assert absent.returncode == 127 and "the job has no command 'no-such-program'" in absent.stderr
    forms.sagemaker.stop_training_job(TrainingJobName=name)
    forms.wait(name)
    ended = forms.server.cli("exec", name, check=False)
    assert ended.returncode == 1 and "no script runs now" in ended.stderr


def test_a_description_shows_and_draws_what_was_measured(forms, tmp_path):
    script = "import time\nfor i in range(3):\n    print(f'loss={3 - i}', flush=True); time.sleep(0.7)\n"
    job = forms.run(script, metrics=[{"Name": "loss", "Regex": "loss=([0-9.]+)"}])
    text = forms.server.cli("describe", job["TrainingJobName"]).stdout
    assert "CPUUtilization" in text and "first 3  last 1" in text
    picture = tmp_path / "job.png"
    drawn = forms.server.cli("describe", job["TrainingJobName"], "--plot", str(picture), check=False)
    if shutil.which("gnuplot"):
        assert picture.read_bytes().startswith(b"\x89PNG") and list(tmp_path.iterdir()) == [picture], drawn.stderr
    else:
        assert drawn.returncode == 1 and "apt-get install gnuplot-nox" in drawn.stderr
