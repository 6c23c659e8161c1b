#include "hostlink/plan.h"

namespace clary::hostlink {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Document texts(const std::vector<std::string>& values) {
  return Document::array({values.begin(), values.end()});
}

// Pairs keep their order and may repeat a name, so they are no object.
Document pairs(const Pairs& values) {
  Document out = Document::array();
  for (const auto& [name, value] : values) out.push(Document::array({name, value}));
  return out;
}

std::vector<std::string> read_texts(const Document& document, std::string_view name) {
  std::vector<std::string> out;
  const Document* member = document.find(name);
  const Document::Array* values = member == nullptr ? nullptr : member->as_array();
  if (values == nullptr) return out;
  for (const Document& value : *values) {
    if (const std::string* text = value.as_string()) out.push_back(*text);
  }
  return out;
}

Pairs read_pairs(const Document& document, std::string_view name) {
  Pairs out;
  const Document* member = document.find(name);
  const Document::Array* values = member == nullptr ? nullptr : member->as_array();
  if (values == nullptr) return out;
  for (const Document& value : *values) {
    const Document::Array* pair = value.as_array();
    if (pair == nullptr || pair->size() != 2) continue;
    const std::string* key = (*pair)[0].as_string();
    const std::string* text = (*pair)[1].as_string();
    if (key != nullptr && text != nullptr) out.emplace_back(*key, *text);
  }
  return out;
}

Document channel_document(const PlanChannel& channel) {
  return Document::object({{"name", channel.name},
                           {"uri", channel.uri},
                           {"data_type", channel.data_type},
                           {"input_mode", channel.input_mode},
                           {"distribution", channel.distribution},
                           {"record_wrapper", channel.record_wrapper},
                           {"content_type", channel.content_type},
                           {"compression", channel.compression},
                           {"path", channel.path},
                           {"view", channel.view},
                           {"mount", channel.mount},
                           {"writable", channel.writable}});
}

PlanChannel read_channel(const Document& document) {
  const PlanChannel absent;
  PlanChannel channel;
  channel.name = document.string_or("name", "");
  channel.uri = document.string_or("uri", "");
  channel.data_type = document.string_or("data_type", absent.data_type);
  channel.input_mode = document.string_or("input_mode", absent.input_mode);
  channel.distribution = document.string_or("distribution", absent.distribution);
  channel.record_wrapper = document.string_or("record_wrapper", absent.record_wrapper);
  channel.content_type = document.string_or("content_type", "");
  channel.compression = document.string_or("compression", absent.compression);
  channel.path = document.string_or("path", "");
  channel.view = document.string_or("view", "");
  channel.mount = document.string_or("mount", "");
  channel.writable = document.bool_or("writable", false);
  return channel;
}

Document output_document(const PlanOutput& output) {
  return Document::object({{"name", output.name},
                           {"uri", output.uri},
                           {"path", output.path},
                           {"continuous", output.continuous}});
}

PlanOutput read_output(const Document& document) {
  return {.name = document.string_or("name", ""),
          .uri = document.string_or("uri", ""),
          .path = document.string_or("path", ""),
          .continuous = document.bool_or("continuous", false)};
}

Document model_document(const PlanModel& model) {
  return Document::object({{"form", model.form}, {"uri", model.uri}, {"many", model.many}});
}

PlanModel read_model(const Document& document) {
  return {.form = document.string_or("form", "none"),
          .uri = document.string_or("uri", ""),
          .many = document.bool_or("many", false)};
}

Document interpreter_document(const PlanInterpreter& interpreter) {
  Document packages = Document::object();
  for (const auto& [name, version] : interpreter.packages) packages.set(name, version);
  return Document::object({{"python", interpreter.python},
                           {"prefixes", texts(interpreter.prefixes)},
                           {"python_version", interpreter.python_version},
                           {"packages", std::move(packages)},
                           {"sys_path", texts(interpreter.sys_path)}});
}

PlanInterpreter read_interpreter(const Document& document) {
  PlanInterpreter interpreter;
  interpreter.python = document.string_or("python", "");
  interpreter.prefixes = read_texts(document, "prefixes");
  interpreter.python_version = document.string_or("python_version", "");
  interpreter.sys_path = read_texts(document, "sys_path");
  const Document* packages = document.find("packages");
  if (packages == nullptr || !packages->is_object()) return interpreter;
  for (const Document::Member& member : *packages->as_object()) {
    if (const std::string* version = member.value.as_string())
      interpreter.packages[member.name] = *version;
  }
  return interpreter;
}

void read_identity(HostPlan& plan, const Document& document) {
  const HostPlan absent;
  plan.gang = GangId(document.string_or("gang", ""));
  plan.kind = document.string_or("kind", absent.kind);
  plan.job = JobName(document.string_or("job", ""));
  plan.request = document.string_or("request", "");
  plan.job_arn = document.string_or("job_arn", "");
  plan.host = document.string_or("host", absent.host);
  plan.hosts = read_texts(document, "hosts");
  if (plan.hosts.empty()) plan.hosts = {plan.host};
  plan.instance_type = document.string_or("instance_type", "");
  plan.instance_group = document.string_or("instance_group", absent.instance_group);
  plan.region = document.string_or("region", "");
  plan.account = document.string_or("account", "");
}

void read_work(HostPlan& plan, const Document& document) {
  const HostPlan absent;
  plan.image = document.string_or("image", "");
  plan.framework_module = document.string_or("framework_module", "");
  if (const Document* interpreter = document.find("interpreter")) {
    plan.interpreter = read_interpreter(*interpreter);
  }
  plan.hyperparameters = read_pairs(document, "hyperparameters");
  plan.environment = read_pairs(document, "environment");
  const Document* channels = document.find("channels");
  if (channels != nullptr && channels->is_array()) {
    for (const Document& channel : *channels->as_array())
      plan.channels.push_back(read_channel(channel));
  }
  plan.container_command = read_texts(document, "container_command");
  const Document* outputs = document.find("outputs");
  if (outputs != nullptr && outputs->is_array()) {
    for (const Document& output : *outputs->as_array()) plan.outputs.push_back(read_output(output));
  }
  plan.checkpoint_uri = document.string_or("checkpoint_uri", "");
  plan.checkpoint_path = document.string_or("checkpoint_path", absent.checkpoint_path);
  plan.output_compressed = document.bool_or("output_compressed", true);
  plan.output_uri = document.string_or("output_uri", "");
  plan.max_runtime_seconds = document.int_or("max_runtime_seconds", absent.max_runtime_seconds);
  plan.stop_grace_seconds = document.int_or("stop_grace_seconds", absent.stop_grace_seconds);
  if (const Document* model = document.find("model")) plan.model = read_model(*model);
  plan.serving_socket = document.string_or("serving_socket", "");
  plan.accelerator_type = document.string_or("accelerator_type", "");
  plan.engine_folder = document.string_or("engine_folder", "");
  if (const Document* transform = document.find("transform"))
    plan.transform = PlanTransform::from_document(*transform);
}

void read_machine(HostPlan& plan, const Document& document) {
  const HostPlan absent;
  plan.priority = static_cast<int>(document.int_or("priority", 0));
  plan.sandbox = document.string_or("sandbox", absent.sandbox);
  plan.network_isolation = document.bool_or("network_isolation", false);
  plan.network = document.string_or("network", absent.network);
  plan.cores = static_cast<int>(document.int_or("cores", 0));
  plan.memory_bytes = static_cast<std::uint64_t>(document.int_or("memory_bytes", 0));
  plan.max_processes = document.int_or("max_processes", 0);
  plan.max_disk_bytes = static_cast<std::uint64_t>(document.int_or("max_disk_bytes", 0));
  plan.max_log_lines = document.int_or("max_log_lines", 0);
  plan.gpu_devices = read_texts(document, "gpu_devices");
  if (const std::int64_t uid = document.int_or("run_as_uid", -1); uid >= 0) {
    plan.run_as_uid = static_cast<std::uint32_t>(uid);
  }
  plan.credentials_as_variables = document.bool_or("credentials_as_variables", false);
  plan.server_endpoint = document.string_or("server_endpoint", "");
  plan.ca_file = document.string_or("ca_file", "");
  plan.hostlink_socket = document.string_or("hostlink_socket", "");
  plan.hostlink_token = document.string_or("hostlink_token", "");
  plan.credentials_token = document.string_or("credentials_token", "");
  plan.cache_folder = document.string_or("cache_folder", "");
  plan.kept_folder = document.string_or("kept_folder", "");
  plan.kept_bytes = static_cast<std::uint64_t>(document.int_or("kept_bytes", 0));
  plan.kept_seconds = document.int_or("kept_seconds", 0);
  if (const Document* credentials = document.find("credentials")) {
    plan.credentials = PlanCredentials::from_document(*credentials);
  }
}

}  // namespace

