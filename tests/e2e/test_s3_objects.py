"""Objects as S3 clients use them: conditions, ranges, copies, batches, tags, odd keys, lists, metadata. Over http and https."""

import base64
import datetime
import hashlib
import threading
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import pytest
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from s3_objects import BUCKET, client_of, code_of, read, upload


@pytest.fixture(scope="module")
def server(any_server):
    return any_server


@pytest.fixture(scope="module")
def s3(server):
    return client_of(server)


def test_conditions_of_reads(s3):
    etag = s3.put_object(Bucket=BUCKET, Key="conditions", Body=b"x")["ETag"]
    named = {"Bucket": BUCKET, "Key": "conditions"}
    modified = s3.head_object(**named)["LastModified"]
    before = modified - datetime.timedelta(hours=1)
    for call in (s3.get_object, s3.head_object):
        assert call(**named, IfMatch=etag)["ETag"] == etag
        assert call(**named, IfMatch=etag, IfUnmodifiedSince=before)["ETag"] == etag
        assert call(**named, IfNoneMatch='"other"', IfModifiedSince=modified)["ETag"] == etag
        assert code_of(call, **named, IfMatch='"other"')[1] == 412
        assert code_of(call, **named, IfUnmodifiedSince=before)[1] == 412
        assert code_of(call, **named, IfNoneMatch=etag)[1] == 304
        assert code_of(call, **named, IfModifiedSince=modified)[1] == 304


def test_conditions_of_writes(s3):
    named = {"Bucket": BUCKET, "Key": "once"}
    etag = s3.put_object(**named, Body=b"1", IfNoneMatch="*")["ETag"]
    assert code_of(s3.put_object, **named, Body=b"2", IfNoneMatch="*") == ("PreconditionFailed", 412)
    assert code_of(s3.put_object, **named, Body=b"2", IfMatch='"other"') == ("PreconditionFailed", 412)
    upload_id = s3.create_multipart_upload(**named)["UploadId"]
    part = s3.upload_part(**named, UploadId=upload_id, PartNumber=1, Body=b"3")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    assert code_of(s3.complete_multipart_upload, **named, UploadId=upload_id, MultipartUpload=parts,
                   IfNoneMatch="*") == ("PreconditionFailed", 412)
    s3.complete_multipart_upload(**named, UploadId=upload_id, MultipartUpload=parts, IfMatch=etag)
    assert read(s3, "once") == b"3"
    assert code_of(s3.delete_object, **named, IfMatch='"other"') == ("PreconditionFailed", 412)
    s3.delete_object(**named, IfMatch="*")
    assert code_of(s3.head_object, **named)[1] == 404


@pytest.mark.parametrize("field, expected", [
    ("bytes=0-0", b"0"), ("bytes=2-4", b"234"), ("bytes=7-", b"789"), ("bytes=-3", b"789"), ("bytes=-99", b"0123456789"),
    ("bytes=5-999", b"56789"), ("bytes=4-2", None), ("bytes=0-1,4-5", None), ("lines=0-1", None), ("bytes=x-", None),
])
def test_ranges(s3, field, expected):
    s3.put_object(Bucket=BUCKET, Key="ranges", Body=b"0123456789")
    answer = s3.get_object(Bucket=BUCKET, Key="ranges", Range=field)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == (200 if expected is None else 206)
    assert answer["Body"].read() == (expected or b"0123456789")
    assert ("ContentRange" in answer) == (expected is not None)


def test_ranges_outside(s3):
    s3.put_object(Bucket=BUCKET, Key="ranges", Body=b"0123456789")
    for field in ("bytes=10-", "bytes=-0"):
        assert code_of(s3.get_object, Bucket=BUCKET, Key="ranges", Range=field) == ("InvalidRange", 416)
        assert code_of(s3.head_object, Bucket=BUCKET, Key="ranges", Range=field)[1] == 416


