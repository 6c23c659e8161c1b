"""What policies decide beyond a single call: channels, the account as a principal, batches, presigned calls."""

import json
import urllib.parse
import xml.etree.ElementTree

import boto3
import pytest
import urllib3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from clary_server import ONCE
from processing import s3_input

ACCOUNT = "000000000000"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
LIST_TREE = """
import os
for folder, _, names in os.walk("/opt/ml/input/data"):
    for name in names: print("file", os.path.join(folder, name).removeprefix("/opt/ml/input/data/"))
"""


def statement(effect: str, *actions: str, resource="*", **more) -> dict:
    return {"Effect": effect, "Action": list(actions), "Resource": resource, **more}


def policy(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture(scope="module")
def iam(server):
    return server.client("iam")


@pytest.fixture
def s3(server):
    return server.client("s3")


@pytest.fixture
def bucket(s3, request):
    name = f"policies-{abs(hash(request.node.name)) % 10**9}"
    s3.create_bucket(Bucket=name)
    for key in ("train/a.csv", "train/b/c.csv", "train/secret.csv", "test/a.csv"):
        s3.put_object(Bucket=name, Key=key, Body=key.encode())
    return name


@pytest.fixture
def role(iam, request):
    """A role that may do everything but what a test adds."""
    name = f"Policies-{abs(hash(request.node.name)) % 10**9}"
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=policy(statement("Allow", "*")))
    return arn


def user_of(server, iam, name: str, *statements: dict):
    """Credentials of a new user with these statements."""
    iam.create_user(UserName=name)
    if statements:
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=policy(*statements))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}


def failure_of(training, channel: str, role: str) -> str:
    job = training.run(LIST_TREE, channels={"train": channel}, RoleArn=role)
    assert job["TrainingJobStatus"] == "Failed", training.lines(job["TrainingJobName"])
    return job["FailureReason"]


def test_a_channel_is_shown_only_to_a_role_that_may_list_and_read_it(iam, training, bucket, role):
    name = role.rsplit("/", 1)[1]
    arn = f"arn:aws:s3:::{bucket}"
    iam.put_role_policy(RoleName=name, PolicyName="no", PolicyDocument=policy(statement("Deny", "s3:ListBucket", resource=arn)))
    reason = failure_of(training, f"s3://{bucket}/train/", role)
    assert reason.startswith(f"ClientError: Data download failed: Unable to list s3://{bucket}/train/ (AccessDenied: User: ")
    assert f"assumed-role/{name}/SageMaker is not authorized to perform: s3:ListBucket on resource: {arn} " in reason
    assert "with an explicit deny in an identity-based policy" in reason

    iam.put_role_policy(RoleName=name, PolicyName="no", PolicyDocument=policy(
        statement("Deny", "s3:GetObject", resource=f"{arn}/train/*")))
    assert "s3:GetObject on resource" in failure_of(training, f"s3://{bucket}/train/", role)
    assert "s3:GetObject on resource" in failure_of(training, f"s3://{bucket}/train", role)


def test_one_key_that_a_role_may_not_read_fails_the_job(iam, training, bucket, role):
    iam.put_role_policy(RoleName=role.rsplit("/", 1)[1], PolicyName="no", PolicyDocument=policy(
        statement("Deny", "s3:GetObject", resource=f"arn:aws:s3:::{bucket}/train/secret*")))
    reason = failure_of(training, f"s3://{bucket}/train/", role)
    assert f"Unable to download object s3://{bucket}/train/secret.csv (AccessDenied: " in reason
    job = training.run(LIST_TREE, channels={"train": f"s3://{bucket}/train/b", "test": f"s3://{bucket}/test/"}, RoleArn=role)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert {"file train/c.csv", "file test/a.csv"} <= set(training.lines(job["TrainingJobName"]))


def test_the_buckets_policy_holds_for_channels_and_processing_inputs_too(s3, training, processing, bucket, role):
    arn = f"arn:aws:s3:::{bucket}"
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(
        statement("Deny", "s3:GetObject", resource=f"{arn}/train/secret.csv", Principal={"AWS": role})))
    reason = failure_of(training, f"s3://{bucket}/train/", role)
    assert "with an explicit deny in a resource-based policy" in reason
    job = processing.run("print('ran')", inputs=[
        s3_input("in", f"s3://{bucket}/train/", "/opt/ml/processing/input/in")], RoleArn=role)
    assert job["ProcessingJobStatus"] == "Failed"
    assert "with an explicit deny in a resource-based policy" in job["FailureReason"]
    job = training.run(LIST_TREE, channels={"train": f"s3://{bucket}/train/"})
    assert "file train/secret.csv" in training.lines(job["TrainingJobName"]), "another role's job"