Document PlanCredentials::to_document() const {
  return Document::object({{"access_key", access_key},
                           {"secret_key", secret_key},
                           {"session_token", session_token},
                           {"expires_epoch_seconds", expires_epoch_seconds}});
}

PlanCredentials PlanCredentials::from_document(const Document& document) {
  PlanCredentials credentials;
  credentials.access_key = document.string_or("access_key", "");
  credentials.secret_key = document.string_or("secret_key", "");
  credentials.session_token = document.string_or("session_token", "");
  credentials.expires_epoch_seconds = document.int_or("expires_epoch_seconds", 0);
  return credentials;
}

Document HostPlan::to_document() const {
  Document channel_list = Document::array();
  for (const PlanChannel& channel : channels) channel_list.push(channel_document(channel));
  Document output_list = Document::array();
  for (const PlanOutput& output : outputs) output_list.push(output_document(output));
  Document document = Document::object({
      {"version", version},
      {"gang", gang.value()},
      {"kind", kind},
      {"job", job.value()},
      {"request", request},
      {"job_arn", job_arn},
      {"host", host},
      {"hosts", texts(hosts)},
      {"instance_type", instance_type},
      {"instance_group", instance_group},
      {"region", region},
      {"account", account},
      {"image", image},
      {"framework_module", framework_module},
      {"interpreter", interpreter_document(interpreter)},
      {"hyperparameters", pairs(hyperparameters)},
      {"environment", pairs(environment)},
      {"channels", std::move(channel_list)},
      {"container_command", texts(container_command)},
      {"outputs", std::move(output_list)},
      {"checkpoint_uri", checkpoint_uri},
      {"checkpoint_path", checkpoint_path},
      {"output_compressed", output_compressed},
      {"output_uri", output_uri},
      {"max_runtime_seconds", max_runtime_seconds},
      {"stop_grace_seconds", stop_grace_seconds},
      {"model", model_document(model)},
      {"serving_socket", serving_socket},
      {"accelerator_type", accelerator_type},
      {"engine_folder", engine_folder},
      {"priority", priority},
      {"sandbox", sandbox},
      {"network_isolation", network_isolation},
      {"network", network},
      {"cores", cores},
      {"memory_bytes", static_cast<std::int64_t>(memory_bytes)},
      {"max_processes", max_processes},
      {"max_disk_bytes", static_cast<std::int64_t>(max_disk_bytes)},
      {"max_log_lines", max_log_lines},
      {"gpu_devices", texts(gpu_devices)},
      {"credentials_as_variables", credentials_as_variables},
      {"server_endpoint", server_endpoint},
      {"ca_file", ca_file},
      {"hostlink_socket", hostlink_socket},
      {"hostlink_token", hostlink_token},
      {"credentials_token", credentials_token},
      {"cache_folder", cache_folder},
      {"kept_folder", kept_folder},
      {"kept_bytes", static_cast<std::int64_t>(kept_bytes)},
      {"kept_seconds", kept_seconds},
      {"credentials", credentials.to_document()},
  });
  if (run_as_uid) document.set("run_as_uid", std::int64_t{*run_as_uid});
  if (kind == "transform") document.set("transform", transform.to_document());
  return document;
}

Result<HostPlan> HostPlan::from_document(const Document& document) {
  if (!document.is_object()) return invalid_argument("host plan: not a JSON object");
  HostPlan plan;
  plan.version = static_cast<int>(document.int_or("version", 0));
  if (plan.version < 1 || plan.version > kProtocolVersion) {
    return unsupported("host plan: version " + std::to_string(plan.version) +
                       ", this program reads 1 to " + std::to_string(kProtocolVersion));
  }
  read_identity(plan, document);
  read_work(plan, document);
  read_machine(plan, document);
  if (plan.gang.empty()) return invalid_argument("host plan: 'gang' is absent");
  return plan;
}

}  // namespace clary::hostlink
