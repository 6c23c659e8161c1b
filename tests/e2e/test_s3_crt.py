"""S3 clients with AWS's Common Runtime, as AWS CLI v2 has it: its signer, its own transfer client, and CRC64NVME unless another
checksum is asked for, in a header over http and in aws-chunked trailers over https. The Python of .venv-v3 has it."""

import pathlib
import subprocess

import pytest
from clary_server import V3_PYTHON

PRELUDE = """
import boto3, botocore.compat, botocore.httpchecksum, s3transfer.utils
from boto3.s3.transfer import TransferConfig
assert botocore.compat.HAS_CRT
botocore.httpchecksum.DEFAULT_CHECKSUM_ALGORITHM = s3transfer.utils.DEFAULT_CHECKSUM_ALGORITHM = "CRC64NVME"  # as CLI v2
MIB = 1 << 20
BUCKET = "common-runtime"
s3 = boto3.client("s3")
s3.create_bucket(Bucket=BUCKET)

def stored(key):
    \"\"\"What is kept of an object; reading it checks the checksum in the client.\"\"\"
    answer = s3.get_object(Bucket=BUCKET, Key=key, ChecksumMode="ENABLED")
    return {**answer, "Body": answer["Body"].read()}

def content(mib):
    return bytes(range(256)) * (mib * MIB // 256)
"""

SMALL = """
from botocore.exceptions import ClientError
body = b"the quick brown fox"
put = s3.put_object(Bucket=BUCKET, Key="small", Body=body)
found = stored("small")
assert found["Body"] == body and found["ChecksumType"] == "FULL_OBJECT", found
assert found["ChecksumCRC64NVME"] == put["ChecksumCRC64NVME"], found
try:
    s3.put_object(Bucket=BUCKET, Key="small", Body=body + b"!", ChecksumCRC64NVME=put["ChecksumCRC64NVME"])
    raise SystemExit("a wrong checksum was taken")
except ClientError as failure:
    assert failure.response["Error"]["Code"] in ("BadDigest", "InvalidRequest"), failure
assert stored("small")["Body"] == body
"""

PARTS = """
open("large", "wb").write(content(17))
s3.upload_file("large", BUCKET, "large", Config=TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB))
whole = s3.head_object(Bucket=BUCKET, Key="large", ChecksumMode="ENABLED")
assert whole["ETag"].endswith('-4"') and whole["ChecksumType"] == "FULL_OBJECT", whole
s3.put_object(Bucket=BUCKET, Key="whole", Body=content(17))
assert whole["ChecksumCRC64NVME"] == stored("whole")["ChecksumCRC64NVME"], whole
assert stored("large")["Body"] == content(17)
"""

# As the CLI makes it: boto3's own way to this client knows https with the system's authorities only.
NATIVE = """
import os, botocore.session
from s3transfer.crt import BotocoreCRTCredentialsWrapper, BotocoreCRTRequestSerializer, CRTTransferManager, create_s3_crt_client
session, url = botocore.session.Session(), os.environ["AWS_ENDPOINT_URL"]
credentials = BotocoreCRTCredentialsWrapper(session.get_credentials()).to_crt_credentials_provider()
runtime = create_s3_crt_client("us-east-1", credentials, part_size=5 * MIB, use_ssl=url.startswith("https"),
                               verify=os.environ.get("AWS_CA_BUNDLE"))
requests = BotocoreCRTRequestSerializer(session, {"region_name": "us-east-1", "endpoint_url": url})
open("up", "wb").write(content(17))
for algorithm in ("CRC32", "CRC64NVME"):
    with CRTTransferManager(runtime, requests) as manager:
        manager.upload("up", BUCKET, algorithm, {"ChecksumAlgorithm": algorithm}).result()
        manager.download(BUCKET, algorithm, "down-" + algorithm).result()
    # A download has its name when its manager has ended.
    assert open("down-" + algorithm, "rb").read() == content(17)
    kept = stored(algorithm)
    assert kept["Body"] == content(17) and kept["ETag"].endswith('-4"') and kept["Checksum" + algorithm], kept
"""


# botocore leaves these to the runtime.
EVERY_KIND = """
from botocore.exceptions import ClientError
body = b"123456789"
for algorithm in ("XXHASH64", "XXHASH3", "XXHASH128", "SHA512", "CRC32C"):
    member = "Checksum" + algorithm
    put = s3.put_object(Bucket=BUCKET, Key=algorithm, Body=body, ChecksumAlgorithm=algorithm)
    assert stored(algorithm)[member] == put[member] and put["ChecksumType"] == "FULL_OBJECT", put
    try:
        s3.put_object(Bucket=BUCKET, Key="other", Body=body + b"!", **{member: put[member]})
        raise SystemExit("a wrong checksum was taken")
    except ClientError as failure:
        assert failure.response["Error"]["Code"] == "BadDigest", failure
    named = {"Bucket": BUCKET, "Key": "parts-" + algorithm}
    upload = s3.create_multipart_upload(**named, ChecksumAlgorithm=algorithm)["UploadId"]
    part = s3.upload_part(**named, UploadId=upload, PartNumber=1, Body=body, ChecksumAlgorithm=algorithm)
    assert part[member] == put[member], part
    done = s3.complete_multipart_upload(**named, UploadId=upload, MultipartUpload={
        "Parts": [{"PartNumber": 1, "ETag": part["ETag"], member: part[member]}]})
    assert done["ChecksumType"] == "COMPOSITE" and done[member].endswith("-1"), done
"""


@pytest.mark.parametrize("code", [SMALL, PARTS, NATIVE, EVERY_KIND], ids=["small", "parts", "native", "every kind"])
def test_the_common_runtime_writes_and_reads(any_server, code, tmp_path: pathlib.Path):
    done = subprocess.run([V3_PYTHON, "-c", PRELUDE + code], cwd=tmp_path, env=any_server.environment(), capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
