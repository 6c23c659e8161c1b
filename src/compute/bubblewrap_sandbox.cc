// BubblewrapSandbox: bubblewrap makes the sandbox, around a process that only waits and reaps (its
// pid 1); the user's processes are started into its namespaces as children of this one, so that
// their signals and exit statuses are their own.
//
// Real root makes everything as root, and a user's process becomes uid 0 of a user namespace that
// is an unprivileged user outside. Anybody else makes everything inside such a namespace. When this
// process dies, pid 1 reads the end of its standard input and ends, and with it everything inside.
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>

#include "base/files.h"
#include "base/json.h"
#include "base/pipe.h"
#include "base/strings.h"
#include "compute/launch.h"
#include "compute/memory_cgroup.h"
#include "compute/overlay.h"
#include "compute/programs.h"
#include "compute/sandbox.h"
#include "compute/sandbox_view.h"
#include "compute/user_namespace.h"

namespace clary::compute {
namespace {

using std::chrono::seconds;

constexpr int kSandboxNamespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
constexpr const char* kPidOne =
    "trap '' HUP INT QUIT TERM USR1 USR2 PIPE ALRM; echo ready; read -r _";

// Reads until `stop` is in the text, the end, or the deadline.
std::string read_until(const Fd& from, std::string_view stop, Duration timeout) {
  std::string text;
  std::array<char, 512> piece{};
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (text.find(stop) == std::string::npos) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd wait{from.get(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0) break;
    const ssize_t got = ::read(from.get(), piece.data(), piece.size());
    if (got <= 0) break;
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  return text;
}

// What runs in one sandbox, from its start to its end. pid 1 ends after all others, and those that
// are children of this process end when they have been waited for.
class ProcessTree {
 public:
  explicit ProcessTree(Fd pid_one) : pid_one_(std::move(pid_one)) {}

  const Fd& pid_one() const { return pid_one_; }
  bool running() const { return !ended_within(Duration(0)); }
  void add(const std::shared_ptr<Child>& child) { children_.push_back(child); }

  // Everything has ended when this returns; the children keep their exit statuses.
  Status kill_all() {
    CLARY_RETURN_IF_ERROR(signal_pid(pid_one_, SIGKILL));
    for (const std::weak_ptr<Child>& weak : children_) {
      if (const std::shared_ptr<Child> child = weak.lock())
        CLARY_RETURN_IF_ERROR(child->wait(seconds(10)));
    }
    if (!ended_within(seconds(10))) return timed_out("sandbox: a process of the job does not end");
    return {};
  }

 private:
  bool ended_within(Duration timeout) const {
    pollfd ended{pid_one_.get(), POLLIN, 0};
    return ::poll(&ended, 1,
                  static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(timeout).count())) >
           0;
  }

  Fd pid_one_;
  std::vector<std::weak_ptr<Child>> children_;
};

class BubblewrappedProcess final : public SandboxedProcess {
 public:
  BubblewrappedProcess(std::shared_ptr<Child> child, std::shared_ptr<ProcessTree> processes,
                       std::shared_ptr<MemoryCgroup> memory)
      : child_(std::move(child)),
        processes_(std::move(processes)),
        memory_(std::move(memory)),
        kills_before_(memory_->out_of_memory_kills()) {}

  Status signal(int number) override { return child_->signal(number); }
  Status kill_all() override { return processes_->kill_all(); }
  Result<std::optional<ExitStatus>> wait(Duration timeout) override {
    CLARY_TRY(const std::optional<Child::End> end, child_->wait(timeout));
    if (!end) return std::optional<ExitStatus>();
    if (!status_) {
      const bool killed = end->signal == SIGKILL && memory_->out_of_memory_kills() > kills_before_;
      status_ = ExitStatus{end->code, end->signal, killed};
    }
    return status_;
  }
  pid_t pid() const override { return child_->pid(); }

 private:
  std::shared_ptr<Child> child_;
  std::shared_ptr<ProcessTree> processes_;
  std::shared_ptr<MemoryCgroup> memory_;
  std::uint64_t kills_before_;
  std::optional<ExitStatus> status_;
};

class BubblewrapSandbox final : public Sandbox {
 public:
  ~BubblewrapSandbox() override { static_cast<void>(destroy().ok()); }

  Status prepare(const SandboxSpec& spec) override {
    spec_ = spec;
    as_root_ = is_real_root();
    lacks_.clear();
    if (as_root_ && !spec_.run_as_uid)
      return invalid_argument("sandbox: run as root, it needs an unprivileged user for the job");
    if (!as_root_) spec_.run_as_uid.reset();
    CLARY_RETURN_IF_ERROR(make_own_folders());
    CLARY_RETURN_IF_ERROR(make_users());
    limit_memory();
    if (spec_.network_namespace < 0) lacks_.push_back("no network of its own");
    return start();
  }

