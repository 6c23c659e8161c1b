// Replies of S3 that are read as XML: lists and batches.
#include <algorithm>
#include <array>
#include <pugixml.hpp>

#include "base/strings.h"
#include "base/text_encoding.h"
#include "base/time_text.h"
#include "objects/body_digests.h"
#include "objects/s3_messages.h"

namespace clary::objects {
namespace {

Result<pugi::xml_node> root_of(pugi::xml_document& document, std::string_view body) {
  const pugi::xml_parse_result parsed =
      document.load_buffer(body.data(), body.size(), pugi::parse_default);
  if (!parsed || !document.document_element()) {
    return internal_error(std::string("S3 reply: not XML: ") + parsed.description());
  }
  return document.document_element();
}

bool says_true(const pugi::xml_node& node, const char* name) {
  return std::string_view(node.child_value(name)) == "true";
}

std::uint64_t number_of(const pugi::xml_node& node, const char* name) {
  return static_cast<std::uint64_t>(parse_int(node.child_value(name)).value_or(0));
}

std::optional<DigestKind> kind_named(std::string_view name) {
  for (const DigestKind kind : kChecksumKinds) {
    if (equals_ignoring_case(digest_name(kind), name)) return kind;
  }
  return std::nullopt;
}

bool is_composite(const pugi::xml_node& node) {
  return std::string_view(node.child_value("ChecksumType")) != "FULL_OBJECT";
}

Result<ObjectHead> read_entry(const pugi::xml_node& entry) {
  ObjectHead head;
  CLARY_TRY(std::string key, form_decode(entry.child_value("Key")));
  head.key = ObjectKey(std::move(key));
  head.size_bytes = number_of(entry, "Size");
  head.etag = unquoted_etag(entry.child_value("ETag"));
  CLARY_TRY(head.last_modified, parse_time(entry.child_value("LastModified")));
  // Which one there is; a list does not say its value.
  if (const auto kind = kind_named(entry.child_value("ChecksumAlgorithm")))
    head.checksum = Checksum{.kind = *kind, .composite = is_composite(entry)};
  return head;
}

Status read_prefixes(const pugi::xml_node& root, PageEnd& page) {
  for (const pugi::xml_node entry : root.children("CommonPrefixes")) {
    CLARY_TRY(std::string prefix, form_decode(entry.child_value("Prefix")));
    page.common_prefixes.push_back(std::move(prefix));
  }
  page.truncated = says_true(root, "IsTruncated");
  return {};
}

// Of lists whose entries share keys. id_marker: the element with the id to go on at.
Status read_end(const pugi::xml_node& root, const char* id_marker, PageEnd& page) {
  CLARY_RETURN_IF_ERROR(read_prefixes(root, page));
  CLARY_TRY(page.next_after, form_decode(root.child_value("NextKeyMarker")));
  page.next_after_id = root.child_value(id_marker);
  return {};
}

}  // namespace

Result<ListPage> read_list_reply(std::string_view body) {
  pugi::xml_document document;
  CLARY_TRY(const pugi::xml_node root, root_of(document, body));
  ListPage page;
  for (const pugi::xml_node entry : root.children("Contents")) {
    CLARY_TRY(ObjectHead head, read_entry(entry));
    page.objects.push_back(std::move(head));
  }
  CLARY_RETURN_IF_ERROR(read_prefixes(root, page));
  if (!page.objects.empty()) page.next_after = *page.objects.back().key;
  if (!page.common_prefixes.empty())
    page.next_after = std::max(page.next_after, page.common_prefixes.back());
  return page;
}

Result<ListPage> read_versions_reply(std::string_view body) {
  pugi::xml_document document;
  CLARY_TRY(const pugi::xml_node root, root_of(document, body));
  ListPage page;
  for (const pugi::xml_node entry : root.children()) {
    const std::string_view name = entry.name();
    if (name != "Version" && name != "DeleteMarker") continue;
    CLARY_TRY(ObjectHead head, read_entry(entry));
    head.version_id = entry.child_value("VersionId");
    head.delete_marker = name == "DeleteMarker";
    head.latest = says_true(entry, "IsLatest");
    page.objects.push_back(std::move(head));
  }
  std::ranges::stable_sort(page.objects, [](const ObjectHead& a, const ObjectHead& b) {
    if (a.key != b.key) return *a.key < *b.key;
    return a.latest != b.latest ? a.latest : a.last_modified > b.last_modified;
  });
  CLARY_RETURN_IF_ERROR(read_end(root, "NextVersionIdMarker", page));
  return page;
}

Result<UploadPage> read_uploads_reply(std::string_view body) {
  pugi::xml_document document;
  CLARY_TRY(const pugi::xml_node root, root_of(document, body));
  UploadPage page;
  for (const pugi::xml_node entry : root.children("Upload")) {
    PendingUpload& upload = page.uploads.emplace_back();
    CLARY_TRY(std::string key, form_decode(entry.child_value("Key")));
    upload.key = ObjectKey(std::move(key));
    upload.id = UploadId(entry.child_value("UploadId"));
    CLARY_TRY(upload.begun, parse_time(entry.child_value("Initiated")));
    upload.checksum_kind = kind_named(entry.child_value("ChecksumAlgorithm"));
    upload.composite_checksum = is_composite(entry);
  }
  CLARY_RETURN_IF_ERROR(read_end(root, "NextUploadIdMarker", page));
  return page;
}

Result<PartPage> read_parts_reply(std::string_view body) {
  pugi::xml_document document;
  CLARY_TRY(const pugi::xml_node root, root_of(document, body));
  PartPage page;
  for (const pugi::xml_node entry : root.children("Part")) {
    ObjectPart& part = page.parts.emplace_back();
    part.number = static_cast<int>(number_of(entry, "PartNumber"));
    part.size_bytes = number_of(entry, "Size");
    part.etag = unquoted_etag(entry.child_value("ETag"));
    CLARY_TRY(part.last_modified, parse_time(entry.child_value("LastModified")));
    for (const DigestKind kind : kChecksumKinds) {
      const std::string name = "Checksum" + to_upper(digest_name(kind));
      if (const pugi::xml_node value = entry.child(name.c_str()))
        part.checksum = Checksum{kind, value.child_value(), false};
    }
  }
  page.truncated = says_true(root, "IsTruncated");
  page.checksum_kind = kind_named(root.child_value("ChecksumAlgorithm"));
  page.composite_checksum = is_composite(root);
  return page;
}

Result<std::vector<Result<Removed>>> read_delete_reply(std::string_view body,
                                                       const std::vector<Removal>& removals) {
  pugi::xml_document document;
  CLARY_TRY(const pugi::xml_node root, root_of(document, body));
  std::vector<Result<Removed>> out(removals.size(), Result<Removed>(Removed{}));
  const auto is_of = [](const pugi::xml_node& entry, const Removal& removal) {
    return *removal.key == entry.child_value("Key") &&
           removal.version == entry.child_value("VersionId");
  };
  for (const pugi::xml_node entry : root.children()) {
    for (std::size_t i = 0; i < removals.size(); ++i) {
      if (!is_of(entry, removals[i])) continue;
      if (std::string_view(entry.name()) == "Deleted") {
        const char* marker = entry.child_value("DeleteMarkerVersionId");
        out[i] = Removed{*marker == '\0' ? removals[i].version : marker,
                         says_true(entry, "DeleteMarker")};
      } else {
        const std::string_view code = entry.child_value("Code");
        const ErrorCode meaning = code == "PreconditionFailed" ? ErrorCode::kConflict
                                  : code == "AccessDenied"     ? ErrorCode::kDenied
                                                               : ErrorCode::kInternal;
        out[i] = Error{meaning, std::string(code) + ": " + entry.child_value("Message")};
      }
    }
  }
  return out;
}

Result<Tags> read_tagging(std::string_view body) {
  pugi::xml_document document;
  CLARY_TRY(const pugi::xml_node root, root_of(document, body));
  Tags out;
  for (const pugi::xml_node tag : root.child("TagSet").children("Tag")) {
    out[tag.child_value("Key")] = tag.child_value("Value");
  }
  return out;
}

Result<std::vector<Bucket>> read_buckets_reply(std::string_view body) {
  pugi::xml_document document;
  CLARY_TRY(const pugi::xml_node root, root_of(document, body));
  std::vector<Bucket> out;
  for (const pugi::xml_node entry : root.child("Buckets").children("Bucket")) {
    CLARY_TRY(const TimePoint created, parse_time(entry.child_value("CreationDate")));
    out.push_back({BucketName(entry.child_value("Name")), created,
                   Region(entry.child_value("BucketRegion"))});
  }
  return out;
}

Result<std::string> read_element(std::string_view body, const char* name) {
  pugi::xml_document document;
  CLARY_TRY(const pugi::xml_node root, root_of(document, body));
  const pugi::xml_node element = root.child(name);
  if (!element)
    return invalid_argument("S3 reply: no element '" + std::string(name) + "' in '" + root.name() +
                            "'");
  return std::string(element.child_value());
}

}  // namespace clary::objects
