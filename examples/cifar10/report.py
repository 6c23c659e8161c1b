"""What the demo shows of a finished training job: metrics, model, and where the time went."""

import datetime
import pathlib
import sys
import tarfile
from dataclasses import dataclass

BAR_WIDTH = 50


@dataclass
class Span:
    name: str
    seconds: float


def spans(job: dict, began: datetime.datetime, ended: datetime.datetime) -> list[Span]:
    """The job's phases as the server recorded them, between the moments when fit.py was started and had returned."""
    found = [Span("start of the SDK, upload", (job["CreationTime"] - began).total_seconds())]
    transitions = job["SecondaryStatusTransitions"]
    for transition in transitions:
        end = transition.get("EndTime", job["LastModifiedTime"])
        if transition["Status"] not in ("Completed", "Failed", "Stopped"):
            found.append(Span(transition["Status"], (end - transition["StartTime"]).total_seconds()))
    last = max(transition["StartTime"] for transition in transitions)
    found.append(Span("until fit() returned", (ended - last).total_seconds()))
    return found


def show_spans(found: list[Span]) -> None:
    total = sum(max(span.seconds, 0) for span in found) or 1
    position = 0.0
    for span in found:
        seconds = max(span.seconds, 0)
        begin, position = position, position + seconds / total * BAR_WIDTH
        bar = " " * int(begin) + "█" * max(1, round(position) - int(begin))
        print(f"  {span.name:<26}{seconds:8.2f} s  {bar}")
    print(f"  {'in all':<26}{total:8.2f} s")


def download_model(s3, uri: str, folder: pathlib.Path) -> pathlib.Path:
    """Downloads model.tar.gz and checks that the network's weights are in it."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model.tar.gz"
    s3.download_file(bucket, key, str(path))
    with tarfile.open(path) as archive:
        names = [name.removeprefix("./") for name in archive.getnames()]
    if "model.pth" not in names:
        sys.exit(f"demo: {uri} holds {names}, not model.pth")
    return path


def show(job: dict, model: pathlib.Path, began: datetime.datetime, ended: datetime.datetime) -> None:
    print("\nFinal metrics")
    for metric in job["FinalMetricDataList"]:
        print(f"  {metric['MetricName']:<16}{metric['Value']:8.4f}")
    print("\nModel")
    print(f"  {job['ModelArtifacts']['S3ModelArtifacts']}")
    print(f"  {model} ({model.stat().st_size:,} bytes)")
    print("\nWhere the time went")
    show_spans(spans(job, began, ended))
