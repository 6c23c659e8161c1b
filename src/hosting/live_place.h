// An instance with a call under way to it. Private to LiveEndpoints.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hosting/live_endpoints.h"
#include "hosting/live_table.h"

namespace clary::hosting {

class LiveEndpoints::Place {
 public:
  Place(EndpointName endpoint, const LiveVariant& variant, std::shared_ptr<LiveInstance> instance,
        Copies copies)
      : endpoint_(std::move(endpoint)),
        variant_(variant.name),
        role_(variant.role),
        copies_(std::move(copies)),
        direct_(variant.direct),
        instances_(variant.instances.size()),
        instance_(std::move(instance)) {
    instance_->begin_call();
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { instance_->end_call(); }

  const EndpointName& endpoint() const { return endpoint_; }  // as it was created
  const std::string& variant() const { return variant_; }
  const std::string& role() const { return role_; }
  const Copies& copies() const { return copies_; }
  bool direct() const { return direct_; }
  std::size_t instances() const { return instances_; }
  const LiveInstance& instance() const { return *instance_; }
  const std::vector<LiveContainer>& containers() const { return instance_->containers(); }

 private:
  EndpointName endpoint_;
  std::string variant_;
  std::string role_;
  Copies copies_;
  bool direct_;
  std::size_t instances_;
  std::shared_ptr<LiveInstance> instance_;
};

}  // namespace clary::hosting
