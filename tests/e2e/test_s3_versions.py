"""Buckets that keep versions, through boto3, over http and https."""

import uuid

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def server(any_server):
    return any_server


@pytest.fixture
def bucket(server):
    """A bucket of its own that keeps versions; the resource."""
    name = f"versions-{uuid.uuid4().hex[:12]}"
    bucket = server.resource("s3").create_bucket(Bucket=name)
    bucket.Versioning().enable()
    yield bucket
    bucket.object_versions.delete()
    bucket.delete()


def history(bucket, **more) -> list[tuple[str, str, bool, bool]]:
    """Key, version, whether it is a delete marker, whether it is the latest; in the order of keys."""
    page = bucket.meta.client.list_object_versions(Bucket=bucket.name, **more)
    rows = [(each["Key"], each["VersionId"], False, each["IsLatest"]) for each in page.get("Versions", [])]
    rows += [(each["Key"], each["VersionId"], True, each["IsLatest"]) for each in page.get("DeleteMarkers", [])]
    return sorted(rows)


def test_versioning_is_a_state_of_the_bucket(server):
    s3 = server.client("s3")
    s3.create_bucket(Bucket="states")
    assert "Status" not in s3.get_bucket_versioning(Bucket="states")
    assert "VersionId" not in s3.put_object(Bucket="states", Key="k", Body=b"0")
    for state in ("Enabled", "Suspended", "Enabled"):
        s3.put_bucket_versioning(Bucket="states", VersioningConfiguration={"Status": state})
        assert s3.get_bucket_versioning(Bucket="states")["Status"] == state
    with pytest.raises(ClientError, match="MFA"):
        s3.put_bucket_versioning(Bucket="states", VersioningConfiguration={"Status": "Enabled", "MFADelete": "Enabled"})
    assert s3.head_object(Bucket="states", Key="k")["VersionId"] == "null"
    s3.delete_object(Bucket="states", Key="k", VersionId="null")
    s3.delete_bucket(Bucket="states")


def test_every_version_can_be_read(bucket):
    s3 = bucket.meta.client
    ids = [s3.put_object(Bucket=bucket.name, Key="k", Body=body, Metadata={"n": str(number)}, Tagging=f"n={number}")["VersionId"]
           for number, body in enumerate((b"one", b"two" * 20_000, b"three"))]
    assert len(set(ids)) == 3
    latest = s3.get_object(Bucket=bucket.name, Key="k")
    assert (latest["VersionId"], latest["Body"].read()) == (ids[2], b"three")
    old = s3.get_object(Bucket=bucket.name, Key="k", VersionId=ids[1], Range="bytes=0-2")
    assert (old["Body"].read(), old["Metadata"], old["VersionId"]) == (b"two", {"n": "1"}, ids[1])
    assert s3.head_object(Bucket=bucket.name, Key="k", VersionId=ids[0])["ContentLength"] == 3
    assert s3.get_object_tagging(Bucket=bucket.name, Key="k", VersionId=ids[0])["TagSet"] == [{"Key": "n", "Value": "0"}]
    with pytest.raises(ClientError, match="NoSuchVersion"):
        s3.get_object(Bucket=bucket.name, Key="k", VersionId="0" * 32)
    source = {"Bucket": bucket.name, "Key": "k", "VersionId": ids[0]}
    copied = s3.copy_object(Bucket=bucket.name, Key="k", CopySource=source)
    assert (copied["CopySourceVersionId"], s3.get_object(Bucket=bucket.name, Key="k")["Body"].read()) == (ids[0], b"one")
    assert [row[3] for row in history(bucket)].count(True) == 1 and len(history(bucket)) == 4


