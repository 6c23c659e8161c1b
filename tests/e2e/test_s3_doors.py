"""The other ways to an object: presigned URLs, browsers' forms, virtual hosts. Over http and https."""

import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.parse
import uuid

import pytest
import urllib3
from botocore.config import Config

NO_WAIT = {"retries": {"total_max_attempts": 1}}


@pytest.fixture
def server(any_server):
    return any_server


@pytest.fixture
def http(server):
    return urllib3.PoolManager(retries=False, timeout=10, ca_certs=str(server.bundle) if server.secure else None)


@pytest.fixture(params=["s3", "s3v4"])
def signing(request, server):
    """A client that presigns by version 2 or 4."""
    return server.client("s3", config=Config(signature_version=request.param, **NO_WAIT))


@pytest.fixture
def bucket(server):
    name = f"d-{uuid.uuid4().hex[:12]}"
    server.client("s3").create_bucket(Bucket=name)
    return name


def code(answer) -> str:
    found = re.search("<Code>(.*?)</Code>", answer.data.decode())
    return found.group(1) if found else str(answer.status)


def test_presigned_urls_do_one_thing(signing, bucket, http):
    put = signing.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "a b/ü+"})
    assert http.request("PUT", put, body=b"presigned").status == 200
    get = signing.generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": "a b/ü+", "ResponseContentType": "text/x"})
    answer = http.request("GET", get)
    assert (answer.data, answer.headers["Content-Type"]) == (b"presigned", "text/x")
    assert code(http.request("PUT", get, body=b"x")) == "SignatureDoesNotMatch"
    assert code(http.request("GET", get.replace("text%2Fx", "text%2Fy"))) == "SignatureDoesNotMatch"


def test_a_signed_field_of_a_url_is_not_replaced_by_a_header(server, bucket, http):
    for key in ("public", "private"):
        server.client("s3").put_object(Bucket=bucket, Key=key, Body=key.encode())
    client = server.client("s3", config=Config(signature_version="s3", **NO_WAIT))
    url = client.generate_presigned_url("copy_object", Params={
        "Bucket": bucket, "Key": "copy", "CopySource": {"Bucket": bucket, "Key": "public"}})
    other = {"x-amz-copy-source": f"/{bucket}/private"}
    assert code(http.request("PUT", url, headers=other)) == "SignatureDoesNotMatch"
    assert code(http.request("PUT", url + f"&X-Amz-Copy-Source=%2F{bucket}%2Fprivate")) == "SignatureDoesNotMatch"


def test_a_form_of_endless_fields_is_refused(server, bucket, http):
    boundary = "xyz"
    parts = "".join(f'--{boundary}\r\nContent-Disposition: form-data; name="{i}{"n" * 1000}"\r\n\r\n\r\n' for i in range(40))
    answer = http.request("POST", server.url + "/" + bucket, body=parts + f"--{boundary}--\r\n",
                          headers={"Content-Type": f"multipart/form-data; boundary={boundary}"})
    assert code(answer) == "MaxPostPreDataLengthExceeded"


def test_presigned_urls_end(signing, bucket, http):
    url = signing.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=-5)
    answer = http.request("GET", url)
    assert answer.status in (400, 403) and code(answer) in ("AccessDenied", "AuthorizationQueryParametersError")


@pytest.mark.parametrize("expires, wanted", [
    ("604800", "NoSuchKey"), ("604801", "AuthorizationQueryParametersError"), ("-1", "AuthorizationQueryParametersError"),
    ("soon", "AuthorizationQueryParametersError"), ("99999999999999999999", "AuthorizationQueryParametersError")])
def test_the_bounds_of_expiry(server, bucket, http, expires, wanted):
    client = server.client("s3", config=Config(signature_version="s3v4", **NO_WAIT))
    url = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "none"}, ExpiresIn=604800)
    assert code(http.request("GET", url.replace("X-Amz-Expires=604800", f"X-Amz-Expires={expires}"))) == wanted


