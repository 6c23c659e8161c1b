"""Stops, limits, lines while a job lives, metrics."""

import datetime

import pytest
from botocore.exceptions import ClientError

WAIT = """
import signal, sys, pathlib
def leave(*_):
    pathlib.Path("/opt/ml/model/left.txt").write_text("in order")
    print("leaving in order", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
print("waiting", flush=True)
while True: signal.pause()
"""


@pytest.mark.smoke
def test_a_line_is_there_while_the_process_lives_and_a_stop_is_orderly(training):
    name = training.submit(WAIT)
    training.wait_for_line(name, "waiting")
    assert training.describe(name)["TrainingJobStatus"] == "InProgress"
    training.sagemaker.stop_training_job(TrainingJobName=name)
    job = training.wait(name)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert training.artifact(job)["left.txt"] == b"in order"
    assert "leaving in order" in training.lines(name)
    with pytest.raises(ClientError, match="ValidationException"):
        training.sagemaker.stop_training_job(TrainingJobName=name)


def test_the_time_limit_stops_the_script(training):
    job = training.run(WAIT, max_run=1)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert training.artifact(job)["left.txt"] == b"in order"


def test_a_script_that_ignores_sigterm_is_killed_after_the_grace(training):
    name = training.submit("""
import pathlib, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path("/opt/ml/model/half.txt").write_text("half")
print("deaf", flush=True)
while True: signal.pause()
""")
    training.wait_for_line(name, "deaf")
    training.sagemaker.stop_training_job(TrainingJobName=name)
    job = training.wait(name)
    assert job["TrainingJobStatus"] == "Stopped"
    assert training.artifact(job) == {"half.txt": b"half"}


def test_metrics_run_as_lines_arrive_and_end_in_every_view(server, training):
    script = "\n".join(f"print('loss={1 / n:.3f}; accuracy={n / 10}')" for n in range(1, 6))
    job = training.run(script, metrics=[
        {"Name": "loss", "Regex": r"loss=([0-9.]+);"}, {"Name": "accuracy", "Regex": r"accuracy=([0-9.]+)"},
        {"Name": "absent", "Regex": r"Accuracy: ([0-9.]+)"}])
    final = {metric["MetricName"]: round(metric["Value"], 4) for metric in job["FinalMetricDataList"]}
    assert final == {"loss": 0.2, "accuracy": 0.5}
    answer = server.client("cloudwatch").get_metric_statistics(
        Namespace="/aws/sagemaker/TrainingJobs", MetricName="loss", Period=60, Statistics=["Minimum", "SampleCount"],
        Dimensions=[{"Name": "TrainingJobName", "Value": job["TrainingJobName"]}],
        StartTime=job["CreationTime"] - datetime.timedelta(minutes=1), EndTime=job["LastModifiedTime"] +
        datetime.timedelta(minutes=1))
    assert sum(point["SampleCount"] for point in answer["Datapoints"]) == 5
    assert min(point["Minimum"] for point in answer["Datapoints"]) == pytest.approx(0.2)
    # The definition that matched nothing is said, with the line that came nearest.
    timeline = server.cli("describe", job["TrainingJobName"]).stdout
    assert "absent" in timeline and "accuracy=" in timeline
