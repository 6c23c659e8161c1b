"""A PostgreSQL server of the tests' own: unpacked by tools/test or installed, in a temporary folder, with a password."""

import ctypes
import os
import pathlib
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNPACKED = ROOT / "build/unpacked/postgresql-15/usr/lib/postgresql/15/bin"
INSTALLED = pathlib.Path("/usr/lib/postgresql/15/bin")
PASSWORD = "a-Secret-of-9"
# PostgreSQL does not run as root: in a user namespace root is somebody else.
AS_ANOTHER = ["bwrap", "--unshare-user", "--uid", "65534", "--gid", "65534", "--dev-bind", "/", "/", "--"]


class PrivatePostgres:
    def __init__(self):
        # A socket's path is short: pytest's own folders are not.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="clary-pg-"))
        password_file = self.folder / "password"
        password_file.write_text(PASSWORD)
        self._run("initdb", "--pgdata", self.folder / "data", "--username", "clary", "--auth", "scram-sha-256",
                  "--pwfile", password_file, "--locale", "C", "--encoding", "UTF8", "--no-sync")

    def start(self) -> "PrivatePostgres":
        options = f"-c listen_addresses='' -c fsync=off -k {self.folder}"
        self._pg_ctl("-l", self.folder / "log", "-o", options, "start")
        return self

    def crash(self) -> None:
        self._pg_ctl("-m", "immediate", "stop")

    def remove(self) -> None:
        if (self.folder / "data/postmaster.pid").exists():
            self.crash()
        shutil.rmtree(self.folder)

    def url(self, password: str = PASSWORD, database: str = "postgres") -> str:
        return f"postgresql://clary:{password}@/{database}?host={self.folder}"

    def execute(self, sql: str) -> None:
        pq = ctypes.CDLL("libpq.so.5")
        for function in (pq.PQconnectdb, pq.PQexec):
            function.restype = ctypes.c_void_p
        connection = ctypes.c_void_p(pq.PQconnectdb(self.url().encode()))
        result = ctypes.c_void_p(pq.PQexec(connection, sql.encode()))
        status = pq.PQresultStatus(result)
        pq.PQclear(result)
        pq.PQfinish(connection)
        assert status == 1, f"{sql}: status {status}"  # PGRES_COMMAND_OK

    def _pg_ctl(self, *arguments) -> None:
        self._run("pg_ctl", "-D", self.folder / "data", "-w", *arguments)

    @staticmethod
    def _run(program: str, *arguments) -> None:
        command = [(UNPACKED if UNPACKED.exists() else INSTALLED) / program, *arguments]
        wrapper = AS_ANOTHER if os.geteuid() == 0 else []
        # The server that pg_ctl leaves behind would keep a pipe open.
        with tempfile.TemporaryFile("w+") as said:
            status = subprocess.run([*wrapper, *command], stdin=subprocess.DEVNULL, stdout=said, stderr=said).returncode
            said.seek(0)
            assert status == 0, said.read()
