"""Inside a job: what it must not reach, and what it must."""

import json
import os
import pathlib
import socket

import pytest
from clary_server import Server
from training import Training

PROBE = """
import json, os, pathlib, socket, sys
asked = json.loads('''@ASKED@''')

def connects(family, address):
    try:
        with socket.socket(family) as probe:
            probe.settimeout(2)
            probe.connect(tuple(address) if isinstance(address, list) else address)
        return True
    except OSError:
        return False

def on_the_way(path):  # to the interpreter: that much is shown
    return {prefix[len(path) + 1:].split("/")[0] for prefix in (sys.prefix, sys.base_prefix) if prefix.startswith(path + "/")}

def readable(path):
    try:
        if os.path.isdir(path):
            return bool(set(os.listdir(path)) - on_the_way(path))
        open(path, "rb").read(1)
        return True
    except OSError:
        return False

found = {
    "ports": [a for a in asked["ports"] if connects(socket.AF_INET, a)],
    "abstract": [a for a in asked["abstract"] if connects(socket.AF_UNIX, "\\0" + a)],
    "files": [path for path in asked["files"] if readable(path)],
    "processes": sorted({(pathlib.Path("/proc", p, "comm").read_text().strip()) for p in os.listdir("/proc") if p.isdigit()}),
    "capabilities": [l.split()[1] for l in open("/proc/self/status") if l.startswith("CapEff")][0],
    "hook": "sitecustomize" in sys.modules and "clary" in str(sys.modules["sitecustomize"]),
    "variables": sorted(k for k in os.environ if k.startswith("AWS_") or k == "PYTHONPATH"),
}
pathlib.Path("/opt/ml/model/found.json").write_text(json.dumps(found))
"""

HOLD = """
import pathlib, signal, socket, sys, time
tcp = socket.create_server(("0.0.0.0", 7777)); local = socket.socket(socket.AF_UNIX)
local.bind("\\0clary-job"); local.listen()
pathlib.Path("/tmp/of-the-other-job").write_text("secret")
pathlib.Path("/dev/shm/of-the-other-job").write_text("secret")
print("holding", flush=True)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
while True: signal.pause()
"""


def files_at_home() -> list[str]:
    return [str(path) for path in sorted(pathlib.Path.home().iterdir()) if path.is_file()][:3]


@pytest.fixture(scope="module")
def found(server, training, tmp_path_factory):
    """What a job finds while another one holds a port and sockets, and this process holds some on the machine.

    The other job has a server of its own: on two cores one server runs one job at a time.
    """
    other_server = Server(tmp_path_factory.mktemp("other") / "data").start()
    others = Training(other_server)
    tcp = socket.create_server(("127.0.0.1", 0))
    abstract = socket.socket(socket.AF_UNIX)
    abstract.bind("\0clary-machine")
    abstract.listen()
    port = tcp.getsockname()[1]
    others.wait_for_line(others.submit(HOLD, name="other"), "holding")
    hosts = ["127.0.0.1", "10.77.0.1", "10.77.0.2", "10.77.0.3", "10.0.2.2", "10.0.2.3"]
    asked = {
        "ports": [[host, number] for host in hosts for number in (7777, port)] + [["169.254.169.254", 80]],
        "abstract": ["clary-machine", "clary-job"],
        "files": [str(server.data), str(server.data / "keys/root.json"), str(server.data / "gangs"),
                  str(server.data / "hostlink.sock"), str(server.log), str(other_server.data),
                  "/root", "/home", *files_at_home(),
                  "/tmp/of-the-other-job", "/dev/shm/of-the-other-job", "/etc/shadow", "/var/log", "/run",
                  str(pathlib.Path(__file__))],
    }
    job = training.run(PROBE.replace("@ASKED@", json.dumps(asked)))
    others.sagemaker.stop_training_job(TrainingJobName="other")
    others.wait("other")
    other_server.stop()
    tcp.close()
    abstract.close()
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    return json.loads(training.artifact(job)["found.json"])


def test_no_port_of_another_job_or_of_the_machine_is_reached(found):
    assert found["ports"] == []


def test_no_abstract_socket_is_reached(found):
    assert found["abstract"] == []


def test_no_file_of_the_server_the_user_or_another_job_is_read(found):
    assert found["files"] == []


def test_only_its_own_processes_are_seen(found):
    assert "clary" not in found["processes"]
    assert len(found["processes"]) <= 4


def test_it_has_no_capabilities(found):
    assert int(found["capabilities"], 16) == 0


def test_the_client_hook_is_not_there(found):
    assert not found["hook"]
    assert "AWS_SECRET_ACCESS_KEY" not in found["variables"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: to run jobs as another user")
def test_a_server_started_as_root_runs_jobs_as_somebody_else(training):
    job = training.run("import pathlib, time; pathlib.Path('/opt/ml/model/x').touch(); print('made', flush=True)")
    assert job["TrainingJobStatus"] == "Completed"
    name = training.submit(HOLD)
    training.wait_for_line(name, "holding")
    owners = {os.stat(f"/proc/{pid}").st_uid for pid in os.listdir("/proc") if pid.isdigit() and runs_train(pid)}
    training.sagemaker.stop_training_job(TrainingJobName=name)
    training.wait(name)
    assert owners == {65534}


def runs_train(pid: str) -> bool:
    try:
        return pathlib.Path("/proc", pid, "cmdline").read_bytes().split(b"\0")[1:3] == [b"--", b"train.py"]
    except OSError:
        return False
