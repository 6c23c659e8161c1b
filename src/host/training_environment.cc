#include "host/training_environment.h"

#include <algorithm>
#include <array>

#include "base/files.h"
#include "base/strings.h"
#include "host/python_text.h"

namespace clary::host {
namespace {

constexpr std::array<std::string_view, 9> kReservedParameters = {
    "sagemaker_program",
    "sagemaker_submit_directory",
    "sagemaker_enable_cloudwatch_metrics",
    "sagemaker_region",
    "sagemaker_container_log_level",
    "sagemaker_job_name",
    "default_user_module_name",
    "_tuning_objective_metric",
    "sagemaker_s3_output"};

// Those that make the toolkit take the one group of a homogeneous cluster for distribution.
constexpr std::array<std::string_view, 7> kDistributionSwitches = {
    "sagemaker_mpi_enabled",
    "sagemaker_parameter_server_enabled",
    "sagemaker_distributed_dataparallel_enabled",
    "sagemaker_pytorch_ddp_enabled",
    "sagemaker_pytorch_xla_multi_worker_enabled",
    "sagemaker_multi_worker_mirrored_strategy_enabled",
    "sagemaker_torch_distributed_enabled"};

constexpr std::string_view kPyTorchModule = "sagemaker_pytorch_container.training";
constexpr std::string_view kMasterPort = "7777";
constexpr int kDefaultLogLevel = 20;  // logging.INFO

Document empty_object() { return Document(Document::Object{}); }
Document empty_array() { return Document(Document::Array{}); }

bool is_true(const Document* value) {
  if (value == nullptr || value->is_null()) return false;
  if (const bool* flag = value->as_bool()) return *flag;
  if (const auto* whole = value->as_int()) return *whole != 0;
  if (const auto* text = value->as_string()) return !text->empty();
  return true;
}

Document value_or(const Document& object, std::string_view name, Document fallback) {
  const Document* found = object.find(name);
  return found == nullptr ? std::move(fallback) : *found;
}

std::string variable_or(const Variables& variables, const std::string& name, std::string fallback) {
  const auto found = variables.find(name);
  return found == variables.end() ? std::move(fallback) : found->second;
}

bool contains(const Document& array, const Document& wanted) {
  const auto* elements = array.as_array();
  return elements != nullptr &&
         std::find(elements->begin(), elements->end(), wanted) != elements->end();
}

// The hyperparameters, decoded, in the toolkit's three kinds.
struct Parameters {
  Document user = empty_object();
  Document reserved = empty_object();
  Document framework = empty_object();
  std::vector<std::string> kept_as_text;
};

Parameters decoded(const std::vector<std::pair<std::string, std::string>>& texts) {
  Parameters parameters;
  for (const auto& [name, text] : texts) {
    Result<Document> value = python_json_loads(text);
    const bool reserved = std::find(kReservedParameters.begin(), kReservedParameters.end(), name) !=
                          kReservedParameters.end();
    Document& kind = reserved                         ? parameters.reserved
                     : name.starts_with("sagemaker_") ? parameters.framework
                                                      : parameters.user;
    if (!value.ok() && &kind == &parameters.user) parameters.kept_as_text.push_back(name);
    kind.set(name, value.ok() ? *std::move(value) : Document(text));
  }
  return parameters;
}

// What resourceconfig.json says of groups of instances, and which of them distribute.
struct Groups {
  Document names = empty_array();
  Document by_name = empty_object();
  Document current_hosts = empty_array();
  Document distributing = empty_array();
  Document distribution_hosts = empty_array();
};

Groups read_groups(const Document& resource_config, const Document& framework,
                   const Document& hosts, const Document& current_group) {
  Groups groups;
  const Document listed = value_or(resource_config, "instance_groups", empty_array());
  const bool any_listed = listed.as_array() != nullptr && !listed.as_array()->empty();

  if (const Document* chosen = framework.find("sagemaker_distribution_instance_groups")) {
    groups.distributing = *chosen;
  } else if (std::any_of(kDistributionSwitches.begin(), kDistributionSwitches.end(),
                         [&](std::string_view name) { return is_true(framework.find(name)); })) {
    groups.distributing.push(current_group);
  }
  if (!any_listed) {
    groups.distribution_hosts = hosts;
    return groups;
  }
  bool current_found = false;
  for (const Document& group : *listed.as_array()) {
    const Document name = value_or(group, "instance_group_name", Document());
    const Document group_hosts = value_or(group, "hosts", empty_array());
    groups.names.push(name);
    groups.by_name.set(python_str(name), group);
    if (!current_found && name == current_group) {
      groups.current_hosts = group_hosts;
      current_found = true;
    }
    if (contains(groups.distributing, name) && group_hosts.as_array() != nullptr) {
      for (const Document& host : *group_hosts.as_array()) groups.distribution_hosts.push(host);
    }
  }
  return groups;
}

// mapping.to_env_vars' value: texts as they are, null empty, anything else as JSON.
std::string variable_text(const Document& value) {
  if (value.is_null()) return "";
  if (const std::string* text = value.as_string()) return *text;
  return python_json_dumps(value);
}

void set_variable(Variables& variables, std::string_view name, const Document& value) {
  variables["SM_" + python_upper(name)] = variable_text(value);
}

// The properties of the toolkit's Environment object, which SM_TRAINING_ENV shows.
Document properties_of(const ToolkitInput& input, const Parameters& parameters,
                       const Groups& groups, const std::string& entry_point) {
  const Document& resource = input.resource_config;
  const std::string& base = input.base_folder;
  const Document hosts = *resource.find("hosts");
  const Document current_host = *resource.find("current_host");
  const Document master = groups.distribution_hosts.as_array()->empty()
                              ? hosts.as_array()->front()
                              : groups.distribution_hosts.as_array()->front();
  Document channels = empty_object();
  if (const auto* configured = input.input_data_config.as_object()) {
    for (const auto& [name, config] : *configured)
      channels.set(name, Document(base + "/input/data/" + name));
  }
  const Document none;
  const auto variable = [&](const std::string& name) {
    const auto found = input.process_environment.find(name);
    return found == input.process_environment.end() ? none : Document(found->second);
  };
  const bool is_python = entry_point.ends_with(".py");
  Document out = empty_object();
  out.set("additional_framework_parameters", parameters.framework);
  out.set("channel_input_dirs", channels);
  out.set("current_host", current_host);
  out.set("current_instance_group", value_or(resource, "current_group_name", "homogeneousCluster"));
  out.set("current_instance_group_hosts", groups.current_hosts);
  out.set("current_instance_type", value_or(resource, "current_instance_type", "local"));
  out.set("distribution_hosts", groups.distribution_hosts);
  out.set("distribution_instance_groups", groups.distributing);
  out.set("framework_module", variable("SAGEMAKER_TRAINING_MODULE"));
  out.set("hosts", hosts);
  out.set("hyperparameters", parameters.user);
  out.set("input_config_dir", Document(base + "/input/config"));
  out.set("input_data_config", input.input_data_config);
  out.set("input_dir", Document(base + "/input"));
  out.set("instance_groups", groups.names);
  out.set("instance_groups_dict", groups.by_name);
  out.set("is_hetero", groups.names.as_array()->size() > 1);
  out.set("is_master", current_host == master);
  out.set("is_modelparallel_enabled", none);
  out.set("is_smddpmprun_installed", false);
  out.set("is_smddprun_installed", false);
  out.set("job_name", variable("TRAINING_JOB_NAME"));
  out.set("log_level",
          value_or(parameters.reserved, "sagemaker_container_log_level", kDefaultLogLevel));
  out.set("master_hostname", master);
  out.set("model_dir", Document(base + "/model"));
  out.set("module_dir",
          Document(python_str(value_or(parameters.reserved, "sagemaker_submit_directory",
                                       Document(base + "/code")))));
  out.set("module_name",
          Document(is_python ? entry_point.substr(0, entry_point.size() - 3) : entry_point));
  out.set("network_interface_name", value_or(resource, "network_interface_name", "eth0"));
  out.set("num_cpus", input.cpus);
  out.set("num_gpus", input.gpus);
  out.set("num_neurons", input.neurons);
  out.set("output_data_dir", Document(base + "/output/data"));
  out.set("output_dir", Document(base + "/output"));
  out.set("output_intermediate_dir", Document(base + "/output/intermediate"));
  out.set("resource_config", resource);
  out.set("topology", value_or(resource, "topology", empty_array()));
  out.set("user_entry_point", Document(entry_point));
  return out;
}

// The SM_* variables. Most are the properties under their own names.
void set_toolkit_variables(Variables& out, const Document& properties,
                           const std::vector<std::string>& arguments) {
  constexpr std::array<std::string_view, 25> same_names = {"hosts",
                                                           "network_interface_name",
                                                           "user_entry_point",
                                                           "resource_config",
                                                           "input_data_config",
                                                           "output_data_dir",
                                                           "current_host",
                                                           "current_instance_type",
                                                           "current_instance_group",
                                                           "current_instance_group_hosts",
                                                           "instance_groups",
                                                           "instance_groups_dict",
                                                           "distribution_instance_groups",
                                                           "is_hetero",
                                                           "module_name",
                                                           "log_level",
                                                           "framework_module",
                                                           "input_dir",
                                                           "input_config_dir",
                                                           "output_dir",
                                                           "num_cpus",
                                                           "num_gpus",
                                                           "num_neurons",
                                                           "model_dir",
                                                           "module_dir"};
  for (const std::string_view name : same_names) set_variable(out, name, *properties.find(name));
  set_variable(out, "output_intermediate_dir", *properties.find("output_intermediate_dir"));
  set_variable(out, "hps", *properties.find("hyperparameters"));
  set_variable(out, "framework_params", *properties.find("additional_framework_parameters"));
  set_variable(out, "training_env", properties);
  set_variable(out, "user_args", text_array(arguments));
  if (is_true(properties.find("topology")) && !(*properties.find("topology") == empty_array())) {
    set_variable(out, "topology", *properties.find("topology"));
  }
  std::vector<std::string> channels;
  for (const auto& [name, path] : *properties.find("channel_input_dirs")->as_object()) {
    channels.push_back(name);
    set_variable(out, "channel_" + name, path);
  }
  std::sort(channels.begin(), channels.end());
  set_variable(out, "channels", text_array(channels));
  for (const auto& [name, value] : *properties.find("hyperparameters")->as_object()) {
    set_variable(out, "hp_" + name, value);
  }
}

// What sagemaker-pytorch-training adds.
void set_pytorch_variables(Variables& out, const Document& properties,
                           const std::string& torch_version) {
  out["MASTER_ADDR"] = python_str(*properties.find("master_hostname"));
  out["MASTER_PORT"] = kMasterPort;
  out["NCCL_DEBUG"] = "WARN";
  out["NCCL_IB_DISABLE"] = "1";
  out["NCCL_SOCKET_IFNAME"] = python_str(*properties.find("network_interface_name"));
  if (!torch_version.empty()) out["SM_DLC_TORCH_VERSION"] = torch_version;
}

// The toolkit's sys.path, behind the code folder. Python puts the started script's folder and
// PYTHONPATH before its own.
std::string python_path(const ToolkitInput& input) {
  std::string path = input.base_folder + "/code:" + input.program_folder;
  const std::string given = variable_or(input.process_environment, "PYTHONPATH", "");
  for (const std::string_view folder : split(given, ':')) {
    if (!folder.empty()) path.append(":").append(folder);
  }
  for (const std::string& folder : input.sys_path) path.append(":").append(folder);
  return path;
}

Status check_resource_config(const Document& resource) {
  const Document* hosts = resource.find("hosts");
  if (hosts == nullptr || hosts->as_array() == nullptr || hosts->as_array()->empty()) {
    return invalid_argument("resourceconfig.json: 'hosts' is not a list of names");
  }
  if (resource.find("current_host") == nullptr) {
    return invalid_argument("resourceconfig.json: 'current_host' is absent");
  }
  return {};
}

}  // namespace

std::vector<std::string> to_arguments(const Document& hyperparameters) {
  std::vector<std::string> arguments;
  if (hyperparameters.as_object() == nullptr) return arguments;
  Document::Object members = *hyperparameters.as_object();
  std::sort(members.begin(), members.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  for (const auto& [name, value] : members) {
    const auto is_lead = [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; };
    const auto characters = std::count_if(name.begin(), name.end(), is_lead);
    arguments.push_back(name.empty() ? "" : (characters > 1 ? "--" : "-") + name);
    if (const auto* object = value.as_object()) {
      Document::Object entries = *object;
      std::sort(entries.begin(), entries.end(),
                [](const auto& a, const auto& b) { return a.name < b.name; });
      std::string text;
      for (const auto& [key, entry] : entries)
        text += (text.empty() ? "" : ",") + key + "=" + python_str(entry);
      arguments.push_back(text);
    } else {
      arguments.push_back(value.is_null() ? "" : python_str(value));
    }
  }
  return arguments;
}

Result<TrainingEnvironment> make_training_environment(const ToolkitInput& input) {
  CLARY_RETURN_IF_ERROR(check_resource_config(input.resource_config));
  const Parameters parameters = decoded(input.hyperparameters);

  TrainingEnvironment out;
  out.kept_as_text = parameters.kept_as_text;
  if (const Document* program = parameters.reserved.find("sagemaker_program"); is_true(program)) {
    out.user_entry_point = python_str(*program);
  }
  out.user_entry_point =
      variable_or(input.process_environment, "SAGEMAKER_PROGRAM", out.user_entry_point);
  if (out.user_entry_point.empty()) {
    return unsupported(
        "no entry point is named: the job asks for the program inside its image, and images are "
        "not run here. "
        "Give the estimator an entry_point (hyperparameter sagemaker_program) and its source_dir");
  }
  const Document current_group =
      value_or(input.resource_config, "current_group_name", "homogeneousCluster");
  const Groups groups = read_groups(input.resource_config, parameters.framework,
                                    *input.resource_config.find("hosts"), current_group);
  const Document properties = properties_of(input, parameters, groups, out.user_entry_point);
  out.submit_directory = *properties.find("module_dir")->as_string();
  out.arguments = to_arguments(parameters.user);

  Variables& variables = out.variables;
  variables = input.process_environment;
  const std::string region = variable_or(input.process_environment, "AWS_DEFAULT_REGION",
                                         variable_or(input.process_environment, "AWS_REGION", ""));
  variables["SAGEMAKER_JOB_NAME"] =
      python_str(value_or(parameters.reserved, "sagemaker_job_name", ""));
  variables["SAGEMAKER_REGION"] =
      python_str(value_or(parameters.reserved, "sagemaker_region", Document(region)));
  variables["CURRENT_HOST"] = python_str(*input.resource_config.find("current_host"));
  set_toolkit_variables(variables, properties, out.arguments);
  const std::string module =
      variable_or(input.process_environment, "SAGEMAKER_TRAINING_MODULE", "");
  if (module.starts_with(kPyTorchModule))
    set_pytorch_variables(variables, properties, input.torch_version);
  variables["PYTHONPATH"] = python_path(input);
  return out;
}

}  // namespace clary::host
