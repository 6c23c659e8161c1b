"""Where CLARY_TESTS_REQUIRE_ALL is set, as in tools/test, a skipped test fails. Only what needs root may be left out."""

import os

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.skipped and os.environ.get("CLARY_TESTS_REQUIRE_ALL") and "needs root" not in str(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} must run here: {report.longrepr}"
    return report
