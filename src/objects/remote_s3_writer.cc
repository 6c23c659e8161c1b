// RemoteS3Store: bodies on their way out, whole or in parts.
#include <utility>

#include "base/strings.h"
#include "base/text_encoding.h"
#include "objects/body_digests.h"
#include "objects/remote_s3_store.h"
#include "objects/store_rules.h"

namespace clary::objects {
namespace {

// S3 may answer 200 first and an error in the body after.
Error late_error(net::ClientReply reply) {
  reply.status = 500;
  return s3_error(reply);
}

// Of a copy whose one condition is on its source.
bool is_failed_condition(const net::ClientReply& reply) {
  return reply.status == 412 || read_error_body(reply.body).code == "PreconditionFailed";
}

}  // namespace

Result<ObjectHead> RemoteS3Store::copy(const CopyRequest& request) {
  const PutRequest& to = request.to;
  CLARY_RETURN_IF_ERROR(check_key(to.bucket, to.key));
  // Not every S3 holds a CopyObject to its conditions.
  if (to.condition.only_if_absent || to.condition.if_etag) return ObjectStore::copy(request);
  S3Request copy{.method = "PUT", .target = s3_target(to.bucket, *to.key)};
  const QueryFields version = version_query(request.from_version);
  copy.headers.add("x-amz-copy-source", s3_target(request.from_bucket, *request.from_key, version));
  copy.headers.add("x-amz-copy-source-if-match", '"' + request.from_etag + '"');
  copy.headers.add("x-amz-metadata-directive", "REPLACE");
  add_metadata_headers(to.metadata, copy.headers);
  copy.headers.add("x-amz-tagging-directive", "REPLACE");
  if (!to.tags.empty()) copy.headers.add("x-amz-tagging", tagging_field(to.tags));
  if (to.compute_checksum)
    copy.headers.add("x-amz-checksum-algorithm", to_upper(digest_name(*to.compute_checksum)));
  const std::string context = object_context(to.bucket, "copy to", to.key);
  const Result<net::ClientReply> reply = transport_->send(copy);
  if (!reply.ok()) return reply.error().within(context);
  if (is_failed_condition(*reply)) return changed_source(request);
  const bool is_ok = reply->status / 100 == 2;
  if (is_ok && read_error_body(reply->body).code.empty())
    return head(to.bucket, to.key, std::string(reply->headers.get("x-amz-version-id")));
  const Error error =
      is_ok ? late_error(*reply).within(context) : failure(*reply, to.bucket, to.key, "copy to");
  // Another conflict is over there, and none with what the caller has asked.
  if (error.code == ErrorCode::kConflict) return unavailable(error.message);
  return error;
}

Result<ObjectHead> RemoteS3Store::put_whole(const PutRequest& request, BodySpool& body,
                                            const std::optional<Checksum>& checksum) {
  S3Request call_request{.method = "PUT", .target = s3_target(request.bucket, *request.key)};
  add_metadata_headers(request.metadata, call_request.headers);
  add_condition_headers(request.condition, call_request.headers);
  if (!request.tags.empty()) call_request.headers.add("x-amz-tagging", tagging_field(request.tags));
  if (checksum) call_request.headers.add(checksum_field(checksum->kind), checksum->value);
  call_request.spool = &body;
  CLARY_TRY(const net::ClientReply reply, call(call_request, request.bucket, request.key));
  ObjectHead head = read_object_headers(request.key, reply.headers);
  head.size_bytes = body.size_bytes();
  head.metadata = request.metadata;
  head.tags = request.tags;
  head.last_modified = clock_.now();
  return head;
}

Result<ObjectHead> RemoteS3Store::send_part(const PutRequest& request, const UploadId& upload,
                                            const CompletedPart& part, BodySpool& body) {
  S3Request call_request{
      .method = "PUT",
      .target = s3_target(request.bucket, *request.key,
                          {{"partNumber", std::to_string(part.number)}, {"uploadId", *upload}})};
  if (part.checksum)
    call_request.headers.add(checksum_field(part.checksum->kind), part.checksum->value);
  call_request.spool = &body;
  CLARY_TRY(const net::ClientReply reply, call(call_request, request.bucket, request.key));
  ObjectHead head = read_object_headers(request.key, reply.headers);
  head.size_bytes = body.size_bytes();
  head.last_modified = clock_.now();
  return head;
}

// Puts one part aside; the first that does not suffice makes the body a multipart upload, which is
// aborted when the writer goes before finish().
class RemoteS3Store::Writer final : public ObjectWriter {
 public:
  Writer(RemoteS3Store& store, PutRequest request)
      : store_(store),
        request_(std::move(request)),
        digests_(request_, DigestsFor::kRequest),
        kind_(request_.compute_checksum),
        part_(store_.options_.spool) {
    if (request_.expected_checksum) kind_ = request_.expected_checksum->kind;
    if (kind_ && !is_crc(*kind_)) kind_.reset();
    if (kind_) part_hasher_ = make_hasher(*kind_);
  }
  ~Writer() override {
    if (upload_) static_cast<void>(store_.abort_upload(request_.bucket, request_.key, *upload_));
  }

