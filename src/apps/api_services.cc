#include "apps/api_services.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "services/job_rules.h"
#include "services/job_series.h"

namespace clary::apps {
namespace {

constexpr std::string_view kSeries = "/series";

}  // namespace

ApiServices::ApiServices(ApiServicesParts parts)
    : parts_(std::move(parts)),
      sts_(*parts_.storage.identities, *parts_.storage.keys, parts_.ids),
      roles_(*parts_.storage.identities, *parts_.storage.policies, parts_.ids),
      policies_(*parts_.storage.policies, *parts_.storage.identities, parts_.ids),
      users_(*parts_.storage.identities, *parts_.storage.policies, *parts_.storage.keys,
             parts_.ids),
      access_keys_(*parts_.storage.identities, *parts_.storage.keys, parts_.ids),
      simulation_(*parts_.storage.identities),
      buckets_(*parts_.storage.objects, *parts_.storage.objects),
      bucket_settings_(*parts_.storage.objects, *parts_.storage.objects),
      bucket_defaults_(*parts_.storage.objects),
      objects_(*parts_.storage.objects, &parts_.buckets),
      object_lists_(*parts_.storage.objects),
      copies_(*parts_.storage.objects, &parts_.buckets),
      object_tags_(*parts_.storage.objects),
      uploads_(*parts_.storage.objects, &parts_.buckets),
      versioning_(*parts_.storage.objects),
      logs_(*parts_.storage.logs),
      logs_filter_(*parts_.storage.logs),
      log_groups_(*parts_.storage.log_groups, *parts_.storage.logs),
      log_group_tags_(*parts_.storage.log_groups),
      cloudwatch_(*parts_.storage.metrics),
      metric_data_(*parts_.storage.metrics),
      ecr_(parts_.images, parts_.ids),
      training_jobs_({.jobs = *parts_.storage.jobs,
                      .changes = parts_.changes,
                      .metrics = *parts_.storage.metrics,
                      .identities = *parts_.storage.identities,
                      .ids = parts_.ids}),
      processing_jobs_({.jobs = *parts_.storage.jobs,
                        .changes = parts_.changes,
                        .identities = *parts_.storage.identities,
                        .ids = parts_.ids}),
      transform_jobs_({.jobs = *parts_.storage.jobs,
                       .changes = parts_.changes,
                       .identities = *parts_.storage.identities,
                       .ids = parts_.ids},
                      *parts_.storage.endpoints),
      models_({.store = *parts_.storage.endpoints,
               .jobs = *parts_.storage.jobs,
               .identities = *parts_.storage.identities}),
      endpoint_configs_({.store = *parts_.storage.endpoints, .jobs = *parts_.storage.jobs}),
      endpoints_({.store = *parts_.storage.endpoints,
                  .jobs = *parts_.storage.jobs,
                  .changes = parts_.endpoint_changes,
                  .sights = parts_.endpoint_sights,
                  .ids = parts_.ids}),
      invocations_(parts_.endpoint_calls),
      async_invocations_(parts_.async_calls),
      alarms_(parts_.alarms),
      scalable_targets_(parts_.scaling, *parts_.storage.endpoints),
      scaling_policies_(parts_.scaling, parts_.alarms, parts_.ids),
      tags_(*parts_.storage.jobs, *parts_.storage.endpoints),
      metrics_page_(parts_.requests, *parts_.storage.jobs, parts_.clock, parts_.counters) {}

Status ApiServices::add_to(services::Router& router, services::LocalRoutes& routes) {
  sts_.add_to(router);
  roles_.add_to(router);
  policies_.add_to(router);
  users_.add_to(router);
  access_keys_.add_to(router);
  simulation_.add_to(router);
  buckets_.add_to(router);
  bucket_settings_.add_to(router);
  bucket_defaults_.add_to(router);
  objects_.add_to(router);
  object_lists_.add_to(router);
  copies_.add_to(router);
  object_tags_.add_to(router);
  uploads_.add_to(router);
  versioning_.add_to(router);
  logs_.add_to(router);
  logs_filter_.add_to(router);
  log_groups_.add_to(router);
  log_group_tags_.add_to(router);
  cloudwatch_.add_to(router);
  metric_data_.add_to(router);
  ecr_.add_to(router);
  training_jobs_.add_to(router);
  processing_jobs_.add_to(router);
  transform_jobs_.add_to(router);
  models_.add_to(router);
  endpoint_configs_.add_to(router);
  endpoints_.add_to(router);
  invocations_.add_to(router);
  async_invocations_.add_to(router);
  alarms_.add_to(router);
  scalable_targets_.add_to(router);
  scaling_policies_.add_to(router);
  tags_.add_to(router);

  add_health_routes(routes);
  add_timeline_route(routes);
  services::add_metrics_route(routes, metrics_page_);
  services::add_credentials_route(routes, parts_.job_credentials);
  if (parts_.settings.allow_reset) add_reset_route(routes);
  const std::vector<std::string> missing = router.missing();
  if (missing.empty()) return {};
  return internal_error(fmt::format("operations without a method: {}", fmt::join(missing, ", ")));
}

// /healthz: the process answers. /readyz: it can also read what it keeps.
void ApiServices::add_health_routes(services::LocalRoutes& routes) {
  routes.add({.method = "GET",
              .path = "/healthz",
              .access = services::LocalAccess::kHealth,
              .answer = [](const services::LocalRequest&) {
                return services::local_message(200, "alive");
              }});
  routes.add({.method = "GET",
              .path = "/readyz",
              .access = services::LocalAccess::kHealth,
              .answer = [this](const services::LocalRequest&) {
                const auto read = parts_.storage.jobs->unfinished_effects();
                return read.ok() ? services::local_message(200, "ready")
                                 : services::local_message(503, read.error().message);
              }});
}

// GET /_clary/jobs/training-job/NAME, .../processing-job/NAME, .../transform-job/NAME: the job's
// timeline, notices included; .../NAME/series: what was measured.
void ApiServices::add_timeline_route(services::LocalRoutes& routes) {
  routes.add({.method = "GET",
              .path = "/_clary/jobs/",
              .access = services::LocalAccess::kRootKey,
              .answer = [this](const services::LocalRequest& request) {
                std::string_view name = request.rest;
                const bool series = name.ends_with(kSeries);
                if (series) name.remove_suffix(kSeries.size());
                const auto key = services::key_of(name);
                if (!key) return services::local_message(404, "no kind of job is named");
                const auto page = series ? services::job_series(*parts_.storage.jobs,
                                                                *parts_.storage.metrics, *key)
                                         : services::job_timeline(*parts_.storage.jobs, *key);
                if (page.ok()) return services::local_json(*page);
                const bool absent = page.error().code == ErrorCode::kNotFound;
                return services::local_message(absent ? 404 : 500, page.error().message);
              }});
}

void ApiServices::add_reset_route(services::LocalRoutes& routes) {
  routes.add({.method = "POST",
              .path = "/_clary/reset",
              .access = services::LocalAccess::kOpen,
              .answer = [this](const services::LocalRequest&) {
                const Status done = parts_.reset.run();
                return done.ok() ? services::local_message(200, "empty")
                                 : services::local_message(500, done.error().message);
              }});
}

}  // namespace clary::apps
