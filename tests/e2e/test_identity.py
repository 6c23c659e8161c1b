"""STS and IAM as boto3 and the CLI use them: roles, users, keys, sessions, and who may do what with them."""

import json
import subprocess
import sys

import pytest
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from identities import ACCOUNT, TRUST, client_of, code_of, policy, session_of


@pytest.fixture(scope="module")
def iam(server):
    return server.client("iam")


@pytest.fixture(scope="module")
def sts(server):
    return server.client("sts")


@pytest.fixture
def role(iam, request):
    """A role of the test's own, without policies."""
    name = f"Role-{request.node.name.replace('_', '-')}"[:60]
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST, Path="/team/", Description="a test's",
                    Tags=[{"Key": "k", "Value": "v"}])
    return name


def test_a_role_lives_and_ends(iam, role):
    found = iam.get_role(RoleName=role)["Role"]
    assert found["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/team/{role}"
    assert found["AssumeRolePolicyDocument"] == json.loads(TRUST)
    assert (found["Description"], found["Tags"]) == ("a test's", [{"Key": "k", "Value": "v"}])
    assert code_of(iam.create_role, RoleName=role, AssumeRolePolicyDocument=TRUST) == "EntityAlreadyExists"
    iam.put_role_policy(RoleName=role, PolicyName="own", PolicyDocument=policy("s3:*"))
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == ["own"]
    assert iam.get_role_policy(RoleName=role, PolicyName="own")["PolicyDocument"] == json.loads(policy("s3:*"))
    full = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
    iam.attach_role_policy(RoleName=role, PolicyArn=full)
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == [
        {"PolicyName": "AmazonSageMakerFullAccess", "PolicyArn": full}]
    assert code_of(iam.delete_role, RoleName=role) == "DeleteConflict"
    iam.detach_role_policy(RoleName=role, PolicyArn=full)
    assert code_of(iam.detach_role_policy, RoleName=role, PolicyArn=full) == "NoSuchEntity"
    iam.delete_role_policy(RoleName=role, PolicyName="own")
    iam.delete_role(RoleName=role)
    assert code_of(iam.get_role, RoleName=role) == "NoSuchEntity"


def test_roles_are_listed_page_by_page(iam, role):
    for number in range(3):
        iam.create_role(RoleName=f"paged-{number}", Path="/paged/", AssumeRolePolicyDocument=TRUST)
    pages = iam.get_paginator("list_roles").paginate(PathPrefix="/paged/", PaginationConfig={"PageSize": 2})
    assert [[one["RoleName"] for one in page["Roles"]] for page in pages] == [["paged-0", "paged-1"], ["paged-2"]]
    names = [one["RoleName"] for page in iam.get_paginator("list_roles").paginate() for one in page["Roles"]]
    assert {"SageMakerRole", role} <= set(names) and names == sorted(names)


def test_a_policy_that_means_nothing_here_is_refused_when_it_is_put(iam, role):
    def put(document: str) -> str:
        return code_of(iam.put_role_policy, RoleName=role, PolicyName="bad", PolicyDocument=document)

    assert put("not json") == "MalformedPolicyDocument"
    assert put(json.dumps({"Statement": [{"Effect": "Allow", "Action": "s3:*"}]})) == "MalformedPolicyDocument"
    assert put(json.dumps({"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*",
                                          "Condition": {"StringEquals": {"ec2:Region": "x"}}}]})) == "MalformedPolicyDocument"
    assert put(TRUST) == "MalformedPolicyDocument"
    trust = policy("sts:AssumeRole")
    assert code_of(iam.create_role, RoleName="bad", AssumeRolePolicyDocument=trust) == "MalformedPolicyDocument"
    assert code_of(iam.attach_role_policy, RoleName=role, PolicyArn="arn:aws:iam::aws:policy/Nobody") == "NoSuchEntity"
    everything = {"PolicyName": "p", "PolicyDocument": policy("*")}
    assert code_of(iam.put_role_policy, RoleName="SageMakerRole", **everything) == "UnmodifiableEntity"
    assert code_of(iam.create_role, RoleName="bad name", AssumeRolePolicyDocument=TRUST) == "ValidationError"


