"""Buckets and what is said about them, through boto3 and as raw requests."""

import json
import time
import uuid

import boto3
import pytest
import urllib3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError


def http(server) -> urllib3.PoolManager:
    return urllib3.PoolManager(retries=False, timeout=10, ca_certs=str(server.bundle) if server.secure else None)


def refused(code: str):
    return pytest.raises(ClientError, match=rf"\({code}\)")


@pytest.fixture
def server(any_server):
    return any_server


@pytest.fixture
def s3(server):
    return server.client("s3")


@pytest.fixture
def bucket(s3):
    name = f"b-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def nobody(server):
    return boto3.client("s3", endpoint_url=server.url, region_name="us-east-1",
                        config=Config(signature_version=UNSIGNED), verify=str(server.bundle) if server.secure else None)


def policy(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(bucket: str, action: str, rest: str = "/*", **more) -> dict:
    return {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": f"arn:aws:s3:::{bucket}{rest}", **more}


BAD_NAMES = ["ab", "a" * 64, "Upper", "under_score", "-a1", "a1-", "a..b", "192.168.5.4", "xn--abc", "abc-s3alias"]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bucket_names_follow_the_rules(s3, name):
    with refused("InvalidBucketName"):
        s3.create_bucket(Bucket=name)


def test_tags_come_with_the_bucket_and_go(s3):
    name = f"tagged-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"Tags": [{"Key": "team", "Value": "ml"}]})
    assert s3.get_bucket_tagging(Bucket=name)["TagSet"] == [{"Key": "team", "Value": "ml"}]
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "ü", "Value": "<&>"}, {"Key": "b", "Value": ""}]})
    assert s3.get_bucket_tagging(Bucket=name)["TagSet"] == [{"Key": "ü", "Value": "<&>"}, {"Key": "b", "Value": ""}]
    s3.delete_bucket_tagging(Bucket=name)
    with refused("NoSuchTagSet"):
        s3.get_bucket_tagging(Bucket=name)


@pytest.mark.parametrize("tags, code", [
    ([{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}], "InvalidTag"),
    ([{"Key": "aws:mine", "Value": "1"}], "InvalidTag"),
    ([{"Key": "k" * 129, "Value": "1"}], "InvalidTag"),
    ([{"Key": f"k{i}", "Value": "1"} for i in range(51)], "BadRequest"),
])
def test_tags_that_s3_refuses(s3, bucket, tags, code):
    with pytest.raises(ClientError) as error:
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    assert error.value.response["Error"]["Code"] == code


def test_what_is_not_kept_is_answered_as_it_is(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    acl = s3.get_bucket_acl(Bucket=bucket)
    assert [(g["Grantee"]["Type"], g["Permission"]) for g in acl["Grants"]] == [("CanonicalUser", "FULL_CONTROL")]
    assert s3.get_object_acl(Bucket=bucket, Key="k")["Owner"] == acl["Owner"]
    rules = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=bucket)
    assert "TopicConfigurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)
    for call, code in (("get_bucket_website", "NoSuchWebsiteConfiguration"), ("get_bucket_cors", "NoSuchCORSConfiguration"),
                       ("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError"),
                       ("get_bucket_replication", "ReplicationConfigurationNotFoundError"),
                       ("get_object_lock_configuration", "ObjectLockConfigurationNotFoundError"),
                       ("get_public_access_block", "NoSuchPublicAccessBlockConfiguration")):
        with refused(code):
            getattr(s3, call)(Bucket=bucket)
    s3.put_bucket_acl(Bucket=bucket, ACL="private")
    with pytest.raises(ClientError, match="access lists"):
        s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
    with pytest.raises(ClientError, match="PutBucketWebsite"):
        s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration={"IndexDocument": {"Suffix": "i.html"}})
    with refused("NoSuchKey"):
        s3.get_object_acl(Bucket=bucket, Key="absent")


def test_a_policy_lets_nobody_in_where_it_says_so(server, s3, bucket, nobody):
    s3.put_object(Bucket=bucket, Key="open/a", Body=b"open")
    s3.put_object(Bucket=bucket, Key="closed/a", Body=b"closed")
    with refused("AccessDenied"):
        nobody.get_object(Bucket=bucket, Key="open/a")
    with refused("NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket=bucket)
    text = policy(allow(bucket, "s3:GetObject", "/open/*"), allow(bucket, "s3:PutObject", "/inbox/*"))
    s3.put_bucket_policy(Bucket=bucket, Policy=text)
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == text
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is True
    assert nobody.get_object(Bucket=bucket, Key="open/a")["Body"].read() == b"open"
    assert http(server).request("GET", f"{server.url}/{bucket}/open/a").data == b"open"
    nobody.put_object(Bucket=bucket, Key="inbox/n", Body=b"from nobody")
    assert s3.get_object(Bucket=bucket, Key="inbox/n")["Body"].read() == b"from nobody"
    for call in (lambda: nobody.get_object(Bucket=bucket, Key="closed/a"), lambda: nobody.list_objects_v2(Bucket=bucket),
                 lambda: nobody.delete_object(Bucket=bucket, Key="open/a"), lambda: nobody.get_bucket_policy(Bucket=bucket),
                 lambda: nobody.list_buckets()):
        with refused("AccessDenied"):
            call()
    closed = {"RestrictPublicBuckets": True, "BlockPublicPolicy": True}
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=closed)
    with refused("AccessDenied"):
        nobody.get_object(Bucket=bucket, Key="open/a")
    with refused("AccessDenied"):
        s3.put_bucket_policy(Bucket=bucket, Policy=text)
    s3.delete_public_access_block(Bucket=bucket)
    assert nobody.get_object(Bucket=bucket, Key="open/a")["Body"].read() == b"open"
    s3.delete_bucket_policy(Bucket=bucket)
    with refused("AccessDenied"):
        nobody.get_object(Bucket=bucket, Key="open/a")


