#include "host/container_files.h"

#include "base/files.h"
#include "base/json.h"

namespace clary::host {
namespace {

constexpr const char* kNetworkInterface = "eth0";

using Members = std::vector<std::pair<const char*, Document>>;

Document member_of(const Document& document, const char* name) {
  const Document* found = document.find(name);
  return found == nullptr ? Document::object() : *found;
}

void set_absent(Document& document, const Members& defaults) {
  for (const auto& [name, value] : defaults) {
    if (document.find(name) == nullptr) document.set(name, value);
  }
}

// Inputs or outputs; `source`: the member of theirs that says where the data is.
Document with_defaults(const Document& list, const char* source, const Members& defaults) {
  Document filled = Document::array();
  if (!list.is_array()) return filled;
  for (Document each : *list.as_array()) {
    set_absent(each, {{"AppManaged", Document(false)}});
    if (const Document* found = each.find(source)) {
      Document inner = *found;
      set_absent(inner, defaults);
      each.set(source, std::move(inner));
    }
    filled.push(std::move(each));
  }
  return filled;
}

}  // namespace

std::string address_inside(std::string_view server_endpoint) {
  const std::size_t scheme = server_endpoint.find("://");
  if (scheme != std::string_view::npos) server_endpoint.remove_prefix(scheme + 3);
  const std::string address(server_endpoint.substr(0, server_endpoint.find('/')));
  const bool is_loopback = address.starts_with("127.") || address.starts_with("localhost:") ||
                           address.starts_with("[::1]:");
  const std::size_t colon = address.rfind(':');
  if (is_loopback || colon == std::string::npos) return address;
  return "127.0.0.1" + address.substr(colon);
}

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

Document processing_resource_config_file(const hostlink::HostPlan& plan) {
  return Document::object({{"current_host", Document(plan.host)},
                           {"hosts", text_array(plan.hosts)},
                           {"network_interface_name", kNetworkInterface},
                           {"current_instance_type", Document(plan.instance_type)}});
}

Result<Document> processing_job_config_file(const hostlink::HostPlan& plan) {
  CLARY_TRY(const Document request, parse_json(plan.request));
  Document file = Document::object(
      {{"ProcessingJobArn", Document(plan.job_arn)}, {"ProcessingJobName", Document(*plan.job)}});
  const auto copy = [&](const char* member, Document absent) {
    const Document* found = request.find(member);
    file.set(member, found == nullptr ? std::move(absent) : *found);
  };
  Document application = member_of(request, "AppSpecification");
  set_absent(application, {{"ContainerEntrypoint", {}}, {"ContainerArguments", {}}});
  file.set("AppSpecification", std::move(application));
  copy("Environment", Document::object());
  file.set("ProcessingInputs", with_defaults(member_of(request, "ProcessingInputs"), "S3Input",
                                             {{"S3InputMode", "File"},
                                              {"S3DataDistributionType", "FullyReplicated"},
                                              {"S3CompressionType", "None"}}));
  Document outputs = member_of(request, "ProcessingOutputConfig");
  outputs.set("Outputs", with_defaults(member_of(outputs, "Outputs"), "S3Output", {}));
  set_absent(outputs, {{"KmsKeyId", {}}});
  file.set("ProcessingOutputConfig", std::move(outputs));
  Document cluster = member_of(member_of(request, "ProcessingResources"), "ClusterConfig");
  set_absent(cluster, {{"VolumeKmsKeyId", {}}});
  file.set("ProcessingResources", Document::object({{"ClusterConfig", std::move(cluster)}}));
  if (const Document* network = request.find("NetworkConfig")) file.set("NetworkConfig", *network);
  copy("RoleArn", Document());
  file.set("StoppingCondition",
           Document::object({{"MaxRuntimeInSeconds", plan.max_runtime_seconds}}));
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
      {"AWS_REGION", plan.region},
      {"AWS_DEFAULT_REGION", plan.region},
      // No such service is in a job's network; without this, SDKs wait for it.
      {"AWS_EC2_METADATA_DISABLED", "true"},
  };
  if (plan.kind == "processing") {
    out["PROCESSING_JOB_ARN"] = plan.job_arn;
  } else if (plan.kind == "serving" || plan.kind == "transform") {
    if (plan.kind == "transform") out["TRANSFORM_JOB_ARN"] = plan.job_arn;
    out["SM_MODEL_DIR"] = facts.base_folder + "/model";
    if (plan.model.many) out["SAGEMAKER_MULTI_MODEL"] = "true";
  } else {
    out["TRAINING_JOB_NAME"] = *plan.job;
    out["TRAINING_JOB_ARN"] = plan.job_arn;
    out["DMLC_INTERFACE"] = kNetworkInterface;
    out["SAGEMAKER_METRICS_DIRECTORY"] = facts.base_folder + "/output/metrics/sagemaker";
  }
  if (facts.base_folder != "/opt/ml") out["SAGEMAKER_BASE_DIR"] = facts.base_folder;
  if (!plan.framework_module.empty()) out["SAGEMAKER_TRAINING_MODULE"] = plan.framework_module;
  if (facts.server_reachable) {
    const std::string endpoint = facts.credentials_address
                                     ? "http://" + address_inside(plan.server_endpoint)
                                     : plan.server_endpoint;
    out["AWS_ENDPOINT_URL"] = endpoint;
    out["S3_ENDPOINT_URL"] = endpoint;
    if (endpoint.starts_with("https:") && !plan.ca_file.empty())
      out["AWS_CA_BUNDLE"] = plan.ca_file;
    if (plan.credentials_as_variables || !facts.credentials_address) {
      out["AWS_ACCESS_KEY_ID"] = plan.credentials.access_key;
      out["AWS_SECRET_ACCESS_KEY"] = plan.credentials.secret_key;
      out["AWS_SESSION_TOKEN"] = plan.credentials.session_token;
    } else if (!plan.credentials_token.empty()) {
      out["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = endpoint + "/_clary/credentials";
      out["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = plan.credentials_token;
    }
  }
  if (!plan.container_command.empty()) {
    // What a container's program may do with the interpreter of its image.
    out["PIP_BREAK_SYSTEM_PACKAGES"] = "1";
    out["PIP_ROOT_USER_ACTION"] = "ignore";
  }
  for (const auto& [name, value] : plan.environment) out[name] = value;
  return out;
}

}  // namespace clary::host
