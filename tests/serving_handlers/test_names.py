"""The package itself: what importing it costs, and the names it lends where an environment lacks a package."""

import json
import os
import subprocess
import sys

from conftest import ROOT


def fresh(code: str, folder: str = "/nonexistent") -> object:
    """What the code prints as JSON, in a new interpreter with the package, and before all others the folder, on its path."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60,
                          env={"PYTHONPATH": f"{folder}{os.pathsep}{ROOT / 'python'}", "PYTHONDONTWRITEBYTECODE": "1"})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_package_brings_no_framework():
    loaded = fresh("""
import json, sys
import clary_serving.handlers
import clary_serving.handlers.script, clary_serving.handlers.service, clary_serving.handlers.stand_ins
print(json.dumps(sorted(sys.modules)))""")
    assert not {"numpy", "torch", "scipy", "PIL", "yaml", "inspect", "asyncio", "email"} & set(loaded)


def test_names_are_lent_only_where_there_is_no_package(tmp_path):
    (tmp_path / "ts").mkdir()
    (tmp_path / "ts/__init__.py").write_text("own = True\n")
    found = fresh("""
import importlib, json
from clary_serving.handlers import stand_ins
stand_ins.install()
import ts, mms.context, sagemaker_inference.decoder
def there(name):
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True
print(json.dumps([ts.own, there("ts.context"), mms.context.Context.__module__, there("mms.no_such")]))
""", str(tmp_path))
    assert found == [True, False, "clary_serving.handlers.context", False]


def test_a_lent_class_is_the_one_that_is_known_here():
    assert fresh("""
import json
from clary_serving.handlers import errors, stand_ins
stand_ins.install()
stand_ins.install()
from sagemaker_inference import content_types, decoder, encoder, errors as lent, utils
print(json.dumps([lent.UnsupportedFormatError is errors.UnsupportedFormatError, content_types.NPY, utils.parse_accept("a, b")]))
""") == [True, "application/x-npy", ["a", "b"]]


def test_every_lent_name_can_be_imported(run_code):
    names, found = run_code("""
import importlib
from clary_serving.handlers import stand_ins
stand_ins.install()
result = list(stand_ins._MODULES), [importlib.import_module(name).__name__ for name in stand_ins._MODULES]
""")
    assert found == names and "ts.torch_handler.base_handler" in names
