#include "apps/backup.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string_view>
#include <utility>

#include "apps/data_folder.h"
#include "apps/places.h"
#include "base/clock.h"
#include "base/document.h"
#include "base/files.h"
#include "base/json.h"
#include "base/sqlite.h"
#include "base/sqlite_copy.h"
#include "base/time_text.h"
#include "meta/schema.h"
#include "objects/index_rebuild.h"
#include "objects/object_index.h"
#include "objects/store_check.h"
#include "objects/store_copy.h"
#include "telemetry/telemetry_database.h"

namespace clary::apps {
namespace {

using cli::StorageReport;

constexpr int kBackupFormat = 1;
constexpr const char* kManifest = "backup.json";
constexpr std::string_view kMetadata = "meta.db";
constexpr std::string_view kTelemetry = "telemetry.db";
constexpr std::string_view kIndex = "objects/index.db";
constexpr std::array kSmall = {"keys", "tls", "clary.toml", "environments.json"};

// What is kept in a data directory itself, of its SQLite files.
struct Database {
  std::string_view name;
  std::size_t known_formats;
};
std::vector<Database> databases_of(const Places& places) {
  std::vector<Database> out;
  if (places.metadata.empty()) out.push_back({kMetadata, meta::migrations().size()});
  out.push_back({kTelemetry, telemetry::migrations().size()});
  if (places.objects.empty()) out.push_back({kIndex, objects::index_migrations().size()});
  return out;
}

// Unsupported when a newer release has written one of them, as `serve` says it. What cannot be read
// is told by who reads it.
Status refuse_newer_formats(const std::string& data, const Places& places,
                            sqlite::Access access = sqlite::Access::kReader) {
  for (const Database& each : databases_of(places)) {
    const std::string path = path_join(data, each.name);
    if (!exists(path)) continue;
    const auto database = sqlite::Database::open(path, {.access = access});
    if (!database.ok()) continue;
    const Status format = sqlite::refuse_newer_format(**database, each.known_formats);
    if (!format.ok() && format.error().code == ErrorCode::kUnsupported) return format;
  }
  return {};
}

// Of a data directory that this release can read.
Result<Places> places_of(const std::string& data) {
  CLARY_RETURN_IF_ERROR(check_data_format(data));
  CLARY_TRY(Places places, read_places(data));
  CLARY_RETURN_IF_ERROR(refuse_newer_formats(data, places));
  return places;
}

Status require_empty(const std::string& folder, const char* what) {
  if (!exists(folder)) return {};
  CLARY_TRY(const std::vector<std::string> names, list_folder(folder));
  if (names.empty()) return {};
  return already_exists(fmt::format("{} '{}' is not empty: name a new folder", what, folder));
}

// Files and folders of files, with their modes.
Status copy_small(const std::string& from, const std::string& to) {
  struct stat found{};
  if (::stat(from.c_str(), &found) != 0) return {};  // not every server has each
  if (S_ISDIR(found.st_mode)) {
    CLARY_RETURN_IF_ERROR(make_folders(to, 0700));
    CLARY_TRY(const std::vector<std::string> names, list_folder(from));
    for (const std::string& name : names)
      CLARY_RETURN_IF_ERROR(copy_small(path_join(from, name), path_join(to, name)));
    return {};
  }
  CLARY_TRY(const std::string bytes, read_file(from));
  return write_file_atomically(to, bytes, found.st_mode & 0700, Durability::kSynced);
}

Status require_metadata(const std::string& data, const Places& places) {
  if (!places.metadata.empty() || exists(path_join(data, kMetadata))) return {};
  return not_found("'" + path_join(data, kMetadata) +
                   "': not there; where metadata is in PostgreSQL, a start of the server notes it");
}

struct CopySource {
  std::string folder;
  Places places;
  sqlite::Access access = sqlite::Access::kReader;
};

// Everything that is here, but the manifest, the format and the places. The databases first: what a
// job says that it has made is there when the objects are copied.
Result<StorageReport> copy_data(const CopySource& source, const std::string& to,
                                const cli::CopyOptions& options) {
  StorageReport report;
  const auto& [from, places, access] = source;
  for (const Database& each : databases_of(places)) {
    if (each.name == kIndex || !exists(path_join(from, each.name))) continue;
    CLARY_RETURN_IF_ERROR(
        sqlite::copy_database(path_join(from, each.name), path_join(to, each.name), access));
  }
  for (const char* name : kSmall)
    CLARY_RETURN_IF_ERROR(copy_small(path_join(from, name), path_join(to, name)));
  if (!places.metadata.empty()) {
    report.notices.push_back("metadata is in " + places.metadata +
                             ", not part of this: pg_dump --schema=clary saves it");
  }
  if (!places.objects.empty()) {
    report.notices.push_back("objects are in " + places.objects + ", not part of this");
    return report;
  }
  CLARY_TRY(const objects::CopyReport copied,
            objects::copy_store(
                path_join(from, "objects"), path_join(to, "objects"),
                {.bodies = options.copy ? objects::BodyCopy::kCopy : objects::BodyCopy::kLinkOrCopy,
                 .at_rest = access == sqlite::Access::kAtRest}));
  report.counts.emplace_back("objects", copied.counts.objects);
  if (copied.counts.versions > 0) report.counts.emplace_back("versions", copied.counts.versions);
  if (copied.counts.parts > 0) report.counts.emplace_back("parts of uploads", copied.counts.parts);
  report.counts.emplace_back("bytes", copied.counts.bytes);
  report.details.emplace_back("files linked", copied.linked);
  for (const std::string& file : copied.missing)
    report.damage.push_back("body file " + file + ": the index names it, and it is missing");
  return report;
}

// Into a folder that is there and empty.
Result<StorageReport> fill_backup(const std::string& data, const std::string& to,
                                  const cli::CopyOptions& options, const Places& places) {
  CLARY_TRY(const std::string inside, real_path(to));
  CLARY_TRY(const std::string outside, real_path(data));
  if (inside.starts_with(outside + "/"))
    return invalid_argument("backup folder '" + to + "' is inside the data directory");
  CLARY_TRY(StorageReport report, copy_data({.folder = data, .places = places}, to, options));
  const Document manifest = Document::object({{"backup_format", kBackupFormat},
                                              {"data_format", kDataFormat},
                                              {"made", iso8601(SystemClock().now())},
                                              {"data", data},
                                              {"metadata", places.metadata},
                                              {"objects", places.objects}});
  // Last: a folder without it is no backup.
  CLARY_RETURN_IF_ERROR(write_file_atomically(path_join(to, kManifest), to_pretty_json(manifest),
                                              0600, Durability::kSynced));
  return report;
}

// Nothing of a backup that was refused or has failed stays in the way of the next.
Status take_back(const std::string& folder, bool was_there) {
  if (!was_there) return remove_tree(folder);
  CLARY_TRY(const std::vector<std::string> names, list_folder(folder));
  for (const std::string& name : names) CLARY_RETURN_IF_ERROR(remove_tree(path_join(folder, name)));
  return {};
}

// Why there is no backup or data directory; and why what was begun of one stays, where it does.
Error with_leftovers(Error error, const Status& removed) {
  if (!removed.ok()) error.message += "; what was begun stays: " + removed.error().message;
  return error;
}

Result<StorageReport> back_up(const std::string& data, const cli::CopyOptions& options) {
  ::umask(077);
  CLARY_TRY(const Places places, places_of(data));
  CLARY_RETURN_IF_ERROR(require_metadata(data, places));
  const std::string to = absolute_path(options.folder);
  CLARY_RETURN_IF_ERROR(require_empty(to, "backup folder"));
  const bool was_there = exists(to);
  CLARY_RETURN_IF_ERROR(make_folders(folder_of(to)));
  CLARY_RETURN_IF_ERROR(make_folders(to, 0700));
  Result<StorageReport> report = fill_backup(data, to, options, places);
  if (!report.ok()) return with_leftovers(report.error(), take_back(to, was_there));
  return report;
}

Result<Document> read_manifest(const std::string& folder) {
  const std::string file = path_join(folder, kManifest);
  if (!exists(file)) {
    return not_found("'" + folder + "' holds no backup, or one that was not finished: it has no " +
                     kManifest);
  }
  CLARY_TRY(const std::string text, read_file(file, 1 << 16));
  Result<Document> manifest = parse_json(text);
  if (!manifest.ok()) return manifest.error().within("'" + file + "'");
  for (const auto& [format, known] :
       {std::pair{"backup_format", kBackupFormat}, {"data_format", kDataFormat}}) {
    const std::int64_t found = manifest->int_or(format, 0);
    if (found == known) continue;
    return unsupported(
        fmt::format("'{}': {} {}; this release knows {}", file, format, found, known));
  }
  return manifest;
}

// Into a folder beside the data directory, which takes its place whole.
Result<StorageReport> fill_aside(const std::string& from, const std::string& aside,
                                 const std::string& data, const cli::CopyOptions& options,
                                 const Places& places) {
  CLARY_RETURN_IF_ERROR(make_folders(aside, 0700));
  CLARY_TRY(StorageReport report,
            copy_data({.folder = from, .places = places, .access = sqlite::Access::kAtRest}, aside,
                      options));
  CLARY_RETURN_IF_ERROR(write_places(aside, places));
  CLARY_RETURN_IF_ERROR(write_file_atomically(
      path_join(aside, "format"), std::to_string(kDataFormat) + "\n", 0600, Durability::kSynced));
  if (::rename(aside.c_str(), data.c_str()) != 0) return system_error("rename to '" + data + "'");
  CLARY_RETURN_IF_ERROR(sync_folder(folder_of(data)));
  return report;
}

Result<StorageReport> restore(const std::string& data, const cli::CopyOptions& options) {
  ::umask(077);
  const std::string from = absolute_path(options.folder);
  CLARY_TRY(const Document manifest, read_manifest(from));
  const Places places{manifest.string_or("metadata", ""), manifest.string_or("objects", "")};
  CLARY_RETURN_IF_ERROR(refuse_newer_formats(from, places, sqlite::Access::kAtRest));
  CLARY_RETURN_IF_ERROR(require_metadata(from, places));
  CLARY_RETURN_IF_ERROR(require_empty(data, "data directory"));
  CLARY_RETURN_IF_ERROR(make_folders(folder_of(data)));
  const std::string aside = data + ".restoring";
  CLARY_RETURN_IF_ERROR(remove_tree(aside));
  Result<StorageReport> report = fill_aside(from, aside, data, options, places);
  if (!report.ok()) return with_leftovers(report.error(), remove_tree(aside));
  return report;
}

Status check_database(const std::string& path, StorageReport& report) {
  if (!exists(path)) return {};
  CLARY_TRY(const auto database, sqlite::Database::open(path, {.access = sqlite::Access::kReader}));
  CLARY_TRY(const std::vector<std::string> faults, sqlite::faults_of(*database));
  for (const std::string& fault : faults) report.damage.push_back(base_name(path) + ": " + fault);
  return {};
}

Status rebuild(const std::string& data, StorageReport& report) {
  CLARY_TRY(const DataFolder folder, DataFolder::open(data));
  CLARY_TRY(const objects::RebuildReport rebuilt, objects::rebuild_index(folder.in("objects")));
  report.counts.emplace_back("rows of the index carried over", rebuilt.rows);
  for (const std::string& sentence : rebuilt.unreadable)
    report.damage.push_back("the old index, " + sentence);
  report.notices.emplace_back("the index was made anew; the old one is objects/index.db.before");
  return {};
}

Result<StorageReport> check(const std::string& data, const cli::CheckOptions& options,
                            const std::function<void(std::uint64_t)>& progress) {
  ::umask(077);
  CLARY_TRY(const Places places, places_of(data));
  StorageReport report;
  if (options.rebuild) {
    if (!places.objects.empty()) {
      return unsupported("objects are in " + places.objects +
                         ": there is no index of them here to make anew");
    }
    CLARY_RETURN_IF_ERROR(rebuild(data, report));
  }
  for (const Database& each : databases_of(places)) {
    if (each.name == kIndex) continue;  // with the objects
    // A file so damaged that nothing can be asked of it is damage as well.
    if (const Status checked = check_database(path_join(data, each.name), report); !checked.ok())
      report.damage.push_back(checked.error().message);
  }
  if (!places.metadata.empty())
    report.notices.push_back("metadata is in " + places.metadata + ": not checked");
  if (!places.objects.empty()) {
    report.notices.push_back("objects are in " + places.objects + ": not checked");
    return report;
  }
  CLARY_TRY(objects::StoreReport store, objects::check_store(path_join(data, "objects"), progress));
  report.counts.insert(report.counts.end(), {{"objects", store.objects},
                                             {"versions", store.versions},
                                             {"parts of uploads", store.parts},
                                             {"bytes", store.bytes}});
  if (store.strays > 0) {
    report.notices.push_back(std::to_string(store.strays) +
                             " body files belong to no object: a start after a crash removes them");
  }
  for (std::string& sentence : store.damage) report.damage.push_back(std::move(sentence));
  return report;
}

}  // namespace

cli::StorageTools storage_tools() {
  return {.check = check, .back_up = back_up, .restore = restore};
}

}  // namespace clary::apps
