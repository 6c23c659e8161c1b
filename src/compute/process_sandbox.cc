// ProcessSandbox: plain processes of the machine, in a network of their own where there is one.
// Chosen by name, for machines on which bubblewrap cannot run; lacks() says what is missing. Every
// process carries CLARY_SANDBOX in its environment: that is how they are found again.
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/files.h"
#include "base/id_source.h"
#include "base/strings.h"
#include "compute/launch.h"
#include "compute/memory_cgroup.h"
#include "compute/overlay.h"
#include "compute/sandbox.h"
#include "compute/user_namespace.h"

namespace clary::compute {
namespace {

constexpr std::string_view kJobRoot = "/opt/ml";

std::vector<pid_t> processes_marked(const std::string& mark) {
  std::vector<pid_t> found;
  for (const std::string& name : list_folder("/proc").value_or({})) {
    const auto pid = parse_int(name);
    if (!pid) continue;
    const Result<std::string> environment = read_file("/proc/" + name + "/environ");
    if (!environment.ok()) continue;
    const auto variables = split(*environment, '\0');
    if (std::find(variables.begin(), variables.end(), mark) != variables.end())
      found.push_back(static_cast<pid_t>(*pid));
  }
  return found;
}

// Until none is left: a process may fork while the others are being killed.
Status kill_marked(const std::string& mark) {
  for (int round = 0; round < 100; ++round) {
    const std::vector<pid_t> processes = processes_marked(mark);
    if (processes.empty()) return {};
    for (const pid_t pid : processes) {
      const Result<Fd> process = open_pid(pid);
      if (!process.ok()) continue;  // it has ended
      CLARY_RETURN_IF_ERROR(signal_pid(*process, SIGKILL));
      pollfd ended{process->get(), POLLIN, 0};
      ::poll(&ended, 1, 100);
    }
  }
  return timed_out("sandbox: processes of the job are still there");
}

class PlainProcess final : public SandboxedProcess {
 public:
  PlainProcess(Child child, std::string mark, std::shared_ptr<MemoryCgroup> memory)
      : child_(std::move(child)),
        mark_(std::move(mark)),
        memory_(std::move(memory)),
        kills_before_(memory_->out_of_memory_kills()) {}

  Status signal(int number) override { return child_.signal(number); }
  Status kill_all() override {
    CLARY_RETURN_IF_ERROR(child_.signal(SIGKILL));
    return kill_marked(mark_);
  }
  Result<std::optional<ExitStatus>> wait(Duration timeout) override {
    CLARY_TRY(const std::optional<Child::End> end, child_.wait(timeout));
    if (!end) return std::optional<ExitStatus>();
    if (!status_) {
      const bool killed = end->signal == SIGKILL && memory_->out_of_memory_kills() > kills_before_;
      status_ = ExitStatus{end->code, end->signal, killed};
    }
    return status_;
  }
  pid_t pid() const override { return child_.pid(); }

 private:
  Child child_;
  std::string mark_;
  std::shared_ptr<MemoryCgroup> memory_;
  std::uint64_t kills_before_;
  std::optional<ExitStatus> status_;
};

class ProcessSandbox final : public Sandbox {
 public:
  ~ProcessSandbox() override { static_cast<void>(destroy().ok()); }

  Status prepare(const SandboxSpec& spec) override {
    spec_ = spec;
    mark_ = "CLARY_SANDBOX=" + RandomIds().hex(24);
    memory_ = std::make_shared<MemoryCgroup>();
    lacks_ = {"no files of its own: the job sees this machine's", "no processes of its own",
              "no " + std::string(kJobRoot) + ": the job folder is " + spec.job_folder};
    if (spec_.network_namespace < 0) lacks_.push_back("no network of its own");
    if (!is_real_root()) spec_.run_as_uid.reset();
    if (is_real_root() && !spec_.run_as_uid) {
      return invalid_argument("sandbox: run as root, it needs an unprivileged user for the job");
    }
    CLARY_RETURN_IF_ERROR(make_folders(spec_.folder));
    for (const Mount& mount : spec_.mounts) {
      if (mount.source != mount.target)
        lacks_.push_back("'" + mount.target + "' is at '" + mount.source + "'");
    }
    for (const SandboxSpec::Overlay& overlay : spec_.overlays) {
      if (!overlay.optional) CLARY_RETURN_IF_ERROR(copy_channel(overlay));
    }
    limit_memory();
    return {};
  }