def test_an_account_as_principal_leaves_the_decision_to_the_identity(server, iam, s3, bucket):
    arn = f"arn:aws:s3:::{bucket}"
    stranger = user_of(server, iam, "policies-stranger")
    reader = user_of(server, iam, "policies-reader", statement("Allow", "s3:GetObject", resource=f"{arn}/*"))
    for account in (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root"):
        s3.put_bucket_policy(Bucket=bucket, Policy=policy(
            statement("Allow", "s3:*", resource=[arn, f"{arn}/*"], Principal={"AWS": account})))
        with pytest.raises(ClientError, match="no identity-based policy allows the s3:GetObject action"):
            server.client("s3", **stranger).get_object(Bucket=bucket, Key="test/a.csv")
        assert server.client("s3", **reader).get_object(Bucket=bucket, Key="test/a.csv")["ContentLength"] == 10
        assert s3.get_object(Bucket=bucket, Key="test/a.csv")["ContentLength"] == 10
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(statement(
        "Allow", "s3:GetObject", resource=f"{arn}/*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/policies-stranger"})))
    assert server.client("s3", **stranger).get_object(Bucket=bucket, Key="test/a.csv")["ContentLength"] == 10


def test_a_batch_is_refused_key_by_key(server, iam, s3, bucket):
    may = statement("Allow", "s3:DeleteObject", resource=f"arn:aws:s3:::{bucket}/train/*")
    user = user_of(server, iam, "policies-cleaner", may)
    done = server.client("s3", **user).delete_objects(Bucket=bucket, Delete={"Objects": [
        {"Key": "train/a.csv"}, {"Key": "test/a.csv"}, {"Key": "train/absent"}]})
    assert [one["Key"] for one in done["Deleted"]] == ["train/a.csv", "train/absent"]
    (refused,) = done["Errors"]
    assert (refused["Key"], refused["Code"]) == ("test/a.csv", "AccessDenied")
    assert "is not authorized to perform: s3:DeleteObject on resource" in refused["Message"]
    left = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert left == ["test/a.csv", "train/b/c.csv", "train/secret.csv"]
    done = server.client("s3", **user).delete_objects(Bucket=bucket, Delete={"Quiet": True, "Objects": [{"Key": "test/a.csv"}]})
    assert "Deleted" not in done and done["Errors"][0]["Code"] == "AccessDenied"


def test_a_repository_is_seen_by_who_may_see_it(server, iam):
    own = "arn:aws:ecr:us-east-1:000000000000:repository/default"
    keys = user_of(server, iam, "repository-reader", statement("Allow", "ecr:*", resource=own))
    ecr = server.client("ecr", **keys)
    assert ecr.list_images(repositoryName="default")["imageIds"]
    assert ecr.describe_repositories(repositoryNames=["default"])["repositories"][0]["repositoryArn"] == own
    for call, arguments in [(ecr.list_images, {"repositoryName": "pytorch-training"}), (ecr.describe_repositories, {}),
                            (ecr.describe_repositories, {"repositoryNames": ["default", "pytorch-training"]}),
                            (ecr.get_authorization_token, {})]:
        with pytest.raises(ecr.exceptions.ClientError, match="AccessDenied.* is not authorized to perform: ecr:"):
            call(**arguments)


@pytest.mark.parametrize("method", ["GET", "POST"])  # EKS tokens and Vault ask by GET; POST is boto3's default
def test_who_one_is_can_be_asked_by_a_presigned_address(server, method):
    url = server.client("sts").generate_presigned_url("get_caller_identity", HttpMethod=method)
    answer = urllib3.request(method, url, retries=False)
    assert answer.status == 200, answer.data
    found = xml.etree.ElementTree.fromstring(answer.data).find(".//{*}Account")
    assert found is not None and found.text == ACCOUNT
    other = url.replace("GetCallerIdentity", "GetSessionToken")
    assert urllib3.request(method, other, retries=False).status == 403, "the action is signed"
    without = urllib.parse.urlsplit(url)._replace(query="Action=GetCallerIdentity&Version=2011-06-15").geturl()
    assert b"<Account>" not in urllib3.request(method, without, retries=False).data


