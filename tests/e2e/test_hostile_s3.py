"""Buckets, keys, chunked uploads and XML that want out of their place. All signed rightly."""

import base64
import hashlib

import pytest
from hostile import Request, is_refused, send
from test_hostile_http import numbered

BUCKETS = ["/..", "/.", "/%2e%2e", "/..%2f..%2fetc", "/%2fetc", "/a%2fb", "/A", "/a_b", "/ab", "/" + "x" * 64, "/192.168.0.1", "/-ab", "/ab-",
           "/a..b", "/a%00b", "/a%0ab", "/a%20b", "/%c3%a9t%c3%a9", "/%ff", "/xn--abc", "/abc-s3alias", "/%25", "/a'b", "/" + "y" * 60_000,
           "/%2e%2e/%2e%2e", "/bucket%00", "/con..trol", "/a*b", "/$HOME", "/abc%5cdef", "/..%2fkeys%2froot.json"]
KEYS = ["/bucket/%ff", "/bucket/%c0%af", "/bucket/%ed%a0%80", "/bucket/" + "k" * 1025, "/bucket/" + "%e6%97%a5" * 400, "/bucket/%zz", "/bucket/%"]
ABSENT = ["/bucket/../etc/passwd", "/bucket/..%2f..%2f..%2fetc%2fpasswd", "/bucket/../../../../../etc/passwd", "/bucket/%2e%2e/%2e%2e/keys/root.json",
          "/bucket//etc/passwd", "/bucket/./../meta.db", "/bucket/..", "/bucket/.", "/bucket/%00", "/bucket/..%00/x", "/bucket/a%0d%0aSet-Cookie:%20x",
          "/../meta.db", "/../keys/root.json", "/bucket/..%5c..%5cwin.ini", "/bucket/%25%32%65%25%32%65/x"]
