// The conformance suite on both sandboxes, and what only bubblewrap gives.
#include "compute/sandbox.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/files.h"
#include "base/strings.h"
#include "compute/launch.h"
#include "compute/network.h"
#include "compute/sandbox_conformance.h"
#include "compute/sandbox_view.h"
#include "compute/user_namespace.h"

namespace clary::compute {
namespace {

INSTANTIATE_TEST_SUITE_P(Bubblewrap, SandboxConformance,
                         testing::Values(SandboxCase{"bubblewrap", make_bubblewrap_sandbox}));
INSTANTIATE_TEST_SUITE_P(Process, SandboxConformance,
                         testing::Values(SandboxCase{"process", make_process_sandbox}));

class BubblewrapTest : public SandboxFixture {
 protected:
  void prepare() {
    sandbox_ = make_bubblewrap_sandbox();
    const Status prepared = sandbox_->prepare(spec_);
    ASSERT_TRUE(prepared.ok()) << prepared.error().message;
  }
};

TEST_F(BubblewrapTest, CanRunHere) {
  const Status probed = probe_bubblewrap();
  EXPECT_TRUE(probed.ok()) << probed.error().message;
}

TEST_F(BubblewrapTest, HasNamesOfItsOwn) {
  prepare();
  EXPECT_EQ(run("hostname; id -u; id -un; pwd; getent hosts algo-1 | wc -l").output,
            "algo-1\n0\nroot\n/opt/ml\n1\n");
}

TEST_F(BubblewrapTest, HasNoPowers) {
  prepare();
  const std::string status = run("grep -E '^(Cap|NoNewPrivs)' /proc/self/status").output;
  EXPECT_EQ(status,
            "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:"
            "\t0000000000000000\nCapBnd:\t0000000000000000\n"
            "CapAmb:\t0000000000000000\nNoNewPrivs:\t1\n");
  EXPECT_NE(run("unshare --user true").status.code, 0);
  EXPECT_NE(run("mount -t tmpfs none /tmp").status.code, 0);
  EXPECT_NE(run("echo x > /usr/x").status.code, 0);
  EXPECT_NE(run("echo x > /x").status.code, 0);
}

TEST_F(BubblewrapTest, SeesOnlyWhatItIsGiven) {
  write(folder_ + "/secret", "key");
  ASSERT_TRUE(make_folders(folder_ + "/prefix").ok());
  write(folder_ + "/prefix/lib", "library");
  spec_.mounts = {{folder_ + "/prefix", folder_ + "/prefix"}};
  prepare();
  EXPECT_EQ(run("cat " + folder_ + "/prefix/lib").output, "library");
  EXPECT_EQ(run("ls " + folder_).output, "prefix\n");
  EXPECT_NE(run("echo x > " + folder_ + "/prefix/lib").status.code, 0);
  EXPECT_EQ(run("ls /home /etc/shadow /var/lib 2>/dev/null | wc -l").output, "0\n");
  EXPECT_EQ(run("ls -A /root /tmp | grep -vE '^(/.*:|)$' | grep -v '^" +
                std::string(split(folder_.substr(1), '/')[1]) + "'")
                .output,
            "");
  EXPECT_EQ(run("ps -e -o comm= 2>/dev/null | grep -vE '^(bash|ps|grep)$'").output, "");
  EXPECT_EQ(run("ls /dev | grep -v console | tr '\\n' ' '").output,
            "core fd full null ptmx pts random shm stderr stdin stdout tty urandom zero ");
}

TEST_F(BubblewrapTest, ReachesAPrefixInAFolderOthersCannotEnter) {
  ASSERT_TRUE(make_folders(folder_ + "/home/.pyenv/bin").ok());
  write(folder_ + "/home/.pyenv/bin/python", "#!/bin/sh\necho ran");
  ASSERT_EQ(::chmod((folder_ + "/home/.pyenv/bin/python").c_str(), 0755), 0);
  ASSERT_EQ(::chmod((folder_ + "/home").c_str(), 0700), 0);
  spec_.mounts = {{folder_ + "/home/.pyenv", folder_ + "/home/.pyenv"}};
  prepare();
  EXPECT_EQ(run(folder_ + "/home/.pyenv/bin/python").output, "ran\n");
}

TEST_F(BubblewrapTest, HasPlacesToWrite) {
  prepare();
  EXPECT_EQ(run("for d in /tmp /var/tmp /dev/shm /root /run; do echo x > $d/x && echo $d; done; "
                "touch $(mktemp)")
                .output,
            "/tmp\n/var/tmp\n/dev/shm\n/root\n/run\n");
}

TEST_F(BubblewrapTest, FilesOfTheJobBelongToItsUser) {
  prepare();
  EXPECT_EQ(
      run("touch /opt/ml/made && stat -c %u /opt/ml/made /opt/ml/input/data/train/data.csv").output,
      "0\n0\n");
  struct stat found{};
  ASSERT_EQ(::stat((spec_.job_folder + "/made").c_str(), &found), 0);
  EXPECT_EQ(found.st_uid, spec_.run_as_uid.value_or(::geteuid()));
}

TEST_F(BubblewrapTest, AScriptThatKillsItsParentEndsOnlyItself) {
  prepare();
  const auto process = start("kill -9 $PPID 1; kill -9 -1; exit 3");
  end_of(*process);
  EXPECT_EQ(run("exit 4").status.code, 4);
}

// Where no memory cgroup can be made, the limit is not there: then that is said, and the script
// runs without it.
TEST_F(BubblewrapTest, LimitsMemoryAndNoticesThatItRanOutOrSaysThatItCannot) {
  spec_.memory_limit_bytes = 64 << 20;
  prepare();
  const std::vector<std::string> lacks = sandbox_->lacks();
  const bool limited = std::ranges::none_of(
      lacks, [](const std::string& lack) { return lack.starts_with("no memory limit: "); });
  const auto ran = run("x=$(head -c 150000000 /dev/zero | tr '\\0' x); echo ${#x}");
  EXPECT_EQ(ran.status.out_of_memory, limited) << join(lacks, "; ");
  EXPECT_EQ(ran.output == "150000000\n", !limited) << ran.output;
}

TEST_F(BubblewrapTest, EndsWithTheProcessThatMadeIt) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const pid_t host = ::fork();
  if (host == 0) {
    auto own = make_bubblewrap_sandbox();
    const bool prepared = own->prepare(spec_).ok();
    const auto process = own->spawn({.argv = {"bash", "-c", "echo ready; sleep 1000"},
                                     .environment = environment_,
                                     .stdout_fd = ends[1]});
    if (!prepared || !process.ok()) ::_exit(1);
    ::pause();
  }
  output_ = Fd(ends[0]);
  output_writer_ = Fd(ends[1]);
  output_until("ready");
  ASSERT_EQ(::kill(host, SIGKILL), 0);
  output_until("");
  EXPECT_EQ(::waitpid(host, nullptr, 0), host);
}

TEST_F(BubblewrapTest, StandsInTheNetworkOfItsHost) {
  const auto network = JobNetwork::create({.way_out = false, .listen_inside = "127.0.0.1:4580"});
  ASSERT_TRUE(network.ok()) << network.error().message;
  spec_.network_namespace = (*network)->network_namespace();
  spec_.user_namespace = (*network)->user_namespace();
  prepare();
  EXPECT_EQ(run("tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' | sort | tr '\\n' ' '").output,
            "eth0 link0 lo ");
  EXPECT_EQ(run("echo x > /dev/tcp/127.0.0.1/4580 && getent hosts algo-1").output,
            "10.77.0.1       algo-1\n");
  EXPECT_EQ(run("grep -c . /etc/resolv.conf").output, "1\n");
  EXPECT_NE(run("echo x > /dev/tcp/127.0.0.1/22").status.code, 0);
  EXPECT_EQ(run("grep CapEff /proc/self/status").output, "CapEff:\t0000000000000000\n");
  EXPECT_TRUE(sandbox_->lacks().empty());
}

TEST_F(BubblewrapTest, APlainProcessStandsInItTooButSeesTheMachine) {
  const auto network = JobNetwork::create({.way_out = false, .listen_inside = "127.0.0.1:4580"});
  ASSERT_TRUE(network.ok()) << network.error().message;
  spec_.network_namespace = (*network)->network_namespace();
  spec_.user_namespace = (*network)->user_namespace();
  sandbox_ = make_process_sandbox();
  ASSERT_TRUE(sandbox_->prepare(spec_).ok());
  EXPECT_EQ(
      run("grep -c eth0 /proc/net/dev; echo x > /dev/tcp/127.0.0.1/4580 && echo reached").output,
      "1\nreached\n");
  EXPECT_FALSE(sandbox_->lacks().empty());
}

TEST_F(BubblewrapTest, RefusesToCoverWhatItIsMadeOf) {
  sandbox_ = make_bubblewrap_sandbox();
  for (const char* target : {"/", "/proc/x", "/etc", "/dev", "relative", "/a/../etc"}) {
    spec_.mounts = {{folder_, target}};
    EXPECT_EQ(sandbox_->prepare(spec_).error().code, ErrorCode::kInvalidArgument) << target;
  }
}

TEST(SandboxView, HostsKeepTheMachinesOwnNames) {
  SandboxSpec spec;
  spec.hosts = {"algo-1", "algo-2"};
  spec.network_namespace = 3;
  EXPECT_EQ(hosts_text(spec, "# c\n127.0.1.1 me\n10.1.2.3 mirror\n::1 x\n\n"),
            "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n10.77.0.1 "
            "algo-1\n10.77.0.2 algo-2\n10.1.2.3 mirror\n");
  spec.network_namespace = -1;
  EXPECT_NE(hosts_text(spec, "").find("127.0.0.1 algo-1\n"), std::string::npos);
}

TEST(SandboxView, ShowsNothingOfEtcThatNamesPeopleOrKeys) {
  EXPECT_TRUE(is_shown_in_etc("/etc/ssl/certs/ca-certificates.crt"));
  for (const char* path : {"/etc/pip.conf", "/etc/xdg/pip/pip.conf", "/etc/passwd", "/etc/shadow",
                           "/etc/group", "/etc/hosts", "/etc/netrc", "/etc/ssl/private/key.pem",
                           "/etc/ssh/ssh_config", "/etc/environment", "/etc"}) {
    EXPECT_FALSE(is_shown_in_etc(path)) << path;
  }
}

TEST(SandboxView, ShowsTheGrantedDevicesOnly) {
  SandboxSpec spec;
  const MachineView machine{.gpu_support = {"/dev/nvidiactl"}};
  const auto without = view_arguments(spec, machine, {}).value();
  EXPECT_EQ(std::count(without.begin(), without.end(), "--dev-bind"), 0);
  spec.gpu_devices = {"/dev/nvidia1"};
  const std::string with = join(view_arguments(spec, machine, {}).value(), " ");
  EXPECT_NE(
      with.find("--dev-bind /dev/nvidia1 /dev/nvidia1 --dev-bind /dev/nvidiactl /dev/nvidiactl"),
      std::string::npos);
}

TEST(Launch, NamesTheStepThatFailed) {
  const auto started = launch({.argv = {"true"}, .working_folder = "/no/such/folder"});
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().message,
            "start 'true': enter its working folder: No such file or directory");
  EXPECT_EQ(started.error().code, ErrorCode::kInternal) << "the program is there";
  const auto absent = launch({.argv = {"no-such-program"}});
  ASSERT_FALSE(absent.ok());
  EXPECT_EQ(absent.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(absent.error().message, "no command 'no-such-program'");
}

}  // namespace
}  // namespace clary::compute
