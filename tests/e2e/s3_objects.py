"""What the tests of objects have in common: their bucket, and short words for reading and uploading."""

import contextlib

import pytest
from botocore.exceptions import ClientError
from clary_server import Server

BUCKET = "object-tests"
PART = 5 << 20  # the smallest one that another may follow


def client_of(server: Server):
    """An S3 client, and the bucket is there: who comes first makes it."""
    client = server.client("s3")
    with contextlib.suppress(client.exceptions.BucketAlreadyOwnedByYou):
        client.create_bucket(Bucket=BUCKET)
    return client


def code_of(call, **arguments) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def read(s3, key, **more) -> bytes:
    return s3.get_object(Bucket=BUCKET, Key=key, **more)["Body"].read()


def upload(s3, key, bodies, **more) -> dict:
    """One object of several parts; what CompleteMultipartUpload answers."""
    named = {"Bucket": BUCKET, "Key": key}
    upload_id = s3.create_multipart_upload(**named, **more)["UploadId"]
    parts = []
    for number, body in enumerate(bodies, 1):
        algorithm = {"ChecksumAlgorithm": more["ChecksumAlgorithm"]} if "ChecksumAlgorithm" in more else {}
        part = s3.upload_part(**named, UploadId=upload_id, PartNumber=number, Body=body, **algorithm)
        checksums = {name: value for name, value in part.items() if name.startswith("Checksum") and name != "ChecksumType"}
        parts.append({"PartNumber": number, "ETag": part["ETag"], **checksums})
    return s3.complete_multipart_upload(**named, UploadId=upload_id, MultipartUpload={"Parts": parts})
