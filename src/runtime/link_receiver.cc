#include "runtime/link_receiver.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/digest.h"
#include "runtime/gang_effects.h"
#include "telemetry/metric_extractor.h"

namespace clary::runtime {

using domain::Job;
using domain::JobEventKind;
using domain::JobInput;
using domain::StopReason;
using hostlink::LinkPeer;
using hostlink::Record;
using hostlink::RecordKind;
using telemetry::SeriesSamples;

namespace {

struct UsageName {
  const char* member;
  const char* metric;
};
constexpr std::array<UsageName, 5> kUsageNames = {{{"cpu_percent", "CPUUtilization"},
                                                   {"memory_percent", "MemoryUtilization"},
                                                   {"disk_percent", "DiskUtilization"},
                                                   {"gpu_percent", "GPUUtilization"},
                                                   {"gpu_memory_percent", "GPUMemoryUtilization"}}};

std::string source_of(const LinkPeer& peer) { return peer.gang.value() + "/" + peer.host; }

JobInput ended_input(const Document& body) {
  JobInput input;
  const std::string outcome = body.string_or("outcome", "failed");
  input.exit_message = body.string_or("exit_message", "");
  if (const Document* code = body.find("exit_code"); code != nullptr && code->as_int() != nullptr) {
    input.exit_code = static_cast<int>(*code->as_int());
  }
  if (outcome == "completed") {
    input.kind = JobEventKind::kHostCompleted;
  } else if (outcome == "stopped") {
    input.kind = JobEventKind::kHostStopped;
    input.stop_reason = StopReason::kRequested;
  } else if (outcome == "max_runtime") {
    input.kind = JobEventKind::kHostStopped;
    input.stop_reason = StopReason::kMaxRuntime;
  } else {
    input.kind = JobEventKind::kHostFailed;
    input.message = body.string_or("failure", "");
  }
  return input;
}

// Of the series of a host's usage. Source: AWS, "Monitor training jobs", "Monitor processing jobs",
// "SageMaker AI endpoint metrics".
std::vector<std::pair<std::string, std::string>> usage_dimensions(const Job& job,
                                                                  const std::string& host) {
  if (job.spec.place) {
    return {{"EndpointName", job.spec.place->endpoint.value()},
            {"VariantName", job.spec.place->variant}};
  }
  return {{"Host", job.name.value() + "/" + host}};
}

// Nothing for a phase that this release does not know.
std::optional<JobInput> input_of(const Record& record) {
  const std::string phase = record.body.string_or("phase", "");
  if (phase == "downloading") return JobInput{.kind = JobEventKind::kStagingBegan};
  if (phase == "training") return JobInput{.kind = JobEventKind::kScriptStarted};
  if (phase == "uploading") return JobInput{.kind = JobEventKind::kScriptEnded};
  // A stop that was asked for is known before; otherwise the time limit passed, or somebody ended
  // the host from outside: the last record tells.
  if (phase == "stopping") return JobInput{.kind = JobEventKind::kTimeLimit};
  if (phase == "ended") return ended_input(record.body);
  return std::nullopt;
}

}  // namespace

class JobLinkReceiver::HostRecords {
 public:
  HostRecords(Parts& parts, const LinkPeer& peer, const Job& job,
              std::unique_ptr<telemetry::MetricExtractor> extractor)
      : parts_(parts),
        source_(source_of(peer)),
        job_(job.key()),
        gang_(peer.gang),
        space_(telemetry_space(job.kind)),
        group_(log_group_of(job)),
        stream_(log_stream_of(job, peer.host)),
        dimensions_(usage_dimensions(job, peer.host)),
        extractor_(std::move(extractor)) {}

  // A host has come for the first time, or before it had anything to say.
  Status start(const std::string& host) {
    MutexLock lock(mutex_);
    if (std::exchange(started_, true)) return {};
    const ChangeOrigin origin{.gang = gang_, .notices = {"Host " + host + " is up"}};
    CLARY_RETURN_IF_ERROR(parts_.changes.apply(job_, {.kind = JobEventKind::kHostStarted}, origin));
    return {};
  }

