// RemoteS3Store: bodies on their way out, whole or in parts.
#include <utility>

#include "base/strings.h"
#include "base/text_encoding.h"
#include "objects/body_digests.h"
#include "objects/body_writer.h"
#include "objects/remote_s3_store.h"
#include "objects/store_rules.h"

namespace clary::objects {

Result<ObjectHead> RemoteS3Store::put_whole(const PutRequest& request, std::string bytes,
                                            const std::optional<Checksum>& checksum) {
  net::ClientRequest call_request{.method = "PUT",
                                  .target = s3_target(request.bucket, *request.key)};
  add_metadata_headers(request.metadata, call_request.headers);
  add_condition_headers(request.condition, call_request.headers);
  if (!request.tags.empty()) call_request.headers.add("x-amz-tagging", tagging_field(request.tags));
  if (checksum) call_request.headers.add(checksum_field(checksum->kind), checksum->value);
  call_request.body = std::move(bytes);
  CLARY_TRY(const net::ClientReply reply, call(call_request, request.bucket, request.key));
  ObjectHead head = read_object_headers(request.key, reply.headers);
  head.size_bytes = call_request.body.size();
  head.metadata = request.metadata;
  head.tags = request.tags;
  head.last_modified = clock_.now();
  return head;
}

Result<ObjectHead> RemoteS3Store::send_part(const PutRequest& request, const UploadId& upload,
                                            int number, std::string bytes,
                                            const std::optional<Checksum>& checksum) {
  net::ClientRequest call_request{
      .method = "PUT",
      .target = s3_target(request.bucket, *request.key,
                          {{"partNumber", std::to_string(number)}, {"uploadId", *upload}})};
  if (checksum) call_request.headers.add(checksum_field(checksum->kind), checksum->value);
  call_request.body = std::move(bytes);
  CLARY_TRY(const net::ClientReply reply, call(call_request, request.bucket, request.key));
  ObjectHead head = read_object_headers(request.key, reply.headers);
  head.size_bytes = call_request.body.size();
  head.last_modified = clock_.now();
  return head;
}

// Holds one part; the first that does not suffice makes the body a multipart upload, which is
// aborted when the writer goes before finish().
class RemoteS3Store::Writer final : public ObjectWriter {
 public:
  Writer(RemoteS3Store& store, PutRequest request)
      : store_(store),
        request_(std::move(request)),
        digests_(request_),
        kind_(request_.compute_checksum) {
    if (request_.expected_checksum) kind_ = request_.expected_checksum->kind;
  }
  ~Writer() override {
    if (upload_) static_cast<void>(store_.abort_upload(request_.bucket, request_.key, *upload_));
  }

  Status write(std::string_view piece) override {
    digests_.update(piece);
    while (buffer_.size() + piece.size() > store_.options_.part_bytes) {
      const std::size_t fits = store_.options_.part_bytes - buffer_.size();
      buffer_ += piece.substr(0, fits);
      piece.remove_prefix(fits);
      CLARY_RETURN_IF_ERROR(send_buffer());
    }
    buffer_ += piece;
    return {};
  }

  void expect_checksum(Checksum checksum) override {
    digests_.expect_checksum(std::move(checksum));
  }
  Mismatch mismatch() const override { return digests_.mismatch(); }

  Result<ObjectHead> finish() override {
    const Result<BodySums> sums = digests_.finish();
    if (!sums.ok())
      return sums.error().within(object_context(request_.bucket, "put", request_.key));
    if (!upload_) return store_.put_whole(request_, std::move(buffer_), sums->checksum);
    if (!buffer_.empty()) CLARY_RETURN_IF_ERROR(send_buffer());
    CompleteRequest complete{
        .bucket = request_.bucket, .key = request_.key, .upload = *upload_, .parts = parts_};
    complete.condition = request_.condition;
    if (kind_ && is_crc(*kind_)) complete.expected_checksum = sums->checksum;
    CLARY_TRY(ObjectHead head, store_.complete_upload(std::move(complete)));
    upload_.reset();
    head.size_bytes = sums->size_bytes;
    head.metadata = request_.metadata;
    return head;
  }

 private:
  Status send_buffer() {
    if (!upload_) {
      MultipartRequest begin{request_.bucket, request_.key, request_.metadata,
                             std::nullopt,    false,        request_.tags};
      if (kind_ && is_crc(*kind_)) begin.checksum_kind = kind_;
      CLARY_TRY(upload_, store_.begin_upload(std::move(begin)));
    }
    const int number = static_cast<int>(parts_.size()) + 1;
    std::optional<Checksum> checksum;
    if (kind_ && is_crc(*kind_))
      checksum = Checksum{*kind_, base64_encode(digest(*kind_, buffer_)), false};
    CLARY_TRY(const ObjectHead head,
              store_.send_part(request_, *upload_, number, std::exchange(buffer_, {}), checksum));
    parts_.push_back({number, head.etag, checksum});
    return {};
  }

  RemoteS3Store& store_;
  PutRequest request_;
  BodyDigests digests_;
  std::optional<DigestKind> kind_;
  std::string buffer_;
  std::optional<UploadId> upload_;
  std::vector<CompletedPart> parts_;
};

Result<std::unique_ptr<ObjectWriter>> RemoteS3Store::put(PutRequest request) {
  CLARY_RETURN_IF_ERROR(check_key(request.bucket, request.key));
  return std::unique_ptr<ObjectWriter>(std::make_unique<Writer>(*this, std::move(request)));
}

Result<std::unique_ptr<ObjectWriter>> RemoteS3Store::put_part(PutRequest request,
                                                              const UploadId& upload, int number) {
  CLARY_RETURN_IF_ERROR(check_part_number(number));
  const auto keep = [this, request, upload, number](WrittenBody body) {
    return send_part(request, upload, number, std::move(body.bytes), body.sums.checksum);
  };
  return make_memory_writer(request, object_context(request.bucket, "put part of", request.key),
                            keep);
}

Result<UploadId> RemoteS3Store::begin_upload(MultipartRequest request) {
  net::ClientRequest begin{.method = "POST",
                           .target = s3_target(request.bucket, *request.key, {{"uploads", ""}})};
  add_metadata_headers(request.metadata, begin.headers);
  if (!request.tags.empty()) begin.headers.add("x-amz-tagging", tagging_field(request.tags));
  if (request.checksum_kind) {
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
  net::ClientRequest complete{
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
  CLARY_TRY(net::ClientReply reply, call(complete, request.bucket, request.key));
  // S3 may answer 200 first and an error in the body after.
  if (const S3ErrorBody error = read_error_body(reply.body); !error.code.empty()) {
    reply.status = 500;
    return s3_error(reply).within(
        object_context(request.bucket, "complete upload of", request.key));
  }
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
