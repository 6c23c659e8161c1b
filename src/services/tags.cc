#include "services/tags.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text_encoding.h"
#include "services/job_rules.h"
#include "services/serving_resources.h"

namespace clary::services {
namespace {

constexpr std::size_t kPage = 50;
// Source: AWS, "Tag restrictions".
constexpr std::size_t kMostTags = 50;

std::vector<api::sagemaker::Tag> to_wire(const std::vector<domain::Tag>& tags) {
  std::vector<api::sagemaker::Tag> made;
  made.reserve(tags.size());
  for (const domain::Tag& tag : tags) made.push_back({.key = tag.key, .value = tag.value});
  return made;
}

}  // namespace

void Tags::add_to(Router& router) {
  router.add<api::AddTags>(*this, &Tags::add);
  router.add<api::ListTags>(*this, &Tags::list);
  router.add<api::DeleteTags>(*this, &Tags::remove);
}

Outcome<Arn> Tags::resource(const std::string& arn) {
  if (const auto key = key_of(arn)) {
    const auto job = jobs_.find(key->kind, key->name);
    if (job.ok()) return job->arn;
    if (job.error().code != ErrorCode::kNotFound) return job.error();
  }
  if (const auto name = serving_name_of(arn)) {
    const auto found = find_serving_arn(endpoints_, *name);
    if (found.ok()) return *found;
    if (found.error().code != ErrorCode::kNotFound) return found.error();
  }
  return ServiceError("ValidationException", fmt::format("Could not find resource \"{}\".", arn));
}

Outcome<api::AddTagsOutput> Tags::add(const api::AddTagsInput& request, const CallContext&) {
  auto arn = resource(request.resource_arn);
  if (!arn.ok()) return arn.error();
  auto added = tags_of(request.tags);
  if (!added.ok()) return added.error();
  if (auto priority = priority_of(*added); !priority.ok()) return priority.error();
  CLARY_TRY(const auto before, jobs_.tags(*arn));
  std::set<std::string> keys;
  for (const domain::Tag& tag : before) keys.insert(tag.key);
  for (const domain::Tag& tag : *added) keys.insert(tag.key);
  if (keys.size() > kMostTags) {
    return ServiceError("ResourceLimitExceeded",
                        fmt::format("A resource has at most {} tags; with these it would have {}.",
                                    kMostTags, keys.size()));
  }
  CLARY_RETURN_IF_ERROR(jobs_.add_tags(*arn, *added));
  CLARY_TRY(const auto after, jobs_.tags(*arn));
  return api::AddTagsOutput{.tags = to_wire(after)};
}

Outcome<api::ListTagsOutput> Tags::list(const api::ListTagsInput& request, const CallContext&) {
  auto arn = resource(request.resource_arn);
  if (!arn.ok()) return arn.error();
  // A page's token is the key of its last tag.
  const auto after = hex_decode(request.next_token.value_or(""));
  if (!after.ok())
    return ServiceError("ValidationException",
                        "Invalid NextToken: it belongs to no page of this list.");
  CLARY_TRY(const auto all, jobs_.tags(*arn));
  std::vector<domain::Tag> page;
  bool more = false;
  for (const domain::Tag& tag : all) {
    if (!after->empty() && tag.key <= *after) continue;
    if (page.size() == kPage) {
      more = true;
      break;
    }
    page.push_back(tag);
  }
  api::ListTagsOutput reply{.tags = to_wire(page)};
  if (more) reply.next_token = hex_encode(page.back().key);
  return reply;
}

Outcome<api::DeleteTagsOutput> Tags::remove(const api::DeleteTagsInput& request,
                                            const CallContext&) {
  auto arn = resource(request.resource_arn);
  if (!arn.ok()) return arn.error();
  CLARY_RETURN_IF_ERROR(jobs_.remove_tags(*arn, request.tag_keys));
  return api::DeleteTagsOutput{};
}

}  // namespace clary::services
