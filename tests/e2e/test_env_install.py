"""`clary env --install`: a virtual environment whose Pythons reach the server without any exports."""

import os
import pathlib
import subprocess
import sys

import pytest

PROBE = """
import boto3
print(boto3.client("sts").get_caller_identity()["Account"], boto3.client("s3").meta.endpoint_url, boto3.Session().profile_name)
"""
MINE = "[default]\nregion = eu-central-1\n"


@pytest.fixture
def venv(tmp_path):
    """A virtual environment that sees this one's packages, and a home with a profile of the user's own."""
    folder = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    site = next(folder.glob("lib/python3*/site-packages"))
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    (site / "packages.pth").write_text(packages + "\n")
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/config").write_text(MINE)
    return folder


def clean(home: pathlib.Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_") and name != "PYTHONPATH"}
    return {**kept, "HOME": str(home), **more}


def run(venv: pathlib.Path, code: str, **more: str) -> subprocess.CompletedProcess:
    return subprocess.run([venv / "bin/python", "-c", code], env=clean(venv.parent, **more), capture_output=True, text=True)


def clary(server, venv: pathlib.Path, *arguments: object, **more: str) -> subprocess.CompletedProcess:
    from clary_server import CLARY

    return subprocess.run([CLARY, "env", *map(str, arguments), "--data", server.data], env=clean(venv.parent, **more),
                          capture_output=True, text=True)


def test_pythons_of_the_environment_need_no_exports(server, venv):
    done = clary(server, venv, "--install", venv)
    assert done.returncode == 0, done.stderr
    found = run(venv, PROBE)
    assert found.stdout.split() == ["000000000000", server.url, "clary"], found.stderr
    # The SDK's own STS address gives way: the client hook is at work.
    hooked = run(venv, "import boto3; print(boto3.client('sts', endpoint_url='https://sts.us-east-1.amazonaws.com')"
                       ".meta.endpoint_url)")
    assert hooked.stdout.strip() == server.url, hooked.stderr
    assert (venv.parent / ".aws/credentials").stat().st_mode & 0o077 == 0


def test_who_has_chosen_an_account_is_left_alone(server, venv):
    assert clary(server, venv, "--install", venv).returncode == 0
    shown = "import os; print(os.environ.get('AWS_ENDPOINT_URL'), os.environ.get('AWS_PROFILE'))"
    assert run(venv, shown, AWS_PROFILE="mine").stdout.split() == ["None", "mine"]
    assert run(venv, shown, AWS_DEFAULT_PROFILE="mine").stdout.split() == ["None", "None"]


def test_uninstall_leaves_everything_as_it_was(server, venv):
    assert clary(server, venv, "--install", venv).returncode == 0
    assert clary(server, venv, "--install", venv).returncode == 0
    config = venv.parent / ".aws/config"
    assert config.read_text().startswith(MINE) and config.read_text().count("[profile clary]") == 1
    assert clary(server, venv, "--uninstall", venv).returncode == 0
    assert config.read_text().strip() == MINE.strip()
    assert not (venv.parent / ".aws/credentials").exists()  # it was made by --install
    assert not list(venv.glob("lib/python3*/site-packages/clary*"))
    assert run(venv, "import os; print(os.environ.get('AWS_PROFILE'))").stdout.strip() == "None"


def test_a_link_stays_a_link_and_other_profiles_stay(server, venv):
    config, kept = venv.parent / ".aws/config", venv.parent / "dotfiles"
    mine = ("[profile clary] # an old one\n# Made by `clary env --install`.\nregion = x\n"
            "[default] # mine\nregion = eu-central-1\n")
    kept.write_text(mine)
    config.unlink()
    config.symlink_to(kept)
    assert clary(server, venv, "--install", venv).returncode == 0
    assert config.is_symlink() and kept.read_text().endswith("[default] # mine\nregion = eu-central-1\n")
    assert kept.read_text().startswith("[profile clary]\n") and server.url in kept.read_text()
    assert run(venv, PROBE).stdout.split()[2] == "clary"
    assert clary(server, venv, "--uninstall", venv).returncode == 0
    assert config.is_symlink() and kept.read_text() == "[default] # mine\nregion = eu-central-1\n"


def test_a_home_without_profiles_is_as_it_was(server, venv):
    (venv.parent / ".aws/config").unlink()
    (venv.parent / ".aws").rmdir()
    assert clary(server, venv, "--install", venv).returncode == 0
    assert clary(server, venv, "--uninstall", venv).returncode == 0
    assert not (venv.parent / ".aws").exists()


def test_files_and_folders_that_were_there_stay(server, venv):
    (venv.parent / ".aws/credentials").touch()
    mine = venv.parent / "mine"
    mine.mkdir()
    places = {"AWS_CONFIG_FILE": str(mine / "config")}
    assert clary(server, venv, "--install", venv, **places).returncode == 0
    assert server.url in (mine / "config").read_text()
    assert clary(server, venv, "--uninstall", venv, **places).returncode == 0
    assert mine.is_dir() and not list(mine.iterdir())
    assert (venv.parent / ".aws/credentials").read_text().strip() == ""


def test_lines_of_others_in_a_file_that_install_made_stay(server, venv):
    config = venv.parent / ".aws/config"
    config.unlink()
    assert clary(server, venv, "--install", venv).returncode == 0
    with config.open("a") as file:
        file.write(MINE)
    assert clary(server, venv, "--uninstall", venv).returncode == 0
    assert config.read_text().strip() == MINE.strip()


def test_what_is_no_environment_is_refused(server, venv):
    done = clary(server, venv, "--install", venv.parent)
    assert done.returncode == 1 and "pyvenv.cfg" in done.stderr
    assert clary(server, venv, "--install", venv, "--uninstall", venv).returncode == 2
    for option in ("--install", "--uninstall"):
        done = clary(server, venv, option, "")
        assert done.returncode == 2 and "an empty name is no folder" in done.stderr and not done.stdout


@pytest.mark.parametrize("name, section", [("config", "profile clary"), ("credentials", "clary")])
def test_a_profile_of_ones_own_with_this_name_stays(server, venv, name, section):
    file = venv.parent / ".aws" / name
    mine = f"[{section}]\nregion = x\n\n[other]\nregion = y\n"
    file.write_text(mine)
    for option in ("--install", "--uninstall"):
        done = clary(server, venv, option, venv)
        assert done.returncode == 1 and f"[{section}] of '{file}' was not made by" in done.stderr, done.stderr
    assert file.read_text() == mine and not list(venv.glob("lib/python3*/site-packages/clary*"))
    assert (venv.parent / ".aws/config").read_text() == (mine if name == "config" else MINE)


def test_an_environment_follows_the_profile_when_the_server_has_moved(server, venv):
    assert clary(server, venv, "--install", venv).returncode == 0
    config = venv.parent / ".aws/config"  # as an --install of another environment leaves it
    config.write_text(config.read_text().replace(server.url, "https://127.0.0.1:9"))
    shown = "import os; print(os.environ['AWS_ENDPOINT_URL'])"
    assert run(venv, shown).stdout.strip() == "https://127.0.0.1:9"
