"""Transform jobs that cannot be, that fail and that are stopped: a sentence each, and nothing half done."""

import pytest
from botocore.exceptions import ClientError
from endpoints import Endpoints
from training import BUCKET, wait_until
from transforms import SUMS, Transforms

ENDLESS = """
    import time
    def model_fn(model_dir): return None
    def input_fn(body, content_type): return body
    def predict_fn(body, model):
        print("asked", flush=True)
        while True: time.sleep(1)
    def output_fn(text, accept): return text, "text/csv"
"""

# The rest are the toolkit's own functions.
DEFAULTS = """
    def model_fn(model_dir): return None
    def predict_fn(data, model): return data
"""

REFUSED = [
    ({"model": "nosuch-model"}, 'Could not find model ".*:model/nosuch-model"'),
    ({"DataProcessing": {"InputFilter": "$..x"}}, "Invalid DataProcessing.InputFilter: JSONPath"),
    ({"DataProcessing": {"OutputFilter": "a.b"}}, "Invalid DataProcessing.OutputFilter: JSONPath"),
    ({"DataProcessing": {"JoinSource": "Input"}, "content_type": "image/png"}, "needs a TransformInput.ContentType of text/csv"),
    ({"DataProcessing": {"JoinSource": "Input"}, "output": {"Accept": "application/json"}}, "answers in the form of the input"),
    ({"MaxPayloadInMB": 101}, "MaxPayloadInMB cannot be greater than 100"),
    ({"MaxPayloadInMB": 30, "MaxConcurrentTransforms": 4}, "cannot exceed 100 MB"),
    ({"MaxConcurrentTransforms": 257}, "at most 256 requests at once"),
    ({"count": 101}, "InstanceCount cannot be greater than 100"),
    ({"data_type": "AugmentedManifestFile"}, "must be S3Prefix or ManifestFile"),
    ({"data": "https://example.com/in"}, "S3Uri of TransformInput"),
    ({"DataCaptureConfig": {"DestinationS3Uri": f"s3://{BUCKET}/captured"}}, "leave out DataCaptureConfig"),
    ({"ExperimentConfig": {"ExperimentName": "e"}}, "leave out ExperimentConfig"),
    ({"split": "Comma"}, "SplitType|splitType"),
]


@pytest.fixture(scope="module")
def transforms(server, training):
    return Transforms(Endpoints(server, training))


@pytest.fixture(scope="module")
def sums(transforms):
    return transforms.endpoints.model(SUMS)


@pytest.fixture(scope="module")
def data(transforms):
    return transforms.put(a_csv=b"1,2\n3,4\n")


def failed(transforms, model: str, data: str, **options) -> tuple[str, str]:
    """The name of a job that must fail, and why it did."""
    name = transforms.submit(model, data, **options)
    job = transforms.wait(name)
    assert job["TransformJobStatus"] == "Failed", job
    return name, job["FailureReason"]


@pytest.mark.parametrize(("changes", "sentence"), REFUSED)
def test_what_cannot_be_is_refused(transforms, sums, data, changes, sentence):
    options = {"model": sums, "data": data, "name": "refused-transform", **changes}
    with pytest.raises(ClientError, match=sentence) as caught:
        transforms.submit(options.pop("model"), options.pop("data"), **options)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    with pytest.raises(ClientError, match="Could not find requested job with name: refused-transform"):
        transforms.describe("refused-transform")


def test_a_pipeline_of_containers_is_refused(transforms, data):
    model = transforms.endpoints.model(SUMS, SUMS)
    with pytest.raises(ClientError, match="does not transform with inference pipelines yet"):
        transforms.submit(model, data)


def test_no_input_and_no_output_bucket(transforms, sums, data):
    _, reason = failed(transforms, sums, f"s3://{BUCKET}/nothing-there/")
    assert reason.startswith(f'ClientError: No S3 objects found under S3 URL "s3://{BUCKET}/nothing-there/"')
    _, reason = failed(transforms, sums, data, output={"S3OutputPath": "s3://no-such-bucket/out"})
    assert reason.startswith('ClientError: The bucket "no-such-bucket" of S3OutputPath')


