"""TorchServe's handlers: users' classes derived from the base ones, and the base ones by their names."""

import json

import pytest

COLOURS = """
import io, torch
from PIL import Image
class Model(torch.nn.Module):
    "Logits: the means of red, green and blue."
    def forward(self, x):
        return x.mean(dim=(2, 3)) * 4.0
"""


def archive(model, handler: str, **described):
    manifest = {"archiverVersion": "0.12.0", "model": {"handler": handler, **described}}
    return model.write("MAR-INF/MANIFEST.json", json.dumps(manifest))


def colours(model, handler: str, forward: str = "", **described):
    """An archive with the eager model above, or one with another forward."""
    text = COLOURS if not forward else COLOURS.replace("return x.mean(dim=(2, 3)) * 4.0", forward)
    return archive(model.write("model.py", text), handler, modelFile="model.py", **described)


@pytest.fixture(scope="session")
def green(run_code) -> bytes:
    """A PNG: wide, green; the tenth at its top is red, of which the central square of the reduced image shows an edge."""
    return bytes(run_code("""
import io
from PIL import Image
image = Image.new("RGB", (600, 300), (0, 255, 0))
image.paste((255, 0, 0), (0, 0, 600, 30))
out = io.BytesIO()
image.save(out, "PNG")
result = list(out.getvalue())
"""))


def test_a_derived_handler_overrides_steps(model, double_plus_one):
    model.write("mine.py", """
import torch
from ts.torch_handler.base_handler import BaseHandler
class Mine(BaseHandler):
    def preprocess(self, data):
        return torch.tensor([row["body"] for row in data], dtype=torch.float32)
    def postprocess(self, data):
        return [{"sum": row.sum().item()} for row in data]
""").write("model.pt", double_plus_one)
    archive(model, "mine.py", serializedFile="model.pt")
    batch = [("[1, 2]", "application/json", None, {}), ("[0, 0]", "application/json", None, {})]
    assert [json.loads(one.body) for one in model.ask_all(batch)["answers"]] == [{"sum": 8.0}, {"sum": 2.0}]


def test_a_class_with_a_handle_of_its_own(model):
    model.write("mine.py", """
import torch
class Mine:
    def initialize(self, ctx):
        self.weight = torch.tensor(ctx.model_yaml_config["weight"])
    def handle(self, data, context):
        return [(self.weight * row["body"]).item() for row in data]
""").write("model-config.yaml", "weight: 3.0\n")
    assert archive(model, "mine.py", configFile="model-config.yaml").ask("2", "application/json").text == "6.0"


def test_the_base_handler_by_its_name(model, double_plus_one):
    archive(model.write("model.pt", double_plus_one), "base_handler", serializedFile="model.pt")
    assert model.ask("[1.0, 2.0]", "application/json").text == "[3.0, 5.0]"


def test_weights_are_loaded_into_the_models_class(model, run_code, tmp_path):
    source = "import torch\nclass Net(torch.nn.Linear):\n    def __init__(self): super().__init__(2, 1)\n"
    run_code("import torch\nnet = torch.nn.Linear(2, 1)\ntorch.nn.init.constant_(net.weight, 2.0)\n"
             f"torch.nn.init.constant_(net.bias, 0.5)\ntorch.save(net.state_dict(), {str(tmp_path / 'net.pth')!r})")
    archive(model.write("net.py", source), "base_handler", modelFile="net.py", serializedFile="net.pth")
    assert model.ask("[1.0, 1.0]", "application/json").text == "[4.5]"


@pytest.mark.parametrize("described, message", [
    ({"serializedFile": "model.onnx"}, "serializedFile 'model.onnx': BaseHandler loads TorchScript"),
    ({}, "serializedFile None: BaseHandler loads TorchScript"),
    ({"modelFile": "gone.py"}, "Missing the model.py file"),
    ({"modelFile": "two.py"}, "Expected only one class as model definition. "),
])
def test_a_model_that_is_not_there(model, described, message):
    model.write("two.py", "import torch\nclass A(torch.nn.Module): pass\nclass B(torch.nn.Module): pass\n")
    assert archive(model, "base_handler", **described).ask_all()["failure"].text.startswith(message)


@pytest.mark.parametrize("names, first", [(None, "1"), ({"0": "red", "1": "green", "2": "blue"}, "green"),
                                          ({"0": ["n0", "red"], "1": ["n1", "green"], "2": ["n2", "blue"]}, "green"),
                                          ({"object_type_names": ["red", "green", "blue"]}, "green")])
def test_the_image_classifier(model, green, names, first):
    if names:
        model.write("index_to_name.json", json.dumps(names))
    found = json.loads(colours(model, "image_classifier").ask(green, "image/png").body)
    assert next(iter(found)) == first and len(found) == 3  # five at most; there are three
    assert found[first] == pytest.approx(1.0, abs=1e-4) and sum(found.values()) == pytest.approx(1.0)


