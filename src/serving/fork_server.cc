#include "serving/fork_server.h"

#include <unistd.h>

#include <cstring>
#include <numeric>
#include <utility>

#include "base/files.h"
#include "base/start_program.h"
#include "base/strings.h"

namespace clary::serving {
namespace {

constexpr Duration kPatience = std::chrono::seconds(10);
constexpr int kEndWaitMilliseconds = 2000;

// "Pss:  1234 kB" of proc(5)'s smaps_rollup; 0 where it cannot be read.
std::uint64_t memory_of(pid_t pid) {
  const Result<std::string> text = read_file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  if (!text.ok()) return 0;
  for (const std::string_view line : split(*text, '\n')) {
    if (!line.starts_with("Pss:") || !line.ends_with("kB")) continue;
    const auto kibibytes = parse_int(trim(line.substr(4, line.size() - 6)));
    return kibibytes && *kibibytes > 0 ? static_cast<std::uint64_t>(*kibibytes) << 10 : 0;
  }
  return 0;
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
  // What a person types into the terminal is the server's to pass on: a group of its own.
  CLARY_TRY(
      const pid_t pid,
      start_program({.command = {program.interpreter,
                                 path_join(program.package_folder, "clary_serving/fork_server.py"),
                                 program.model_folder},
                     .environment = program.environment,
                     .folder = program.model_folder,
                     .streams = {-1, STDOUT_FILENO, STDERR_FILENO},
                     .fourth = ends.second.get(),
                     .open_files = program.open_files,
                     .timeout = kPatience}));
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
  wait_for_process(pid_);
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
  {
    MutexLock pids(pids_mutex_);
    pids_.insert(static_cast<pid_t>(*pid));
  }
  return ForkedWorker{.socket = std::move(ends.first), .pid = static_cast<pid_t>(*pid)};
}

std::uint64_t ForkServer::memory_bytes() const {
  MutexLock lock(pids_mutex_);
  return std::accumulate(pids_.begin(), pids_.end(), memory_of(pid_),
                         [](std::uint64_t sum, pid_t pid) { return sum + memory_of(pid); });
}

std::string ForkServer::end_worker(pid_t pid) {
  {
    MutexLock pids(pids_mutex_);
    pids_.erase(pid);
  }
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