  Status write(std::string_view piece) override {
    digests_.update(piece);
    while (part_.size_bytes() + piece.size() > store_.options_.part_bytes) {
      const std::size_t fits = store_.options_.part_bytes - part_.size_bytes();
      CLARY_RETURN_IF_ERROR(add_to_part(piece.substr(0, fits)));
      piece.remove_prefix(fits);
      CLARY_RETURN_IF_ERROR(send_part());
    }
    return add_to_part(piece);
  }

  void expect_checksum(Checksum checksum) override {
    digests_.expect_checksum(std::move(checksum));
  }
  Mismatch mismatch() const override { return digests_.mismatch(); }

  Result<ObjectHead> finish() override {
    const Result<BodySums> sums = digests_.finish();
    if (!sums.ok())
      return sums.error().within(object_context(request_.bucket, "put", request_.key));
    if (!upload_) return store_.put_whole(request_, part_, sums->checksum);
    if (part_.size_bytes() > 0) CLARY_RETURN_IF_ERROR(send_part());
    CompleteRequest complete{
        .bucket = request_.bucket, .key = request_.key, .upload = *upload_, .parts = parts_};
    complete.condition = request_.condition;
    if (kind_) complete.expected_checksum = sums->checksum;
    CLARY_TRY(ObjectHead head, store_.complete_upload(std::move(complete)));
    upload_.reset();
    head.size_bytes = sums->size_bytes;
    head.metadata = request_.metadata;
    return head;
  }

 private:
  Status add_to_part(std::string_view piece) {
    if (part_hasher_) part_hasher_->update(piece);
    return part_.append(piece);
  }

  Status send_part() {
    if (!upload_) {
      MultipartRequest begin{request_.bucket, request_.key, request_.metadata,
                             std::nullopt,    false,        request_.tags};
      begin.checksum_kind = kind_;
      CLARY_TRY(upload_, store_.begin_upload(std::move(begin)));
    }
    CompletedPart part{.number = static_cast<int>(parts_.size()) + 1};
    if (kind_) {
      part.checksum = Checksum{*kind_, base64_encode(part_hasher_->finish()), false};
      part_hasher_ = make_hasher(*kind_);
    }
    CLARY_TRY(const ObjectHead head, store_.send_part(request_, *upload_, part, part_));
    part.etag = head.etag;
    parts_.push_back(std::move(part));
    part_ = BodySpool(store_.options_.spool);
    return {};
  }

  RemoteS3Store& store_;
  PutRequest request_;
  BodyDigests digests_;
  std::optional<DigestKind> kind_;  // a CRC: of nothing else can the whole's be made of the parts'
  std::unique_ptr<Hasher> part_hasher_;
  BodySpool part_;
  std::optional<UploadId> upload_;
  std::vector<CompletedPart> parts_;
};

class RemoteS3Store::PartWriter final : public ObjectWriter {
 public:
  PartWriter(RemoteS3Store& store, PutRequest request, UploadId upload, int number)
      : store_(store),
        request_(std::move(request)),
        digests_(request_, DigestsFor::kRequest),
        upload_(std::move(upload)),
        number_(number),
        body_(store_.options_.spool) {}