def test_answers_can_be_overridden(s3):
    s3.put_object(Bucket=BUCKET, Key="overrides", Body=b"x", ContentType="a/b")
    answer = s3.get_object(
        Bucket=BUCKET, Key="overrides", ResponseContentType="c/d", ResponseContentLanguage="de", ResponseCacheControl="no-cache",
        ResponseContentDisposition="attachment", ResponseContentEncoding="identity",
        ResponseExpires=datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC))
    assert [answer[name] for name in ("ContentType", "ContentLanguage", "CacheControl", "ContentDisposition")] == [
        "c/d", "de", "no-cache", "attachment"]
    assert answer["Expires"].year == 2030


def test_copies_and_their_directives(s3):
    source = {"Bucket": BUCKET, "Key": "copy ü+/source"}
    s3.put_object(**source, Body=b"0123456789", Metadata={"a": "1"}, ContentType="a/b", Tagging="t=1", ChecksumAlgorithm="SHA1")
    copied = s3.copy_object(Bucket=BUCKET, Key="copy/kept", CopySource=source)
    assert copied["CopyObjectResult"]["ETag"] == f'"{hashlib.md5(b"0123456789").hexdigest()}"'
    assert "ChecksumSHA1" in copied["CopyObjectResult"]
    kept = s3.head_object(Bucket=BUCKET, Key="copy/kept")
    assert (kept["Metadata"], kept["ContentType"]) == ({"a": "1"}, "a/b")
    assert s3.get_object_tagging(Bucket=BUCKET, Key="copy/kept")["TagSet"] == [{"Key": "t", "Value": "1"}]
    s3.copy_object(Bucket=BUCKET, Key="copy/new", CopySource=source, MetadataDirective="REPLACE", Metadata={"b": "2"},
                   TaggingDirective="REPLACE", Tagging="u=2")
    new = s3.head_object(Bucket=BUCKET, Key="copy/new")
    assert (new["Metadata"], new["ContentType"]) == ({"b": "2"}, "binary/octet-stream")
    assert s3.get_object_tagging(Bucket=BUCKET, Key="copy/new")["TagSet"] == [{"Key": "u", "Value": "2"}]
    assert code_of(s3.copy_object, **source, CopySource=source) == ("InvalidRequest", 400)
    s3.copy_object(**source, CopySource=source, MetadataDirective="REPLACE", Metadata={"c": "3"})
    assert s3.head_object(**source)["Metadata"] == {"c": "3"}
    etag = s3.head_object(**source)["ETag"]
    target = {"Bucket": BUCKET, "Key": "copy/conditions", "CopySource": source}
    s3.copy_object(**target, CopySourceIfMatch=etag)
    for condition in ({"CopySourceIfMatch": '"x"'}, {"CopySourceIfNoneMatch": etag},
                      {"CopySourceIfUnmodifiedSince": datetime.datetime(2000, 1, 1)}):
        assert code_of(s3.copy_object, **target, **condition) == ("PreconditionFailed", 412)
    absent = {"Bucket": BUCKET, "Key": "absent"}
    assert code_of(s3.copy_object, Bucket=BUCKET, Key="x", CopySource=absent) == ("NoSuchKey", 404)
    absent = {"Bucket": "absent-bucket", "Key": "absent"}
    assert code_of(s3.copy_object, Bucket=BUCKET, Key="x", CopySource=absent) == ("NoSuchBucket", 404)


def test_a_source_that_is_replaced_meanwhile_is_copied_as_one_or_the_other(s3):
    source = {"Bucket": BUCKET, "Key": "copy/moving"}
    bodies = [bytes([letter]) * 100_000 for letter in b"ab"]
    s3.put_object(**source, Body=bodies[0])
    done = threading.Event()

    def replace():
        while not done.is_set():
            for body in bodies:
                s3.put_object(**source, Body=body)

    with ThreadPoolExecutor(1) as pool:
        replacing = pool.submit(replace)
        try:
            for _ in range(50):
                s3.copy_object(Bucket=BUCKET, Key="copy/caught", CopySource=source)
                assert s3.get_object(Bucket=BUCKET, Key="copy/caught")["Body"].read() in bodies
        finally:
            done.set()
        replacing.result()