def test_a_delete_hides_and_can_be_undone(bucket):
    s3 = bucket.meta.client
    version = s3.put_object(Bucket=bucket.name, Key="k", Body=b"x")["VersionId"]
    marker = s3.delete_object(Bucket=bucket.name, Key="k")
    assert marker["DeleteMarker"] and marker["VersionId"] != version
    with pytest.raises(ClientError) as absent:
        s3.get_object(Bucket=bucket.name, Key="k")
    headers = absent.value.response["ResponseMetadata"]["HTTPHeaders"]
    assert absent.value.response["Error"]["Code"] == "NoSuchKey"
    assert (headers["x-amz-delete-marker"], headers["x-amz-version-id"]) == ("true", marker["VersionId"])
    with pytest.raises(ClientError) as refused:
        s3.get_object(Bucket=bucket.name, Key="k", VersionId=marker["VersionId"])
    assert refused.value.response["Error"]["Code"] == "MethodNotAllowed"
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket.name)
    assert history(bucket) == sorted([("k", version, False, False), ("k", marker["VersionId"], True, True)])
    with pytest.raises(ClientError, match="BucketNotEmpty"):
        s3.delete_bucket(Bucket=bucket.name)
    undone = s3.delete_object(Bucket=bucket.name, Key="k", VersionId=marker["VersionId"])
    assert undone["DeleteMarker"] and undone["VersionId"] == marker["VersionId"]
    assert s3.get_object(Bucket=bucket.name, Key="k")["Body"].read() == b"x"


def test_batches_delete_versions(bucket):
    s3 = bucket.meta.client
    version = s3.put_object(Bucket=bucket.name, Key="a", Body=b"1")["VersionId"]
    s3.put_object(Bucket=bucket.name, Key="b", Body=b"1")
    answer = s3.delete_objects(Bucket=bucket.name, Delete={"Objects": [{"Key": "a", "VersionId": version}, {"Key": "b"}]})
    by_key = {each["Key"]: each for each in answer["Deleted"]}
    assert by_key["a"] == {"Key": "a", "VersionId": version}
    assert by_key["b"]["DeleteMarker"] and by_key["b"]["DeleteMarkerVersionId"]
    assert sorted((row[0], row[2], row[3]) for row in history(bucket)) == [("b", False, False), ("b", True, True)]


def test_a_suspended_bucket_keeps_what_it_had(bucket):
    s3 = bucket.meta.client
    kept = s3.put_object(Bucket=bucket.name, Key="k", Body=b"kept")["VersionId"]
    bucket.Versioning().suspend()
    for body in (b"1", b"2"):
        assert s3.put_object(Bucket=bucket.name, Key="k", Body=body)["VersionId"] == "null"
    assert {row[1] for row in history(bucket)} == {kept, "null"}
    assert s3.delete_object(Bucket=bucket.name, Key="k")["VersionId"] == "null"
    assert history(bucket) == sorted([("k", kept, False, False), ("k", "null", True, True)])


def test_versions_come_in_pages(bucket):
    s3 = bucket.meta.client
    for key in ("a", "a", "folder/1", "z"):
        s3.put_object(Bucket=bucket.name, Key=key, Body=b"x")
    s3.delete_object(Bucket=bucket.name, Key="z")
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket.name, PaginationConfig={"PageSize": 2})
    kinds = ("Versions", "DeleteMarkers")
    seen = [(each["Key"], each["VersionId"]) for page in pages for kind in kinds for each in page.get(kind, [])]
    assert len(seen) == len(set(seen)) == 5
    page = s3.list_object_versions(Bucket=bucket.name, Delimiter="/")
    assert page["CommonPrefixes"] == [{"Prefix": "folder/"}]


def test_versions_survive_a_restart(new_server):
    server = new_server().start()
    s3 = server.client("s3")
    s3.create_bucket(Bucket="kept")
    s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    ids = [s3.put_object(Bucket="kept", Key="k", Body=bytes([number]) * 50_000)["VersionId"] for number in range(3)]
    s3.delete_object(Bucket="kept", Key="k")
    server.kill()
    server.start()
    s3 = server.client("s3")
    for number, version in enumerate(ids):
        assert s3.get_object(Bucket="kept", Key="k", VersionId=version)["Body"].read() == bytes([number]) * 50_000
    page = s3.list_object_versions(Bucket="kept")
    assert (len(page["Versions"]), page["DeleteMarkers"][0]["IsLatest"]) == (3, True)