  // Of one batch after another: a host's new connection may come before its old one has ended.
  Status take_all(const std::vector<Record>& records) {
    MutexLock lock(mutex_);
    for (const Record& record : records) CLARY_RETURN_IF_ERROR(take(record));
    return {};
  }

 private:
  Status take(const Record& record) CLARY_REQUIRES(mutex_) {
    switch (record.kind) {
      case RecordKind::kState:
        return take_state(record);
      case RecordKind::kLog:
        return take_lines(record);
      case RecordKind::kUsage:
        return take_usage(record);
      case RecordKind::kNotice:
        return parts_.changes.note(job_, origin_of(record, {record.body.string_or("message", "")}));
    }
    return {};
  }

  ChangeOrigin origin_of(const Record& record, std::vector<std::string> notices) const {
    return {.record = std::pair(source_, record.number),
            .gang = gang_,
            .time = record.time,
            .notices = std::move(notices)};
  }

  Status take_state(const Record& record) CLARY_REQUIRES(mutex_) {
    std::vector<std::string> notices;
    if (std::string message = record.body.string_or("message", ""); !message.empty())
      notices.push_back(std::move(message));
    const auto input = input_of(record);
    if (!input) return parts_.changes.note(job_, origin_of(record, std::move(notices)));
    if (record.body.string_or("phase", "") == "ended" && extractor_ != nullptr) {
      for (std::string& line : extractor_->notices()) notices.push_back(std::move(line));
    }
    CLARY_RETURN_IF_ERROR(
        parts_.changes.apply(job_, *input, origin_of(record, std::move(notices))));
    if (!record.body.string_or("kept_in", "").empty()) parts_.kept_more();
    return {};
  }

  Status take_lines(const Record& record) CLARY_REQUIRES(mutex_) {
    std::vector<std::string> lines;
    const Document* list = record.body.find("lines");
    if (list == nullptr || list->as_array() == nullptr) return {};
    for (const Document& line : *list->as_array()) {
      if (line.as_string() != nullptr) lines.push_back(*line.as_string());
    }
    CLARY_RETURN_IF_ERROR(append_lines(lines, {source_, record.number}));
    if (extractor_ == nullptr) return {};
    std::vector<SeriesSamples> batch;
    for (telemetry::NamedSample& found : extractor_->feed(lines, record.time)) {
      batch.push_back({.series = {.space = space_,
                                  .name = std::move(found.name),
                                  .dimensions = {{"TrainingJobName", job_.name.value()}}},
                       .samples = {found.sample}});
    }
    if (!batch.empty()) {
      CLARY_RETURN_IF_ERROR(
          parts_.metrics.append(batch, telemetry::RecordSource{source_, record.number}));
    }
    std::vector<std::string> left_out = extractor_->take_left_out();
    if (left_out.empty()) return {};
    return parts_.changes.note(job_, origin_of(record, std::move(left_out)));
  }

  Status append_lines(const std::vector<std::string>& lines,
                      const telemetry::RecordSource& source) {
    const Status done = parts_.logs.append(group_, stream_, lines, source);
    if (done.ok() || done.error().code != ErrorCode::kNotFound) return done;
    // A client has deleted the log group: the job goes on, and so does its log.
    CLARY_RETURN_IF_ERROR(parts_.logs.create_stream(group_, stream_));
    return parts_.logs.append(group_, stream_, lines, source);
  }

  Status take_usage(const Record& record) CLARY_REQUIRES(mutex_) {
    std::vector<SeriesSamples> batch;
    for (const auto& [member, metric] : kUsageNames) {
      const Document* value = record.body.find(member);
      if (value == nullptr || value->is_null()) continue;
      batch.push_back(
          {.series =
               {.space = space_, .name = metric, .dimensions = dimensions_, .unit = "Percent"},
           .samples = {{.time = record.time, .value = record.body.double_or(member, 0)}}});
    }
    if (batch.empty()) return {};
    return parts_.metrics.append(batch, telemetry::RecordSource{source_, record.number});
  }

