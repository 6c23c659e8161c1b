// DirectoryStore: what a bucket holds, page by page; versions, removals and tags.
#include <utility>

#include "base/text_encoding.h"
#include "objects/directory_store.h"
#include "objects/store_rules.h"

namespace clary::objects {

Status DirectoryStore::set_versioning(const BucketName& name, Versioning versioning) {
  return commit([&](sqlite::Database& database, auto&) {
    return update_versioning(database, name, versioning);
  });
}

Result<std::vector<Result<Removed>>> DirectoryStore::remove(const BucketName& bucket,
                                                            const std::vector<Removal>& removals) {
  const TimePoint now = clock_.now();
  std::vector<Result<Removed>> out;
  CLARY_RETURN_IF_ERROR(commit([&](sqlite::Database& database, auto& freed) -> Status {
    out.clear();
    CLARY_TRY([[maybe_unused]] const IndexedBucket there, find_bucket_row(database, bucket));
    for (const Removal& removal : removals) {
      out.push_back(remove_object(database, bucket, removal, now, freed));
      // A failed condition is the caller's; anything else leaves the change half done.
      if (!out.back().ok() && out.back().error().code != ErrorCode::kConflict)
        return out.back().error();
    }
    return {};
  }));
  return out;
}

namespace {

template <typename Entry>
using OpenCursor = Result<std::unique_ptr<KeyCursor>> (*)(sqlite::Database& database,
                                                          std::int64_t bucket,
                                                          std::vector<Entry>& out);

template <typename Page, typename Entry>
Result<Page> read_page(sqlite::Readers& readers, const ListRequest& request, OpenCursor<Entry> open,
                       std::vector<Entry> Page::* entries) {
  CLARY_TRY(auto reader, readers.take());
  CLARY_TRY(const IndexedBucket bucket, find_bucket_row(*reader, request.bucket));
  Page page;
  CLARY_TRY(const std::unique_ptr<KeyCursor> cursor, open(*reader, bucket.number, page.*entries));
  CLARY_TRY(static_cast<PageEnd&>(page), collect_page(request, *cursor));
  return page;
}

}  // namespace

Result<ListPage> DirectoryStore::list(const ListRequest& request) {
  return read_page(readers_, request, &open_cursor, &ListPage::objects);
}

Result<ListPage> DirectoryStore::list_versions(const ListRequest& request) {
  return read_page(readers_, request, &open_version_cursor, &ListPage::objects);
}

Result<UploadPage> DirectoryStore::list_uploads(const ListRequest& request) {
  return read_page(readers_, request, &open_upload_cursor, &UploadPage::uploads);
}

Result<PartPage> DirectoryStore::list_parts(const PartListRequest& request) {
  CLARY_TRY(auto reader, readers_.take());
  CLARY_TRY(const IndexedUpload upload,
            find_upload_row(*reader, request.bucket, request.key, request.upload));
  if (upload.completed_etag) return upload_absent(request.bucket, request.upload);
  CLARY_TRY(const std::vector<IndexedPart> stored, part_rows(*reader, request.upload));
  std::vector<ObjectPart> parts;
  for (const IndexedPart& part : stored) {
    parts.push_back({part.number, part.sums.size_bytes, part.sums.checksum,
                     hex_encode(part.sums.md5), part.modified});
  }
  return part_page(request, upload.request, std::move(parts));
}

Result<ObjectHead> DirectoryStore::set_tags(const BucketName& bucket, const ObjectKey& key,
                                            const std::string& version, const Tags& tags) {
  ObjectHead head;
  CLARY_RETURN_IF_ERROR(commit([&](sqlite::Database& database, auto&) -> Status {
    CLARY_TRY(IndexedObject row, find_object(database, bucket, key, version, Bodies::kWithout));
    head = std::move(row.head);
    if (head.delete_marker) return {};
    head.tags = tags;
    CLARY_TRY(const IndexedBucket owner, find_bucket_row(database, bucket));
    return update_tags(database, owner.number, key, version, tags);
  }));
  return head;
}

}  // namespace clary::objects
