// The files of a gang of the local back-end, in <gang folder>/backend. Format:
// docs/formats/gang.md.
//
// They are the whole truth about a gang: the server may be killed at any time, the machine may be
// restarted. Thread-safe: no state.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "compute/backend.h"
#include "compute/placement.h"

namespace clary::compute {

// From the start of the shell that starts a host program to the program's marks.
inline constexpr std::chrono::seconds kLongestStart{10};

// Durable when it returns. AlreadyExists when the gang has been submitted before.
Status write_spec(const GangSpec& spec);
Result<GangSpec> read_spec(const std::string& gang_folder);

// A process that is told from others by its start, since pids are used again.
struct ProcessMark {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;  // /proc/PID/stat, field 22
  std::string boot;               // /proc/sys/kernel/random/boot_id
};
bool is_running(const ProcessMark& mark);
std::string current_boot();
// The mark of a process that runs, in a file for others to find it by. NotFound when it has ended.
Status write_mark(const std::string& path, pid_t pid);
Result<ProcessMark> read_mark(const std::string& path);
// Kills what is left of a session. Its leader has ended; its pid is not used again while the
// session has processes.
void end_session(pid_t leader);

enum class HostPhase { kNotStarted, kStarting, kRunning, kEnded, kLost };
struct HostFiles {
  HostPhase phase = HostPhase::kNotStarted;
  ProcessMark program;  // from kRunning on
  ProcessMark waiter;   // the shell that notes its exit code
  int exit_code = 0;    // of kEnded; 128 + n when signal n ended it
  std::string reason;   // of kLost
};
HostFiles read_host(const std::string& gang_folder, const std::string& host);

// The command that runs a host program exactly once in the life of its gang, however often it is
// started itself: it makes NAME.started (durable) or gives up, notes the program's process in
// NAME.pid, waits, and notes its exit code in NAME.exit.
std::vector<std::string> once_command(const std::string& gang_folder, const GangHost& host);

// What a gang was granted, in placed.json. One that cannot be read was granted nothing.
Status write_placed(const GangSpec& gang, const PlacedGang& placed);
PlacedGang read_placed(const GangSpec& gang);
bool is_placed(const GangSpec& gang);

// A sentence with what the shells that were to start its hosts have said.
std::string why_not_started(const GangSpec& gang);

// A stop was asked for: a gang that has not started never will.
Status mark_stopped(const std::string& gang_folder);
bool is_stopped(const std::string& gang_folder);

std::string backend_folder(const std::string& gang_folder);
std::string host_log(const std::string& gang_folder, const std::string& host);

}  // namespace clary::compute
