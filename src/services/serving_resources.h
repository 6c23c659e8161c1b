// What the operations on models, endpoint configurations and endpoints share: their ARNs, AWS's
// sentences about them, their tags and lists.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/tags.h"
#include "domain/endpoint_store.h"
#include "domain/job_store.h"
#include "services/call_context.h"
#include "services/job_rules.h"
#include "services/service_error.h"

namespace clary::services {

enum class ServingKind { kModel, kConfig, kEndpoint };

// "arn:aws:sagemaker:us-east-1:000000000000:endpoint-config/name": the name in lower case, as AWS
// has it, for names are compared without regard to case.
Arn serving_arn(ServingKind kind, const std::string& name, const CallContext& context);

struct ServingName {
  ServingKind kind = ServingKind::kModel;
  std::string name;
};
// What "...:endpoint/x" names; nothing when it names none of these.
std::optional<ServingName> serving_name_of(std::string_view arn);
// Its ARN as the store knows it. NotFound.
Result<Arn> find_serving_arn(domain::EndpointStore& store, const ServingName& name);

// Could not find model "arn".
ServiceError could_not_find(ServingKind kind, const std::string& name, const CallContext& context);
// Cannot create already existing model "arn".
ServiceError already_there(ServingKind kind, const Arn& arn);

// "1 validation error detected: Value null at 'executionRoleArn' ...": of what the model leaves
// optional for kinds of resources that are refused here.
ServiceError absent_member(const std::string& path);

// Nothing: a variant may have so many instances. Else ResourceLimitExceeded: all of them are
// started at once.
Complaint check_instance_count(const std::string& variant, std::int64_t count);

// The record or what went wrong with it, in AWS's words.
template <typename T>
Outcome<T> found_or(Result<T> found, ServingKind kind, const std::string& name,
                    const CallContext& context) {
  if (found.ok()) return std::move(*found);
  if (found.error().code != ErrorCode::kNotFound) return found.error();
  return could_not_find(kind, name, context);
}

// Gives a resource that was just created its tags, in the place of those that an earlier one of
// its name had.
Status set_tags(domain::JobStore& jobs, const Arn& arn, const std::vector<domain::Tag>& tags);

// What a List... request asks for, but for times and statuses that only endpoints have.
template <typename Request>
domain::ResourceQuery resource_query(const Request& request) {
  constexpr std::int64_t kDefaultPage = 10;
  using Order = domain::ResourceQuery::Order;
  domain::ResourceQuery query;
  query.name_contains = request.name_contains.value_or("");
  query.created_after = request.creation_time_after;
  query.created_before = request.creation_time_before;
  query.order = request.sort_by == "Name"     ? Order::kName
                : request.sort_by == "Status" ? Order::kStatus
                                              : Order::kCreationTime;
  query.descending = request.sort_order != "Ascending";
  query.limit = static_cast<std::size_t>(request.max_results.value_or(kDefaultPage));
  query.after = request.next_token.value_or("");
  return query;
}
// The page, or the sentence about its token.
template <typename Record>
Outcome<domain::Page<Record>> page_or(Result<domain::Page<Record>> page) {
  if (page.ok()) return std::move(*page);
  if (page.error().code != ErrorCode::kInvalidArgument) return page.error();
  return invalid("Invalid NextToken: it belongs to no page of this list.");
}

}  // namespace clary::services
