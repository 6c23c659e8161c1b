#include "services/model_request.h"

#include <fmt/format.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "objects/object_store.h"
#include "services/job_rules.h"
#include "services/kept_text.h"
#include "services/serving_resources.h"

namespace clary::services {
namespace {

using domain::ModelContainer;
using domain::ModelDataForm;

constexpr std::string_view kArchiveEnding = ".tar.gz";

struct ModelData {
  ModelDataForm form = ModelDataForm::kNone;
  std::string uri;
};

bool is_multi_model(const api::ContainerDefinition& container) {
  return container.mode == "MultiModel";
}

// member: "ModelDataUrl of PrimaryContainer".
Complaint check_model_object(const std::string& member, const std::string& uri) {
  if (auto wrong = check_uri(member, uri)) return wrong;
  const auto parsed = objects::parse_object_uri(uri);
  if (!parsed.ok() || !parsed->key.empty()) return std::nullopt;
  return invalid(fmt::format("Invalid {}: \"{}\" names a bucket, but no object.", member, uri));
}

// Of many models the URL is a prefix, else that of one archive.
Outcome<ModelData> data_at_url(const std::string& what, const api::ContainerDefinition& container) {
  const std::string& url = *container.model_data_url;
  const std::string member = "ModelDataUrl of " + what;
  if (is_multi_model(container)) {
    if (auto wrong = check_uri(member, url)) return *wrong;
    return ModelData{ModelDataForm::kObjects, url.ends_with('/') ? url : url + '/'};
  }
  if (auto wrong = check_model_object(member, url)) return *wrong;
  if (!url.ends_with(kArchiveEnding)) {
    return invalid(fmt::format(
        "Invalid {}: \"{}\" must name one {} archive. Give other model data as ModelDataSource.",
        member, url, kArchiveEnding));
  }
  return ModelData{ModelDataForm::kArchive, url};
}

Outcome<ModelData> data_of_source(const std::string& what,
                                  const api::ContainerDefinition& container) {
  if (!container.model_data_source->s3_data_source)
    return invalid(fmt::format("ModelDataSource of {} needs an S3DataSource.", what));
  const api::S3ModelDataSource& source = *container.model_data_source->s3_data_source;
  const std::string member = "S3Uri of ModelDataSource of " + what;
  const bool packed = source.compression_type == "Gzip";
  if (source.s3_data_type == "S3Prefix") {
    if (auto wrong = check_uri(member, source.s3_uri)) return *wrong;
    if (packed) {
      return invalid(fmt::format(
          "ModelDataSource of {}: a CompressionType of Gzip needs an S3DataType of S3Object.",
          what));
    }
    if (!source.s3_uri.ends_with('/')) {
      return invalid(fmt::format("Invalid {}: \"{}\" is a prefix and must end with a slash.",
                                 member, source.s3_uri));
    }
    return ModelData{ModelDataForm::kObjects, source.s3_uri};
  }
  if (is_multi_model(container)) {
    return invalid(fmt::format(
        "ModelDataSource of {}: many models lie below a prefix, so S3DataType must be S3Prefix.",
        what));
  }
  if (auto wrong = check_model_object(member, source.s3_uri)) return *wrong;
  return ModelData{packed ? ModelDataForm::kArchive : ModelDataForm::kObject, source.s3_uri};
}

Outcome<ModelData> data_of(const std::string& what, const api::ContainerDefinition& container) {
  if (container.model_data_url && container.model_data_source) {
    return invalid(
        fmt::format("{} may have either ModelDataUrl or ModelDataSource, not both.", what));
  }
  if (container.model_data_url) return data_at_url(what, container);
  if (container.model_data_source) return data_of_source(what, container);
  if (is_multi_model(container))
    return invalid(fmt::format("{} is MultiModel and needs a ModelDataUrl.", what));
  return ModelData{};
}

// what: "PrimaryContainer", "Containers[1]".
Outcome<ModelContainer> container_of(const std::string& what,
                                     const api::ContainerDefinition& container) {
  if (!container.image || container.image->empty())
    return invalid(fmt::format("You must specify an Image for {}.", what));
  if (container.multi_model_config && !is_multi_model(container))
    return invalid(fmt::format("MultiModelConfig of {} needs the Mode MultiModel.", what));
  CLARY_TRY(ModelData data, data_of(what, container));
  ModelContainer made;
  made.hostname = container.container_hostname.value_or("");
  made.image = *container.image;
  made.form = data.form;
  made.model_uri = std::move(data.uri);
  made.many_models = is_multi_model(container);
  if (container.environment) made.environment = *container.environment;
  return made;
}

// A container of several that are called directly is called by its name.
Complaint check_hostnames(const domain::Model& model) {
  std::set<std::string> names;
  for (const ModelContainer& container : model.containers) {
    if (container.hostname.empty()) {
      if (!model.direct) continue;
      return invalid(
          "Every container needs a ContainerHostname when InferenceExecutionConfig.Mode is "
          "Direct.");
    }
    if (!names.insert(container.hostname).second) {
      return invalid(
          fmt::format("Container host names must be unique. \"{}\" is given more than once.",
                      container.hostname));
    }
  }
  return std::nullopt;
}

Outcome<std::vector<ModelContainer>> containers_of(const api::CreateModelInput& request) {
  const bool several = request.containers && !request.containers->empty();
  if (several == request.primary_container.has_value())
    return invalid("A model needs either a PrimaryContainer or Containers, and not both.");
  std::vector<ModelContainer> made;
  if (!several) {
    CLARY_TRY(made.emplace_back(), container_of("PrimaryContainer", *request.primary_container));
    return made;
  }
  for (std::size_t i = 0; i < request.containers->size(); ++i) {
    CLARY_TRY(made.emplace_back(),
              container_of(fmt::format("Containers[{}]", i), (*request.containers)[i]));
  }
  return made;
}

}  // namespace

Outcome<domain::Model> model_of(const api::CreateModelInput& request, const CallContext& context) {
  if (!request.execution_role_arn) return absent_member("executionRoleArn");
  domain::Model model;
  model.name = ModelName(request.model_name);
  model.arn = serving_arn(ServingKind::kModel, request.model_name, context);
  model.request = to_kept_text(request);
  model.role = *request.execution_role_arn;
  CLARY_TRY(model.containers, containers_of(request));
  model.direct =
      request.inference_execution_config && request.inference_execution_config->mode == "Direct";
  model.network_isolation = request.enable_network_isolation.value_or(false);
  model.notices = inert_notices(context);
  model.created = context.now;
  if (auto wrong = check_hostnames(model)) return *wrong;
  return model;
}

}  // namespace clary::services
