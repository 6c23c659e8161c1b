// DirectoryStore::complete_upload: choose, join, commit.
#include <algorithm>
#include <map>
#include <utility>

#include "objects/directory_store.h"
#include "objects/store_rules.h"

namespace clary::objects {
namespace {

// One sealed file with the bytes of all parts. One part is its own file; more are joined into a new
// one, where that leaves `reserved_bytes` of the disk.
Result<std::string> join_parts(BodyFiles& files, const std::vector<std::string>& parts,
                               const std::vector<PartSums>& sums, std::uint64_t reserved_bytes) {
  if (parts.size() == 1) return parts.front();
  std::uint64_t left = 0;
  for (const PartSums& part : sums) left += part.size_bytes;
  CLARY_TRY(BodyFiles::Temporary joined, files.create());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    // All of it at first, and again for the rest: others write meanwhile.
    CLARY_RETURN_IF_ERROR(files.require_free(reserved_bytes, left));
    CLARY_TRY(const Fd file, files.open(parts[i]));
    CLARY_RETURN_IF_ERROR(joined.append(file));
    left -= sums[i].size_bytes;
  }
  return joined.seal();
}

// The parts of the request out of those stored, in the request's order; nothing where one is
// absent.
std::vector<const IndexedPart*> choose(const CompleteRequest& request,
                                       const std::vector<IndexedPart>& stored) {
  std::map<int, const IndexedPart*> by_number;
  for (const IndexedPart& part : stored) by_number[part.number] = &part;
  std::vector<const IndexedPart*> out;
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
  const std::vector<const IndexedPart*> now = choose(request, stored);
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

  const std::vector<const IndexedPart*> chosen = choose(request, stored);
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

  Result<std::string> file = join_parts(files_, files, *parts, options_.reserved_bytes);
  if (!file.ok()) return file.error().within(context);
  IndexedObject row;
  row.head = std::move(*joined);
  row.head.metadata = upload.request.metadata;
  row.head.tags = upload.request.tags;
  row.head.last_modified = clock_.now();
  row.crc32c = joined_crc32c(*parts);
  row.file = *file;
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
  if (files.size() > 1) abandon(row.file, committed.error());
  return committed.error().within(context);
}

}  // namespace clary::objects
