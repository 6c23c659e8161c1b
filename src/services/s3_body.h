// Bodies on their way into the store: what PutObject and UploadPart share.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "objects/object_store.h"
#include "services/router.h"
#include "services/s3_checksums.h"

namespace clary::services {

// What one upload claims about its bytes.
struct BodyClaims {
  std::optional<std::string> content_md5;  // as sent, base64
  std::optional<std::string> algorithm;    // x-amz-sdk-checksum-algorithm
  std::optional<objects::Checksum> checksum;
};

// Puts the claims into a PutRequest. Refuses malformed ones and bodies above S3's 5 GiB.
std::optional<ServiceError> apply_claims(const BodyClaims& claims, const BodyFacts& facts,
                                         objects::PutRequest& request);

// What a body is to be compared with once it has come.
struct BodyChecksum {
  std::optional<DigestKind> kind;
  bool in_trailer = false;  // its value comes behind the body
};

// Puts what the head claims about the body's bytes into `put`.
template <typename Request>
Outcome<BodyChecksum> claim_body(const Request& request, const BodyFacts& facts,
                                 objects::PutRequest& put) {
  CLARY_TRY(const std::optional<objects::Checksum> checksum, checksum_of(request));
  if (auto refused =
          apply_claims({request.content_md5, request.checksum_algorithm, checksum}, facts, put))
    return *refused;
  if (checksum) return BodyChecksum{.kind = checksum->kind};
  return BodyChecksum{.kind = put.compute_checksum, .in_trailer = put.compute_checksum.has_value()};
}

// What the head of a request claims about a body that was read whole: Content-MD5, and
// x-amz-checksum-* where the operation means its body by it (CompleteMultipartUpload means the
// object).
std::optional<ServiceError> check_whole_body(const wire::Operation& operation,
                                             const net::Headers& headers, std::string_view body);

// BadDigest and its kin for bytes that are not what was claimed; else what `explain` says.
ServiceError explain_finish(const objects::ObjectWriter& writer, const Error& error,
                            const std::optional<DigestKind>& checksum_kind,
                            const std::function<ServiceError(const Error&)>& explain);

// Streams one body into a writer and makes a reply of the stored head.
template <typename Reply>
class StoringSink final : public BodySink<Reply> {
 public:
  struct Parts {
    std::unique_ptr<objects::ObjectWriter> writer;
    BodyChecksum checksum;
    std::function<ServiceError(const Error&)> explain;
    std::function<Reply(const objects::ObjectHead&)> reply;
  };
  explicit StoringSink(Parts parts) : parts_(std::move(parts)) {}

  // After a failure (a full disk) the rest is let pass, so that the client reads the reason instead
  // of a broken connection.
  Status write(std::string_view piece) override {
    if (failure_.ok()) failure_ = parts_.writer->write(piece);
    return {};
  }

  Outcome<Reply> finish(const net::Headers& trailers) override {
    if (!failure_.ok()) return parts_.explain(failure_.error());
    if (parts_.checksum.in_trailer) {
      const std::string* value = trailers.find(checksum_header(*parts_.checksum.kind));
      if (value == nullptr) {
        return ServiceError("MalformedTrailerError",
                            "The request contained trailing data that was not well-formed or did "
                            "not conform to our "
                            "published schema.");
      }
      CLARY_TRY(objects::Checksum checksum, read_checksum(*parts_.checksum.kind, *value));
      parts_.writer->expect_checksum(std::move(checksum));
    }
    const Result<objects::ObjectHead> head = parts_.writer->finish();
    if (!head.ok())
      return explain_finish(*parts_.writer, head.error(), parts_.checksum.kind, parts_.explain);
    return parts_.reply(*head);
  }

 private:
  Parts parts_;
  Status failure_;
};

// What the head of a body in chunks says of it: its length and its trailers. InvalidRequest for
// what is no length, and for a trailer other than a checksum.
std::optional<ServiceError> read_announced(const net::RequestHead& head, BodyFacts& facts);

// The kind announced in X-Amz-Trailer, when there is one.
std::optional<DigestKind> trailer_kind(const BodyFacts& facts);

}  // namespace clary::services
