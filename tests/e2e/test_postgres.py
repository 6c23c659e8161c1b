"""`clary serve --metadata postgresql://...` on a real PostgreSQL: jobs over crashes of either server, and refusals."""

import urllib.error

import pytest
from botocore.exceptions import ClientError
from clary_server import Server, StartError
from private_postgres import PASSWORD, PrivatePostgres
from training import Training, wait_until

WAITS = """
import time
with open("/opt/ml/model/runs.txt", "a") as runs: runs.write("run\\n")
print("begun", flush=True)
time.sleep(3)
"""


@pytest.fixture(scope="module")
def instance():
    made = PrivatePostgres().start()
    yield made
    made.remove()


@pytest.fixture
def postgres(instance):
    """An empty database, emptied when the servers have gone. A test that stops the instance starts it again."""
    yield instance
    instance.execute("DROP SCHEMA IF EXISTS clary CASCADE")


def test_a_job_completes_once_over_a_kill_of_the_server(postgres, new_server):
    server = new_server("--metadata", postgres.url()).start()
    training = Training(server)
    training.sagemaker.create_training_job(**training.request(WAITS, name="once"))
    training.wait_for_line("once", "begun")
    server.kill()
    server.start()
    job = training.wait("once")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert training.artifact(job) == {"runs.txt": b"run\n"}
    with pytest.raises(ClientError, match="ResourceInUse"):
        training.sagemaker.create_training_job(**training.request(WAITS, name="once"))
    assert not (server.data / "meta.db").exists()
    assert PASSWORD not in server.log.read_text()


def test_what_postgres_cannot_take_now_is_unavailable_and_what_was_answered_is_kept(postgres, new_server):
    server = new_server("--metadata", postgres.url()).start()
    training = Training(server)
    training.sagemaker.create_training_job(**training.request(WAITS, name="over"))
    training.wait_for_line("over", "begun")
    during = training.request("print(1)", name="during")
    # Keys that were looked up are remembered until one is made: then S3 has to ask too.
    server.client("iam").create_user(UserName="u")
    server.client("iam").create_access_key(UserName="u")
    postgres.crash()
    assert not is_ready(server)
    for call, arguments in ((training.s3.list_buckets, {}),
                            (training.sagemaker.describe_training_job, {"TrainingJobName": "over"}),
                            (training.sagemaker.create_training_job, during)):
        with pytest.raises(ClientError) as refused:
            call(**arguments)
        assert refused.value.response["Error"]["Code"] == "ServiceUnavailable"
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
        assert PASSWORD not in str(refused.value)
    postgres.start()
    wait_until(lambda: is_ready(server), what="readiness")
    job = training.wait("over")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert training.artifact(job) == {"runs.txt": b"run\n"}
    training.sagemaker.create_training_job(**during)
    assert training.wait("during")["TrainingJobStatus"] == "Completed"


def is_ready(server: Server) -> bool:
    try:
        return server.get("/readyz") != ""
    except urllib.error.HTTPError as refused:
        assert refused.code == 503
        return False


def refusal(new_server, url: str) -> tuple[int, str]:
    with pytest.raises(StartError) as refused:
        new_server("--metadata", url).start()
    said = refused.value.said
    assert said.startswith("clary serve: ") and said.count("\n") == 1, said
    assert PASSWORD not in said and "wrong-Secret" not in said
    return refused.value.status, said


def test_refusals_are_one_sentence(postgres, new_server):
    assert refusal(new_server, postgres.url(password="wrong-Secret"))[1].endswith(
        "password authentication failed for user \"clary\"\n")
    status, said = refusal(new_server, postgres.url(database="absent"))
    assert status == 1 and 'database "absent" does not exist' in said
    status, said = refusal(new_server, f"postgresql://clary:{PASSWORD}@127.0.0.1:1/clary")
    assert status == 1 and "'postgresql://clary@127.0.0.1:1/clary'" in said and "Connection refused" in said
    assert refusal(new_server, f"postgresql://clary:{PASSWORD}@h:x/clary")[0] == 1
    status, said = refusal(new_server, f"mysql://clary:{PASSWORD}@h/clary")
    assert status == 2 and "must begin with postgresql://" in said


def test_a_second_server_on_the_database_is_refused(postgres, new_server):
    first = new_server("--metadata", postgres.url()).start()
    status, said = refusal(new_server, postgres.url())
    assert status == 1 and "is in use by another clary serve" in said
    assert first.running()
    first.kill()
    new_server("--metadata", postgres.url()).start()


def test_tables_of_a_newer_release_are_refused(postgres, new_server):
    assert new_server("--metadata", postgres.url()).start().stop() == 0
    postgres.execute("UPDATE clary.format SET number = 99")
    status, said = refusal(new_server, postgres.url())
    assert status == 1 and "written by a newer release (format 99" in said


def test_a_stopped_server_knows_where_its_metadata_is(postgres, new_server, tmp_path):
    server = new_server("--metadata", postgres.url()).start()
    server.environment()
    assert server.stop() == 0
    checked = server.cli("check")
    assert "metadata is in postgresql://" in checked.stderr and ": not checked" in checked.stderr
    saved = server.cli("backup", str(tmp_path / "backup"))
    assert "not part of this: pg_dump" in saved.stderr
    assert PASSWORD not in checked.stderr + saved.stderr + (server.data / "places.json").read_text()
