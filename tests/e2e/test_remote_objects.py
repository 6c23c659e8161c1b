"""A server whose objects are in a bucket of another server: the front one and the remote one."""

import hashlib
import io
import json
import os
import pathlib

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError
from clary_server import Server, StartError
from training import BUCKET, Training

from conftest import CONFIG

PLACE = "s3://depot/team"
PROFILE = '[objects]\nprofile = "depot"\n'


def keys_of(remote: Server, folder: pathlib.Path) -> dict[str, str]:
    """Variables that lead to a profile with the remote's keys."""
    path = folder / "credentials"
    environment = remote.environment()
    path.write_text(f"[depot]\naws_access_key_id = {environment['AWS_ACCESS_KEY_ID']}\n"
                    f"aws_secret_access_key = {environment['AWS_SECRET_ACCESS_KEY']}\n")
    return {"AWS_SHARED_CREDENTIALS_FILE": str(path), "AWS_CONFIG_FILE": "/dev/null"}


class Pair:
    """A remote server with a bucket 'depot', and the arguments of a front server that keeps its objects there."""

    def __init__(self, folder: pathlib.Path, *options: str):
        self.folder = folder
        self.remote = Server(folder / "remote", *options, config=CONFIG).start()
        self.remote.client("s3").create_bucket(Bucket="depot")
        self.variables = keys_of(self.remote, folder)
        self.config = CONFIG + PROFILE + (f'ca = "{self.remote.bundle}"\n' if self.remote.secure else "")
        self.front = self.server("front").start()

    def server(self, name: str, place: str = PLACE, config: str = "", **variables: str) -> Server:
        return Server(self.folder / name, "--objects", place, "--endpoint", self.remote.url, config=config or self.config,
                      environment={**self.variables, **variables})

    def stored(self, prefix: str = "") -> list[str]:
        answer = self.remote.client("s3").list_objects_v2(Bucket="depot", Prefix=prefix)
        return [entry["Key"] for entry in answer.get("Contents", [])]

    def end(self) -> None:
        for server in (self.front, self.remote):
            assert not server.running() or server.stop() == 0
            server.end_hosts()


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    made = Pair(tmp_path_factory.mktemp("pair"))
    yield made
    made.end()


@pytest.fixture(scope="module")
def s3(pair):
    client = pair.front.client("s3")
    client.create_bucket(Bucket="data")
    return client


def code_of(call, **arguments) -> tuple[str, int]:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    answer = refused.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.smoke
def test_objects_are_in_the_remote_bucket_under_the_prefix(pair, s3):
    s3.put_object(Bucket="data", Key="a/b c+%é.txt", Body=b"hello", ContentType="text/plain", Metadata={"by": "zoe"},
                  Tagging="k=v")
    got = s3.get_object(Bucket="data", Key="a/b c+%é.txt")
    assert (got["Body"].read(), got["ContentType"]) == (b"hello", "text/plain")
    assert (got["Metadata"], got["TagCount"]) == ({"by": "zoe"}, 1)
    assert s3.get_object_tagging(Bucket="data", Key="a/b c+%é.txt")["TagSet"] == [{"Key": "k", "Value": "v"}]
    assert pair.stored("team/data/a") == ["team/data/a/b c+%é.txt"]
    assert pair.remote.client("s3").get_object(Bucket="depot", Key="team/data/a/b c+%é.txt")["Body"].read() == b"hello"


def test_a_large_body_keeps_the_etag_of_a_put(s3):
    body = os.urandom(20 << 20)
    etag = s3.put_object(Bucket="data", Key="large", Body=body)["ETag"]
    assert etag == f'"{hashlib.md5(body).hexdigest()}"'
    assert s3.get_object(Bucket="data", Key="large")["Body"].read() == body
    part = s3.get_object(Bucket="data", Key="large", Range="bytes=9000000-9000009")
    assert (part["Body"].read(), part["ContentRange"]) == (body[9000000:9000010], f"bytes 9000000-9000009/{len(body)}")


