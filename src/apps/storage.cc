#include "apps/storage.h"

#include "meta/stores.h"
#include "telemetry/sqlite_log_groups.h"
#include "telemetry/sqlite_log_store.h"
#include "telemetry/sqlite_metric_store.h"

namespace clary::apps {

Result<std::unique_ptr<Storage>> Storage::open(const DataFolder& folder, const Clock& clock,
                                               IdSource& ids, objects::DirectoryOptions objects) {
  auto storage = std::make_unique<Storage>();
  CLARY_TRY(storage->metadata, meta::Database::open(folder.in("meta.db")));
  storage->jobs = meta::make_sqlite_job_store(*storage->metadata);
  storage->keys = meta::make_sqlite_key_store(*storage->metadata);
  storage->identities = meta::make_sqlite_identity_store(*storage->metadata);
  storage->policies = meta::make_sqlite_policy_store(*storage->metadata);
  CLARY_TRY(storage->telemetry, telemetry::TelemetryDatabase::open(folder.in("telemetry.db")));
  storage->logs = std::make_unique<telemetry::SqliteLogStore>(*storage->telemetry, clock);
  storage->log_groups = std::make_unique<telemetry::SqliteLogGroups>(*storage->telemetry, clock);
  storage->metrics = std::make_unique<telemetry::SqliteMetricStore>(*storage->telemetry);
  CLARY_TRY(storage->objects,
            objects::DirectoryStore::open(folder.in("objects"), clock, ids, std::move(objects)));
  return storage;
}

}  // namespace clary::apps
