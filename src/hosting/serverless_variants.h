// ServerlessVariants: who calls the serverless variants of the endpoints that serve, and how long
// their instances take to start. Written down nowhere: after a restart a variant counts as called
// just then.
//
// One thread at a time; the gates that it gives out are shared with calls.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "domain/endpoint.h"
#include "hosting/call_gate.h"
#include "hosting/endpoint_plan.h"
#include "hosting/live_table.h"

namespace clary::hosting {

class ServerlessVariants {
 public:
  // patience: how long a variant without calls keeps its instance.
  explicit ServerlessVariants(Duration patience) : patience_(patience) {}

  // What plan() is told of the generation that serves. now: on the steady clock.
  std::vector<VariantDemand> demands(const domain::Endpoint& endpoint, Duration now);
  // Adds to the table what calls of its serverless variants go by.
  void attach(const domain::Endpoint& endpoint, std::span<const InstanceView> views,
              LiveEndpoint& live) const;

  // An instance of a serverless variant was begun.
  void began(const std::string& endpoint_id, const InstanceId& instance, Duration now);
  struct Start {
    std::string variant;
    Duration took{0};
  };
  // Of the instances that were begun those that take calls now, each once.
  std::vector<Start> started(const std::string& endpoint_id, std::span<const InstanceId> calls,
                             Duration now);

  void forget(const std::string& endpoint_id);
  void clear();
  Duration patience() const { return patience_; }

 private:
  // Endpoint's id, generation, variant.
  using Place = std::tuple<std::string, std::uint64_t, std::string>;

  const Duration patience_;
  std::map<Place, std::shared_ptr<CallGate>> gates_;
  std::map<std::pair<std::string, InstanceId>, Duration> begun_;
};

}  // namespace clary::hosting