def test_transfers_in_parts(s3):
    body = os.urandom(17 << 20)
    s3.upload_fileobj(io.BytesIO(body), "data", "parts", Config=TransferConfig(multipart_threshold=8 << 20))
    head = s3.head_object(Bucket="data", Key="parts")
    assert head["ETag"].endswith('-3"')
    part = s3.get_object(Bucket="data", Key="parts", PartNumber=3)
    assert (part["PartsCount"], part["Body"].read()) == (3, body[16 << 20:])
    back = io.BytesIO()
    s3.download_fileobj("data", "parts", back)
    assert back.getvalue() == body
    upload = s3.create_multipart_upload(Bucket="data", Key="begun")["UploadId"]
    s3.upload_part(Bucket="data", Key="begun", UploadId=upload, PartNumber=2, Body=b"x")
    assert [part["PartNumber"] for part in s3.list_parts(Bucket="data", Key="begun", UploadId=upload)["Parts"]] == [2]
    assert [each["Key"] for each in s3.list_multipart_uploads(Bucket="data")["Uploads"]] == ["begun"]
    s3.abort_multipart_upload(Bucket="data", Key="begun", UploadId=upload)
    assert code_of(s3.list_parts, Bucket="data", Key="begun", UploadId=upload) == ("NoSuchUpload", 404)


def test_lists_conditions_copies_and_removals(pair, s3):
    s3.create_bucket(Bucket="lists")
    for key in ["a/1", "a/2", "b/1", "c", "d/1"]:
        s3.put_object(Bucket="lists", Key=key, Body=key.encode())
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="lists", Delimiter="/", PaginationConfig={"PageSize": 1})
    found = [entry.get("Key", entry.get("Prefix")) for page in pages
             for entry in page.get("Contents", []) + page.get("CommonPrefixes", [])]
    assert found == ["a/", "b/", "c", "d/"]
    assert code_of(s3.put_object, Bucket="lists", Key="c", Body=b"", IfNoneMatch="*") == ("PreconditionFailed", 412)
    assert code_of(s3.get_object, Bucket="lists", Key="none") == ("NoSuchKey", 404)
    assert code_of(s3.get_object, Bucket="nowhere", Key="none") == ("NoSuchBucket", 404)
    s3.copy_object(Bucket="lists", Key="e", CopySource="lists/c")
    assert s3.get_object(Bucket="lists", Key="e")["Body"].read() == b"c"
    assert code_of(s3.delete_bucket, Bucket="lists") == ("BucketNotEmpty", 409)
    too_long = "k" * 1024  # there is no room for the prefix: it is absent, and no reason to keep the others
    keys = [{"Key": key} for key in ["a/1", "a/2", too_long, "b/1", "c", "d/1", "e"]]
    assert len(s3.delete_objects(Bucket="lists", Delete={"Objects": keys})["Deleted"]) == 7
    s3.delete_object(Bucket="lists", Key=too_long)
    s3.delete_bucket(Bucket="lists")
    assert pair.stored("team/lists") == []


def test_what_cannot_be_carried_out_is_refused(s3):
    kept = {"Bucket": "data", "VersioningConfiguration": {"Status": "Enabled"}}
    assert code_of(s3.put_bucket_versioning, **kept) == ("NotImplemented", 501)
    assert code_of(s3.put_object, Bucket="data", Key="k" * 1020, Body=b"") == ("InvalidArgument", 400)
    assert code_of(s3.get_object, Bucket="data", Key="k" * 1020) == ("NoSuchKey", 404)


SCRIPT = """
import os, pathlib
print("train sees", sorted(path.name for path in pathlib.Path("/opt/ml/input/data/train").iterdir()))
text = pathlib.Path("/opt/ml/input/data/train/part-1.csv").read_text()
pathlib.Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text(text.upper())
"""


