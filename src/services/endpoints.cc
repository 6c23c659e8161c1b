#include "services/endpoints.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

#include "services/endpoint_config_request.h"
#include "services/endpoint_generation.h"
#include "services/endpoint_reply.h"
#include "services/serving_resources.h"

namespace clary::services {

using domain::EndpointStatus;

namespace {

constexpr std::size_t kEndpointIdCharacters = 8;
constexpr int kMostCommits = 8;

// Nothing: an endpoint may be updated now.
Complaint check_updatable(const domain::Endpoint& endpoint) {
  const std::string& arn = endpoint.arn.value();
  if (endpoint.status == EndpointStatus::kFailed) {
    // Source: AWS, DescribeEndpoint: "DeleteEndpoint is the only operation that can be performed on
    // a failed endpoint."
    return invalid(
        fmt::format("Cannot update endpoint \"{}\": it has failed, and can only be deleted.", arn));
  }
  if (endpoint.status == EndpointStatus::kInService && endpoint.serving) return std::nullopt;
  return invalid(fmt::format("Cannot update in-progress endpoint \"{}\".", arn));
}

// Higher than that of any generation before, those that were rolled back too, whose instances are
// still known by it: every one of them has counted the row's version up at least twice.
std::uint64_t next_number(const domain::Endpoint& endpoint) {
  return std::max(endpoint.serving->number + 1, endpoint.version);
}

// The endpoint's own copy is changed; its configuration stays as it is.
Complaint apply_serverless(const api::DesiredWeightAndCapacity& wanted,
                           domain::EndpointVariant& variant) {
  const std::string& name = wanted.variant_name;
  auto& serverless = variant.asked.serverless;
  if (!serverless) {
    if (!wanted.serverless_update_config) return std::nullopt;
    return invalid(fmt::format(
        "The variant \"{}\" is not serverless: leave out ServerlessUpdateConfig.", name));
  }
  if (wanted.desired_instance_count) {
    return invalid(
        fmt::format("The variant \"{}\" is serverless and has no instances to count: leave out "
                    "DesiredInstanceCount.",
                    name));
  }
  if (!wanted.serverless_update_config) return std::nullopt;
  const auto& update = *wanted.serverless_update_config;
  const std::int64_t most = update.max_concurrency.value_or(serverless->max_concurrency);
  const std::int64_t provisioned = update.provisioned_concurrency.value_or(serverless->provisioned);
  if (auto refused = check_provisioned(name, provisioned, most)) return refused;
  serverless->max_concurrency = static_cast<int>(most);
  serverless->provisioned = static_cast<int>(provisioned);
  return std::nullopt;
}

Complaint apply_weights(const std::vector<api::DesiredWeightAndCapacity>& wanted,
                        domain::Endpoint& endpoint) {
  std::set<std::string> named;
  for (const api::DesiredWeightAndCapacity& one : wanted) {
    if (!named.insert(one.variant_name).second)
      return invalid(fmt::format("The variant \"{}\" is given more than once.", one.variant_name));
    auto& variants = endpoint.serving->variants;
    const auto variant = std::ranges::find_if(variants, [&one](const domain::EndpointVariant& it) {
      return it.asked.name == one.variant_name;
    });
    if (variant == variants.end()) {
      return invalid(fmt::format("Could not find variant \"{}\" of endpoint \"{}\".",
                                 one.variant_name, endpoint.arn.value()));
    }
    if (auto refused = apply_serverless(one, *variant)) return refused;
    if (one.desired_weight) variant->weight = *one.desired_weight;
    if (variant->asked.serverless) continue;
    if (one.desired_instance_count == 0) {
      return invalid(fmt::format(
          "Clary does not scale a variant to zero yet: DesiredInstanceCount of \"{}\" must be at "
          "least 1.",
          one.variant_name));
    }
    const std::int64_t count = one.desired_instance_count.value_or(variant->instances);
    if (auto refused = check_instance_count(one.variant_name, count)) return refused;
    variant->instances = static_cast<int>(count);
  }
  return std::nullopt;
}

}  // namespace

void Endpoints::add_to(Router& router) {
  router.add<api::CreateEndpoint>(*this, &Endpoints::create);
  router.add<api::DescribeEndpoint>(*this, &Endpoints::describe);
  router.add<api::ListEndpoints>(*this, &Endpoints::list);
  router.add<api::DeleteEndpoint>(*this, &Endpoints::remove);
  router.add<api::UpdateEndpoint>(*this, &Endpoints::update);
  router.add<api::UpdateEndpointWeightsAndCapacities>(*this, &Endpoints::update_weights);
}

Outcome<api::CreateEndpointOutput> Endpoints::create(const api::CreateEndpointInput& request,
                                                     const CallContext& context) {
  CLARY_TRY(const std::vector<domain::Tag> tags,
            tags_of(request.tags.value_or(std::vector<api::sagemaker::Tag>{})));
  CLARY_TRY(domain::EndpointGeneration next,
            generation_of(request.endpoint_config_name, parts_.store, context));
  next.number = 1;
  domain::Endpoint endpoint;
  endpoint.name = EndpointName(request.endpoint_name);
  endpoint.id = parts_.ids.hex(kEndpointIdCharacters);
  endpoint.arn = serving_arn(ServingKind::kEndpoint, request.endpoint_name, context);
  endpoint.next = std::move(next);
  endpoint.created = context.now;
  endpoint.modified = context.now;
  if (const Status created = parts_.store.create_endpoint(endpoint); !created.ok()) {
    if (created.error().code != ErrorCode::kAlreadyExists) return created.error();
    return already_there(ServingKind::kEndpoint, endpoint.arn);
  }
  if (const Status tagged = set_tags(parts_.jobs, endpoint.arn, tags); !tagged.ok()) {
    CLARY_RETURN_IF_ERROR(parts_.store.remove_endpoint(endpoint.name));
    return tagged.error();
  }
  parts_.changes.wake();
  return api::CreateEndpointOutput{.endpoint_arn = endpoint.arn.value()};
}

Outcome<api::DescribeEndpointOutput> Endpoints::describe(const api::DescribeEndpointInput& request,
                                                         const CallContext& context) {
  CLARY_TRY(const domain::Endpoint endpoint,
            found_or(parts_.store.find_endpoint(EndpointName(request.endpoint_name)),
                     ServingKind::kEndpoint, request.endpoint_name, context));
  return describe_endpoint(endpoint, parts_.sights);
}

Outcome<api::ListEndpointsOutput> Endpoints::list(const api::ListEndpointsInput& request,
                                                  const CallContext&) {
  domain::ResourceQuery query = resource_query(request);
  query.modified_after = request.last_modified_time_after;
  query.modified_before = request.last_modified_time_before;
  api::ListEndpointsOutput reply;
  if (request.status_equals) {
    query.status = domain::endpoint_status_of(*request.status_equals);
    if (!query.status) return reply;  // a status that no endpoint here is ever in
  }
  CLARY_TRY(const domain::Page<domain::Endpoint> page, page_or(parts_.store.list_endpoints(query)));
  for (const domain::Endpoint& endpoint : page.records)
    reply.endpoints.push_back(summarize_endpoint(endpoint));
  if (!page.next.empty()) reply.next_token = page.next;
  return reply;
}

Outcome<api::DeleteEndpointReply> Endpoints::remove(const api::DeleteEndpointInput& request,
                                                    const CallContext& context) {
  const auto begin_removal = [this](domain::Endpoint& endpoint) -> Complaint {
    if (endpoint.status != EndpointStatus::kFailed) {
      if (auto refused = check_updatable(endpoint)) return refused;
    }
    // Before its name is free again, for the tags are kept by name.
    CLARY_RETURN_IF_ERROR(set_tags(parts_.jobs, endpoint.arn, {}));
    endpoint.status = EndpointStatus::kDeleting;
    return std::nullopt;
  };
  CLARY_TRY(const Arn arn, change(request.endpoint_name, context, begin_removal));
  return api::DeleteEndpointReply{};
}

Outcome<api::UpdateEndpointOutput> Endpoints::update(const api::UpdateEndpointInput& request,
                                                     const CallContext& context) {
  const auto begin_update = [&](domain::Endpoint& endpoint) -> Complaint {
    if (auto refused = check_updatable(endpoint)) return refused;
    CLARY_TRY(domain::EndpointGeneration next,
              generation_of(request.endpoint_config_name, parts_.store, context));
    next.number = next_number(endpoint);
    if (request.retain_all_variant_properties.value_or(false)) {
      const std::vector<api::VariantProperty> none;
      retain_properties(next, *endpoint.serving,
                        request.exclude_retained_variant_properties.value_or(none));
    }
    endpoint.next = std::move(next);
    endpoint.status = EndpointStatus::kUpdating;
    endpoint.failure_reason.clear();
    return std::nullopt;
  };
  CLARY_TRY(const Arn arn, change(request.endpoint_name, context, begin_update));
  return api::UpdateEndpointOutput{.endpoint_arn = arn.value()};
}

Outcome<api::UpdateEndpointWeightsAndCapacitiesOutput> Endpoints::update_weights(
    const api::UpdateEndpointWeightsAndCapacitiesInput& request, const CallContext& context) {
  const auto begin_scaling = [&](domain::Endpoint& endpoint) -> Complaint {
    if (auto refused = check_updatable(endpoint)) return refused;
    if (auto refused = apply_weights(request.desired_weights_and_capacities, endpoint))
      return refused;
    domain::begin_scaling(endpoint);
    return std::nullopt;
  };
  CLARY_TRY(const Arn arn, change(request.endpoint_name, context, begin_scaling));
  return api::UpdateEndpointWeightsAndCapacitiesOutput{.endpoint_arn = arn.value()};
}

Outcome<Arn> Endpoints::change(const std::string& name, const CallContext& context,
                               const Change& change) {
  for (int i = 0; i < kMostCommits; ++i) {
    CLARY_TRY(domain::Endpoint endpoint, found_or(parts_.store.find_endpoint(EndpointName(name)),
                                                  ServingKind::kEndpoint, name, context));
    if (auto refused = change(endpoint)) return *std::move(refused);
    endpoint.modified = context.now;
    const Status committed = parts_.store.commit_endpoint(endpoint);
    if (committed.ok()) {
      parts_.changes.wake();
      return endpoint.arn;
    }
    // Gone meanwhile: found no more the next time.
    const ErrorCode code = committed.error().code;
    if (code != ErrorCode::kConflict && code != ErrorCode::kNotFound) return committed.error();
  }
  return unavailable("endpoint '" + name + "': it changes all the time; try again soon");
}

}  // namespace clary::services
