"""TLS: who is trusted, what is refused, and what the commands and jobs make of it."""

import contextlib
import json
import os
import pty
import select
import shutil
import signal
import socket
import ssl
import subprocess
import urllib.request

import boto3
import pytest
import urllib3
from botocore.exceptions import SSLError
from clary_server import CLARY, ONCE, StartError
from training import BUCKET, Training, wait_until


def test_the_bundle_is_what_clients_need(https_server):
    assert https_server.ready_line.startswith("clary serve: ready on https://")
    environment = https_server.environment()
    assert environment["AWS_CA_BUNDLE"] == str(https_server.bundle)
    assert json.loads(https_server.get("/readyz"))["message"] == "ready"
    stranger = boto3.client("sts", endpoint_url=https_server.url, region_name="us-east-1", config=ONCE,
                            aws_access_key_id="a", aws_secret_access_key="b")
    with pytest.raises(SSLError):
        stranger.get_caller_identity()


def connected(server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=5)


def test_strict_clients_take_the_certificates(https_server):
    trust = ssl.create_default_context(cafile=https_server.bundle)
    trust.verify_flags |= ssl.VERIFY_X509_STRICT
    for name in ("127.0.0.1", "localhost", "bucket.s3.localhost"):
        with connected(https_server) as plain, trust.wrap_socket(plain, server_hostname=name) as secure:
            assert secure.version() == "TLSv1.3"
    with connected(https_server) as plain, pytest.raises(ssl.SSLCertVerificationError):
        trust.wrap_socket(plain, server_hostname="example.com")


def test_plain_bytes_and_silence_do_no_harm(https_server):
    with connected(https_server) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            assert b"HTTP/1.1 2" not in plain.recv(100)
    with connected(https_server):
        pass
    assert https_server.get("/healthz")


def test_private_files_are_private(https_server):
    for name in ("ca.key", "server.key"):
        assert (https_server.data / "tls" / name).stat().st_mode & 0o777 == 0o600
    assert (https_server.data / "tls").stat().st_mode & 0o777 == 0o700


def test_the_commands_speak_tls(https_server):
    assert https_server.cli("jobs").returncode == 0


JOB = """
import boto3, os, pathlib
boto3.client("s3").put_object(Bucket="tests", Key="tls/from/the/job", Body=b"x")
pathlib.Path("/opt/ml/model/endpoint").write_text(os.environ["AWS_ENDPOINT_URL"])
"""


def test_a_job_is_staged_runs_and_uploads_beside_tls(https_server):
    training = Training(https_server)
    training.s3.put_object(Bucket=BUCKET, Key="tls/in/1", Body=b"y")
    job = training.run(JOB, channels={"train": f"s3://{BUCKET}/tls/in"})
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert training.artifact(job)["endpoint"].decode() == f"http://127.0.0.1:{https_server.port}", "its own socket is plain"
    assert training.s3.get_object(Bucket=BUCKET, Key="tls/from/the/job")["Body"].read() == b"x"


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def make_certificate(folder) -> None:
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", "k.pem", "-out", "c.pem", "-days", "2", "-subj", "/CN=clary.example",
            "-addext", "subjectAltName=DNS:clary.example,DNS:localhost,IP:127.0.0.1")


@pytest.fixture
def own_certificate(tmp_path):
    make_certificate(tmp_path)
    return tmp_path / "c.pem", tmp_path / "k.pem"


def test_a_certificate_of_ones_own(new_server, own_certificate):
    certificate, key = own_certificate
    server = new_server("--tls-cert", str(certificate), "--tls-key", str(key)).start()
    assert server.client("s3").list_buckets()["Buckets"] == []
    assert ssl.get_server_certificate(("127.0.0.1", server.port)).split() == certificate.read_text().split()
    assert server.cli("jobs").returncode == 0


def test_a_hangup_has_the_certificate_read_again(new_server, own_certificate, tmp_path):
    certificate, key = own_certificate
    server = new_server("--tls-cert", str(certificate), "--tls-key", str(key)).start()
    before = certificate.read_text()

    def shown() -> list[str]:
        return ssl.get_server_certificate(("127.0.0.1", server.port)).split()

    def logged(words: str) -> bool:
        return words in server.log.read_text()

    held = server.client("s3")
    assert held.list_buckets()["Buckets"] == []
    (tmp_path / "other").mkdir()
    make_certificate(tmp_path / "other")
    shutil.copy(tmp_path / "other/c.pem", certificate)  # and not its key
    os.kill(server.pid(), signal.SIGHUP)
    wait_until(lambda: logged("the certificate stays as it was"), 10, "the word that it cannot be used")
    assert shown() == before.split() and before in server.bundle.read_text()
    shutil.copy(tmp_path / "other/k.pem", key)
    os.kill(server.pid(), signal.SIGHUP)
    wait_until(lambda: logged("the certificate was read again"), 10, "the word that it was read")
    assert shown() == certificate.read_text().split() != before.split()
    assert held.list_buckets()["Buckets"] == [], "a connection that was there goes on"
    wait_until(lambda: certificate.read_text() in server.bundle.read_text(), 10, "the new bundle")
    assert server.client("s3").list_buckets()["Buckets"] == []
    assert server.cli("jobs").returncode == 0
    assert server.stop() == 0


