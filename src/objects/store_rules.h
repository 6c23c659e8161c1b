// The rules that every local store keeps, and its sentences. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "objects/body_digests.h"
#include "objects/object_store.h"

namespace clary::objects {

Error bucket_absent(const BucketName& bucket);
Error key_absent(const BucketName& bucket, const ObjectKey& key);
Error version_absent(const BucketName& bucket, const ObjectKey& key, const std::string& version);
Error upload_absent(const BucketName& bucket, const UploadId& upload);
// The bucket holds, or would hold, more than it may; and whether an error of a store is that one.
Error above_quota(const BucketName& bucket, std::uint64_t quota_bytes);
bool is_above_quota(const Error& error);
// The object to copy is not the one that was looked at; and whether an error of a store is that
// one.
Error changed_source(const CopyRequest& request);
bool is_changed_source(const Error& error);
// "bucket 'x': put 'y'", to stand before what happened.
std::string object_context(const BucketName& bucket, std::string_view verb, const ObjectKey& key);

// A key is 1 to 1,024 bytes.
Status check_key(const BucketName& bucket, const ObjectKey& key);
Status check_part_number(int number);
// Which checksums are made of a part: the one it brings, and what the upload's is made of.
void choose_part_checksums(PutRequest& part, const MultipartRequest& upload);
// present_etag: of the object that stands under the key now.
Status check_condition(const PutCondition& condition,
                       const std::optional<std::string>& present_etag);

// present: the head of what would be removed; nothing when it is absent.
Status check_removal(const Removal& removal, const std::optional<ObjectHead>& present);
Status check_versioning(const BucketName& bucket, Versioning wanted);

// The chosen parts against the stored ones, in the order of the request. stored[i] is nothing where
// the part is absent. min_part_bytes holds for every part but the last.
Result<std::vector<PartSums>> match_parts(const CompleteRequest& request,
                                          const std::vector<std::optional<PartSums>>& stored,
                                          std::uint64_t min_part_bytes);

// One page of the upload's parts. stored: all of them, ascending.
PartPage part_page(const PartListRequest& request, const MultipartRequest& upload,
                   std::vector<ObjectPart> stored);

// Size, ETag, checksum and parts of the completed object; the rest is left to the caller.
Result<ObjectHead> joined_head(const CompleteRequest& request, const std::vector<PartSums>& parts,
                               std::optional<DigestKind> checksum_kind, bool composite);

}  // namespace clary::objects
