"""A model of no framework that is known here: decoders and encoders, and no model_fn or predict_fn by default."""

import pytest
from bodies import CSV, JSON, NPY, NPZ, fails_with, npy, seen, unsupported
from test_default_functions import sparse

MODEL = "def model_fn(model_dir): return 2\n"
TWICE = MODEL + "def predict_fn(data, model): return data * model\n"


@pytest.fixture
def base(model):
    model.environ["CLARY_SERVING_FRAMEWORK"] = "base"
    return model


@pytest.mark.parametrize("script, missing", [("", "model_fn"), (MODEL, "predict_fn")])
def test_what_the_user_must_give(base, script, missing):
    fails_with(base.script(script).ask("[1]", JSON, JSON),
               f"\nPlease provide a {missing} implementation.\n"
               f"See documentation for {missing} at https://sagemaker.readthedocs.io/en/stable/\n")


@pytest.mark.parametrize("content_type, body, accept, result, response_type", [
    (JSON, "[[1,2]]", JSON, "[[2, 4]]", JSON),
    (CSV, "1,2\n3,4", CSV, "2,4\n6,8\n", CSV),
    (NPY, npy("f4", [[1, 2], [3, 4]]), NPY, "npy float32 (2, 2) [[2.0, 4.0], [6.0, 8.0]]", NPY),
    (JSON, "[1]", "text/html,text/csv", "2\n", CSV),  # the form chosen, where PyTorch's default gives the whole Accept
])
def test_decoded_and_encoded(base, content_type, body, accept, result, response_type):
    answer = base.script(TWICE).ask(body, content_type, accept)
    assert (answer.status, seen(answer), answer.content_type) == (200, result, response_type)


@pytest.mark.parametrize("content_type, body, accept, message", [
    (NPZ, sparse(), JSON, "Object of type csr_matrix is not JSON serializable\n"),
    (JSON, "[1]", "text/plain", unsupported("text/plain")),
    ("text/plain", "a", JSON, unsupported("text/plain")),
])
def test_what_has_no_form(base, content_type, body, accept, message):
    fails_with(base.script(TWICE).ask(body, content_type, accept), message)


def test_a_framework_that_is_not_known_is_refused(model):
    model.environ["CLARY_SERVING_FRAMEWORK"] = "mxnet"
    with pytest.raises(AssertionError, match="CLARY_SERVING_FRAMEWORK='mxnet': one of pytorch, sklearn"):
        model.ask()


def test_csv_of_whole_and_decimal_columns_has_a_type_for_each(base):
    base.script(MODEL + "def predict_fn(data, model): return [str(data.dtype[name]) for name in data.dtype.names]\n")
    assert base.ask("1,2.5\n3,4.5", CSV, JSON).text == '["int64", "float64"]'
