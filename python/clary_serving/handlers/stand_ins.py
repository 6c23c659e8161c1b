"""Names that users' files import (`ts.torch_handler.base_handler`, `sagemaker_inference.decoder`, ...), answered by modules of
this package where the environment has no package of that name. The finder comes last on sys.meta_path, so that a package
which is there is always the one that is imported."""

import importlib
import importlib.machinery
import sys

# Imported name -> module here; None: a package that only holds others.
_MODULES = {
    "sagemaker_inference": None,
    "sagemaker_inference.content_types": "content_types",
    "sagemaker_inference.decoder": "decoder",
    "sagemaker_inference.default_inference_handler": "default_inference_handler",
    "sagemaker_inference.encoder": "encoder",
    "sagemaker_inference.errors": "errors",
    "sagemaker_inference.utils": "utils",
    "sagemaker_pytorch_serving_container": None,
    "sagemaker_pytorch_serving_container.default_pytorch_inference_handler": "default_pytorch_inference_handler",
    "mms": None,
    "mms.context": "context",
    "mms.metrics": None,
    "mms.metrics.dimension": "metrics",
    "mms.metrics.metrics_store": "metrics_store",
    "mms.service": "labels",
    "ts": None,
    "ts.context": "context",
    "ts.handler_utils": None,
    "ts.handler_utils.utils": "intermediate",
    "ts.metrics": None,
    "ts.metrics.dimension": "metrics",
    "ts.metrics.metric_type_enum": "metric_type_enum",
    "ts.metrics.metrics_store": "metrics_store",
    "ts.protocol": None,
    "ts.protocol.otf_message_handler": "intermediate",
    "ts.service": "labels",
    "ts.torch_handler": None,
    "ts.torch_handler.base_handler": "torch_handler.base_handler",
    "ts.torch_handler.image_classifier": "torch_handler.image_classifier",
    "ts.torch_handler.image_segmenter": "torch_handler.image_segmenter",
    "ts.torch_handler.object_detector": "torch_handler.object_detector",
    "ts.torch_handler.text_classifier": "torch_handler.text_classifier",
    "ts.torch_handler.text_handler": "torch_handler.text_handler",
    "ts.torch_handler.vision_handler": "torch_handler.vision_handler",
    "ts.torch_handler.request_envelope": None,
    "ts.torch_handler.request_envelope.base": "torch_handler.envelope",
    "ts.torch_handler.request_envelope.body": "torch_handler.envelope",
    "ts.torch_handler.request_envelope.json": "torch_handler.envelope",
    "ts.torch_handler.request_envelope.kserve": "torch_handler.envelope",
    "ts.utils": None,
    "ts.utils.util": "labels",
}


class _Finder:
    """Finder and loader in one. A stand-in shares the objects of the module here, so that classes are the same under both
    names."""

    def find_spec(self, name, path=None, target=None):
        if name not in _MODULES:
            return None
        parent = name.rpartition(".")[0]
        if parent and getattr(sys.modules.get(parent), "__loader__", None) is not self:
            return None  # of a package that the environment has
        return importlib.machinery.ModuleSpec(name, self, is_package=_MODULES[name] is None)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        here = _MODULES[module.__name__]
        if here is None:
            return
        source = importlib.import_module("." + here, __package__)
        module.__dict__.update({key: value for key, value in vars(source).items() if not key.startswith("__")})
        module.__doc__ = source.__doc__


_finder = _Finder()


def install():
    """May be called again."""
    if _finder not in sys.meta_path:
        sys.meta_path.append(_finder)


def remove():
    """Takes the names away again; for tests."""
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
    for name in [name for name in _MODULES if getattr(sys.modules.get(name), "__loader__", None) is _finder]:
        del sys.modules[name]
