// What the operations on jobs of every kind share: names, statuses, lists, tags. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/tags.h"
#include "base/document.h"
#include "domain/job.h"
#include "domain/job_store.h"
#include "services/call_context.h"
#include "services/service_error.h"

namespace clary::services {

// "training-job", "processing-job", "transform-job": how a kind's ARNs name it.
std::string_view kind_word(domain::JobKind kind);
Arn job_arn(domain::JobKind kind, const std::string& name, const CallContext& context);
// The job that "...:processing-job/x" or "processing-job/x" names; nothing when it names none.
std::optional<domain::JobKey> key_of(std::string_view arn);

// "InProgress", "Completed", ...
std::string_view job_status(const domain::Job& job);
// "Starting", "Downloading", "MaxRuntimeExceeded", ... of a job that is in this phase.
std::string_view secondary_status(domain::Phase phase, domain::StopReason reason);
// Absent: no job is in that status.
std::optional<std::vector<domain::Phase>> phases_of(std::string_view status);
domain::JobOrder order_of(const std::optional<std::string>& sort_by);

// What a List...Jobs request asks for. Absent: no job can be meant.
template <typename Request>
std::optional<domain::JobQuery> job_query(domain::JobKind kind, const Request& request) {
  constexpr std::int64_t kDefaultPage = 10;
  domain::JobQuery query{.kind = kind};
  if (request.status_equals) {
    auto phases = phases_of(*request.status_equals);
    if (!phases) return std::nullopt;
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
  return query;
}
// The page, or the sentence about its token.
Outcome<domain::JobPage> list_jobs(domain::JobStore& jobs, const domain::JobQuery& query);

// Keys are told apart by case and given once; "aws:" is reserved.
Outcome<std::vector<domain::Tag>> tags_of(const std::vector<api::sagemaker::Tag>& tags);

// The tag clary:priority, -100 to 100; 0 without it.
Outcome<int> priority_of(const std::vector<domain::Tag>& tags);

// Members that were sent and mean nothing here, as lines for the timeline.
std::vector<std::string> inert_notices(const CallContext& context);

// Of a job that asks for no limit of its own. Source: AWS, StoppingCondition: "The default value is
// 1 day."
inline constexpr std::int64_t kDefaultMaxRuntimeSeconds = 86'400;

// A rule that the model does not state.
inline ServiceError invalid(std::string message) {
  return {"ValidationException", std::move(message)};
}
// Nothing, or what is wrong.
using Complaint = std::optional<ServiceError>;
// uri: s3://bucket/prefix; member: how the sentence names it.
Complaint check_uri(std::string_view member, const std::string& uri);

// The timeline with the notices that AWS's replies have no place for:
// {"gang": the id of its folder, "events": [{"time": epoch seconds, "status": "Downloading" (absent
// for a notice), "message":
// "..."}]}. NotFound.
Result<Document> job_timeline(domain::JobStore& jobs, const domain::JobKey& key);

}  // namespace clary::services
