// The configuration files of a training container and the environment its platform gives: pure
// functions of the plan.
//
// Source: contract.md 5.1, 5.2; training_env_oracle.md, section 1.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/document.h"
#include "base/result.h"
#include "host/training_environment.h"
#include "hostlink/plan.h"

namespace clary::host {

Document hyperparameters_file(const hostlink::HostPlan& plan);
Document resource_config_file(const hostlink::HostPlan& plan);
Document input_data_config_file(const hostlink::HostPlan& plan);
// A processing job's own two. Source: contract.md 6.
Document processing_resource_config_file(const hostlink::HostPlan& plan);
// InvalidArgument: the plan holds no request.
Result<Document> processing_job_config_file(const hostlink::HostPlan& plan);

struct PlatformFacts {
  std::string base_folder = "/opt/ml";
  std::string home = "/root";
  bool server_reachable = true;  // from inside the job, at the plan's server_endpoint
  bool credentials_address =
      true;  // the server knows by the connection whose job asks; else keys are given as variables
  std::vector<std::string> program_folders;  // for PATH, behind the interpreter's own
};

// Where a job that has a network of its own reaches the server: a plain socket at the server's own
// address where that is loopback, else at 127.0.0.1 and its port. Plain, because nobody else is in
// that network and the SDKs' reader of container credentials takes no CA of one's own.
// "https://192.0.2.1:4580" → "127.0.0.1:4580"
std::string address_inside(std::string_view server_endpoint);

// The environment that the image and the platform give, the user's variables over it.
Variables process_environment(const hostlink::HostPlan& plan, const PlatformFacts& facts);

}  // namespace clary::host
