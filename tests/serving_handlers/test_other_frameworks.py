"""Default functions of scikit-learn and XGBoost."""

import json

import pytest
from bodies import CSV, JSON, NPY, fails_with, npy, seen, unsupported


@pytest.fixture
def sklearn(model):
    model.environ["CLARY_SERVING_FRAMEWORK"] = "sklearn"
    return model.script("""
import numpy
from sklearn.linear_model import LinearRegression
def model_fn(model_dir): return LinearRegression().fit(numpy.array([[0.0], [1.0]]), numpy.array([1.0, 3.0]))
""")


@pytest.mark.parametrize("content_type, body, accept, result", [
    (JSON, "[[1], [2]]", JSON, [3.0, 5.0]), (CSV, "1\n2\n", CSV, None), (NPY, npy("f4", [[2]]), JSON, [5.0])])
def test_scikit_learn_predicts(sklearn, content_type, body, accept, result):
    answer = sklearn.ask(body, content_type, accept)
    if result is None:  # a column is one row of CSV's reader, and scikit-learn wants two axes
        fails_with(answer, "Expected 2D array, got 1D array instead")
    else:
        assert (answer.content_type, json.loads(seen(answer))) == (accept, pytest.approx(result))


@pytest.fixture
def xgboost(model, run_code):
    """Two trees' worth of steps: below 0.5 near 1, above it near 2."""
    model.environ["CLARY_SERVING_FRAMEWORK"] = "xgboost"
    run_code(f"""
import numpy, xgboost
data = xgboost.DMatrix(numpy.array([[0.0, 7.0], [1.0, 7.0]] * 20), label=numpy.array([1.0, 2.0] * 20))
booster = xgboost.train({{"max_depth": 1, "eta": 1.0, "nthread": 1, "lambda": 0}}, data, 2)
booster.save_model({str(model.folder / "xgboost-model.ubj")!r})
""")
    return model


@pytest.mark.parametrize("content_type, body", [
    (CSV, "0,7\n1,7\n"), (CSV, "0.0,7\n1.0,7\n"), ("text/libsvm", "1 0:0 1:7\n1 0:1 1:7\n"),
    ("text/x-libsvm", "0:0 1:7\n0:1 1:7")])
@pytest.mark.parametrize("accept", [None, CSV])
def test_xgboost_answers_on_one_line(xgboost, content_type, body, accept):
    answer = xgboost.ask(body, content_type, accept)
    assert (answer.content_type, [float(cell) for cell in answer.text.split(",")]) == (CSV, pytest.approx([1.0, 2.0], abs=0.01))


def test_xgboost_takes_one_row_and_answers_json(xgboost):
    assert json.loads(xgboost.ask("1,7", CSV, JSON).body) == pytest.approx([2.0], abs=0.01)


def test_xgboost_refuses_what_it_cannot_read(xgboost):
    fails_with(xgboost.ask("x", "text/plain"), unsupported("text/plain"))


def test_xgboost_wants_one_model(xgboost):
    xgboost.write("second.bin", "x")
    fails_with(xgboost.ask("1,7", CSV), "Exactly one file is required for XGBoost models: ['second.bin', 'xgboost-model.ubj']\n")
