"""Trains keras/train.py on CIFAR-10 with the SageMaker SDK's TensorFlow estimator: ordinary SageMaker code.

DATA is a folder with train/*.tar and test/*.tar. The server must know a Python that has TensorFlow:

    python3 -m venv tf && tf/bin/pip install 'tensorflow-cpu==2.15.*'
    clary environments add tensorflow tf/bin/python
"""

import argparse
import logging
import pathlib

import sagemaker
from sagemaker.tensorflow import TensorFlow

NUMBER = r"([0-9.]+)"
METRICS = [
    {"Name": "train:loss", "Regex": f"train_loss={NUMBER}"},
    {"Name": "test:loss", "Regex": f"test_loss={NUMBER}"},
    {"Name": "test:accuracy", "Regex": f"test_accuracy={NUMBER}"},
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--limit", type=int, default=0, help="use only so many images of each channel")
    arguments = parser.parse_args()
    logging.getLogger("sagemaker.config").setLevel(logging.WARNING)

    session = sagemaker.Session()
    channels = {
        name: session.upload_data(str(arguments.data / name), key_prefix=f"cifar10/{name}")
        for name in ("train", "test")
    }
    estimator = TensorFlow(
        entry_point="train.py",
        source_dir=str(pathlib.Path(__file__).parent / "keras"),
        role=sagemaker.get_execution_role(session),
        framework_version="2.14.1",
        py_version="py310",
        instance_count=1,
        instance_type="ml.c5.xlarge",
        base_job_name="cifar10-keras",
        hyperparameters={"epochs": arguments.epochs, "limit": arguments.limit},
        metric_definitions=METRICS,
        sagemaker_session=session,
    )
    estimator.fit(channels)
    print(f"model: {estimator.model_data}")


if __name__ == "__main__":
    main()
