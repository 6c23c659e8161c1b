// FakeEndpointStore: an EndpointStore in memory, with a switch that makes it fail. Thread-safe.
#pragma once

#include <map>
#include <string>

#include "base/mutex.h"
#include "domain/endpoint_store.h"

namespace clary::domain {

class FakeEndpointStore final : public EndpointStore {
 public:
  // Every write fails with Unavailable while set.
  void set_broken(bool broken);

  Status create_model(const Model& model) override;
  Result<Model> find_model(const ModelName& name) override;
  Status remove_model(const ModelName& name) override;
  Result<Page<Model>> list_models(const ResourceQuery& query) override;

  Status create_config(const EndpointConfig& config) override;
  Result<EndpointConfig> find_config(const EndpointConfigName& name) override;
  Status remove_config(const EndpointConfigName& name) override;
  Result<Page<EndpointConfig>> list_configs(const ResourceQuery& query) override;

  Status create_endpoint(const Endpoint& endpoint) override;
  Result<Endpoint> find_endpoint(const EndpointName& name) override;
  Status commit_endpoint(const Endpoint& endpoint) override;
  Status remove_endpoint(const EndpointName& name) override;
  Result<Page<Endpoint>> list_endpoints(const ResourceQuery& query) override;

  Status clear() override;

 private:
  Status writable() const CLARY_REQUIRES(mutex_);

  mutable Mutex mutex_;
  bool broken_ CLARY_GUARDED_BY(mutex_) = false;
  // By their names in lower case.
  std::map<std::string, Model> models_ CLARY_GUARDED_BY(mutex_);
  std::map<std::string, EndpointConfig> configs_ CLARY_GUARDED_BY(mutex_);
  std::map<std::string, Endpoint> endpoints_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::domain
