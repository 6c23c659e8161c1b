"""InvokeEndpointWithResponseStream through boto3: parts as the model yields them, and how a stream fails."""

import pytest
from botocore.exceptions import ClientError, EventStreamError
from endpoints import VARIANT, Endpoints
from training import wait_until

YIELDS = """
    import os, tempfile, time
    def model_fn(model_dir): return None
    def input_fn(body, content_type): return body
    def predict_fn(data, model):
        what, _, name = data.partition(" ")
        go = os.path.join(tempfile.gettempdir(), "go-" + name)
        if what == "go": open(go, "w").close()
        if what == "raise": raise ValueError("boom before")
        return pieces(what, name, go)
    def pieces(what, name, go):
        try:
            for i in range(10_000 if what == "many" else 3):
                while i == 1 and what == "wait" and not os.path.exists(go): time.sleep(0.01)
                while i == 1 and what == "loop": pass
                if i == 2 and what == "midway": raise ValueError("boom midway")
                if i == 2 and what == "exit": os._exit(3)
                yield "x" * 100_000 if what == "many" else f"piece {i}"
        finally:
            print("closed", what, name, flush=True)
    def output_fn(prediction, accept): return prediction, "text/plain"
"""
ALL = b"piece 0piece 1piece 2"
PLAIN = """
    def model_fn(model_dir): return None
    def input_fn(body, content_type): return body
    def predict_fn(data, model): return data
    def output_fn(prediction, accept): return prediction, "text/plain"
"""


@pytest.fixture(scope="module")
def shared(server, training):
    made = Endpoints(server, training)
    yield made
    made.clear()


@pytest.fixture(scope="module")
def yields(shared):
    return shared.deploy(shared.container(YIELDS, environment={"SAGEMAKER_MODEL_SERVER_WORKERS": "2",
                                                               "SAGEMAKER_MODEL_SERVER_TIMEOUT": "3"}))


def stream(endpoints: Endpoints, name: str, body: bytes | str, **more) -> dict:
    return endpoints.runtime.invoke_endpoint_with_response_stream(
        EndpointName=name, Body=body, **{"ContentType": "application/json", **more})


def parts(answer: dict):
    """The bytes of each part, as it comes."""
    return (event["PayloadPart"]["Bytes"] for event in answer["Body"])


def test_parts_come_while_the_model_still_makes_them(shared, yields):
    answer = stream(shared, yields, "wait first")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert (answer["ContentType"], answer["InvokedProductionVariant"]) == ("text/plain", VARIANT)
    came = parts(answer)
    assert next(came) == b"piece 0"
    assert b"".join(parts(stream(shared, yields, "go first"))) == ALL
    assert b"".join(came) == b"piece 1piece 2"


def test_an_ordinary_call_gets_it_whole(shared, yields):
    assert shared.invoke(yields, "all")["Body"] == ALL


def test_an_answer_that_is_not_yielded_is_a_stream_too(shared):
    name = shared.deploy(PLAIN)
    sent = b"0123456789abcdef" * (1 << 17)
    assert b"".join(parts(stream(shared, name, sent))) == sent
    assert list(parts(stream(shared, name, b" "))) == [b" "]


def test_what_is_raised_before_the_first_part_is_a_model_error(shared, yields):
    with pytest.raises(shared.runtime.exceptions.ModelError) as caught:
        stream(shared, yields, "raise")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert caught.value.response["OriginalStatusCode"] == 500
    assert caught.value.response["OriginalMessage"].startswith("boom before\nTraceback")


@pytest.mark.parametrize("body, whole", [("midway", b"piece 0piece 1"), ("exit", b"piece 0piece 1"), ("loop", b"piece 0")])
def test_what_ends_it_midway_is_a_model_stream_error(shared, yields, body, whole):
    came = []
    with pytest.raises(EventStreamError, match="The model's answer broke off") as caught:
        for part in parts(stream(shared, yields, body)):
            came.append(part)
    assert b"".join(came) == whole
    assert caught.value.response["Error"]["Code"] == "ModelStreamError"
    assert b"".join(parts(stream(shared, yields, "all"))) == ALL, "the endpoint goes on"
    if body == "midway":
        wait_until(lambda: any("boom midway" in line for line in shared.lines(yields)), what="the traceback")


def test_a_client_that_goes_stops_the_function(shared, yields):
    answer = stream(shared, yields, "many gone")
    next(parts(answer))
    answer["Body"].close()
    wait_until(lambda: "closed many gone" in shared.lines(yields), what="the function's end")
    assert b"".join(parts(stream(shared, yields, "all"))) == ALL


@pytest.mark.parametrize("more, said", [
    ({"EndpointName": "nobody"}, "Endpoint nobody of account 000000000000 not found."),
    ({"TargetVariant": "other"}, "has no variant 'other'")])
def test_what_no_instance_is_asked(shared, yields, more, said):
    with pytest.raises(ClientError, match=said) as caught:
        shared.runtime.invoke_endpoint_with_response_stream(**{"EndpointName": yields, "Body": b"x", **more})
    assert caught.value.response["Error"]["Code"] == "ValidationError"
