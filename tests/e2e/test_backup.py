"""`clary check`, `backup`, `restore` on the data of a real server: one changed byte is told, a copy starts where it was made."""

import contextlib
import json
import os
import sqlite3
import stat
import subprocess

import pytest
from clary_server import Server, StartError
from training import Training

LARGE = bytes(range(256)) * 400  # a file of its own


@pytest.fixture
def server(new_server):
    running = new_server().start()
    s3 = running.client("s3")
    s3.create_bucket(Bucket="data")
    s3.put_object(Bucket="data", Key="large", Body=LARGE)
    s3.put_object(Bucket="data", Key="small", Body=b"small")
    return running


def body_files(server: Server) -> list:
    return [path for path in (server.data / "objects/bodies").rglob("*") if path.is_file()]


def read_only(folder) -> tuple[str, ...]:
    """Before a command: to it the folder is a medium that cannot be written, whoever it is."""
    mount = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && ! touch "$0/x" 2>/dev/null && exec "$@"'
    user = () if os.geteuid() == 0 else ("--map-root-user",)
    return ("unshare", "--mount", *user, "bash", "-c", mount, str(folder))


def bytes_below(folder) -> dict:
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def flip_byte(path, at: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1]))


@pytest.mark.parametrize("running", [True, False])
def test_one_changed_byte_is_told(server, running):
    if not running:
        server.stop()
    whole = json.loads(server.cli("check", "--json").stdout)
    assert whole["damage"] == [] and whole["counts"]["objects"] == 2
    assert whole["counts"]["bytes"] == len(LARGE) + 5
    [file] = body_files(server)
    flip_byte(file, 12345)
    told = server.cli("check", check=False)
    assert told.returncode == 1
    assert "damaged s3://data/large: its bytes have the CRC-32C" in told.stdout
    assert "s3://data/small" not in told.stdout


def test_the_index_is_made_anew_while_no_server_runs(server):
    refused = server.cli("check", "--rebuild", check=False)
    assert refused.returncode == 1 and "is in use by another clary serve" in refused.stderr
    server.stop()
    done = server.cli("check", "--rebuild")
    assert "index.db.before" in done.stderr
    server.start()
    assert server.client("s3").get_object(Bucket="data", Key="large")["Body"].read() == LARGE


def test_a_backup_of_a_running_server_is_restored(server, new_server, tmp_path):
    training = Training(server)
    job = training.run("open('/opt/ml/model/m', 'w').write('w'); print('hello')", name="kept")
    made, lines = training.artifact(job), training.lines("kept")
    assert "hello" in lines
    backup = tmp_path / "backup"
    assert "backed up: " in server.cli("backup", str(backup)).stdout
    training.s3.delete_object(Bucket="data", Key="large")  # what comes later is not in it
    training.s3.put_object(Bucket="data", Key="later", Body=b"x")

    for database in ("meta.db", "telemetry.db", "objects/index.db"):
        assert (backup / database).read_bytes()[18:20] == b"\x01\x01", "not in WAL mode"
    second = new_server()
    before = bytes_below(backup)
    restored = server.cli("restore", str(backup), "--data", str(second.data), prefix=read_only(backup))
    assert bytes_below(backup) == before
    assert "restored: " in restored.stdout
    for key in (second.data / "keys").iterdir():
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert server.cli("check", "--data", str(second.data)).returncode == 0
    server.stop()
    second.start()
    s3 = second.client("s3")
    assert s3.get_object(Bucket="data", Key="large")["Body"].read() == LARGE
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket="data")["Contents"]] == ["large", "small"]
    after = Training(second)
    assert after.describe("kept")["ModelArtifacts"] == job["ModelArtifacts"]
    assert after.lines("kept") == lines
    assert after.artifact(job) == made
    assert after.run("print(1)")["TrainingJobStatus"] == "Completed"


def test_backup_and_restore_refuse_what_would_lose_something(server, new_server, tmp_path):
    backup = tmp_path / "backup"
    server.cli("backup", str(backup))
    for arguments, sentence in ((("backup", str(backup)), "is not empty"),
                                (("backup", str(server.data / "inside")), "is inside the data directory"),
                                (("restore", str(backup)), "is not empty"),
                                (("restore", str(tmp_path / "absent"), "--data", str(tmp_path / "new")), "holds no backup")):
        refused = server.cli(*arguments, check=False)
        assert refused.returncode in (1, 3) and sentence in refused.stderr, refused.stderr
    assert not (server.data / "inside").exists() and not (tmp_path / "new").exists()
    (backup / "backup.json").unlink()
    unfinished = server.cli("restore", str(backup), "--data", str(tmp_path / "new"), check=False)
    assert unfinished.returncode == 3 and "was not finished" in unfinished.stderr


