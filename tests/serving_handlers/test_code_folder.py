"""Where a model's code lies and which module of it is the program."""

import pytest
from bodies import fails_with

ECHO = "def model_fn(model_dir): return None\ndef transform_fn(model, data, content_type, accept): return {}\n"


@pytest.mark.parametrize("files, environ", [
    ({"code/inference.py": ECHO.format("'here'")}, {}),
    ({"inference.py": ECHO.format("'here'")}, {}),
    ({"code/mine.py": ECHO.format("'here'")}, {"SAGEMAKER_PROGRAM": "mine.py"}),
    ({"code/mine.py": ECHO.format("'here'")}, {"SAGEMAKER_PROGRAM": "mine"}),
    ({"code/deep/mine.py": "from beside import WORD\n" + ECHO.format("WORD"), "code/beside.py": "WORD = 'here'\n"},
     {"SAGEMAKER_PROGRAM": "deep/mine.py"}),
    ({"code/inference.py": "from sibling import WORD\n" + ECHO.format("WORD"), "code/sibling.py": "WORD = 'here'\n"}, {}),
    ({"code/inference.py": "from shipped import WORD\n" + ECHO.format("WORD"),
      "code/lib/shipped/__init__.py": "WORD = 'here'\n"}, {}),
    # Code before lib, lib before the environment.
    ({"code/inference.py": "from twice import WORD\n" + ECHO.format("WORD"), "code/twice.py": "WORD = 'here'\n",
      "code/lib/twice.py": "WORD = 'there'\n"}, {}),
    ({"code/inference.py": "from this import WORD\n" + ECHO.format("WORD"), "code/lib/this.py": "WORD = 'here'\n"}, {}),
])
def test_where_modules_are_found(model, files, environ):
    for name, text in files.items():
        model.write(name, text)
    model.environ.update(environ)
    assert model.ask().text == "here"


def test_the_submitted_folder_comes_first(model, tmp_path):
    model.script(ECHO.format("'the model'")).write("submitted/inference.py", ECHO.format("'submitted'"))
    model.environ["SAGEMAKER_SUBMIT_DIRECTORY"] = str(tmp_path / "submitted")
    assert model.ask().text == "submitted"


def test_a_program_that_is_not_there_leaves_the_defaults(model):
    model.environ["SAGEMAKER_PROGRAM"] = "gone.py"
    found = model.ask_all([("", None, None, {})])
    fails_with(found["failure"], "Exactly one .pth or .pt file")
    assert f"clary: {model.folder} has no module 'gone': the default functions are used" in found["printed"]


def test_a_pickled_class_of_the_program_is_found_under_its_name(model):
    model.script("import pickle\nclass Mine: pass\ndef model_fn(model_dir): return pickle.loads(pickle.dumps(Mine()))\n"
                 "def transform_fn(model, data, content_type, accept): return type(model).__module__\n")
    assert model.ask().text == "inference"
