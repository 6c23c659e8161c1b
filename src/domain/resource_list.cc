#include "domain/resource_list.h"

#include <string_view>
#include <utility>

#include "base/document.h"
#include "base/json.h"
#include "base/strings.h"
#include "base/text_encoding.h"

namespace clary::domain {
namespace {

std::string_view word_of(ResourceQuery::Order order) {
  switch (order) {
    case ResourceQuery::Order::kName:
      return "name";
    case ResourceQuery::Order::kCreationTime:
      return "created";
    case ResourceQuery::Order::kStatus:
      return "status";
  }
  return "";
}

}  // namespace

ListedResource listed(const Model& model) {
  return {.key = to_lower(model.name.value()),
          .created = model.created,
          .modified = model.created,
          .status = std::nullopt};
}

ListedResource listed(const EndpointConfig& config) {
  return {.key = to_lower(config.name.value()),
          .created = config.created,
          .modified = config.created,
          .status = std::nullopt};
}

ListedResource listed(const Endpoint& endpoint) {
  return {.key = to_lower(endpoint.name.value()),
          .created = endpoint.created,
          .modified = endpoint.modified,
          .status = endpoint.status};
}

int status_rank_of(const ListedResource& resource) {
  return resource.status ? status_rank(*resource.status) : 0;
}

ListPlace place_of(const ListedResource& resource, ResourceQuery::Order order) {
  switch (order) {
    case ResourceQuery::Order::kName:
      return {.rank = 0, .key = resource.key};
    case ResourceQuery::Order::kCreationTime:
      return {.rank = resource.created.time_since_epoch().count(), .key = resource.key};
    case ResourceQuery::Order::kStatus:
      return {.rank = status_rank_of(resource), .key = resource.key};
  }
  return {};
}

std::string token_after(const ResourceQuery& query, const ListPlace& last) {
  return base64_encode(to_json(Document::object({{"order", word_of(query.order)},
                                                 {"descending", query.descending},
                                                 {"rank", last.rank},
                                                 {"key", last.key}})));
}

Result<std::optional<ListPlace>> begin_of(const ResourceQuery& query) {
  if (query.after.empty()) return std::optional<ListPlace>();
  const Error refused = invalid_argument("the page token is not one of this list");
  const auto text = base64_decode(query.after);
  if (!text.ok()) return refused;
  const auto token = parse_json(*text);
  if (!token.ok() || token->string_or("order", "") != word_of(query.order) ||
      token->bool_or("descending", !query.descending) != query.descending) {
    return refused;
  }
  return std::optional(
      ListPlace{.rank = token->int_or("rank", 0), .key = token->string_or("key", "")});
}

}  // namespace clary::domain
