"""Processing jobs through boto3: inputs, outputs, the container's files, how they end, what is refused."""

import gzip
import json

import pytest
from botocore.exceptions import ClientError
from processing import CODE, OUT, s3_input, s3_output
from training import BUCKET, wait_until

COPY = """
import os, sys
print("arguments", sys.argv[1:], flush=True)
for folder, _, files in sorted(os.walk("/opt/ml/processing/input")):
    for name in sorted(files): print("input", os.path.join(folder, name))
os.makedirs("/opt/ml/processing/output/deep/er")
open("/opt/ml/processing/output/top.csv", "w").write("a,b\\n")
open("/opt/ml/processing/output/deep/er/x", "wb").write(bytes(range(256)))
"""


@pytest.mark.smoke
def test_a_job_reads_its_inputs_and_leaves_its_outputs(processing):
    processing.s3.put_object(Bucket=BUCKET, Key="raw/data/a.csv", Body=b"1")
    processing.s3.put_object(Bucket=BUCKET, Key="raw/data/sub/b.csv", Body=b"2")
    name = processing.submit(COPY, arguments=["--a", "1", ""],
                             inputs=[s3_input("raw", f"s3://{BUCKET}/raw/data", "/opt/ml/processing/input/raw/")])
    job = processing.wait(name)
    assert job["ProcessingJobStatus"] == "Completed", job
    assert processing.lines(name) == [
        "arguments ['--a', '1', '']",
        f"input {CODE}/script.py",
        "input /opt/ml/processing/input/raw/a.csv",
        "input /opt/ml/processing/input/raw/sub/b.csv",
    ]
    assert processing.objects(f"{name}/output/") == {"top.csv": b"a,b\n", "deep/er/x": bytes(range(256))}
    assert job["ProcessingEndTime"] >= job["ProcessingStartTime"] >= job["CreationTime"]
    assert "FailureReason" not in job and "ExitMessage" not in job


def test_the_container_has_its_files_and_variables(processing):
    name = processing.submit("""
import json, os
for name in ("processingjobconfig.json", "resourceconfig.json"):
    print(json.dumps(json.load(open("/opt/ml/config/" + name))))
print(json.dumps({name: os.environ.get(name) for name in
    ("PROCESSING_JOB_ARN", "AWS_REGION", "OWN", "TRAINING_JOB_NAME", "SM_HOSTS")}))
""", Environment={"OWN": "x y"})
    job = processing.wait(name)
    assert job["ProcessingJobStatus"] == "Completed", job
    config, resources, variables = [json.loads(line) for line in processing.lines(name) if line.startswith("{")]
    arn = f"arn:aws:sagemaker:us-east-1:000000000000:processing-job/{name}"
    assert variables == {"PROCESSING_JOB_ARN": arn, "AWS_REGION": "us-east-1", "OWN": "x y",
                         "TRAINING_JOB_NAME": None, "SM_HOSTS": None}
    assert resources == {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "eth0",
                         "current_instance_type": "ml.m5.large"}
    assert (config["ProcessingJobArn"], config["ProcessingJobName"]) == (arn, name)
    assert config["ProcessingInputs"] == job["ProcessingInputs"]
    assert config["ProcessingOutputConfig"] == {**job["ProcessingOutputConfig"], "KmsKeyId": None}
    assert config["ProcessingResources"]["ClusterConfig"] == {
        "InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30, "VolumeKmsKeyId": None}
    assert config["AppSpecification"] == {**job["AppSpecification"], "ContainerArguments": None}
    assert config["Environment"] == {"OWN": "x y"}
    assert config["StoppingCondition"] == {"MaxRuntimeInSeconds": 300}


def test_a_script_that_fails_says_why_and_its_outputs_are_kept(processing):
    name = processing.submit("""
open("/opt/ml/processing/output/partial", "w").write("some")
open("/opt/ml/output/message", "w").write("é" * 2000)
raise ValueError("row 7")
""")
    job = processing.wait(name)
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: See job logs for more information"
    assert set(job["ExitMessage"]) == {"é"} and 400 < len(job["ExitMessage"]) <= 1024
    assert processing.objects(f"{name}/output/") == {"partial": b"some"}
    assert "ValueError: row 7" in "\n".join(processing.lines(name))
    described = processing.server.cli("describe", name).stdout
    assert "ValueError: row 7" in described


def test_a_stop_ends_it_with_its_outputs(processing):
    name = processing.submit("""
import signal, sys, time
def end(*_):
    open("/opt/ml/processing/output/last", "w").write("words")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("waiting", flush=True)
while True: time.sleep(0.05)
""")
    wait_until(lambda: "waiting" in processing.lines(name), 30, "its line")
    assert processing.describe(name)["ProcessingJobStatus"] == "InProgress"
    processing.sagemaker.stop_processing_job(ProcessingJobName=name)
    job = processing.wait(name)
    assert job["ProcessingJobStatus"] == "Stopped"
    assert processing.objects(f"{name}/output/") == {"last": b"words"}
    with pytest.raises(ClientError, match="is in status Stopped"):
        processing.sagemaker.stop_processing_job(ProcessingJobName=name)


def test_the_time_limit_stops_it(processing):
    job = processing.run("import time; time.sleep(60)", max_run=1)
    assert job["ProcessingJobStatus"] == "Stopped"


def test_jobs_of_two_kinds_share_a_name(processing, training):
    training.submit("print('train')", name="twin")
    processing.submit("print('process')", name="twin")
    assert processing.wait("twin")["ProcessingJobStatus"] == "Completed"
    assert training.wait("twin")["TrainingJobStatus"] == "Completed"
    assert "process" in processing.lines("twin")
    assert "train" in training.lines("twin")


def test_tags_and_lists(processing):
    name = processing.submit("print(1)", Tags=[{"Key": "team", "Value": "red"}])
    arn = processing.describe(name)["ProcessingJobArn"]
    processing.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "more", "Value": "1"}])
    assert processing.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [
        {"Key": "more", "Value": "1"}, {"Key": "team", "Value": "red"}]
    with pytest.raises(ClientError, match="already exists"):
        processing.submit("print(1)", name=name)
    processing.wait(name)
    listed = processing.sagemaker.list_processing_jobs(NameContains=name, StatusEquals="Completed", SortBy="Name")
    assert [job["ProcessingJobName"] for job in listed["ProcessingJobSummaries"]] == [name]
    assert processing.sagemaker.list_processing_jobs(NameContains=name, StatusEquals="Failed")["ProcessingJobSummaries"] == []
    with pytest.raises(ClientError, match="Could not find requested job with name: nobody"):
        processing.describe("nobody")


