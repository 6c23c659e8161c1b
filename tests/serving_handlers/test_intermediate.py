"""TorchServe's send_intermediate_predict_response, where nobody takes pieces early: they stand at the head of the answer."""

import json

import pytest

HANDLER = """
from ts.handler_utils.utils import send_intermediate_predict_response
import ts.protocol.otf_message_handler as former
assert former.send_intermediate_predict_response is send_intermediate_predict_response
def handle(data, context):
    if data is None: return None
    texts = [one["body"] for one in data]
    for i in range(2):
        send_intermediate_predict_response([f"{text} {i}\\n" for text in texts], context.request_ids, "success", 200, context)
    if texts[0] == "raise": raise ValueError("boom")
    return [{"text": text} for text in texts]
"""


def archive(model, script: str):
    model.write("MAR-INF/MANIFEST.json", json.dumps({"model": {"modelName": "m", "handler": "mine.py:handle"}}))
    return model.write("mine.py", script)


def request(text: str) -> tuple:
    return text, "text/plain", None, {}


def test_each_request_of_a_batch_gets_its_own_pieces(model):
    answers = archive(model, HANDLER).ask_all([request("a"), request("b")], [request("c")])["answers"]
    assert [(one.status, one.text) for one in answers] == [
        (200, 'a 0\na 1\n{"text": "a"}'), (200, 'b 0\nb 1\n{"text": "b"}'), (200, 'c 0\nc 1\n{"text": "c"}')]


def test_a_handler_that_fails_has_sent_nothing(model):
    answers = archive(model, HANDLER).ask_all([request("raise"), request("b")])["answers"]
    assert [one.status for one in answers] == [503, 503] and "a 0" not in answers[0].text


@pytest.mark.parametrize("call, said", [
    ('["x"], context.request_ids, "m", 200', "it wants the context"),
    ('["x", "y"], context.request_ids, "m", 200, context', "a list of 1 pieces"),
    ('["x"], context.request_ids, "no", 500, context', "500 no: raise an exception instead"),
    ('[object()], context.request_ids, "m", 200, context', "object cannot be sent")])
def test_what_cannot_be_sent_is_an_error_of_the_handler(model, call, said):
    archive(model, f"""
from ts.handler_utils.utils import send_intermediate_predict_response
def handle(data, context):
    if data is None: return None
    try:
        send_intermediate_predict_response({call})
    except ValueError as error:
        return [str(error)]
""")
    answer = model.ask("x", "text/plain")
    assert answer.status == 200 and said in answer.text
