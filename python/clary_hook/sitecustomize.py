"""Clary's client hook, found by Python at start because `clary env` puts its folder first on PYTHONPATH.

Watches for the few client modules that cannot be redirected by settings and lets clary_patches change them once
they have been imported. Every interpreter of the user pays for this file, so it imports nothing that is not
already loaded, and does nothing without AWS_ENDPOINT_URL. A sitecustomize further down the path runs as if alone.
"""

import os
import sys

WATCHED = {
    "botocore.session": "redirect_sts",
    "sagemaker.session": "hurry_session",
    "sagemaker.telemetry.telemetry_logging": "silence_telemetry",
    "sagemaker.core.telemetry.telemetry_logging": "silence_telemetry",
    "sagemaker.core.resources": "hurry_waits",
    "sagemaker.core.common_utils": "hurry_waits",
    "sagemaker.core.processing": "hurry_session",
    "sagemaker.core.transformer": "hurry_session",
    "sagemaker.core.helper.session_helper": "hurry_session",
    "sagemaker.serve.deployment_progress": "hurry_failures",
    "sagemaker.serve.detector.dependency_manager": "keep_region",
    "sagemaker.serve.utils.telemetry_logger": "silence_serve_telemetry",
    "sagemaker.train.common_utils.trainer_wait": "hurry_waits",
}


class _PatchingLoader:
    """The module's own loader, and then the patch."""

    def __init__(self, loader, patch):
        self._loader = loader
        self._patch = patch

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        self._loader.exec_module(module)
        import clary_patches

        clary_patches.apply(self._patch, module)


class _Watcher:
    """A finder that steps in for the watched modules only, and only once each."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        patch = WATCHED.pop(name, None)
        if patch is None:
            return None
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target) if finder is not _Watcher else None
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = _PatchingLoader(spec.loader, patch)
                return spec
        return None


def _run_next_sitecustomize():
    from _frozen_importlib_external import PathFinder

    here = os.path.dirname(os.path.abspath(__file__))
    others = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    spec = PathFinder.find_spec("sitecustomize", others)
    if spec is not None and spec.loader is not None:
        import _frozen_importlib

        module = _frozen_importlib.module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


if os.environ.get("AWS_ENDPOINT_URL"):
    sys.meta_path.insert(0, _Watcher)
_run_next_sitecustomize()
