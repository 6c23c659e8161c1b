#include "services/training_jobs.h"

#include <fmt/format.h>

#include <utility>

#include "services/training_job_reply.h"
#include "services/training_job_request.h"

namespace clary::services {

using domain::Job;
using domain::JobKind;
using domain::Phase;

namespace {

constexpr std::int64_t kDefaultPage = 10;
constexpr std::size_t kGangIdCharacters = 16;
constexpr const char* kMetricSpace = "/aws/sagemaker/TrainingJobs";

// Absent: no job is in that status.
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

}  // namespace

void TrainingJobs::add_to(Router& router) {
  router.add<api::CreateTrainingJob>(*this, &TrainingJobs::create);
  router.add<api::DescribeTrainingJob>(*this, &TrainingJobs::describe);
  router.add<api::ListTrainingJobs>(*this, &TrainingJobs::list);
  router.add<api::StopTrainingJob>(*this, &TrainingJobs::stop);
}

Outcome<Job> TrainingJobs::find(const std::string& name) {
  auto job = parts_.jobs.find(JobKind::kTraining, JobName(name));
  if (job.ok()) return std::move(*job);
  if (job.error().code != ErrorCode::kNotFound) return job.error();
  return ServiceError("ValidationException", "Requested resource not found.");
}

Outcome<api::CreateTrainingJobResponse> TrainingJobs::create(
    const api::CreateTrainingJobRequest& request, const CallContext& context) {
  auto job = job_of(request, context);
  if (!job.ok()) return job.error();
  auto tags = tags_of(request.tags.value_or(std::vector<api::Tag>{}));
  if (!tags.ok()) return tags.error();
  job->gang = GangId(parts_.ids.hex(kGangIdCharacters));
  const std::string arn = job->arn.value();
  const auto created = parts_.changes.create(std::move(*job), *tags, inert_notices(context));
  if (created.ok()) return api::CreateTrainingJobResponse{.training_job_arn = arn};
  if (created.error().code != ErrorCode::kAlreadyExists) return created.error();
  return ServiceError("ResourceInUse",
                      "Training job names must be unique within an AWS account and region, and a "
                      "training job with this name already "
                      "exists (" +
                          arn + ")");
}

Outcome<api::DescribeTrainingJobResponse> TrainingJobs::describe(
    const api::DescribeTrainingJobRequest& request, const CallContext&) {
  auto job = find(request.training_job_name);
  if (!job.ok()) return job.error();
  CLARY_TRY(const auto events, parts_.jobs.events(JobKind::kTraining, job->name));
  std::vector<telemetry::SeriesSummary> metrics;
  if (!job->spec.metrics.empty()) {
    CLARY_TRY(metrics,
              parts_.metrics.summaries(kMetricSpace, "TrainingJobName", job->name.value()));
  }
  CLARY_TRY(api::DescribeTrainingJobResponse reply, describe_job(*job, events, metrics));
  return reply;
}

Outcome<api::ListTrainingJobsResponse> TrainingJobs::list(
    const api::ListTrainingJobsRequest& request, const CallContext&) {
  domain::JobQuery query{.kind = JobKind::kTraining};
  if (request.status_equals) {
    auto phases = phases_of(*request.status_equals);
    if (!phases) return api::ListTrainingJobsResponse{};
    query.phases = std::move(*phases);
  }
  query.name_contains = request.name_contains.value_or("");
  query.created_after = request.creation_time_after;
  query.created_before = request.creation_time_before;
  query.modified_after = request.last_modified_time_after;
  query.modified_before = request.last_modified_time_before;
  query.order = order_of(request.sort_by);
  query.descending = request.sort_order == "Descending";
  query.limit = static_cast<std::size_t>(request.max_results.value_or(kDefaultPage));
  query.after = request.next_token.value_or("");
  auto page = parts_.jobs.list(query);
  if (!page.ok() && page.error().code == ErrorCode::kInvalidArgument) {
    return ServiceError("ValidationException",
                        "Invalid NextToken: it belongs to no page of this list.");
  }
  if (!page.ok()) return page.error();
  api::ListTrainingJobsResponse reply;
  for (const Job& job : page->jobs) reply.training_job_summaries.push_back(summarize_job(job));
  if (!page->next.empty()) reply.next_token = page->next;
  return reply;
}

Outcome<api::StopTrainingJobReply> TrainingJobs::stop(const api::StopTrainingJobRequest& request,
                                                      const CallContext&) {
  auto job = find(request.training_job_name);
  if (!job.ok()) return job.error();
  const auto stopped =
      parts_.changes.apply(job->key(), {.kind = domain::JobEventKind::kStopRequested});
  if (stopped.ok()) return api::StopTrainingJobReply{};
  if (stopped.error().code != ErrorCode::kConflict) return stopped.error();
  auto ended = find(request.training_job_name);
  if (!ended.ok()) return ended.error();
  return ServiceError(
      "ValidationException",
      fmt::format("The request was rejected because the training job is in status {}.",
                  job_status(*ended)));
}

Result<Document> TrainingJobs::timeline(const JobName& name) {
  CLARY_TRY(const Job job, parts_.jobs.find(JobKind::kTraining, name));
  CLARY_TRY(const auto events, parts_.jobs.events(JobKind::kTraining, name));
  Document list = Document::array();
  for (const domain::JobEvent& event : events) {
    Document line = Document::object({{"time", event.time}});
    if (event.phase) line.set("status", secondary_status(*event.phase, job.stop_reason));
    line.set("message", event.message);
    list.push(std::move(line));
  }
  return Document::object({{"events", std::move(list)}});
}

}  // namespace clary::services
