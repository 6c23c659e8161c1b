"""What runs a user's model: SageMaker's functions, Multi Model Server's service files, TorchServe's handlers. Pure Python, no
sockets; numpy, torch and the others are imported when a model needs them.

    model = load_model("/opt/ml/model", environ=os.environ)
    if model.failure: ...                       # an Answer: why it did not load
    answer = model.invoke(b"[[1, 2]]", content_type="application/json", accept="*/*")
    answer.status, answer.content_type, answer.body

One model per process and one call at a time: the user's modules are imported under their own names and sys.path is changed.
"""

from __future__ import annotations

import os
from typing import Mapping

from .answer import Answer, Request
from .context import Context
from .served import ServedModel

__all__ = ["Answer", "Context", "Request", "ServedModel", "load_model"]


def load_model(model_dir: str, *, environ: Mapping[str, str], context: Context | None = None) -> ServedModel:
    """The model in a folder: a model archive where it holds MAR-INF/MANIFEST.json, else a service file where SAGEMAKER_HANDLER
    names one (`service.py:handle`; the toolkits' own names stand for what follows), else SageMaker's functions. What fails in
    the user's code is `failure` of the result.

    environ: the variables of the model, which the process has as its own. context: what is known about the worker (GPU,
    model name, batch size); None: a model named `model` on the CPU.
    Errors: ValueError where a variable asks for what there is not."""
    from . import stand_ins

    stand_ins.install()
    service_file = environ.get("SAGEMAKER_HANDLER") or "sagemaker_"
    if os.path.isfile(os.path.join(model_dir, "MAR-INF", "MANIFEST.json")) or not service_file.startswith("sagemaker_"):
        from .service import ServiceModel

        return ServiceModel(model_dir, environ, context)
    from .script import ScriptModel

    return ScriptModel(model_dir, environ, context)