def test_a_session_may_do_what_its_role_may(server, sts, iam, role):
    s3 = server.client("s3")
    s3.create_bucket(Bucket="identity")
    s3.put_object(Bucket="identity", Key="k", Body=b"x")
    mine = session_of(server, sts, role, "s3")
    assert code_of(mine.get_object, Bucket="identity", Key="k") == "AccessDenied"
    iam.put_role_policy(RoleName=role, PolicyName="read", PolicyDocument=policy("s3:Get*", resource="arn:aws:s3:::identity/*"))
    assert mine.get_object(Bucket="identity", Key="k")["Body"].read() == b"x"
    assert code_of(mine.put_object, Bucket="identity", Key="k", Body=b"y") == "AccessDenied"
    iam.put_role_policy(RoleName=role, PolicyName="deny", PolicyDocument=policy("s3:GetObject", effect="Deny"))
    assert code_of(mine.get_object, Bucket="identity", Key="k") == "AccessDenied"
    narrow = session_of(server, sts, role, "s3", Policy=policy("s3:ListBucket"))
    assert code_of(narrow.list_objects_v2, Bucket="identity") == "AccessDenied"


def test_assume_role_says_who_one_is_and_refuses_what_it_cannot(server, sts, iam, role):
    arn = iam.get_role(RoleName=role)["Role"]["Arn"]
    assumed = sts.assume_role(RoleArn=arn, RoleSessionName="me")
    assert assumed["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/me"
    identity = client_of(server, "sts", assumed["Credentials"]).get_caller_identity()
    assert identity["Arn"] == assumed["AssumedRoleUser"]["Arn"]
    assert identity["UserId"] == assumed["AssumedRoleUser"]["AssumedRoleId"]
    assert code_of(sts.assume_role, RoleArn=f"arn:aws:iam::{ACCOUNT}:role/Nobody", RoleSessionName="me") == "AccessDenied"
    assert code_of(sts.assume_role, RoleArn=arn, RoleSessionName="a b") == "ValidationError"
    assert code_of(sts.assume_role, RoleArn=arn, RoleSessionName="me", DurationSeconds=7200) == "ValidationError"
    only = json.dumps({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                      "Principal": {"Service": "sagemaker.amazonaws.com"}}]})
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=only)
    assert code_of(sts.assume_role, RoleArn=arn, RoleSessionName="me") == "AccessDenied"


def test_a_session_gets_no_wider_one(server, sts, iam, role):
    iam.put_role_policy(RoleName=role, PolicyName="all", PolicyDocument=policy("*"))
    narrow = session_of(server, sts, role, "sts", Policy=policy("sts:*"))
    assert code_of(narrow.get_session_token) == "AccessDenied"
    # Signed in the query, where no header tells of a session.
    answer = urllib3.request("POST", narrow.generate_presigned_url("get_session_token"), retries=False)
    assert answer.status >= 400 and b"AccessKeyId" not in answer.data, answer.data


def test_the_pages_of_the_terminal_are_the_roots(server, iam):
    iam.create_user(UserName="page-reader")
    key = iam.create_access_key(UserName="page-reader")["AccessKey"]
    root = server.environment()
    for access, secret, status in [(key["AccessKeyId"], key["SecretAccessKey"], 403),
                                   (root["AWS_ACCESS_KEY_ID"], root["AWS_SECRET_ACCESS_KEY"], 404)]:
        request = AWSRequest("GET", server.url + "/_clary/jobs/training-job/no-such-job")
        SigV4Auth(Credentials(access, secret), "clary", "us-east-1").add_auth(request)
        assert urllib3.request("GET", request.url, headers=dict(request.headers), retries=False).status == status


def test_a_session_that_creates_a_job_must_be_allowed_to_pass_its_role(server, sts, iam, role, training):
    iam.put_role_policy(RoleName=role, PolicyName="create", PolicyDocument=policy("sagemaker:CreateTrainingJob"))
    mine = session_of(server, sts, role, "sagemaker")
    request = training.request("print('ran')")
    with pytest.raises(Exception) as raised:
        mine.create_training_job(**request)
    assert "iam:PassRole on resource: arn:aws:iam::000000000000:role/SageMakerRole" in str(raised.value)
    document = json.loads(policy("iam:PassRole"))
    document["Statement"][0]["Condition"] = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    iam.put_role_policy(RoleName=role, PolicyName="pass", PolicyDocument=json.dumps(document))
    mine.create_training_job(**request)
    assert training.wait(request["TrainingJobName"])["TrainingJobStatus"] == "Completed"


