// The S3 messages that a client reads and writes: targets, error bodies, XML. Pure functions.
// Source: Amazon S3 API Reference.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/client.h"
#include "objects/object_store.h"

namespace clary::objects {

using QueryFields = std::vector<std::pair<std::string, std::string>>;  // decoded; an empty value is
                                                                       // written as `name=`
// "/bucket/key?query", percent-encoded once.
std::string s3_target(const BucketName& bucket, std::string_view key = "",
                      const QueryFields& query = {});

// Virtual-host style of what is in path style: the bucket before the endpoint's host, and the
// target without it.
std::string endpoint_of_bucket(const std::string& endpoint, const BucketName& bucket);
std::string target_in_bucket(const std::string& target, const BucketName& bucket);

// Code and Message of an error body; empty when there is none (HEAD) or it is no XML.
struct S3ErrorBody {
  std::string code;
  std::string message;
};
S3ErrorBody read_error_body(std::string_view body);
// What a reply that is not 2xx means for the caller of an ObjectStore. NotFound says no more than
// that.
Error s3_error(const net::ClientReply& reply);

std::string unquoted_etag(std::string_view etag);

Result<ListPage> read_list_reply(std::string_view body);
// Versions and delete markers come apart: within a key they are put in order by their times.
Result<ListPage> read_versions_reply(std::string_view body);
Result<UploadPage> read_uploads_reply(std::string_view body);
Result<PartPage> read_parts_reply(std::string_view body);
// In the order of the removals.
Result<std::vector<Result<Removed>>> read_delete_reply(std::string_view body,
                                                       const std::vector<Removal>& removals);
Result<Tags> read_tagging(std::string_view body);
Result<std::vector<Bucket>> read_buckets_reply(std::string_view body);
// The text of the element with that name below the root; InvalidArgument when it is not there.
Result<std::string> read_element(std::string_view body, const char* name);
std::string complete_upload_body(const std::vector<CompletedPart>& parts);
std::string delete_body(const std::vector<Removal>& removals);
std::string tagging_body(const Tags& tags);
std::string tagging_field(const Tags& tags);  // of x-amz-tagging
std::string versioning_body(Versioning versioning);
std::string create_bucket_body(const Region& region);  // "" for us-east-1

// Metadata and checksum as header fields, and back.
void add_metadata_headers(const ObjectMetadata& metadata, net::Headers& headers);
void add_condition_headers(const PutCondition& condition, net::Headers& headers);
std::string checksum_field(DigestKind kind);  // "x-amz-checksum-crc32"
ObjectHead read_object_headers(const ObjectKey& key, const net::Headers& headers);

}  // namespace clary::objects
