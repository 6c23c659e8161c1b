#include "services/ecr.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text_encoding.h"
#include "services/offset_page.h"

namespace clary::services {
namespace {

constexpr std::int64_t kDefaultPage = 100;
constexpr Duration kTokenLifetime = std::chrono::hours(12);

ServiceError no_repository(const std::string& name, const CallContext& context) {
  return {"RepositoryNotFoundException",
          fmt::format("The repository with name '{}' does not exist in the registry with id '{}'",
                      name, context.account.value())};
}

// Any registry but the account's own is nobody's.
std::optional<ServiceError> check_registry(const std::optional<std::string>& registry,
                                           const CallContext& context) {
  if (!registry || *registry == context.account.value()) return std::nullopt;
  return ServiceError(
      "InvalidParameterException",
      fmt::format("Clary has one registry, that of the account '{}'.", context.account.value()));
}

Outcome<OffsetPage> page_of(std::size_t count, const std::optional<std::string>& token,
                            const std::optional<std::int64_t>& most) {
  std::optional<OffsetPage> page = offset_page(count, token, most.value_or(kDefaultPage));
  if (!page) return ServiceError("InvalidParameterException", "Invalid parameter at 'nextToken'.");
  return *std::move(page);
}

}  // namespace

std::string repository_arn(const std::string& name, const CallContext& context) {
  return fmt::format("arn:aws:ecr:{}:{}:repository/{}", context.region.value(),
                     context.account.value(), name);
}

Outcome<api::DescribeRepositories::Reply> Ecr::describe(
    const api::DescribeRepositories::Request& request, const CallContext& context) {
  if (auto refused = check_registry(request.registry_id, context)) return *refused;
  std::vector<std::string> names;
  for (const runtime::EnvironmentImage& image : images_()) {
    if (names.empty() || names.back() != image.repository) names.push_back(image.repository);
  }
  if (request.repository_names) {
    for (const std::string& wanted : *request.repository_names) {
      if (std::ranges::find(names, wanted) == names.end()) return no_repository(wanted, context);
    }
    names = *request.repository_names;
  }
  CLARY_TRY(const OffsetPage page, page_of(names.size(), request.next_token, request.max_results));
  api::DescribeRepositories::Reply reply{.repositories = std::vector<api::Repository>(),
                                         .next_token = page.next};
  for (std::size_t at = page.begin; at < page.end; ++at) {
    api::Repository repository;
    repository.repository_arn = repository_arn(names[at], context);
    repository.registry_id = context.account.value();
    repository.repository_name = names[at];
    repository.repository_uri =
        fmt::format("{}.dkr.ecr.{}.amazonaws.com/{}", context.account.value(),
                    context.region.value(), names[at]);
    repository.image_tag_mutability = "MUTABLE";
    reply.repositories->push_back(std::move(repository));
  }
  return reply;
}

Outcome<api::ListImages::Reply> Ecr::list_images(const api::ListImages::Request& request,
                                                 const CallContext& context) {
  if (auto refused = check_registry(request.registry_id, context)) return *refused;
  std::vector<runtime::EnvironmentImage> images = images_();
  std::erase_if(images, [&request](const runtime::EnvironmentImage& image) {
    return image.repository != request.repository_name;
  });
  if (images.empty()) return no_repository(request.repository_name, context);
  // Every image has a tag.
  if (request.filter && request.filter->tag_status == "UNTAGGED") images.clear();
  CLARY_TRY(const OffsetPage page, page_of(images.size(), request.next_token, request.max_results));
  api::ListImages::Reply reply{.image_ids = std::vector<api::ImageIdentifier>(),
                               .next_token = page.next};
  for (std::size_t at = page.begin; at < page.end; ++at)
    reply.image_ids->push_back({.image_digest = images[at].digest, .image_tag = images[at].tag});
  return reply;
}

Outcome<api::GetAuthorizationToken::Reply> Ecr::token(const api::GetAuthorizationToken::Request&,
                                                      const CallContext& context) {
  api::AuthorizationData data;
  data.authorization_token = base64_encode("AWS:" + ids_.hex(64));
  data.expires_at = context.now + kTokenLifetime;
  data.proxy_endpoint = (context.head->origin.secure ? "https://" : "http://") +
                        std::string(context.head->headers.get("host"));
  return api::GetAuthorizationToken::Reply{
      .authorization_data = std::vector<api::AuthorizationData>{std::move(data)}};
}

void Ecr::add_to(Router& router) {
  router.add<api::DescribeRepositories>(*this, &Ecr::describe);
  router.add<api::ListImages>(*this, &Ecr::list_images);
  router.add<api::GetAuthorizationToken>(*this, &Ecr::token);
}

}  // namespace clary::services
