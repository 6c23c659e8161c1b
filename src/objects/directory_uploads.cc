// DirectoryStore: uploads and their parts, until they are completed (directory_complete.cc).
//
// Parts whose length is known are written where they will stand: into one file of the upload, as
// far apart as the first of them is long. A place that holds an acknowledged part is never written
// again: a part that is sent once more has a file of its own, as has every part that fits nowhere.
#include <algorithm>
#include <utility>

#include "base/text_encoding.h"
#include "objects/directory_store.h"
#include "objects/store_rules.h"

namespace clary::objects {
namespace {

constexpr std::uint64_t kLongestPlaceBytes = 5ULL << 30;  // S3's longest part
// More than a client sends at a time: the file's holes stay small, whatever numbers come.
constexpr std::uint64_t kPartsAhead = 100;

}  // namespace

Result<UploadId> DirectoryStore::begin_upload(MultipartRequest request) {
  CLARY_RETURN_IF_ERROR(check_key(request.bucket, request.key));
  const UploadId id(ids_.hex(32));
  CLARY_RETURN_IF_ERROR(commit([&](sqlite::Database& database, auto&) {
    return insert_upload(database, id, request, clock_.now());
  }));
  return id;
}

// Makes the upload's own file. How far apart its places are: `part_bytes`, unless somebody else was
// first.
Result<std::uint64_t> DirectoryStore::begin_file(const PutRequest& request, const UploadId& upload,
                                                 std::uint64_t part_bytes) {
  CLARY_RETURN_IF_ERROR(files_.make(*upload));
  std::uint64_t apart = 0;
  const Status begun = commit([&](sqlite::Database& database, auto&) -> Status {
    CLARY_RETURN_IF_ERROR(begin_upload_file(database, upload, part_bytes));
    CLARY_TRY(const IndexedUpload row,
              find_upload_row(database, request.bucket, request.key, upload));
    if (row.completed_etag) return upload_absent(request.bucket, upload);
    apart = row.part_bytes;
    return {};
  });
  if (begun.ok()) return apart;
  // The upload may have ended, or others' parts may be in the file: the next open knows.
  left_strays_ = true;
  return begun.error();
}

// Where the part will stand in the object, as far as that is known; nothing: it fits nowhere. The
// caller holds the part's claim, and `row` was read under it.
Result<DirectoryStore::PartPlace> DirectoryStore::find_place(const PutRequest& request,
                                                             const UploadId& upload, int number,
                                                             const IndexedUpload& row) {
  const std::uint64_t bytes = *request.announced_bytes;
  std::uint64_t part_bytes = row.part_bytes;
  if (part_bytes == 0) {
    // Only an upload's last part may be shorter than that.
    if (bytes < std::max<std::uint64_t>(options_.min_part_bytes, 1) || bytes > kLongestPlaceBytes)
      return PartPlace();
    CLARY_TRY(part_bytes, begin_file(request, upload, bytes));
  }
  if (bytes > part_bytes) return PartPlace();
  Result<BodyFiles::Temporary> place = files_.write_within(
      *upload, {.first = static_cast<std::uint64_t>(number - 1) * part_bytes, .bytes = bytes},
      kPartsAhead * part_bytes);
  if (place.ok()) return PartPlace(std::move(*place));
  const ErrorCode code = place.error().code;
  if (code == ErrorCode::kUnsupported || code == ErrorCode::kNotFound) return PartPlace();
  return place.error();
}

// Commits the row of a part; what it replaces is freed.
Result<ObjectHead> DirectoryStore::keep_part(const PutRequest& request, const UploadId& upload,
                                             int number, WrittenBody body) {
  ObjectHead head{request.key,
                  body.sums.size_bytes,
                  hex_encode(body.sums.md5),
                  clock_.now(),
                  {},
                  body.sums.checksum,
                  ""};
  const IndexedPart part{number,
                         {body.sums.md5, body.sums.crc32c, body.sums.size_bytes, body.sums.checksum,
                          body.sums.crc64nvme},
                         body.file,
                         head.last_modified};
  CLARY_RETURN_IF_ERROR(commit([&](sqlite::Database& database, auto& freed) -> Status {
    CLARY_TRY(const IndexedUpload row,
              find_upload_row(database, request.bucket, request.key, upload));
    if (row.completed_etag) return upload_absent(request.bucket, upload);
    return upsert_part(database, upload, part, freed);
  }));
  return head;
}

Result<std::unique_ptr<ObjectWriter>> DirectoryStore::put_part(PutRequest request,
                                                               const UploadId& upload, int number) {
  CLARY_RETURN_IF_ERROR(check_part_number(number));
  // Before the look into the index: what that says of this part holds while the claim is held.
  std::shared_ptr<PartClaims::Claim> claim;
  if (request.announced_bytes) claim = claims_.claim_part(upload, number);
  IndexedUpload row;
  bool there = false;
  {
    CLARY_TRY(auto reader, readers_.take());
    CLARY_TRY(row, find_upload_row(*reader, request.bucket, request.key, upload));
    if (row.completed_etag) return upload_absent(request.bucket, upload);
    CLARY_TRY(there, has_part(*reader, upload, number));
  }
  choose_part_checksums(request, row.request);
  const std::string context = object_context(request.bucket, "put", request.key);
  if (claim != nullptr && !there) {
    Result<PartPlace> place = find_place(request, upload, number, row);
    if (!place.ok()) return place.error().within(context);
    if (place->has_value()) {
      const auto keep = [this, request, upload, number, claim](WrittenBody body) {
        Result<ObjectHead> head = keep_part(request, upload, number, std::move(body));
        if (!head.ok() && head.error().code == ErrorCode::kInternal) {
          claim->keep();
        } else {
          claim->release();
        }
        return head;
      };
      BodyPlace in_upload = place_of_bodies(0);
      in_upload.file.emplace(std::move(**place));
      return make_file_writer(request, context, std::move(in_upload), keep);
    }
  }
  // A file whatever its size, because parts are joined.
  return make_writer(request, 0, [this, request, upload, number](WrittenBody body) {
    return keep_part(request, upload, number, std::move(body));
  });
}

Status DirectoryStore::abort_upload(const BucketName& bucket, const ObjectKey& key,
                                    const UploadId& upload) {
  return commit([&](sqlite::Database& database, auto& freed) -> Status {
    CLARY_TRY(const IndexedUpload row, find_upload_row(database, bucket, key, upload));
    if (row.completed_etag) return upload_absent(bucket, upload);
    return end_upload(database, upload, std::nullopt, freed);
  });
}

}  // namespace clary::objects