  Parts& parts_;
  Mutex mutex_;
  std::string source_;
  domain::JobKey job_;
  GangId gang_;
  std::string space_;  // CloudWatch's, of the job's metrics, its own and its hosts'
  LogGroup group_;
  LogStream stream_;
  std::vector<std::pair<std::string, std::string>> dimensions_;
  bool started_ CLARY_GUARDED_BY(mutex_) = false;
  std::unique_ptr<telemetry::MetricExtractor> extractor_ CLARY_GUARDED_BY(mutex_);
};

JobLinkReceiver::JobLinkReceiver(Parts parts) : parts_(std::move(parts)) {}
JobLinkReceiver::~JobLinkReceiver() = default;

Status JobLinkReceiver::admit(const LinkPeer& peer, std::string_view token) {
  const auto plan = parts_.folders.read_plan(peer.gang, peer.host);
  if (!plan.ok() || !constant_time_equal(plan->hostlink_token, token)) {
    return denied("gang '" + peer.gang.value() + "': host '" + peer.host +
                  "': its token is not known here");
  }
  CLARY_TRY(const std::shared_ptr<HostRecords> host, records_of(peer));
  CLARY_TRY(const std::uint64_t taken, last_taken(peer));
  if (taken > 0) return {};
  return host->start(peer.host);
}

Result<std::uint64_t> JobLinkReceiver::last_taken(const LinkPeer& peer) {
  return parts_.jobs.last_record(source_of(peer));
}

Result<std::shared_ptr<JobLinkReceiver::HostRecords>> JobLinkReceiver::records_of(
    const LinkPeer& peer) {
  {
    MutexLock lock(mutex_);
    const auto found = hosts_.find(source_of(peer));
    if (found != hosts_.end()) return found->second;
  }
  CLARY_TRY(const Job job, parts_.jobs.find_by_gang(peer.gang));
  std::unique_ptr<telemetry::MetricExtractor> extractor;
  if (!job.spec.metrics.empty()) {
    CLARY_TRY(extractor, telemetry::MetricExtractor::compile(job.spec.metrics));
    CLARY_TRY(const auto known, parts_.metrics.summaries(std::string(telemetry_space(job.kind)),
                                                         "TrainingJobName", job.name.value()));
    for (const telemetry::SeriesSummary& series : known) extractor->mark_matched(series.name);
  }
  auto made = std::make_shared<HostRecords>(parts_, peer, job, std::move(extractor));
  MutexLock lock(mutex_);
  return hosts_.try_emplace(source_of(peer), std::move(made)).first->second;
}

Status JobLinkReceiver::take(const LinkPeer& peer, const std::vector<Record>& records) {
  CLARY_TRY(const std::shared_ptr<HostRecords> host, records_of(peer));
  parts_.failpoints.at("before-take");
  CLARY_RETURN_IF_ERROR(host->take_all(records));
  parts_.failpoints.at("after-take");
  return {};
}

Status JobLinkReceiver::take_listener(const LinkPeer& peer, Fd listening) {
  return parts_.listeners.serve(peer.gang, std::move(listening));
}

void JobLinkReceiver::gone(const LinkPeer& peer) {
  // The metric definitions' state lives on: a host that connects again goes on with it. It ends
  // with the job.
  const auto job = parts_.jobs.find_by_gang(peer.gang);
  if (job.ok() && !is_terminal(job->phase)) return;
  MutexLock lock(mutex_);
  hosts_.erase(source_of(peer));
}

void JobLinkReceiver::forget(const GangId& gang) {
  MutexLock lock(mutex_);
  std::erase_if(hosts_,
                [&](const auto& host) { return host.first.starts_with(gang.value() + "/"); });
}

std::size_t JobLinkReceiver::known_hosts() {
  MutexLock lock(mutex_);
  return hosts_.size();
}

}  // namespace clary::runtime
