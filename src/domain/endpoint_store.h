// EndpointStore: models, endpoint configurations and endpoints.
//
// Implementations: meta::make_endpoint_store (on SQLite or PostgreSQL), FakeEndpointStore. All pass
// endpoint_store_conformance. Names are compared without regard to case, and sorted so.
// Thread-safe; calls may block on a disk or a network. Tags are JobStore's, which keeps those of
// every resource.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "domain/endpoint.h"

namespace clary::domain {

// Of one List operation. Times are inclusive.
struct ResourceQuery {
  std::string name_contains;  // without regard to case
  std::optional<TimePoint> created_after, created_before, modified_after, modified_before;
  std::optional<EndpointStatus> status;  // of endpoints; nothing else has one
  enum class Order { kName, kCreationTime, kStatus } order = Order::kCreationTime;
  bool descending = true;  // names settle equal keys, in the same direction
  std::size_t limit = 10;
  // `next` of an earlier page of the same query; "" at the beginning. What has gone meanwhile, the
  // last of that page too, changes nothing.
  std::string after;
};
template <typename Record>
struct Page {
  std::vector<Record> records;
  std::string next;  // "" at the end
};

class EndpointStore {
 public:
  virtual ~EndpointStore() = default;

  virtual Status create_model(const Model& model) = 0;          // AlreadyExists
  virtual Result<Model> find_model(const ModelName& name) = 0;  // NotFound
  virtual Status remove_model(const ModelName& name) = 0;       // NotFound
  virtual Result<Page<Model>> list_models(
      const ResourceQuery& query) = 0;  // InvalidArgument: after

  virtual Status create_config(const EndpointConfig& config) = 0;
  virtual Result<EndpointConfig> find_config(const EndpointConfigName& name) = 0;
  virtual Status remove_config(const EndpointConfigName& name) = 0;
  virtual Result<Page<EndpointConfig>> list_configs(const ResourceQuery& query) = 0;

  virtual Status create_endpoint(const Endpoint& endpoint) = 0;  // its version is 1 then
  virtual Result<Endpoint> find_endpoint(const EndpointName& name) = 0;
  // Counts the version up. Conflict when the row's is not endpoint.version any more, or when
  // another endpoint (id) has the name now; NotFound.
  virtual Status commit_endpoint(const Endpoint& endpoint) = 0;
  virtual Status remove_endpoint(const EndpointName& name) = 0;
  virtual Result<Page<Endpoint>> list_endpoints(const ResourceQuery& query) = 0;

  virtual Status clear() = 0;  // everything (reset)
};

}  // namespace clary::domain