@contextlib.contextmanager
def nothing_can_be_removed_from(folder):
    folder.mkdir()
    if subprocess.run(["chattr", "+a", folder], capture_output=True).returncode != 0:
        pytest.skip("this file system has no append-only folders")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-a", folder], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a folder is made append-only")
def test_why_a_backup_or_a_restore_failed_is_said_before_what_it_left_behind(server, tmp_path):
    whole, full = tmp_path / "whole", tmp_path / "full"
    server.cli("backup", str(whole), "--copy")
    server.stop()
    for folder in (server.data, whole):
        (folder / "telemetry.db").write_bytes(b"no database at all " * 100)
    with nothing_can_be_removed_from(full):
        for left, arguments in ((full / "backup", ("backup", str(full / "backup"))),
                                (full / "new.restoring", ("restore", str(whole), "--data", str(full / "new")))):
            failed = server.cli(*arguments, check=False)
            assert failed.returncode == 1
            reason, rest = failed.stderr.split("; what was begun stays: ")
            assert "telemetry.db" in reason and "not a database" in reason
            assert f"remove '{left}'" in rest


def test_small_objects_are_counted_as_check_counts_them(server, tmp_path):
    shown = server.cli("backup", str(tmp_path / "backup") + "/").stdout
    assert shown == f"backed up: 2 objects, {len(LARGE) + 5} bytes (1 file linked)\n"
    restored = server.cli("restore", str(tmp_path / "backup/"), "--copy", "--data", str(tmp_path / "new") + "/").stdout
    assert restored == f"restored: 2 objects, {len(LARGE) + 5} bytes (0 files linked)\n"
    assert not (tmp_path / "new.restoring").exists() and not (tmp_path / "new/.restoring").exists()


@pytest.mark.parametrize("file", ["meta.db", "telemetry.db", "objects/index.db", "format"])
def test_what_a_newer_release_wrote_is_refused_as_serve_refuses_it(server, tmp_path, file):
    server.cli("backup", str(tmp_path / "whole"), "--copy")
    server.stop()
    folders = [server.data] if file == "format" else [server.data, tmp_path / "whole"]
    for folder in folders:
        if file == "format":
            (folder / file).write_text("99\n")
            continue
        with sqlite3.connect(folder / file) as database:
            database.execute("PRAGMA user_version = 99")
        database.close()
    commands = [("check",), ("check", "--rebuild"), ("backup", str(tmp_path / "backup"))]
    if file != "format":
        commands.append(("restore", str(tmp_path / "whole"), "--data", str(tmp_path / "new")))
    with pytest.raises(StartError) as told:
        server.start()
    sentence = "written by a newer release (format 99, this release knows up to "
    assert told.value.status == 1 and sentence in told.value.said
    for command in commands:
        refused = server.cli(*command, check=False)
        assert refused.returncode == 1 and sentence in refused.stderr, (command, refused)
    assert not (tmp_path / "backup").exists() and not (tmp_path / "new").exists()


def test_a_manifest_that_cannot_be_read_is_named(server, tmp_path):
    backup = tmp_path / "backup"
    server.cli("backup", str(backup))
    whole = (backup / "backup.json").read_text()
    for text, sentence in (("{", f"'{backup}/backup.json': "),
                           (whole.replace('"backup_format": 1', '"backup_format": 9'), "backup_format 9; this release knows 1")):
        (backup / "backup.json").write_text(text)
        refused = server.cli("restore", str(backup), "--data", str(tmp_path / "new"), check=False)
        assert refused.returncode == 1 and sentence in refused.stderr, refused
        assert not (tmp_path / "new").exists() and not (tmp_path / "new.restoring").exists()


def test_a_damaged_database_is_told_without_sql(server):
    server.stop()
    (server.data / "meta.db").write_bytes(b"this is no database " * 500)
    told = server.cli("check", check=False)
    assert told.returncode == 1 and "meta.db': the file is damaged" in told.stdout and "PRAGMA" not in told.stdout, told
