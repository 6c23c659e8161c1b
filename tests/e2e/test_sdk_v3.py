"""SDK v3, unmodified: `ModelTrainer.train` with its own drivers; with the Python of .venv-v3."""

import json
import pathlib
import subprocess

import pytest
from clary_server import V3_PYTHON

TRAIN = """
import json, logging, pathlib, sys
logging.basicConfig(level=logging.INFO)  # the SDK shows a job's lines by its logger
from sagemaker.core.training.configs import Compute, InputData, SourceCode
from sagemaker.train import ModelTrainer
source, options = sys.argv[1], json.loads(sys.argv[2])
code = SourceCode(source_dir=source, **options.pop("code"))
trainer, error = None, ""
try:
    trainer = ModelTrainer(source_code=code, compute=Compute(instance_type="ml.m5.large", instance_count=1), base_job_name="v3",
        training_image="763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.8.0-cpu-py312", **options)
    trainer.train(input_data_config=[InputData(channel_name="train", data_source=source)])
except Exception as failure:
    error = f"{type(failure).__name__}: {failure}"
job = getattr(trainer, "_latest_training_job", None)
pathlib.Path(sys.argv[3]).write_text(json.dumps({"error": error, "name": job and job.training_job_name}))
"""

SCRIPT = """
import argparse, os, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int)
parser.add_argument("--name")
arguments = parser.parse_args()
print("hyperparameters", arguments.epochs, arguments.name, os.environ["SM_HPS"])
print("channels", os.environ["SM_CHANNELS"], sorted(os.listdir(os.environ["SM_CHANNEL_TRAIN"])))
print("host", os.environ["SM_CURRENT_HOST"], os.environ["SM_MASTER_ADDR"])
pathlib.Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text("trained")
"""


def train(server, source: pathlib.Path, **options) -> tuple[dict, str]:
    """What the client ended with, and all that it printed."""
    options = {"code": {"entry_script": "train.py"}, **options}
    result = source.parent / f"{source.name}-result.json"
    done = subprocess.run([V3_PYTHON, "-c", TRAIN, source, json.dumps(options), result], capture_output=True, text=True,
                          env=server.environment(), timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(result.read_text()), done.stdout + done.stderr


@pytest.fixture
def source(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "train.py").write_text(SCRIPT)
    return tmp_path


def test_model_trainer_trains_with_its_own_drivers(server, training, source):
    ended, printed = train(server, source, hyperparameters={"epochs": 3, "name": "x y"})
    assert ended["error"] == "", printed
    lines = training.lines(ended["name"])
    assert any(line.startswith("hyperparameters 3 x y ") for line in lines), lines
    assert any(line.startswith("channels ") and "train.py" in line for line in lines)
    assert "host algo-1 algo-1" in lines
    assert "Training Container Execution Completed" in lines
    assert "hyperparameters 3 x y" in printed  # the client streamed the log
    job = training.describe(ended["name"])
    assert training.artifact(job) == {"model.txt": b"trained"}
    assert job["RoleArn"].endswith(":role/SageMakerRole")  # the caller's own, found and simulated


def test_a_script_that_fails_is_told_to_the_client(server, training, source):
    (source / "train.py").write_text("raise SystemExit(3)\n")
    ended, printed = train(server, source)
    assert "Failed" in ended["error"], printed
    assert training.describe(ended["name"])["TrainingJobStatus"] == "Failed"


def test_a_command_and_a_shell_script_run_as_they_are(server, training, source):
    (source / "run.sh").write_text("#!/bin/sh\necho from the shell: $1 $2\n")
    ended, printed = train(server, source, code={"entry_script": "run.sh"}, hyperparameters={"epochs": 1})
    assert ended["error"] == "", printed
    assert any(line.startswith("from the shell: --epochs 1") for line in training.lines(ended["name"]))
    ended, printed = train(server, source, code={"command": "python train.py --epochs 7 --name z"})
    assert ended["error"] == "", printed
    assert any(line.startswith("hyperparameters 7 z") for line in training.lines(ended["name"]))


def test_a_role_without_the_rights_is_refused_before_the_job(server, source):
    iam = server.client("iam")
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    iam.create_role(RoleName="powerless", AssumeRolePolicyDocument=json.dumps(trust))
    powerless = iam.get_role(RoleName="powerless")["Role"]["Arn"]
    ended, printed = train(server, source, role=powerless)
    assert ended["error"].startswith("RoleValidationError"), printed
    iam.attach_role_policy(RoleName="powerless", PolicyArn="arn:aws:iam::aws:policy/AmazonSageMakerFullAccess")
    ended, printed = train(server, source, role="powerless", hyperparameters={"epochs": 1})
    assert ended["error"] == "", printed