  Result<std::unique_ptr<SandboxedProcess>> spawn(const ProcessSpec& process) override {
    if (mark_.empty()) return invalid_argument("sandbox: not prepared");
    if (spec_.run_as_uid) {
      const Status given = give_tree(spec_.job_folder, *spec_.run_as_uid);
      if (!given.ok()) return not_of_command(given.error());
    }
    Launch launch;
    launch.argv = process.argv;
    for (const auto& [name, value] : process.environment)
      launch.environment.push_back(name + "=" + value);
    launch.environment.push_back("SAGEMAKER_BASE_DIR=" + spec_.job_folder);
    launch.environment.push_back(mark_);
    CLARY_TRY(launch.working_folder, place_of(process.working_folder));
    launch.stdio = {-1, process.stdout_fd, process.stderr_fd};
    if (const std::string procs = memory_->procs_file(); !procs.empty())
      launch.cgroups.push_back(procs);
    if (spec_.user_namespace >= 0) launch.joins.push_back({spec_.user_namespace, CLONE_NEWUSER});
    if (spec_.network_namespace >= 0)
      launch.joins.push_back({spec_.network_namespace, CLONE_NEWNET});
    launch.user = spec_.run_as_uid;
    launch.process_limit = spec_.process_limit;
    launch.confined = true;
    CLARY_TRY(Child child, Child::start(launch));
    return std::unique_ptr<SandboxedProcess>(
        std::make_unique<PlainProcess>(std::move(child), mark_, memory_));
  }

  Status destroy() override {
    if (mark_.empty()) return {};
    CLARY_RETURN_IF_ERROR(kill_marked(mark_));
    mark_.clear();
    return {};
  }

  std::string name() const override { return "process"; }
  std::string job_root() const override { return spec_.job_folder; }
  std::vector<std::string> lacks() const override { return lacks_; }

 private:
  // Where a path of the container's is on the machine.
  Result<std::string> place_of(const std::string& path) const {
    if (path == kJobRoot) return spec_.job_folder;
    if (path.starts_with(std::string(kJobRoot) + "/"))
      return path_join(spec_.job_folder, path.substr(kJobRoot.size() + 1));
    return path;
  }

  Status copy_channel(const SandboxSpec::Overlay& overlay) {
    CLARY_TRY(const std::string target, place_of(overlay.target));
    if (target == overlay.target && !target.starts_with(spec_.job_folder + "/")) {
      return unsupported("sandbox process: cannot show a tree at '" + overlay.target +
                         "', outside of " + std::string(kJobRoot));
    }
    CLARY_RETURN_IF_ERROR(make_folders(folder_of(target)));
    return copy_tree(overlay.lower, target);
  }

  void limit_memory() {
    if (spec_.memory_limit_bytes == 0) return;
    Result<MemoryCgroup> made =
        MemoryCgroup::make(mark_.substr(mark_.find('=') + 1), spec_.memory_limit_bytes);
    if (made.ok()) {
      *memory_ = std::move(made).value();
    } else {
      lacks_.push_back(made.error().message);
    }
  }

  SandboxSpec spec_;
  std::string mark_;  // of the environment; empty before prepare
  std::shared_ptr<MemoryCgroup> memory_ = std::make_shared<MemoryCgroup>();
  std::vector<std::string> lacks_;
};

}  // namespace

std::unique_ptr<Sandbox> make_process_sandbox() { return std::make_unique<ProcessSandbox>(); }

}  // namespace clary::compute
