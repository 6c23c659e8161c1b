#include "domain/step.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "domain/phase_line.h"

namespace clary::domain {
namespace {

using enum Phase;
using enum JobEventKind;

// What an event does to a job in a phase.
enum class Outcome : std::uint8_t {
  kNone,    // not decided: the table is checked to have none of these
  kMove,    // enters `to`, with a line in its life
  kStay,    // the phase stays; a gang's handle is noted
  kIgnore,  // late or repeated: nothing changes
  kRefuse,  // Conflict
};

struct Cell {
  Outcome outcome = Outcome::kNone;
  Phase to = kPending;
};

constexpr std::size_t index(Phase phase) { return static_cast<std::size_t>(phase); }
constexpr std::size_t index(JobEventKind kind) { return static_cast<std::size_t>(kind); }

struct Edge {
  Phase from;
  JobEventKind event;
  Phase to;
};

// Every way from one phase to another. A host may be faster than the word that its gang was
// submitted, and a record may tell of several steps at once, so a host's events lead from every
// earlier phase.
constexpr Edge kEdges[] = {
    {kPending, kSubmitted, kStarting},
    {kPending, kHostStarted, kStarting},
    {kPending, kStagingBegan, kDownloading},
    {kPending, kScriptStarted, kTraining},
    {kPending, kScriptEnded, kUploading},
    {kPending, kHostCompleted, kCompleted},
    {kPending, kHostFailed, kFailed},
    {kPending, kHostStopped, kStopped},
    {kPending, kTimeLimit, kStopping},
    {kPending, kStopRequested, kStopping},
    {kPending, kHostLost, kFailed},
    {kPending, kRejected, kFailed},

    {kStarting, kStagingBegan, kDownloading},
    {kStarting, kScriptStarted, kTraining},
    {kStarting, kScriptEnded, kUploading},
    {kStarting, kHostCompleted, kCompleted},
    {kStarting, kHostFailed, kFailed},
    {kStarting, kHostStopped, kStopped},
    {kStarting, kTimeLimit, kStopping},
    {kStarting, kStopRequested, kStopping},
    {kStarting, kHostLost, kFailed},

    {kDownloading, kScriptStarted, kTraining},
    {kDownloading, kScriptEnded, kUploading},
    {kDownloading, kHostCompleted, kCompleted},
    {kDownloading, kHostFailed, kFailed},
    {kDownloading, kHostStopped, kStopped},
    {kDownloading, kTimeLimit, kStopping},
    {kDownloading, kStopRequested, kStopping},
    {kDownloading, kHostLost, kFailed},

    {kTraining, kScriptEnded, kUploading},
    {kTraining, kHostCompleted, kCompleted},
    {kTraining, kHostFailed, kFailed},
    {kTraining, kHostStopped, kStopped},
    {kTraining, kTimeLimit, kStopping},
    {kTraining, kStopRequested, kStopping},
    {kTraining, kHostLost, kFailed},

    {kUploading, kHostCompleted, kCompleted},
    {kUploading, kHostFailed, kFailed},
    {kUploading, kHostStopped, kStopped},
    {kUploading, kStopRequested, kStopping},
    {kUploading, kHostLost, kFailed},

    {kStopping, kHostCompleted, kStopped},
    {kStopping, kHostFailed, kFailed},
    {kStopping, kHostStopped, kStopped},
    {kStopping, kHostLost, kFailed},
    {kStopping, kRejected, kStopped},
};

struct Loop {
  Phase phase;
  JobEventKind event;
  Outcome outcome;
};

// Events that change no phase.
constexpr Loop kLoops[] = {
    {kStarting, kSubmitted, Outcome::kStay},         {kStarting, kHostStarted, Outcome::kIgnore},
    {kStarting, kRejected, Outcome::kRefuse},

    {kDownloading, kSubmitted, Outcome::kStay},      {kDownloading, kHostStarted, Outcome::kIgnore},
    {kDownloading, kStagingBegan, Outcome::kIgnore}, {kDownloading, kRejected, Outcome::kRefuse},

    {kTraining, kSubmitted, Outcome::kStay},         {kTraining, kHostStarted, Outcome::kIgnore},
    {kTraining, kStagingBegan, Outcome::kIgnore},    {kTraining, kScriptStarted, Outcome::kIgnore},
    {kTraining, kRejected, Outcome::kRefuse},

    {kUploading, kSubmitted, Outcome::kStay},        {kUploading, kHostStarted, Outcome::kIgnore},
    {kUploading, kStagingBegan, Outcome::kIgnore},   {kUploading, kScriptStarted, Outcome::kIgnore},
    {kUploading, kScriptEnded, Outcome::kIgnore},    {kUploading, kTimeLimit, Outcome::kIgnore},
    {kUploading, kRejected, Outcome::kRefuse},

    {kStopping, kSubmitted, Outcome::kStay},         {kStopping, kHostStarted, Outcome::kIgnore},
    {kStopping, kStagingBegan, Outcome::kIgnore},    {kStopping, kScriptStarted, Outcome::kIgnore},
    {kStopping, kScriptEnded, Outcome::kIgnore},     {kStopping, kTimeLimit, Outcome::kIgnore},
    {kStopping, kStopRequested, Outcome::kIgnore},
};

constexpr Phase kEnds[] = {kCompleted, kFailed, kStopped};

using Table = std::array<std::array<Cell, kJobEventCount>, kPhaseCount>;

// Not constexpr: reaching it fails the compilation.
void decided_twice() {}

constexpr Table make_table() {
  Table table{};
  const auto put = [&table](Phase phase, JobEventKind event, Cell cell) {
    Cell& place = table[index(phase)][index(event)];
    if (place.outcome != Outcome::kNone) decided_twice();
    place = cell;
  };
  for (const Edge& edge : kEdges) put(edge.from, edge.event, {Outcome::kMove, edge.to});
  for (const Loop& loop : kLoops) put(loop.phase, loop.event, {loop.outcome, loop.phase});
  for (const Phase end : kEnds) {
    for (std::size_t event = 0; event < kJobEventCount; ++event) {
      const auto kind = static_cast<JobEventKind>(event);
      const Outcome outcome = kind == kStopRequested ? Outcome::kRefuse
                              : kind == kSubmitted   ? Outcome::kStay
                                                     : Outcome::kIgnore;
      put(end, kind, {outcome, end});
    }
  }
  return table;
}

constexpr Table kTable = make_table();

constexpr bool every_pair_is_decided() {
  for (const auto& row : kTable) {
    for (const Cell& cell : row) {
      if (cell.outcome == Outcome::kNone) return false;
    }
  }
  return true;
}
static_assert(every_pair_is_decided());

constexpr bool edges_lead_forward() {
  return std::ranges::all_of(kEdges,
                             [](const Edge& edge) { return index(edge.from) < index(edge.to); });
}
static_assert(edges_lead_forward(), "so every attempt ends, and attempts are counted");

constexpr bool every_phase_has_an_end() {
  for (std::size_t phase = 0; phase < index(kCompleted); ++phase) {
    const Cell& lost = kTable[phase][index(kHostLost)];
    if (lost.outcome != Outcome::kMove || lost.to != kFailed) return false;
  }
  return true;
}
static_assert(every_phase_has_an_end(), "a gang may vanish at any time");

constexpr std::array<std::string_view, kJobEventCount> kEventNames = {
    "Submitted",  "HostStarted", "StagingBegan", "ScriptStarted", "ScriptEnded", "HostCompleted",
    "HostFailed", "HostStopped", "TimeLimit",    "StopRequested", "HostLost",    "Rejected"};

// How a host begins the reason of a failure that is no fault of the script's.
constexpr std::string_view kMachineFault = "InternalServerError";

constexpr std::size_t kFailureReasonCharacters = 1024;
constexpr std::size_t kExitMessageCharacters = 1024;

// At most `limit` characters of valid UTF-8; the last three are dots when something was left out.
std::string clipped(std::string_view text, std::size_t limit) {
  std::size_t characters = 0;
  std::size_t cut = 0;  // where the first limit - 3 characters end
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U) continue;
    if (characters == limit - 3) cut = i;
    if (++characters > limit) return std::string(text.substr(0, cut)) + "...";
  }
  return std::string(text);
}

