#include "objects/store_check.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <unordered_set>
#include <utility>

#include "base/digest.h"
#include "base/files.h"
#include "base/sqlite.h"
#include "base/text_encoding.h"
#include "objects/body_files.h"
#include "objects/object_index.h"
#include "objects/store_lock.h"

namespace clary::objects {
namespace {

using sqlite::Statement;

constexpr std::size_t kReadBytes = 1 << 20;

// Where a walk over a table stands: the key of the last row that was looked at.
struct Place {
  std::int64_t bucket = -1;
  std::string key;
  std::int64_t order = 0;
};

struct StoredBody {
  Place place;
  std::string name;  // for people
  std::uint64_t size = 0;
  std::string crc32c;  // raw
  std::string file;
  std::optional<std::uint64_t> first_byte;  // in the file; nothing: it is the whole file
  std::string bytes;                        // where there is no file
  bool has_bytes = false;                   // a row of `bodies`
};

// Columns: bucket's name, key, what tells it from others of its key, size, crc32c, file, bytes;
// then its place and its first byte in a file that others are in. Parameters: the place after which
// to go on. Few rows at a time: what stands in the index comes along, and a reader that stays keeps
// the index from shrinking its log.
constexpr std::string_view kObjects = R"sql(
SELECT b.name, o.key, '', o.size, o.crc32c, o.file, d.bytes, o.bucket, o.key, 0, NULL
FROM objects o LEFT JOIN buckets b ON b.number = o.bucket LEFT JOIN bodies d ON d.number = o.body
WHERE (o.bucket, o.key) > (?1, ?2) AND ?3 IS NOT NULL ORDER BY o.bucket, o.key LIMIT 200
)sql";
constexpr std::string_view kVersionsOfObjects = R"sql(
SELECT b.name, v.key, ' version ' || coalesce(v.id, 'null'), v.size, v.crc32c, v.file, d.bytes,
  v.bucket, v.key, v.changed, NULL
FROM versions v LEFT JOIN buckets b ON b.number = v.bucket LEFT JOIN bodies d ON d.number = v.body
WHERE (v.bucket, v.key) >= (?1, ?2) AND NOT (v.bucket = ?1 AND v.key = ?2 AND v.changed >= ?3)
  AND v.marker = 0
ORDER BY v.bucket, v.key, v.changed DESC LIMIT 200
)sql";
constexpr std::string_view kParts = R"sql(
SELECT b.name, u.key, ' part ' || p.number || ' of upload ' || p.upload, p.size, p.crc32c, p.file,
  NULL, 0, p.upload, p.number,
  CASE WHEN p.file = p.upload THEN (p.number - 1) * u.part_bytes END
FROM parts p LEFT JOIN uploads u ON u.id = p.upload LEFT JOIN buckets b ON b.number = u.bucket
WHERE (p.upload, p.number) > (CAST(?2 AS TEXT), ?3) AND ?1 IS NOT NULL
ORDER BY p.upload, p.number LIMIT 200
)sql";

StoredBody read_row(const Statement& row) {
  StoredBody body{.place = {row.integer(7), row.text(8), row.integer(9)},
                  .name = "s3://" + row.text(0) + "/" + row.text(1) + row.text(2),
                  .size = static_cast<std::uint64_t>(row.integer(3)),
                  .crc32c = row.text(4),
                  .file = row.text(5),
                  .first_byte = std::nullopt,
                  .bytes = row.text(6),
                  .has_bytes = !row.is_null(6)};
  if (!row.is_null(10)) body.first_byte = static_cast<std::uint64_t>(row.integer(10));
  if (row.is_null(0)) body.name += " (of a bucket that is not there)";
  return body;
}

struct Sums {
  std::uint64_t size = 0;
  std::string crc32c;
};

Result<Sums> sums_of_file(const std::string& path, const StoredBody& body, std::string& buffer) {
  CLARY_TRY(const Fd file, open_file(path, O_RDONLY));
  if (::lseek(file.get(), static_cast<off_t>(body.first_byte.value_or(0)), SEEK_SET) < 0)
    return system_error("read '" + path + "'");
  const auto hasher = make_hasher(DigestKind::kCrc32c);
  Sums sums;
  buffer.resize(kReadBytes);
  while (true) {
    std::uint64_t wanted = buffer.size();
    if (body.first_byte) wanted = std::min(wanted, body.size - sums.size);
    const ssize_t got = ::read(file.get(), buffer.data(), static_cast<std::size_t>(wanted));
    if (got < 0) return system_error("read '" + path + "'");
    if (got == 0) break;
    hasher->update(std::string_view(buffer).substr(0, static_cast<std::size_t>(got)));
    sums.size += static_cast<std::uint64_t>(got);
  }
  sums.crc32c = hasher->finish();
  return sums;
}

class Check {
 public:
  Check(const std::string& root, const std::function<void(std::uint64_t)>& progress)
      : root_(root), progress_(progress) {}

