"""Objects of several parts, and checksums of parts and wholes, as S3 clients use them. Over http and https."""

import base64
import hashlib

import pytest
from botocore.config import Config
from s3_objects import BUCKET, PART, client_of, code_of, read, upload


@pytest.fixture(scope="module")
def server(any_server):
    return any_server


@pytest.fixture(scope="module")
def s3(server):
    return client_of(server)


def test_parts_are_read_and_described(s3):
    first, second = b"a" * PART, b"bc"
    done = upload(s3, "parts", [first, second], ChecksumAlgorithm="SHA256")
    assert done["ChecksumType"] == "COMPOSITE" and done["ChecksumSHA256"].endswith("-2")
    named = {"Bucket": BUCKET, "Key": "parts"}
    answer = s3.get_object(**named, PartNumber=2)
    assert (answer["Body"].read(), answer["PartsCount"], answer["ContentRange"]) == (
        second, 2, f"bytes {PART}-{PART + 1}/{PART + 2}")
    assert s3.head_object(**named, PartNumber=1)["ContentLength"] == PART
    assert code_of(s3.get_object, **named, PartNumber=3) == ("InvalidPartNumber", 416)
    assert code_of(s3.get_object, **named, PartNumber=1, Range="bytes=0-1") == ("InvalidRequest", 400)
    wanted = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
    attributes = s3.get_object_attributes(**named, ObjectAttributes=wanted)
    assert attributes["ETag"] == done["ETag"].strip('"')
    assert (attributes["ObjectSize"], attributes["StorageClass"]) == (PART + 2, "STANDARD")
    assert attributes["Checksum"] == {"ChecksumSHA256": done["ChecksumSHA256"], "ChecksumType": "COMPOSITE"}
    parts = attributes["ObjectParts"]
    assert parts["TotalPartsCount"] == 2 and [part["Size"] for part in parts["Parts"]] == [PART, 2]
    assert parts["Parts"][1]["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(second).digest()).decode()
    page = s3.get_object_attributes(**named, ObjectAttributes=["ObjectParts"], MaxParts=1)["ObjectParts"]
    assert page["IsTruncated"] and page["NextPartNumberMarker"] == 1


def test_uploads_and_their_parts_are_listed(s3):
    keys = ["up/a", "up/b/1", "up/b/2"]
    ids = {key: s3.create_multipart_upload(Bucket=BUCKET, Key=key, ChecksumAlgorithm="CRC32")["UploadId"] for key in keys}
    listed = s3.list_multipart_uploads(Bucket=BUCKET, Prefix="up/")
    assert [(each["Key"], each["UploadId"]) for each in listed["Uploads"]] == [(key, ids[key]) for key in keys]
    assert listed["Uploads"][0]["ChecksumAlgorithm"] == "CRC32"
    folders = s3.list_multipart_uploads(Bucket=BUCKET, Prefix="up/", Delimiter="/")
    assert [each["Key"] for each in folders["Uploads"]] == ["up/a"] and folders["CommonPrefixes"] == [{"Prefix": "up/b/"}]
    page = s3.list_multipart_uploads(Bucket=BUCKET, Prefix="up/", MaxUploads=2)
    rest = s3.list_multipart_uploads(Bucket=BUCKET, Prefix="up/", KeyMarker=page["NextKeyMarker"],
                                     UploadIdMarker=page["NextUploadIdMarker"])
    assert page["IsTruncated"] and [each["Key"] for each in rest["Uploads"]] == ["up/b/2"]
    named = {"Bucket": BUCKET, "Key": "up/a", "UploadId": ids["up/a"]}
    for number in (1, 3, 5):
        s3.upload_part(**named, PartNumber=number, Body=b"x" * number)
    pages = s3.get_paginator("list_parts").paginate(**named, PaginationConfig={"PageSize": 2})
    assert [[part["PartNumber"] for part in page["Parts"]] for page in pages] == [[1, 3], [5]]
    for key, upload_id in ids.items():
        s3.abort_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload_id)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=BUCKET, Prefix="up/")
    assert code_of(s3.list_parts, **named) == ("NoSuchUpload", 404)


