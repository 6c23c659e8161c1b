#include "meta/endpoint_json.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "meta/row_values.h"

namespace clary::meta {
namespace {

using domain::AsyncInference;
using domain::DataCapture;
using domain::Endpoint;
using domain::EndpointConfig;
using domain::EndpointGeneration;
using domain::EndpointVariant;
using domain::Model;
using domain::ModelContainer;
using domain::ModelDataForm;
using domain::ProductionVariant;
using domain::Serverless;
using domain::ServingPlace;

constexpr std::array<std::pair<ModelDataForm, std::string_view>, 4> kFormWords = {{
    {ModelDataForm::kNone, "none"},
    {ModelDataForm::kArchive, "archive"},
    {ModelDataForm::kObject, "object"},
    {ModelDataForm::kObjects, "objects"},
}};

std::string_view form_word(ModelDataForm form) {
  for (const auto& [one, word] : kFormWords) {
    if (one == form) return word;
  }
  return "";
}

Result<ModelDataForm> read_form(const std::string& word) {
  for (const auto& [form, one] : kFormWords) {
    if (one == word) return form;
  }
  return internal_error("metadata: model data of the form '" + word + "' is not known");
}

int read_int(const Document& document, std::string_view member, int fallback) {
  return static_cast<int>(document.int_or(member, fallback));
}

std::uint64_t read_count(const Document& document, std::string_view member) {
  return static_cast<std::uint64_t>(document.int_or(member, 0));
}

TimePoint read_time(const Document& document, std::string_view member) {
  return time_of(document.int_or(member, 0));
}

// Of each: what `write` makes of it.
template <typename Record, typename Write>
Document list_document(const std::vector<Record>& records, Write write) {
  Document list = Document::array();
  for (const Record& record : records) list.push(write(record));
  return list;
}

template <typename Record>
Result<std::vector<Record>> read_list(const Document& document, std::string_view member,
                                      Result<Record> (*read)(const Document&)) {
  std::vector<Record> records;
  for (const Document& element : read_array(document, member)) {
    CLARY_TRY(Record record, read(element));
    records.push_back(std::move(record));
  }
  return records;
}

// ---- parts ----

Document production_variant_document(const ProductionVariant& variant) {
  Document document = Document::object({{"name", variant.name},
                                        {"model", variant.model},
                                        {"instances", variant.instances},
                                        {"instance_type", variant.instance_type},
                                        {"weight", variant.weight},
                                        {"accelerator_type", variant.accelerator_type},
                                        {"startup_seconds", variant.startup_seconds}});
  if (variant.serverless) document.set("serverless", serverless_document(*variant.serverless));
  return document;
}

Result<ProductionVariant> read_production_variant(const Document& document) {
  ProductionVariant variant;
  variant.name = document.string_or("name", "");
  variant.model = document.string_or("model", "");
  variant.instances = read_int(document, "instances", variant.instances);
  variant.instance_type = document.string_or("instance_type", "");
  variant.weight = document.double_or("weight", variant.weight);
  if (const Document* serverless = document.find("serverless"))
    variant.serverless = read_serverless(*serverless);
  variant.accelerator_type = document.string_or("accelerator_type", "");
  variant.startup_seconds = document.int_or("startup_seconds", variant.startup_seconds);
  return variant;
}

Document capture_document(const DataCapture& capture) {
  return Document::object({{"enabled", capture.enabled},
                           {"percentage", capture.percentage},
                           {"uri", capture.uri},
                           {"input", capture.input},
                           {"output", capture.output},
                           {"csv_types", text_array(capture.csv_types)},
                           {"json_types", text_array(capture.json_types)}});
}

DataCapture read_capture(const Document& document) {
  return {.enabled = document.bool_or("enabled", false),
          .percentage = read_int(document, "percentage", 100),
          .uri = document.string_or("uri", ""),
          .input = document.bool_or("input", false),
          .output = document.bool_or("output", false),
          .csv_types = read_texts(document, "csv_types"),
          .json_types = read_texts(document, "json_types")};
}

Document async_document(const AsyncInference& async) {
  return Document::object({{"output_uri", async.output_uri},
                           {"failure_uri", async.failure_uri},
                           {"max_concurrent", async.max_concurrent}});
}

AsyncInference read_async(const Document& document) {
  return {.output_uri = document.string_or("output_uri", ""),
          .failure_uri = document.string_or("failure_uri", ""),
          .max_concurrent = read_int(document, "max_concurrent", AsyncInference().max_concurrent)};
}

// What configurations and generations have alike.
template <typename Record>
void put_rules(Document& document, const Record& record) {
  if (record.capture) document.set("capture", capture_document(*record.capture));
  if (record.async) document.set("async", async_document(*record.async));
  if (!record.notices.empty()) document.set("notices", text_array(record.notices));
}

template <typename Record>
void read_rules(const Document& document, Record& record) {
  if (const Document* capture = document.find("capture")) record.capture = read_capture(*capture);
  if (const Document* async = document.find("async")) record.async = read_async(*async);
  record.notices = read_texts(document, "notices");
}

Document variant_document(const EndpointVariant& variant) {
  return Document::object({{"asked", production_variant_document(variant.asked)},
                           {"shadow", variant.shadow},
                           {"role", variant.role},
                           {"containers", list_document(variant.containers, container_document)},
                           {"direct", variant.direct},
                           {"network_isolation", variant.network_isolation},
                           {"instances", variant.instances},
                           {"weight", variant.weight}});
}

Result<EndpointVariant> read_variant(const Document& document) {
  EndpointVariant variant;
  if (const Document* asked = document.find("asked")) {
    CLARY_TRY(variant.asked, read_production_variant(*asked));
  }
  variant.shadow = document.bool_or("shadow", false);
  variant.role = document.string_or("role", "");
  CLARY_TRY(variant.containers, read_list(document, "containers", read_container));
  variant.direct = document.bool_or("direct", false);
  variant.network_isolation = document.bool_or("network_isolation", false);
  variant.instances = read_int(document, "instances", variant.instances);
  variant.weight = document.double_or("weight", variant.weight);
  return variant;
}

Document generation_document(const EndpointGeneration& generation) {
  Document document =
      Document::object({{"number", static_cast<std::int64_t>(generation.number)},
                        {"config", generation.config.value()},
                        {"variants", list_document(generation.variants, variant_document)},
                        {"begun", to_column(generation.begun)}});
  put_rules(document, generation);
  return document;
}

Result<EndpointGeneration> read_generation(const Document& document) {
  EndpointGeneration generation;
  generation.number = read_count(document, "number");
  generation.config = EndpointConfigName(document.string_or("config", ""));
  CLARY_TRY(generation.variants, read_list(document, "variants", read_variant));
  generation.begun = read_time(document, "begun");
  read_rules(document, generation);
  return generation;
}

}  // namespace

Document container_document(const ModelContainer& container) {
  return Document::object({{"hostname", container.hostname},
                           {"image", container.image},
                           {"form", form_word(container.form)},
                           {"model_uri", container.model_uri},
                           {"many_models", container.many_models},
                           {"environment", pairs_document(container.environment)}});
}

Result<ModelContainer> read_container(const Document& document) {
  CLARY_TRY(const ModelDataForm form, read_form(document.string_or("form", "none")));
  return ModelContainer{.hostname = document.string_or("hostname", ""),
                        .image = document.string_or("image", ""),
                        .form = form,
                        .model_uri = document.string_or("model_uri", ""),
                        .many_models = document.bool_or("many_models", false),
                        .environment = read_pairs(document, "environment")};
}

Document serverless_document(const Serverless& serverless) {
  return Document::object({{"memory_mib", serverless.memory_mib},
                           {"max_concurrency", serverless.max_concurrency},
                           {"provisioned", serverless.provisioned}});
}

Serverless read_serverless(const Document& document) {
  const Serverless fallback;
  return {.memory_mib = read_int(document, "memory_mib", fallback.memory_mib),
          .max_concurrency = read_int(document, "max_concurrency", fallback.max_concurrency),
          .provisioned = read_int(document, "provisioned", fallback.provisioned)};
}

Document place_document(const ServingPlace& place) {
  return Document::object({{"endpoint", place.endpoint.value()},
                           {"endpoint_id", place.endpoint_id},
                           {"generation", static_cast<std::int64_t>(place.generation)},
                           {"variant", place.variant},
                           {"instance", place.instance},
                           {"container", static_cast<std::int64_t>(place.container)}});
}

ServingPlace read_place(const Document& document) {
  return {.endpoint = EndpointName(document.string_or("endpoint", "")),
          .endpoint_id = document.string_or("endpoint_id", ""),
          .generation = read_count(document, "generation"),
          .variant = document.string_or("variant", ""),
          .instance = read_int(document, "instance", 0),
          .container = static_cast<std::size_t>(read_count(document, "container"))};
}

Document model_document(const Model& model) {
  return Document::object({{"name", model.name.value()},
                           {"arn", model.arn.value()},
                           {"request", model.request},
                           {"role", model.role},
                           {"containers", list_document(model.containers, container_document)},
                           {"direct", model.direct},
                           {"network_isolation", model.network_isolation},
                           {"notices", text_array(model.notices)},
                           {"created", to_column(model.created)}});
}

Result<Model> read_model(const Document& document) {
  Model model;
  model.name = ModelName(document.string_or("name", ""));
  model.arn = Arn(document.string_or("arn", ""));
  model.request = document.string_or("request", "");
  model.role = document.string_or("role", "");
  CLARY_TRY(model.containers, read_list(document, "containers", read_container));
  model.direct = document.bool_or("direct", false);
  model.network_isolation = document.bool_or("network_isolation", false);
  model.notices = read_texts(document, "notices");
  model.created = read_time(document, "created");
  return model;
}

Document config_document(const EndpointConfig& config) {
  Document document =
      Document::object({{"name", config.name.value()},
                        {"arn", config.arn.value()},
                        {"request", config.request},
                        {"variants", list_document(config.variants, production_variant_document)},
                        {"shadows", list_document(config.shadows, production_variant_document)},
                        {"created", to_column(config.created)}});
  put_rules(document, config);
  return document;
}

Result<EndpointConfig> read_config(const Document& document) {
  EndpointConfig config;
  config.name = EndpointConfigName(document.string_or("name", ""));
  config.arn = Arn(document.string_or("arn", ""));
  config.request = document.string_or("request", "");
  CLARY_TRY(config.variants, read_list(document, "variants", read_production_variant));
  CLARY_TRY(config.shadows, read_list(document, "shadows", read_production_variant));
  config.created = read_time(document, "created");
  read_rules(document, config);
  return config;
}

Document endpoint_document(const Endpoint& endpoint) {
  Document document = Document::object({{"name", endpoint.name.value()},
                                        {"id", endpoint.id},
                                        {"arn", endpoint.arn.value()},
                                        {"status", domain::endpoint_status_name(endpoint.status)},
                                        {"failure_reason", endpoint.failure_reason},
                                        {"created", to_column(endpoint.created)},
                                        {"modified", to_column(endpoint.modified)}});
  if (endpoint.serving) document.set("serving", generation_document(*endpoint.serving));
  if (endpoint.next) document.set("next", generation_document(*endpoint.next));
  return document;
}

Result<Endpoint> read_endpoint(const Document& document) {
  Endpoint endpoint;
  endpoint.name = EndpointName(document.string_or("name", ""));
  endpoint.id = document.string_or("id", "");
  endpoint.arn = Arn(document.string_or("arn", ""));
  const std::string word = document.string_or("status", "");
  const std::optional<domain::EndpointStatus> status = domain::endpoint_status_of(word);
  if (!status) return internal_error("metadata: endpoint status '" + word + "' is not known");
  endpoint.status = *status;
  endpoint.failure_reason = document.string_or("failure_reason", "");
  if (const Document* serving = document.find("serving")) {
    CLARY_TRY(endpoint.serving, read_generation(*serving));
  }
  if (const Document* next = document.find("next")) {
    CLARY_TRY(endpoint.next, read_generation(*next));
  }
  endpoint.created = read_time(document, "created");
  endpoint.modified = read_time(document, "modified");
  return endpoint;
}

}  // namespace clary::meta
