#include "objects/store_copy.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/files.h"
#include "base/sqlite.h"
#include "base/sqlite_copy.h"
#include "objects/body_files.h"

namespace clary::objects {
namespace {

// A body that was removed between the copy of the index and its turn is gone from the next copy of
// the index, and each copy has fewer files left to fetch.
constexpr int kCopyAttempts = 8;

Status copy_file(const std::string& from, const std::string& to) {
  CLARY_TRY(const Fd source, open_file(from, O_RDONLY));
  CLARY_TRY(const Fd target, open_file(to, O_WRONLY | O_CREAT | O_TRUNC, 0644));
  const Result<std::uint64_t> copied =
      copy_bytes(source, target, "copy '" + from + "' to '" + to + "'");
  return copied.ok() ? Status() : copied.error();
}

class Copy {
 public:
  Copy(const std::string& from, const std::string& to, CopyOptions options)
      : from_(from),
        to_(to),
        source_(options.at_rest ? sqlite::Access::kAtRest : sqlite::Access::kReader),
        links_(options.bodies == BodyCopy::kLinkOrCopy) {}

  Result<CopyReport> run() {
    CLARY_RETURN_IF_ERROR(make_folders(path_join(to_, "bodies"), 0700));
    CLARY_RETURN_IF_ERROR(make_folders(path_join(to_, "tmp"), 0700));
    std::vector<std::string> files;
    for (int attempt = 0; attempt < kCopyAttempts; ++attempt) {
      report_ = {};
      CLARY_TRY(files, copy_index());
      for (const std::string& file : files) CLARY_RETURN_IF_ERROR(take(file));
      if (report_.missing.empty()) break;
    }
    // Those of attempts before the last: the copy's first start removes them.
    CLARY_RETURN_IF_ERROR(write_file_atomically(path_join(to_, "unclean"), "", 0600));
    CLARY_TRY(const Fd folder, open_file(to_, O_RDONLY | O_DIRECTORY));
    if (::syncfs(folder.get()) != 0) return system_error("'" + to_ + "': sync");
    return std::move(report_);
  }

 private:
  // Counts what it holds and returns the files that it names.
  Result<std::vector<std::string>> copy_index() {
    const std::string index = path_join(to_, "index.db");
    CLARY_RETURN_IF_ERROR(sqlite::copy_database(path_join(from_, "index.db"), index, source_));
    CLARY_TRY(const auto database,
              sqlite::Database::open(index, {.access = sqlite::Access::kAtRest}));
    CLARY_TRY(report_.counts, index_counts(*database));
    return referenced_files(*database);
  }

  Status take(const std::string& file) {
    const std::string source = path_join(from_, body_place(file));
    const std::string target = path_join(to_, body_place(file));
    if (!exists(target)) {
      if (const Status taken = link_or_copy(source, target); !taken.ok()) {
        if (taken.error().code != ErrorCode::kNotFound) return taken;
        report_.missing.push_back(file);
        return {};
      }
    }
    if (links_) ++report_.linked;
    return {};
  }

  Status link_or_copy(const std::string& source, const std::string& target) {
    CLARY_RETURN_IF_ERROR(make_folders(folder_of(target), 0700));
    if (links_) {
      if (::link(source.c_str(), target.c_str()) == 0) return {};
      if (errno == ENOENT) return not_found("'" + source + "': not there");
      links_ = false;  // another file system, or one without links
    }
    const std::string aside = target + ".part";
    CLARY_RETURN_IF_ERROR(copy_file(source, aside));
    if (::rename(aside.c_str(), target.c_str()) != 0)
      return system_error("rename '" + aside + "' to '" + target + "'");
    return {};
  }

  const std::string& from_;
  const std::string& to_;
  const sqlite::Access source_;
  bool links_;
  CopyReport report_;
};

}  // namespace

Result<CopyReport> copy_store(const std::string& from, const std::string& to, CopyOptions options) {
  if (!exists(path_join(from, "index.db")))
    return not_found("object store '" + from + "': not there");
  return Copy(from, to, options).run();
}

}  // namespace clary::objects
