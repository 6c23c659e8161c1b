"""Scripts written for Elastic Inference: AWS's torch took a device with optimized_execution."""

import json
import subprocess

from conftest import PYTHON, ROOT

SCRIPT = """
import json
{imports}

class Twice(torch.nn.Module):
    def forward(self, x):
        return 2 * x

def model_fn(model_dir):
    return torch.jit.script(Twice())

def input_fn(body, content_type):
    return torch.tensor(json.loads(body))

def predict_fn(data, model):
    with torch.no_grad():
        with {call}:
            return model(data)

def output_fn(prediction, accept):
    return json.dumps(prediction.tolist())
"""
CALL = 'torch.jit.optimized_execution(True, {"target_device": "eia:0"})'


def ask(model, imports="import torch", call=CALL):
    model.script(SCRIPT.format(imports=imports, call=call))
    return model.ask_all([("[1, 2]", "application/json", None, {})], [("[3]", "application/json", None, {})])


def test_a_device_of_elastic_inference_is_where_the_model_is(model):
    done = ask(model)
    assert [json.loads(one.body) for one in done["answers"]] == [[2, 4], [6]]
    assert done["printed"].count("there is no Elastic Inference any more: what is meant for 'eia:0'") == 1


def test_the_name_may_be_imported(model):
    done = ask(model, "import torch\nfrom torch.jit import optimized_execution",
               'optimized_execution(True, {"target_device": "eia:0"})')
    assert [json.loads(one.body) for one in done["answers"]] == [[2, 4], [6]]


def test_other_calls_are_torchs_own(model):
    assert json.loads(ask(model, call="torch.jit.optimized_execution(True)")["answers"][0].body) == [2, 4]
    for wrong in ('True, {"target_device": "cpu"}', "True, {}", 'True, {"target_device": "eia:0", "a": 1}', "True, 3"):
        answer = ask(model, call=f"torch.jit.optimized_execution({wrong})")["answers"][0]
        assert answer.status == 500 and "takes 1 positional argument" in answer.text


def test_torch_that_is_imported_later(tmp_path):
    script = tmp_path / "late.py"
    script.write_text("""
from clary_serving.handlers import elastic_inference
elastic_inference.install()
elastic_inference.install()
from torch.jit import optimized_execution
import torch
with torch.jit.optimized_execution(True, {"target_device": "eia:0"}), optimized_execution(False, {"target_device": "eia:1"}):
    print(torch.jit.optimized_execution is torch.jit._fuser.optimized_execution)
""")
    done = subprocess.run([PYTHON, script], capture_output=True, text=True, timeout=120, env={"PYTHONPATH": str(ROOT / "python")})
    assert done.stdout == "True\n" and done.stderr.count("clary:") == 1, done.stderr
