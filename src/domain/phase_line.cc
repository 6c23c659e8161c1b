#include "domain/phase_line.h"

namespace clary::domain {
namespace {

using enum Phase;

// The messages that clients print. Source: contract of DescribeTrainingJob,
// SecondaryStatusTransitions.
std::string_view entering_training(Phase phase, StopReason reason) {
  switch (phase) {
    case kPending:
      return "Starting the training job";
    case kStarting:
      return "Preparing the instances for training";
    case kDownloading:
      return "Downloading input data";
    case kTraining:
      return "Training image download completed. Training in progress.";
    case kUploading:
      return "Uploading generated training model";
    case kStopping:
      return "Stopping the training job";
    case kCompleted:
      return "Training job completed";
    case kFailed:
      return "Training job failed";
    case kStopped:
      return reason == StopReason::kMaxRuntime
                 ? "Training job runtime exceeded MaxRuntimeInSeconds provided"
             : reason == StopReason::kMaxPending
                 ? "Training job pending time exceeded MaxPendingTimeInSeconds provided"
                 : "Training job stopped";
  }
  return "";
}

// AWS shows no such lines of processing jobs; these are for Clary's own timeline.
std::string_view entering_processing(Phase phase, StopReason reason) {
  switch (phase) {
    case kPending:
      return "Starting the processing job";
    case kStarting:
      return "Preparing the instances for processing";
    case kDownloading:
      return "Downloading inputs";
    case kTraining:
      return "Processing in progress";
    case kUploading:
      return "Uploading outputs";
    case kStopping:
      return "Stopping the processing job";
    case kCompleted:
      return "Processing job completed";
    case kFailed:
      return "Processing job failed";
    case kStopped:
      return reason == StopReason::kMaxRuntime
                 ? "Processing job runtime exceeded MaxRuntimeInSeconds provided"
                 : "Processing job stopped";
  }
  return "";
}

// Nor of transform jobs.
std::string_view entering_transform(Phase phase) {
  switch (phase) {
    case kPending:
      return "Starting the transform job";
    case kStarting:
      return "Preparing the instances for the transform";
    case kDownloading:
      return "Downloading the model";
    case kTraining:
      return "Transform in progress";
    case kUploading:
      return "The model server has ended";
    case kStopping:
      return "Stopping the transform job";
    case kCompleted:
      return "Transform job completed";
    case kFailed:
      return "Transform job failed";
    case kStopped:
      return "Transform job stopped";
  }
  return "";
}

// Nor of the instances of endpoints.
std::string_view entering_serving(Phase phase) {
  switch (phase) {
    case kPending:
      return "Starting the instance";
    case kStarting:
      return "Preparing the instance";
    case kDownloading:
      return "Downloading the model";
    case kTraining:
      return "The model server runs";
    case kUploading:
      return "The model server has ended";
    case kStopping:
      return "Stopping the instance";
    case kCompleted:
      return "The instance has ended";
    case kFailed:
      return "The instance failed";
    case kStopped:
      return "The instance is stopped";
  }
  return "";
}

}  // namespace

std::string_view phase_line(const Job& job) {
  switch (job.kind) {
    case JobKind::kTraining:
      return entering_training(job.phase, job.stop_reason);
    case JobKind::kProcessing:
      return entering_processing(job.phase, job.stop_reason);
    case JobKind::kServing:
      return entering_serving(job.phase);
    case JobKind::kTransform:
      return entering_transform(job.phase);
  }
  return "";
}

}  // namespace clary::domain
