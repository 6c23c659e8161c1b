#include "compute/local_backend.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <thread>
#include <utility>

#include "base/files.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/mutex.h"
#include "base/strings.h"
#include "compute/gang_files.h"
#include "compute/launch.h"
#include "compute/placement.h"

namespace clary::compute {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kQueueInterval = milliseconds(100);
constexpr int kStarts = 3;  // that came to nothing
constexpr int kFirstSignalCode =
    128;  // a shell's exit code for a program that signal n ended is 128 + n

struct Gang {
  GangSpec spec;
  // Nothing of it was started or stopped: its files need not be looked at. A long queue costs no
  // calls.
  bool untouched = false;
  std::optional<PlacedGang> placed;               // from its start to its end
  Duration placed_at{0};                          // on the steady clock
  std::vector<std::shared_ptr<const Fd>> shells;  // that this server started, one per host
  std::string waits_for;
  int starts = 0;       // since this server began
  std::string refusal;  // why it cannot be started at all
  bool ended = false;   // and will not change again
};

// The gang's hosts taken together.
GangStatus status_of(const Gang& gang) {
  if (gang.untouched && gang.refusal.empty()) return {GangState::kQueued, gang.waits_for, {}};
  const std::string& folder = gang.spec.folder;
  const bool stopped = is_stopped(folder);
  GangStatus status{.state = GangState::kEnded, .exit_code = 0};
  bool started = false;
  for (const GangHost& host : gang.spec.hosts) {
    const HostFiles files = read_host(folder, host.name);
    started = started || files.phase != HostPhase::kNotStarted;
    switch (files.phase) {
      case HostPhase::kNotStarted:
      case HostPhase::kStarting:
      case HostPhase::kRunning:
        if (status.state == GangState::kEnded) status = {.state = GangState::kRunning};
        break;
      case HostPhase::kEnded:
        if (files.exit_code > kFirstSignalCode && !stopped) {
          return {GangState::kLost,
                  "host '" + host.name + "' was ended by signal " +
                      std::to_string(files.exit_code - kFirstSignalCode),
                  {}};
        }
        if (status.exit_code == 0) status.exit_code = files.exit_code;
        break;
      case HostPhase::kLost:
        return {GangState::kLost, files.reason, {}};
    }
  }
  if (started) return status;
  if (stopped) return {GangState::kEnded, "stopped before it started", {}};
  if (!gang.refusal.empty()) return {GangState::kRefused, gang.refusal, {}};
  return gang.placed ? GangStatus{GangState::kRunning, "starting", {}}
                     : GangStatus{GangState::kQueued, gang.waits_for, {}};
}

bool nothing_started(const Gang& gang) {
  return std::ranges::all_of(gang.spec.hosts, [&](const GangHost& host) {
    return read_host(gang.spec.folder, host.name).phase == HostPhase::kNotStarted;
  });
}

// What of a gang has to be known to wait for its processes.
struct GangProcesses {
  GangSpec spec;
  std::vector<std::shared_ptr<const Fd>> shells;
};

bool has_ended(const Fd& process) {
  pollfd ended{process.get(), POLLIN, 0};
  return !process.valid() || ::poll(&ended, 1, 0) > 0;
}

// The host's files once its process is known, or is known not to come.
Result<HostFiles> settled(const GangProcesses& gang, std::size_t host) {
  const GangSpec& spec = gang.spec;
  for (int tries = 0; tries < 400; ++tries) {
    const bool shell_runs = host < gang.shells.size() && !has_ended(*gang.shells[host]);
    const HostFiles files = read_host(spec.folder, spec.hosts[host].name);
    const bool may_start = files.phase == HostPhase::kNotStarted && shell_runs;
    if (files.phase != HostPhase::kStarting && !may_start) return files;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return unavailable("gang '" + spec.id.value() + "': host '" + spec.hosts[host].name +
                     "' is still starting");
}

std::string gpu_devices(const std::vector<int>& gpus) {
  std::vector<std::string> devices;
  for (const int gpu : gpus) devices.push_back("/dev/nvidia" + std::to_string(gpu));
  return join(devices, ",");
}

class LocalBackend final : public ComputeBackend {
 public:
  LocalBackend(LocalBackendOptions options, const Clock& clock, const Logger& logger)
      : options_(std::move(options)),
        clock_(clock),
        logger_(logger),
        loop_("local-queue", kQueueInterval, [this](std::stop_token) { advance_queue(); }) {}

  Status take_up() {
    CLARY_RETURN_IF_ERROR(make_folders(options_.gangs_folder));
    CLARY_TRY(const std::vector<std::string> names, list_folder(options_.gangs_folder));
    const MutexLock lock(mutex_);
    for (const std::string& name : names) {
      const Result<GangSpec> spec = read_spec(path_join(options_.gangs_folder, name));
      if (!spec.ok() && spec.error().code == ErrorCode::kNotFound) continue;
      if (!spec.ok()) {
        logger_.warning("local back-end: a gang cannot be read",
                        {{"gang", name}, {"reason", spec.error().message}});
        continue;
      }
      add(*spec);
    }
    advance();
    return {};
  }

  Result<GangHandle> submit(const GangSpec& spec) override {
    if (spec.hosts.empty())
      return invalid_argument("gang '" + spec.id.value() + "': it has no hosts");
    const MutexLock lock(mutex_);
    if (gangs_.contains(spec.id)) return handle_of(gangs_.at(spec.id));
    GangSpec queued = spec;
    if (queued.asked == TimePoint()) queued.asked = clock_.now();
    const Status written = write_spec(queued);
    if (!written.ok() && written.error().code != ErrorCode::kAlreadyExists) return written.error();
    add(queued);
    advance();
    return handle_of(gangs_.at(spec.id));
  }

  Result<GangHandle> find(const GangId& id) override {
    const MutexLock lock(mutex_);
    const auto found = gangs_.find(id);
    if (found == gangs_.end()) return not_found("gang '" + id.value() + "': no such gang");
    return handle_of(found->second);
  }

  Result<GangStatus> inspect(const GangHandle& handle) override {
    CLARY_TRY(const GangId id, gang_of(handle));
    const MutexLock lock(mutex_);
    const auto found = gangs_.find(id);
    if (found == gangs_.end()) return GangStatus{GangState::kUnknown, "no such gang", {}};
    return refreshed(found->second);
  }

  Status stop(const GangHandle& handle, Duration) override {
    CLARY_TRY(const GangId id, gang_of(handle));
    CLARY_TRY(const std::optional<GangProcesses> gang, stopped_gang(id));
    if (!gang) return {};
    Status all;
    for (std::size_t i = 0; i < gang->spec.hosts.size(); ++i) {
      const Result<HostFiles> files = settled(*gang, i);
      const Status sent = files.ok() ? signal_marked(files->program, SIGTERM) : files.error();
      if (!sent.ok()) all = sent;
    }
    return all;
  }

  Status remove(const GangHandle& handle) override {
    CLARY_TRY(const GangId id, gang_of(handle));
    CLARY_TRY(const std::optional<GangProcesses> gang, stopped_gang(id));
    for (std::size_t i = 0; gang && i < gang->spec.hosts.size(); ++i) {
      CLARY_TRY(const HostFiles files, settled(*gang, i));
      CLARY_RETURN_IF_ERROR(signal_marked(files.program, SIGKILL));
      CLARY_RETURN_IF_ERROR(wait_gone(files.program));
      // It ends after the program, and notes how.
      CLARY_RETURN_IF_ERROR(wait_gone(files.waiter));
      if (files.waiter.pid > 0 && files.waiter.boot == current_boot())
        end_session(files.waiter.pid);
    }
    const MutexLock lock(mutex_);
    const auto found = gangs_.find(id);
    if (found == gangs_.end()) return {};
    // With the lock: without its files the gang would look as if it had not started yet.
    CLARY_RETURN_IF_ERROR(remove_tree(backend_folder(found->second.spec.folder)));
    gangs_.erase(found);
    advance();
    return {};
  }

  Result<std::vector<GangId>> list() override {
    const MutexLock lock(mutex_);
    std::vector<GangId> ids;
    for (const auto& [id, gang] : gangs_) ids.push_back(id);
    return ids;
  }

  Capabilities capabilities() const override {
    return {.name = "local", .total = options_.machine};
  }

 private:
  static GangHandle handle_of(const Gang& gang) {
    return {"local", 1, to_json(Document::object({{"gang", gang.spec.id.value()}}))};
  }
  static Result<GangId> gang_of(const GangHandle& handle) {
    if (handle.backend != "local" || handle.version != 1) {
      return invalid_argument("local back-end: a handle of back-end '" + handle.backend +
                              "', version " + std::to_string(handle.version));
    }
    CLARY_TRY(const Document document, parse_json(handle.bytes));
    return GangId(document.string_or("gang", ""));
  }

  // Marks the gang, so that nothing of it starts any more. Nothing for one that is not known. Its
  // processes are waited for without the lock: nobody else's gang waits for them.
  Result<std::optional<GangProcesses>> stopped_gang(const GangId& id) CLARY_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    const auto found = gangs_.find(id);
    if (found == gangs_.end()) return std::optional<GangProcesses>();
    Gang& gang = found->second;
    if (!gang.ended) CLARY_RETURN_IF_ERROR(mark_stopped(gang.spec.folder));
    gang.untouched = false;
    return std::optional(GangProcesses{gang.spec, gang.shells});
  }

  static Status signal_marked(const ProcessMark& mark, int number) {
    if (mark.pid <= 0) return {};
    const Result<Fd> process = open_pid(mark.pid);
    // Looked at after it was opened: the descriptor then is of the marked process, or of nobody.
    if (!process.ok() || !is_running(mark)) return {};
    return signal_pid(*process, number);
  }
  static Status wait_gone(const ProcessMark& mark) {
    if (mark.pid <= 0) return {};
    const Result<Fd> process = open_pid(mark.pid);
    if (!process.ok() || !is_running(mark)) return {};
    pollfd ended{process->get(), POLLIN, 0};
    if (::poll(&ended, 1, 5000) > 0) return {};
    return timed_out("process " + std::to_string(mark.pid) + " does not end");
  }

  void add(const GangSpec& spec) CLARY_REQUIRES(mutex_) {
    Gang gang{.spec = spec};
    Gang& added = gangs_.emplace(spec.id, std::move(gang)).first->second;
    const GangStatus status = refreshed(added);
    // What is written before anything is started.
    const bool was_placed = is_placed(spec);
    added.untouched = status.state == GangState::kQueued && !was_placed;
    // Which GPUs a gang of an earlier server was granted stands in its folder.
    if (status.state == GangState::kRunning) added.placed = read_placed(spec);
  }

  GangStatus refreshed(Gang& gang) CLARY_REQUIRES(mutex_) {
    // The shell that starts it may have been killed before it noted anything: then nothing has run,
    // and it waits again.
    const bool forgotten = gang.placed && clock_.steady() - gang.placed_at > kLongestStart;
    if (forgotten && nothing_started(gang)) {
      gang.placed.reset();
      if (gang.starts >= kStarts) gang.refusal = why_not_started(gang.spec);
    }
    const GangStatus status = status_of(gang);
    gang.ended = status.state == GangState::kEnded || status.state == GangState::kLost ||
                 status.state == GangState::kRefused;
    if (gang.ended) gang.placed.reset();
    return status;
  }

  void advance_queue() {
    const MutexLock lock(mutex_);
    const auto waits = [](const auto& entry) {
      return !entry.second.ended && !entry.second.placed;
    };
    if (std::ranges::any_of(gangs_, waits)) advance();
  }

  // Starts what fits.
  void advance() CLARY_REQUIRES(mutex_) {
    PlacementSnapshot snapshot{.machine = options_.machine, .cpus = options_.cpus};
    std::vector<Gang*> waiting;
    for (auto& [id, gang] : gangs_) {
      if (gang.ended) continue;
      const bool queued = refreshed(gang).state == GangState::kQueued;
      if (queued) waiting.push_back(&gang);
      if (gang.placed) snapshot.running.push_back(*gang.placed);
    }
    if (waiting.empty()) return;
    std::ranges::sort(waiting, comes_before,
                      [](const Gang* gang) -> const GangSpec& { return gang->spec; });
    for (const Gang* gang : waiting) snapshot.waiting.push_back(what_waits(gang->spec));
    const std::vector<PlacementDecision> decisions = place(snapshot);
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      waiting[i]->waits_for = decisions[i].reason;
      if (!decisions[i].starts) continue;
      const Status started = start(*waiting[i], decisions[i].placed);
      if (started.ok()) continue;
      const bool for_good = started.error().code == ErrorCode::kUnsupported ||
                            started.error().code == ErrorCode::kNotFound;
      if (for_good)
        waiting[i]->refusal = "it cannot be started: " + started.error().message;
      else
        waiting[i]->waits_for = "cannot be started yet: " + started.error().message;
    }
  }

