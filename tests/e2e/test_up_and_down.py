"""`clary up`, `down` and `env` without a server of the tests' own, and what wrong command lines exit with."""

import json
import os
import signal
import subprocess

from clary_server import CLARY


def test_up_listens_where_it_did_before(tmp_path):
    def run(*arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run([CLARY, *arguments, "--data", tmp_path], capture_output=True, text=True, timeout=60)

    try:
        first = run("up", "--listen", "127.0.0.1:0", "--json")
        assert first.returncode == 0 and run("down").returncode == 0, first.stderr
        second = run("up", "--json")
        assert json.loads(second.stdout)["AWS_ENDPOINT_URL"] == json.loads(first.stdout)["AWS_ENDPOINT_URL"], second.stderr
        os.kill(json.loads((tmp_path / "server.json").read_text())["pid"], signal.SIGKILL)
        while run("env").returncode == 0:
            pass
        killed = run("env")
        assert killed.returncode == 4 and "no server is running" in killed.stderr and not killed.stdout
    finally:
        run("down")


def test_a_wrong_command_line_or_setting_exits_with_2(tmp_path):
    for words, sentence in ((("up", "--listen", "foo"), "'foo' is not HOST:PORT"),
                            (("serve", "--lisen", "foo"), "unknown option '--lisen', did you mean '--listen'?"),
                            (("jobs", "--limit", "0"), "must be 1 or more"),
                            (("keys", "mke"), "unknown command 'keys mke'; there are: create"),
                            (("jbos",), "did you mean 'jobs'?")):
        done = subprocess.run([CLARY, *words, "--data", tmp_path], capture_output=True, text=True, timeout=60)
        assert done.returncode == 2 and sentence in done.stderr, done
    (tmp_path / "clary.toml").write_text("region = 'x'\n[keys]\naccess_key = 'AKIAX'\n")
    for command in ("up", "serve", "environments"):
        done = subprocess.run([CLARY, command, "--data", tmp_path], capture_output=True, text=True, timeout=60)
        sentence = f"{tmp_path}/clary.toml:3: setting 'keys.access_key': keys.access_key and keys.secret_key must both be given"
        assert done.returncode == 2 and sentence in done.stderr, done


def test_help_and_version_are_words_too(tmp_path):
    def shown(*words: str) -> str:
        return subprocess.run([CLARY, *words], check=True, capture_output=True, text=True).stdout

    assert shown("help") == shown("--help") and shown("version") == shown("--version")
    assert shown("help", "up") == shown("up", "--help") and "SECONDS=30" in shown("help", "up")
    assert shown("help", "serve") == shown("serve", "--help")
    (tmp_path / "file").write_text("")
    done = subprocess.run([CLARY, "up", "--data", tmp_path / "file"], capture_output=True, text=True)
    assert done.returncode == 1 and f"'{tmp_path}/file' is a file, no folder" in done.stderr


def test_up_and_down(tmp_path):
    data = tmp_path / "data"
    up = subprocess.run([CLARY, "up", "--data", data, "--listen", "127.0.0.1:0"], capture_output=True, text=True, timeout=60)
    assert up.returncode == 0, up.stderr
    assert "AWS_ENDPOINT_URL" in up.stdout
    try:
        again = subprocess.run([CLARY, "up", "--data", data, "--listen", "127.0.0.1:0"], capture_output=True, text=True,
                               timeout=60)
        assert again.returncode == 0, again.stderr  # it is up already
        assert "AWS_ENDPOINT_URL" in again.stdout
    finally:
        down = subprocess.run([CLARY, "down", "--data", data], capture_output=True, text=True, timeout=60)
    assert down.returncode == 0, down.stderr
    assert subprocess.run([CLARY, "jobs", "--data", data], capture_output=True).returncode != 0
