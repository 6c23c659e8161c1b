#include "services/models.h"

#include <utility>

#include "services/execution_role.h"
#include "services/kept_text.h"
#include "services/model_request.h"
#include "services/serving_resources.h"

namespace clary::services {
namespace {

// What AWS fills in where the request said nothing.
void complete(api::ContainerDefinition& container) {
  if (!container.mode) container.mode = "SingleModel";
  if (!container.environment) container.environment.emplace();
}

}  // namespace

void Models::add_to(Router& router) {
  router.add<api::CreateModel>(*this, &Models::create);
  router.add<api::DescribeModel>(*this, &Models::describe);
  router.add<api::ListModels>(*this, &Models::list);
  router.add<api::DeleteModel>(*this, &Models::remove);
}

Outcome<api::CreateModelOutput> Models::create(const api::CreateModelInput& request,
                                               const CallContext& context) {
  CLARY_TRY(const domain::Model model, model_of(request, context));
  CLARY_TRY(const std::vector<domain::Tag> tags,
            tags_of(request.tags.value_or(std::vector<api::sagemaker::Tag>{})));
  if (auto refused = check_execution_role(parts_.identities, model.role, model.arn, context))
    return *std::move(refused);
  if (const Status created = parts_.store.create_model(model); !created.ok()) {
    if (created.error().code != ErrorCode::kAlreadyExists) return created.error();
    return already_there(ServingKind::kModel, model.arn);
  }
  if (const Status tagged = set_tags(parts_.jobs, model.arn, tags); !tagged.ok()) {
    CLARY_RETURN_IF_ERROR(parts_.store.remove_model(model.name));
    return tagged.error();
  }
  return api::CreateModelOutput{.model_arn = model.arn.value()};
}

Outcome<api::DescribeModelOutput> Models::describe(const api::DescribeModelInput& request,
                                                   const CallContext& context) {
  CLARY_TRY(const domain::Model model,
            found_or(parts_.store.find_model(ModelName(request.model_name)), ServingKind::kModel,
                     request.model_name, context));
  CLARY_TRY(api::CreateModelInput asked, from_kept_text<api::CreateModelInput>(model.request));
  api::DescribeModelOutput reply;
  reply.model_name = model.name.value();
  reply.model_arn = model.arn.value();
  reply.creation_time = model.created;
  reply.primary_container = std::move(asked.primary_container);
  reply.containers = std::move(asked.containers);
  if (reply.primary_container) complete(*reply.primary_container);
  if (reply.containers) {
    for (api::ContainerDefinition& container : *reply.containers) complete(container);
  }
  reply.inference_execution_config = std::move(asked.inference_execution_config);
  reply.execution_role_arn = std::move(asked.execution_role_arn);
  reply.vpc_config = std::move(asked.vpc_config);
  reply.enable_network_isolation = model.network_isolation;
  return reply;
}

Outcome<api::ListModelsOutput> Models::list(const api::ListModelsInput& request,
                                            const CallContext&) {
  CLARY_TRY(const domain::Page<domain::Model> page,
            page_or(parts_.store.list_models(resource_query(request))));
  api::ListModelsOutput reply;
  for (const domain::Model& model : page.records) {
    reply.models.push_back({.model_name = model.name.value(),
                            .model_arn = model.arn.value(),
                            .creation_time = model.created});
  }
  if (!page.next.empty()) reply.next_token = page.next;
  return reply;
}

Outcome<api::DeleteModelReply> Models::remove(const api::DeleteModelInput& request,
                                              const CallContext& context) {
  const ModelName name(request.model_name);
  CLARY_TRY(const domain::Model model, found_or(parts_.store.find_model(name), ServingKind::kModel,
                                                request.model_name, context));
  if (const Status removed = parts_.store.remove_model(name); !removed.ok()) {
    if (removed.error().code != ErrorCode::kNotFound) return removed.error();
    return could_not_find(ServingKind::kModel, request.model_name, context);
  }
  CLARY_RETURN_IF_ERROR(set_tags(parts_.jobs, model.arn, {}));
  return api::DeleteModelReply{};
}

}  // namespace clary::services
