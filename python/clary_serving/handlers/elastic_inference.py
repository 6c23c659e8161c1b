"""`torch.jit.optimized_execution(True, {"target_device": "eia:0"})`, as AWS's torch for Elastic Inference had it. The service is
discontinued and torch refuses the second argument: here the call is a plain `optimized_execution(True)`, which a line on
standard error says once. Other calls are torch's own."""

import functools
import importlib.machinery
import sys

# Where torch keeps the function, and where it lends it; older ones have only the second.
_HOLDERS = ("torch.jit._fuser", "torch.jit")
_NAME = "optimized_execution"
_told = False


def install():
    """Wraps the function where torch is imported already, else as soon as it is. May be called again."""
    for holder in _HOLDERS:
        if holder in sys.modules:
            _wrap_in(sys.modules[holder])
    if "torch.jit" not in sys.modules and not any(isinstance(one, _Finder) for one in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def _wrap_in(module):
    function = getattr(module, _NAME, None)
    if function is not None and not hasattr(function, "clary_wrapped"):
        setattr(module, _NAME, _wrapped(function))


def _wrapped(function):
    @functools.wraps(function)
    def optimized_execution(*arguments, **named):
        if len(arguments) == 2 and not named and _is_accelerator(arguments[1]):
            _tell(arguments[1]["target_device"])
            arguments = arguments[:1]
        return function(*arguments, **named)

    optimized_execution.clary_wrapped = True
    return optimized_execution


def _is_accelerator(options):
    return isinstance(options, dict) and list(options) == ["target_device"] and str(options["target_device"]).startswith("eia")


def _tell(device):
    global _told
    if not _told:
        print(f"clary: there is no Elastic Inference any more: what is meant for {device!r} runs where the model is",
              file=sys.stderr)
    _told = True


class _Finder:
    """Finds nothing itself: what others find for these names is wrapped when it has been executed."""

    def find_spec(self, name, path=None, target=None):
        if name not in _HOLDERS:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            _wrap_in(module)

        spec.loader.exec_module = exec_module
        return spec