def test_parts_are_copied_with_ranges(s3):
    source = {"Bucket": BUCKET, "Key": "part-source"}
    body = bytes(range(256)) * ((PART + 512) // 256)
    s3.put_object(**source, Body=body)
    named = {"Bucket": BUCKET, "Key": "part-copies"}
    upload_id = s3.create_multipart_upload(**named)["UploadId"]
    parts = []
    for number, field in enumerate((f"bytes=0-{PART - 1}", "bytes=1-3"), 1):
        answer = s3.upload_part_copy(**named, UploadId=upload_id, PartNumber=number, CopySource=source, CopySourceRange=field)
        parts.append({"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]})
    for field in ("bytes=1-", "bytes=-5", f"bytes=0-{len(body)}", f"bytes={len(body)}-{len(body) + 1}"):
        assert code_of(s3.upload_part_copy, **named, UploadId=upload_id, PartNumber=3, CopySource=source,
                       CopySourceRange=field) == ("InvalidArgument", 400)
    s3.complete_multipart_upload(**named, UploadId=upload_id, MultipartUpload={"Parts": parts})
    assert read(s3, "part-copies") == body[:PART] + body[1:4]


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256", "SHA512"])
def test_checksums_of_every_algorithm(s3, algorithm):
    member = f"Checksum{algorithm}"
    named = {"Bucket": BUCKET, "Key": f"checksums/{algorithm}"}
    put = s3.put_object(**named, Body=b"hello", ChecksumAlgorithm=algorithm)
    assert put["ChecksumType"] == "FULL_OBJECT"
    assert s3.get_object(**named, ChecksumMode="ENABLED")[member] == put[member]
    assert s3.head_object(**named, ChecksumMode="ENABLED")[member] == put[member]
    assert member not in s3.get_object(**named, Range="bytes=0-1", ChecksumMode="ENABLED")
    attributes = s3.get_object_attributes(**named, ObjectAttributes=["Checksum"])
    assert attributes["Checksum"] == {member: put[member], "ChecksumType": "FULL_OBJECT"}
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix=named["Key"])["Contents"][0]["ChecksumAlgorithm"] == [algorithm]
    wrong = {member: base64.b64encode(bytes(len(base64.b64decode(put[member])))).decode()}
    assert code_of(s3.put_object, **named, Body=b"hello", **wrong) == ("BadDigest", 400)
    whole = upload(s3, f"checksums/multi/{algorithm}", [b"hello"], ChecksumAlgorithm=algorithm)
    assert whole["ChecksumType"] == "COMPOSITE"
    if algorithm.startswith("CRC"):
        whole = upload(s3, "checksums/whole", [b"a" * PART, b"b"], ChecksumAlgorithm=algorithm, ChecksumType="FULL_OBJECT")
        single = s3.put_object(Bucket=BUCKET, Key="checksums/single", Body=b"a" * PART + b"b", ChecksumAlgorithm=algorithm)
        assert whole[member] == single[member]


@pytest.mark.parametrize("member, value", [  # catalogue values of "123456789"; botocore makes neither by itself
    ("ChecksumCRC32C", "4waSgw=="), ("ChecksumCRC64NVME", base64.b64encode(bytes.fromhex("ae8b14860a799888")).decode())])
def test_checksums_that_the_client_gives(s3, member, value):
    named = {"Bucket": BUCKET, "Key": f"given/{member}"}
    assert s3.put_object(**named, Body=b"123456789", **{member: value})[member] == value
    assert s3.head_object(**named, ChecksumMode="ENABLED")[member] == value
    assert code_of(s3.put_object, **named, Body=b"12345678", **{member: value}) == ("BadDigest", 400)
    algorithm = {"ChecksumAlgorithm": member.removeprefix("Checksum"), "ChecksumType": "FULL_OBJECT"}
    upload_id = s3.create_multipart_upload(**named, **algorithm)["UploadId"]
    part = s3.upload_part(**named, UploadId=upload_id, PartNumber=1, Body=b"123456789", **{member: value})
    done = s3.complete_multipart_upload(**named, UploadId=upload_id, MultipartUpload={
        "Parts": [{"PartNumber": 1, "ETag": part["ETag"], member: value}]}, **{member: value})
    assert (done[member], done["ChecksumType"]) == (value, "FULL_OBJECT")


def test_an_md5_is_a_checksum_too(s3):
    def md5(body: bytes) -> str:
        return base64.b64encode(hashlib.md5(body).digest()).decode()

    named = {"Bucket": BUCKET, "Key": "given/md5"}
    assert s3.put_object(**named, Body=b"hello", ChecksumMD5=md5(b"hello"))["ChecksumMD5"] == md5(b"hello")
    assert s3.head_object(**named, ChecksumMode="ENABLED")["ChecksumMD5"] == md5(b"hello")
    assert code_of(s3.put_object, **named, Body=b"hello", ChecksumMD5=md5(b"other")) == ("BadDigest", 400)
    assert code_of(s3.create_multipart_upload, **named, ChecksumAlgorithm="MD5",
                   ChecksumType="FULL_OBJECT") == ("InvalidRequest", 400)
    upload_id = s3.create_multipart_upload(**named, ChecksumAlgorithm="MD5")["UploadId"]
    part = s3.upload_part(**named, UploadId=upload_id, PartNumber=1, Body=b"part", ChecksumMD5=md5(b"part"))
    done = s3.complete_multipart_upload(**named, UploadId=upload_id, MultipartUpload={
        "Parts": [{"PartNumber": 1, "ETag": part["ETag"], "ChecksumMD5": part["ChecksumMD5"]}]})
    assert done["ChecksumMD5"] == md5(hashlib.md5(b"part").digest()) + "-1" and done["ChecksumType"] == "COMPOSITE"


def test_parts_may_bring_another_checksum_than_the_whole_has(s3, server):
    done = upload(s3, "brought/parts", [b"a" * PART, b"b"])  # botocore gives each part a CRC-32 unasked
    # What names no checksum gets a CRC64NVME.
    plain = server.client("s3", config=Config(request_checksum_calculation="when_required", retries={"total_max_attempts": 1}))
    whole = plain.put_object(Bucket=BUCKET, Key="brought/whole", Body=b"a" * PART + b"b")
    assert (done["ChecksumCRC64NVME"], done["ChecksumType"]) == (whole["ChecksumCRC64NVME"], "FULL_OBJECT")
    assert "ChecksumCRC32" not in done
    named = {"Bucket": BUCKET, "Key": "brought/wrong"}
    upload_id = s3.create_multipart_upload(**named)["UploadId"]
    part = s3.upload_part(**named, UploadId=upload_id, PartNumber=1, Body=b"a")
    other = {"PartNumber": 1, "ETag": part["ETag"], "ChecksumCRC32": "AAAAAA=="}
    assert code_of(s3.complete_multipart_upload, **named, UploadId=upload_id,
                   MultipartUpload={"Parts": [other]}) == ("InvalidPart", 400)


def test_parts_without_a_checksum_get_one_of_the_whole(server):
    plain = server.client("s3", config=Config(request_checksum_calculation="when_required", retries={"total_max_attempts": 1}))
    named = {"Bucket": BUCKET, "Key": "given/none"}
    upload_id = plain.create_multipart_upload(**named)["UploadId"]
    parts = [{"PartNumber": number, "ETag": plain.upload_part(**named, UploadId=upload_id, PartNumber=number, Body=body)["ETag"]}
             for number, body in enumerate((b"a" * PART, b"b"), 1)]
    done = plain.complete_multipart_upload(**named, UploadId=upload_id, MultipartUpload={"Parts": parts})
    whole = plain.put_object(Bucket=BUCKET, Key="given/whole", Body=b"a" * PART + b"b")
    assert (done["ChecksumCRC64NVME"], done["ChecksumType"]) == (whole["ChecksumCRC64NVME"], "FULL_OBJECT")
    assert plain.head_object(**named, ChecksumMode="ENABLED")["ChecksumCRC64NVME"] == whole["ChecksumCRC64NVME"]
