"""IAM's managed policies: the account's own with their versions, AWS's, and the roles that SDK v3 makes of them."""

import json
import subprocess

import pytest
from clary_server import V3_PYTHON
from identities import ACCOUNT, TRUST, code_of, policy, session_of

AWSS = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
READ, WRITE = policy("s3:GetObject"), policy("s3:GetObject", "s3:PutObject")


@pytest.fixture(scope="module")
def iam(server):
    return server.client("iam")


@pytest.fixture
def managed(iam, request):
    """The ARN of a policy of the test's own that allows reading."""
    name = f"Policy-{request.node.name.replace('_', '-')}"[:60]
    return iam.create_policy(PolicyName=name, Path="/team/", PolicyDocument=READ, Description="a test's",
                             Tags=[{"Key": "k", "Value": "v"}])["Policy"]["Arn"]


@pytest.fixture
def role(iam, request):
    name = f"Role-{request.node.name.replace('_', '-')}"[:60]
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
    return name


def versions(iam, arn: str) -> list[tuple[str, bool]]:
    return [(one["VersionId"], one["IsDefaultVersion"]) for one in iam.list_policy_versions(PolicyArn=arn)["Versions"]]


def test_a_policy_lives_and_ends(iam, managed):
    found = iam.get_policy(PolicyArn=managed)["Policy"]
    assert found["PolicyId"].startswith("ANPA") and found["Path"] == "/team/" and found["DefaultVersionId"] == "v1"
    assert (found["AttachmentCount"], found["IsAttachable"], found["Description"]) == (0, True, "a test's")
    assert found["Tags"] == [{"Key": "k", "Value": "v"}]
    assert iam.get_policy_version(PolicyArn=managed, VersionId="v1")["PolicyVersion"]["Document"] == json.loads(READ)
    for path in ("/team/", "/"):
        assert code_of(iam.create_policy, PolicyName=found["PolicyName"], Path=path, PolicyDocument=READ) == "EntityAlreadyExists"
    iam.delete_policy(PolicyArn=managed)
    assert code_of(iam.get_policy, PolicyArn=managed) == "NoSuchEntity"
    assert code_of(iam.delete_policy, PolicyArn=managed) == "NoSuchEntity"


def test_versions_come_and_go(iam, managed):
    assert iam.create_policy_version(PolicyArn=managed, PolicyDocument=WRITE)["PolicyVersion"]["VersionId"] == "v2"
    assert versions(iam, managed) == [("v2", False), ("v1", True)]
    iam.create_policy_version(PolicyArn=managed, PolicyDocument=READ, SetAsDefault=True)
    assert versions(iam, managed) == [("v3", True), ("v2", False), ("v1", False)]
    iam.set_default_policy_version(PolicyArn=managed, VersionId="v2")
    assert iam.get_policy(PolicyArn=managed)["Policy"]["DefaultVersionId"] == "v2"
    assert code_of(iam.delete_policy_version, PolicyArn=managed, VersionId="v2") == "DeleteConflict"
    assert code_of(iam.delete_policy, PolicyArn=managed) == "DeleteConflict"
    iam.delete_policy_version(PolicyArn=managed, VersionId="v3")
    assert iam.create_policy_version(PolicyArn=managed, PolicyDocument=READ)["PolicyVersion"]["VersionId"] == "v4"
    for _ in range(2):
        iam.create_policy_version(PolicyArn=managed, PolicyDocument=READ)
    assert code_of(iam.create_policy_version, PolicyArn=managed, PolicyDocument=READ) == "LimitExceeded"
    assert code_of(iam.get_policy_version, PolicyArn=managed, VersionId="v9") == "NoSuchEntity"


def test_who_has_a_policy_may_what_its_default_version_says(server, iam, managed, role):
    server.client("s3").create_bucket(Bucket="managed")
    mine = session_of(server, server.client("sts"), role, "s3")
    put = {"Bucket": "managed", "Key": "k", "Body": b"x"}
    iam.attach_role_policy(RoleName=role, PolicyArn=managed)
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == [
        {"PolicyName": managed.rpartition("/")[2], "PolicyArn": managed}]
    assert code_of(mine.put_object, **put) == "AccessDenied"
    iam.create_policy_version(PolicyArn=managed, PolicyDocument=WRITE, SetAsDefault=True)
    mine.put_object(**put)
    assert iam.get_policy(PolicyArn=managed)["Policy"]["AttachmentCount"] == 1
    assert [one["RoleName"] for one in iam.list_entities_for_policy(PolicyArn=managed)["PolicyRoles"]] == [role]
    assert iam.list_entities_for_policy(PolicyArn=managed, EntityFilter="User")["PolicyRoles"] == []
    iam.delete_policy_version(PolicyArn=managed, VersionId="v1")
    assert code_of(iam.delete_policy, PolicyArn=managed) == "DeleteConflict"
    iam.detach_role_policy(RoleName=role, PolicyArn=managed)
    assert code_of(mine.put_object, **put) == "AccessDenied"
    iam.delete_policy(PolicyArn=managed)
    assert code_of(iam.attach_role_policy, RoleName=role, PolicyArn=managed) == "NoSuchEntity"


