"""Jobs of servers with settings of their own: a hook, limits, a machine given out more than once."""

import json

from training import Training, wait_until

from conftest import CONFIG


def test_a_hook_is_told_of_every_change_even_over_a_crash(new_server, tmp_path):
    told, gate = tmp_path / "told", tmp_path / "gate"
    command = f'test -e {gate} && printf "%s\\n" "$CLARY_EVENT" >> {told}'
    server = new_server(config=f"{CONFIG}[hooks]\ncommand = ['/bin/sh', '-c', {json.dumps(command)}]\n").start()
    name = Training(server).run("print(1)")["TrainingJobName"]
    assert not told.exists()
    server.kill()
    gate.touch()
    server.start()

    def phases() -> list[str]:
        return [json.loads(line)["phase"] for line in told.read_text().splitlines()] if told.exists() else []
    wait_until(lambda: "Completed" in phases(), 60, "the last change")
    assert phases() == ["Pending", "Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert json.loads(told.read_text().splitlines()[-1])["job"] == name


def test_a_job_keeps_within_its_limits(new_server):
    limits = "max_processes = 40\nmax_disk_gib = 1\nmax_log_lines = 5\n"
    training = Training(new_server(config=CONFIG + limits).start())
    lines = training.lines(training.run("for i in range(50): print('line', i)")["TrainingJobName"])
    assert "line 3" in lines and "line 49" not in lines and any("jobs.max_log_lines allows 5" in line for line in lines)
    name = training.submit("import threading, time\nfor i in range(60): threading.Thread(target=time.sleep, args=(1,)).start()")
    assert "can't start new thread" in training.wait(name)["FailureReason"]
    assert "jobs.max_processes allows 40" in training.server.cli("describe", name).stdout
    fill = "import os, signal\nwith open('/tmp/big', 'wb') as f: os.posix_fallocate(f.fileno(), 0, 1200 << 20)\nsignal.pause()"
    job = training.run(fill)
    assert job["FailureReason"].startswith("ClientError: The job's files take 1.") and "allows 1" in job["FailureReason"]


def test_jobs_share_the_machine_where_they_may(new_server):
    training = Training(new_server(config=CONFIG + "overcommit = 2\n").start())
    whole = {"InstanceType": "ml.m5.24xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1}
    first = training.submit("import signal\nprint('on', flush=True)\nwhile True: signal.pause()\n", ResourceConfig=whole)
    training.wait_for_line(first, "on")
    assert training.run("print(1)", ResourceConfig=whole)["TrainingJobStatus"] == "Completed"
    assert training.describe(first)["TrainingJobStatus"] == "InProgress"
    training.sagemaker.stop_training_job(TrainingJobName=first)
    assert training.wait(first)["TrainingJobStatus"] == "Stopped"
