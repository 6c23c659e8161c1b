"""One server for the tests that leave it running; a server of one's own for those that kill it."""

import itertools
import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from clary_server import CLARY, JOBS_VENV, Server  # noqa: E402
from endpoints import Endpoints  # noqa: E402
from processing import Processing  # noqa: E402
from training import Training  # noqa: E402

CONFIG = "[jobs]\nstop_grace_seconds = 2\n"


def pytest_configure(config):
    config.addinivalue_line("markers", "smoke: the few that tools/test --changed runs")
    if not CLARY.exists():
        pytest.exit(f"{CLARY} is not built: tools/test builds it", returncode=2)


@pytest.fixture(scope="session")
def http_server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("clary") / "data", config=CONFIG).start()
    yield running
    assert running.stop() == 0
    running.end_hosts()


@pytest.fixture(scope="session")
def server(http_server):
    return http_server


@pytest.fixture(scope="session")
def https_server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("secure") / "data", "--tls", config=CONFIG).start()
    yield running
    assert running.stop() == 0
    running.end_hosts()


@pytest.fixture(scope="session", params=["http", "https"])
def any_server(request):
    """For what must be the same over both: botocore sends other bytes over https."""
    return request.getfixturevalue(f"{request.param}_server")


@pytest.fixture(scope="session")
def training(server):
    return Training(server)


@pytest.fixture(scope="session")
def processing(server, training):
    return Processing(server, training)


@pytest.fixture
def endpoints(server, training):
    """Makes endpoints; removes them after the test."""
    made = Endpoints(server, training)
    yield made
    made.clear()


@pytest.fixture(scope="session")
def engine_data(tmp_path_factory) -> pathlib.Path:
    """A data directory that has the engine of the jobs' environment."""
    data = tmp_path_factory.mktemp("torch-engine")
    environment = {**os.environ, "VIRTUAL_ENV": str(JOBS_VENV)}
    done = subprocess.run([CLARY, "environments", "build-engine", "default", "--data", data], env=environment,
                          capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("/libclary_torch.so")
    return data


@pytest.fixture
def new_server(tmp_path):
    """Makes servers, not yet started, each with its own data; stops what still runs at the end."""
    made = []
    numbers = itertools.count(1)

    def make(*options: str, config: str = CONFIG, **more) -> Server:
        made.append(Server(tmp_path / f"data-{next(numbers)}", *options, config=config, **more))
        return made[-1]

    yield make
    for each in made:
        if each.running():
            each.kill()
        each.end_hosts()


@pytest.fixture(scope="session")
def fortress(tmp_path_factory):
    """A server with little address space, for clients that mean it harm; it must be the same process at the end."""
    bounded = ("bash", "-c", 'ulimit -v 3000000; exec "$@"', "bash")
    running = Server(tmp_path_factory.mktemp("fortress") / "data", config=CONFIG, prefix=bounded).start()
    running.client("s3").create_bucket(Bucket="bucket")
    running.client("s3").put_object(Bucket="bucket", Key="key", Body=b"0123456789")
    yield running
    assert running.running(), running.log.read_text()[-2000:]
    assert running.stop() == 0
    running.end_hosts()
