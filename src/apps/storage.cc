#include "apps/storage.h"

#include <sys/statvfs.h>

#include <algorithm>

#include "apps/remote_objects.h"
#include "meta/postgres_database.h"
#include "meta/stores.h"
#include "telemetry/sqlite_log_groups.h"
#include "telemetry/sqlite_log_store.h"
#include "telemetry/sqlite_metric_store.h"

namespace clary::apps {
namespace {

// Room for the index's log, and for what jobs report, on a disk that uploads have filled: of a
// small disk a sixteenth.
std::uint64_t reserved_disk_bytes(const std::string& folder) {
  constexpr std::uint64_t kMost = 32ULL << 20;
  struct statvfs disk{};
  if (::statvfs(folder.c_str(), &disk) != 0) return kMost;
  return std::min(kMost, std::uint64_t{disk.f_blocks} * disk.f_frsize / 16);
}

}  // namespace

Result<std::unique_ptr<Storage>> Storage::open(const DataFolder& folder, const Settings& settings,
                                               const Clock& clock, IdSource& ids) {
  auto storage = std::make_unique<Storage>();
  CLARY_TRY(storage->metadata, settings.metadata.empty() ? meta::open_sqlite(folder.in("meta.db"))
                                                         : meta::open_postgres(settings.metadata));
  storage->jobs = meta::make_job_store(*storage->metadata);
  storage->keys = meta::make_key_store(*storage->metadata);
  storage->identities = meta::make_identity_store(*storage->metadata);
  storage->policies = meta::make_policy_store(*storage->metadata);
  storage->endpoints = meta::make_endpoint_store(*storage->metadata);
  storage->records = meta::make_record_store(*storage->metadata);
  CLARY_TRY(storage->telemetry, telemetry::TelemetryDatabase::open(folder.in("telemetry.db")));
  storage->logs = std::make_unique<telemetry::SqliteLogStore>(*storage->telemetry, clock);
  storage->log_groups = std::make_unique<telemetry::SqliteLogGroups>(*storage->telemetry, clock);
  storage->metrics = std::make_unique<telemetry::SqliteMetricStore>(*storage->telemetry);
  CLARY_RETURN_IF_ERROR(storage->open_objects(folder, settings, clock, ids));
  return storage;
}

Status Storage::open_objects(const DataFolder& folder, const Settings& settings, const Clock& clock,
                             IdSource& ids) {
  if (settings.objects_location.empty()) {
    objects::DirectoryOptions options{.reserved_bytes = reserved_disk_bytes(folder.path())};
    for (const auto& [bucket, text] : settings.s3_quotas)
      options.quotas[BucketName(bucket)] = parse_byte_count(text).value_or(0);
    CLARY_TRY(directory,
              objects::DirectoryStore::open(folder.in("objects"), clock, ids, std::move(options)));
    objects = directory.get();
    return {};
  }
  CLARY_TRY(RemoteObjects opened, open_remote_objects(folder, settings, clock, ids));
  remote = std::move(opened.remote);
  shared = std::move(opened.shared);
  objects = shared.get();
  return {};
}

}  // namespace clary::apps