REFUSED = [
    ({"ExperimentConfig": {"ExperimentName": "e"}}, "Clary does not keep experiments yet"),
    ({"ProcessingInputs": [{"InputName": "q", "DatasetDefinition": {"AthenaDatasetDefinition": {
        "Catalog": "c", "Database": "d", "QueryString": "SELECT 1", "OutputS3Uri": "s3://b/o", "OutputFormat": "PARQUET"}}}]},
     "Clary does not query Athena"),
    ({"ProcessingInputs": [{"InputName": "q", "DatasetDefinition": {"RedshiftDatasetDefinition": {
        "ClusterId": "c", "Database": "d", "DbUser": "u", "QueryString": "SELECT 1", "OutputS3Uri": "s3://b/o",
        "ClusterRoleArn": "arn:aws:iam::000000000000:role/R", "OutputFormat": "CSV"}}}]}, "Clary does not query Redshift"),
    ({"ProcessingInputs": [{"InputName": "q"}]}, 'S3Input of the input "q" must be given'),
    ({"ProcessingInputs": [{"InputName": "q", "DatasetDefinition": {}}]}, "by a DatasetDefinition"),
    ({"ProcessingInputs": [s3_input("q", "https://b/x", "/opt/ml/processing/x")]}, "is not of the form s3://bucket/prefix"),
    ({"ProcessingInputs": [s3_input("q", "s3://b/x", "/opt/ml/processing/../x")]}, "Invalid LocalPath"),
    ({"ProcessingInputs": [s3_input("q", "s3://b/x", "/etc")]}, "begins with /opt/ml/processing/"),
    ({"ProcessingInputs": [s3_input("q", "s3://b/x", f"{OUT}/")]}, "LocalPath must be unique"),
    ({"ProcessingInputs": [s3_input("q", "s3://b/x", "/opt/ml/processing/x", S3InputMode="Pipe")]}, "S3InputMode"),
    ({"ProcessingInputs": [s3_input(name, "s3://b/x", f"/opt/ml/processing/{index}") for index, name in enumerate("qq")]},
     "Input names must be unique"),
    ({"ProcessingOutputConfig": {"Outputs": [{"OutputName": "f", "FeatureStoreOutput": {"FeatureGroupName": "g"}}]}},
     "Clary has no feature store"),
    ({"ProcessingOutputConfig": {"Outputs": [{**s3_output("o", "s3://b/x", OUT), "AppManaged": True}]}}, "AppManaged"),
    ({"ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1}}},
     "InstanceCount must be 1"),
    ({"NetworkConfig": {"EnableInterContainerTrafficEncryption": True}}, "does not encrypt traffic between hosts"),
    ({"ProcessingJobName": "bad_name!"}, "processingJobName"),
]


@pytest.mark.parametrize(("change", "sentence"), REFUSED)
def test_what_is_not_carried_out_is_refused_by_name(processing, change, sentence):
    with pytest.raises(ClientError) as refused:
        processing.submit("print(1)", **change)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert sentence in refused.value.response["Error"]["Message"]


FAILING = [
    ({"inputs": [s3_input("raw", f"s3://{BUCKET}/nothing/here", "/opt/ml/processing/raw")]}, "No S3 objects found under S3 URL"),
    ({"inputs": [s3_input("raw", "s3://no-such-bucket/x", "/opt/ml/processing/raw")]}, "No S3 objects found under S3 URL"),
    ({"outputs": [s3_output("out", "s3://no-such-bucket/x", OUT)]}, 'The bucket "no-such-bucket" of S3Output'),
    ({"image": "683313688378.dkr.ecr.us-east-1.amazonaws.com/tensorflow-training:2.11-cpu-py39"},
     "To mend it: clary environments create"),
    ({"image": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"},
     "To mend it: clary environments create sklearn scikit-learn"),
    ({"AppSpecification": {"ImageUri": "me/mine:1"}}, "give AppSpecification.ContainerEntrypoint"),
]


@pytest.mark.parametrize(("options", "sentence"), FAILING)
def test_what_cannot_run_here_fails_with_the_sentence(processing, options, sentence):
    job = processing.run("print(1)", **options)
    assert job["ProcessingJobStatus"] == "Failed"
    assert sentence in job["FailureReason"]


def test_a_program_that_is_not_there_fails_the_job(processing):
    job = processing.run("print(1)", AppSpecification={
        "ImageUri": "python:3", "ContainerEntrypoint": ["/no/such/program", "x"]})
    assert job["ProcessingJobStatus"] == "Failed"
    assert "/no/such/program" in job["FailureReason"]


def test_links_out_of_an_output_lead_nowhere(processing):
    name = processing.submit("""
import os
os.symlink("/etc", "/opt/ml/processing/output/etc")
os.symlink("/etc/hostname", "/opt/ml/processing/output/name")
open("/opt/ml/processing/output/own", "w").write("x")
""")
    assert processing.wait(name)["ProcessingJobStatus"] == "Completed"
    assert processing.objects(f"{name}/output/") == {"own": b"x"}


def test_a_file_that_cannot_be_an_object_fails_the_job(processing):
    job = processing.run("""
import os
deep = "/opt/ml/processing/output"
for _ in range(6):
    deep += "/" + "d" * 200
    os.mkdir(deep)
open(deep + "/file", "w").write("x")
""")
    assert job["ProcessingJobStatus"] == "Failed"
    assert "output" in job["FailureReason"]


def test_a_continuous_output_is_there_while_the_job_runs(processing):
    name = processing.submit("""
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
open("/opt/ml/processing/live/first", "w").write("1")
open("/opt/ml/processing/output/late", "w").write("1")
while True: time.sleep(0.05)
""", name="live", outputs=[s3_output("live", f"s3://{BUCKET}/live/live/", "/opt/ml/processing/live", "Continuous"),
                           s3_output("late", f"s3://{BUCKET}/live/late", OUT)])
    wait_until(lambda: processing.objects("live/live/") == {"first": b"1"}, 30, "the continuous output")
    assert processing.describe(name)["ProcessingJobStatus"] == "InProgress"
    assert processing.objects("live/late/") == {}
    processing.sagemaker.stop_processing_job(ProcessingJobName=name)
    assert processing.wait(name)["ProcessingJobStatus"] == "Stopped"
    assert processing.objects("live/late/") == {"late": b"1"}


def test_inputs_by_manifest_packed_and_one_inside_another(processing):
    put = processing.s3.put_object
    put(Bucket=BUCKET, Key="lists/a.txt", Body=b"a")
    put(Bucket=BUCKET, Key="lists/sub/b.txt", Body=b"b")
    put(Bucket=BUCKET, Key="lists/c.txt", Body=b"c")
    put(Bucket=BUCKET, Key="lists/manifest", Body=json.dumps(
        [{"prefix": f"s3://{BUCKET}/lists/"}, "a.txt", "sub/b.txt"]).encode())
    put(Bucket=BUCKET, Key="packed/d.txt.gz", Body=gzip.compress(b"d"))
    root = "/opt/ml/processing/input"
    name = processing.submit("""
import os
for folder, _, files in sorted(os.walk("/opt/ml/processing/input")):
    for name in sorted(files): print(os.path.join(folder, name), open(os.path.join(folder, name)).read()[:1])
open("/opt/ml/processing/input/listed/own", "w").write("x")
""", inputs=[s3_input("listed", f"s3://{BUCKET}/lists/manifest", f"{root}/listed", S3DataType="ManifestFile"),
             s3_input("packed", f"s3://{BUCKET}/packed/", f"{root}/packed", S3CompressionType="Gzip"),
             s3_input("outer", f"s3://{BUCKET}/lists/c", root)])
    job = processing.wait(name)
    assert job["ProcessingJobStatus"] == "Completed", job
    lines = [line for line in processing.lines(name) if line.startswith(root)]
    assert lines[:1] + lines[2:] == [
        f"{root}/c.txt c", f"{root}/listed/a.txt a", f"{root}/listed/sub/b.txt b", f"{root}/packed/d.txt d"]
    assert lines[1].startswith(f"{CODE}/script.py")


def test_an_output_may_lie_inside_an_input(processing):
    processing.s3.put_object(Bucket=BUCKET, Key="folder/a.csv", Body=b"1")
    root = "/opt/ml/processing/folder"
    name = processing.submit(f"""
open("{root}/out/b.csv", "w").write(open("{root}/a.csv").read() * 2)
""", inputs=[s3_input("outer", f"s3://{BUCKET}/folder/", root)],
                             outputs=[s3_output("out", f"s3://{BUCKET}/inside", f"{root}/out")])
    assert processing.wait(name)["ProcessingJobStatus"] == "Completed", processing.lines(name)
    assert processing.objects("inside/") == {"b.csv": b"11"}
    assert processing.objects("folder/") == {"a.csv": b"1"}


def test_its_program_has_credentials_and_may_install_for_itself(processing):
    name = processing.submit(f"""
import pathlib, subprocess, sys, boto3
boto3.client("s3").put_object(Bucket="{BUCKET}", Key="own/put", Body=b"by the job")
site = pathlib.Path(boto3.__file__).parent
(site / "own.py").write_text("own = 1")
from boto3.own import own
print("own", own, subprocess.run(["python", "--version"], capture_output=True, text=True).stdout.split()[0])
""")
    assert processing.wait(name)["ProcessingJobStatus"] == "Completed", processing.lines(name)
    assert processing.objects("own/") == {"put": b"by the job"}
    assert "own 1 Python" in processing.lines(name)
    again = processing.submit("import boto3.own")
    assert processing.wait(again)["ProcessingJobStatus"] == "Failed", "what it wrote ended with the job"


def test_the_terminal_shows_it(processing):
    name = processing.submit("""
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("until stopped", flush=True)
while True: time.sleep(0.05)
""", name="for-the-terminal")
    wait_until(lambda: "until stopped" in processing.lines(name), 30, "its line")
    cli = processing.server.cli
    assert any(line.split()[:3] == [name, "processing", "InProgress"] for line in cli("jobs", "--name", name).stdout.splitlines())
    assert "is stopping" in cli("stop", f"processing-job/{name}").stderr
    followed = cli("logs", "-f", f"processing-job/{name}")
    assert followed.stdout.endswith("until stopped\n")
    assert f"processing job '{name}': Stopped" in followed.stderr
    described = json.loads(cli("describe", "--json", f"processing-job/{name}").stdout)
    assert described["ProcessingJobName"] == name
    assert [event["status"] for event in described["Events"] if "status" in event] == [
        "Starting", "Pending", "Downloading", "Processing", "Stopping", "Stopped"]
    assert cli("describe", "processing-job/nobody", check=False).returncode == 3


def test_network_isolation_leaves_no_way_out(processing):
    name = processing.submit("""
import socket
try:
    socket.create_connection(("10.0.2.3", 53), timeout=2)
    print("way out")
except OSError as error:
    print("no way out")
""", NetworkConfig={"EnableNetworkIsolation": True})
    assert processing.wait(name)["ProcessingJobStatus"] == "Completed"
    assert "no way out" in processing.lines(name)
