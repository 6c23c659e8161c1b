import pathlib
import sys
import textwrap

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "python"))

from worker_processes import Workers  # noqa: E402


@pytest.fixture
def workers(tmp_path):
    made = []

    def make(script, **environ):
        (tmp_path / "code").mkdir()
        (tmp_path / "code/inference.py").write_text(textwrap.dedent(script))
        made.append(Workers(tmp_path, **environ))
        return made[-1]

    yield make
    for each in made:
        assert each.end() == each.expected_status
