"""What runs a user's model: SageMaker's functions, Multi Model Server's service files, TorchServe's handlers, SavedModels, ONNX.
Pure Python; numpy, torch and the others are imported when a model needs them.

    model = load_model("/opt/ml/model", environ=os.environ)
    if model.failure: ...                       # an Answer: why it did not load
    answer = model.invoke(b"[[1, 2]]", content_type="application/json", accept="*/*")
    answer.status, answer.content_type, answer.body

One model per process and one call at a time: the user's modules are imported under their own names and sys.path is changed.
"""

from __future__ import annotations

from typing import Mapping

from .answer import Answer, Request
from .context import Context
from .served import ServedModel

__all__ = ["Answer", "Context", "Request", "ServedModel", "load_model"]


def load_model(model_dir: str, *, environ: Mapping[str, str], context: Context | None = None) -> ServedModel:
    """The model in a folder: a model archive where it, or the only folder in it, holds MAR-INF/MANIFEST.json, else a service
    file where SAGEMAKER_HANDLER names one (`service.py:handle`; the toolkits' own names stand for what follows), else SavedModels
    by TensorFlow Serving's contract where it holds such, else SageMaker's functions. What fails in the user's code is `failure`
    of the result.

    environ: the variables of the model, which the process has as its own. context: what is known about the worker (GPU,
    model name, batch size); None: a model named `model` on the CPU.
    Errors: ValueError where a variable asks for what there is not."""
    from . import archive, elastic_inference, stand_ins

    stand_ins.install()
    elastic_inference.install()
    service_file = environ.get("SAGEMAKER_HANDLER") or "sagemaker_"
    archived = archive.root(model_dir)
    if archived or not service_file.startswith("sagemaker_"):
        from .service import ServiceModel

        return ServiceModel(archived or model_dir, environ, context)
    from . import frameworks

    if frameworks.is_tensorflow(model_dir, environ):
        from .tfs.model import TensorflowModel

        return TensorflowModel(model_dir, environ, context)
    from .script import ScriptModel

    return ScriptModel(model_dir, environ, context)