  Result<StoreReport> run() {
    CLARY_TRY(database_, sqlite::Database::open(path_join(root_, "index.db"),
                                                {.access = sqlite::Access::kReader}));
    CLARY_RETURN_IF_ERROR(check_index());
    CLARY_RETURN_IF_ERROR(walk(kObjects, report_.objects));
    CLARY_RETURN_IF_ERROR(walk(kVersionsOfObjects, report_.versions));
    CLARY_RETURN_IF_ERROR(walk(kParts, report_.parts));
    CLARY_RETURN_IF_ERROR(count_strays());
    return std::move(report_);
  }

 private:
  Status check_index();
  Status walk(std::string_view sql, std::uint64_t& count);
  Result<std::vector<StoredBody>> page(std::string_view sql, const Place& after);
  // "": it is whole, or is not there any more.
  Result<std::string> fault_of(const StoredBody& body);
  Result<bool> is_named(const std::string& file);
  Status count_strays();

  const std::string& root_;
  const std::function<void(std::uint64_t)>& progress_;
  std::unique_ptr<sqlite::Database> database_;
  StoreReport report_;
  std::string buffer_;
};

Status Check::check_index() {
  CLARY_TRY(const std::vector<std::string> faults, sqlite::faults_of(*database_));
  for (const std::string& fault : faults) report_.damage.push_back("index.db: " + fault);
  return {};
}

Result<std::vector<StoredBody>> Check::page(std::string_view sql, const Place& after) {
  CLARY_TRY(Statement rows, database_->prepare(sql));
  rows.bind(after.bucket).bind_blob(after.key).bind(after.order);
  std::vector<StoredBody> bodies;
  while (true) {
    CLARY_TRY(const bool row, rows.step());
    if (!row) return bodies;
    bodies.push_back(read_row(rows));
  }
}

Status Check::walk(std::string_view sql, std::uint64_t& count) {
  Place place;
  while (true) {
    CLARY_TRY(const std::vector<StoredBody> bodies, page(sql, place));
    if (bodies.empty()) return {};
    for (const StoredBody& body : bodies) {
      CLARY_TRY(const std::string fault, fault_of(body));
      if (!fault.empty()) report_.damage.push_back(body.name + ": " + fault);
      ++count;
      report_.bytes += body.size;
    }
    place = bodies.back().place;
    if (progress_) progress_(report_.objects + report_.versions + report_.parts);
  }
}

Result<std::string> Check::fault_of(const StoredBody& body) {
  Sums sums{.size = body.bytes.size(), .crc32c = {}};
  if (!body.file.empty()) {
    Result<Sums> read = sums_of_file(path_join(root_, body_place(body.file)), body, buffer_);
    if (!read.ok() && read.error().code == ErrorCode::kNotFound) {
      CLARY_TRY(const bool named, is_named(body.file));
      return named ? "its file " + body_place(body.file) + " is missing" : std::string();
    }
    if (!read.ok()) return read.error().message;
    sums = *std::move(read);
  } else if (body.has_bytes) {
    sums.crc32c = digest(DigestKind::kCrc32c, body.bytes);
  } else {
    return std::string("its bytes are missing from the index");
  }
  if (sums.size != body.size) {
    return fmt::format("it has {} bytes; {} were stored", sums.size, body.size);
  }
  if (sums.crc32c == body.crc32c) return std::string();
  return fmt::format("its bytes have the CRC-32C {}; {} was stored", hex_encode(sums.crc32c),
                     hex_encode(body.crc32c));
}

Result<bool> Check::is_named(const std::string& file) {
  CLARY_TRY(Statement find,
            database_->prepare("SELECT 1 FROM objects WHERE file = ?1 UNION ALL SELECT 1 FROM "
                               "versions WHERE file = ?1 UNION ALL SELECT 1 FROM parts WHERE "
                               "file = ?1"));
  find.bind(file);
  return find.step();
}

Status Check::count_strays() {
  const Result<Fd> lock = lock_store(root_, StoreUse::kLookOver);
  if (!lock.ok()) return {};
  CLARY_TRY(const std::vector<std::string> named, referenced_files(*database_));
  const std::unordered_set<std::string> known(named.begin(), named.end());
  const std::string bodies = path_join(root_, "bodies");
  CLARY_TRY(const std::vector<std::string> folders, list_folder(bodies));
  for (const std::string& folder : folders) {
    CLARY_TRY(const std::vector<std::string> files, list_folder(path_join(bodies, folder)));
    for (const std::string& file : files) report_.strays += known.contains(file) ? 0 : 1;
  }
  return {};
}

}  // namespace

Result<StoreReport> check_store(const std::string& root,
                                const std::function<void(std::uint64_t seen)>& progress) {
  if (!exists(path_join(root, "index.db")))
    return not_found("object store '" + root + "': not there");
  return Check(root, progress).run();
}

}  // namespace clary::objects