def test_lists_tell_awss_policies_from_ones_own(iam, managed, role):
    def listed(**more):
        return {one["Arn"] for page in iam.get_paginator("list_policies").paginate(**more) for one in page["Policies"]}

    assert managed in listed(Scope="Local") and AWSS not in listed(Scope="Local")
    assert AWSS in listed(Scope="AWS") and managed not in listed(Scope="AWS")
    assert {managed, AWSS} <= listed(PaginationConfig={"PageSize": 1})
    assert managed in listed(PathPrefix="/team/") and AWSS not in listed(PathPrefix="/team/")
    assert managed not in listed(OnlyAttached=True)
    iam.attach_role_policy(RoleName=role, PolicyArn=managed)
    assert managed in listed(OnlyAttached=True)


def test_what_means_nothing_is_refused(iam, managed, role):
    assert code_of(iam.create_policy, PolicyName="x", PolicyDocument="{}") == "MalformedPolicyDocument"
    assert code_of(iam.create_policy, PolicyName="not a name", PolicyDocument=READ) == "ValidationError"
    assert code_of(iam.create_policy_version, PolicyArn=managed, PolicyDocument="no") == "MalformedPolicyDocument"
    assert code_of(iam.create_policy_version, PolicyArn=AWSS, PolicyDocument=READ) == "AccessDenied"
    assert code_of(iam.delete_policy, PolicyArn=AWSS) == "AccessDenied"
    assert iam.get_policy(PolicyArn=AWSS)["Policy"]["DefaultVersionId"] == "v1"
    with pytest.raises(iam.exceptions.NoSuchEntityException, match="Of AWS's Clary knows: .*CreatePolicy"):
        iam.attach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AmazonBedrockFullAccess")
    assert code_of(iam.attach_role_policy, RoleName=role, PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/nobodys") == "NoSuchEntity"


def test_tags_of_a_role(iam, role):
    iam.tag_role(RoleName=role, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    iam.tag_role(RoleName=role, Tags=[{"Key": "a", "Value": "3"}])
    assert {tag["Key"]: tag["Value"] for tag in iam.list_role_tags(RoleName=role)["Tags"]} == {"a": "3", "b": "2"}
    iam.untag_role(RoleName=role, TagKeys=["a", "absent"])
    assert iam.get_role(RoleName=role)["Role"]["Tags"] == [{"Key": "b", "Value": "2"}]
    assert code_of(iam.tag_role, RoleName="absent", Tags=[{"Key": "a", "Value": "1"}]) == "NoSuchEntity"


MAKE_ROLE = """
import sys
from sagemaker.core.helper import iam_role_resolver
iam_role_resolver._IAM_PROPAGATION_DELAY_SECONDS = 0  # AWS's own need, not the SDK's
resolver = iam_role_resolver.IamRoleResolver()
made = resolver.create_execution_role(role_type="training", s3_resource="sdk-roles")
again = resolver.create_execution_role(role_type="training", s3_resource=["sdk-roles", "another"])
assert made == again and resolver.resolve_and_validate_role(made) == made
print(made)
if "remove" in sys.argv:
    resolver.delete_execution_role("training")
"""


def test_sdk_v3_makes_changes_and_removes_its_execution_role(server, iam):
    def run(*arguments: str) -> str:
        done = subprocess.run([V3_PYTHON, "-c", MAKE_ROLE, *arguments], env=server.environment(), capture_output=True,
                              text=True, timeout=120)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout.split()[-1]

    assert run() == f"arn:aws:iam::{ACCOUNT}:role/SageMaker-AutoRole-Training"
    policies = iam.list_attached_role_policies(RoleName="SageMaker-AutoRole-Training")["AttachedPolicies"]
    assert len(policies) == 11
    s3 = next(one["PolicyArn"] for one in policies if one["PolicyName"].endswith("-s3_policy"))
    assert versions(iam, s3) == [("v2", True), ("v1", False)]
    run("remove")
    assert code_of(iam.get_role, RoleName="SageMaker-AutoRole-Training") == "NoSuchEntity"
    assert code_of(iam.get_policy, PolicyArn=s3) == "NoSuchEntity"