def test_batches_are_deleted(s3):
    keys = [f"batch/{number}" for number in range(30)] + ["batch/a&b<c>", "batch/ü \t"]
    for key in keys:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    batch = [{"Key": key} for key in keys[:-1]] + [{"Key": "batch/absent"}]
    answer = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": batch})
    assert sorted(each["Key"] for each in answer["Deleted"]) == sorted(each["Key"] for each in batch)
    failing = [{"Key": keys[-1], "ETag": '"other"'}, {"Key": "k" * 1025}]
    answer = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": failing, "Quiet": True})
    assert sorted(each["Code"] for each in answer["Errors"]) == ["KeyTooLongError", "PreconditionFailed"]
    answer = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": keys[-1]}], "Quiet": True})
    assert "Deleted" not in answer and "Errors" not in answer
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET, Prefix="batch/")
    many = [{"Key": str(number)} for number in range(1001)]
    assert code_of(s3.delete_objects, Bucket=BUCKET, Delete={"Objects": many}) == ("MalformedXML", 400)
    assert len(s3.delete_objects(Bucket=BUCKET, Delete={"Objects": many[:1000]})["Deleted"]) == 1000


def test_tags(s3):
    named = {"Bucket": BUCKET, "Key": "tagged"}
    s3.put_object(**named, Body=b"x", Tagging=urllib.parse.urlencode({"a b": "1&2", "ü": ""}))
    assert s3.get_object_tagging(**named)["TagSet"] == [{"Key": "a b", "Value": "1&2"}, {"Key": "ü", "Value": ""}]
    assert s3.get_object(**named)["TagCount"] == 2
    modified = s3.head_object(**named)["LastModified"]
    s3.put_object_tagging(**named, Tagging={"TagSet": [{"Key": "now", "Value": "2"}]})
    assert s3.get_object_tagging(**named)["TagSet"] == [{"Key": "now", "Value": "2"}]
    assert s3.head_object(**named)["LastModified"] == modified
    s3.delete_object_tagging(**named)
    assert s3.get_object_tagging(**named)["TagSet"] == []
    assert "TagCount" not in s3.get_object(**named)
    many = [{"Key": str(number), "Value": ""} for number in range(11)]
    assert code_of(s3.put_object_tagging, **named, Tagging={"TagSet": many}) == ("BadRequest", 400)
    for key, value in (("aws:x", ""), ("k" * 129, ""), ("k", "v" * 257)):
        assert code_of(s3.put_object_tagging, **named, Tagging={"TagSet": [{"Key": key, "Value": value}]}) == ("InvalidTag", 400)
    assert code_of(s3.put_object_tagging, Bucket=BUCKET, Key="absent", Tagging={"TagSet": []}) == ("NoSuchKey", 404)
    upload(s3, "tagged-parts", [b"x"], Tagging="p=1")
    assert s3.get_object_tagging(Bucket=BUCKET, Key="tagged-parts")["TagSet"] == [{"Key": "p", "Value": "1"}]


KEYS = ["//", "/leading", "trailing/", "a//b", ".", "..", "./x", "../x", "a/../b", "a b", " ", "a+b", "%", "%2F", "a%20b",
        "\x01control\x1f", "\ttab\nline\rreturn", "日本語/é", "e\u0301", "\U0001f600", "k" * 1024, "ü" * 512, "?a=b&c", "#x",
        "&<>'\"", "a\\b", "~user", "*", ":;,@=$!()", "\x7f", "\ufffe"]


def test_odd_keys(server):
    s3 = server.client("s3")
    s3.create_bucket(Bucket="odd-keys")
    for number, key in enumerate(KEYS):
        s3.put_object(Bucket="odd-keys", Key=key, Body=str(number).encode())
    for number, key in enumerate(KEYS):
        assert s3.get_object(Bucket="odd-keys", Key=key)["Body"].read() == str(number).encode(), key
    for call in ("list_objects", "list_objects_v2"):
        pages = s3.get_paginator(call).paginate(Bucket="odd-keys", PaginationConfig={"PageSize": 4})
        listed = [entry["Key"] for page in pages for entry in page["Contents"]]
        assert listed == sorted(KEYS, key=lambda key: key.encode())
    for key in KEYS:
        s3.copy_object(Bucket="odd-keys", Key="copy" + key[:500], CopySource={"Bucket": "odd-keys", "Key": key})
        s3.delete_object(Bucket="odd-keys", Key=key)
        s3.delete_object(Bucket="odd-keys", Key="copy" + key[:500])
    s3.delete_bucket(Bucket="odd-keys")
    assert code_of(s3.put_object, Bucket=BUCKET, Key="k" * 1025, Body=b"") == ("KeyTooLongError", 400)