def test_a_job_may_do_what_its_role_may(iam, role, training):
    iam.put_role_policy(RoleName=role, PolicyName="all", PolicyDocument=policy("s3:*", "logs:*", "cloudwatch:*", "iam:GetRole"))
    script = f"import boto3\nprint(boto3.client('iam').get_role(RoleName='{role}')['Role']['RoleName'])\n"
    arn = iam.get_role(RoleName=role)["Role"]["Arn"]
    job = training.run(script, RoleArn=arn)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert role in training.lines(job["TrainingJobName"])
    iam.put_role_policy(RoleName=role, PolicyName="no", PolicyDocument=policy("iam:*", effect="Deny"))
    job = training.run(script, RoleArn=arn)
    assert job["TrainingJobStatus"] == "Failed"
    assert "AccessDenied" in " ".join(training.lines(job["TrainingJobName"]))


def test_users_and_their_keys(server, iam):
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    ann = {"AccessKeyId": key["AccessKeyId"], "SecretAccessKey": key["SecretAccessKey"]}
    identity = client_of(server, "sts", ann).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/ann"
    assert code_of(client_of(server, "s3", ann).list_buckets) == "AccessDenied"
    iam.attach_user_policy(UserName="ann", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    client_of(server, "s3", ann).list_buckets()
    token = client_of(server, "sts", ann)
    iam.put_user_policy(UserName="ann", PolicyName="token", PolicyDocument=policy("iam:GetUser"))
    # No policy allows it: none needs to.
    temporary = token.get_session_token(DurationSeconds=900)["Credentials"]
    client_of(server, "s3", temporary).list_buckets()
    assert client_of(server, "iam", temporary).get_user()["User"]["UserName"] == "ann"
    assert code_of(client_of(server, "sts", temporary).get_session_token) == "AccessDenied"
    iam.create_access_key(UserName="ann")
    assert code_of(iam.create_access_key, UserName="ann") == "LimitExceeded"
    iam.update_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert code_of(client_of(server, "s3", ann).list_buckets) == "InvalidAccessKeyId"
    listed = iam.list_access_keys(UserName="ann")["AccessKeyMetadata"]
    assert {one["AccessKeyId"]: one["Status"] for one in listed}[key["AccessKeyId"]] == "Inactive"
    assert code_of(iam.delete_user, UserName="ann") == "DeleteConflict"
    for one in listed:
        iam.delete_access_key(UserName="ann", AccessKeyId=one["AccessKeyId"])
    iam.delete_user_policy(UserName="ann", PolicyName="token")
    iam.detach_user_policy(UserName="ann", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    iam.delete_user(UserName="ann")
    assert code_of(iam.get_user, UserName="ann") == "NoSuchEntity"
    assert code_of(iam.get_user) == "ValidationError"


def test_the_simulation_says_what_the_evaluator_would(iam, role):
    iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=policy("s3:Get*", resource="arn:aws:s3:::b/*"))
    iam.put_role_policy(RoleName=role, PolicyName="d", PolicyDocument=policy("s3:GetObjectAcl", effect="Deny"))
    arn = iam.get_role(RoleName=role)["Role"]["Arn"]
    pages = iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=arn, ActionNames=["s3:GetObject", "s3:PutObject", "s3:GetObjectAcl"],
        ResourceArns=["arn:aws:s3:::b/k"], PaginationConfig={"PageSize": 2})
    found = {one["EvalActionName"]: one["EvalDecision"] for page in pages for one in page["EvaluationResults"]}
    assert found == {"s3:GetObject": "allowed", "s3:PutObject": "implicitDeny", "s3:GetObjectAcl": "explicitDeny"}
    simulate = iam.simulate_principal_policy
    default = simulate(PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:role/SageMakerRole", ActionNames=["sagemaker:CreateTrainingJob"])
    assert default["EvaluationResults"][0]["EvalDecision"] == "allowed"
    nobody = f"arn:aws:iam::{ACCOUNT}:role/Nobody"
    assert code_of(simulate, PolicySourceArn=nobody, ActionNames=["s3:GetObject"]) == "NoSuchEntity"
    assert code_of(simulate, PolicySourceArn=arn, ActionNames=["GetObject"]) == "InvalidInput"


def test_the_cli_makes_a_role_and_assumes_it(server):
    def aws(*words: str) -> dict:
        done = subprocess.run([sys.executable, "-m", "awscli", *words, "--output", "json"], env=server.environment(),
                              capture_output=True, text=True, check=True)
        return json.loads(done.stdout) if done.stdout.strip() else {}

    made = aws("iam", "create-role", "--role-name", "cli", "--assume-role-policy-document", TRUST)
    assert made["Role"]["RoleName"] == "cli"
    got = aws("sts", "assume-role", "--role-arn", made["Role"]["Arn"], "--role-session-name", "se")
    assert got["AssumedRoleUser"]["Arn"].endswith(":assumed-role/cli/se")
    aws("iam", "delete-role", "--role-name", "cli")
