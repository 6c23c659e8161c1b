#include "objects/s3_transport.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/thread_pool.h"
#include "objects/s3_messages.h"
#include "wire/sigv4.h"

namespace clary::objects {
namespace {

class SigningTransport final : public S3Transport {
 public:
  SigningTransport(std::unique_ptr<net::Client> client, Region region,
                   S3CredentialSource credentials, const Clock& clock, BucketName bucket_in_host)
      : client_(std::move(client)),
        region_(std::move(region)),
        credentials_(std::move(credentials)),
        clock_(clock),
        bucket_in_host_(std::move(bucket_in_host)) {}

  Result<net::ClientReply> send(const S3Request& request) override {
    CLARY_TRY(const S3Credentials credentials, credentials_());
    const wire::Signer signer{.access_key = credentials.access_key,
                              .secret_key = credentials.secret_key,
                              .session_token = credentials.session_token,
                              .region = *region_,
                              .service = "s3"};
    net::ClientRequest signed_request{
        .method = request.method,
        .target = bucket_in_host_.empty() ? request.target
                                          : target_in_bucket(request.target, bucket_in_host_),
        .headers = request.headers,
        .body = request.body};
    std::unique_ptr<net::ByteSource> source;
    if (request.spool != nullptr) {
      source = request.spool->open();
      signed_request.source = source.get();
      signed_request.source_length = request.spool->size_bytes();
    }
    const std::string hash =
        request.spool != nullptr ? request.spool->sha256() : wire::payload_hash(request.body);
    wire::sign(signer,
               {.method = request.method,
                .target = signed_request.target,
                .host = client_->host(),
                .payload_hash = hash},
               clock_.now(), signed_request.headers);
    const LentPlace lent;
    return client_->send(signed_request);
  }

 private:
  std::unique_ptr<net::Client> client_;
  Region region_;
  S3CredentialSource credentials_;
  const Clock& clock_;
  BucketName bucket_in_host_;
};

class RetryingTransport final : public S3Transport {
 public:
  RetryingTransport(std::unique_ptr<S3Transport> inner, const Clock& clock, Waiter wait,
                    RetryPolicy policy)
      : inner_(std::move(inner)), clock_(clock), wait_(std::move(wait)), policy_(policy) {}

  Result<net::ClientReply> send(const S3Request& request) override {
    const Duration until = clock_.steady() + policy_.give_up_after;
    for (Duration pause = policy_.first_wait;; pause = std::min(2 * pause, policy_.longest_wait)) {
      Result<net::ClientReply> reply = inner_->send(request);
      if (!is_worth_another(reply) || clock_.steady() + pause > until) return reply;
      CLARY_RETURN_IF_ERROR(wait_(pause));
    }
  }

 private:
  static bool is_worth_another(const Result<net::ClientReply>& reply) {
    if (!reply.ok()) {
      return reply.error().code == ErrorCode::kUnavailable ||
             reply.error().code == ErrorCode::kTimeout;
    }
    switch (reply->status) {
      case 429:
      case 500:
      case 502:
      case 503:
      case 504:
        return true;
      default:
        return false;
    }
  }

  std::unique_ptr<S3Transport> inner_;
  const Clock& clock_;
  Waiter wait_;
  RetryPolicy policy_;
};

}  // namespace

Result<std::unique_ptr<S3Transport>> make_signing_transport(const std::string& endpoint,
                                                            Region region,
                                                            S3CredentialSource credentials,
                                                            const Clock& clock,
                                                            EndpointOptions options) {
  const BucketName& bucket = options.bucket_in_host;
  CLARY_TRY(std::unique_ptr<net::Client> client,
            net::Client::create(bucket.empty() ? endpoint : endpoint_of_bucket(endpoint, bucket),
                                options.client));
  return std::unique_ptr<S3Transport>(std::make_unique<SigningTransport>(
      std::move(client), std::move(region), std::move(credentials), clock,
      std::move(options.bucket_in_host)));
}

std::unique_ptr<S3Transport> make_retrying_transport(std::unique_ptr<S3Transport> inner,
                                                     const Clock& clock, Waiter wait,
                                                     RetryPolicy policy) {
  return std::make_unique<RetryingTransport>(std::move(inner), clock, std::move(wait), policy);
}

Waiter sleeping_waiter() {
  return [](Duration pause) -> Status {
    const LentPlace lent;
    std::this_thread::sleep_for(pause);
    return {};
  };
}

}  // namespace clary::objects
