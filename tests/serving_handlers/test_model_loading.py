"""What the default model_fn of PyTorch finds in a model's folder."""

import pytest
from bodies import JSON, fails_with

NONE_FOUND = "Exactly one .pth or .pt file is required for PyTorch models: []\n"


@pytest.fixture(scope="session")
def weights(run_code, tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("weights") / "model.pth"
    run_code(f"import torch; torch.save(torch.nn.Linear(2, 2).state_dict(), {str(path)!r})")
    return path.read_bytes()


@pytest.mark.parametrize("names", [[], ["model.pth"], ["a.pth", "b.pth"]])
def test_without_torchscript_there_is_no_model(model, weights, names):
    for name in names:
        model.write(name, weights)
    found = model.ask_all([("[1]", JSON, JSON, {})])
    fails_with(found["failure"], NONE_FOUND)
    fails_with(found["answers"][0], NONE_FOUND)


@pytest.mark.parametrize("name", ["net.pt", "net.pth"])
def test_the_only_torchscript_file_is_the_model(model, double_plus_one, weights, name):
    model.write(name, double_plus_one).write("optimizer.pth", weights)
    assert model.ask("[1]", JSON, JSON).text == "[3.0]"


def test_two_torchscript_files_are_named(model, double_plus_one):
    model.write("a.pt", double_plus_one).write("b.pt", double_plus_one)
    fails_with(model.ask("[1]", JSON), "Exactly one .pth or .pt file is required for PyTorch models: ['a.pt', 'b.pt']\n")


def test_a_model_pt_that_is_not_torchscript(model, weights):
    model.write("model.pt", weights)
    fails_with(model.ask("[1]", JSON),
               f"Failed to load {model.folder}/model.pt. Please ensure model is saved using torchscript.\n")


def test_a_failed_load_is_tried_again(model):
    model.script("""
import os, torch
def model_fn(model_dir):
    if not os.path.exists(model_dir + "/tried"):
        open(model_dir + "/tried", "w").close()
        raise RuntimeError("not yet")
    return torch.nn.Identity()
""")
    found = model.ask_all([("[1]", JSON, JSON, {})])
    fails_with(found["failure"], "not yet\n")
    assert found["answers"][0].text == "[1.0]"
