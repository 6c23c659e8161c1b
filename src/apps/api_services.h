// ApiServices: the operations and pages, registered in one place.
#pragma once

#include <functional>
#include <memory>

#include "apps/settings.h"
#include "apps/storage.h"
#include "base/result.h"
#include "domain/scaling_records.h"
#include "hosting/async_calls.h"
#include "hosting/endpoint_calls.h"
#include "hosting/endpoint_changes.h"
#include "hosting/endpoint_sights.h"
#include "net/server.h"
#include "runtime/job_changes.h"
#include "runtime/reset.h"
#include "services/alarms.h"
#include "services/async_invocations.h"
#include "services/bucket_rules.h"
#include "services/cloudwatch.h"
#include "services/ecr.h"
#include "services/endpoint_configs.h"
#include "services/endpoint_invocations.h"
#include "services/endpoints.h"
#include "services/iam_access_keys.h"
#include "services/iam_policies.h"
#include "services/iam_roles.h"
#include "services/iam_simulation.h"
#include "services/iam_users.h"
#include "services/local_routes.h"
#include "services/log_group_calls.h"
#include "services/log_group_tags.h"
#include "services/logs.h"
#include "services/logs_filter.h"
#include "services/metric_data.h"
#include "services/models.h"
#include "services/processing_jobs.h"
#include "services/prometheus.h"
#include "services/router.h"
#include "services/s3_bucket_defaults.h"
#include "services/s3_bucket_settings.h"
#include "services/s3_buckets.h"
#include "services/s3_copies.h"
#include "services/s3_lists.h"
#include "services/s3_object_tags.h"
#include "services/s3_objects.h"
#include "services/s3_uploads.h"
#include "services/s3_versioning.h"
#include "services/scalable_targets.h"
#include "services/scaling_policies.h"
#include "services/sts.h"
#include "services/tags.h"
#include "services/training_jobs.h"
#include "services/transform_jobs.h"

namespace clary::apps {

// Everything passed outlives the services.
struct ApiServicesParts {
  const Settings& settings;
  Storage& storage;
  runtime::JobChanges& changes;
  hosting::EndpointCalls& endpoint_calls;
  hosting::AsyncCalls& async_calls;
  hosting::EndpointChanges& endpoint_changes;
  domain::ScalingRecords& scaling;
  domain::AlarmRecords& alarms;
  hosting::EndpointSights& endpoint_sights;
  runtime::RuntimeReset& reset;
  services::JobCredentials& job_credentials;
  services::BucketRules& buckets;
  const telemetry::ServerMetrics& requests;
  const Clock& clock;
  IdSource& ids;
  std::function<net::ServerCounters()> counters;
  std::function<std::vector<runtime::EnvironmentImage>()> images;
};

class ApiServices {
 public:
  explicit ApiServices(ApiServicesParts parts);
  // Registers everything. Internal when an operation that the tables say is carried out has no
  // method.
  Status add_to(services::Router& router, services::LocalRoutes& routes);

 private:
  void add_health_routes(services::LocalRoutes& routes);
  void add_timeline_route(services::LocalRoutes& routes);
  void add_reset_route(services::LocalRoutes& routes);

  ApiServicesParts parts_;
  services::Sts sts_;
  services::IamRoles roles_;
  services::IamPolicies policies_;
  services::IamUsers users_;
  services::IamAccessKeys access_keys_;
  services::IamSimulation simulation_;
  services::S3Buckets buckets_;
  services::S3BucketSettings bucket_settings_;
  services::S3BucketDefaults bucket_defaults_;
  services::S3Objects objects_;
  services::S3Lists object_lists_;
  services::S3Copies copies_;
  services::S3ObjectTags object_tags_;
  services::S3Uploads uploads_;
  services::S3Versioning versioning_;
  services::Logs logs_;
  services::LogsFilter logs_filter_;
  services::LogGroupCalls log_groups_;
  services::LogGroupTags log_group_tags_;
  services::CloudWatch cloudwatch_;
  services::MetricData metric_data_;
  services::Ecr ecr_;
  services::TrainingJobs training_jobs_;
  services::ProcessingJobs processing_jobs_;
  services::TransformJobs transform_jobs_;
  services::Models models_;
  services::EndpointConfigs endpoint_configs_;
  services::Endpoints endpoints_;
  services::EndpointInvocations invocations_;
  services::AsyncInvocations async_invocations_;
  services::Alarms alarms_;
  services::ScalableTargets scalable_targets_;
  services::ScalingPolicies scaling_policies_;
  services::Tags tags_;
  services::MetricsPage metrics_page_;
};

}  // namespace clary::apps