  Result<std::unique_ptr<SandboxedProcess>> spawn(const ProcessSpec& process) override {
    if (spec_.folder.empty()) return invalid_argument("sandbox: not prepared");
    if (const Status ready = get_ready(); !ready.ok()) return not_of_command(ready.error());
    Launch launch;
    launch.argv = process.argv;
    for (const auto& [name, value] : process.environment)
      launch.environment.push_back(name + "=" + value);
    launch.working_folder = process.working_folder;
    launch.stdio = {-1, process.stdout_fd, process.stderr_fd};
    if (const std::string procs = memory_->procs_file(); !procs.empty())
      launch.cgroups.push_back(procs);
    int namespaces = kSandboxNamespaces;
    if (!as_root_) namespaces |= CLONE_NEWUSER;
    if (spec_.network_namespace >= 0) namespaces |= CLONE_NEWNET;
    launch.joins = {{processes_->pid_one().get(), namespaces}};
    if (as_root_) launch.user_namespace = user_namespace();
    launch.process_limit = spec_.process_limit;
    launch.confined = true;
    CLARY_TRY(Child started, Child::start(launch));
    auto child = std::make_shared<Child>(std::move(started));
    processes_->add(child);
    return std::unique_ptr<SandboxedProcess>(
        std::make_unique<BubblewrappedProcess>(std::move(child), processes_, memory_));
  }

  Status destroy() override {
    if (processes_ != nullptr) CLARY_RETURN_IF_ERROR(processes_->kill_all());
    processes_.reset();
    bwrap_ = Child();
    overlays_.clear();
    if (spec_.folder.empty()) return {};
    for (const char* own : {"etc", "tmp", "home", "overlays"}) {
      CLARY_RETURN_IF_ERROR(remove_tree(path_join(spec_.folder, own)));
    }
    spec_ = {};
    return {};
  }

  std::string name() const override { return "bubblewrap"; }
  std::string job_root() const override { return "/opt/ml"; }
  std::vector<std::string> lacks() const override { return lacks_; }

 private:
  Status get_ready() {
    if (processes_ == nullptr || !processes_->running()) CLARY_RETURN_IF_ERROR(start());
    return spec_.run_as_uid ? give_tree(spec_.job_folder, *spec_.run_as_uid) : Status();
  }

  int user_namespace() const {
    return spec_.user_namespace >= 0 ? spec_.user_namespace : own_user_namespace_.get();
  }

  Status make_own_folders() {
    for (const auto& [name, mode] :
         {std::pair{"tmp", 01777}, std::pair{"home", 0700}, std::pair{"overlays", 0755}}) {
      const std::string folder = path_join(spec_.folder, name);
      CLARY_RETURN_IF_ERROR(make_folders(folder));
      if (::chmod(folder.c_str(), static_cast<mode_t>(mode)) != 0)
        return system_error("chmod '" + folder + "'");
      if (spec_.run_as_uid && ::chown(folder.c_str(), *spec_.run_as_uid, *spec_.run_as_uid) != 0) {
        return system_error("give away '" + folder + "'");
      }
    }
    return {};
  }

  Status make_users() {
    if (spec_.user_namespace >= 0) return {};
    const IdMap map{.outside_uid = spec_.run_as_uid.value_or(::geteuid()),
                    .outside_gid = spec_.run_as_uid.value_or(::getegid())};
    CLARY_TRY(own_user_namespace_, make_user_namespace(map));
    return {};
  }

  void limit_memory() {
    memory_ = std::make_shared<MemoryCgroup>();
    if (spec_.memory_limit_bytes == 0) return;
    const std::string name = replace_all(spec_.folder.substr(1), "/", "-");
    Result<MemoryCgroup> made = MemoryCgroup::make(
        name.substr(name.size() > 200 ? name.size() - 200 : 0), spec_.memory_limit_bytes);
    if (made.ok()) {
      *memory_ = std::move(made).value();
    } else {
      lacks_.push_back(made.error().message);
    }
  }

  // Makes the sandbox; where overlay mounts are not possible, without the optional ones, then with
  // copies of the channels.
  Status start() {
    Status mounted = start_with(prepare_overlay);
    const auto optional = [](const SandboxSpec::Overlay& overlay) { return overlay.optional; };
    if (mounted.ok() || overlay_failure_.empty()) return mounted;
    if (std::ranges::any_of(spec_.overlays, optional)) {
      lacks_.push_back("interpreters cannot be written to: " + overlay_failure_);
      for (const SandboxSpec::Overlay& overlay : spec_.overlays) {
        if (overlay.optional)
          spec_.mounts.push_back({.source = overlay.lower, .target = overlay.target});
      }
      std::erase_if(spec_.overlays, optional);
      mounted = start_with(prepare_overlay);
    }
    if (mounted.ok() || spec_.overlays.empty() || overlay_failure_.empty()) return mounted;
    lacks_.push_back("channels are copied: " + overlay_failure_);
    return start_with(copy_instead);
  }

