#include "services/s3_body.h"

#include <algorithm>

#include "base/strings.h"
#include "base/text_encoding.h"

namespace clary::services {
namespace {

constexpr std::uint64_t kBodyLimitBytes = 5ULL << 30;
constexpr std::size_t kMd5Bytes = 16;

ServiceError bad_md5() {
  return {"BadDigest", "The Content-MD5 you specified did not match what we received."};
}

ServiceError bad_checksum(const std::optional<DigestKind>& kind) {
  return {"BadDigest", "The " + std::string(kind ? checksum_name(*kind) : "checksum") +
                           " you specified did not match the calculated checksum."};
}

// Raw, of a Content-MD5 field.
Outcome<std::string> read_md5(const std::string& field) {
  Result<std::string> md5 = base64_decode(field);
  if (md5.ok() && md5->size() == kMd5Bytes) return *std::move(md5);
  return ServiceError("InvalidDigest", "The Content-MD5 you specified was invalid.");
}

bool has_body_checksum(const wire::Operation& operation) {
  if (operation.input == nullptr) return false;
  return std::any_of(operation.input->members.begin(), operation.input->members.end(),
                     [](const wire::Member& member) {
                       return member.wire_name == "x-amz-sdk-checksum-algorithm";
                     });
}

std::vector<std::string> trailer_names(const net::RequestHead& head) {
  std::vector<std::string> names;
  for (const std::string_view name : split(head.headers.get("x-amz-trailer"), ',')) {
    if (!trim(name).empty()) names.push_back(to_lower(trim(name)));
  }
  return names;
}

}  // namespace

std::optional<ServiceError> read_announced(const net::RequestHead& head, BodyFacts& facts) {
  if (const std::string* field = head.headers.find("x-amz-decoded-content-length")) {
    const std::optional<std::int64_t> decoded = parse_int(*field);
    if (!decoded || *decoded < 0) {
      return ServiceError("InvalidRequest",
                          "The value specified in the x-amz-decoded-content-length header is "
                          "not a number of bytes.",
                          400);
    }
    facts.length = static_cast<std::uint64_t>(*decoded);
  }
  facts.trailers = trailer_names(head);
  for (const std::string& name : facts.trailers) {
    if (!checksum_header_kind(name))
      return ServiceError("InvalidRequest",
                          "The value specified in the x-amz-trailer header is not supported", 400);
  }
  return std::nullopt;
}

std::optional<DigestKind> trailer_kind(const BodyFacts& facts) {
  for (const std::string& name : facts.trailers) {
    if (const std::optional<DigestKind> kind = checksum_header_kind(name)) return kind;
  }
  return std::nullopt;
}

std::optional<ServiceError> apply_claims(const BodyClaims& claims, const BodyFacts& facts,
                                         objects::PutRequest& request) {
  if (facts.length && *facts.length > kBodyLimitBytes) {
    return ServiceError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size");
  }
  if (claims.content_md5) {
    CLARY_TRY(request.expected_md5, read_md5(*claims.content_md5));
  }
  request.announced_bytes = facts.length;
  request.expected_checksum = claims.checksum;
  if (!claims.checksum) request.compute_checksum = trailer_kind(facts);
  if (claims.algorithm && !claims.checksum && !request.compute_checksum) {
    return ServiceError(
        "InvalidRequest",
        "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or "
        "x-amz-trailer headers were found.");
  }
  return std::nullopt;
}

std::optional<ServiceError> check_whole_body(const wire::Operation& operation,
                                             const net::Headers& headers, std::string_view body) {
  if (const std::string* field = headers.find("content-md5")) {
    CLARY_TRY(const std::string md5, read_md5(*field));
    if (md5 != digest(DigestKind::kMd5, body)) return bad_md5();
  }
  if (!has_body_checksum(operation)) return std::nullopt;
  for (const auto& [name, value] : headers.fields()) {
    const std::optional<DigestKind> kind = checksum_header_kind(to_lower(name));
    if (!kind) continue;
    CLARY_TRY(const objects::Checksum claimed, read_checksum(*kind, value));
    if (claimed.value != base64_encode(digest(*kind, body))) return bad_checksum(kind);
  }
  return std::nullopt;
}

ServiceError explain_finish(const objects::ObjectWriter& writer, const Error& error,
                            const std::optional<DigestKind>& checksum_kind,
                            const std::function<ServiceError(const Error&)>& explain) {
  switch (writer.mismatch()) {
    case objects::Mismatch::kContentMd5:
      return bad_md5();
    case objects::Mismatch::kPayloadSha256:
      return ServiceError(
          "XAmzContentSHA256Mismatch",
          "The provided 'x-amz-content-sha256' header does not match what was computed.");
    case objects::Mismatch::kChecksum:
      return bad_checksum(checksum_kind);
    case objects::Mismatch::kNone:
      break;
  }
  return explain(error);
}

}  // namespace clary::services