def test_a_session_gets_no_other_by_a_presigned_address(server):
    held = server.client("sts").get_session_token()["Credentials"]
    sts = boto3.client("sts", endpoint_url=server.url, region_name="us-east-1", config=ONCE,
                       aws_access_key_id=held["AccessKeyId"], aws_secret_access_key=held["SecretAccessKey"],
                       aws_session_token=held["SessionToken"])
    def get(operation: str):
        return urllib3.request("GET", sts.generate_presigned_url(operation, HttpMethod="GET"), retries=False)
    assert get("get_caller_identity").status == 200
    answer = get("get_session_token")
    assert answer.status == 403 and b"<Code>AccessDenied</Code>" in answer.data, answer.data


def test_a_trust_that_names_somebody_is_enough_and_one_that_names_the_account_is_not(server, iam, role):
    sts = server.client("sts", **user_of(server, iam, "policies-assumer"))
    name = role.rsplit("/", 1)[1]
    for principal, allowed in ((f"arn:aws:iam::{ACCOUNT}:user/policies-assumer", True), (f"arn:aws:iam::{ACCOUNT}:root", False)):
        trust = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole",
                 "Condition": {"StringEquals": {"sts:ExternalId": "ours"}}}
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=policy(trust))
        asked = {"RoleArn": role, "RoleSessionName": "se"}
        if allowed:
            assert sts.assume_role(**asked, ExternalId="ours")["Credentials"]
        for refused in (asked, {**asked, "ExternalId": "theirs"}, *([] if allowed else [{**asked, "ExternalId": "ours"}])):
            with pytest.raises(ClientError, match="AccessDenied"):
                sts.assume_role(**refused)


def test_a_job_needs_a_role_that_trusts_sagemaker(iam, role, training, processing):
    name = role.rsplit("/", 1)[1]

    def trusted(**statement) -> None:
        allowed = {"Effect": "Allow", "Action": "sts:AssumeRole", **statement}
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=policy(allowed))

    sagemaker = {"Service": "sagemaker.amazonaws.com"}
    here = {"StringEquals": {"aws:SourceAccount": ACCOUNT}, "ArnLike": {"aws:SourceArn": f"arn:aws:sagemaker:*:{ACCOUNT}:*"}}
    away = {"StringEquals": {"aws:SourceAccount": "111111111111"}}
    for statement in ({"Principal": {"Service": "lambda.amazonaws.com"}}, {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}},
                      {"Principal": sagemaker, "Condition": away}):
        trusted(**statement)
        for create, request in ((training.sagemaker.create_training_job, training.request("print(1)")),
                                (processing.sagemaker.create_processing_job, processing.request("print(1)"))):
            with pytest.raises(ClientError, match=f"Could not assume role {role}. Please ensure that the role exists") as raised:
                create(**{**request, "RoleArn": role})
            assert raised.value.response["Error"]["Code"] == "ValidationException"
    trusted(Principal=sagemaker, Condition=here)
    job = training.run("print('trusted')", RoleArn=role)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")


def test_a_policy_without_statements_is_refused(iam, s3, bucket, role):
    empty = policy()
    with pytest.raises(ClientError, match="Statement is empty") as raised:
        s3.put_bucket_policy(Bucket=bucket, Policy=empty)
    assert raised.value.response["Error"]["Code"] == "MalformedPolicy"
    with pytest.raises(ClientError) as raised:
        iam.put_role_policy(RoleName=role.rsplit("/", 1)[1], PolicyName="none", PolicyDocument=empty)
    assert raised.value.response["Error"]["Code"] == "MalformedPolicyDocument"
    with pytest.raises(ClientError) as raised:
        iam.create_role(RoleName="policies-empty", AssumeRolePolicyDocument=empty)
    assert raised.value.response["Error"]["Code"] == "MalformedPolicyDocument"
    with pytest.raises(ClientError) as raised:
        iam.create_policy(PolicyName="policies-empty", PolicyDocument=empty)
    assert raised.value.response["Error"]["Code"] == "MalformedPolicyDocument"


def test_an_xml_body_of_another_operation_is_refused(server, s3, bucket):
    root = server.environment()
    request = AWSRequest("PUT", f"{server.url}/{bucket}?publicAccessBlock", data=b"<Tagging><TagSet/></Tagging>")
    S3SigV4Auth(Credentials(root["AWS_ACCESS_KEY_ID"], root["AWS_SECRET_ACCESS_KEY"]), "s3", "us-east-1").add_auth(request)
    answer = urllib3.request("PUT", request.url, body=request.body, headers=dict(request.headers), retries=False)
    assert answer.status == 400 and b"<Code>MalformedXML</Code>" in answer.data, answer.data
    with pytest.raises(ClientError, match="NoSuchPublicAccessBlockConfiguration"):
        s3.get_public_access_block(Bucket=bucket)
