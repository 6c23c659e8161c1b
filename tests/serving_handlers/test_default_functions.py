"""A PyTorch model without functions of the user: what bodies and Accept headers are understood, and what comes back."""

import io

import numpy
import pytest
from bodies import CSV, JSON, NPY, NPZ, fails_with, npy, seen, unsupported

SQUARE = npy("f4", [[1, 2], [3, 4]])
DOUBLED = "[[3.0, 5.0], [7.0, 9.0]]"
ROWS = "3.0,5.0\n7.0,9.0\n"


def sparse() -> bytes:
    """[[1, 0], [0, 2]] as scipy.sparse.save_npz writes it."""
    out = io.BytesIO()
    numpy.savez(out, indices=numpy.array([0, 1], "i4"), indptr=numpy.array([0, 1, 2], "i4"), format=b"csr",
                shape=numpy.array([2, 2]), data=numpy.array([1.0, 2.0]))
    return out.getvalue()


@pytest.fixture
def line(model, double_plus_one):
    return model.write("model.pt", double_plus_one)


UNDERSTOOD = [
    (JSON, "[[1,2],[3,4]]", DOUBLED),
    (JSON, "[1,2]", "[3.0, 5.0]"),
    (JSON, "3", "7.0"),  # a single number is a tensor without axes
    (CSV, "1,2\n3,4\n", DOUBLED),
    (CSV, "1,2", "[3.0, 5.0]"),
    (CSV, "5", "11.0"),
    (CSV, "1\n2.5\n", "[3.0, 6.0]"),
    (CSV, "1,2.5\n3,4.5\n", "[[3.0, 6.0], [7.0, 10.0]]"),  # whole and decimal columns side by side
    (CSV, "1, 2\r\n\r\n3,4\r\n", DOUBLED),
    (CSV, "#a comment\n1,2", "[3.0, 5.0]"),
    (NPY, SQUARE, DOUBLED),
    (NPY, npy("i8", [[1, 2], [3, 4]]), DOUBLED),
    (NPY, npy("f8", [[1.5, 2], [3, 4]]), "[[4.0, 5.0], [7.0, 9.0]]"),
    (NPY, npy("f4", []), "[]"),
]


@pytest.mark.parametrize("content_type, body, result", UNDERSTOOD)
def test_a_body_that_is_understood(line, content_type, body, result):
    answer = line.ask(body, content_type, JSON)
    assert (answer.status, answer.text, answer.content_type) == (200, result, JSON)


OBJECTS = "can't convert np.ndarray of type numpy.object_. The only supported types are: float64, float32, float16, "
STRINGS = "can't convert np.ndarray of type numpy.str_. The only supported types are: float64, float32, float16, "
NOT_UNDERSTOOD = [
    (JSON, '{"inputs":[1,2]}', OBJECTS),
    (JSON, '{"bad', "Unterminated string starting at: line 1 column 2 (char 1)\n"),
    (JSON, "[[1,2],[3]]", "setting an array element with a sequence. The requested array has an inhomogeneous shape after 1 "
                          "dimensions. The detected shape was (2,) + inhomogeneo"),
    (JSON, "", "Expecting value: line 1 column 1 (char 0)\n"),
    (JSON, '["a"]', STRINGS),
    (JSON, b"\xff", "'utf-8' codec can't decode byte 0xff in position 0"),
    (CSV, "a,b", STRINGS),
    (CSV, "x,y\n1,2\n", STRINGS),
    (CSV, "1,2\n3\n", "Some errors were detected !\n    Line #2 (got 1 columns instead of 2)\n"),
    (CSV, "", "can't convert np.ndarray of type numpy.void. The only supported types are: float64, float32, "),
    (NPZ, sparse(), "expected np.ndarray (got csr_matrix)\n"),
]


@pytest.mark.parametrize("content_type, body, message", NOT_UNDERSTOOD)
def test_a_body_that_is_not_understood(line, content_type, body, message):
    fails_with(line.ask(body, content_type, JSON), message)


@pytest.mark.parametrize("content_type", [
    "application/json; charset=utf-8", "Application/JSON", None, "", "text/csv;charset=utf-8", "text/plain",
    "application/octet-stream", "application/jsonlines"])
def test_a_content_type_without_a_decoder(line, content_type):
    fails_with(line.ask("[1,2]", content_type, JSON), unsupported(content_type))


ACCEPTED = [
    (JSON, DOUBLED, JSON),
    (CSV, ROWS, CSV),
    (NPY, "npy float64 (2, 2) " + DOUBLED, NPY),
    ("*/*", DOUBLED, JSON),
    (None, DOUBLED, JSON),
    ("", DOUBLED, JSON),
    ("application/json, text/csv", DOUBLED, "application/json, text/csv"),
    ("text/csv,application/json", ROWS, "text/csv,application/json"),
    ("application/xml,application/json", DOUBLED, "application/xml,application/json"),
]


@pytest.mark.parametrize("accept, result, response_type", ACCEPTED)
@pytest.mark.parametrize("content_type, body", [(JSON, "[[1,2],[3,4]]"), (NPY, SQUARE), (CSV, "1,2\n3,4\n")])
def test_accept(line, content_type, body, accept, result, response_type):
    answer = line.ask(body, content_type, accept)
    assert (answer.status, seen(answer), answer.content_type) == (200, result, response_type)


@pytest.mark.parametrize("accept", [
    NPZ, "text/csv;q=0.9", "application/json; charset=utf-8", "text/html, */*", "APPLICATION/JSON", "application/jsonlines",
    "text/plain", "application/*"])
def test_an_accept_without_an_encoder(line, accept):
    fails_with(line.ask("[[1,2],[3,4]]", JSON, accept), unsupported(accept))


def test_a_vector_as_csv_is_a_column(line):
    assert line.ask(npy("f4", [1, 2]), NPY, CSV).text == "3.0\n5.0\n"


def test_three_axes_have_no_csv(line):
    fails_with(line.ask(npy("f4", numpy.ones((1, 2, 2))), NPY, CSV), "Expected 1D or 2D array, got 3D array instead\n")


@pytest.mark.parametrize("accept, result, response_type", [
    ("*/*", "3.0,5.0\n", CSV), (None, "3.0,5.0\n", CSV), (JSON, "[[3.0, 5.0]]", JSON)])
def test_the_default_accept_may_be_set(line, accept, result, response_type):
    line.environ["SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT"] = CSV
    answer = line.ask("[[1,2]]", JSON, accept)
    assert (answer.text, answer.content_type) == (result, response_type)
