#include "services/job_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/strings.h"
#include "objects/object_store.h"

namespace clary::services {

using domain::Job;
using domain::JobKind;
using domain::Phase;
using domain::StopReason;

namespace {

constexpr std::array<std::pair<JobKind, std::string_view>, 3> kKindWords = {{
    {JobKind::kTraining, "training-job"},
    {JobKind::kProcessing, "processing-job"},
    {JobKind::kTransform, "transform-job"},
}};

std::string_view timeline_status(const Job& job, Phase phase) {
  if (phase == Phase::kTraining && job.kind == JobKind::kProcessing) return "Processing";
  if (phase == Phase::kTraining && job.kind == JobKind::kTransform) return "Transforming";
  return secondary_status(phase, job.stop_reason);
}

}  // namespace

std::string_view kind_word(JobKind kind) {
  for (const auto& [one, word] : kKindWords) {
    if (one == kind) return word;
  }
  return "";
}

Arn job_arn(JobKind kind, const std::string& name, const CallContext& context) {
  return Arn(fmt::format("arn:aws:sagemaker:{}:{}:{}/{}", context.region.value(),
                         context.account.value(), kind_word(kind), name));
}

std::optional<domain::JobKey> key_of(std::string_view arn) {
  const std::size_t slash = arn.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view before = arn.substr(0, slash);
  const std::string_view word = before.substr(before.rfind(':') + 1);
  for (const auto& [kind, one] : kKindWords) {
    if (one == word)
      return domain::JobKey{.kind = kind, .name = JobName(std::string(arn.substr(slash + 1)))};
  }
  return std::nullopt;
}

std::string_view job_status(const Job& job) {
  switch (job.phase) {
    case Phase::kCompleted:
      return "Completed";
    case Phase::kFailed:
      return "Failed";
    case Phase::kStopped:
      return "Stopped";
    case Phase::kStopping:
      return "Stopping";
    default:
      return "InProgress";
  }
}

std::string_view secondary_status(Phase phase, StopReason reason) {
  switch (phase) {
    case Phase::kPending:
      return "Starting";
    case Phase::kStarting:
      return "Pending";
    case Phase::kStopped:
      return reason == StopReason::kMaxRuntime ? "MaxRuntimeExceeded" : "Stopped";
    default:
      return phase_name(phase);
  }
}

std::optional<std::vector<Phase>> phases_of(std::string_view status) {
  if (status == "InProgress") {
    return std::vector{Phase::kPending, Phase::kStarting, Phase::kDownloading, Phase::kTraining,
                       Phase::kUploading};
  }
  if (status == "Completed") return std::vector{Phase::kCompleted};
  if (status == "Failed") return std::vector{Phase::kFailed};
  if (status == "Stopping") return std::vector{Phase::kStopping};
  if (status == "Stopped") return std::vector{Phase::kStopped};
  return std::nullopt;
}

domain::JobOrder order_of(const std::optional<std::string>& sort_by) {
  if (sort_by == "Name") return domain::JobOrder::kName;
  if (sort_by == "Status") return domain::JobOrder::kStatus;
  return domain::JobOrder::kCreationTime;
}

Outcome<domain::JobPage> list_jobs(domain::JobStore& jobs, const domain::JobQuery& query) {
  auto page = jobs.list(query);
  if (page.ok()) return std::move(*page);
  if (page.error().code != ErrorCode::kInvalidArgument) return page.error();
  return invalid("Invalid NextToken: it belongs to no page of this list.");
}

Outcome<std::vector<domain::Tag>> tags_of(const std::vector<api::sagemaker::Tag>& tags) {
  std::set<std::string> keys;
  std::vector<domain::Tag> made;
  for (const api::sagemaker::Tag& tag : tags) {
    if (tag.key.starts_with("aws:"))
      return invalid("Tag keys that begin with aws: are reserved: \"" + tag.key + "\".");
    if (!keys.insert(tag.key).second)
      return invalid("The tag key \"" + tag.key + "\" is given more than once.");
    made.push_back({.key = tag.key, .value = tag.value});
  }
  return made;
}

Outcome<int> priority_of(const std::vector<domain::Tag>& tags) {
  constexpr std::string_view kTag = "clary:priority";
  constexpr int kHighest = 100;
  const auto tag = std::ranges::find(tags, kTag, &domain::Tag::key);
  if (tag == tags.end()) return 0;
  const auto priority = parse_int(tag->value);
  if (priority && *priority >= -kHighest && *priority <= kHighest)
    return static_cast<int>(*priority);
  return invalid(
      fmt::format("The tag {} is the job's priority, a whole number from -{} to {}: \"{}\".", kTag,
                  kHighest, kHighest, tag->value));
}

std::vector<std::string> inert_notices(const CallContext& context) {
  std::vector<std::string> lines;
  lines.reserve(context.inert.size());
  for (const wire::InertMember& member : context.inert) {
    lines.push_back(fmt::format("{} has no effect: {}", member.path, member.reason));
  }
  return lines;
}

Complaint check_uri(std::string_view member, const std::string& uri) {
  const auto parsed = objects::parse_object_uri(uri);
  if (parsed.ok()) return std::nullopt;
  return invalid(
      fmt::format("Invalid {}: \"{}\" is not of the form s3://bucket/prefix.", member, uri));
}

Result<Document> job_timeline(domain::JobStore& jobs, const domain::JobKey& key) {
  CLARY_TRY(const Job job, jobs.find(key.kind, key.name));
  CLARY_TRY(auto events, jobs.events(key.kind, key.name));
  // A host's events come when the server is there to take them.
  std::ranges::stable_sort(events, {}, &domain::JobEvent::time);
  Document list = Document::array();
  for (const domain::JobEvent& event : events) {
    Document line = Document::object({{"time", event.time}});
    if (event.phase) {
      line.set("status", timeline_status(job, *event.phase));
    }
    line.set("message", event.message);
    list.push(std::move(line));
  }
  return Document::object({{"gang", job.gang.value()}, {"events", std::move(list)}});
}

}  // namespace clary::services
