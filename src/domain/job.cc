#include "domain/job.h"

namespace clary::domain {

bool is_terminal(Phase phase) {
  return phase == Phase::kCompleted || phase == Phase::kFailed || phase == Phase::kStopped;
}

std::string_view phase_name(Phase phase) {
  switch (phase) {
    case Phase::kPending:
      return "Pending";
    case Phase::kStarting:
      return "Starting";
    case Phase::kDownloading:
      return "Downloading";
    case Phase::kTraining:
      return "Training";
    case Phase::kUploading:
      return "Uploading";
    case Phase::kStopping:
      return "Stopping";
    case Phase::kCompleted:
      return "Completed";
    case Phase::kFailed:
      return "Failed";
    case Phase::kStopped:
      return "Stopped";
  }
  return "Unknown";
}

int status_rank(Phase phase) {
  switch (phase) {
    case Phase::kCompleted:
      return 0;
    case Phase::kFailed:
      return 1;
    case Phase::kStopped:
      return 3;
    case Phase::kStopping:
      return 4;
    default:
      return 2;
  }
}

}  // namespace clary::domain
