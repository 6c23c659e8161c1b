"""Transform jobs as tests write them: a handler and inputs in, a description, outputs and log lines out."""

import itertools
import struct

from endpoints import Endpoints
from training import BUCKET, TERMINAL, wait_until

GROUP = "/aws/sagemaker/TransformJobs"

# Twice the sum of each row; a row "bad" is an error.
SUMS = """
    def model_fn(model_dir): return 2
    def input_fn(body, content_type):
        text = body if isinstance(body, str) else body.decode()
        return [[float(cell) for cell in row.split(",")] for row in text.splitlines()]
    def predict_fn(rows, model): return [sum(row) * model for row in rows]
    def output_fn(sums, accept): return "".join(f"{each:g}\\n" for each in sums), "text/csv"
"""

# What each request held: its length in bytes and its number of rows.
SIZES = """
    def model_fn(model_dir): return None
    def input_fn(body, content_type): return body.encode() if isinstance(body, str) else bytes(body)
    def predict_fn(body, model): return f"{len(body)}:{len(body.splitlines())}"
    def output_fn(text, accept): return text, "text/plain"
"""

_numbers = itertools.count(1)


class Transforms:
    """Submits and follows transform jobs of one server."""

    def __init__(self, endpoints: Endpoints):
        self.endpoints = endpoints
        self.server = endpoints.server
        self.training = endpoints.training
        self.sagemaker = endpoints.sagemaker
        self.s3 = endpoints.training.s3

    def put(self, **objects: bytes) -> str:
        """Objects below a prefix of their own; its address. The last _ of a name stands for its dot."""
        prefix = f"transform-in-{next(_numbers)}"
        for name, body in objects.items():
            base, _, ending = name.rpartition("_")
            self.s3.put_object(Bucket=BUCKET, Key=f"{prefix}/{base}.{ending}", Body=body)
        return f"s3://{BUCKET}/{prefix}/"

    def request(self, model: str, data: str, *, content_type: str = "text/csv", split: str = "Line", data_type: str = "S3Prefix",
                source: dict | None = None, output: dict | None = None, count: int = 1, **changes) -> dict:
        """A CreateTransformJob request as the SDK's Transformer sends it."""
        name = changes.pop("name", "") or f"transform-{next(_numbers)}"
        return {
            "TransformJobName": name,
            "ModelName": model,
            "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": data_type, "S3Uri": data}},
                               "ContentType": content_type, "SplitType": split, **(source or {})},
            "TransformOutput": {"S3OutputPath": f"s3://{BUCKET}/{name}/out", "AssembleWith": "Line", **(output or {})},
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": count},
            **changes,
        }

    def submit(self, model: str, data: str, **options) -> str:
        request = self.request(model, data, **options)
        self.sagemaker.create_transform_job(**request)
        return request["TransformJobName"]

    def describe(self, name: str) -> dict:
        return self.sagemaker.describe_transform_job(TransformJobName=name)

    def wait(self, name: str, seconds: float = 90) -> dict:
        """The description of the ended job."""
        def ended():
            job = self.describe(name)
            return job if job["TransformJobStatus"] in TERMINAL else None
        return wait_until(ended, seconds, f"the end of {name}")

    def run(self, model: str, data: str, **options) -> dict:
        return self.wait(self.submit(model, data, **options))

    def completed(self, model: str, data: str, **options) -> dict[str, bytes]:
        """The outputs of a job that must complete, by their names."""
        name = self.submit(model, data, **options)
        job = self.wait(name)
        assert job["TransformJobStatus"] == "Completed", (job.get("FailureReason"), self.lines(name)[-20:])
        return self.outputs(name)

    def outputs(self, name: str) -> dict[str, bytes]:
        prefix = f"{name}/out/"
        page = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)
        return {each["Key"].removeprefix(prefix): self.s3.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read()
                for each in page.get("Contents", [])}

    def lines(self, name: str) -> list[str]:
        return self.training.lines(name, group=GROUP)


def record_io(*records: bytes) -> bytes:
    """RecordIO as MXNet writes it."""
    return b"".join(struct.pack("<II", 0xCED7230A, len(each)) + each + b"\0" * (-len(each) % 4) for each in records)


def _masked(data: bytes) -> bytes:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def tf_record(*records: bytes) -> bytes:
    """TFRecord as TensorFlow writes it."""
    heads = [struct.pack("<Q", len(each)) for each in records]
    return b"".join(head + _masked(head) + each + _masked(each) for head, each in zip(heads, records, strict=True))
