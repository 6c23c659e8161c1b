// DirectoryStore::copy: a link to the body file, and what is not known of its bytes.
#include <utility>

#include "base/text_encoding.h"
#include "objects/body_source.h"
#include "objects/directory_store.h"
#include "objects/store_rules.h"

namespace clary::objects {
namespace {

constexpr std::size_t kPieceBytes = 256 << 10;
constexpr std::string_view kPartsFollow = "-";  // in the ETag of what was put in parts

// Whether the head tells what a put of its bytes would compute.
bool is_known(const ObjectHead& head, const PutRequest& to) {
  if (head.etag.find(kPartsFollow) != std::string::npos) return false;
  if (!to.compute_checksum) return true;
  return head.checksum && head.checksum->kind == *to.compute_checksum && !head.checksum->composite;
}

Result<BodySums> sums_of(net::ByteSource& bytes, const PutRequest& to) {
  BodyDigests digests(to);
  std::string piece(kPieceBytes, '\0');
  for (;;) {
    CLARY_TRY(const std::size_t got, bytes.read(piece));
    if (got == 0) return digests.finish();
    digests.update(std::string_view(piece).substr(0, got));
  }
}

}  // namespace

Result<ObjectHead> DirectoryStore::keep(const PutRequest& request, IndexedObject row) {
  CLARY_RETURN_IF_ERROR(commit([&](sqlite::Database& database, auto& freed) -> Status {
    CLARY_TRY(row.head.version_id,
              upsert_object(database, request.bucket, row, request.condition, freed));
    return {};
  }));
  return std::move(row.head);
}

Result<ObjectHead> DirectoryStore::copy(const CopyRequest& request) {
  const PutRequest& to = request.to;
  CLARY_RETURN_IF_ERROR(check_key(to.bucket, to.key));
  CLARY_TRY(const IndexedObject source,
            find_stored(request.from_bucket, request.from_key, request.from_version));
  if (source.file.empty()) return ObjectStore::copy(request);
  if (source.head.etag != request.from_etag) return changed_source(request);
  CLARY_TRY([[maybe_unused]] const Bucket bucket, find_bucket(to.bucket));

  // From here on the bytes stay, whatever becomes of the source.
  Result<std::string> file = files_.share(source.file);
  const std::string context = object_context(to.bucket, "copy to", to.key);
  if (!file.ok() && file.error().code == ErrorCode::kNotFound) {
    const Result<IndexedObject> now =
        find_stored(request.from_bucket, request.from_key, request.from_version);
    if (!now.ok() || now->file != source.file) return changed_source(request);
    return internal_error(context + ": the source's body file is missing: " + file.error().message);
  }
  if (!file.ok() && file.error().code == ErrorCode::kUnsupported) return ObjectStore::copy(request);
  if (!file.ok()) return file.error().within(context);
  const auto give_up = [&](const Error& error) {
    files_.remove(*file);
    return error.within(context);
  };
  IndexedObject row;
  row.head = {to.key,
              source.head.size_bytes,
              source.head.etag,
              clock_.now(),
              to.metadata,
              source.head.checksum,
              "",
              to.tags};
  row.crc32c = source.crc32c;
  row.file = *file;
  if (!to.compute_checksum) row.head.checksum.reset();
  if (!is_known(source.head, to)) {
    Result<Fd> opened = files_.open(*file);
    if (!opened.ok()) return give_up(opened.error());
    const auto bytes =
        make_file_source(std::move(*opened), 0, source.head.size_bytes, source.crc32c, context);
    Result<BodySums> sums = sums_of(*bytes, to);
    if (!sums.ok()) return give_up(sums.error());
    row.head.etag = hex_encode(sums->md5);
    row.head.checksum = sums->checksum;
  }
  Result<ObjectHead> head = keep(to, row);
  if (head.ok()) return head;
  abandon(row.file, head.error());
  return head.error().within(context);
}

}  // namespace clary::objects
