"""What Clary's client hook changes in a client module right after its import. Loaded by sitecustomize when needed.

Each patch is one function of the module. A module that has come to look different is left as it is, with one
warning: the clients then still work, only slower or by way of the real STS address.
"""

import functools
import os
import subprocess
import sys
import time

# The SDK waits as one does for machines that take minutes to come: 5 s before it first looks, then 10 s between
# looks, 30 s between statuses. Here a job may be over in two seconds.
HURRY = 40


def apply(name, module):
    try:
        globals()[name](module)
    except Exception as error:  # a client must never fail because of the hook
        print(f"clary: {module.__name__} was left as it is: {error!r}", file=sys.stderr)


def redirect_sts(module):
    """botocore: an STS address of AWS that the SDK wrote down gives way to AWS_ENDPOINT_URL."""
    original = module.Session.create_client

    @functools.wraps(original)
    def create_client(self, service_name, *args, **kwargs):
        url = kwargs.get("endpoint_url")
        if service_name == "sts" and _is_aws_sts(url) and os.environ.get("AWS_ENDPOINT_URL"):
            kwargs["endpoint_url"] = None
        return original(self, service_name, *args, **kwargs)

    module.Session.create_client = create_client


def _is_aws_sts(url):
    if not isinstance(url, str):
        return False
    host = url.partition("://")[2].partition("/")[0]
    return host.startswith(("sts.", "sts-fips.")) and ".amazonaws.com" in host


def silence_telemetry(module):
    """SDK: no usage report to AWS, and none of the lookups made for it."""
    _silence(module, "_send_telemetry_request", "_requests_helper")


def silence_serve_telemetry(module):
    """SDK: the same of ModelBuilder's own report, which v2 sends without a timeout."""
    _silence(module, "_send_telemetry", "_requests_helper")


def _silence(module, *names):
    for name in names:
        if not callable(getattr(module, name)):
            raise AttributeError(name)
        setattr(module, name, lambda *args, **kwargs: None)


def hurry_waits(module):
    """SDK: the waits of this module become short."""
    _require_time(module)
    module.time = _Clock()


def hurry_session(module):
    """SDK: as hurry_waits; and the 30 s between two statuses pass as quickly as the waits."""
    _require_time(module)
    module.time = _SessionClock()


def hurry_failures(module):
    """SDK: ModelBuilder's look at an endpoint that has failed, which first waits 30 s for its last lines, becomes short."""
    original = module._live_logging_deploy_done_with_progress

    @functools.wraps(original)
    def look(client, name, paginator, config, poll, *args, **kwargs):
        return original(client, name, paginator, config, poll / HURRY, *args, **kwargs)

    module._live_logging_deploy_done_with_progress = look


def keep_region(module):
    """SDK: the Python that finds out what a model imports is started without any variables, and the SDK cannot be imported
    without a region. It gets that of this process."""
    if module.subprocess is not subprocess:
        raise AttributeError("subprocess")
    module.subprocess = _SubprocessWithRegion()


def _require_time(module):
    if getattr(module, "time", None) is not time:
        raise AttributeError("time")


class _Clock:
    """Stands for the module `time` in one module of the SDK."""

    def __getattr__(self, name):
        return getattr(time, name)

    @staticmethod
    def sleep(seconds):
        time.sleep(min(seconds, max(0.1, seconds / HURRY)))


class _SessionClock(_Clock):
    @staticmethod
    def time():
        return _Instant(time.time())


class _Instant(float):
    """A time of day. The span between two of them, which the SDK compares with its 30 s, counts two-hundredfold;
    a deadline made by adding a timeout is a plain number and stays true."""

    def __sub__(self, other):
        span = float(self) - float(other)
        return span * 200 if isinstance(other, _Instant) else span


class _SubprocessWithRegion:
    """Stands for the module `subprocess` in one module of the SDK."""

    def __getattr__(self, name):
        return getattr(subprocess, name)

    @staticmethod
    def run(*args, env=None, **kwargs):
        if env is not None:
            region = {name: os.environ[name] for name in ("AWS_REGION", "AWS_DEFAULT_REGION") if name in os.environ}
            env = {**region, **env}
        return subprocess.run(*args, env=env, **kwargs)
