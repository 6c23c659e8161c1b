#include "base/sqlite_copy.h"

#include "base/files.h"

namespace clary::sqlite {

Status copy_database(const std::string& from, const std::string& to, Access source) {
  if (!exists(from)) return not_found("'" + from + "': not there");
  for (const char* suffix : {"", "-wal", "-shm", "-journal"})
    CLARY_RETURN_IF_ERROR(remove_tree(to + suffix));
  {
    CLARY_TRY(const auto original, Database::open(from, {.access = source}));
    CLARY_TRY(const auto copy, Database::open(to, {.access = Access::kCarried}));
    CLARY_RETURN_IF_ERROR(original->copy_to(*copy));
  }
  // The head came along, WAL mode in it: opening the file anew leaves that mode.
  CLARY_TRY(const auto copy, Database::open(to, {.access = Access::kCarried}));
  return sync_folder(folder_of(to));
}

}  // namespace clary::sqlite