def test_a_job_reads_its_channel_and_leaves_its_model_there(pair, s3):
    training = Training(pair.front)
    for number in (1, 2):
        s3.put_object(Bucket="data", Key=f"train/part-{number}.csv", Body=b"rows")
    job = training.run(SCRIPT, name="far", channels={"train": "s3://data/train"})
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert "train sees ['part-1.csv', 'part-2.csv']" in "\n".join(training.lines("far"))
    assert training.artifact(job) == {"model.txt": b"ROWS"}
    assert f"team/{BUCKET}/output/far/output/model.tar.gz" in pair.stored(f"team/{BUCKET}/output")
    missing = training.request(SCRIPT, name="nothing", channels={"train": "s3://data/no-such"})
    training.sagemaker.create_training_job(**missing)
    failed = training.wait("nothing")
    assert failed["TrainingJobStatus"] == "Failed" and "No S3 objects found" in failed["FailureReason"]


def test_another_server_does_not_get_the_place(pair):
    with pytest.raises(StartError) as refused:
        pair.server("other").start()
    assert "belongs to the server" in refused.value.said and "team/.clary/server" in refused.value.said


def test_a_start_that_cannot_be_says_why(pair):
    for name, options, variables, sentence in [
            ("bucket", {"place": "s3://none/team"}, {}, "bucket 'none': not there"),
            ("keys", {}, {"AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}, "AWS profile 'depot': no aws_access_key_id"),
            ("quota", {"config": PROFILE + '[s3]\nquotas = { data = "1 GiB" }\n'}, {}, "does not count its bytes"),
            ("reset", {"config": "allow_reset = true\n" + PROFILE}, {}, "would delete what is in the remote bucket"),
            ("place", {"place": "depot/team"}, {}, "wanted s3://bucket or s3://bucket/prefix")]:
        with pytest.raises(StartError) as refused:
            pair.server(f"wrong-{name}", **options, **variables).start()
        assert sentence in refused.value.said, name


def test_a_remote_that_goes_away_and_comes_back(pair, s3):
    s3.put_object(Bucket="data", Key="kept", Body=b"kept")
    s3.put_bucket_policy(Bucket="data", Policy=json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/kept"}]}))
    pair.remote.kill()
    assert code_of(s3.get_object, Bucket="data", Key="kept") == ("ServiceUnavailable", 503)
    assert code_of(s3.put_object, Bucket="data", Key="new", Body=b"x" * 1000) == ("ServiceUnavailable", 503)
    assert code_of(s3.list_objects_v2, Bucket="data") == ("ServiceUnavailable", 503)
    assert pair.front.get("/readyz")
    assert pair.front.client("sagemaker").list_training_jobs(MaxResults=1)
    pair.remote.start()
    assert s3.get_object(Bucket="data", Key="kept")["Body"].read() == b"kept"
    assert pair.stored("team/data/new") == []
    # What is known of the buckets is there too: the front server is as good as new.
    assert pair.front.stop() == 0
    pair.front.start()
    assert "s3:GetObject" in s3.get_bucket_policy(Bucket="data")["Policy"]
    assert "data" in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]


def test_over_https(tmp_path):
    secure = Pair(tmp_path, "--tls")
    try:
        s3 = secure.front.client("s3")
        s3.create_bucket(Bucket="data")
        body = os.urandom(5 << 20)
        s3.put_object(Bucket="data", Key="k", Body=body)
        assert s3.get_object(Bucket="data", Key="k")["Body"].read() == body
    finally:
        secure.end()


def test_a_stopped_server_knows_where_its_objects_are(pair, tmp_path):
    third = pair.server("third", "s3://depot/third").start()
    third.environment()
    assert third.stop() == 0
    checked = third.cli("check")
    assert checked.stdout == "checked\n" and "objects are in s3://depot/third: not checked" in checked.stderr
    saved = third.cli("backup", str(tmp_path / "backup"))
    assert saved.stdout == "backed up\n" and "objects are in s3://depot/third, not part of this" in saved.stderr
    restored = third.cli("restore", str(tmp_path / "backup"), "--data", str(tmp_path / "new"))
    assert "objects are in s3://depot/third" in restored.stderr
    assert "s3://depot/third: not checked" in third.cli("check", "--data", str(tmp_path / "new")).stderr
    refused = third.cli("check", "--rebuild", check=False)
    assert refused.returncode == 1 and "no index of them here" in refused.stderr
