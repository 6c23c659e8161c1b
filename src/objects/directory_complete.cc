// DirectoryStore::complete_upload: choose, join what does not stand in one file already, commit.
#include <algorithm>
#include <map>
#include <utility>

#include "objects/directory_store.h"
#include "objects/store_rules.h"

namespace clary::objects {
namespace {

using Parts = std::vector<const IndexedPart*>;

// Whether the parts, one after another, are a whole file. The upload's own is written by many: the
// caller has the claim on all of it.
Result<bool> are_a_file(const BodyFiles& files, const Parts& parts) {
  std::uint64_t end = 0;
  for (const IndexedPart* part : parts) {
    if (part->file != parts.front()->file || part->first_byte != end) return false;
    end += part->sums.size_bytes;
  }
  CLARY_TRY(const std::uint64_t size, files.size_of(parts.front()->file));
  return size == end;
}

// A new sealed file with the bytes of all parts, where that leaves `reserved_bytes` of the disk.
Result<std::string> join_parts(BodyFiles& files, const Parts& parts, std::uint64_t reserved_bytes) {
  std::uint64_t left = 0;
  for (const IndexedPart* part : parts) left += part->sums.size_bytes;
  CLARY_TRY(BodyFiles::Temporary joined, files.create());
  for (const IndexedPart* part : parts) {
    const std::uint64_t bytes = part->sums.size_bytes;
    // All of it at first, and again for the rest: others write meanwhile.
    CLARY_RETURN_IF_ERROR(files.require_free(reserved_bytes, left));
    CLARY_TRY(const Fd file, files.open(part->file));
    CLARY_RETURN_IF_ERROR(joined.append(file, {.first = part->first_byte, .bytes = bytes}));
    left -= bytes;
  }
  return joined.seal();
}

// The parts of the request out of those stored, in the request's order; nothing where one is
// absent.
Parts choose(const CompleteRequest& request, const std::vector<IndexedPart>& stored) {
  std::map<int, const IndexedPart*> by_number;
  for (const IndexedPart& part : stored) by_number[part.number] = &part;
  Parts out;
  for (const CompletedPart& part : request.parts) {
    const auto found = by_number.find(part.number);
    out.push_back(found == by_number.end() ? nullptr : found->second);
  }
  return out;
}

// Somebody may have put a part again while ours were joined: then what was joined is not what the
// upload holds.
Status check_unchanged(sqlite::Database& database, const CompleteRequest& request,
                       const std::vector<std::string>& files) {
  CLARY_TRY(const std::vector<IndexedPart> stored, part_rows(database, request.upload));
  const Parts now = choose(request, stored);
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (now[i] == nullptr || now[i]->file != files[i]) {
      return conflict("part " + std::to_string(request.parts[i].number) +
                      ": was replaced meanwhile");
    }
  }
  return {};
}

}  // namespace

// The answer to a completion that is repeated, because the reply to the first was lost.
Result<ObjectHead> DirectoryStore::completed_before(const CompleteRequest& request,
                                                    const std::string& etag) {
  Result<ObjectHead> present = head(request.bucket, request.key);
  if (present.ok() && present->etag == etag) return present;
  return upload_absent(request.bucket, request.upload);
}

Result<ObjectHead> DirectoryStore::complete_upload(CompleteRequest request) {
  const std::string context = object_context(request.bucket, "complete upload of", request.key);
  IndexedUpload upload;
  std::vector<IndexedPart> stored;
  {
    CLARY_TRY(auto reader, readers_.take());
    CLARY_TRY(upload, find_upload_row(*reader, request.bucket, request.key, request.upload));
    CLARY_TRY(stored, part_rows(*reader, request.upload));
  }
  if (upload.completed_etag) return completed_before(request, *upload.completed_etag);

  const Parts chosen = choose(request, stored);
  std::vector<std::optional<PartSums>> sums;
  std::vector<std::string> files;
  for (const IndexedPart* part : chosen) {
    sums.push_back(part == nullptr ? std::nullopt : std::optional(part->sums));
    files.push_back(part == nullptr ? "" : part->file);
  }
  Result<std::vector<PartSums>> parts = match_parts(request, sums, options_.min_part_bytes);
  if (!parts.ok()) return parts.error().within(context);
  Result<ObjectHead> joined =
      joined_head(request, *parts, upload.request.checksum_kind, upload.request.composite_checksum);
  if (!joined.ok()) return joined.error().within(context);

  // While it is held, nobody writes into the upload's file, nor will once the upload is completed.
  const auto claim = claims_.claim_all(request.upload);
  bool is_file = false;
  if (claim != nullptr || files.front() != *request.upload) {
    Result<bool> whole = are_a_file(files_, chosen);
    if (!whole.ok()) return whole.error().within(context);
    is_file = *whole;
  }
  IndexedObject row;
  row.file = files.front();
  if (!is_file) {
    Result<std::string> file = join_parts(files_, chosen, options_.reserved_bytes);
    if (!file.ok()) return file.error().within(context);
    row.file = std::move(*file);
  }
  row.head = std::move(*joined);
  row.head.metadata = upload.request.metadata;
  row.head.tags = upload.request.tags;
  row.head.last_modified = clock_.now();
  row.crc32c = joined_crc32c(*parts);
  const Status committed = commit([&](sqlite::Database& database, auto& freed) -> Status {
    CLARY_TRY(const IndexedUpload now,
              find_upload_row(database, request.bucket, request.key, request.upload));
    if (now.completed_etag) return conflict("the upload was completed meanwhile");
    CLARY_RETURN_IF_ERROR(check_unchanged(database, request, files));
    CLARY_TRY(row.head.version_id,
              upsert_object(database, request.bucket, row, request.condition, freed));
    CLARY_RETURN_IF_ERROR(end_upload(database, request.upload, row.head.etag, freed));
    std::erase(freed, row.file);
    return {};
  });
  if (committed.ok()) return std::move(row.head);
  if (!is_file) {
    abandon(row.file, committed.error());
  } else if (claim != nullptr && committed.error().code == ErrorCode::kInternal) {
    claim->keep();  // it may be the object's
  }
  return committed.error().within(context);
}

}  // namespace clary::objects