def test_a_url_from_tomorrow_is_refused(server, bucket, http):
    client = server.client("s3", config=Config(signature_version="s3v4", **NO_WAIT))
    url = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
    tomorrow = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)).strftime("%Y%m%dT%H%M%SZ")
    changed = re.sub(r"X-Amz-Date=\w+", f"X-Amz-Date={tomorrow}", url)
    changed = re.sub(r"%2F\d{8}%2F", f"%2F{tomorrow[:8]}%2F", changed)
    assert http.request("GET", changed).status == 403


def form(signing, bucket, key="up/${filename}", fields=None, conditions=None, **more):
    made = signing.generate_presigned_post(bucket, key, Fields=dict(fields or {}), Conditions=list(conditions or []), **more)
    return made["url"], made["fields"]


def send(http, url, fields, body=b"from a page", name="photo.txt", kind="text/plain", **headers):
    parts = [*fields.items(), ("file", (name, body, kind)), ("submit", "Upload")]
    return http.request("POST", url, fields=parts, headers=headers, redirect=False)


def test_a_form_uploads_a_file(server, signing, bucket, http):
    fields = {"x-amz-meta-who": "me", "Content-Type": "text/html"}
    fields["tagging"] = "<Tagging><TagSet><Tag><Key>from</Key><Value>a page</Value></Tag></TagSet></Tagging>"
    conditions = [{"x-amz-meta-who": "me"}, ["starts-with", "$tagging", ""],
                  ["starts-with", "$Content-Type", "text/"], ["content-length-range", 1, 100]]
    answer = send(http, *form(signing, bucket, fields=fields, conditions=conditions))
    assert (answer.status, answer.data) == (204, b"")
    assert answer.headers["Location"].endswith(f"/{bucket}/up/photo.txt")
    back = server.client("s3").get_object(Bucket=bucket, Key="up/photo.txt")
    assert (back["Body"].read(), back["ContentType"], back["Metadata"]) == (b"from a page", "text/html", {"who": "me"})
    tags = server.client("s3").get_object_tagging(Bucket=bucket, Key="up/photo.txt")["TagSet"]
    assert tags == [{"Key": "from", "Value": "a page"}]


def test_what_a_form_wants_to_read(signing, bucket, http):
    created = {"success_action_status": "201"}
    plain = send(http, *form(signing, bucket, fields=created, conditions=[created]))
    assert plain.status == 201
    assert f"<Bucket>{bucket}</Bucket><Key>up/photo.txt</Key><ETag>&quot;" in plain.data.decode()
    page = {"success_action_redirect": "https://example.com/done?x=1"}
    sent = send(http, *form(signing, bucket, fields=page, conditions=[page]))
    assert sent.status == 303
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(sent.headers["Location"]).query)
    assert (query["bucket"], query["key"], query["x"]) == ([bucket], ["up/photo.txt"], ["1"])


def test_a_large_file_streams_through_a_form(server, signing, bucket, http):
    body = bytes(range(256)) * 20_000
    assert send(http, *form(signing, bucket), body=body).status == 204
    assert server.client("s3").get_object(Bucket=bucket, Key="up/photo.txt")["Body"].read() == body


