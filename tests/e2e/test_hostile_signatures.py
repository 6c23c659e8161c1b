"""Signatures, dates and payload hashes that are not right, in headers and in addresses."""

import datetime

import pytest
from hostile import REGION, Request, is_refused
from test_hostile_http import numbered

AUTHORIZATIONS = [
    " ", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256 x", "AWS4-HMAC-SHA256 Credential={key}", "Basic dXNlcjpwYXNz", "Bearer x",
    "AWS {key}:{signature}", "AWS4-ECDSA-P256-SHA256 Credential={key}/{scope}, SignedHeaders={signed}, Signature={signature}",
    "aws4-hmac-sha256 Credential={key}/{scope}, SignedHeaders={signed}, Signature={signature}",
    "AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={signed}, Signature=",
    "AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={signed}, Signature={signature}00",
    "AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={signed}, Signature=" + "0" * 64,
    "AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={signed}, Signature=" + "f" * 50_000,
    "AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders=, Signature={signature}",
    "AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders=host, Signature={signature}",
    "AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders=x-amz-date, Signature={signature}",
    "AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders=" + "a;" * 10_000 + ", Signature={signature}",
    "AWS4-HMAC-SHA256 Credential=/{scope}, SignedHeaders={signed}, Signature={signature}",
    "AWS4-HMAC-SHA256 Credential={key}//////, SignedHeaders={signed}, Signature={signature}",
    "AWS4-HMAC-SHA256 Credential={key}/../../x/y, SignedHeaders={signed}, Signature={signature}",
    "AWS4-HMAC-SHA256 Credential=" + "k" * 10_000 + "/{scope}, SignedHeaders={signed}, Signature={signature}",
    "AWS4-HMAC-SHA256 Credential=' OR 1=1 --/{scope}, SignedHeaders={signed}, Signature={signature}",
    "AWS4-HMAC-SHA256 Credential={key}/{scope}/x, SignedHeaders={signed}, Signature={signature}",
    "AWS4-HMAC-SHA256 " + "," * 30_000, "AWS4-HMAC-SHA256 Credential=,SignedHeaders=,Signature=",
]
DATES = ["0", "20240101T000000Z", "99991231T235959Z", "00000101T000000Z", "20240230T000000Z", "20240101T250000Z", "-0240101T000000Z",
         "2024-01-01T00:00:00Z", "20240101", "now", "1700000000", "9" * 5000, "20240101T000000", "20240101T000000+0100", "2024010\xb2T000000Z"]


@pytest.mark.parametrize("service, target", [("sagemaker", "/"), ("s3", "/bucket/key"), ("sts", "/")])
@pytest.mark.parametrize("authorization", numbered(AUTHORIZATIONS))
def test_an_authorization(fortress, service, target, authorization):
    method = "GET" if service == "s3" else "POST"
    headers = {"X-Amz-Target": "SageMaker.ListTrainingJobs"} if service == "sagemaker" else {}
    body = b"Action=GetCallerIdentity" if service == "sts" else b""
    is_refused(fortress, Request(method, target, body, headers, service, authorization=authorization).encode(fortress))


@pytest.mark.parametrize("service", ["sagemaker", "s3"])
@pytest.mark.parametrize("moment", numbered(DATES))
def test_a_date(fortress, service, moment):
    is_refused(fortress, Request("GET", "/bucket/key", service=service, time=moment).encode(fortress))


@pytest.mark.parametrize("hash_of_payload", ["0" * 64, "x", "e3b0", "UNSIGNED", "STREAMING-", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", "G" * 64])
def test_a_payload_hash(fortress, hash_of_payload):
    is_refused(fortress, Request("PUT", "/bucket/hash", b"bytes", service="s3", payload_hash=hash_of_payload).encode(fortress))


PRESIGNED = {"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Date": "", "X-Amz-Expires": "60", "X-Amz-SignedHeaders": "host", "X-Amz-Signature": "0" * 64}


@pytest.mark.parametrize("name, value", [
    *[("X-Amz-Expires", value) for value in ("-1", "604801", "abc", "1e3", "9" * 30, "", "60 ", "0x3c")],
    *[("X-Amz-Date", value) for value in DATES[:12]], ("X-Amz-Algorithm", "none"), ("X-Amz-Algorithm", ""), ("X-Amz-SignedHeaders", ""),
    ("X-Amz-Signature", ""), ("X-Amz-Signature", "zz"), ("X-Amz-Credential", ""), ("X-Amz-Credential", "a/b/c"), ("X-Amz-Security-Token", "t"),
    ("X-Amz-Signature", "0" * 64)])
def test_a_presigned_address(fortress, name, value):
    now = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{fortress.environment()['AWS_ACCESS_KEY_ID']}/{now[:8]}/{REGION}/s3/aws4_request"
    fields = {**PRESIGNED, "X-Amz-Date": now, "X-Amz-Credential": scope, name: value}
    query = "&".join(f"{key}={value.replace(' ', '%20')}" for key, value in fields.items())
    is_refused(fortress, f"GET /bucket/key?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode("latin-1"))
