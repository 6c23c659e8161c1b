"""SageMaker's functions of an XGBoost model where the user gives none."""

import os
import pickle

import numpy

from . import content_types, csv_text
from .default_inference_handler import DefaultInferenceHandler
from .errors import UnsupportedFormatError

LIBSVM = ("text/libsvm", "text/x-libsvm")


class DefaultXgboostHandler(DefaultInferenceHandler):
    default_accept = content_types.CSV
    platform = "xgboost"

    def default_model_fn(self, model_dir, context=None):
        """The only file at the top of model_dir: what Booster.save_model or pickle wrote. The model is the user's own, and
        trusted as the code beside it is. Errors: ValueError with the files' names where there are several."""
        import xgboost

        names = [name for name in sorted(os.listdir(model_dir))
                 if os.path.isfile(os.path.join(model_dir, name)) and not name.endswith(".py")]
        if len(names) != 1:
            raise ValueError(f"Exactly one file is required for XGBoost models: {names}")
        path = os.path.join(model_dir, names[0])
        booster = xgboost.Booster()
        try:
            booster.load_model(path)
            return booster
        except xgboost.core.XGBoostError:
            with open(path, "rb") as file:
                return pickle.load(file)

    def default_input_fn(self, input_data, content_type, context=None):
        """A DMatrix of CSV rows without labels, or of LIBSVM rows."""
        import xgboost

        if content_type == content_types.CSV:
            array = numpy.atleast_1d(csv_text.read(input_data))
            if array.dtype.names:
                array = numpy.stack([array[name].astype(numpy.float32) for name in array.dtype.names], axis=-1)
            rows = len([line for line in input_data.split("\n") if line.strip()])
            return xgboost.DMatrix(array.reshape(rows, -1))
        if content_type in LIBSVM:
            return xgboost.DMatrix(_libsvm(str(input_data, "utf-8")))
        raise UnsupportedFormatError(content_type)

    def tensor_input(self, inputs, context):
        import xgboost

        return xgboost.DMatrix(super().tensor_input(inputs, context))

    def default_predict_fn(self, data, model, context=None):
        if not hasattr(model, "best_iteration"):
            return model.predict(data, validate_features=False)
        return model.predict(data, validate_features=False, iteration_range=(0, model.best_iteration + 1))

    def default_output_fn(self, prediction, accept, context=None):
        """CSV of one number per row stands on one line, as XGBoost's images answer."""
        if accept == content_types.CSV and numpy.ndim(prediction) == 1:
            return ",".join(map(str, prediction.tolist())), accept
        return super().default_output_fn(prediction, accept, context)


def _libsvm(text):
    """A sparse matrix [rows, columns]; labels are left out."""
    import scipy.sparse

    rows = [[cell.split(":") for cell in line.split() if ":" in cell] for line in text.split("\n") if line.strip()]
    ends = numpy.cumsum([0] + [len(row) for row in rows])
    cells = [cell for row in rows for cell in row]
    columns = numpy.array([int(column) for column, _ in cells], numpy.int32)
    values = numpy.array([float(value) for _, value in cells], numpy.float32)
    return scipy.sparse.csr_matrix((values, columns, ends), shape=(len(rows), int(columns.max(initial=-1)) + 1))
