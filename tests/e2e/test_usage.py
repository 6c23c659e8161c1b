"""The series of a job's CPU, against what its script measured of itself: other work on the machine takes from both alike."""

import datetime
import json

# Prints, once a second, the percent of a core that it had in that second.
BUSY = """
import json, os, time
def spent():
    times = os.times()
    return times.user + times.system, time.monotonic()
shares = []
cpu, began = last = spent()
while last[1] - began < 6:
    now = spent()
    if now[1] - last[1] >= 1:
        shares.append(100 * (now[0] - last[0]) / (now[1] - last[1]))
        last = now
print('shares', json.dumps(shares), flush=True)
"""
IDLE = "import threading; threading.Event().wait(8); print('slept')"


def cpu_percents(server, name: str) -> list[float]:
    """One value a second, without the first and the last, which are of parts of a second of the script."""
    now = datetime.datetime.now(datetime.UTC)
    points = server.client("cloudwatch").get_metric_statistics(
        Namespace="/aws/sagemaker/TrainingJobs", MetricName="CPUUtilization", Period=1, Statistics=["Average"],
        Dimensions=[{"Name": "Host", "Value": f"{name}/algo-1"}],
        StartTime=now - datetime.timedelta(minutes=10), EndTime=now + datetime.timedelta(minutes=1))["Datapoints"]
    values = [point["Average"] for point in sorted(points, key=lambda point: point["Timestamp"])][1:-1]
    assert len(values) >= 3, points
    return values


def test_a_busy_loop_is_a_core_and_a_sleeper_is_none(server, training):
    busy, idle = training.submit(BUSY), training.submit(IDLE)
    assert training.wait(busy)["TrainingJobStatus"] == training.wait(idle)["TrainingJobStatus"] == "Completed"
    shares = json.loads(next(line for line in training.lines(busy) if line.startswith("shares")).removeprefix("shares"))
    seen = cpu_percents(server, busy)
    average = sum(seen) / len(seen)
    # A core of its own gives shares of 100: then this is 90 to 110.
    assert min(shares) - 10 <= average <= max(shares) + 10, (shares, seen)
    sleeping = cpu_percents(server, idle)
    assert max(sleeping) < 5, sleeping