Effect effect_for(const Job& job, EffectKind kind) {
  return {.job = job.key(), .kind = kind, .gang = job.gang};
}

void note_stop(Job& job, const JobInput& input) {
  if (job.stop_reason == StopReason::kRequested) return;
  if (input.kind == kTimeLimit) job.stop_reason = StopReason::kMaxRuntime;
  if (input.kind == kStopRequested) {
    job.stop_reason = input.stop_reason == StopReason::kMaxPending ? StopReason::kMaxPending
                                                                   : StopReason::kRequested;
  }
  if (input.kind != kHostStopped) return;
  if (input.stop_reason != StopReason::kNone) job.stop_reason = input.stop_reason;
  if (job.stop_reason == StopReason::kNone) job.stop_reason = StopReason::kRequested;
}

JobChange moved(const Job& from, const JobInput& input, Phase to, TimePoint now) {
  JobChange change{.job = from};
  Job& job = change.job;
  job.phase = to;
  job.modified = now;
  if (input.kind == kSubmitted) job.gang_handle = input.gang_handle;
  if (input.exit_code) job.exit_code = input.exit_code;
  if (!input.exit_message.empty())
    job.exit_message = clipped(input.exit_message, kExitMessageCharacters);
  note_stop(job, input);
  const bool runs = to == kDownloading || to == kTraining || to == kUploading;
  if (runs && !job.training_started) job.training_started = now;
  if (is_terminal(to) && job.training_started) job.training_ended = now;
  std::string message(phase_line(job));
  if (to == kFailed) {
    job.failure_reason = clipped(input.message.empty() ? "No reason was given" : input.message,
                                 kFailureReasonCharacters);
  } else if (!input.message.empty()) {
    message = input.message;
  }
  change.events.push_back({.time = now, .phase = to, .message = std::move(message)});
  if (input.kind == kStopRequested)
    change.effects.push_back(effect_for(job, EffectKind::kStopGang));
  if (is_terminal(to)) change.effects.push_back(effect_for(job, EffectKind::kRemoveGang));
  return change;
}