  Status start_with(Result<Overlay> (*make)(const OverlaySpec&)) {
    overlays_.clear();
    overlay_failure_.clear();
    ViewParts parts{.home = path_join(spec_.folder, "home"),
                    .temporary = path_join(spec_.folder, "tmp")};
    for (std::size_t i = 0; i < spec_.overlays.size(); ++i) {
      const std::string folder = path_join(spec_.folder, "overlays/" + std::to_string(i));
      Result<Overlay> made =
          make({.lower = spec_.overlays[i].lower, .folder = folder, .user = spec_.run_as_uid});
      if (!made.ok()) {
        overlay_failure_ = made.error().message;
        return made.error();
      }
      parts.overlays.push_back({made->merged, spec_.overlays[i].target, true});
      overlays_.push_back(std::move(made).value());
    }
    const MachineView machine = look_at_machine();
    CLARY_TRY(parts.etc, write_etc(path_join(spec_.folder, "etc"), spec_, machine));
    CLARY_TRY(std::vector<std::string> arguments, view_arguments(spec_, machine, parts));
    return run_bwrap(std::move(arguments));
  }

  Status run_bwrap(std::vector<std::string> arguments) {
    CLARY_TRY(Pipe input, make_pipe());
    CLARY_TRY(Pipe output, make_pipe());
    CLARY_TRY(Pipe errors, make_pipe());
    CLARY_TRY(Pipe facts, make_pipe());
    Launch launch;
    launch.argv = {"bwrap", "--info-fd", std::to_string(facts.writer.get())};
    std::move(arguments.begin(), arguments.end(), std::back_inserter(launch.argv));
    for (const char* text : {"/bin/bash", "--norc", "--noprofile", "-c", kPidOne})
      launch.argv.emplace_back(text);
    launch.environment = {"PATH=" + program_path()};
    launch.stdio = {input.reader.get(), output.writer.get(), errors.writer.get()};
    launch.kept = {facts.writer.get()};
    if (!as_root_) launch.joins.push_back({user_namespace(), CLONE_NEWUSER});
    if (spec_.network_namespace >= 0)
      launch.joins.push_back({spec_.network_namespace, CLONE_NEWNET});
    for (const Overlay& overlay : overlays_) {
      launch.mounts.insert(launch.mounts.end(), overlay.mounts.begin(), overlay.mounts.end());
    }
    Result<Child> started = Child::start(launch);
    if (!started.ok()) {
      if (started.error().message.find("mount a layer") != std::string::npos)
        overlay_failure_ = started.error().message;
      const bool absent = started.error().code == ErrorCode::kNotFound;
      return absent ? unavailable("bubblewrap is not installed; run: apt-get install bubblewrap")
                    : started.error();
    }
    for (Pipe* pipe : {&output, &errors, &facts}) pipe->writer.close();
    return take_pid_one(std::move(started).value(), std::move(input.writer), output.reader,
                        errors.reader, facts.reader);
  }

  Status take_pid_one(Child bwrap, Fd input, const Fd& output, const Fd& errors, const Fd& facts) {
    const std::string said = read_until(facts, "}", seconds(10));
    const std::string ready = read_until(output, "ready", seconds(10));
    const Result<Document> info = parse_json(said);
    if (!info.ok() || ready.find("ready") == std::string::npos) {
      CLARY_RETURN_IF_ERROR(bwrap.signal(SIGKILL));
      const std::string reason(trim(read_until(errors, "\n", seconds(1))));
      return unavailable("bubblewrap cannot make a sandbox here: " +
                         (reason.empty() ? "it did not get ready" : reason) + mend(reason));
    }
    CLARY_TRY(Fd pid_one, open_pid(static_cast<pid_t>(info->int_or("child-pid", 0))));
    processes_ = std::make_shared<ProcessTree>(std::move(pid_one));
    bwrap_ = std::move(bwrap);
    input_ = std::move(input);
    return {};
  }

  static std::string mend(const std::string& reason) {
    if (reason.find("proc") == std::string::npos) return "";
    return "; the /proc of this machine is partly hidden, as in a container: run as root, or start "
           "the container with "
           "--security-opt systempaths=unconfined";
  }

  SandboxSpec spec_;
  bool as_root_ = false;
  Fd own_user_namespace_;
  std::vector<Overlay> overlays_;
  std::string overlay_failure_;  // of the last start, when an overlay was the reason
  std::shared_ptr<MemoryCgroup> memory_ = std::make_shared<MemoryCgroup>();
  Child bwrap_;
  std::shared_ptr<ProcessTree> processes_;
  Fd input_;  // pid 1 ends when this is closed
  std::vector<std::string> lacks_;
};

}  // namespace

std::unique_ptr<Sandbox> make_bubblewrap_sandbox() { return std::make_unique<BubblewrapSandbox>(); }

Status probe_bubblewrap() {
  std::string folder = "/tmp/clary-probe.XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return system_error("make '" + folder + "'");
  Status probed = make_folders(folder + "/ml");
  if (probed.ok()) {
    BubblewrapSandbox sandbox;
    SandboxSpec spec{.folder = folder + "/sandbox", .job_folder = folder + "/ml"};
    if (is_real_root()) spec.run_as_uid = 65534;
    probed = sandbox.prepare(spec);
    const auto process = probed.ok() ? sandbox.spawn({.argv = {"/bin/true"}}) : probed.error();
    if (probed.ok() && !process.ok()) probed = process.error();
  }
  const Status removed = remove_tree(folder);
  return probed.ok() ? removed : probed;
}

}  // namespace clary::compute
