"""Deploys the model of a training job with the SageMaker SDK, asks it about test images, and removes it again: ordinary
SageMaker code, which knows nothing of Clary.

DATA is the folder that fit.py was given. `eval "$(clary env --data DIR)"` points the SDK at a server.
"""

import argparse
import logging
import pathlib
import tarfile
import time

import picture
import sagemaker
from sagemaker.deserializers import JSONDeserializer
from sagemaker.pytorch import PyTorchModel
from sagemaker.serializers import IdentitySerializer


def test_images(folder: pathlib.Path, count: int) -> list[tuple[str, bytes]]:
    """The first images of the test channel: the class and the JPEG of each. Classes take turns."""
    found = []
    for path in sorted(folder.glob("*.tar")):
        with tarfile.open(path) as archive:
            for member in archive:
                if len(found) == count:
                    return found
                found.append((member.name.split("/")[-2], archive.extractfile(member).read()))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--job-name", required=True, help="the training job")
    parser.add_argument("--picture", type=pathlib.Path, default=pathlib.Path("predictions.png"), help="a PNG is written there")
    parser.add_argument("--count", type=int, default=10, help="so many images")
    arguments = parser.parse_args()
    logging.getLogger("sagemaker").setLevel(logging.WARNING)

    session = sagemaker.Session()
    job = session.describe_training_job(arguments.job_name)
    model = PyTorchModel(
        model_data=job["ModelArtifacts"]["S3ModelArtifacts"],
        entry_point="inference.py",
        source_dir=str(pathlib.Path(__file__).parent / "code"),
        role=sagemaker.get_execution_role(session),
        framework_version="2.6.0",  # the newest image for inference that this SDK knows
        py_version="py312",
        sagemaker_session=session,
    )
    began = time.monotonic()
    predictor = model.deploy(
        initial_instance_count=1,
        instance_type="ml.c5.xlarge",
        endpoint_name=f"{arguments.job_name}-endpoint",
        serializer=IdentitySerializer("image/jpeg"),
        deserializer=JSONDeserializer(),
        wait=False,
    )
    try:
        session.wait_for_endpoint(predictor.endpoint_name, poll=1)  # deploy() itself looks every 30 s
        print(f"\nendpoint {predictor.endpoint_name}: in service after {time.monotonic() - began:.1f} s")
        answers = []
        for label, jpeg in test_images(arguments.data / "test", arguments.count):
            prediction = predictor.predict(jpeg)
            answers.append(picture.Answer(jpeg, label, **prediction))
            print(f"  {label:<12}is taken for {answers[-1].label:<12}{answers[-1].probability:7.1%}")
        picture.draw(answers, arguments.picture)
        right = sum(answer.is_right() for answer in answers)
        print(f"{right} of {len(answers)} are right; picture: {arguments.picture}")
    finally:
        predictor.delete_endpoint()
        model.delete_model()


if __name__ == "__main__":
    main()