def test_forms_that_are_refused(server, signing, bucket, http):
    url, fields = form(signing, bucket, key="only/this", conditions=[["content-length-range", 5, 20]])
    assert code(send(http, url, fields, body=b"1234")) == "EntityTooSmall"
    assert code(send(http, url, fields, body=b"x" * 21)) == "EntityTooLarge"
    assert code(send(http, url, {**fields, "key": "another"})) == "AccessDenied"
    assert code(send(http, url, {**fields, "x-amz-meta-more": "1"})) == "AccessDenied"
    name = "x-amz-signature" if "x-amz-signature" in fields else "signature"
    assert code(send(http, url, {**fields, name: "0" * 64})) == "SignatureDoesNotMatch"
    assert code(send(http, url, {key: value for key, value in fields.items() if key != "key"})) == "InvalidArgument"
    assert code(send(http, url, {"key": "k"})) == "AccessDenied"
    expired = form(signing, bucket, key="only/this", ExpiresIn=-10)
    assert code(send(http, *expired)) == "AccessDenied"
    no_file = http.request("POST", url, fields=list(fields.items()))
    assert code(no_file) == "InvalidArgument"
    cut = http.request("POST", url, body=b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\nb",
                       headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert code(cut) == "MalformedPOSTRequest"
    assert "Contents" not in server.client("s3").list_objects_v2(Bucket=bucket)


def test_nobody_uploads_by_form_where_a_policy_lets_them(server, bucket, http):
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/open/*"}
    server.client("s3").put_bucket_policy(
        Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    url = f"{server.url}/{bucket}"
    assert send(http, url, {"key": "open/${filename}"}).status == 204
    assert code(send(http, url, {"key": "closed/a"})) == "AccessDenied"


def test_virtual_hosts_name_buckets(server, bucket, http):
    """The names lead here without a resolver: the Host field says the bucket."""
    s3 = server.client("s3", config=Config(s3={"addressing_style": "virtual"}, signature_version="s3v4", **NO_WAIT),
                       endpoint_url=server.url.replace("127.0.0.1", "s3.localhost"))
    plain = server.client("s3")
    plain.put_object(Bucket=bucket, Key="a/b c", Body=b"x")
    for client in (s3, server.client("s3", config=Config(s3={"addressing_style": "virtual"}, signature_version="s3", **NO_WAIT),
                                     endpoint_url=server.url.replace("127.0.0.1", "s3.localhost"))):
        url = urllib.parse.urlsplit(client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a/b c"}))
        assert url.hostname == f"{bucket}.s3.localhost"
        answer = http.request("GET", f"{server.url}{url.path}?{url.query}", headers={"Host": url.netloc})
        assert (answer.status, answer.data) == (200, b"x")
        changed = f"other-{url.netloc}"
        assert http.request("GET", f"{server.url}{url.path}?{url.query}", headers={"Host": changed}).status == 403
    listing = http.request("GET", f"{server.url}/?list-type=2", headers={"Host": f"{bucket}.localhost:{server.port}"})
    assert code(listing) == "AccessDenied", "unsigned, but S3's"
    assert http.request("GET", f"{server.url}/healthz", headers={"Host": f"{bucket}.localhost"}).status == 403


def test_the_aws_cli_goes_in_and_out(server, bucket, http, tmp_path):
    def aws(*arguments: str) -> str:
        program = pathlib.Path(sys.executable).with_name("aws")
        return subprocess.run([program, *arguments], check=True, capture_output=True, text=True, timeout=60,
                              env={**os.environ, **server.environment()}).stdout
    source = tmp_path / "a file"
    source.write_bytes(b"by the cli" * 1000)
    aws("s3", "cp", str(source), f"s3://{bucket}/by/cli")
    assert http.request("GET", aws("s3", "presign", f"s3://{bucket}/by/cli").strip()).data == source.read_bytes()
    aws("s3api", "put-bucket-tagging", "--bucket", bucket, "--tagging", "TagSet=[{Key=a,Value=b}]")
    assert json.loads(aws("s3api", "get-bucket-tagging", "--bucket", bucket))["TagSet"] == [{"Key": "a", "Value": "b"}]
    aws("s3", "rb", "--force", f"s3://{bucket}")


def test_botocore_sends_trailers_over_https(server, bucket):
    s3 = server.client("s3")
    sent = []
    s3.meta.events.register("before-send.s3.PutObject", lambda request, **_: sent.append(dict(request.headers)))
    started = time.monotonic()
    s3.put_object(Bucket=bucket, Key="k", Body=b"x" * 3_000_000)
    assert time.monotonic() - started < 5
    assert ("X-Amz-Trailer" in sent[0]) == server.secure
    assert s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")["Body"].read() == b"x" * 3_000_000
