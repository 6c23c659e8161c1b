// What a job's host program needs from the outside: clock, link, sandbox, network, object store.
//
// Tests give fakes; system_host_services() gives the machine's own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/id_source.h"
#include "base/logger.h"
#include "base/result.h"
#include "compute/sandbox.h"
#include "host/model_link.h"
#include "hostlink/link.h"
#include "hostlink/plan.h"
#include "objects/object_store.h"

namespace clary::host {

// The job host's network namespace; it ends with this object.
class HostNetwork {
 public:
  virtual ~HostNetwork() = default;
  virtual int network_namespace() const = 0;  // descriptor, or -1: the machine's own network
  virtual int user_namespace() const = 0;     // descriptor of the namespace that owns it, or -1
  // A socket that listens at the server's own address inside; invalid when there is none.
  virtual const Fd& server_listener() const = 0;
  // Waits until all of it is there, or is known not to come; no process of the job's may run
  // before. What is not there, for the timeline: "no way out: ..."; said once.
  virtual std::vector<std::string> settle() = 0;
};

struct HostServices {
  const Clock* clock = nullptr;
  const Logger* logger = nullptr;
  IdSource* ids = nullptr;
  std::string program;  // absolute path of this program, which is also the model server
  // The devices the back-end granted, when it said so: they take the place of the plan's.
  std::vector<std::string> granted_gpus;
  std::uint64_t memory_bytes = 0;  // of the machine: what 100 % of memory means without a grant
  std::function<void(Duration)> pause;  // sleeps, on the clock
  std::function<Result<std::unique_ptr<hostlink::HostLink>>(hostlink::HostLinkOptions,
                                                            hostlink::HostRequests)>
      open_link;
  // The model server that listens at this path, in a folder of the job's own.
  std::function<Result<std::unique_ptr<ModelLink>>(const std::string& socket)> open_model;
  // InvalidArgument when there is no sandbox of that name.
  std::function<Result<std::unique_ptr<compute::Sandbox>>(const std::string& name)> make_sandbox;
  std::function<Result<std::unique_ptr<HostNetwork>>(const hostlink::HostPlan& plan)> make_network;
  // credentials: asked for before each request; they change while the job runs.
  std::function<Result<std::unique_ptr<objects::ObjectStore>>(
      const hostlink::HostPlan& plan, std::function<hostlink::PlanCredentials()> credentials)>
      open_store;
};

}  // namespace clary::host
