// Real scripts under bubblewrap, with a store in memory and a link that only listens.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <thread>

#include "base/strings.h"
#include "base/subprocess.h"
#include "host/host_fixture.h"
#include "host/system_host.h"

namespace clary::host {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

constexpr const char* kMachinePython = "/usr/bin/python3";

class RealScript : public HostFixture {
 protected:
  void SetUp() override {
    HostFixture::SetUp();
    const Status probe = compute::probe_bubblewrap();
    ASSERT_TRUE(probe.ok()) << probe.error().message;
    ASSERT_TRUE(exists(kMachinePython)) << kMachinePython << " is not there";
    // An unprivileged user must be able to reach what it is shown.
    ASSERT_EQ(::chmod(folder_.path().c_str(), 0755), 0);
    if (::geteuid() == 0) plan_.run_as_uid = 65534;
    plan_.sandbox = "bubblewrap";
    plan_.interpreter = {.python = kMachinePython,
                         .prefixes = {},
                         .python_version = "",
                         .packages = {},
                         .sys_path = {}};
    plan_.framework_module = "sagemaker_pytorch_container.training:main";
    plan_.stop_grace_seconds = 2;
    system_ = true;
  }
  void set_script(const std::string& text) { set_code({{"train.py", text}}); }
  // The system's interpreter need not have pip; that of the tests' own environment has.
  void use_python_with_pip() {
    const std::string python = CLARY_TEST_VENV "/bin/python";
    const Result<SubprocessResult> said = run_subprocess(
        {.command = {python, "-c", "import pip, sys; print(sys.prefix); print(sys.base_prefix)"}});
    ASSERT_TRUE(said.ok() && said->exit_code == 0)
        << python << ": tools/check and tools/test make it";
    const std::vector<std::string_view> lines = split(trim(said->output), '\n');
    plan_.interpreter.python = python;
    plan_.interpreter.prefixes.assign(lines.begin(), lines.end());
  }
  // Asks for a stop as soon as `seen` holds of what the host has said.
  std::jthread stop_when(std::function<bool()> seen) {
    return std::jthread([this, seen = std::move(seen)](const std::stop_token& end) {
      if (link_.wait_until(seen, end)) link_.requests.stop(std::chrono::seconds(2));
    });
  }
};

TEST_F(RealScript, SeesItsContractAndLeavesAModel) {
  set_script(R"(
import json, os, socket, sys
print('argv', json.dumps(sys.argv))
print('cwd', os.getcwd(), 'host', socket.gethostname(), 'me', os.getuid())
print('epochs', os.environ['SM_HP_EPOCHS'], 'unbuffered', os.environ['PYTHONUNBUFFERED'])
print('config', json.load(open('/opt/ml/input/config/hyperparameters.json'))['epochs'])
print('path', os.environ['PYTHONPATH'].split(':')[0])
print('eth0', 'eth0' in os.listdir('/sys/class/net'), socket.gethostbyname('algo-1'))
open('/opt/ml/model/model.txt', 'w').write('weights')
open('/opt/ml/output/data/log.txt', 'a').write('one line\n')
)");
  ASSERT_EQ(run(), kHostReported);
  ASSERT_EQ(ended().string_or("outcome", ""), "completed") << failure();
  EXPECT_TRUE(logged(R"(argv ["train.py", "--epochs", "1"])"));
  EXPECT_TRUE(logged("cwd /opt/ml/code host algo-1 me 0"));
  EXPECT_TRUE(logged("epochs 1 unbuffered 1"));
  EXPECT_TRUE(logged("config 1"));
  EXPECT_TRUE(logged("path /opt/ml/code"));
  EXPECT_TRUE(logged("10.77.0.1"));
  EXPECT_EQ(link_.listeners, 1);
  EXPECT_EQ(files_of(object("out/job/output/model.tar.gz")).at("model.txt"), "weights");
  EXPECT_EQ(files_of(object("out/job/output/output.tar.gz")).at("log.txt"), "one line\n");
}

// Source: training_env_oracle.md, section 7. The texts are the toolkit's; ExtraInfo, which names
// the place, is ours.
struct Failing {
  const char* script;
  const char* reason;
};
class RealFailure : public RealScript, public testing::WithParamInterface<Failing> {};

TEST_P(RealFailure, IsToldAsTheToolkitTellsIt) {
  set_script(GetParam().script);
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(failure(), std::string("AlgorithmError: ExecuteUserScriptError:\n") +
                           GetParam().reason +
                           "\nCommand \"/usr/bin/python3 -- train.py --epochs 1\", exit code: 1");
}
INSTANTIATE_TEST_SUITE_P(
    Oracle, RealFailure,
    testing::Values(
        Failing{"import sys\nsys.exit(3)\n", "ExitCode 3\nErrorMessage \"\""},
        Failing{
            "def f():\n    raise ValueError('bad \"lr\"')\nf()\n",
            "ExitCode 1\nErrorMessage \"raise ValueError('bad \"lr\"')\n ValueError: bad \"lr\"\"\n"
            "ExtraInfo \"train.py, line 2, in f\""},
        Failing{"import sys\nprint('warn line', file=sys.stderr)\nassert 1==2, 'no'\n",
                "ExitCode 1\nErrorMessage \"AssertionError: no\"\nExtraInfo \"train.py, line 3, in "
                "<module>\""},
        Failing{"import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
                "ExitCode -9\nErrorMessage \"\"\nExtraInfo \"It was ended by SIGKILL (Killed), by "
                "somebody or by the system for want of memory\""},
        Failing{"import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n",
                "ExitCode -11\nErrorMessage \"\"\nExtraInfo \"It was ended by SIGSEGV "
                "(Segmentation fault)\""}));

TEST_F(RealScript, RunsAShellEntryPoint) {
  set_code(
      {{"run.sh", "#!/bin/sh\necho got \"$@\"\n"}, {"requirements.txt", "no-such-package-at-all"}});
  plan_.hyperparameters = {{"title", "\"a  b\""},
                           {"sagemaker_program", "run.sh"},
                           {"sagemaker_submit_directory", "s3://b/job/source/sourcedir.tar.gz"}};
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(ended().string_or("outcome", ""), "completed") << failure();
  EXPECT_TRUE(logged("got --title a  b"));
}

TEST_F(RealScript, StopsWithItsHandlerAndKeepsTheModel) {
  set_script(R"(
import os, signal, sys
def stop(number, frame):
    open('/opt/ml/model/saved', 'w').write('at the end')
    print('saved'); sys.exit(0)
woken, waker = os.pipe()  # a handler that comes just before pause() would wait for the next signal
os.set_blocking(waker, False)
signal.set_wakeup_fd(waker)
signal.signal(signal.SIGTERM, stop)
print('ready')
while True: os.read(woken, 1)
)");
  const std::jthread stopper = stop_when([this] { return logged("ready"); });
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(ended().string_or("outcome", ""), "stopped");
  EXPECT_TRUE(logged("saved"));
  EXPECT_EQ(files_of(object("out/job/output/model.tar.gz")).at("saved"), "at the end");
}

TEST_F(RealScript, StopsBySigtermToTheHostProgram) {
  set_script("import signal\nprint('ready')\nwhile True: signal.pause()\n");
  const std::jthread killer([this](const std::stop_token& end) {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    if (link_.wait_until([this] { return logged("ready"); }, end)) ::kill(::getpid(), SIGTERM);
  });
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(ended().string_or("outcome", ""), "stopped");
}

TEST_F(RealScript, EndsThoughTheScriptIgnoresSigtermAndLeavesADaemon) {
  set_script(R"(
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True: signal.pause()
    os._exit(0)
print('ready')
while True: signal.pause()
)");
  plan_.stop_grace_seconds = 1;
  const std::jthread stopper = stop_when([this] { return logged("ready"); });
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(ended().string_or("outcome", ""), "stopped");
}

TEST_F(RealScript, ADaemonThatHoldsTheOutputDoesNotHoldTheJob) {
  set_script(R"(
import os, signal
if os.fork() == 0:
    os.setsid()
    while True: signal.pause()
print('done')
)");
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(ended().string_or("outcome", ""), "completed");
  EXPECT_TRUE(logged("done"));
}

TEST_F(RealScript, SurvivesAScriptThatDeletesWhatItCan) {
  set_script(R"(
import os, shutil, signal
shutil.rmtree('/opt/ml/code', ignore_errors=True)
shutil.rmtree('/opt/ml/output', ignore_errors=True)
try: os.kill(os.getppid(), signal.SIGKILL)
except OSError: pass
print('still here')
)");
  ASSERT_EQ(run(), kHostReported);
  EXPECT_FALSE(ended().is_null());
  EXPECT_NE(object("out/job/output/output.tar.gz"), "<absent>");
}

TEST_F(RealScript, ManyLinesOfOutputAndBinaryArriveWhole) {
  set_script(R"(
import sys
for i in range(20000): print('line', i)
sys.stdout.flush()
sys.stdout.buffer.write(bytes(range(256)) * 2000)
sys.stdout.buffer.flush()
print()
print('the last line')
)");
  ASSERT_EQ(run(), kHostReported);
  const Texts lines = link_.lines();
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                          [](const std::string& line) { return line.starts_with("line "); }),
            20000);
  EXPECT_TRUE(logged("the last line"));
}

