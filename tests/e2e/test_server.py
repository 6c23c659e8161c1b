"""The server as a program: starting where it must not, ending, settings, reset, Clary's own pages."""

import os
import socket
import stat
import subprocess
import urllib.error
import urllib.request

import pytest
from clary_server import CLARY, StartError
from training import Training


def refused(server, **more) -> str:
    """What a server that must not start says."""
    with pytest.raises(StartError) as error:
        server.start(**more)
    assert 0 < error.value.status < 128
    return error.value.said


def test_two_servers_on_one_data_directory(new_server, server):
    second = new_server()
    second.data = server.data
    assert str(server.data) in refused(second)
    assert server.get("/healthz")


def test_a_port_in_use(new_server):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused(new_server(port=port))
    assert str(port) in said and "in use" in said


def test_an_address_that_is_not_loopback(new_server):
    said = refused(new_server(host="0.0.0.0"))
    assert "0.0.0.0" in said


def test_data_of_a_newer_format(new_server):
    server = new_server().start()
    server.stop()
    (server.data / "format").write_text("999\n")
    said = refused(server)
    assert str(server.data) in said and "999" in said


@pytest.mark.parametrize("config, said", [
    ("lisen = '127.0.0.1:1'\n", "did you mean 'listen'?"), ("[jobs]\nsandbx = 'process'\n", "jobs.sandbox"),
    ("listen = 7\n", "must be a string"), ("listen = \n", "1"), ("account = '12'\n", "account")])
def test_settings_that_are_not_there_or_not_right(new_server, config, said):
    assert said in refused(new_server(config=config))


def test_keys_are_private_and_stay(new_server):
    server = new_server().start()
    keys = server.data / "keys/root.json"
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    before = keys.read_bytes()
    assert server.stop() == 0
    server.start()
    assert keys.read_bytes() == before
    assert server.client("sts").get_caller_identity()["Account"]


def test_the_account_is_configurable(new_server):
    server = new_server(config="account = '123456789012'\n").start()
    assert server.client("sts").get_caller_identity()["Account"] == "123456789012"


def test_what_was_kept_is_there_after_an_orderly_restart(new_server):
    server = new_server().start()
    training = Training(server)
    name = training.run("print('before')")["TrainingJobName"]
    assert server.stop() == 0
    server.start()
    assert training.describe(name)["TrainingJobStatus"] == "Completed"
    assert "before" in training.lines(name)


def test_a_bubblewrap_that_cannot_run_fails_the_job_with_the_mend(new_server, tmp_path):
    (tmp_path / "bin").mkdir()
    broken = tmp_path / "bin/bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    broken.chmod(0o755)
    server = new_server(environment={"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"})
    try:
        server.start()
    except StartError as error:
        assert "bubblewrap" in error.said
        return
    job = Training(server).run("print('not reached')")
    assert job["TrainingJobStatus"] == "Failed"
    assert "bubblewrap" in job["FailureReason"] or "bwrap" in job["FailureReason"]


def post(server, path: str, **headers: str) -> int:
    request = urllib.request.Request(server.url + path, data=b"", headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_reset_only_where_it_was_allowed(new_server, server):
    assert post(server, "/_clary/reset") in (403, 404)
    other = new_server("--allow-reset").start()
    training = Training(other)
    name = training.run("print('gone')")["TrainingJobName"]
    assert post(other, "/_clary/reset", Origin="http://evil.example") == 403
    assert post(other, "/_clary/reset", Host="evil.example") == 403
    assert post(other, "/_clary/reset") in (200, 204)
    assert training.sagemaker.list_training_jobs()["TrainingJobSummaries"] == []
    assert training.s3.list_buckets()["Buckets"] == []
    assert training.lines(name) == []
    Training(other).run("print('and again')", name=name)


def test_clarys_pages_need_a_local_host_and_no_foreign_origin(server):
    for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        with pytest.raises(urllib.error.HTTPError) as error:
            server.get("/metrics", **headers)
        assert error.value.code == 403


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a small disk is mounted")
def test_a_full_disk_is_said_and_nothing_is_lost(new_server, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mount = 'mount -t tmpfs -o size=24m none "$0" && exec "$@"'
    server = new_server(prefix=("unshare", "--mount", "bash", "-c", mount, str(small)), config="")
    server.data = small / "data"
    server.start()
    # Its data is in its own mount namespace: the keys are read through its root.
    inside = subprocess.run(["nsenter", "-t", str(server._process.pid), "-m", CLARY, "env", "--data", server.data],
                            check=True, capture_output=True, text=True).stdout
    shown = subprocess.run(["bash", "-c", f"{inside}\nenv -0"], check=True, capture_output=True, text=True).stdout
    server._client_environment = dict(entry.split("=", 1) for entry in shown.split("\0") if entry)
    s3 = server.client("s3")
    s3.create_bucket(Bucket="full")
    s3.put_object(Bucket="full", Key="first", Body=b"1" * 1_000_000)
    with pytest.raises(s3.exceptions.ClientError) as error:
        s3.put_object(Bucket="full", Key="second", Body=b"2" * 40_000_000)
    assert "is full: its last 1.5 MiB are kept for what removes objects" in str(error.value)
    assert s3.get_object(Bucket="full", Key="first")["Body"].read() == b"1" * 1_000_000
    assert s3.list_objects_v2(Bucket="full")["KeyCount"] == 1
    s3.put_object(Bucket="full", Key="third", Body=b"3" * 1_000_000)
    joined = {"Bucket": "full", "Key": "joined"}
    upload = {**joined, "UploadId": s3.create_multipart_upload(**joined)["UploadId"]}
    bodies = [b"p" * (5 << 20), b"end"]

    def put_parts(upload):
        return [{"PartNumber": number, "ETag": s3.upload_part(**upload, PartNumber=number, Body=body)["ETag"]}
                for number, body in enumerate(bodies, 1)]

    def fill():
        with pytest.raises(s3.exceptions.ClientError, match="is full"):
            for number in range(30):
                s3.put_object(Bucket="full", Key=f"more/{number}", Body=b"4" * 1_000_000)

    put_parts(upload)
    parts = put_parts(upload)  # sent twice: they are not where the object will be, and have to be copied there
    fill()
    # Between 5.5 and 6.6 million bytes are free then: enough for the parts' bytes, but for what is kept of the disk.
    for number in range(4):
        s3.delete_object(Bucket="full", Key=f"more/{number}")
    with pytest.raises(s3.exceptions.ClientError, match="is full for 5.0 MiB more: its last 1.5 MiB are kept"):
        s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    for number in range(4, 30):
        s3.delete_object(Bucket="full", Key=f"more/{number}")
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert s3.get_object(**joined)["Body"].read() == b"".join(bodies)
    s3.put_object(Bucket="full", Key="fourth", Body=b"5" * 1_000_000)
    s3.delete_object(**joined)
    upload = {**joined, "UploadId": s3.create_multipart_upload(**joined)["UploadId"]}
    parts = put_parts(upload)
    fill()
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})  # in their places: it takes no room
    assert s3.get_object(**joined)["Body"].read() == b"".join(bodies)
