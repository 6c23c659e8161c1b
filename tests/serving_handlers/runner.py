"""Runs in the interpreter that has the framework which its argument names. Takes one JSON object per line, forks, answers with
one line: the framework is imported once, and every case still has a process of its own.

{"file": path}: executes it; the answer holds what it left in `result`.
{"model_dir": ..., "environ": ..., "context": ..., "requests": [[...], ...]}: loads the model; each list is one call; a request is
body, content type, Accept, headers, and may go on with id, path, method."""

import base64
import importlib
import json
import os
import pathlib
import runpy
import sys
import tempfile
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))
# scipy, scikit-learn and xgboost, of another environment of the same Python.
sys.path += [str(path) for path in ROOT.glob(".venv-v3/lib/python3*/site-packages")]


def answer(case):
    if "file" in case:
        return {"result": runpy.run_path(case["file"], run_name="made").get("result")}
    os.environ.update(case["environ"])
    os.chdir("/")
    if os.environ.get("CLARY_TEST_HIDE"):
        sys.meta_path.insert(0, Hidden(os.environ["CLARY_TEST_HIDE"]))
    from clary_serving import handlers

    context = handlers.Context(**case["context"]) if case["context"] else None
    model = handlers.load_model(case["model_dir"], environ=os.environ, context=context)
    failure = flat(model.failure) if model.failure else None
    answers = []
    for call in case["requests"]:
        requests = [handlers.Request(base64.b64decode(body), *rest) for body, *rest in call]
        if len(requests) == 1:
            one = requests[0]
            found = [model.invoke(memoryview(one.body), content_type=one.content_type, accept=one.accept, headers=one.headers,
                                  path=one.path, method=one.method)]
        else:
            found = model.invoke_batch(requests)
        answers += map(flat, found)
    return {"failure": failure, "answers": answers}


class Hidden:
    """A package that the environment has not."""

    def __init__(self, name):
        self.name = name

    def find_spec(self, name, path=None, target=None):
        if name == self.name:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def flat(one):
    """A body that comes in pieces is a list of them."""
    packed = packed_body(one.body) if isinstance(one.body, bytes) else [packed_body(piece) for piece in one.body]
    return [one.status, one.content_type, packed, one.phrase, one.headers, one.stages]


def packed_body(body):
    return base64.b64encode(body).decode()


def in_a_child(line):
    """The line that the child wrote, what it printed, and its exit status."""
    reader, writer = os.pipe()
    printed = tempfile.TemporaryFile()
    child = os.fork()
    if child == 0:
        os.dup2(printed.fileno(), 1)
        os.dup2(printed.fileno(), 2)
        try:
            text = json.dumps(answer(json.loads(line)))
        except Exception:
            text = json.dumps({"error": traceback.format_exc()})
        except SystemExit as end:
            sys.stdout.flush()
            os._exit(end.code or 0)
        sys.stdout.flush()
        with os.fdopen(writer, "w") as out:
            out.write(text)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as source:
        text = source.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    printed.seek(0)
    return {"text": text, "printed": printed.read().decode(errors="replace"), "status": status}


def main():
    framework = importlib.import_module(sys.argv[1])
    if sys.argv[1] == "torch":
        framework.set_num_threads(1)
    for line in sys.stdin:
        print(json.dumps(in_a_child(line)), flush=True)


main()