// A package that builds itself: nothing is fetched for a test.
constexpr const char* kBackend = R"(
import zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = 'pkgmod-1.0-py3-none-any.whl'
    info = 'pkgmod-1.0.dist-info/'
    with zipfile.ZipFile(folder + '/' + name, 'w') as wheel:
        wheel.write('pkglib.py')
        wheel.writestr(info + 'METADATA', 'Metadata-Version: 2.1\nName: pkgmod\nVersion: 1.0\n')
        wheel.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n')
        wheel.writestr(info + 'RECORD', '')
    return name
)";

TEST_F(RealScript, RunsAPackage) {
  use_python_with_pip();
  set_code({{"pkgmod.py", "import sys, pkglib\nprint('ran', sys.argv, pkglib.WORD)"},
            {"pkglib.py", "WORD = 'lib'"},
            {"setup.py", ""},
            {"backend.py", kBackend},
            {"pyproject.toml",
             "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"}});
  plan_.hyperparameters[1].second = "\"pkgmod.py\"";
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(ended().string_or("outcome", ""), "completed")
      << failure() << join(link_.lines(), "\n");
  EXPECT_TRUE(logged("Installed for this job: pkgmod==1.0"));
  EXPECT_TRUE(logged("ran ['/opt/ml/code/pkgmod.py', '--epochs', '1'] lib"));
}

