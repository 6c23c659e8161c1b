#include "host/system_host.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <thread>
#include <utility>

#include "base/files.h"
#include "base/strings.h"
#include "compute/network.h"
#include "host/container_files.h"
#include "host/run_host.h"
#include "objects/remote_s3_store.h"

namespace clary::host {
namespace {

// The machine's own network: a setting, never a fallback.
class MachineNetwork final : public HostNetwork {
 public:
  int network_namespace() const override { return -1; }
  int user_namespace() const override { return -1; }
  const Fd& server_listener() const override { return none_; }
  std::vector<std::string> settle() override {
    if (std::exchange(said_, true)) return {};
    return {"The job is in this machine's own network"};
  }

 private:
  Fd none_;
  bool said_ = false;
};

// A namespace of the job's own.
class NamespaceNetwork final : public HostNetwork {
 public:
  explicit NamespaceNetwork(std::unique_ptr<compute::JobNetwork> network)
      : network_(std::move(network)) {}
  int network_namespace() const override { return network_->network_namespace(); }
  int user_namespace() const override { return network_->user_namespace(); }
  const Fd& server_listener() const override { return network_->listener(); }
  std::vector<std::string> settle() override {
    network_->settle();
    return std::exchange(said_, true) ? std::vector<std::string>() : network_->lacks();
  }

 private:
  bool said_ = false;
  std::unique_ptr<compute::JobNetwork> network_;
};

Result<std::unique_ptr<HostNetwork>> make_system_network(const hostlink::HostPlan& plan) {
  // Plain processes cannot be put into a namespace by their sandbox.
  if (plan.network == "host" || plan.sandbox == "process") {
    if (plan.network_isolation) {
      const char* setting = plan.network == "host" ? "network = \"host\"" : "sandbox = \"process\"";
      return unsupported("the job asks for network isolation, and " + std::string(setting) +
                         " gives none");
    }
    return std::unique_ptr<HostNetwork>(std::make_unique<MachineNetwork>());
  }
  if (plan.network != "namespace") {
    return invalid_argument("network = \"" + plan.network + "\": 'namespace' and 'host' are known");
  }
  const auto place = std::find(plan.hosts.begin(), plan.hosts.end(), plan.host);
  // As on AWS, an isolated job reaches nothing, not even the server, and has no credentials.
  const compute::NetworkSpec spec{
      .index = static_cast<int>(place - plan.hosts.begin()) + 1,
      .way_out = !plan.network_isolation,
      .listen_inside = plan.network_isolation ? "" : address_inside(plan.server_endpoint)};
  CLARY_TRY(std::unique_ptr<compute::JobNetwork> network, compute::JobNetwork::create(spec));
  return std::unique_ptr<HostNetwork>(std::make_unique<NamespaceNetwork>(std::move(network)));
}

Result<std::unique_ptr<compute::Sandbox>> make_system_sandbox(const std::string& name) {
  if (name == "bubblewrap") return compute::make_bubblewrap_sandbox();
  if (name == "process") return compute::make_process_sandbox();
  return invalid_argument("sandbox '" + name +
                          "': there is none of that name; 'bubblewrap' and 'process' are known");
}

objects::S3Credentials s3_credentials(const hostlink::PlanCredentials& credentials) {
  return {.access_key = AccessKeyId(credentials.access_key),
          .secret_key = Secret(credentials.secret_key),
          .session_token = Secret(credentials.session_token)};
}

}  // namespace

HostServices system_host_services(const Clock& clock, const Logger& logger, IdSource& ids) {
  HostServices services;
  services.clock = &clock;
  services.logger = &logger;
  services.ids = &ids;
  services.program = real_path("/proc/self/exe").value_or("");
  const char* granted = std::getenv("CLARY_GPU_DEVICES");
  if (granted != nullptr && *granted != '\0') {
    for (const std::string_view device : split(granted, ','))
      services.granted_gpus.emplace_back(device);
  }
  services.memory_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                          static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  services.pause = [](Duration time) { std::this_thread::sleep_for(time); };
  services.open_link = [&clock](hostlink::HostLinkOptions options,
                                hostlink::HostRequests requests) {
    return hostlink::HostLink::open(std::move(options), std::move(requests), clock);
  };
  services.open_model = connect_to_model;
  services.make_sandbox = make_system_sandbox;
  services.make_network = make_system_network;
  services.open_store = [&clock](const hostlink::HostPlan& plan,
                                 std::function<hostlink::PlanCredentials()> credentials) {
    return objects::open_remote_store(
        {.endpoint = plan.server_endpoint,
         .region = Region(plan.region),
         .credentials = [ask = std::move(credentials)]() -> Result<objects::S3Credentials> {
           return s3_credentials(ask());
         },
         .reached = {.client = {.ca_file = plan.ca_file}}},
        clock);
  };
  return services;
}

int run_system_host(const std::string& plan_path, const Logger& logger) {
  const SystemClock clock;
  RandomIds ids;
  return run_host(plan_path, system_host_services(clock, logger, ids));
}

}  // namespace clary::host
