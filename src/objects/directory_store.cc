#include "objects/directory_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <unordered_set>
#include <utility>

#include "base/files.h"
#include "base/text_encoding.h"
#include "objects/body_source.h"
#include "objects/store_lock.h"
#include "objects/store_rules.h"

namespace clary::objects {
namespace {

constexpr std::chrono::hours kRememberCompleted{24};
// Present while a process has the store open: found at the next open, the store was not closed in
// order.
constexpr std::string_view kUncleanMark = "unclean";
// A file may go between the look into the index and its opening, when the object is replaced; then
// we look again.
constexpr int kLookups = 5;
constexpr std::size_t kDigestingThreads = 2;

Status remove_strays(sqlite::Database& database, BodyFiles& files) {
  CLARY_TRY(const std::vector<std::string> names, referenced_files(database));
  const std::unordered_set<std::string> known(names.begin(), names.end());
  return files.sweep([&](const std::string& name) { return known.contains(name); });
}

}  // namespace

Result<std::unique_ptr<DirectoryStore>> DirectoryStore::open(const std::string& root,
                                                             const Clock& clock, IdSource& ids,
                                                             DirectoryOptions options) {
  CLARY_RETURN_IF_ERROR(make_folders(root, 0700));
  CLARY_TRY(Fd lock, lock_store(root, StoreUse::kOwn));
  CLARY_TRY(std::unique_ptr<sqlite::Database> database,
            sqlite::Database::open(path_join(root, "index.db"), {.cache_kib = 8192}));
  CLARY_RETURN_IF_ERROR(sqlite::migrate(*database, index_migrations()));
  CLARY_RETURN_IF_ERROR(database->execute("PRAGMA wal_autocheckpoint = 4000"));
  CLARY_RETURN_IF_ERROR(forget_completed_uploads(*database, clock.now() - kRememberCompleted));
  CLARY_RETURN_IF_ERROR(apply_quotas(*database, options.quotas));
  auto watches = std::make_unique<PrefixWatches>();
  CLARY_RETURN_IF_ERROR(
      database->watch_rows({.table = "objects", .integer = "bucket", .bytes = "key"},
                           [told = watches.get()](std::int64_t bucket, std::string_view key) {
                             told->note(bucket, key);
                           }));
  const std::string mark = path_join(root, kUncleanMark);
  const bool unclean = exists(mark);
  CLARY_RETURN_IF_ERROR(open_file(mark, O_WRONLY | O_CREAT, 0600));
  BodyFiles files(root, ids);
  CLARY_RETURN_IF_ERROR(files.prepare());  // the mark's name is durable with it
  if (unclean) CLARY_RETURN_IF_ERROR(remove_strays(*database, files));
  std::unique_ptr<DirectoryStore> store(new DirectoryStore(
      root, clock, ids, options, std::move(lock), std::move(database), std::move(watches)));
  CLARY_TRY(auto reader, store->readers_.take());
  CLARY_RETURN_IF_ERROR(load_settings(*reader, store->settings_));
  return store;
}

DirectoryStore::DirectoryStore(std::string root, const Clock& clock, IdSource& ids,
                               DirectoryOptions options, Fd lock,
                               std::unique_ptr<sqlite::Database> database,
                               std::unique_ptr<PrefixWatches> watches)
    : root_(std::move(root)),
      clock_(clock),
      ids_(ids),
      options_(options),
      lock_(std::move(lock)),
      files_(root_, ids_),
      digesting_("digesting", {.places = kDigestingThreads, .queue = kDigestingThreads}),
      watches_(std::move(watches)),
      readers_(database->path(), {.access = sqlite::Access::kReader, .cache_kib = 1024}),
      commits_(std::move(database)) {}

DirectoryStore::~DirectoryStore() {
  if (!left_strays_ && !files_.left_strays()) ::unlink(path_join(root_, kUncleanMark).c_str());
}

BodyPlace DirectoryStore::place_of_bodies(std::size_t most_in_memory) {
  return {.files = files_,
          .digesting = digesting_,
          .most_in_memory = most_in_memory,
          .reserved_bytes = options_.reserved_bytes};
}

std::unique_ptr<ObjectWriter> DirectoryStore::make_writer(const PutRequest& request,
                                                          std::size_t most_in_memory,
                                                          KeepBody keep) {
  return make_file_writer(request, object_context(request.bucket, "put", request.key),
                          place_of_bodies(most_in_memory),
                          [this, keep = std::move(keep)](WrittenBody body) {
                            const std::string file = body.file;
                            Result<ObjectHead> head = keep(std::move(body));
                            if (!head.ok() && !file.empty()) abandon(file, head.error());
                            return head;
                          });
}

void DirectoryStore::abandon(const std::string& file, const Error& reason) {
  if (reason.code == ErrorCode::kInternal) {
    left_strays_ = true;
  } else {
    files_.remove(file);
  }
}

Status DirectoryStore::commit(
    const std::function<Status(sqlite::Database&, std::vector<std::string>& freed)>& change) {
  std::vector<std::string> freed;
  std::vector<PrefixWatches::Key> changed;
  const Status committed = commits_.commit([&](sqlite::Database& database) {
    freed.clear();
    const Status done = within_quotas(database, [&] { return change(database, freed); });
    changed = watches_->take_noted();
    return done;
  });
  // Failed or not: where the outcome is unknown it may stand.
  watches_->mark(changed);
  CLARY_RETURN_IF_ERROR(committed);
  for (const std::string& file : freed) files_.remove(file);
  return {};
}

// What makes a bucket grow beyond its quota is not committed; what makes it shrink always is.
Status DirectoryStore::within_quotas(sqlite::Database& database,
                                     const std::function<Status()>& change) const {
  if (options_.quotas.empty()) return change();
  CLARY_TRY(const std::int64_t before, quota_excess(database));
  CLARY_RETURN_IF_ERROR(change());
  CLARY_TRY(const std::int64_t after, quota_excess(database));
  if (after > before) return quota_reached(database);
  return {};
}

Status DirectoryStore::create_bucket(const Bucket& bucket) {
  return commit([&](sqlite::Database& database, auto&) -> Status {
    CLARY_RETURN_IF_ERROR(insert_bucket(database, bucket));
    if (!options_.quotas.contains(bucket.name)) return {};
    return apply_quotas(database, options_.quotas);
  });
}

Status DirectoryStore::remove_bucket(const BucketName& name) {
  MutexLock lock(settings_change_);
  CLARY_RETURN_IF_ERROR(commit([&](sqlite::Database& database, auto& freed) {
    return delete_bucket(database, name, freed);
  }));
  settings_.forget(name);
  return {};
}

SettingText DirectoryStore::setting(const BucketName& bucket, SettingKind kind) {
  return settings_.find(bucket, kind);
}

Status DirectoryStore::set_setting(const BucketName& bucket, SettingKind kind,
                                   const std::optional<std::string>& text) {
  MutexLock lock(settings_change_);
  CLARY_RETURN_IF_ERROR(commit([&](sqlite::Database& database, auto&) {
    return put_setting(database, bucket, kind, text);
  }));
  settings_.set(bucket, kind, text);
  return {};
}

Result<Bucket> DirectoryStore::find_bucket(const BucketName& name) {
  CLARY_TRY(auto reader, readers_.take());
  CLARY_TRY(IndexedBucket row, find_bucket_row(*reader, name));
  return std::move(row.bucket);
}

Result<std::vector<Bucket>> DirectoryStore::list_buckets() {
  CLARY_TRY(auto reader, readers_.take());
  CLARY_TRY(std::vector<IndexedBucket> rows, bucket_rows(*reader));
  std::vector<Bucket> out;
  for (IndexedBucket& row : rows) out.push_back(std::move(row.bucket));
  return out;
}

Result<std::int64_t> DirectoryStore::bucket_number(const BucketName& bucket) {
  CLARY_TRY(auto reader, readers_.take());
  CLARY_TRY(const IndexedBucket row, find_bucket_row(*reader, bucket));
  return row.number;
}

Result<std::uint64_t> DirectoryStore::change_counter(const BucketName& bucket) {
  CLARY_TRY(auto reader, readers_.take());
  CLARY_TRY(const IndexedBucket row, find_bucket_row(*reader, bucket));
  return row.changes;
}

Result<ObjectHead> DirectoryStore::head(const BucketName& bucket, const ObjectKey& key,
                                        const std::string& version) {
  CLARY_TRY(auto reader, readers_.take());
  CLARY_TRY(IndexedObject row, find_object(*reader, bucket, key, version, Bodies::kWithout));
  return std::move(row.head);
}

Result<IndexedObject> DirectoryStore::find_stored(const BucketName& bucket, const ObjectKey& key,
                                                  const std::string& version) {
  CLARY_TRY(auto reader, readers_.take());
  return find_object(*reader, bucket, key, version, Bodies::kWith);
}

Result<PrefixState> DirectoryStore::prefix_state(const BucketName& bucket,
                                                 std::string_view prefix) {
  CLARY_TRY(auto reader, readers_.take());
  return find_prefix_state(*reader, bucket, prefix);
}

Result<PrefixState> DirectoryStore::visit(
    const BucketName& bucket, std::string_view prefix,
    const std::function<Status(const IndexedObject&)>& visit) {
  CLARY_TRY(auto reader, readers_.take());
  // One snapshot for the state and the rows.
  CLARY_RETURN_IF_ERROR(reader->execute("BEGIN"));
  Result<PrefixState> state = find_prefix_state(*reader, bucket, prefix);
  Status visited;
  if (state.ok()) visited = visit_objects(*reader, state->bucket, prefix, visit);
  CLARY_RETURN_IF_ERROR(reader->execute("COMMIT"));
  if (!visited.ok()) return visited.error();
  return state;
}

Result<ObjectBody> DirectoryStore::get(const BucketName& bucket, const ObjectKey& key,
                                       const ReadRequest& read) {
  const std::string context = object_context(bucket, "get", key);
  for (int lookup = 1;; ++lookup) {
    CLARY_TRY(IndexedObject row, find_stored(bucket, key, read.version));
    ObjectBody body{row.head, nullptr, row.head.size_bytes, std::nullopt};
    if (row.head.delete_marker) return body;
    CLARY_TRY(body.range, resolve_read(read, row.head));
    if (body.range) body.length = body.range->last - body.range->first + 1;
    const std::uint64_t offset = body.range ? body.range->first : 0;
    if (row.file.empty()) {
      if (row.inline_bytes.size() != row.head.size_bytes ||
          digest(DigestKind::kCrc32c, row.inline_bytes) != row.crc32c) {
        return internal_error(context +
                              ": its bytes are not those that were stored (CRC-32C differs)");
      }
      body.bytes = make_memory_source(
          std::make_shared<const std::string>(std::move(row.inline_bytes)), offset, body.length);
      return body;
    }
    Result<Fd> file = files_.open(row.file);
    if (file.ok()) {
      const bool whole = body.length == row.head.size_bytes;
      body.bytes =
          make_file_source(std::move(*file), offset, body.length, whole ? row.crc32c : "", context);
      return body;
    }
    if (file.error().code != ErrorCode::kNotFound) return file.error().within(context);
    if (lookup == kLookups)
      return internal_error(context + ": its body file is missing: " + file.error().message);
  }
}

Result<std::unique_ptr<ObjectWriter>> DirectoryStore::put(PutRequest request) {
  CLARY_RETURN_IF_ERROR(check_key(request.bucket, request.key));
  CLARY_TRY([[maybe_unused]] const Bucket bucket, find_bucket(request.bucket));
  const auto keep = [this, request](WrittenBody body) -> Result<ObjectHead> {
    IndexedObject row;
    row.head = {request.key,  body.sums.size_bytes, hex_encode(body.sums.md5),
                clock_.now(), request.metadata,     body.sums.checksum,
                "",           request.tags};
    row.crc32c = std::move(body.sums.crc32c);
    row.file = std::move(body.file);
    row.inline_bytes = std::move(body.bytes);
    return this->keep(request, std::move(row));
  };
  return make_writer(request, options_.inline_bytes, keep);
}

}  // namespace clary::objects
