#include "apps/backup.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "apps/data_folder.h"
#include "apps/settings.h"
#include "base/clock.h"
#include "base/document.h"
#include "base/files.h"
#include "base/json.h"
#include "base/sqlite.h"
#include "base/sqlite_copy.h"
#include "base/strings.h"
#include "base/time_text.h"
#include "meta/postgres_sql.h"
#include "objects/index_rebuild.h"
#include "objects/store_check.h"
#include "objects/store_copy.h"

namespace clary::apps {
namespace {

using cli::StorageReport;

constexpr int kBackupFormat = 1;
constexpr const char* kManifest = "backup.json";
// In this order: what a job says that it has made is there when the objects are copied.
constexpr std::array kDatabases = {"meta.db", "telemetry.db"};
constexpr std::array kSmall = {"keys", "tls", "clary.toml", "environments.json"};

std::string absolute(const std::string& path) {
  if (path.starts_with('/')) return path;
  return path_join(real_path(".").value_or("."), path);
}

Result<int> format_of(const std::string& data) {
  const std::string file = path_join(data, "format");
  if (!exists(file)) return not_found("data directory '" + data + "': not there");
  CLARY_TRY(const std::string text, read_file(file, 64));
  const auto format = parse_int(trim(text));
  if (format && *format == kDataFormat) return kDataFormat;
  return unsupported(fmt::format("data directory '{}' has format '{}', this program knows {}", data,
                                 trim(text), kDataFormat));
}

// What the server does not keep in its data directory, and where it does; "": here.
struct Elsewhere {
  std::string metadata;
  std::string objects;
};

Result<Elsewhere> elsewhere_of(const std::string& data) {
  if (const auto text = read_file(path_join(data, "server.json"), 1 << 16); text.ok()) {
    CLARY_TRY(const Document running, parse_json(*text));
    return Elsewhere{running.string_or("metadata", ""), running.string_or("objects", "")};
  }
  CLARY_TRY(const Settings settings, settings_of_server(data));
  return Elsewhere{meta::shown_url(settings.metadata), settings.objects_location};
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

// Everything that is here, but the manifest and the format.
Result<StorageReport> copy_data(const std::string& from, const std::string& to,
                                const cli::CopyOptions& options, const Elsewhere& elsewhere) {
  StorageReport report;
  for (const char* name : kDatabases) {
    const bool is_metadata = name == kDatabases.front();
    if (is_metadata && !elsewhere.metadata.empty()) continue;
    if (!exists(path_join(from, name))) {
      if (!is_metadata) continue;
      return not_found("'" + path_join(from, name) +
                       "': not there; a server that keeps its metadata in PostgreSQL says so to a "
                       "backup by `metadata` in clary.toml, or while it runs");
    }
    CLARY_RETURN_IF_ERROR(sqlite::copy_database(path_join(from, name), path_join(to, name)));
  }
  for (const char* name : kSmall)
    CLARY_RETURN_IF_ERROR(copy_small(path_join(from, name), path_join(to, name)));
  if (!elsewhere.metadata.empty()) {
    report.notices.push_back("metadata is in " + elsewhere.metadata +
                             ", not part of this: pg_dump --schema=clary saves it");
  }
  if (!elsewhere.objects.empty()) {
    report.notices.push_back("objects are in " + elsewhere.objects + ", not part of this");
    return report;
  }
  CLARY_TRY(const objects::CopyReport copied,
            objects::copy_store(
                path_join(from, "objects"), path_join(to, "objects"),
                options.copy ? objects::BodyCopy::kCopy : objects::BodyCopy::kLinkOrCopy));
  report.counts = {
      {"body files", copied.files}, {"linked", copied.linked}, {"bytes", copied.bytes}};
  for (const std::string& file : copied.missing)
    report.damage.push_back("body file " + file + ": the index names it, and it is missing");
  return report;
}

Result<StorageReport> back_up(const std::string& data, const cli::CopyOptions& options) {
  ::umask(077);
  CLARY_TRY(const int format, format_of(data));
  const std::string to = absolute(options.folder);
  CLARY_RETURN_IF_ERROR(require_empty(to, "backup folder"));
  CLARY_RETURN_IF_ERROR(make_folders(folder_of(to)));
  CLARY_RETURN_IF_ERROR(make_folders(to, 0700));
  CLARY_TRY(const std::string inside, real_path(to));
  CLARY_TRY(const std::string outside, real_path(data));
  if (inside.starts_with(outside + "/")) {
    static_cast<void>(::rmdir(to.c_str()));
    return invalid_argument("backup folder '" + to + "' is inside the data directory");
  }
  CLARY_TRY(const Elsewhere elsewhere, elsewhere_of(data));
  CLARY_TRY(StorageReport report, copy_data(data, to, options, elsewhere));
  const Document manifest = Document::object({{"backup_format", kBackupFormat},
                                              {"data_format", format},
                                              {"made", iso8601(SystemClock().now())},
                                              {"data", data},
                                              {"metadata", elsewhere.metadata},
                                              {"objects", elsewhere.objects}});
  // Last: a folder without it is no backup.
  CLARY_RETURN_IF_ERROR(write_file_atomically(path_join(to, kManifest), to_pretty_json(manifest),
                                              0600, Durability::kSynced));
  return report;
}

Result<Document> read_manifest(const std::string& folder) {
  const std::string file = path_join(folder, kManifest);
  if (!exists(file)) {
    return not_found("'" + folder + "' holds no backup, or one that was not finished: it has no " +
                     kManifest);
  }
  CLARY_TRY(const std::string text, read_file(file, 1 << 16));
  CLARY_TRY(Document manifest, parse_json(text));
  if (manifest.int_or("backup_format", 0) != kBackupFormat ||
      manifest.int_or("data_format", 0) != kDataFormat) {
    return unsupported("backup '" + folder + "' was made by another release: its " +
                       std::string(kManifest) + " says " + std::string(trim(text)));
  }
  return manifest;
}

Result<StorageReport> restore(const std::string& data, const cli::CopyOptions& options) {
  ::umask(077);
  const std::string from = absolute(options.folder);
  CLARY_TRY(const Document manifest, read_manifest(from));
  CLARY_RETURN_IF_ERROR(require_empty(data, "data directory"));
  CLARY_RETURN_IF_ERROR(make_folders(folder_of(data)));
  // Takes its place whole.
  const std::string aside = data + ".restoring";
  CLARY_RETURN_IF_ERROR(remove_tree(aside));
  CLARY_RETURN_IF_ERROR(make_folders(aside, 0700));
  const Elsewhere elsewhere{manifest.string_or("metadata", ""), manifest.string_or("objects", "")};
  CLARY_TRY(StorageReport report, copy_data(from, aside, options, elsewhere));
  CLARY_RETURN_IF_ERROR(write_file_atomically(
      path_join(aside, "format"), std::to_string(kDataFormat) + "\n", 0600, Durability::kSynced));
  if (::rename(aside.c_str(), data.c_str()) != 0) return system_error("rename to '" + data + "'");
  CLARY_RETURN_IF_ERROR(sync_folder(folder_of(data)));
  return report;
}

Status check_database(const std::string& path, StorageReport& report) {
  if (!exists(path)) return {};
  CLARY_TRY(const auto database, sqlite::Database::open(path, {.access = sqlite::Access::kReader}));
  CLARY_TRY(sqlite::Statement check, database->prepare("PRAGMA integrity_check"));
  while (true) {
    CLARY_TRY(const bool row, check.step());
    if (!row) return {};
    if (check.view(0) != "ok") report.damage.push_back(base_name(path) + ": " + check.text(0));
  }
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
  CLARY_TRY([[maybe_unused]] const int format, format_of(data));
  StorageReport report;
  if (options.rebuild) CLARY_RETURN_IF_ERROR(rebuild(data, report));
  for (const char* name : kDatabases) {
    // A file so damaged that nothing can be asked of it is damage as well.
    if (const Status checked = check_database(path_join(data, name), report); !checked.ok())
      report.damage.push_back(checked.error().message);
  }
  CLARY_TRY(const Elsewhere elsewhere, elsewhere_of(data));
  if (!elsewhere.objects.empty()) {
    report.notices.push_back("objects are in " + elsewhere.objects + ": not checked");
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
