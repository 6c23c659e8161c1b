#include "hosting/serving_job.h"

#include <fmt/format.h>

namespace clary::hosting {

JobName serving_job_name(const domain::ServingPlace& place) {
  return JobName(fmt::format("{}-{}-{}-{}-{}", place.endpoint_id, place.generation, place.instance,
                             place.container, place.variant));
}

domain::Job serving_job(const domain::Endpoint& endpoint, const domain::EndpointVariant& variant,
                        const InstanceId& instance, std::size_t container) {
  const domain::ServingPlace place{.endpoint = endpoint.name,
                                   .endpoint_id = endpoint.id,
                                   .generation = instance.generation,
                                   .variant = instance.variant,
                                   .instance = instance.number,
                                   .container = container};
  domain::Job job{.kind = domain::JobKind::kServing, .name = serving_job_name(place)};
  job.arn = Arn(endpoint.arn.value() + "/" + job.name.value());
  job.request = "{}";
  job.spec.model = variant.containers.at(container);
  job.spec.image = job.spec.model.image;
  job.spec.role = variant.role;
  job.spec.instance_type = variant.asked.instance_type;
  job.spec.serverless = variant.asked.serverless;
  job.spec.accelerator_type = variant.asked.accelerator_type;
  job.spec.network_isolation = variant.network_isolation;
  job.spec.max_runtime_seconds = 0;
  job.spec.place = place;
  return job;
}

}  // namespace clary::hosting