def test_images_come_as_files_base64_and_numbers(model, green):
    import base64

    colours(model, "image_classifier")
    numbers = [[[0.0] * 2] * 2, [[9.0] * 2] * 2, [[0.0] * 2] * 2]
    for body, content_type in ((green, None), (base64.b64encode(green), "text/plain"), (json.dumps(numbers), "application/json")):
        assert next(iter(json.loads(model.ask(body, content_type).body))) == "1"
    assert model.ask("no image", "image/png").status == 503


def test_a_derived_classifier_has_its_own_pictures_and_number(model, green):
    model.write("mine.py", """
import torch
from ts.torch_handler.image_classifier import ImageClassifier
class Mine(ImageClassifier):
    topk = 1
    image_processing = lambda image: torch.tensor([float(image.width), float(image.height), 0.0]).view(3, 1, 1)
""")
    assert json.loads(colours(model, "mine.py").ask(green, "image/png").body) == {"0": 1.0}  # the image is 600 wide


def test_the_image_segmenter(model, green):
    colours(model, "image_segmenter", 'return {"out": x[:, :, ::56, ::56]}')
    rows = json.loads(model.ask(green, "image/png").body)
    assert (len(rows), len(rows[0]), len(rows[0][0])) == (4, 4, 2)  # every 56th pixel of the central 224 by 224
    assert [row[0][0] for row in rows] == [0.0, 1.0, 1.0, 1.0] and 0.8 < rows[0][0][1] <= 1.0


def test_the_object_detector(model, green):
    colours(model, "object_detector", """return [{"boxes": torch.tensor([[0.0, 1.0, 2.0, one.max() * 3], [0.0, 0.0, 0.0, 0.0]]),
        "labels": torch.tensor([2, 1]), "scores": torch.tensor([0.75, 0.25])} for one in x]""")
    assert json.loads(model.ask(green, "image/png").body) == [{"2": [0.0, 1.0, 2.0, 3.0], "score": 0.75}]


def test_the_text_classifier(model, run_code, tmp_path):
    vocabulary = {"<unk>": 0, "do": 1, "not": 1, "panic": 1, "do not": 1, "not panic": 1, "gallia": 2}
    run_code(f"import torch; torch.save({vocabulary!r}, {str(tmp_path / 'source_vocab.pt')!r})")
    model.write("model.py", """
import torch
class Model(torch.nn.Module):
    "Logits: how often each of three indices occurs."
    def forward(self, text, offsets):
        return torch.bincount(text, minlength=3).float().unsqueeze(0) * 2
""").write("index_to_name.json", '{"0": "unknown", "1": "calm", "2": "war"}')
    archive(model, "text_classifier", modelFile="model.py")
    calm = json.loads(model.ask("<b>Don't</b> panic!", "text/plain").body)
    assert list(calm) == ["unknown", "calm", "war"] and calm["calm"] == pytest.approx(1.0, abs=1e-3)  # five known, none unknown
    assert max(json.loads(model.ask("Galliä", "text/plain").body).items(), key=lambda pair: pair[1])[0] == "war"


def test_a_text_classifier_without_vocabulary_does_not_load(model):
    failure = colours(model, "text_classifier").ask_all()["failure"]
    assert failure.text.startswith("a text handler needs the vocabulary source_vocab.pt")


def test_explanations_and_descriptions(model, double_plus_one):
    model.write("mine.py", """
from ts.torch_handler.base_handler import BaseHandler
class Mine(BaseHandler):
    def get_insights(self, tensor, inputs, target): return {"of": inputs, "target": target}
    def describe_handle(self): return {"I": "am"}
""").write("model.pt", double_plus_one)
    archive(model, "mine.py", serializedFile="model.pt")
    assert json.loads(model.ask("[1.0]", "application/json", None, {"explain": "True"}).body) == {"of": [1.0], "target": 0}
    assert json.loads(model.ask("[1.0]", "application/json", None, {"describe": "True"}).body) == {"I": "am"}


@pytest.mark.parametrize("envelope, body, result", [
    ("json", '{"instances": [[1.0], [2.0]]}', {"predictions": [[3.0], [5.0]]}), ("body", "[1.0]", [3.0])])
def test_envelopes(model, double_plus_one, envelope, body, result):
    model.environ["TS_SERVICE_ENVELOPE"] = envelope
    archive(model.write("model.pt", double_plus_one), "base_handler", serializedFile="model.pt")
    assert json.loads(model.ask(body, "application/json").body) == result
    assert model.ask('{"other": 1}', "application/json").status == 503


def test_an_envelope_that_there_is_not(model, double_plus_one):
    model.environ["TS_SERVICE_ENVELOPE"] = "soap"
    archive(model.write("model.pt", double_plus_one), "base_handler", serializedFile="model.pt")
    assert model.ask_all()["failure"].text.startswith("TS_SERVICE_ENVELOPE='soap': one of body, json, kserve, kservev2")
