"""Data capture: what of an endpoint's calls lies in S3 afterwards. What waits to be written is written when a server stops."""

import base64
import json
import re

import pytest
from botocore.exceptions import ClientError
from endpoints import IMAGE, VARIANT, Endpoints, named
from test_sdk_deploy import V2, run_client, shown
from training import BUCKET

ECHO = """
    def model_fn(model_dir): return 0
    def input_fn(body, content_type): return body if isinstance(body, bytes) else body.encode()
    def predict_fn(data, model):
        if data == b"raise": raise ValueError("boom model")
        return data
    def output_fn(prediction, accept): return prediction, accept
"""


def capturing(percentage: int = 100, modes: tuple[str, ...] = ("Input", "Output"), **changes) -> dict:
    return {"DataCaptureConfig": {
        "EnableCapture": True, "InitialSamplingPercentage": percentage, "DestinationS3Uri": f"s3://{BUCKET}/captured",
        "CaptureOptions": [{"CaptureMode": mode} for mode in modes],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]}, **changes}}


def captured(endpoints: Endpoints, name: str, prefix: str = "captured") -> list[dict]:
    """Every captured call of an endpoint, in order."""
    found = endpoints.objects(f"{prefix}/{name}/")
    form = rf"{prefix}/{name}/{VARIANT}/\d{{4}}/\d\d/\d\d/\d\d/\d\d-\d\d-\d{{3}}-[0-9a-f-]{{36}}\.jsonl"
    assert all(re.fullmatch(form, key) for key in found), list(found)
    return [json.loads(line) for body in found.values() for line in body.splitlines()]


def test_captured_calls_are_json_lines_as_aws_writes_them(private):
    name = private.deploy_with(ECHO, **capturing())
    inputs_only = private.deploy_with(ECHO, **capturing(modes=("Input",)))
    shown_as = private.describe(name)["DataCaptureConfig"]
    assert shown_as == {"EnableCapture": True, "CaptureStatus": "Started", "CurrentSamplingPercentage": 100,
                        "DestinationS3Uri": f"s3://{BUCKET}/captured", "KmsKeyId": ""}  # a member that must be there
    private.invoke(name, "1,2", "text/csv", Accept="text/csv", InferenceId="first")
    private.invoke(name, '{"a": 1}', "application/json", Accept="application/json")
    private.invoke(name, b"\x00\xff", "application/x-npy", Accept="application/x-npy")
    with pytest.raises(private.runtime.exceptions.ModelError):
        private.invoke(name, "raise", "text/csv", Accept="text/csv")
    private.invoke(inputs_only, "3", "text/csv", Accept="text/csv")
    assert private.server.stop() == 0
    private.server.start()
    csv, text, raw = captured(private, name)  # what failed is not captured
    event = csv["eventMetadata"]
    assert csv["eventVersion"] == "0" and event["inferenceId"] == "first"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", event["inferenceTime"]) and len(event["eventId"]) == 36
    assert csv["captureData"] == {
        "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": "1,2", "encoding": "CSV"},
        "endpointOutput": {"observedContentType": "text/csv", "mode": "OUTPUT", "data": "1,2", "encoding": "CSV"}}
    assert text["captureData"]["endpointInput"]["encoding"] == "JSON"
    assert json.loads(text["captureData"]["endpointOutput"]["data"]) == {"a": 1}
    assert "inferenceId" not in text["eventMetadata"]
    assert raw["captureData"]["endpointOutput"]["encoding"] == "BASE64"
    assert base64.b64decode(raw["captureData"]["endpointInput"]["data"]) == b"\x00\xff"
    [only] = captured(private, inputs_only)
    assert list(only["captureData"]) == ["endpointInput"]


def test_so_many_percent_of_the_calls_are_captured(private):
    calls = 200
    half, none, off = (private.deploy_with(ECHO, **capturing(percentage, EnableCapture=enabled))
                       for percentage, enabled in ((50, True), (0, True), (100, False)))
    assert private.describe(off)["DataCaptureConfig"]["CaptureStatus"] == "Stopped"
    for name in (half, none, off):
        for number in range(calls):
            private.invoke(name, str(number), "text/csv", Accept="text/csv")
    assert private.server.stop() == 0
    private.server.start()
    assert calls * 0.25 < len(captured(private, half)) < calls * 0.75  # seven standard deviations
    assert captured(private, none) == [] and captured(private, off) == []


def test_what_cannot_be_written_is_told_in_the_log(private):
    name = private.deploy_with(ECHO, **capturing(DestinationS3Uri="s3://there-is-no-such-bucket/x"))
    assert private.invoke(name, "1", "text/csv", Accept="text/csv")["Body"] == b"1"
    assert private.server.stop() == 0
    private.server.start()
    assert any("Data capture: 1 calls could not be written" in line for line in private.lines(name))


def test_a_destination_that_is_no_s3_uri_is_refused(endpoints):
    model = endpoints.model({"Image": IMAGE})
    with pytest.raises(ClientError) as caught:
        endpoints.config(endpoints.variant(model), **capturing(DestinationS3Uri="https://elsewhere/x"))
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_the_sdk_captures_too(private):
    """With SDK v2's DataCaptureConfig, an update that changes it included."""
    uri = private.put("models/captured/model.tar.gz", {"code/inference.py": named("it")})
    result = shown(run_client(private.server, V2 + """
from sagemaker.model import Model
from sagemaker.model_monitor import DataCaptureConfig
model = Model(image_uri=sys.argv[2], model_data=sys.argv[3], predictor_cls=Predictor, env={
    "SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
    "SAGEMAKER_MODEL_SERVER_WORKERS": "1"}, **own)
where = "s3://" + folder + "/from-sdk"
predictor = model.deploy(data_capture_config=DataCaptureConfig(True, 100, where), **machine)
predictor.serializer = CSVSerializer()
said = predictor.predict([1, 2])
show(name=predictor.endpoint_name, status=client.describe_endpoint(
    EndpointName=predictor.endpoint_name)["DataCaptureConfig"]["CaptureStatus"], said=json.loads(said)["name"])
""", BUCKET, IMAGE, uri))
    assert (result["status"], result["said"]) == ("Started", "it")
    assert private.server.stop() == 0
    private.server.start()
    [call] = captured(private, result["name"], "from-sdk")
    assert call["captureData"]["endpointInput"] == {"observedContentType": "text/csv", "mode": "INPUT", "data": "1,2",
                                                    "encoding": "CSV"}
    assert json.loads(call["captureData"]["endpointOutput"]["data"])["name"] == "it"
