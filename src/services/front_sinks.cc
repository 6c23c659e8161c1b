#include "services/front_sinks.h"

#include "base/beside.h"
#include "base/digest.h"
#include "base/text_encoding.h"
#include "services/auth_error.h"
#include "wire/aws_chunked.h"

namespace clary::services {
namespace {

class WholeBodySink final : public net::RequestSink {
 public:
  explicit WholeBodySink(std::unique_ptr<Call> call)
      : call_(std::move(call)), limit_bytes_(call_->most_body_bytes()) {}

  Status write(std::string_view piece) override {
    if (body_.size() + piece.size() > limit_bytes_)
      return limit_exceeded("the body is larger than " + std::to_string(limit_bytes_) + " bytes");
    // Not before a piece is there: who only announces much is given nothing.
    const std::uint64_t announced = call_->head().content_length.value_or(0);
    if (body_.empty() && announced <= limit_bytes_)
      body_.reserve(static_cast<std::size_t>(announced));
    body_ += piece;
    return {};
  }
  net::Reply finish() override { return call_->answer(std::move(body_)); }
  net::Reply rejected(const Error& error) override {
    if (error.code != ErrorCode::kLimitExceeded) return call_->encode_error(error);
    return call_->encode_error(call_->body_too_long());
  }

 private:
  std::unique_ptr<Call> call_;
  std::size_t limit_bytes_;
  std::string body_;
};

class StreamingSink final : public net::RequestSink {
 public:
  StreamingSink(std::unique_ptr<Call> call, std::unique_ptr<EncodedSink> sink, ThreadPool& pool)
      : call_(std::move(call)), sink_(std::move(sink)), hashing_(pool) {
    using wire::PayloadKind;
    const PayloadKind kind = call_->payload_kind();
    if (kind == PayloadKind::kHashed) hasher_ = make_hasher(DigestKind::kSha256);
    if (kind == PayloadKind::kHashed || kind == PayloadKind::kUnsigned) return;
    std::optional<wire::ChunkSignatures> signatures;
    if (kind != PayloadKind::kChunkedUnsignedTrailer)
      signatures = call_->caller().chunk_signatures();
    decoder_.emplace(std::move(signatures), call_->body_facts().length);
  }

  Status write(std::string_view piece) override {
    if (hasher_ == nullptr) return pass_on(piece);
    const Beside hashing(hashing_, piece.size(), [this, piece] { hasher_->update(piece); });
    return pass_on(piece);
  }

  net::Reply finish() override {
    if (hasher_ != nullptr &&
        !constant_time_equal(hex_encode(hasher_->finish()), *call_->body_facts().sha256_hex)) {
      return call_->encode_error(payload_mismatch());
    }
    if (decoder_) {
      if (const Status ended = decoder_->finish(); !ended.ok()) return rejected(ended.error());
    }
    Outcome<EncodedReply> outcome = sink_->finish(decoder_ ? decoder_->trailers() : net::Headers());
    return outcome.ok() ? call_->encode(std::move(*outcome)) : call_->encode_error(outcome.error());
  }

  net::Reply rejected(const Error& error) override {
    sink_.reset();
    if (error.code == ErrorCode::kDenied)
      return call_->encode_error(ServiceError("SignatureDoesNotMatch", error.message, 403));
    if (error.code == ErrorCode::kInvalidArgument)
      return call_->encode_error(ServiceError("IncompleteBody", error.message, 400));
    return call_->encode_error(error);
  }

 private:
  Status pass_on(std::string_view piece) {
    if (!decoder_) return sink_->write(piece);
    return decoder_->feed(piece,
                          [this](std::string_view payload) { return sink_->write(payload); });
  }

  std::unique_ptr<Call> call_;
  std::unique_ptr<EncodedSink> sink_;
  ThreadPool& hashing_;
  std::unique_ptr<Hasher> hasher_;
  std::optional<wire::AwsChunkedDecoder> decoder_;
};

class LocalSink final : public net::RequestSink {
 public:
  explicit LocalSink(LocalCall call) : call_(std::move(call)) {}

  Status write(std::string_view piece) override {
    if (body_.size() + piece.size() > call_.limit_bytes)
      return limit_exceeded("the body is too large");
    body_ += piece;
    return {};
  }
  net::Reply finish() override {
    if (call_.caller) {
      if (call_.authenticator.verify(*call_.caller, call_.head, body_))
        return sign(local_message(403, "the signature does not match"));
    }
    LocalRequest request{&call_.head, "", std::move(body_)};
    if (call_.route.path.ends_with('/'))
      request.rest = std::string(call_.head.raw_path().substr(call_.route.path.size()));
    return sign(call_.route.answer(request));
  }
  net::Reply rejected(const Error& error) override {
    return sign(local_message(error.code == ErrorCode::kLimitExceeded ? 413 : 500, error.message));
  }

 private:
  net::Reply sign(net::Reply reply) const {
    reply.headers.set("x-amzn-requestid", call_.request_id.value());
    return reply;
  }

  LocalCall call_;
  std::string body_;
};

}  // namespace

ServiceError payload_mismatch() {
  return {"XAmzContentSHA256Mismatch",
          "The provided 'x-amz-content-sha256' header does not match what was computed.", 400};
}

std::unique_ptr<net::RequestSink> make_whole_body_sink(std::unique_ptr<Call> call) {
  return std::make_unique<WholeBodySink>(std::move(call));
}

std::unique_ptr<net::RequestSink> make_streaming_sink(std::unique_ptr<Call> call,
                                                      std::unique_ptr<EncodedSink> sink,
                                                      ThreadPool& hashing) {
  return std::make_unique<StreamingSink>(std::move(call), std::move(sink), hashing);
}

std::unique_ptr<net::RequestSink> make_local_sink(LocalCall call) {
  return std::make_unique<LocalSink>(std::move(call));
}

}  // namespace clary::services