def test_a_hangup_says_when_the_certificate_has_expired(new_server, own_certificate):
    certificate, key = own_certificate
    server = new_server("--tls-cert", str(certificate), "--tls-key", str(key)).start()
    openssl(certificate.parent, "x509", "-in", "c.pem", "-signkey", "k.pem", "-days", "-1", "-out", "d.pem")
    (certificate.parent / "d.pem").rename(certificate)  # it ended yesterday
    os.kill(server.pid(), signal.SIGHUP)
    wait_until(lambda: "the certificate was read again" in server.log.read_text(), 10, "the word that it was read")
    assert "the certificate that was read has expired" in server.log.read_text()


def test_a_bundle_that_cannot_be_written_is_told_apart(new_server, own_certificate):
    certificate, key = own_certificate
    server = new_server("--tls-cert", str(certificate), "--tls-key", str(key)).start()
    server.bundle.unlink()
    server.bundle.mkdir()
    make_certificate(certificate.parent)
    os.kill(server.pid(), signal.SIGHUP)
    wait_until(lambda: "what clients trust stays as it was" in server.log.read_text(), 10, "the word of the bundle")
    assert "the certificate stays as it was" not in server.log.read_text()
    assert ssl.get_server_certificate(("127.0.0.1", server.port)).split() == certificate.read_text().split()
    os.kill(server.pid(), signal.SIGTERM)
    assert server.wait_for_end() == 0


def test_the_shells_hangup_ends_a_server_when_its_terminal_is_gone(tmp_path, new_server):
    data, port = tmp_path / "terminal", new_server().port
    shell, terminal = pty.fork()
    if shell == 0:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # also where these tests run under nohup, which programs heed
        os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
    try:
        log = tmp_path / "log"
        os.write(terminal, f"{CLARY} serve --tls --data {data} --listen 127.0.0.1:{port} > {log} 2>&1 &\n".encode())
        wait_until(lambda: log.exists() and "ready on" in log.read_text(), 30, "the server")
        server = json.loads((data / "server.json").read_text())["pid"]
        ended = os.pidfd_open(server)
    finally:
        os.close(terminal)  # the terminal is gone: bash tells its jobs
        os.waitpid(shell, 0)
    try:
        assert select.select([ended], [], [], 20)[0], "the server goes on"
    finally:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(ended, signal.SIGKILL)
        os.close(ended)


def test_a_hangup_ends_a_server_without_a_certificate(new_server):
    server = new_server().start()
    os.kill(server.pid(), signal.SIGHUP)
    assert server.wait_for_end() == 0


@pytest.mark.parametrize("options, sentence", [
    (("--tls-cert", "/nowhere.pem", "--tls-key", "/nowhere.pem"), "nowhere"),
    (("--tls-cert", "/nowhere.pem"), "must both be given"),
])
def test_certificates_that_cannot_be_used(new_server, options, sentence):
    with pytest.raises(StartError) as error:
        new_server(*options).start()
    assert sentence in error.value.said


def test_beyond_loopback_only_with_tls(new_server):
    with pytest.raises(StartError) as error:
        new_server(host="0.0.0.0").start()
    assert "TLS" in error.value.said
    server = new_server("--tls", host="0.0.0.0").start()
    assert server.environment()["AWS_ENDPOINT_URL"] == server.url
    assert server.client("s3").list_buckets()["Buckets"] == []
    address = socket.gethostbyname(socket.gethostname())
    https = urllib3.PoolManager(retries=False, timeout=10, cert_reqs="CERT_NONE", assert_hostname=False)
    assert b"AccessDenied" in https.request("GET", f"https://{address}:{server.port}/").data


def test_a_job_beside_a_server_at_one_address_of_the_machine(new_server):
    addresses = subprocess.run(["hostname", "-I"], capture_output=True, text=True).stdout.split()
    if not addresses:
        pytest.skip("the machine has no address besides loopback")
    server = new_server("--tls", host=addresses[0]).start()
    training = Training(server)
    job = training.run(JOB)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert training.artifact(job)["endpoint"].decode() == f"http://127.0.0.1:{server.port}"


def test_the_certificate_stays_over_a_restart(new_server):
    server = new_server("--tls").start()
    first = ssl.get_server_certificate(("127.0.0.1", server.port))
    assert server.stop() == 0
    server.start()
    assert ssl.get_server_certificate(("127.0.0.1", server.port)) == first
    assert server.client("s3").list_buckets()["Buckets"] == []


def test_up_with_an_authority_of_ones_own(tmp_path, new_server):
    data = tmp_path / "up"
    port = new_server().port
    up = [CLARY, "up", "--data", data, "--tls", "--listen", f"127.0.0.1:{port}", "--json"]
    try:
        shown = json.loads(subprocess.run(up, check=True, capture_output=True, text=True, timeout=60).stdout)
        assert shown["AWS_ENDPOINT_URL"] == f"https://127.0.0.1:{port}"
        trust = ssl.create_default_context(cafile=shown["AWS_CA_BUNDLE"])
        with urllib.request.urlopen(shown["AWS_ENDPOINT_URL"] + "/readyz", context=trust, timeout=5) as answer:
            assert answer.status == 200
        listed = subprocess.run([CLARY, "jobs", "--data", data], capture_output=True, timeout=30)
        assert listed.returncode == 0
    finally:
        subprocess.run([CLARY, "down", "--data", data], check=True, capture_output=True, timeout=60)
