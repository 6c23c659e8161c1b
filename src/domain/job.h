// A job: what was asked for, where it stands, and what has happened to it. Pure records, no AWS
// words.
//
// One kind of record for training, processing, transform and serving jobs; `kind` tells them apart,
// `request` keeps the text of what was asked so that it can be given back unchanged.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/names.h"
#include "domain/endpoint.h"
#include "domain/transform.h"

namespace clary::domain {

// A serving job is one container of one instance of an endpoint: it has no end of its own, and no
// operation shows it.
enum class JobKind { kTraining, kProcessing, kServing, kTransform };
// The kinds that people ask for, see and count.
inline constexpr std::array kShownKinds = {JobKind::kTraining, JobKind::kProcessing,
                                           JobKind::kTransform};

// What tells a job from every other: jobs of different kinds may share a name.
struct JobKey {
  JobKind kind = JobKind::kTraining;
  JobName name;
  friend auto operator<=>(const JobKey&, const JobKey&) = default;
};

// The states of the machine in step.h; its comment is the transition chain:
//   Pending → Starting → Downloading → Training → Uploading → Completed
//   any of these → Stopping → Stopped;   any of these → Failed
//   any of these but Stopping → Pending: the next attempt (RetryStrategy)
enum class Phase {
  kPending,      // written down; its gang waits for a place
  kStarting,     // its hosts are being made
  kDownloading,  // inputs are being staged
  kTraining,     // the user's script runs
  kUploading,    // outputs are being collected
  kStopping,     // asked to end: by a person or by a time limit
  kCompleted,
  kFailed,
  kStopped,
};
bool is_terminal(Phase phase);
std::string_view phase_name(Phase phase);  // "Pending", ...
// Where a phase stands when jobs are sorted by status: Completed, Failed, in progress, Stopped,
// Stopping.
int status_rank(Phase phase);

// Why a stop was asked for; decides how a stopped job is described.
enum class StopReason { kNone, kRequested, kMaxRuntime, kMaxPending };

// A folder of a file system that clary.toml names.
struct FileSystemSource {
  std::string id;         // "" when the channel is none of these
  std::string directory;  // within the file system, as asked for
  bool writable = false;
};

struct Channel {
  std::string name;
  std::string uri;
  std::string data_type = "S3Prefix";
  std::string distribution = "FullyReplicated";
  std::string content_type;
  std::string input_mode = "File";
  std::string record_wrapper = "None";
  std::string compression = "None";
  std::string path;              // where the job finds it; "": /opt/ml/input/data/<name>
  FileSystemSource file_system;  // set: in the place of `uri`
};

// A folder of the job's that is uploaded to a prefix, file by file.
struct Output {
  std::string name;
  std::string uri;          // s3://bucket/prefix
  std::string path;         // inside the job
  bool continuous = false;  // as files change, not only at the end
};

// Where a job's checkpoints are kept.
struct Checkpoints {
  std::string uri;  // "": the job keeps none
  std::string local_path = "/opt/ml/checkpoints";
};

// A program in the place of the image's own and its `train`.
struct ContainerCommand {
  std::vector<std::string> entry_point;  // empty: the image's own
  std::vector<std::string> arguments;
};

struct MetricDefinition {
  std::string name;
  std::string pattern;  // PCRE2; the first group is the value
};

struct JobSpec {
  std::string image;
  std::string role;
  std::vector<std::pair<std::string, std::string>> hyperparameters;
  std::vector<std::pair<std::string, std::string>> environment;
  std::vector<Channel> channels;
  std::vector<Output> outputs;
  std::vector<MetricDefinition> metrics;
  ContainerCommand command;
  Checkpoints checkpoints;
  std::string output_uri;  // as asked for
  bool output_compressed = true;
  std::string instance_type;
  int instance_count = 1;
  std::int64_t max_runtime_seconds = 86400;
  std::int64_t max_pending_seconds = 0;  // of waiting for a place; 0: not limited
  int retry_attempts = 0;                // starts after the first, when the machine is at fault
  int priority = 0;                      // among waiting jobs: higher comes first
  bool network_isolation = false;
  std::optional<ServingPlace> place;     // of a serving job
  std::optional<Serverless> serverless;  // the same; set: it names no instance type
  std::string accelerator_type;          // the same; "": none was asked for
  std::optional<Transform> transform;    // of a transform job
  ModelContainer model;                  // of both
};

struct Job {
  JobKey key() const { return {.kind = kind, .name = name}; }

  JobKind kind = JobKind::kTraining;
  JobName name;
  Arn arn;
  std::string request;  // JSON, as it was asked for
  JobSpec spec;

  Phase phase = Phase::kPending;
  StopReason stop_reason = StopReason::kNone;
  int attempt = 1;
  GangId gang;                 // of this attempt
  std::string gang_handle;     // JSON of compute::GangHandle; "" before the gang was submitted
  std::string failure_reason;  // at most 1,024 characters
  std::optional<int> exit_code;
  std::string exit_message;  // what the script left for its owner, at most 1,024 characters
  std::string model_uri;     // known from the start
  std::string output_uri;

  TimePoint created;
  TimePoint modified;
  std::optional<TimePoint> training_started;  // begin of Downloading: what AWS bills from
  std::optional<TimePoint> training_ended;
  std::uint64_t version = 0;  // of the row: optimistic concurrency
};

// One line of a job's life: a phase change (a secondary status transition on the wire) or a notice
// in the timeline.
struct JobEvent {
  std::uint64_t number = 0;  // within the job: 1, 2, ...
  TimePoint time;
  std::optional<Phase> phase;  // entered with this event; nothing: a notice
  std::string message;
};

}  // namespace clary::domain