def test_a_deny_holds_the_owner_too_and_can_be_taken_back(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    deny = {**allow(bucket, "s3:DeleteObject"), "Effect": "Deny"}
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(deny))
    with pytest.raises(ClientError, match="explicit deny in a resource-based policy"):
        s3.delete_object(Bucket=bucket, Key="k")
    everything = {**allow(bucket, "s3:*"), "Effect": "Deny", "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]}
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(everything))
    with refused("AccessDenied"):
        s3.get_object(Bucket=bucket, Key="k")
    s3.delete_bucket_policy(Bucket=bucket)
    s3.delete_object(Bucket=bucket, Key="k")


def test_a_policy_may_ask_for_tls(server, s3, bucket):
    deny = {**allow(bucket, "s3:*"), "Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(deny))
    if server.secure:
        s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    else:
        with refused("AccessDenied"):
            s3.put_object(Bucket=bucket, Key="k", Body=b"x")


@pytest.mark.parametrize("change, sentence", [
    ({"Resource": "arn:aws:s3:::another/*"}, "invalid resource"),
    ({"Action": "sqs:SendMessage"}, "invalid action"),
    ({"Principal": None}, "Principal"),
    ({"Condition": {"StringEquals": {"aws:TagKeys": "x"}}}, "aws:tagkeys"),
    ({"Effect": "Maybe"}, "Effect"),
])
def test_policies_that_cannot_be_kept(s3, bucket, change, sentence):
    statement = {key: value for key, value in {**allow(bucket, "s3:GetObject"), **change}.items() if value is not None}
    with pytest.raises(ClientError, match=sentence) as error:
        s3.put_bucket_policy(Bucket=bucket, Policy=policy(statement))
    assert error.value.response["Error"]["Code"] == "MalformedPolicy"


def test_a_setting_that_arrives_damaged_is_not_kept(s3, bucket):
    for field in ({"ContentMD5": "AAAAAAAAAAAAAAAAAAAAAA=="}, {"ContentMD5": "short"}):
        with pytest.raises(ClientError, match="BadDigest|InvalidDigest"):
            s3.put_bucket_policy(Bucket=bucket, Policy=policy(allow(bucket, "s3:GetObject")), **field)

    def damage(request, **_):
        del request.headers["x-amz-checksum-crc32"]
        request.headers["x-amz-checksum-crc32"] = "AAAAAA=="
    s3.meta.events.register("before-sign.s3.PutBucketPolicy", damage)
    with refused("BadDigest"):
        s3.put_bucket_policy(Bucket=bucket, Policy=policy(allow(bucket, "s3:GetObject")))
    with refused("NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket=bucket)


RULES = [{"AllowedOrigins": ["https://*.example.com"], "AllowedMethods": ["GET", "PUT"],
          "AllowedHeaders": ["x-amz-*", "content-type"], "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 600},
         {"AllowedOrigins": ["*"], "AllowedMethods": ["HEAD"]}]


def ask(server, bucket, method="OPTIONS", **headers):
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return http(server).request(method, f"{server.url}/{bucket}/k", headers=fields)


def test_cors_answers_browsers(server, s3, bucket):
    assert ask(server, bucket, Origin="https://a.example.com", Access_Control_Request_Method="GET").status == 403
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": RULES})
    assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == RULES
    answer = ask(server, bucket, Origin="https://a.example.com", Access_Control_Request_Method="PUT",
                 Access_Control_Request_Headers="Content-Type, x-amz-date")
    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "https://a.example.com"
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, PUT"
    assert answer.headers["Access-Control-Allow-Headers"] == "content-type, x-amz-date"
    assert answer.headers["Access-Control-Max-Age"] == "600"
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    for headers in ({"Origin": "https://evil.com", "Access_Control_Request_Method": "GET"},
                    {"Origin": "https://a.example.com", "Access_Control_Request_Method": "DELETE"},
                    {"Origin": "https://a.example.com", "Access_Control_Request_Method": "GET",
                     "Access_Control_Request_Headers": "x-other"}):
        assert ask(server, bucket, **headers).status == 403
    assert ask(server, bucket, Access_Control_Request_Method="GET").status == 400
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
    plain = http(server).request("GET", url, headers={"Origin": "https://a.example.com"})
    assert (plain.status, plain.headers["Access-Control-Expose-Headers"]) == (200, "ETag")
    assert "Access-Control-Allow-Origin" not in http(server).request("GET", url, headers={"Origin": "https://evil.com"}).headers
    refusal = ask(server, bucket, "GET", Origin="https://a.example.com")
    assert "Access-Control-Allow-Origin" in refusal.headers, "errors can be read too"
    s3.delete_bucket_cors(Bucket=bucket)
    assert ask(server, bucket, Origin="https://a.example.com", Access_Control_Request_Method="GET").status == 403


def test_cors_rules_that_cannot_be_kept(s3, bucket):
    for rule in ({"AllowedOrigins": ["*"], "AllowedMethods": ["PATCH"]}, {"AllowedOrigins": ["*.*"], "AllowedMethods": ["GET"]}):
        with refused("InvalidRequest"):
            s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})


def until_gone(s3, bucket, key, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if key not in [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]:
            return True
    return False


def test_lifecycle_rules_remove_what_has_expired(new_server):
    s3 = new_server(config="[s3]\nlifecycle_interval_seconds = 1\n").start().client("s3")
    s3.create_bucket(Bucket="aging")
    with refused("NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket="aging")
    for key in ("old/a", "old/bigger", "kept/a"):
        s3.put_object(Bucket="aging", Key=key, Body=b"x" * (100 if key.endswith("bigger") else 1))
    rules = [{"ID": "past", "Status": "Enabled", "Expiration": {"Date": "2020-01-01T00:00:00Z"},
              "Filter": {"And": {"Prefix": "old/", "ObjectSizeLessThan": 50}}},
             {"ID": "later", "Status": "Enabled", "Filter": {"Prefix": "kept/"}, "Expiration": {"Days": 1}},
             {"ID": "off", "Status": "Disabled", "Filter": {"Prefix": ""}, "Expiration": {"Date": "2020-01-01T00:00:00Z"}}]
    s3.put_bucket_lifecycle_configuration(Bucket="aging", LifecycleConfiguration={"Rules": rules})
    assert [rule["ID"] for rule in s3.get_bucket_lifecycle_configuration(Bucket="aging")["Rules"]] == ["past", "later", "off"]
    assert until_gone(s3, "aging", "old/a")
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket="aging")["Contents"]] == ["kept/a", "old/bigger"]
    for rule in ({"Expiration": {"Days": 0}}, {"Expiration": {"Date": "2020-01-01T05:00:00Z"}},
                 {"Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]}):
        with pytest.raises(ClientError):
            s3.put_bucket_lifecycle_configuration(
                Bucket="aging", LifecycleConfiguration={"Rules": [{"Status": "Enabled", "Filter": {"Prefix": ""}, **rule}]})
    s3.delete_bucket_lifecycle(Bucket="aging")
    with refused("NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket="aging")


def test_objects_say_when_a_lifecycle_rule_takes_them(s3, bucket):
    rules = [{"ID": "soon & sure", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 1}},
             {"ID": "tagged", "Status": "Enabled", "Filter": {"Tag": {"Key": "a", "Value": "b"}}, "Expiration": {"Days": 9}}]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    put = s3.put_object(Bucket=bucket, Key="tmp/a", Body=b"x")
    assert put["Expiration"].endswith(' 00:00:00 GMT", rule-id="soon%20%26%20sure"'), put["Expiration"]
    assert put["Expiration"].startswith('expiry-date="')
    for call in (s3.get_object, s3.head_object):
        assert call(Bucket=bucket, Key="tmp/a")["Expiration"] == put["Expiration"]
    tagged = s3.put_object(Bucket=bucket, Key="b", Body=b"x", Tagging="a=b")
    assert 'rule-id="tagged"' in tagged["Expiration"]
    assert 'rule-id="tagged"' in s3.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/b")["Expiration"]
    upload = {"Bucket": bucket, "Key": "tmp/parts"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    part = s3.upload_part(**upload, PartNumber=1, Body=b"x")
    done = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{
        "PartNumber": 1, **{name: part[name] for name in ("ETag", "ChecksumCRC32") if name in part}}]})
    assert "soon" in done["Expiration"]
    assert "Expiration" not in s3.put_object(Bucket=bucket, Key="plain", Body=b"x")


def test_settings_outlive_a_restart_and_go_with_the_bucket(new_server):
    server = new_server().start()
    s3 = server.client("s3")
    for name in ("kept", "gone"):
        s3.create_bucket(Bucket=name)
        s3.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": RULES})
    s3.delete_bucket(Bucket="gone")
    s3.create_bucket(Bucket="gone")
    server.kill()
    server.start()
    assert s3.get_bucket_cors(Bucket="kept")["CORSRules"] == RULES
    with refused("NoSuchCORSConfiguration"):
        s3.get_bucket_cors(Bucket="gone")
