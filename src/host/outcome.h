// How a job ended, kept in a file so that a restarted host program reports it and never runs the
// script again.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/document.h"
#include "base/result.h"

namespace clary::host {

enum class OutcomeKind { kCompleted, kFailed, kStopped, kMaxRuntime };

struct Outcome {
  OutcomeKind kind = OutcomeKind::kFailed;
  std::string failure;  // FailureReason, for kFailed
  int exit_code = 0;    // as the container's: 0, or 1
  std::int64_t train_seconds = 0;
  bool script_ran = false;   // else there is nothing to upload
  std::string exit_message;  // what the script left for the job's owner
  std::string model_uri;     // when uploaded
  std::string output_uri;
  std::string kept_in;  // folder of this machine, where uploading failed

  // The body of the `ended` record (hostlink/record.h); also what the file holds.
  Document to_document() const;
  static Result<Outcome> from_document(const Document& document);
};

std::string_view outcome_name(OutcomeKind kind);  // "completed", "failed", "stopped", "max_runtime"

Outcome failed_outcome(std::string failure);

// The marks of a host's folder. Each is durable when its function returns.
class HostMarks {
 public:
  explicit HostMarks(std::string folder) : folder_(std::move(folder)) {}

  // The script is about to run, or ran.
  bool started() const;
  Status mark_started(TimePoint now) const;
  // Nothing when the script has not ended, as far as is known.
  Result<std::optional<Outcome>> outcome() const;
  Status keep_outcome(const Outcome& outcome) const;
  // The server has acknowledged everything.
  bool reported() const;
  Status mark_reported() const;

 private:
  std::string folder_;
};

}  // namespace clary::host
