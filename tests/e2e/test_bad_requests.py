"""Requests that are refused, in the service's own form, and jobs that are accepted and cannot run."""

import datetime

import boto3
import pytest
from botocore.exceptions import ClientError
from clary_server import ONCE
from training import BUCKET, IMAGE

TENSORFLOW = IMAGE.replace("pytorch-training:2.8.0", "tensorflow-training:2.15.0")


def code_of(call, *arguments, **named) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call(*arguments, **named)
    error = refused.value.response["Error"]
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500
    return error["Code"], error.get("Message", "")


@pytest.mark.smoke
def test_a_name_is_taken_once(training):
    request = training.request("pass")
    training.sagemaker.create_training_job(**request)
    code, message = code_of(training.sagemaker.create_training_job, **request)
    assert code == "ResourceInUse" and "already exists" in message
    assert training.wait(request["TrainingJobName"])["TrainingJobStatus"] == "Completed"


def test_a_job_that_is_not_there(training):
    assert code_of(training.sagemaker.describe_training_job, TrainingJobName="nobody") == (
        "ValidationException", "Requested resource not found.")


@pytest.mark.parametrize("change, said", [
    ({"TrainingJobName": "under_score"}, "trainingJobName"),
    ({"TrainingJobName": "x" * 64}, "trainingJobName"),
    ({"RoleArn": "not an arn at all, though long enough"}, "roleArn"),
    ({"OutputDataConfig": {"S3OutputPath": "http://elsewhere"}}, "outputDataConfig.s3OutputPath"),
    ({"StoppingCondition": {"MaxRuntimeInSeconds": 0}}, "stoppingCondition.maxRuntimeInSeconds"),
    ({"ResourceConfig": {"InstanceType": "ml.no.such", "InstanceCount": 1, "VolumeSizeInGB": 1}}, "instanceType"),
    ({"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1}}, "Clary"),
    ({"EnableManagedSpotTraining": True}, "EnableManagedSpotTraining"),
    ({"CheckpointConfig": {"S3Uri": "https://b/p"}}, "CheckpointConfig"),
    ({"TensorBoardOutputConfig": {"S3OutputPath": "s3://b/p"}}, "TensorBoardOutputConfig"),
])
def test_what_is_out_of_pattern_or_refused_names_the_member(server, training, change, said):
    from botocore.config import Config
    client = server.client("sagemaker", config=ONCE.merge(Config(parameter_validation=False)))
    request = {**training.request("pass"), **change}
    code, message = code_of(client.create_training_job, **request)
    assert code == "ValidationException"
    assert said.lower() in message.lower(), message


@pytest.mark.parametrize("service, call", [
    ("sagemaker", "list_training_jobs"), ("s3", "list_buckets"), ("sts", "get_caller_identity"),
    ("cloudwatch", "list_metrics"), ("iam", "list_users")])
@pytest.mark.parametrize("keys, codes", [
    ({"aws_secret_access_key": "wrong"}, {"InvalidSignatureException", "SignatureDoesNotMatch"}),
    ({"aws_access_key_id": "AKIDUNKNOWN"}, {"UnrecognizedClientException", "InvalidAccessKeyId", "InvalidClientTokenId"}),
    ({"aws_session_token": "made up"}, {"UnrecognizedClientException", "InvalidToken", "InvalidClientTokenId"})])
def test_a_bad_signature_is_refused_in_each_protocol(server, service, call, keys, codes):
    code, _ = code_of(getattr(server.client(service, **keys), call))
    assert code in codes


@pytest.mark.parametrize("service, call, codes", [
    ("sagemaker", "list_training_jobs", {"InvalidSignatureException", "RequestExpired"}),
    ("s3", "list_buckets", {"RequestTimeTooSkewed"})])
def test_a_clock_that_is_off_is_refused(server, monkeypatch, service, call, codes):
    import botocore.auth
    hour_ago = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    client = server.client(service)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *a, **k: hour_ago, raising=False)
    code, _ = code_of(getattr(client, call))
    assert code in codes


def test_without_a_signature_only_the_open_pages_answer(server):
    anonymous = boto3.client("s3", endpoint_url=server.url, region_name="us-east-1",
                             config=ONCE.merge(__import__("botocore").config.Config(signature_version=__import__(
                                 "botocore").UNSIGNED)))
    assert code_of(anonymous.list_buckets)[0] == "AccessDenied"


@pytest.mark.parametrize("change, said", [
    ({"channels": {"train": "s3://no-such-bucket/x"}}, "No S3 objects found under S3 URL \"s3://no-such-bucket/x\""),
    ({"channels": {"train": f"s3://{BUCKET}/no/such/prefix"}},
     f"No S3 objects found under S3 URL \"s3://{BUCKET}/no/such/prefix\""),
    ({"AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": TENSORFLOW}}, "clary environments create"),
    ({"AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": "me/mine:1"}, "HyperParameters": {}}, "me/mine:1"),
    ({"AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": "me/mine:1"}},
     "To mend it: clary environments add mine /path/to/python3"),
    ({"OutputDataConfig": {"S3OutputPath": "s3://no-such-output/x"}}, "no-such-output"),
])
def test_what_cannot_run_is_accepted_and_fails_with_the_sentence(training, change, said):
    job = training.run("print('not reached')", **change)
    assert job["TrainingJobStatus"] == "Failed"
    assert said in job["FailureReason"]
    assert "not reached" not in training.lines(job["TrainingJobName"])


def test_a_regex_that_does_not_compile_costs_the_job_nothing_silently(server, training):
    request = training.request("print('trained')", metrics=[{"Name": "broken", "Regex": "loss=([0-9"}])
    try:
        training.sagemaker.create_training_job(**request)
    except ClientError as refused:
        assert "broken" in str(refused) and refused.response["Error"]["Code"] == "ValidationException"
        return
    job = training.wait(request["TrainingJobName"])
    assert job["TrainingJobStatus"] == "Completed"
    assert "broken" in server.cli("describe", job["TrainingJobName"]).stdout


def test_a_regex_that_runs_away_is_stopped_and_said(server, training):
    job = training.run("print('a' * 5000 + '!')", metrics=[
        {"Name": "endless", "Regex": "(a+)+$([0-9])"}, {"Name": "length", "Regex": "a(!)"}])
    assert job["TrainingJobStatus"] == "Completed"
    assert "endless" in server.cli("describe", job["TrainingJobName"]).stdout
