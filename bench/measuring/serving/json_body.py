"""A JSON body of 3 x 224 x 224 floats: the model server's reader beside json.loads and numpy."""

import json
import subprocess

from ..context import Context
from ..report import Row
from ..statistics import verdict
from .bench_place import ServingPlace

PYTHON = """
import json, sys, time
import numpy
body = open(sys.argv[1], "rb").read()
end, calls, began = time.perf_counter() + float(sys.argv[2]), 0, time.perf_counter()
while time.perf_counter() < end:
    numpy.array(json.loads(body), dtype=numpy.float32)
    calls += 1
print(json.dumps((time.perf_counter() - began) / calls))
"""


def decode(context: Context) -> None:
    place = ServingPlace(context)
    body = place.model("resnet18") / "body.json"
    ratios, ours, theirs = [], [], []
    for _ in range(context.pairs):
        ours.append(context.tools.decode(body, place.seconds))
        done = subprocess.run([place.python, "-c", PYTHON, body, str(place.seconds)], check=True, stdout=subprocess.PIPE)
        theirs.append(json.loads(done.stdout))
        ratios.append(theirs[-1] / ours[-1])
    ratio = context.estimate(ratios)
    context.rows.append(Row(
        "a JSON body of 3 × 224 × 224 floats as a tensor, speed ÷ json.loads and numpy", ratio.text(1), "≥ 10",
        verdict(ratio, at_least=10), f"json.loads and numpy.array {context.estimate(theirs).text(1, 1e3)} ms; the model server's "
        f"reader {context.estimate(ours).text(2, 1e3)} ms", note=f"{body.stat().st_size:,} bytes, one thread."))