// The word that a gang was submitted comes after its job went on. What the job would have done with
// the handle is done now.
JobChange stayed(const Job& from, const JobInput& input, TimePoint now) {
  JobChange change{.job = from};
  change.job.gang_handle = input.gang_handle;
  change.job.modified = now;
  if (from.phase == kStopping) change.effects.push_back(effect_for(from, EffectKind::kStopGang));
  if (is_terminal(from.phase)) change.effects.push_back(effect_for(from, EffectKind::kRemoveGang));
  return change;
}

// What RetryStrategy starts anew: faults of the machine, never of the script.
bool restarts(const Job& job, const JobInput& input) {
  const bool machine_fault = input.kind == kHostLost || (input.kind == kHostFailed &&
                                                         input.message.starts_with(kMachineFault));
  return machine_fault && !is_terminal(job.phase) && job.phase != kStopping &&
         job.attempt <= job.spec.retry_attempts;
}

// "<gang of the first attempt>-<attempt>".
GangId gang_of_attempt(const Job& job, int attempt) {
  std::string first = job.gang.value();
  const std::string suffix = "-" + std::to_string(job.attempt);
  if (job.attempt > 1 && first.ends_with(suffix)) first.resize(first.size() - suffix.size());
  return GangId(first + "-" + std::to_string(attempt));
}

JobChange restarted(const Job& from, const JobInput& input, TimePoint now) {
  JobChange change{.job = from};
  Job& job = change.job;
  ++job.attempt;
  job.gang = gang_of_attempt(from, job.attempt);
  job.gang_handle.clear();
  job.phase = kPending;
  job.modified = now;
  change.events.push_back(
      {.time = now,
       .phase = kPending,
       .message = "Restarting the training job, attempt " + std::to_string(job.attempt) + " of " +
                  std::to_string(job.spec.retry_attempts + 1) + ": " + input.message});
  change.effects.push_back(effect_for(from, EffectKind::kRemoveGang));
  change.effects.push_back(effect_for(job, EffectKind::kSubmitGang));
  return change;
}

}  // namespace

std::string_view job_event_name(JobEventKind kind) { return kEventNames[index(kind)]; }

Result<JobChange> step(const Job& job, const JobInput& input, TimePoint now) {
  const TimePoint time =
      std::max(now, job.modified);  // a wall clock may step back; a job's times do not
  const Cell cell = kTable[index(job.phase)][index(input.kind)];
  if (restarts(job, input)) return restarted(job, input, time);
  switch (cell.outcome) {
    case Outcome::kMove:
      return moved(job, input, cell.to, time);
    case Outcome::kStay:
      return stayed(job, input, time);
    case Outcome::kIgnore:
      return JobChange{.job = job};
    default:
      return conflict("job '" + job.name.value() + "': " + std::string(job_event_name(input.kind)) +
                      " is not possible in phase " + std::string(phase_name(job.phase)));
  }
}

JobChange notice(const Job& job, std::string message, TimePoint now) {
  JobChange change{.job = job};
  change.events.push_back(
      {.time = std::max(now, job.modified), .phase = std::nullopt, .message = std::move(message)});
  return change;
}

JobChange begin(Job job, TimePoint now) {
  job.phase = kPending;
  job.created = now;
  job.modified = now;
  job.version = 0;
  JobChange change{.job = std::move(job)};
  change.events.push_back(
      {.time = now, .phase = kPending, .message = std::string(phase_line(change.job))});
  change.effects.push_back(effect_for(change.job, EffectKind::kSubmitGang));
  return change;
}

}  // namespace clary::domain