CHUNKS = [
    b"", b"\r\n", b"5\r\nhel", b"5\r\nhello", b"5\r\nhello\r\n", b"5\r\nhello\r\n0\r\n", b"5\r\nhelloX\r\n0\r\n\r\n", b"g\r\nhello\r\n0\r\n\r\n",
    b"-5\r\nhello\r\n0\r\n\r\n", b"+5\r\nhello\r\n0\r\n\r\n", b" 5\r\nhello\r\n0\r\n\r\n", b"0x5\r\nhello\r\n0\r\n\r\n", b"5 \r\nhello\r\n0\r\n\r\n",
    b"5\nhello\n0\n\n", b"ffffffffffffffffff\r\nhello", b"7fffffffffffffff\r\nhello", b"4\r\nhello\r\n0\r\n\r\n", b"6\r\nhello\r\n0\r\n\r\n",
    b"5\r\nhello\r\n0\r\n\r\nmore", b"3\r\nhel\r\n0\r\n\r\n", b"7\r\nhellohe\r\n0\r\n\r\n", b"0\r\n\r\n", b"5;" + b"x" * 70_000 + b"\r\nhello\r\n0\r\n\r\n",
    b"5\r\nhello\r\n0\r\nno colon\r\n\r\n", b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:\r\n\r\n",
    b"5\r\nhello\r\n0\r\nx-amz-checksum-sha1:x\r\n\r\n", b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:!!!!\r\n\r\n", b"5\r\nhello\r\n0\r\n" + b"a:b\r\n" * 20_000 + b"\r\n",
    b"5\r\nhello\r\n0\r\na:" + b"b" * 100_000 + b"\r\n\r\n", b"5\r\nhello\r\n0\r\n:\r\n\r\n", b"0" * 100_000,
]
SIGNED_CHUNKS = [
    b"5\r\nhello\r\n0\r\n\r\n", b"5;chunk-signature=\r\nhello\r\n0;chunk-signature=\r\n\r\n", b"5;chunk-signature=" + b"0" * 64 + b"\r\nhello\r\n0\r\n\r\n",
    b"5;chunk-signature=" + b"z" * 64 + b"\r\nhello", b"5;signature=x\r\nhello\r\n0\r\n\r\n", b"5;chunk-signature=" + b"0" * 5000 + b"\r\nhello\r\n",
    b"0;chunk-signature=" + b"0" * 64 + b"\r\n\r\n", b"5;chunk-signature\r\nhello\r\n",
]
XML = [
    b"<", b"<a", b"</a>", b"<a></b>", b"<a/><b/>", b"text", b"<?xml", b"{}", b"\x00", b"\xff\xfe<\x00a\x00", b"<a>&b;</a>", b"<a>&#0;</a>",
    b"<a b=c/>", b"<a b='1' b='2'/>", b"<a><![CDATA[</a>", b"<!-- <a/>", b"<a>" * 100_000, b"<a>" * 5000 + b"</a>" * 5000, b"<" + b"a" * 1_000_000 + b"/>",
    b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    b'<!DOCTYPE a [<!ENTITY x "' + b"l" * 1000 + b'"><!ENTITY y "' + b"&x;" * 1000 + b'">]><a>&y;</a>', b"<CompleteMultipartUpload/>",
    b"<CompleteMultipartUpload><Part/></CompleteMultipartUpload>", b"<CompleteMultipartUpload><Part><PartNumber>x</PartNumber></Part></CompleteMultipartUpload>",
    *(b"<CompleteMultipartUpload><Part><PartNumber>" + number + b"</PartNumber><ETag>e</ETag></Part></CompleteMultipartUpload>"
      for number in (b"0", b"-1", b"10001", b"99999999999999999999", b"1.5", b" ", b"1")),
    b"<CompleteMultipartUpload>" + b"<Part><PartNumber>1</PartNumber><ETag>e</ETag></Part>" * 20_000 + b"</CompleteMultipartUpload>",
]
QUERIES = [
    "list-type=2&max-keys=abc", "list-type=2&max-keys=-1", "list-type=2&max-keys=99999999999999999999", "list-type=2&max-keys=1.5",
    "continuation-token=nonsense&list-type=2", "continuation-token=&list-type=2", "encoding-type=xml&list-type=2",
    "continuation-token=" + "A" * 50_000 + "&list-type=2",
]
PUT_HEADERS = [
    {"Content-MD5": "x"}, {"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}, {"Content-MD5": "=" * 24}, {"x-amz-checksum-crc32": "x"},
    {"x-amz-checksum-crc32": "AAAAAA=="}, {"x-amz-checksum-sha256": "A" * 44}, {"x-amz-checksum-crc32": "AAAAAA==", "x-amz-checksum-sha1": "x"},
    {"x-amz-meta-a": "v" * 3000}, {"If-Match": '"nope"'}, {"x-amz-expected-bucket-owner": "1"},
    {"x-amz-expected-bucket-owner": "111111111111"},
]


def numbers(cases: list) -> list:
    return [pytest.param(case, id=str(number)) for number, case in enumerate(cases)]


@pytest.mark.parametrize("target", numbers(BUCKETS))
@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_a_buckets_name(fortress, method, target):
    query = "?list-type=2" if method == "GET" else ""
    is_refused(fortress, Request(method, target + query, service="s3").encode(fortress))


@pytest.mark.parametrize("target", numbers(KEYS))
@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_a_key(fortress, method, target):
    is_refused(fortress, Request(method, target, b"x" if method == "PUT" else b"", service="s3").encode(fortress))


@pytest.mark.parametrize("target", numbers(ABSENT))
def test_a_way_out_of_the_bucket_leads_nowhere(fortress, target):
    answer = is_refused(fortress, Request("GET", target, service="s3").encode(fortress))
    assert b"root:" not in answer.body and b"SQLite" not in answer.body and "set-cookie" not in answer.headers


@pytest.mark.parametrize("target", ["/bucket/..%2f..%2fescaped", "/bucket/%2e%2e/%2e%2e/escaped", "/bucket/%2fescaped", "/bucket/..", "/bucket/%00"])
def test_a_key_that_looks_like_a_path_is_a_name(fortress, target):
    outside = {path for path in fortress.data.parent.rglob("escaped")}
    answer = send(fortress, Request("PUT", target, b"x", service="s3").encode(fortress))
    assert answer.status in (200, 400)
    assert {path for path in fortress.data.parent.rglob("escaped")} == outside
    send(fortress, Request("DELETE", target, service="s3").encode(fortress))


def chunked(kind: str, body: bytes, fortress) -> bytes:
    headers = {"x-amz-decoded-content-length": "5", "Content-Encoding": "aws-chunked"}
    if kind.endswith("TRAILER"):
        headers["x-amz-trailer"] = "x-amz-checksum-crc32"
    return Request("PUT", "/bucket/aws-chunked", body, headers, "s3", payload_hash=kind).encode(fortress)


@pytest.mark.parametrize("body", numbered(CHUNKS))
def test_an_aws_chunked_body(fortress, body):
    is_refused(fortress, chunked("STREAMING-UNSIGNED-PAYLOAD-TRAILER", body, fortress))


@pytest.mark.parametrize("kind", ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"])
@pytest.mark.parametrize("body", numbered(SIGNED_CHUNKS))
def test_a_signed_chunk(fortress, kind, body):
    is_refused(fortress, chunked(kind, body, fortress))


@pytest.mark.parametrize("body", numbered(XML))
def test_an_xml_body(fortress, body):
    s3 = fortress.client("s3")
    upload = s3.create_multipart_upload(Bucket="bucket", Key="xml")["UploadId"]
    is_refused(fortress, Request("POST", f"/bucket/xml?uploadId={upload}", body, service="s3").encode(fortress))
    s3.abort_multipart_upload(Bucket="bucket", Key="xml", UploadId=upload)


@pytest.mark.parametrize("body", numbered([text for text in XML if b"MultipartUpload" not in text]))
@pytest.mark.parametrize("setting", ["lifecycle", "cors", "tagging"])
def test_the_xml_of_a_setting(fortress, setting, body):
    headers = {"Content-MD5": base64.b64encode(hashlib.md5(body).digest()).decode()}
    is_refused(fortress, Request("PUT", f"/bucket?{setting}", body, headers, "s3").encode(fortress))


@pytest.mark.parametrize("body", numbered([
    b"", b"{", b"[]", b"null", b"1", b"{}", b'{"Statement":{}}', b'{"Version":"2012-10-17","Statement":[7]}', b"[" * 20_000,
    b'{"Version":"2012-10-17","Statement":[{"Effect":"Maybe","Principal":"*","Action":"s3:*","Resource":"*"}]}',
    b'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*","Condition":{"X":{"a":1}}}]}',
    b'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject"}]}', b"\xff", b"<xml/>",
    b'{"Version":"1999-01-01","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::bucket/*"}]}',
    b'{"Statement":"' + b"x" * 30_000 + b'"}']))
def test_a_buckets_policy(fortress, body):
    is_refused(fortress, Request("PUT", "/bucket?policy", body, service="s3").encode(fortress))


@pytest.mark.parametrize("target", numbers(["/bucket?" + query for query in QUERIES] + [
    *(f"/bucket/k?partNumber={number}&uploadId=u" for number in ("0", "-1", "10001", "abc", "1e1", "9" * 30, "")),
    *(f"/bucket/k?partNumber=1&uploadId={upload}" for upload in ("..", "../../x", "%00", "%2e%2e%2f%2e%2e", "u" * 50_000, "%ff"))]))
def test_a_query(fortress, target):
    method = "PUT" if "uploadId" in target else "GET"
    is_refused(fortress, Request(method, target.replace("../", "..%2F"), service="s3").encode(fortress))


@pytest.mark.parametrize("headers", numbers(PUT_HEADERS))
def test_a_header_of_an_upload(fortress, headers):
    is_refused(fortress, Request("PUT", "/bucket/refused", b"bytes", headers, "s3").encode(fortress))


@pytest.mark.parametrize("byte_range", ["bytes=10-", "bytes=-0", "bytes=99999999999999999999-", "bytes=10-20"])
def test_a_range_outside(fortress, byte_range):
    assert is_refused(fortress, Request("GET", "/bucket/key", headers={"Range": byte_range}, service="s3").encode(fortress)).status == 416


@pytest.mark.parametrize("byte_range", ["bytes=", "bytes=-", "bytes=5-1", "bytes=a-b", "lines=1-2", "bytes=0-1,3-4", "bytes=" + "0-0," * 9000, "x", "bytes=--1"])
def test_a_range_that_is_none_is_no_range(fortress, byte_range):
    answer = send(fortress, Request("GET", "/bucket/key", headers={"Range": byte_range}, service="s3").encode(fortress))
    assert (answer.status, answer.body) == (200, b"0123456789")
