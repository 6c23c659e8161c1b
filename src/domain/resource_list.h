// Lists of models, endpoint configurations and endpoints: what they look at, where each record
// stands, and the tokens of their pages. Pure; any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "domain/endpoint_store.h"

namespace clary::domain {

// What a list looks at in a record.
struct ListedResource {
  std::string key;  // the name in lower case
  TimePoint created;
  TimePoint modified;                    // what never changes: when it was created
  std::optional<EndpointStatus> status;  // of endpoints
};
ListedResource listed(const Model& model);
ListedResource listed(const EndpointConfig& config);
ListedResource listed(const Endpoint& endpoint);

// Names settle equal ranks. Of records without a status, all have rank 0 by it.
struct ListPlace {
  std::int64_t rank = 0;
  std::string key;
  friend auto operator<=>(const ListPlace&, const ListPlace&) = default;
};
ListPlace place_of(const ListedResource& resource, ResourceQuery::Order order);
// Of a record without a status: 0.
int status_rank_of(const ListedResource& resource);

// The token of the page that follows `last`. It holds when that record is gone meanwhile.
std::string token_after(const ResourceQuery& query, const ListPlace& last);
// Where the query's page begins: behind this; nothing: at the beginning. InvalidArgument when
// query.after is no token of a list in this order.
Result<std::optional<ListPlace>> begin_of(const ResourceQuery& query);

}  // namespace clary::domain
