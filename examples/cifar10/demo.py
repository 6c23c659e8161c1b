"""The demo: starts a server of its own, runs fit.py and deploy.py against it, and shows what came of it. Called by tools/demo."""

import argparse
import datetime
import os
import pathlib
import socket
import subprocess
import sys

import images
import report

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLARY = ROOT / "build/release/clary"
DATA = ROOT / "demo-data"
PACKED = ROOT / ".cache/cifar10"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_server() -> subprocess.Popen:
    """`clary serve` in the foreground of a child; returns when it has said that it is ready."""
    environment = {**os.environ, "VIRTUAL_ENV": str(ROOT / ".venv")}
    server = subprocess.Popen(
        [CLARY, "serve", "--data", DATA, "--listen", f"127.0.0.1:{free_port()}"],
        env=environment, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
    assert server.stdout is not None
    line = server.stdout.readline()
    if not line:
        sys.exit(f"demo: the server did not start (exit status {server.wait()})")
    print(f"server: {line}", end="")
    return server


def client_environment() -> dict[str, str]:
    """The environment that `eval "$(clary env)"` gives a shell."""
    script = 'eval "$("$1" env --data "$2")" && env -0'
    shown = subprocess.run(["bash", "-c", script, "bash", CLARY, DATA], check=True, stdout=subprocess.PIPE, text=True)
    environment = dict(entry.split("=", 1) for entry in shown.stdout.split("\0") if entry)
    return {**environment, "SAGEMAKER_SUPPRESS_V2_WARNING": "1", "PYTHONUNBUFFERED": "1"}


def show_next(job_name: str) -> None:
    clary, data, images_folder = (path.relative_to(ROOT) for path in (CLARY, DATA, PACKED))
    print(f"""
Next, in {ROOT}
  {clary} up --data {data}                 # the same server, in the background
  {clary} describe {job_name} --data {data}
  eval "$({clary} env --data {data})" && .venv/bin/python examples/cifar10/fit.py {images_folder} --epochs 20""")


def run(arguments: argparse.Namespace) -> int:
    counts = images.pack(arguments.images, PACKED)
    print(f"{counts['train']:,} training and {counts['test']:,} test images in {PACKED.relative_to(ROOT)}/")
    fit = [sys.executable, ROOT / "examples/cifar10/fit.py", PACKED]
    now = datetime.datetime.now(datetime.UTC)
    job_name = f"cifar10-{now:%Y-%m-%d-%H-%M-%S}"
    fit += ["--job-name", job_name]
    if arguments.quick:
        fit += ["--epochs", "2", "--limit", "2000"]
    server = start_server()
    try:
        environment = client_environment()
        began = datetime.datetime.now(datetime.UTC)
        fitted = subprocess.run(fit, env=environment, check=False).returncode
        ended = datetime.datetime.now(datetime.UTC)
        if fitted != 0:
            return fitted
        os.environ.update(environment)
        import boto3  # reads the environment when a client is made

        job = boto3.client("sagemaker").describe_training_job(TrainingJobName=job_name)
        uri = job["ModelArtifacts"]["S3ModelArtifacts"]
        model = report.download_model(boto3.client("s3"), uri, DATA.parent / ".cache" / job_name)
        report.show(job, model.relative_to(ROOT), began, ended)
        picture = model.with_name("predictions.png").relative_to(ROOT)
        print("\nDeploy, predict, delete", flush=True)
        deploy = [sys.executable, ROOT / "examples/cifar10/deploy.py", PACKED, "--job-name", job_name, "--picture", picture]
        deployed = subprocess.run(deploy, env=environment, cwd=ROOT, check=False).returncode
        if deployed != 0:
            return deployed
    finally:
        server.terminate()
        server.wait()
    show_next(job_name)
    accuracy = {metric["MetricName"]: metric["Value"] for metric in job["FinalMetricDataList"]}["test:accuracy"]
    wanted = 0.25 if arguments.quick else 0.70
    if accuracy < wanted:
        print(f"\ndemo: the test accuracy is {accuracy:.4f}; at least {wanted} was expected")
        return 1
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/demo", description=__doc__)
    parser.add_argument("--images", type=pathlib.Path, metavar="DIR", help="DIR/{train,test}/<class>/*.jpg")
    parser.add_argument("--quick", action="store_true", help="fewer images, two epochs")
    return run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
