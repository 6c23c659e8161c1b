// LiveInstances: the instances that take calls, with their connections, as long as they do.
//
// One thread at a time; what it gives out is shared with calls under way.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "hosting/endpoint_plan.h"
#include "hosting/instance_book.h"
#include "hosting/live_table.h"

namespace clary::hosting {

class LiveInstances {
 public:
  using MakeLink = std::function<Result<std::unique_ptr<InstanceLink>>(InstancePlace)>;
  explicit LiveInstances(MakeLink make_link) : make_link_(std::move(make_link)) {}

  // What the endpoint's table says, by its plan.
  LiveEndpoint endpoint(const domain::Endpoint& endpoint, const EndpointPlan& plan,
                        InstanceBook& book);
  // Whether a call is under way to it.
  bool is_busy(const std::string& endpoint_id, const InstanceId& instance) const;
  void forget(const std::string& endpoint_id, const InstanceId& instance);
  void forget(const std::string& endpoint_id);
  void clear() { instances_.clear(); }

 private:
  // Null when not all of its containers can be reached.
  std::shared_ptr<LiveInstance> instance(const domain::Endpoint& endpoint, const InstanceId& id,
                                         InstanceBook& book);

  MakeLink make_link_;
  std::map<std::pair<std::string, InstanceId>, std::shared_ptr<LiveInstance>> instances_;
};

}  // namespace clary::hosting
