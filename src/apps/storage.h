// Storage: what a server keeps, opened in order from its data directory.
#pragma once

#include <memory>
#include <string>

#include "apps/data_folder.h"
#include "apps/settings.h"
#include "base/clock.h"
#include "base/id_source.h"
#include "base/result.h"
#include "domain/endpoint_store.h"
#include "domain/identity_store.h"
#include "domain/job_store.h"
#include "domain/key_store.h"
#include "domain/policy_store.h"
#include "domain/record_store.h"
#include "meta/database.h"
#include "objects/directory_store.h"
#include "objects/shared_bucket_store.h"
#include "telemetry/log_groups.h"
#include "telemetry/log_store.h"
#include "telemetry/metric_store.h"
#include "telemetry/telemetry_database.h"

namespace clary::apps {

struct Storage {
  // clock and ids outlive it.
  static Result<std::unique_ptr<Storage>> open(const DataFolder& folder, const Settings& settings,
                                               const Clock& clock, IdSource& ids);

  std::unique_ptr<meta::Database> metadata;
  std::unique_ptr<domain::JobStore> jobs;
  std::unique_ptr<domain::KeyStore> keys;
  std::unique_ptr<domain::IdentityStore> identities;
  std::unique_ptr<domain::PolicyStore> policies;
  std::unique_ptr<domain::EndpointStore> endpoints;
  std::unique_ptr<domain::RecordStore> records;
  std::unique_ptr<telemetry::TelemetryDatabase> telemetry;
  std::unique_ptr<telemetry::LogStore> logs;
  std::unique_ptr<telemetry::LogGroups> log_groups;
  std::unique_ptr<telemetry::MetricStore> metrics;
  std::unique_ptr<objects::ObjectStore> remote;        // null: `directory` is there
  std::unique_ptr<objects::DirectoryStore> directory;  // null: `remote` is there
  std::unique_ptr<objects::SharedBucketStore> shared;  // in `remote`
  objects::ServedStore* objects = nullptr;             // one of them

 private:
  Status open_objects(const DataFolder& folder, const Settings& settings, const Clock& clock,
                      IdSource& ids);
};

}  // namespace clary::apps
