"""The shared libraries that SDK v3's ModelBuilder puts into a model."""

# As the inference.py that it writes does.
COPIES = """
import os, pathlib, shutil
def model_fn(model_dir):
    libraries = pathlib.Path(model_dir + "/shared_libs")
    shutil.copytree(libraries, "/lib", dirs_exist_ok=True)
    shutil.copytree(libraries, model_dir + "/copied", dirs_exist_ok=True)
    return model_dir
def transform_fn(model, data, content_type, accept):
    return [os.path.exists("/lib/" + data), sorted(os.listdir(model + "/copied"))]
"""


def test_the_copy_of_a_models_libraries_to_lib_is_left_out_and_no_other(model):
    model.write("shared_libs/libclary-test.so", "no library").script(COPIES)
    assert model.ask("libclary-test.so", "text/csv").text == '[false, ["libclary-test.so"]]'


PLAIN = """
import shutil
def model_fn(model_dir): return hasattr(shutil.copytree, "__wrapped__")
def transform_fn(model, data, content_type, accept): return model
"""


def test_without_such_a_folder_copying_is_pythons_own(model):
    assert model.script(PLAIN).ask().text == "false"
