"""`clary model-server --engine torch`: the plugin is built once, then the oracle's table is asked over HTTP. Rows that differ
from the Python handlers stand in docs/formats/tensor-bodies.md."""

import io
import json
import pathlib
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import numpy
import pytest
from clary_server import JOBS_VENV
from model_server import ModelServer

JSON, CSV, NPY = "application/json", "text/csv", "application/x-npy"

MODELS = """
import sys, torch
class Line(torch.nn.Module):
    def forward(self, x):
        return 2.0 * x + 1.0
class Pair(torch.nn.Module):
    def forward(self, x: torch.Tensor):
        return {"same": x, "sum": (x.sum(), x.size(0), "h\\u00e9", None)}
class Endless(torch.nn.Module):
    def forward(self, x: torch.Tensor):
        while bool(x.sum() > 0):
            x = x + 1
        return x
class Telling(torch.nn.Module):  # slow however many rows there are; the answer tells of how many the run was
    def forward(self, x: torch.Tensor):
        square = torch.ones(600, 600) * x.size(0)
        slow = (square @ square @ square).sum() * 0.0
        return x * (1 + x.size(0) / 100000) + slow
class Centre(torch.nn.Module):
    def forward(self, x: torch.Tensor):
        return x - x.mean(0, keepdim=True)
for name, kind in (("line", Line), ("pair", Pair), ("endless", Endless), ("telling", Telling), ("centre", Centre)):
    torch.jit.script(kind()).save(sys.argv[1] + "/" + name + ".pt")
"""


def npy(dtype, values) -> bytes:
    out = io.BytesIO()
    numpy.save(out, numpy.array(values, dtype))
    return out.getvalue()


def header(shape: tuple[int, ...]) -> bytes:
    """NPY without what its header promises."""
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


