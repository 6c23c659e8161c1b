"""upload_file and download_file of boto3, beside moto."""

import filecmp
import json
import os
import pathlib
import subprocess

from .context import Context
from .machine import cpu_seconds
from .peers.moto import Moto
from .report import Row
from .server import Server
from .signing import Key
from .statistics import verdict

MOST_SECONDS = 90
MOTO_ROUNDS = 2  # it takes a minute or two for one
DIRECTIONS = {"upload_file": "up", "download_file": "down"}


class Client:
    """transfer_client.py, run by a Python that has boto3."""

    def __init__(self, python: str, key: Key):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment |= {"AWS_ACCESS_KEY_ID": key.access, "AWS_SECRET_ACCESS_KEY": key.secret, "AWS_CONFIG_FILE": "/dev/null"}
        program = pathlib.Path(__file__).with_name("transfer_client.py")
        self._process = subprocess.Popen([python, program], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         text=True)

    def ask(self, *words: str) -> tuple[float, float]:
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"boto3's client ended at {' '.join(words)}")
        wall, used = json.loads(answer)
        return wall, used

    def stop(self) -> None:
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


def _random_file(path: pathlib.Path, mib: int) -> None:
    with path.open("wb") as file:
        for _ in range(mib):
            file.write(os.urandom(1 << 20))


class Seen:
    """Seconds by who and direction, and the processor time of server and client, of what was measured of Clary."""

    def __init__(self) -> None:
        self.seconds = {(who, way): [] for who in ("clary", "moto") for way in DIRECTIONS.values()}
        self.server_cpu, self.client_cpu = dict.fromkeys(DIRECTIONS.values(), 0.0), dict.fromkeys(DIRECTIONS.values(), 0.0)

    def transfer(self, client: Client, who: str, peer: Server | Moto, way: str, file: pathlib.Path) -> None:
        os.sync()
        before = cpu_seconds(peer.pid)
        wall, of_client = client.ask(way, f"http://127.0.0.1:{peer.port}", str(file))
        self.seconds[who, way].append(wall)
        if who == "clary":
            self.server_cpu[way] += cpu_seconds(peer.pid) - before
            self.client_cpu[way] += of_client


def _measure(context: Context, client: Client, moto: Moto | None) -> Seen:
    there, back = context.folder / "there", context.folder / "back"
    _random_file(there, context.sizes.transfer_mib)
    seen = Seen()
    peers = {"clary": context.server} | ({"moto": moto} if moto else {})
    for peer in peers.values():
        client.ask("make", f"http://127.0.0.1:{peer.port}")
    for number in context.rounds(MOST_SECONDS):
        if number == MOTO_ROUNDS:
            peers.pop("moto", None)
        for who, peer in peers.items():
            seen.transfer(client, who, peer, "up", there)
            seen.transfer(client, who, peer, "down", back)
            if not filecmp.cmp(there, back, shallow=False):
                raise RuntimeError(f"{who} gave back other bytes")
    there.unlink()
    back.unlink()
    return seen


def transfers(context: Context) -> None:
    mb = context.sizes.transfer_mib * 1.048576
    moto = Moto(context.moto_python, context.folder) if context.moto_python else None
    try:
        with context.own_server("transfer") as own:
            client = Client(context.client_python, own.key)
            try:
                seen = _measure(own, client, moto)
            finally:
                client.stop()
    finally:
        if moto:
            moto.stop()
    for name, way in DIRECTIONS.items():
        took, of_moto = seen.seconds["clary", way], seen.seconds["moto", way]
        speed = context.estimate([mb / wall for wall in took])
        path = f"boto3 {name} of {context.sizes.transfer_mib:,} MiB"
        cpu = f"{seen.server_cpu[way] / len(took):.1f} s of the server, {seen.client_cpu[way] / len(took):.1f} s of boto3"
        if not of_moto:
            context.rows.append(Row(path, f"{speed.text(0)} MB/s", "≥ 3 × moto's", "", "not measured: moto is not there", cpu))
            continue
        best = context.estimate([mb / wall for wall in of_moto])
        ratio = context.estimate([mb / wall / best.median for wall in took])
        context.rows.append(Row(f"{path}, speed ÷ moto's", ratio.text(2), "≥ 3", verdict(ratio, at_least=3),
                                f"moto: {best.text(0)} MB/s; the server {speed.text(0)} MB/s", cpu,
                                f"each of {len(took)} values ÷ the median of moto's {len(of_moto)}."))
