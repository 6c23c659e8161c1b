#include "host/container_files.h"

#include "base/files.h"

namespace clary::host {
namespace {

constexpr const char* kNetworkInterface = "eth0";

Document text_array(const std::vector<std::string>& texts) {
  Document array(Document::Array{});
  for (const std::string& text : texts) array.push(Document(text));
  return array;
}

}  // namespace

Document hyperparameters_file(const hostlink::HostPlan& plan) {
  Document file = Document::object();
  for (const auto& [name, text] : plan.hyperparameters) file.set(name, Document(text));
  return file;
}

Document resource_config_file(const hostlink::HostPlan& plan) {
  const Document group = Document::object({{"instance_group_name", Document(plan.instance_group)},
                                           {"instance_type", Document(plan.instance_type)},
                                           {"hosts", text_array(plan.hosts)}});
  return Document::object({{"current_host", Document(plan.host)},
                           {"current_instance_type", Document(plan.instance_type)},
                           {"current_group_name", Document(plan.instance_group)},
                           {"hosts", text_array(plan.hosts)},
                           {"instance_groups", Document::array({group})},
                           {"network_interface_name", kNetworkInterface}});
}

Document input_data_config_file(const hostlink::HostPlan& plan) {
  Document file = Document::object();
  for (const hostlink::PlanChannel& channel : plan.channels) {
    Document config = Document::object({{"TrainingInputMode", Document(channel.input_mode)},
                                        {"S3DistributionType", Document(channel.distribution)},
                                        {"RecordWrapperType", Document(channel.record_wrapper)}});
    if (!channel.content_type.empty()) config.set("ContentType", Document(channel.content_type));
    file.set(channel.name, std::move(config));
  }
  return file;
}

Variables process_environment(const hostlink::HostPlan& plan, const PlatformFacts& facts) {
  std::string path = folder_of(plan.interpreter.python);
  for (const std::string& folder : facts.program_folders) path += ":" + folder;
  Variables out = {
      {"PATH", path + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
      {"HOME", facts.home},
      {"LANG", "C.UTF-8"},
      {"LC_ALL", "C.UTF-8"},
      {"PYTHONIOENCODING", "UTF-8"},
      {"PYTHONUNBUFFERED", "1"},
      {"DMLC_INTERFACE", kNetworkInterface},
      {"TRAINING_JOB_NAME", *plan.job},
      {"TRAINING_JOB_ARN", plan.job_arn},
      {"AWS_REGION", plan.region},
      {"AWS_DEFAULT_REGION", plan.region},
      // No such service is in a job's network; without this, SDKs wait for it.
      {"AWS_EC2_METADATA_DISABLED", "true"},
      {"SAGEMAKER_METRICS_DIRECTORY", facts.base_folder + "/output/metrics/sagemaker"},
  };
  if (facts.base_folder != "/opt/ml") out["SAGEMAKER_BASE_DIR"] = facts.base_folder;
  if (!plan.framework_module.empty()) out["SAGEMAKER_TRAINING_MODULE"] = plan.framework_module;
  if (facts.server_reachable) {
    out["AWS_ENDPOINT_URL"] = plan.server_endpoint;
    out["S3_ENDPOINT_URL"] = plan.server_endpoint;
    if (plan.credentials_as_variables || !facts.credentials_address) {
      out["AWS_ACCESS_KEY_ID"] = plan.credentials.access_key;
      out["AWS_SECRET_ACCESS_KEY"] = plan.credentials.secret_key;
      out["AWS_SESSION_TOKEN"] = plan.credentials.session_token;
    } else if (!plan.credentials_token.empty()) {
      out["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = plan.server_endpoint + "/_clary/credentials";
      out["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = plan.credentials_token;
    }
  }
  for (const auto& [name, value] : plan.environment) out[name] = value;
  return out;
}

}  // namespace clary::host
