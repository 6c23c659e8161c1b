"""Functions that yield: answers in pieces."""

import pytest

MODEL = "def model_fn(model_dir): return 1\ndef input_fn(body, kind): return body\n"


@pytest.mark.parametrize("accept, pieces", [
    ("application/json", [b"a", b"b", b'{"c": [1]}\n', b"[0.5]\n"]),
    ("text/event-stream", [b"data: a\n\n", b"data: b\n\n", b'data: {"c": [1]}\n\n', b"data: [0.5]\n\n"])])
def test_a_predict_fn_that_yields(model, accept, pieces):
    model.script(MODEL + "import torch\ndef predict_fn(data, model):\n"
                         "    yield 'a'\n    yield b'b'\n    yield {'c': [1]}\n    yield torch.tensor([0.5])\n")
    answer = model.ask("x", "text/plain", accept)
    assert (answer.status, answer.content_type, answer.pieces) == (200, accept, pieces)


def test_lines_within_an_event(model):
    model.script(MODEL + "def predict_fn(data, model):\n    yield 'a\\nb'\n")
    assert model.ask("x", "text/plain", "text/event-stream").pieces == [b"data: a\ndata: b\n\n"]


@pytest.mark.parametrize("code", [
    "def predict_fn(data, model): return [1, 2]\ndef output_fn(value, accept):\n    for one in value: yield str(one)\n",
    "def predict_fn(data, model):\n    yield 1\n    yield 2\ndef output_fn(value, accept): return (str(one) for one in value)\n"])
def test_an_output_fn_that_yields(model, code):
    assert model.script(MODEL + code).ask("x", "text/plain").pieces == [b"1", b"2"]


def test_a_transform_fn_that_yields_with_a_type(model):
    model.script("def model_fn(d): return 1\n"
                 "def transform_fn(model, body, kind, accept): return (one for one in [b'a', 'b']), 'text/mine'\n")
    answer = model.ask("x")
    assert (answer.content_type, answer.pieces) == ("text/mine", [b"a", b"b"])


def test_the_code_runs_as_the_pieces_are_taken(model):
    model.script(MODEL + "def predict_fn(data, model):\n    yield 'a'\n    raise ValueError('half way')\n")
    with pytest.raises(AssertionError, match="half way"):
        model.ask("x", "text/plain")