def test_lists_of_the_first_version(s3):
    for key in ("v1/a", "v1/b/1", "v1/b/2", "v1/c"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    page = s3.list_objects(Bucket=BUCKET, Prefix="v1/", Delimiter="/", MaxKeys=2)
    assert [entry["Key"] for entry in page["Contents"]] == ["v1/a"]
    assert (page["CommonPrefixes"], page["NextMarker"]) == ([{"Prefix": "v1/b/"}], "v1/b/")
    assert page["Contents"][0]["Owner"]["ID"] == "000000000000"
    rest = s3.list_objects(Bucket=BUCKET, Prefix="v1/", Delimiter="/", Marker=page["NextMarker"])
    assert [entry["Key"] for entry in rest["Contents"]] == ["v1/c"] and not rest["IsTruncated"]
    page = s3.list_objects(Bucket=BUCKET, Prefix="v1/", MaxKeys=1)
    assert page["IsTruncated"]


def test_metadata_in_utf8(server, s3):
    encoded = "=?UTF-8?B?" + base64.b64encode("März 日本".encode()).decode() + "?="
    s3.put_object(Bucket=BUCKET, Key="metadata", Body=b"x", Metadata={"month": encoded, "plain": "a b"})
    assert s3.head_object(Bucket=BUCKET, Key="metadata")["Metadata"] == {"month": encoded, "plain": "a b"}
    quoted = "=?utf-8?Q?M=C3=A4rz?="
    s3.put_object(Bucket=BUCKET, Key="metadata", Body=b"x", Metadata={"month": quoted})
    assert s3.head_object(Bucket=BUCKET, Key="metadata")["Metadata"]["month"] == (
        "=?UTF-8?B?" + base64.b64encode("März".encode()).decode() + "?=")


def test_metadata_in_bare_utf8(server, s3):
    """boto3 sends ASCII only; other clients send the bytes of UTF-8."""
    environment = server.environment()
    keys = Credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
    request = AWSRequest("PUT", f"{server.url}/{BUCKET}/bare", data=b"x", headers={
        "x-amz-meta-month": "März", "x-amz-content-sha256": hashlib.sha256(b"x").hexdigest()})
    SigV4Auth(keys, "s3", "us-east-1").add_auth(request)
    http = urllib3.PoolManager(retries=False, ca_certs=str(server.bundle) if server.secure else None)
    headers = {name: value.encode() for name, value in request.headers.items()}
    assert http.request("PUT", f"{server.url}/{BUCKET}/bare", body=b"x", headers=headers).status == 200
    assert s3.head_object(Bucket=BUCKET, Key="bare")["Metadata"]["month"] == (
        "=?UTF-8?B?" + base64.b64encode("März".encode()).decode() + "?=")


@pytest.mark.parametrize("more, named", [
    ({"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}, "SSECustomerAlgorithm"),
    ({"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": datetime.datetime(2030, 1, 1)}, "ObjectLockMode"),
    ({"ObjectLockLegalHoldStatus": "ON"}, "ObjectLockLegalHoldStatus"),
])
def test_what_objects_do_not_have_is_refused_by_name(s3, more, named):
    with pytest.raises(ClientError, match=named) as refused:
        s3.put_object(Bucket=BUCKET, Key="refused", Body=b"x", **more)
    assert str(refused.value).count("with your key") <= 1, "one sentence for members that go together"
    assert code_of(s3.head_object, Bucket=BUCKET, Key="refused")[1] == 404