  Status write(std::string_view piece) override {
    digests_.update(piece);
    return body_.append(piece);
  }
  void expect_checksum(Checksum checksum) override {
    digests_.expect_checksum(std::move(checksum));
  }
  Mismatch mismatch() const override { return digests_.mismatch(); }
  Result<ObjectHead> finish() override {
    const Result<BodySums> sums = digests_.finish();
    if (!sums.ok())
      return sums.error().within(object_context(request_.bucket, "put part of", request_.key));
    return store_.send_part(request_, upload_, {.number = number_, .checksum = sums->checksum},
                            body_);
  }

 private:
  RemoteS3Store& store_;
  PutRequest request_;
  BodyDigests digests_;
  UploadId upload_;
  int number_;
  BodySpool body_;
};

Result<std::unique_ptr<ObjectWriter>> RemoteS3Store::put(PutRequest request) {
  CLARY_RETURN_IF_ERROR(check_key(request.bucket, request.key));
  return std::unique_ptr<ObjectWriter>(std::make_unique<Writer>(*this, std::move(request)));
}

Result<std::unique_ptr<ObjectWriter>> RemoteS3Store::put_part(PutRequest request,
                                                              const UploadId& upload, int number) {
  CLARY_RETURN_IF_ERROR(check_part_number(number));
  return std::unique_ptr<ObjectWriter>(
      std::make_unique<PartWriter>(*this, std::move(request), upload, number));
}

Result<UploadId> RemoteS3Store::begin_upload(MultipartRequest request) {
  S3Request begin{.method = "POST",
                  .target = s3_target(request.bucket, *request.key, {{"uploads", ""}})};
  add_metadata_headers(request.metadata, begin.headers);
  if (!request.tags.empty()) begin.headers.add("x-amz-tagging", tagging_field(request.tags));
  if (request.checksum_kind && !request.default_checksum) {
    begin.headers.add("x-amz-checksum-algorithm", to_upper(digest_name(*request.checksum_kind)));
    begin.headers.add("x-amz-checksum-type",
                      request.composite_checksum ? "COMPOSITE" : "FULL_OBJECT");
  }
  CLARY_TRY(const net::ClientReply reply, call(begin, request.bucket, request.key));
  CLARY_TRY(std::string id, read_element(reply.body, "UploadId"));
  return UploadId(std::move(id));
}

Result<ObjectHead> RemoteS3Store::complete_upload(CompleteRequest request) {
  if (request.parts.empty())
    return invalid_argument("an upload is completed with at least one part");
  S3Request complete{
      .method = "POST",
      .target = s3_target(request.bucket, *request.key, {{"uploadId", *request.upload}}),
      .body = complete_upload_body(request.parts)};
  complete.headers.add("Content-Type", "application/xml");
  add_condition_headers(request.condition, complete.headers);
  if (request.expected_checksum) {
    complete.headers.add(checksum_field(request.expected_checksum->kind),
                         request.expected_checksum->value);
    complete.headers.add("x-amz-checksum-type",
                         request.expected_checksum->composite ? "COMPOSITE" : "FULL_OBJECT");
  }
  if (request.expected_size_bytes) {
    complete.headers.add("x-amz-mp-object-size", std::to_string(*request.expected_size_bytes));
  }
  CLARY_TRY(const net::ClientReply reply, call(complete, request.bucket, request.key));
  if (const S3ErrorBody error = read_error_body(reply.body); !error.code.empty())
    return late_error(reply).within(
        object_context(request.bucket, "complete upload of", request.key));
  return head(request.bucket, request.key);
}

Status RemoteS3Store::abort_upload(const BucketName& bucket, const ObjectKey& key,
                                   const UploadId& upload) {
  CLARY_TRY([[maybe_unused]] const net::ClientReply reply,
            call({.method = "DELETE", .target = s3_target(bucket, *key, {{"uploadId", *upload}})},
                 bucket, key));
  return {};
}

}  // namespace clary::objects
