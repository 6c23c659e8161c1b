"""Each service through boto3, as a script of the field uses it."""

import io

import pytest
from botocore.exceptions import ClientError
from training import BUCKET


def test_identity_is_an_assumed_role_of_the_configured_account(server):
    identity = server.client("sts").get_caller_identity()
    assert identity["Account"] == "000000000000"
    assert identity["Arn"].startswith("arn:aws:sts::000000000000:assumed-role/")


def test_the_default_role_exists_and_trusts_sagemaker(server):
    iam = server.client("iam")
    role = iam.get_role(RoleName="SageMakerRole")["Role"]
    assert role["Arn"] == "arn:aws:iam::000000000000:role/SageMakerRole"
    assert "sagemaker.amazonaws.com" in str(role["AssumeRolePolicyDocument"])
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName="Nobody")


def test_any_region_works(server):
    s3 = server.client("s3", region_name="eu-central-1")
    s3.create_bucket(Bucket="europe", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    assert s3.get_bucket_location(Bucket="europe")["LocationConstraint"] == "eu-central-1"
    assert s3.head_bucket(Bucket="europe")["ResponseMetadata"]["HTTPStatusCode"] == 200
    s3.delete_bucket(Bucket="europe")
    with pytest.raises(ClientError, match="Not Found"):
        s3.head_bucket(Bucket="europe")


def test_objects_round_trip(training):
    s3 = training.s3
    key = "a folder/ü+%/x.bin"
    body = bytes(range(256)) * 100
    etag = s3.put_object(Bucket=BUCKET, Key=key, Body=body, ContentType="x/y", Metadata={"who": "me"})["ETag"]
    head = s3.head_object(Bucket=BUCKET, Key=key)
    assert (head["ContentLength"], head["ContentType"], head["Metadata"], head["ETag"]) == (
        len(body), "x/y", {"who": "me"}, etag)
    assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == body
    part = s3.get_object(Bucket=BUCKET, Key=key, Range="bytes=250-260")
    assert (part["Body"].read(), part["ContentRange"]) == (body[250:261], f"bytes 250-260/{len(body)}")
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="a folder/", Delimiter="/")
    assert listed["CommonPrefixes"] == [{"Prefix": "a folder/ü+%/"}]
    s3.delete_object(Bucket=BUCKET, Key=key)
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=BUCKET, Key=key)


def test_a_large_file_goes_up_in_parts_and_comes_back(training):
    body = bytes(range(251)) * 80_000  # 20 MB: three parts
    training.s3.upload_fileobj(io.BytesIO(body), BUCKET, "large")
    back = io.BytesIO()
    training.s3.download_fileobj(BUCKET, "large", back)
    assert back.getvalue() == body


def test_lists_come_in_pages(training):
    for number in range(7):
        training.s3.put_object(Bucket=BUCKET, Key=f"pages/{number}", Body=b"x")
    pages = training.s3.get_paginator("list_objects_v2").paginate(
        Bucket=BUCKET, Prefix="pages/", PaginationConfig={"PageSize": 3})
    keys = [[entry["Key"] for entry in page["Contents"]] for page in pages]
    assert [len(page) for page in keys] == [3, 3, 1]
    assert sum(keys, []) == [f"pages/{number}" for number in range(7)]


@pytest.mark.parametrize("service, call, arguments", [
    ("sagemaker", "create_experiment", {"ExperimentName": "e"}),
    ("sagemaker", "list_pipelines", {}),
    ("s3", "put_bucket_accelerate_configuration", {"Bucket": BUCKET, "AccelerateConfiguration": {"Status": "Enabled"}}),
    ("iam", "create_group", {"GroupName": "g"}),
    ("sts", "get_federation_token", {"Name": "name"}),
    ("logs", "describe_queries", {}),
    ("cloudwatch", "list_dashboards", {}),
])
def test_what_is_not_carried_out_is_refused_by_name(server, training, service, call, arguments):
    with pytest.raises(ClientError) as refused:
        getattr(server.client(service), call)(**arguments)
    answer = refused.value.response
    name = "".join(word.title() for word in call.split("_"))
    assert name in answer["Error"]["Message"] and "Clary" in answer["Error"]["Message"]
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    assert 400 <= status < 500 or status == 501  # which no client retries


def test_health_and_metrics_answer(server):
    assert server.get("/healthz")
    assert server.get("/readyz")
    assert "# TYPE clary_" in server.get("/metrics")
