"""docs/coverage.md is printed from the same tables as the server's, and current."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def test_coverage_is_current():
    checked = subprocess.run([sys.executable, ROOT / "tools" / "print_coverage", "--check"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


def test_coverage_names_every_operation():
    sys.path.insert(0, str(ROOT / "codegen"))
    import model

    text = (ROOT / "docs" / "coverage.md").read_text()
    for service in model.load_services():
        for name in service.operations:
            assert f"### {name}\n" in text
        for name in service.model["others"]:
            assert name in text