TEST_F(RealScript, RunsInTheProcessSandboxByName) {
  plan_.sandbox = "process";
  set_script(R"(
import os
assert os.environ['SM_MODEL_DIR'] != '/opt/ml/model'
open(os.path.join(os.environ['SM_MODEL_DIR'], 'm'), 'w').write('here')
print('code in', os.getcwd() == os.path.join(os.environ['SAGEMAKER_BASE_DIR'], 'code'))
)");
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(ended().string_or("outcome", ""), "completed") << failure();
  EXPECT_TRUE(logged("code in True"));
  EXPECT_EQ(files_of(object("out/job/output/model.tar.gz")).at("m"), "here");
}

TEST_F(RealScript, IsolationThatCannotBeGivenFailsTheJob) {
  plan_.sandbox = "process";
  plan_.network_isolation = true;
  set_script("print('never')");
  ASSERT_EQ(run(), kHostReported);
  EXPECT_NE(failure().find("the job asks for network isolation"), std::string::npos) << failure();
  EXPECT_FALSE(logged("never"));
}

TEST_F(RealScript, AnIsolatedJobReachesNothingAndHasNoCredentials) {
  plan_.network_isolation = true;
  set_script(R"(
import os, socket
print('credentials', [name for name in os.environ if name.startswith('AWS_C') or 'SECRET' in name])
for address in (('127.0.0.1', 4580), ('10.0.2.2', 22), ('169.254.169.254', 80)):
    try:
        socket.create_connection(address, timeout=1); print('reached', address)
    except OSError: pass
)");
  ASSERT_EQ(run(), kHostReported);
  EXPECT_TRUE(logged("credentials []"));
  EXPECT_FALSE(logged("reached"));
}