def test_model_data_that_is_not_there(transforms, data):
    container = transforms.endpoints.container(SUMS, ModelDataUrl=f"s3://{BUCKET}/no/model.tar.gz")
    _, reason = failed(transforms, transforms.endpoints.model(container), data)
    assert reason.startswith(f"ClientError: Could not find model data at s3://{BUCKET}/no/model.tar.gz")


def test_a_model_that_cannot_be_loaded(transforms, data):
    name, reason = failed(transforms, transforms.endpoints.model("raise RuntimeError('boom model')\n"), data)
    assert reason.startswith("AlgorithmError: ") and "boom model" in reason
    assert "boom model" in "\n".join(transforms.lines(name))
    assert transforms.outputs(name) == {}


def test_a_record_that_the_model_fails_on_costs_its_object_alone(transforms, sums):
    data = transforms.put(a_csv=b"1\nbad\n3\n", b_csv=b"5\n")
    name, reason = failed(transforms, sums, data, BatchStrategy="SingleRecord",
                          ModelClientConfig={"InvocationsTimeoutInSeconds": 60, "InvocationsMaxRetries": 0})
    assert reason.startswith("ClientError: tests/") and "a.csv: Bad HTTP status received from algorithm: " in reason
    assert "could not convert string to float" in reason
    assert transforms.outputs(name) == {"b.csv.out": b"10\n"}
    assert any("a.csv: Bad HTTP status" in line for line in transforms.lines(name))


def test_content_that_the_model_does_not_take(transforms):
    model = transforms.endpoints.model(DEFAULTS)
    _, reason = failed(transforms, model, transforms.put(a_png=b"\x89PNG"), split="None", content_type="image/png")
    assert "Bad HTTP status received from algorithm: 500" in reason and "image/png is not supported" in reason


@pytest.mark.parametrize(("processing", "said"), [
    ({"InputFilter": "$.x"}, "no members"),
    ({"InputFilter": "$[7]"}, "there is no field 7 of 2"),
    ({"OutputFilter": "$[3]"}, "there is no field 3 of 1"),
])
def test_a_path_that_does_not_fit_the_data(transforms, sums, data, processing, said):
    name, reason = failed(transforms, sums, data, DataProcessing=processing)
    assert reason.startswith("ClientError: tests/") and said in reason
    assert transforms.outputs(name) == {}


def test_a_record_above_the_payload_limit(transforms, sums):
    data = transforms.put(a_csv=b"1\n" + b"9" * (1 << 20) + b"\n", b_csv=b"5\n")
    name, reason = failed(transforms, sums, data, MaxPayloadInMB=1)
    assert reason.endswith("a.csv: Too much data for max payload size")
    assert transforms.outputs(name) == {"b.csv.out": b"10\n"}


def test_frames_and_archives_that_are_none(transforms, sums, data):
    for options, said in (({"split": "RecordIO"}, "RecordIO: a record does not begin with its magic number"),
                          ({"split": "TFRecord"}, "TFRecord: "), ({"source": {"CompressionType": "Gzip"}}, "a.csv: ")):
        _, reason = failed(transforms, sums, data, **options)
        assert reason.startswith("ClientError: tests/") and said in reason


def test_a_model_that_does_not_answer_in_time(transforms, data):
    model = transforms.endpoints.model(ENDLESS)
    _, reason = failed(transforms, model, data, ModelClientConfig={"InvocationsTimeoutInSeconds": 1, "InvocationsMaxRetries": 0})
    assert reason.endswith("The model did not answer within 1 s (ModelClientConfig.InvocationsTimeoutInSeconds)")


def test_a_stop_in_the_middle(transforms, data):
    name = transforms.submit(transforms.endpoints.model(ENDLESS), data)
    wait_until(lambda: any("asked" in line for line in transforms.lines(name)), 60, "a call of the model")
    transforms.sagemaker.stop_transform_job(TransformJobName=name)
    job = transforms.wait(name)
    assert job["TransformJobStatus"] == "Stopped" and "FailureReason" not in job
    assert transforms.outputs(name) == {}
    with pytest.raises(ClientError, match="because the transform job is in status Stopped"):
        transforms.sagemaker.stop_transform_job(TransformJobName=name)
    with pytest.raises(ClientError, match="Could not find requested job with name: nosuch-transform"):
        transforms.sagemaker.stop_transform_job(TransformJobName="nosuch-transform")
