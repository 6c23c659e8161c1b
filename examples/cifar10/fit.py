"""Trains code/train.py on CIFAR-10 with the SageMaker SDK: ordinary SageMaker code, which knows nothing of Clary.

DATA is a folder with train/*.tar and test/*.tar. `eval "$(clary env --data DIR)"` points the SDK at a server.
"""

import argparse
import logging
import pathlib

import sagemaker
from sagemaker.pytorch import PyTorch

NUMBER = r"([0-9.]+)"
METRICS = [
    {"Name": "train:loss", "Regex": f"train_loss={NUMBER}"},
    {"Name": "test:loss", "Regex": f"test_loss={NUMBER}"},
    {"Name": "test:accuracy", "Regex": f"test_accuracy={NUMBER}"},
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--limit", type=int, default=0, help="use only so many images of each channel")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--job-name", help="made by the SDK when not given")
    arguments = parser.parse_args()
    logging.getLogger("sagemaker.config").setLevel(logging.WARNING)

    session = sagemaker.Session()
    channels = {
        name: session.upload_data(str(arguments.data / name), key_prefix=f"cifar10/{name}")
        for name in ("train", "test")
    }
    estimator = PyTorch(
        entry_point="train.py",
        source_dir=str(pathlib.Path(__file__).parent / "code"),
        role=sagemaker.get_execution_role(session),
        framework_version="2.8.0",
        py_version="py312",
        instance_count=1,
        instance_type="ml.c5.xlarge",
        base_job_name="cifar10",
        hyperparameters={"epochs": arguments.epochs, "limit": arguments.limit, "seed": arguments.seed},
        metric_definitions=METRICS,
        sagemaker_session=session,
    )
    estimator.fit(channels, job_name=arguments.job_name)
    print(f"model: {estimator.model_data}")


if __name__ == "__main__":
    main()