  Status start(Gang& gang, const PlacedGang& placed) CLARY_REQUIRES(mutex_) {
    const GangSpec& spec = gang.spec;
    CLARY_RETURN_IF_ERROR(check_programs(starting_programs(), options_.path));
    CLARY_RETURN_IF_ERROR(write_placed(spec, placed));
    gang.untouched = false;
    gang.shells.clear();
    std::vector<std::string> environment;
    for (char** variable = environ; *variable != nullptr; ++variable) {
      const std::string_view text = *variable;
      // What the server was given to reach AWS or its database is no host's.
      const bool is_its_own = text.starts_with("AWS_") || text.starts_with("PG");
      if (!is_its_own && !text.starts_with("PATH=")) environment.emplace_back(text);
    }
    environment.push_back("PATH=" + options_.path);
    environment.push_back("CLARY_GPU_DEVICES=" + gpu_devices(placed.gpus));
    for (const GangHost& host : spec.hosts) {
      CLARY_TRY(const Fd log,
                open_file(host_log(spec.folder, host.name), O_WRONLY | O_CREAT | O_APPEND, 0600));
      const Launch launch{.argv = once_command(spec.folder, host),
                          .environment = environment,
                          .stdio = {-1, log.get(), log.get()},
                          .cpus = placed.cpus,
                          .open_files = options_.open_files,
                          .detached = true};
      CLARY_TRY(const pid_t started, compute::launch(launch));
      Result<Fd> shell = open_pid(started);
      // It may have ended already.
      gang.shells.push_back(
          std::make_shared<const Fd>(shell.ok() ? std::move(shell).value() : Fd()));
    }
    gang.placed = placed;
    gang.placed_at = clock_.steady();
    ++gang.starts;
    return {};
  }

  const LocalBackendOptions options_;
  const Clock& clock_;
  const Logger& logger_;
  Mutex mutex_;
  std::map<GangId, Gang> gangs_ CLARY_GUARDED_BY(mutex_);
  Loop loop_;
};

}  // namespace

Result<std::unique_ptr<ComputeBackend>> open_local_backend(LocalBackendOptions options,
                                                           const Clock& clock,
                                                           const Logger& logger) {
  auto backend = std::make_unique<LocalBackend>(std::move(options), clock, logger);
  CLARY_RETURN_IF_ERROR(backend->take_up());
  return std::unique_ptr<ComputeBackend>(std::move(backend));
}

}  // namespace clary::compute
