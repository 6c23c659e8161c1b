#include "services/jobs_of_kind.h"

#include <fmt/format.h>

#include <utility>

#include "services/execution_role.h"

namespace clary::services {

using domain::Job;
using domain::JobKind;

namespace {

constexpr std::size_t kGangIdCharacters = 16;

struct Words {
  std::string_view noun;
  std::string_view first;  // begins a sentence
};
Words words_of(JobKind kind) {
  if (kind == JobKind::kTraining) return {"training job", "Training job"};
  if (kind == JobKind::kTransform) return {"transform job", "Transform job"};
  return {"processing job", "Processing job"};
}

ServiceError no_job(JobKind kind, const std::string& name) {
  return invalid(kind == JobKind::kTraining ? "Requested resource not found."
                                            : "Could not find requested job with name: " + name);
}

}  // namespace

Outcome<Job> JobsOfKind::find(const std::string& name) {
  auto job = parts_.jobs.find(kind_, JobName(name));
  if (job.ok()) return std::move(*job);
  if (job.error().code != ErrorCode::kNotFound) return job.error();
  return no_job(kind_, name);
}

Outcome<std::string> JobsOfKind::create(Job job,
                                        const std::optional<std::vector<api::sagemaker::Tag>>& tags,
                                        const CallContext& context) {
  CLARY_TRY(const std::vector<domain::Tag> kept,
            tags_of(tags.value_or(std::vector<api::sagemaker::Tag>{})));
  CLARY_TRY(job.spec.priority, priority_of(kept));
  if (auto refused = check_execution_role(parts_.identities, job.spec.role, job.arn, context))
    return *std::move(refused);
  job.gang = GangId(parts_.ids.hex(kGangIdCharacters));
  const std::string arn = job.arn.value();
  const auto created = parts_.changes.create(std::move(job), kept, inert_notices(context));
  if (created.ok()) return arn;
  if (created.error().code != ErrorCode::kAlreadyExists) return created.error();
  const Words words = words_of(kind_);
  return ServiceError(
      "ResourceInUse",
      fmt::format("{} names must be unique within an AWS account and region, and a {} with this "
                  "name already exists ({})",
                  words.first, words.noun, arn));
}

Complaint JobsOfKind::stop(const std::string& name) {
  CLARY_TRY(const Job job, find(name));
  const auto stopped =
      parts_.changes.apply(job.key(), {.kind = domain::JobEventKind::kStopRequested});
  if (stopped.ok()) return std::nullopt;
  if (stopped.error().code != ErrorCode::kConflict) return stopped.error();
  CLARY_TRY(const Job ended, find(name));
  return rejected(job_status(ended));
}

ServiceError JobsOfKind::rejected(std::string_view status) const {
  return invalid(fmt::format("The request was rejected because the {} is in status {}.",
                             words_of(kind_).noun, status));
}

}  // namespace clary::services
