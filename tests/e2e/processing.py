"""Processing jobs as tests write them: a script's text in, a description, the printed lines and the outputs out."""

import itertools

from clary_server import Server
from training import BUCKET, IMAGE, ROLE, TERMINAL, Training, wait_until

GROUP = "/aws/sagemaker/ProcessingJobs"
CODE = "/opt/ml/processing/input/code"
OUT = "/opt/ml/processing/output"

_numbers = itertools.count(1)


def s3_input(name: str, uri: str, path: str, **changes) -> dict:
    source = {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix", "S3InputMode": "File",
              "S3DataDistributionType": "FullyReplicated", "S3CompressionType": "None", **changes}
    return {"InputName": name, "AppManaged": False, "S3Input": source}


def s3_output(name: str, uri: str, path: str, mode: str = "EndOfJob") -> dict:
    return {"OutputName": name, "AppManaged": False, "S3Output": {"S3Uri": uri, "LocalPath": path, "S3UploadMode": mode}}


class Processing:
    """Submits and follows processing jobs of one server."""

    def __init__(self, server: Server, training: Training | None = None):
        self.server = server
        self.training = training or Training(server)
        self.sagemaker = server.client("sagemaker")
        self.s3 = server.client("s3")

    def request(self, script: str, *, name: str = "", inputs: list[dict] | None = None, outputs: list[dict] | None = None,
                arguments: list[str] | None = None, max_run: int = 300, image: str = IMAGE, **changes) -> dict:
        """A CreateProcessingJob request as ScriptProcessor sends it; uploads the script."""
        name = name or f"processing-{next(_numbers)}"
        key = f"{name}/input/code/script.py"
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=script.encode())
        application = {"ImageUri": image, "ContainerEntrypoint": ["python3", f"{CODE}/script.py"]}
        if arguments:
            application["ContainerArguments"] = arguments
        if outputs is None:
            outputs = [s3_output("out", f"s3://{BUCKET}/{name}/output", OUT)]
        return {
            "ProcessingJobName": name,
            "ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30}},
            "AppSpecification": application,
            "RoleArn": ROLE,
            "StoppingCondition": {"MaxRuntimeInSeconds": max_run},
            "ProcessingInputs": [*(inputs or []), s3_input("code", f"s3://{BUCKET}/{key}", CODE)],
            "ProcessingOutputConfig": {"Outputs": outputs},
            **changes,
        }

    def submit(self, script: str, **options) -> str:
        request = self.request(script, **options)
        self.sagemaker.create_processing_job(**request)
        return request["ProcessingJobName"]

    def describe(self, name: str) -> dict:
        return self.sagemaker.describe_processing_job(ProcessingJobName=name)

    def wait(self, name: str, seconds: float = 60) -> dict:
        """The description of the ended job."""
        def ended():
            job = self.describe(name)
            return job if job["ProcessingJobStatus"] in TERMINAL else None
        return wait_until(ended, seconds, f"the end of {name}")

    def run(self, script: str, **options) -> dict:
        return self.wait(self.submit(script, **options))

    def lines(self, name: str) -> list[str]:
        """What its program has printed: without what the platform says of the environment."""
        return [line for line in self.training.lines(name, group=GROUP) if not line.startswith("image asks ")]

    def objects(self, prefix: str) -> dict[str, bytes]:
        """What stands under a prefix of the tests' bucket, by the rest of the key."""
        page = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)
        return {entry["Key"].removeprefix(prefix): self.s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read()
                for entry in page.get("Contents", [])}
