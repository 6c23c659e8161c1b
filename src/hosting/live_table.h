// What takes calls now: a snapshot that the keeper makes and LiveEndpoints goes by.
//
// A table is never changed once it is shared; the instances in it outlive it, with their
// connections and the number of calls under way.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/names.h"
#include "base/result.h"
#include "domain/endpoint.h"
#include "hosting/call_gate.h"
#include "hosting/instance_link.h"

namespace clary::hosting {

struct LiveContainer {
  std::string name;  // "primary", or its host name
  bool many_models = false;
  std::string model_uri;  // of many models: what lies below it
  LogStream log_stream;
  std::shared_ptr<InstanceLink> link;
};

// Thread-safe.
class LiveInstance {
 public:
  explicit LiveInstance(std::vector<LiveContainer> containers)
      : containers_(std::move(containers)) {}

  const std::vector<LiveContainer>& containers() const { return containers_; }
  int calls_under_way() const { return calls_.load(); }
  void begin_call() { ++calls_; }
  void end_call() { --calls_; }

 private:
  const std::vector<LiveContainer> containers_;
  std::atomic<int> calls_ = 0;
};

struct LiveVariant {
  std::string name;
  double weight = 1;
  bool shadow = false;
  bool direct = false;  // each container is called by its name; else one after the other
  bool coming = false;  // an instance is being started: worth waiting for
  std::string role;     // of its models
  std::vector<std::shared_ptr<LiveInstance>> instances;
  // Of a serverless one, which is there also without an instance; else null.
  std::shared_ptr<CallGate> gate{};
  int last_failed = 0;    // of these the newest instance that died; 0: none
  std::string failure{};  // and why it did
};

struct LiveEndpoint {
  EndpointName name;
  std::string id;
  domain::EndpointStatus status = domain::EndpointStatus::kCreating;
  std::vector<LiveVariant> variants;                    // none while it takes no calls
  std::shared_ptr<const domain::DataCapture> capture;   // null: nothing is captured
  std::shared_ptr<const domain::AsyncInference> async;  // null: it answers at once
};

// InvalidArgument: the sentence for who calls it.
Status check_takes_calls(const LiveEndpoint& endpoint);

using LiveTable = std::map<std::string, LiveEndpoint>;  // by the name in lower case

// Unavailable: there is no table yet; NotFound.
Result<const LiveEndpoint*> find_live(const LiveTable* table, const EndpointName& endpoint);

}  // namespace clary::hosting
