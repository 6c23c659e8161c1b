#include "services/serving_resources.h"

#include <fmt/format.h>

#include <array>

#include "base/strings.h"

namespace clary::services {
namespace {

struct ServingWords {
  ServingKind kind;
  std::string_view word;  // in ARNs
  std::string_view noun;  // in sentences
};
constexpr std::array<ServingWords, 3> kServingWords = {{
    {ServingKind::kModel, "model", "model"},
    {ServingKind::kConfig, "endpoint-config", "endpoint configuration"},
    {ServingKind::kEndpoint, "endpoint", "endpoint"},
}};

const ServingWords& serving_words(ServingKind kind) {
  return kServingWords[static_cast<std::size_t>(kind)];
}

template <typename T>
Result<Arn> arn_of(const Result<T>& found) {
  if (!found.ok()) return found.error();
  return found->arn;
}

}  // namespace

Arn serving_arn(ServingKind kind, const std::string& name, const CallContext& context) {
  return Arn(fmt::format("arn:aws:sagemaker:{}:{}:{}/{}", context.region.value(),
                         context.account.value(), serving_words(kind).word, to_lower(name)));
}

std::optional<ServingName> serving_name_of(std::string_view arn) {
  const std::size_t slash = arn.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view before = arn.substr(0, slash);
  const std::string_view word = before.substr(before.rfind(':') + 1);
  for (const ServingWords& words : kServingWords) {
    if (words.word == word)
      return ServingName{.kind = words.kind, .name = std::string(arn.substr(slash + 1))};
  }
  return std::nullopt;
}

Result<Arn> find_serving_arn(domain::EndpointStore& store, const ServingName& name) {
  switch (name.kind) {
    case ServingKind::kModel:
      return arn_of(store.find_model(ModelName(name.name)));
    case ServingKind::kConfig:
      return arn_of(store.find_config(EndpointConfigName(name.name)));
    case ServingKind::kEndpoint:
      break;
  }
  return arn_of(store.find_endpoint(EndpointName(name.name)));
}

ServiceError could_not_find(ServingKind kind, const std::string& name, const CallContext& context) {
  return invalid(fmt::format("Could not find {} \"{}\".", serving_words(kind).noun,
                             serving_arn(kind, name, context).value()));
}

ServiceError already_there(ServingKind kind, const Arn& arn) {
  return invalid(fmt::format("Cannot create already existing {} \"{}\".", serving_words(kind).noun,
                             arn.value()));
}

ServiceError absent_member(const std::string& path) {
  return invalid(
      fmt::format("1 validation error detected: Value null at '{}' failed to satisfy constraint: "
                  "Member must not be null",
                  path));
}

Complaint check_instance_count(const std::string& variant, std::int64_t count) {
  constexpr std::int64_t kMostInstances = 100;
  if (count <= kMostInstances) return std::nullopt;
  return ServiceError(
      "ResourceLimitExceeded",
      fmt::format("A variant has at most {} instances; {} are asked for of the variant \"{}\".",
                  kMostInstances, count, variant));
}

Status set_tags(domain::JobStore& jobs, const Arn& arn, const std::vector<domain::Tag>& tags) {
  CLARY_TRY(const std::vector<domain::Tag> before, jobs.tags(arn));
  if (!before.empty()) {
    std::vector<std::string> keys;
    keys.reserve(before.size());
    for (const domain::Tag& tag : before) keys.push_back(tag.key);
    CLARY_RETURN_IF_ERROR(jobs.remove_tags(arn, keys));
  }
  return tags.empty() ? Status() : jobs.add_tags(arn, tags);
}

}  // namespace clary::services