@pytest.fixture(scope="session")
def torch_models(tmp_path_factory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("torch-models")
    script = folder / "make.py"  # TorchScript wants its source in a file
    script.write_text(MODELS)
    subprocess.run([JOBS_VENV / "bin/python", script, folder], check=True)
    return folder


@pytest.fixture(scope="session")
def serve(torch_models, engine_data, tmp_path_factory):
    """Serves one of the models with the torch engine; returns a running ModelServer."""
    made = []

    def start(name: str, *options: str, files: dict[str, str] | None = None, **environment: str) -> ModelServer:
        folder = tmp_path_factory.mktemp("served")
        (folder / "data").symlink_to(engine_data)
        server = ModelServer(folder, None, "--engine", "torch", *options, environment=environment)
        server.model.mkdir()
        if name:
            (server.model / "model.pt").write_bytes((torch_models / f"{name}.pt").read_bytes())
        for file, text in (files or {}).items():
            (server.model / file).parent.mkdir(parents=True, exist_ok=True)
            (server.model / file).write_text(text)
        made.append(server)
        return server.start()

    yield start
    for server in made:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait(10)


@pytest.fixture(scope="session")
def line(serve) -> ModelServer:
    server = serve("line")
    server.wait_for(lambda: server.ping().status == 200)
    return server


DOUBLED = "[[3.0, 5.0], [7.0, 9.0]]"
UNDERSTOOD = [
    (JSON, "[[1,2],[3,4]]", DOUBLED), (JSON, "[1,2]", "[3.0, 5.0]"), (JSON, "3", "7.0"),
    (CSV, "1,2\n3,4\n", DOUBLED), (CSV, "1,2", "[3.0, 5.0]"), (CSV, "5", "11.0"),
    (NPY, npy("f4", [[1, 2], [3, 4]]), DOUBLED), (NPY, npy("i8", [[1, 2], [3, 4]]), DOUBLED),
    (NPY, npy("f8", [[1.5, 2], [3, 4]]), "[[4.0, 5.0], [7.0, 9.0]]"), (NPY, npy("f4", []), "[]"),
    (JSON, "[NaN, -Infinity]", "[NaN, -Infinity]"), (NPY, npy("f4", [numpy.nan, numpy.inf]), "[NaN, Infinity]"),
]


@pytest.mark.parametrize("content_type, body, result", UNDERSTOOD)
def test_a_body_that_is_understood(line, content_type, body, result):
    answer = line.invoke(body, content_type, Accept=JSON)
    assert (answer.status, answer.text, answer.headers["Content-Type"]) == (200, result, JSON)


@pytest.mark.parametrize("content_type, body, message", [
    (JSON, '{"inputs":[1,2]}', "can't convert np.ndarray of type numpy.object_. "),
    (JSON, '{"bad', "Unterminated string starting at: line 1 column 2 (char 1)\n"),
    (JSON, "[[1,2],[3]]", "setting an array element with a sequence. The requested array has an inhomogeneous shape after 1 "),
    (JSON, "", "Expecting value: line 1 column 1 (char 0)\n"),
    (CSV, "a,b", "can't convert np.ndarray of type numpy.str_. "),
    (CSV, "1,2\n3\n", "Some errors were detected !\n    Line #2 (got 1 columns instead of 2)\n"),
    (CSV, "", "can't convert np.ndarray of type numpy.void. "),
    (NPY, b"garbage", "application/x-npy: the body is not an NPY array"),
    (NPY, b"", "application/x-npy: the body is not an NPY array"),
    (NPY, npy("f4", [1, 2])[:-4], "application/x-npy: shape (2,) of float32 takes 8 bytes, the body has 4"),
    (NPY, header((-1,)) + b"1234", "application/x-npy: the header has shape (-1,)"),
    (NPY, header((10**12,)) + b"1234", "application/x-npy: shape (1000000000000,) of float32 takes 4000000000000 bytes"),
    (NPY, header((2**62, 2)), "application/x-npy: shape (4611686018427387904, 2) of float32 takes too many bytes"),
    (NPY, header((2**40, 0)), "application/x-npy: shape (1099511627776, 0) has too many rows without an element"),
    (NPY, npy("O", [{}]), "application/x-npy: the array holds Python objects; this engine reads no pickles"),
    (JSON, "[" * 100_000, "maximum recursion depth exceeded"),
    ("application/x-tensor;dtype=f4;shape=-1,-1", "1234", "application/x-tensor: shape (-1, -1) of float32 does not take"),
    ("application/x-tensor;dtype=O;shape=1", "12345678", "application/x-tensor: wanted is a type such as"),
    ("text/csv;charset=utf-8", "1", "Content type text/csv;charset=utf-8 is not supported by this framework."),
])
def test_a_body_that_is_not_understood(line, content_type, body, message):
    answer = line.invoke(body, content_type, Accept=JSON)
    assert answer.status == 500 and answer.text.startswith(message), answer.text
    assert answer.headers["Content-Type"] is None
    assert answer.reason == answer.text[:-1].replace("\n", " ")


@pytest.mark.parametrize("accept, result", [
    (CSV, "3.0,5.0\n7.0,9.0\n"), ("*/*", DOUBLED), ("application/json, text/csv", DOUBLED),
    ("text/csv,application/json", "3.0,5.0\n7.0,9.0\n"), ("application/xml,application/json", DOUBLED)])
def test_accept(line, accept, result):
    answer = line.invoke("[[1,2],[3,4]]", Accept=accept)
    assert (answer.status, answer.text) == (200, result)
    assert answer.headers["Content-Type"] == (JSON if accept == "*/*" else accept)


def test_a_large_body_is_read_where_it_lies(line):
    array = numpy.arange(300_000, dtype="f4").reshape(3, -1)
    answer = line.invoke(npy("f4", array), NPY, Accept=NPY)
    assert numpy.array_equal(numpy.load(io.BytesIO(answer.body)), array.astype("f8") * 2 + 1)


def test_several_tensors_are_json(serve):
    server = serve("pair")
    server.wait_for(lambda: server.ping().status == 200)
    assert server.invoke("[[1,2]]").text == '{"same": [[1.0, 2.0]], "sum": [3.0, 1, "h\\u00e9", null]}'


def test_a_warm_up_input_chooses_the_threads(serve):
    server = serve("line", "--workers", "1", files={"warmup.json": "[[1, 2]]"})
    server.wait_for(lambda: server.ping().status == 200)
    assert "the torch engine has loaded a model" in server.said()
    assert server.stop(signal.SIGTERM) == 0


def all_at_once(server: ModelServer, bodies: list[str]) -> list[str]:
    with ThreadPoolExecutor(32) as pool:
        return [answer.text for answer in pool.map(server.invoke, bodies)]


def test_requests_that_wait_are_run_as_one(serve):
    server = serve("telling", "--workers", "1", SAGEMAKER_TS_BATCH_SIZE="16")
    server.wait_for(lambda: server.ping().status == 200)
    sent = [float(i) for i in range(1, 193)]
    told = [json.loads(text)[0][0] for text in all_at_once(server, [f"[[{number}]]" for number in sent])]
    assert [round(number) for number in told] == sent
    rows = [round((answer / number - 1) * 100_000) for answer, number in zip(told, sent, strict=True)]
    assert 1 < max(rows) <= 16, rows
    assert server.invoke("[[1]]").text == server.invoke("[[1]]").text == "[[1.0000100135803223]]"


@pytest.mark.parametrize("name, body, answer", [("centre", "[[{0}, 1]]", "[[0.0, 0.0]]"),
                                               ("pair", "[[{0}]]", '{{"same": [[{0}.0]], "sum": [{0}.0, 1, "h\\u00e9", null]}}')])
def test_a_model_whose_rows_are_not_their_own_is_not_batched(serve, name, body, answer):
    server = serve(name, "--workers", "1", SAGEMAKER_TS_BATCH_SIZE="16")
    server.wait_for(lambda: server.ping().status == 200)
    assert all_at_once(server, [body.format(i) for i in range(300)]) == [answer.format(i) for i in range(300)]


def test_a_run_without_end_costs_its_caller_alone(serve):
    server = serve("endless", "--workers", "2", "--timeout", "2")
    server.wait_for(lambda: server.ping().status == 200)
    answer = server.invoke("[1]")
    assert answer.status == 504 and "had not answered" in answer.message()
    assert server.invoke("[-1]").text == "[-1.0]"


@pytest.mark.parametrize("name, files, variables, why", [
    ("", {}, {}, "Exactly one .pth or .pt file is required for PyTorch models: []"),
    ("line", {"code/inference.py": ""}, {}, "the model brings code/inference.py, which only the python engine runs"),
    ("line", {"inference.py": ""}, {}, "the model brings inference.py, which only the python engine runs"),
    ("line", {"code/own.py": ""}, {"SAGEMAKER_PROGRAM": "own.py"}, "the model brings code/own.py, which only the python engine"),
    ("line", {"MAR-INF/MANIFEST.json": "{}"}, {}, "the model brings MAR-INF/MANIFEST.json, which only the python engine runs"),
    ("line", {}, {"SAGEMAKER_HANDLER": "service.py:handle"}, "the model brings the handler service.py:handle, which only"),
])
def test_a_model_that_it_cannot_serve(serve, name, files, variables, why):
    server = serve(name, files=files, **variables)
    server.wait_for(lambda: why in server.ping().text)
    assert server.ping().status == 503


def test_without_the_option_a_model_without_code_is_the_python_engines(torch_models, tmp_path):
    server = ModelServer(tmp_path, None)
    server.model.mkdir()
    (server.model / "model.pt").write_bytes((torch_models / "line.pt").read_bytes())
    server.ready()
    try:
        assert server.invoke("[[1,2],[3,4]]").text == DOUBLED
        assert "Traceback (most recent call last)" in server.invoke("[").text
    finally:
        server.stop()


def test_an_environment_without_the_engine_names_the_command(torch_models, tmp_path):
    server = ModelServer(tmp_path, None, "--engine", "torch", environment={"VIRTUAL_ENV": str(JOBS_VENV)})
    server.model.mkdir()
    (server.model / "model.pt").write_bytes((torch_models / "line.pt").read_bytes())
    server.start()
    try:
        server.wait_for(lambda: "run: clary environments build-engine default" in server.ping().text)
    finally:
        server.process.kill()
        server.process.wait(10)


def test_another_torch_is_refused(serve, engine_data):
    record = next(engine_data.glob("engines/*/engine.json"))
    text = record.read_text()
    record.write_text(json.dumps({**json.loads(text), "library_version": "1.0"}))
    try:
        server = serve("line")
        server.wait_for(lambda: "it was built for torch 1.0" in server.ping().text)
    finally:
        record.write_text(text)
