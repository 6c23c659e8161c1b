#include "serving/fork_server.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/files.h"
#include "base/strings.h"

namespace clary::serving {
namespace {

constexpr int kControlDescriptor = 3;  // in the process: fork_server.py
constexpr Duration kPatience = std::chrono::seconds(10);
constexpr int kEndWaitMilliseconds = 2000;

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// What posix_spawn(3) is told, freed with its owner.
struct SpawnPlan {
  SpawnPlan() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

// A process group of its own: what a person types into the terminal is the server's to pass on.
Result<pid_t> spawn_process(const PythonProgram& program, const Fd& control) {
  const std::vector<std::string> words = {
      program.interpreter, path_join(program.package_folder, "clary_serving/fork_server.py"),
      program.model_folder};
  SpawnPlan plan;
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  ::posix_spawnattr_setsigmask(&plan.attributes, &none);
  ::posix_spawnattr_setsigdefault(&plan.attributes, &all);
  ::posix_spawnattr_setpgroup(&plan.attributes, 0);
  ::posix_spawnattr_setflags(
      &plan.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  ::posix_spawn_file_actions_addopen(&plan.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addchdir_np(&plan.actions, program.model_folder.c_str());
  ::posix_spawn_file_actions_adddup2(&plan.actions, control.get(), kControlDescriptor);
  pid_t pid = 0;
  const int failure =
      ::posix_spawnp(&pid, program.interpreter.c_str(), &plan.actions, &plan.attributes,
                     pointers(words).data(), pointers(program.environment).data());
  if (failure != 0) return system_error("start '" + program.interpreter + "'", failure);
  return pid;
}

}  // namespace

std::string ending_in_words(std::string_view how) {
  const std::size_t space = how.find(' ');
  const std::string_view word = how.substr(0, space);
  const std::string number(space == std::string_view::npos ? "" : how.substr(space + 1));
  if (word == "exit") return "exit status " + number;
  if (word != "signal") return std::string(how);
  const int signal = static_cast<int>(parse_int(number).value_or(0));
  const char* const name = ::sigabbrev_np(signal);
  const std::string text = name == nullptr ? "signal " + number : std::string("SIG") + name;
  return signal == SIGKILL ? text + "; the kernel does so when memory runs out" : text;
}

Result<std::shared_ptr<ForkServer>> ForkServer::spawn(const PythonProgram& program,
                                                      const Clock& clock) {
  CLARY_TRY(auto ends, WorkerSocket::make_pair());
  CLARY_TRY(const pid_t pid, spawn_process(program, ends.second));
  return std::shared_ptr<ForkServer>(new ForkServer(std::move(ends.first), pid, clock));
}

Status ForkServer::wait_until_ready(Duration deadline) {
  MutexLock lock(mutex_);
  const Result<ReceivedFrame> preloaded = receive(FrameKind::kPreloaded, deadline);
  if (preloaded.ok()) return {};
  return unavailable(
      "the interpreter does not run the model server's Python; what it says stands "
      "above (" +
      preloaded.error().message + ")");
}

ForkServer::~ForkServer() {
  kill();
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
}

void ForkServer::kill() { ::kill(-pid_, SIGKILL); }

Result<ReceivedFrame> ForkServer::receive(FrameKind wanted, Duration deadline) {
  Result<ReceivedFrame> frame = control_.receive(clock_, deadline);
  if (frame.ok() && frame->kind != wanted)
    return internal_error("the fork server sends what it was not asked for");
  return frame;
}

Result<ForkedWorker> ForkServer::fork_worker() {
  CLARY_TRY(auto ends, WorkerSocket::make_pair());
  MutexLock lock(mutex_);
  CLARY_RETURN_IF_ERROR(control_.send(FrameKind::kStart, {}, Payload(), &ends.second));
  CLARY_TRY(const ReceivedFrame started, receive(FrameKind::kStarted, clock_.steady() + kPatience));
  const auto pid = started.fields.find_number("pid");
  if (!pid || *pid <= 1) return internal_error("the fork server names no process");
  return ForkedWorker{.socket = std::move(ends.first), .pid = static_cast<pid_t>(*pid)};
}

std::string ForkServer::end_worker(pid_t pid) {
  FrameFields ask;
  ask.add("pid", std::to_string(pid));
  ask.add("wait_ms", std::to_string(kEndWaitMilliseconds));
  MutexLock lock(mutex_);
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (!control_.send(FrameKind::kIsEnded, ask).ok()) break;
    const auto answer = receive(FrameKind::kEnded, clock_.steady() + kPatience);
    if (!answer.ok()) break;
    const std::string* const how = answer->fields.find("how");
    if (how != nullptr && *how != "running") return ending_in_words(*how);
    kill_worker(pid);
  }
  return "its fork server has ended too";
}

}  // namespace clary::serving
