"""Quotas of buckets: what would go beyond is refused and leaves nothing; removing makes room."""

import io

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

CONFIG = "[s3.quotas]\nsmall = '100 KiB'\nlarge = '20 MiB'\n"


@pytest.fixture(scope="module")
def keeper(tmp_path_factory):
    from clary_server import Server

    running = Server(tmp_path_factory.mktemp("quotas") / "data", config=CONFIG).start()
    yield running
    assert running.stop() == 0


def refused(keep, bucket, key, size):
    with pytest.raises(ClientError) as error:
        keep.put_object(Bucket=bucket, Key=key, Body=b"x" * size)
    assert error.value.response["Error"]["Code"] == "QuotaExceeded"
    assert "its quota of 100" in error.value.response["Error"]["Message"]


def test_a_bucket_holds_no_more_than_its_quota(keeper):
    s3 = keeper.client("s3")
    s3.create_bucket(Bucket="small")
    s3.put_object(Bucket="small", Key="a", Body=b"x" * 60_000)
    refused(s3, "small", "b", 60_000)
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket="small")["Contents"]] == ["a"]
    s3.put_object(Bucket="small", Key="a", Body=b"y" * 90_000)
    s3.put_object(Bucket="small", Key="b", Body=b"x" * 100)
    keeper.kill()
    keeper.start()
    refused(s3, "small", "c", 20_000)
    s3.delete_object(Bucket="small", Key="a")
    s3.put_object(Bucket="small", Key="c", Body=b"x" * 100_000)
    s3.put_bucket_versioning(Bucket="small", VersioningConfiguration={"Status": "Enabled"})
    refused(s3, "small", "c", 50_000)
    s3.create_bucket(Bucket="free")
    s3.put_object(Bucket="free", Key="a", Body=b"x" * 300_000)


def test_parts_count_and_joining_them_does_not_count_twice(keeper):
    s3 = keeper.client("s3")
    s3.create_bucket(Bucket="large")
    parts = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20, max_concurrency=2)
    s3.upload_fileobj(io.BytesIO(b"x" * (15 << 20)), "large", "whole", Config=parts)
    with pytest.raises(Exception, match="QuotaExceeded"):
        s3.upload_fileobj(io.BytesIO(b"x" * (10 << 20)), "large", "more", Config=parts)
    s3.delete_object(Bucket="large", Key="whole")
    s3.upload_fileobj(io.BytesIO(b"x" * (10 << 20)), "large", "more", Config=parts)
    assert s3.head_object(Bucket="large", Key="more")["ContentLength"] == 10 << 20
