"""What tests of roles, users and policies have in common."""

import json

import pytest

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"},
    {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "sts:AssumeRole"}]})
ACCOUNT = "000000000000"


def policy(*actions: str, effect: str = "Allow", resource: str = "*") -> str:
    statement = {"Effect": effect, "Action": list(actions), "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def code_of(call, **arguments) -> str:
    """The error code of a call that must fail."""
    with pytest.raises(Exception) as raised:
        call(**arguments)
    return raised.value.response["Error"]["Code"]


def session_of(server, sts, role: str, service: str, **more):
    """A client with credentials of the role."""
    arn = server.client("iam").get_role(RoleName=role)["Role"]["Arn"]
    return client_of(server, service, sts.assume_role(RoleArn=arn, RoleSessionName="se", **more)["Credentials"])


def client_of(server, service: str, credentials: dict):
    return server.client(service, aws_access_key_id=credentials["AccessKeyId"],
                         aws_secret_access_key=credentials["SecretAccessKey"],
                         **({"aws_session_token": credentials["SessionToken"]} if "SessionToken" in credentials else {}))