TEST_F(RealScript, UsageTellsABusyLoopFromASleeper) {
  set_script(R"(
import signal, time
while time.process_time() < 2: pass
signal.pause()
)");
  const auto cpu = [this] {
    std::vector<double> percents;
    for (const auto& [kind, body] : link_.records()) {
      if (kind == hostlink::RecordKind::kUsage)
        percents.push_back(body.double_or("cpu_percent", -1));
    }
    return percents;
  };
  // Percent of a core, one sample per second: they add up to what was burnt, however long that
  // took.
  const auto burnt_seconds = [&] {
    const std::vector<double> percents = cpu();
    return std::accumulate(percents.begin(), percents.end(), 0.0) / 100;
  };
  plan_.max_runtime_seconds = 60;
  const std::jthread stopper = stop_when([&] { return burnt_seconds() > 1.6 && cpu().back() < 5; });
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(ended().string_or("outcome", ""), "stopped") << "the samples never told a sleeper";
  EXPECT_LT(burnt_seconds(), 2.8);
}

TEST_F(RealScript, InstallsRequirementsOnceAndSaysWhatCannotBeInstalled) {
  use_python_with_pip();
  set_code({{"train.py", "import helper; print('helped', helper.WORD)"},
            {"requirements.txt", "./helper-1.0-py3-none-any.whl\n"},
            {"helper-1.0-py3-none-any.whl",
             read_file(CLARY_HOST_TESTDATA "/helper-1.0-py3-none-any.whl").value_or("")}});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(ended().string_or("outcome", ""), "completed")
      << failure() << join(link_.lines(), "\n");
  EXPECT_TRUE(logged("helped yes"));
  EXPECT_TRUE(logged("Installed for this job: helper==1.0"));

  again();
  ASSERT_EQ(run(), kHostReported);
  EXPECT_TRUE(logged("Requirements are installed already: helper==1.0"));
  EXPECT_TRUE(logged("helped yes"));

  again();
  set_code({{"train.py", "print('never')"},
            {"requirements.txt", "--no-index\nclary-has-no-such-package==1.0\n"}});
  plan_.network_isolation = true;
  ASSERT_EQ(run(), kHostReported);
  EXPECT_TRUE(
      failure().starts_with("AlgorithmError: InstallRequirementsError:\nExitCode 1\nErrorMessage "
                            "\"\"\nExtraInfo \"ERROR: Could not find a version"))
      << failure();
  EXPECT_TRUE(failure().ends_with("Command \"" + plan_.interpreter.python +
                                  " -m pip install -r requirements.txt\", exit code: 1"))
      << failure();
  EXPECT_FALSE(logged("never"));
}

TEST_F(RealScript, WhatIsRequiredStandsBeforeWhatTheEnvironmentHas) {
  use_python_with_pip();
  const std::string site = folder_.at("old/lib/site-packages");
  const std::string old = folder_.write("old/lib/site-packages/helper.py", "WORD = 'old'\n");
  folder_.write("old/lib/site-packages/helper-0.9.dist-info/METADATA",
                "Metadata-Version: 2.1\nName: helper\nVersion: 0.9\n");
  folder_.write("old/lib/site-packages/helper-0.9.dist-info/RECORD",
                "helper.py,,\nhelper-0.9.dist-info/METADATA,,\nhelper-0.9.dist-info/RECORD,,\n");
  const auto path = run_subprocess({.command = {plan_.interpreter.python, "-I", "-c",
                                                "import sys; print('\\n'.join(sys.path))"}});
  ASSERT_TRUE(path.ok());
  plan_.interpreter.sys_path = {site};
  for (const std::string_view line : split(trim(path->output), '\n'))
    plan_.interpreter.sys_path.emplace_back(line);
  plan_.interpreter.prefixes.push_back(folder_.at("old"));
  plan_.interpreter.packages = {{"helper", "0.9"}};
  set_code({{"train.py",
             "import helper, importlib.metadata as m; print(helper.WORD, m.version('helper'))"},
            {"requirements.txt", "./helper-1.0-py3-none-any.whl\n"},
            {"helper-1.0-py3-none-any.whl",
             read_file(CLARY_HOST_TESTDATA "/helper-1.0-py3-none-any.whl").value_or("")}});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(ended().string_or("outcome", ""), "completed")
      << failure() << join(link_.lines(), "\n");
  EXPECT_TRUE(logged("Installed for this job: helper==1.0 (in place of 0.9)"));
  EXPECT_TRUE(logged("yes 1.0"));
  EXPECT_EQ(read_file(old).value(), "WORD = 'old'\n") << "the environment itself is not written";
}

}  // namespace
}  // namespace clary::host
