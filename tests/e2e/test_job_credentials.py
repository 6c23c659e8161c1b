"""Calls from inside a job: what its credentials reach, and what a restart of the server does to them."""

import json

import pytest
from training import BUCKET, Training

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
import boto3, itertools
s3 = boto3.client("s3")
for number in itertools.count():
    s3.put_object(Bucket="tests", Key=f"restart/{number}", Body=b"x")
    print("put", number, flush=True)
    if s3.list_objects_v2(Bucket="tests", Prefix="restarted")["KeyCount"]:
        break
"""


def test_put_object_in_a_job_waits_while_the_server_is_killed_and_started_again(new_server):
    server = new_server().start()
    training = Training(server)
    name = training.submit(PUTS)
    training.wait_for_line(name, "put 3")
    server.kill()
    server.start()
    training.s3.put_object(Bucket=BUCKET, Key="restarted", Body=b"")  # until now the job puts
    job = training.wait(name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    pages = training.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="restart/")
    keys = sum(page["KeyCount"] for page in pages)
    assert [line for line in training.lines(name) if line.startswith("put ")] == [f"put {number}" for number in range(keys)]
