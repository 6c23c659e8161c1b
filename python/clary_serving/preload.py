"""What a model's script will import, as far as it is worth importing once for all workers."""

import ast
import importlib
import os

# Heavy, and safe to fork after their import: they start no thread, or know how to go through a fork.
KNOWN = ("numpy", "scipy", "torch", "torchvision", "sklearn", "PIL", "transformers")
_MOST_SCRIPT_BYTES = 4 << 20


def wanted(model_dir, environ):
    """The modules of KNOWN that the scripts beside the entry point name; without a script what the default handlers need."""
    program = environ.get("SAGEMAKER_PROGRAM") or "inference.py"
    for code in (environ.get("SAGEMAKER_SUBMIT_DIRECTORY", ""), os.path.join(model_dir, "code"), model_dir):
        script = os.path.join(code, program)
        if code and os.path.isfile(script):
            named = set()
            for folder in {code, os.path.dirname(script)}:
                for name in os.listdir(folder):
                    if name.endswith(".py"):
                        named |= imported_names(os.path.join(folder, name))
            return [module for module in KNOWN if module in named]
    weights = any(name.endswith((".pt", ".pth")) for name in os.listdir(model_dir))
    return ["numpy", "torch"] if weights else []


def imported_names(path):
    """The first parts of what the file imports, anywhere in it; nothing where it cannot be read: the worker will say why."""
    try:
        with open(path, "rb") as script:
            tree = ast.parse(script.read(_MOST_SCRIPT_BYTES))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


def import_known(modules):
    """Imports them and returns those that are there. A module that fails fails again in the worker, which reports it."""
    done = []
    for module in modules:
        try:
            importlib.import_module(module)
            done.append(module)
        except Exception:
            pass
    return done
