"""What a newcomer meets first: mistyped commands, a server that runs already, and why a first job did not do what it should."""

import json
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from clary_server import CLARY
from training import BUCKET, Training, wait_until

from conftest import CONFIG

LOSS = [{"Name": "loss", "Regex": r"loss=(\S+)"}]


def refused(server, *words: str) -> str:
    done = server.cli(*words, check=False)
    assert done.returncode == 2 and not done.stdout, done
    return done.stderr


def test_an_unknown_command_is_told_with_the_nearest(server):
    assert refused(server, "job") == "clary: unknown command 'job', did you mean 'jobs'?\n"
    assert "did you mean 'environments remove'?" in refused(server, "environments", "remov", "x")
    assert "there are: up, down" in refused(server, "fooo")
    assert "usage" in refused(server).lower() and "rotate" in refused(server, "keys")


def test_doctor_is_short_unless_it_is_asked(server):
    short = server.cli("doctor", check=False).stdout
    assert "VpcConfig" not in short and "clary doctor --verbose" in short
    assert "VpcConfig" in server.cli("doctor", "--verbose", check=False).stdout


def test_a_program_that_is_no_python_is_told_in_one_sentence(server):
    done = server.cli("environments", "add", "ls", "/bin/ls", check=False)
    assert done.returncode == 1
    assert done.stderr == "clary: environment 'ls': '/bin/ls': not a usable Python 3: it is another program\n"


def test_up_beside_a_server_says_what_it_cannot_change(server):
    for option in (["--listen", "127.0.0.1:9"], ["--tls"], ["--config", "/nowhere.toml"]):
        done = server.cli("up", *option, check=False)
        assert done.returncode == 1 and " ".join(option) + " asks for another" in done.stderr, done
    again = server.cli("up", "--listen", f"localhost:{server.port}", "--shell", "bash")
    assert "already running" in again.stderr and "export AWS_ENDPOINT_URL" in again.stdout


def test_a_missing_source_archive_is_no_missing_bucket(training):
    for uri, said in ((f"s3://{BUCKET}/gone/sourcedir.tar.gz", f"bucket '{BUCKET}': key 'gone/sourcedir.tar.gz': not there"),
                      ("s3://no-such-bucket/sourcedir.tar.gz", "bucket 'no-such-bucket': not there")):
        request = training.request("print(1)")
        request["HyperParameters"]["sagemaker_submit_directory"] = f'"{uri}"'
        training.sagemaker.create_training_job(**request)
        assert training.wait(request["TrainingJobName"])["FailureReason"] == f"ClientError: source code '{uri}': {said}"


def test_a_signal_is_named(training):
    job = training.run("import os, signal; print('on my way', flush=True); os.kill(os.getpid(), signal.SIGSEGV)")
    assert job["FailureReason"].startswith("AlgorithmError: ExecuteUserScriptError:\nExitCode -11\nErrorMessage \"\"")
    assert "ended by SIGSEGV (Segmentation fault)" in job["FailureReason"]
    assert job["FailureReason"].endswith(", exit code: 1")


def test_a_value_that_is_no_finite_number_is_said_while_the_job_runs(training):
    job = training.run("print('loss=0.5'); print('loss=nan'); print('loss=inf'); print('loss=0.25')", metrics=LOSS)
    assert [metric["Value"] for metric in job["FinalMetricDataList"]] == [0.25]
    said = training.server.cli("describe", job["TrainingJobName"]).stdout
    assert said.count("is no finite number") == 1 and "'nan'" in said


def test_a_job_may_limit_its_time_in_the_queue(training):
    limit = {"MaxRuntimeInSeconds": 60, "MaxPendingTimeInSeconds": 7200}
    job = training.run("print(1)", StoppingCondition=limit)
    assert job["TrainingJobStatus"] == "Completed" and job["StoppingCondition"] == limit


def test_a_server_without_a_path_runs_jobs(new_server):
    job = Training(new_server(environment={"PATH": "/nowhere"}).start()).run("print(1)")
    assert job["TrainingJobStatus"] == "Completed", job


def test_doctor_finds_programs_where_jobs_do(server):
    def states(**variables: str) -> dict[str, str]:
        done = subprocess.run([CLARY, "doctor", "--json", "--data", server.data], env={**server.environment(), **variables},
                              capture_output=True, text=True, timeout=60)
        found = {each["subject"]: each["state"] for each in json.loads(done.stdout)["findings"]}
        return {subject: found[subject] for subject in ("bubblewrap", "slirp4netns", "programs")}

    assert states(PATH="/nowhere") == states()


def test_logs_of_a_job_that_never_started_say_so(training):
    request = training.request("print(1)")
    request["HyperParameters"]["sagemaker_submit_directory"] = '"s3://no-such-bucket/sourcedir.tar.gz"'
    training.sagemaker.create_training_job(**request)
    training.wait(request["TrainingJobName"])
    shown = training.server.cli("logs", request["TrainingJobName"])
    assert "Failed: ClientError: source code" in shown.stderr


def test_a_processing_job_sees_the_machines_pip_settings(new_server):
    from processing import Processing
    processing = Processing(new_server(environment={"PIP_INDEX_URL": "http://127.0.0.1:9/simple"}).start())
    script = "import os, subprocess; print('index', os.environ['PIP_INDEX_URL'], os.environ['PIP_TIMEOUT'])"
    name = processing.submit(script, Environment={"PIP_TIMEOUT": "7"})
    assert processing.wait(name)["ProcessingJobStatus"] == "Completed", processing.lines(name)
    assert "index http://127.0.0.1:9/simple 7" in processing.lines(name)


def test_a_hook_may_be_at_an_https_address(new_server, https_server):
    told: list[str] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    hook = HTTPServer(("127.0.0.1", 0), Hook)
    identity = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    identity.load_cert_chain(https_server.data / "tls/server.pem", https_server.data / "tls/server.key")
    hook.socket = identity.wrap_socket(hook.socket, server_side=True)
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    settings = f'[hooks]\nurl = "https://127.0.0.1:{hook.server_port}/told"\nca = "{https_server.data / "tls/ca.pem"}"\n'
    Training(new_server(config=CONFIG + settings).start()).run("print(1)")
    wait_until(lambda: any('"phase":"Completed"' in text.replace(" ", "") for text in told), 30, "the last change")
    hook.shutdown()
