#include "objects/s3_messages.h"

#include <algorithm>
#include <array>
#include <pugixml.hpp>
#include <sstream>

#include "base/encoded_word.h"
#include "base/strings.h"
#include "base/text_encoding.h"
#include "base/time_text.h"
#include "objects/body_digests.h"

namespace clary::objects {
namespace {

constexpr std::array<const char*, 5> kStandardFields = {
    "cache-control", "content-disposition", "content-encoding", "content-language", "expires"};
constexpr const char* kNamespace = "http://s3.amazonaws.com/doc/2006-03-01/";
constexpr std::string_view kUserPrefix = "x-amz-meta-";

std::string written(const pugi::xml_document& document) {
  std::ostringstream out;
  document.save(out, "", pugi::format_raw);
  return out.str();
}

struct CodeMeaning {
  std::string_view code;
  ErrorCode meaning = ErrorCode::kInternal;
};
constexpr std::array<CodeMeaning, 11> kMeanings = {
    {{"BucketAlreadyOwnedByYou", ErrorCode::kAlreadyExists},
     {"BucketAlreadyExists", ErrorCode::kAlreadyExists},
     {"BucketNotEmpty", ErrorCode::kConflict},
     {"InvalidPart", ErrorCode::kConflict},
     {"EntityTooSmall", ErrorCode::kUnsupported},
     {"NotImplemented", ErrorCode::kUnsupported},
     {"InsufficientStorage", ErrorCode::kLimitExceeded},
     {"EntityTooLarge", ErrorCode::kLimitExceeded},
     {"SlowDown", ErrorCode::kUnavailable},
     {"ExpiredToken", ErrorCode::kDenied},
     {"RequestTimeout", ErrorCode::kTimeout}}};

ErrorCode meaning_of(int status) {
  switch (status) {
    case 401:
    case 403:
      return ErrorCode::kDenied;
    case 404:
      return ErrorCode::kNotFound;
    case 409:
    case 412:
      return ErrorCode::kConflict;
    case 416:
    case 507:
      return ErrorCode::kLimitExceeded;
    case 501:
      return ErrorCode::kUnsupported;
    case 429:
    case 502:
    case 503:
    case 504:
      return ErrorCode::kUnavailable;
    default:
      return status >= 500 ? ErrorCode::kInternal : ErrorCode::kInvalidArgument;
  }
}

}  // namespace

std::string unquoted_etag(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"')
    etag = etag.substr(1, etag.size() - 2);
  return std::string(etag);
}

std::string s3_target(const BucketName& bucket, std::string_view key, const QueryFields& query) {
  std::string out = "/" + percent_encode(*bucket);
  if (!key.empty()) out += "/" + percent_encode(key, Slash::kKeep);
  char separator = '?';
  for (const auto& [name, value] : query) {
    out += separator;
    out += percent_encode(name) + "=" + percent_encode(value);
    separator = '&';
  }
  return out;
}

std::string endpoint_of_bucket(const std::string& endpoint, const BucketName& bucket) {
  const std::size_t scheme = endpoint.find("://");
  if (scheme == std::string::npos) return endpoint;
  return endpoint.substr(0, scheme + 3) + *bucket + "." + endpoint.substr(scheme + 3);
}

std::string target_in_bucket(const std::string& target, const BucketName& bucket) {
  const std::string path = s3_target(bucket);
  if (!target.starts_with(path)) return target;
  const std::string rest = target.substr(path.size());
  return rest.starts_with('/') ? rest : "/" + rest;
}

S3ErrorBody read_error_body(std::string_view body) {
  pugi::xml_document document;
  if (body.empty() || !document.load_buffer(body.data(), body.size())) return {};
  const pugi::xml_node root = document.document_element();
  return {root.child_value("Code"), root.child_value("Message")};
}

Error s3_error(const net::ClientReply& reply) {
  const S3ErrorBody body = read_error_body(reply.body);
  ErrorCode meaning = meaning_of(reply.status);
  for (const CodeMeaning& known : kMeanings) {
    if (known.code == body.code) meaning = known.meaning;
  }
  const std::string what = body.code.empty() ? reply.reason : body.code + ": " + body.message;
  return {meaning, "HTTP " + std::to_string(reply.status) + " " + what};
}

std::string complete_upload_body(const std::vector<CompletedPart>& parts) {
  pugi::xml_document document;
  pugi::xml_node root = document.append_child("CompleteMultipartUpload");
  root.append_attribute("xmlns") = kNamespace;
  for (const CompletedPart& part : parts) {
    pugi::xml_node entry = root.append_child("Part");
    entry.append_child("PartNumber").text() = part.number;
    entry.append_child("ETag").text() = ('"' + part.etag + '"').c_str();
    if (part.checksum) {
      const std::string element = "Checksum" + to_upper(digest_name(part.checksum->kind));
      entry.append_child(element.c_str()).text() = part.checksum->value.c_str();
    }
  }
  return written(document);
}

std::string delete_body(const std::vector<Removal>& removals) {
  pugi::xml_document document;
  pugi::xml_node root = document.append_child("Delete");
  root.append_attribute("xmlns") = kNamespace;
  for (const Removal& removal : removals) {
    pugi::xml_node entry = root.append_child("Object");
    entry.append_child("Key").text() = removal.key->c_str();
    if (!removal.version.empty()) entry.append_child("VersionId").text() = removal.version.c_str();
    if (removal.if_etag) entry.append_child("ETag").text() = removal.if_etag->c_str();
    if (removal.if_size_bytes)
      entry.append_child("Size").text() = std::to_string(*removal.if_size_bytes).c_str();
    if (removal.if_modified)
      entry.append_child("LastModifiedTime").text() = http_date(*removal.if_modified).c_str();
  }
  return written(document);
}

std::string tagging_body(const Tags& tags) {
  pugi::xml_document document;
  pugi::xml_node root = document.append_child("Tagging");
  root.append_attribute("xmlns") = kNamespace;
  pugi::xml_node set = root.append_child("TagSet");
  for (const auto& [name, value] : tags) {
    pugi::xml_node tag = set.append_child("Tag");
    tag.append_child("Key").text() = name.c_str();
    tag.append_child("Value").text() = value.c_str();
  }
  return written(document);
}

std::string tagging_field(const Tags& tags) {
  std::string out;
  for (const auto& [name, value] : tags) {
    out.append(out.empty() ? "" : "&").append(percent_encode(name));
    out.append("=").append(percent_encode(value));
  }
  return out;
}

std::string versioning_body(Versioning versioning) {
  pugi::xml_document document;
  pugi::xml_node root = document.append_child("VersioningConfiguration");
  root.append_attribute("xmlns") = kNamespace;
  root.append_child("Status").text() = versioning == Versioning::kEnabled ? "Enabled" : "Suspended";
  return written(document);
}

std::string create_bucket_body(const Region& region) {
  if (region.empty() || *region == "us-east-1") return "";
  pugi::xml_document document;
  pugi::xml_node root = document.append_child("CreateBucketConfiguration");
  root.append_attribute("xmlns") = kNamespace;
  root.append_child("LocationConstraint").text() = region->c_str();
  return written(document);
}

void add_metadata_headers(const ObjectMetadata& metadata, net::Headers& headers) {
  headers.add("Content-Type", metadata.content_type);
  for (const auto& [name, value] : metadata.standard) headers.add(name, value);
  for (const auto& [name, value] : metadata.user)
    headers.add(std::string(kUserPrefix) + name, to_encoded_words(value));
  if (!metadata.server_side_encryption.empty()) {
    headers.add("x-amz-server-side-encryption", metadata.server_side_encryption);
  }
  if (!metadata.kms_key_id.empty()) {
    headers.add("x-amz-server-side-encryption-aws-kms-key-id", metadata.kms_key_id);
  }
}

void add_condition_headers(const PutCondition& condition, net::Headers& headers) {
  if (condition.only_if_absent) headers.add("If-None-Match", "*");
  if (condition.if_etag) headers.add("If-Match", '"' + *condition.if_etag + '"');
}

std::string checksum_field(DigestKind kind) {
  return "x-amz-checksum-" + std::string(digest_name(kind));
}

ObjectHead read_object_headers(const ObjectKey& key, const net::Headers& headers) {
  ObjectHead head;
  head.key = key;
  head.size_bytes =
      static_cast<std::uint64_t>(parse_int(headers.get("content-length")).value_or(0));
  head.etag = unquoted_etag(headers.get("etag"));
  if (const auto modified = parse_time(headers.get("last-modified")); modified.ok())
    head.last_modified = *modified;
  if (const std::string* type = headers.find("content-type")) head.metadata.content_type = *type;
  for (const char* name : kStandardFields) {
    if (const std::string* value = headers.find(name)) head.metadata.standard[name] = *value;
  }
  for (const auto& [name, value] : headers.fields()) {
    const std::string lower = to_lower(name);
    if (lower.starts_with(kUserPrefix))
      head.metadata.user[lower.substr(kUserPrefix.size())] = from_encoded_words(value);
  }
  head.version_id = headers.get("x-amz-version-id");
  head.metadata.server_side_encryption = headers.get("x-amz-server-side-encryption");
  head.metadata.kms_key_id = headers.get("x-amz-server-side-encryption-aws-kms-key-id");
  for (const DigestKind kind : kChecksumKinds) {
    const std::string* value = headers.find(checksum_field(kind));
    if (value != nullptr)
      head.checksum = Checksum{kind, *value, value->find('-') != std::string::npos};
  }
  return head;
}

}  // namespace clary::objects
