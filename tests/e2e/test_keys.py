"""`clary keys`: keys beside the root key, what they may do, and their end."""

import json
import re

import pytest
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def keeper(tmp_path_factory):
    from clary_server import Server

    running = Server(tmp_path_factory.mktemp("keys") / "data").start()
    yield running
    assert running.stop() == 0


def pair(shown: str) -> dict[str, str]:
    names = {"AWS_ACCESS_KEY_ID": "aws_access_key_id", "AWS_SECRET_ACCESS_KEY": "aws_secret_access_key"}
    return {names[name]: value for name, value in re.findall(r"export (\w+)=(\S+)", shown)}


def opens(keeper, key) -> bool:
    try:
        keeper.client("s3", **key).list_buckets()
    except ClientError as error:
        assert error.response["Error"]["Code"] == "InvalidAccessKeyId"
        return False
    return True


def listed(keeper) -> dict[str, str]:
    return {row["AccessKeyId"]: row["UserName"] for row in json.loads(keeper.cli("keys", "list", "--json").stdout)}


def test_a_key_lives_rotates_and_ends(keeper):
    made = keeper.cli("keys", "create", "ada")
    assert "shown this once" in made.stderr
    key = pair(made.stdout)
    assert opens(keeper, key)
    assert listed(keeper)[key["aws_access_key_id"]] == "ada"
    with pytest.raises(ClientError, match="not authorized to perform: iam:CreateUser"):
        keeper.client("iam", **key).create_user(UserName="another")
    fresh = pair(keeper.cli("keys", "rotate", key["aws_access_key_id"]).stdout)
    assert not opens(keeper, key)
    assert opens(keeper, fresh)
    keeper.cli("keys", "revoke", fresh["aws_access_key_id"])
    assert not opens(keeper, fresh)
    assert list(listed(keeper).values()) == ["root"]


def test_a_policy_bounds_a_key(keeper, tmp_path):
    policy = tmp_path / "policy.json"
    statement = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    key = pair(keeper.cli("keys", "create", "reader", "--policy", str(policy)).stdout)
    assert opens(keeper, key)
    with pytest.raises(ClientError, match="AccessDenied"):
        keeper.client("s3", **key).create_bucket(Bucket="not-for-readers")


@pytest.mark.parametrize("command, status, sentence", [
    (("keys", "revoke", "AKIANOBODY"), 3, "no user has it"),
    (("keys", "create", "bad name!"), 1, "userName"),
    (("keys", "create", "someone", "--policy", "/nowhere.json"), 1, "nowhere"),
])
def test_what_cannot_be(keeper, command, status, sentence):
    done = keeper.cli(*command, check=False)
    assert done.returncode == status
    assert sentence in done.stderr


def test_a_policy_that_cannot_be_read_leaves_no_user(keeper, tmp_path):
    policy = tmp_path / "broken.json"
    policy.write_text("{")
    assert keeper.cli("keys", "create", "nobody", "--policy", str(policy), check=False).returncode != 0
    names = [user["UserName"] for user in keeper.client("iam").list_users()["Users"]]
    assert "nobody" not in names


def test_what_a_key_cannot_is_told_with_what_can_be_done(keeper):
    root = next(key for key, user in listed(keeper).items() if user == "root")
    for command in ("revoke", "rotate"):
        done = keeper.cli("keys", command, root, check=False)
        assert done.returncode == 1 and "this is the root key: keys.access_key in clary.toml replaces it" in done.stderr
    first = pair(keeper.cli("keys", "create", "two").stdout)["aws_access_key_id"]
    second = pair(keeper.cli("keys", "create", "two").stdout)["aws_access_key_id"]
    done = keeper.cli("keys", "rotate", first, check=False)
    assert done.returncode == 1 and f"revoke one first: clary keys revoke {second}" in done.stderr and not done.stdout
    keeper.cli("keys", "revoke", second)
    assert opens(keeper, pair(keeper.cli("keys", "rotate", first).stdout))


def test_an_unknown_element_of_a_policy_is_named(keeper, tmp_path):
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"Version": "2012-10-17", "Statements": []}))
    done = keeper.cli("keys", "create", "hasty", "--policy", str(policy), check=False)
    assert done.returncode == 1 and "the policy has an unknown element 'Statements'" in done.stderr
