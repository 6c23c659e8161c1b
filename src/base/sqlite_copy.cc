#include "base/sqlite_copy.h"

#include <sqlite3.h>

#include <cstdio>
#include <memory>

#include "base/fd.h"
#include "base/files.h"

namespace clary::sqlite {
namespace {

struct Close {
  void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
};
using Handle = std::unique_ptr<sqlite3, Close>;

constexpr int kBusyTimeoutMilliseconds = 10'000;

Error failed(const std::string& path, sqlite3* connection, const char* wanted) {
  return internal_error("'" + path + "': " + wanted + ": " + sqlite3_errmsg(connection));
}

Result<Handle> open(const std::string& path, int flags) {
  sqlite3* connection = nullptr;
  const int opened = sqlite3_open_v2(path.c_str(), &connection, flags, nullptr);
  Handle handle(connection);
  if (opened != SQLITE_OK) return failed(path, connection, "open");
  sqlite3_busy_timeout(connection, kBusyTimeoutMilliseconds);
  return handle;
}

}  // namespace

Status copy_database(const std::string& from, const std::string& to) {
  if (!exists(from)) return not_found("'" + from + "': not there");
  for (const char* suffix : {"", "-wal", "-shm", "-journal"})
    CLARY_RETURN_IF_ERROR(remove_tree(to + suffix));
  CLARY_TRY(const Handle source, open(from, SQLITE_OPEN_READWRITE));
  {
    CLARY_TRY(const Handle target, open(to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
    sqlite3_backup* const backup = sqlite3_backup_init(target.get(), "main", source.get(), "main");
    if (backup == nullptr) return failed(to, target.get(), "copy");
    // All pages in one step are those of one moment; in WAL mode nobody waits for it.
    const int copied = sqlite3_backup_step(backup, -1);
    sqlite3_backup_finish(backup);
    if (copied != SQLITE_DONE) return failed(from, target.get(), "copy");
  }
  return sync_folder(folder_of(to));
}

}  // namespace clary::sqlite
