// The job machine: step(job, event, now) → the next job, its events, its effects. Pure: no I/O, no
// clock, no thread.
//
// While RetryStrategy leaves attempts, a fault of the machine leads from every phase but Stopping
// back to Pending, with a gang of its own; what belongs to an earlier gang does not reach the job.
//
// One constexpr table of edges (phase × event → phase), checked at compile time, is the whole of
// the behaviour; see docs/architecture.md.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/job.h"
#include "domain/job_store.h"

namespace clary::domain {

enum class JobEventKind {
  kSubmitted,     // the gang was handed to the back-end
  kHostStarted,   // a host of the gang reported for the first time
  kStagingBegan,  // inputs are being staged
  kScriptStarted,
  kScriptEnded,    // outputs are being collected
  kHostCompleted,  // everything went well
  kHostFailed,     // with a reason
  kHostStopped,    // ended because it was asked to
  kTimeLimit,      // max_runtime_seconds passed: the host is stopping the script
  kStopRequested,  // by a person
  kHostLost,       // the back-end no longer knows the gang, or says it is lost
  kRejected,       // it cannot run here: failed before a gang was submitted
};

struct JobInput {
  JobEventKind kind = JobEventKind::kSubmitted;
  std::string message;  // shown with the transition; for failures the reason
  std::optional<int> exit_code;
  std::string exit_message;  // with an end
  std::string gang_handle;   // with kSubmitted
  // With kHostStopped, what the host says; it is believed over an earlier guess, not over a person.
  // With kStopRequested: kMaxPending when no person asked.
  StopReason stop_reason = StopReason::kNone;
};

inline constexpr std::size_t kPhaseCount = 9;
inline constexpr std::size_t kJobEventCount = 12;
std::string_view job_event_name(JobEventKind kind);  // "Submitted", ...

// Conflict when the event has no edge from the job's phase (a stop of a finished job); a late event
// of a finished gang (edge "ignored" in the table) returns a change without events and effects.
Result<JobChange> step(const Job& job, const JobInput& input, TimePoint now);

// A change that adds one line to the job's timeline and nothing else.
JobChange notice(const Job& job, std::string message, TimePoint now);

// The first change of a new job: phase Pending, effect SubmitGang.
JobChange begin(Job job, TimePoint now);

}  // namespace clary::domain
