// How a RemoteS3Store reaches its server: one request, one reply. The signing transport sends; the
// retrying one decorates it, so that every attempt is signed anew. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/names.h"
#include "net/client.h"
#include "objects/body_spool.h"

namespace clary::objects {

struct S3Request {
  std::string method = "GET";
  std::string target = "/";  // s3_target(); path style, whatever the endpoint wants
  net::Headers headers = {};
  std::string body = {};
  BodySpool* spool = nullptr;  // sent in place of `body`, by every attempt anew
};

class S3Transport {
 public:
  virtual ~S3Transport() = default;
  // request: unsigned. Unavailable and Timeout as net::Client; any status is a reply.
  virtual Result<net::ClientReply> send(const S3Request& request) = 0;
};

struct S3Credentials {
  AccessKeyId access_key;
  Secret secret_key;
  Secret session_token;  // empty for a person's own key
};
// Asked before every attempt, from any thread; keeps what is still good and fetches anew what is
// not.
using S3CredentialSource = std::function<Result<S3Credentials>()>;

struct EndpointOptions {
  net::ClientOptions client = {};
  // Virtual-host style: this bucket, the only one that is spoken of, stands before the endpoint's
  // host and not in the path. Empty: path style.
  BucketName bucket_in_host = {};
};
// endpoint: as net::Client::create. clock outlives the transport.
Result<std::unique_ptr<S3Transport>> make_signing_transport(const std::string& endpoint,
                                                            Region region,
                                                            S3CredentialSource credentials,
                                                            const Clock& clock,
                                                            EndpointOptions options = {});

struct RetryPolicy {
  Duration first_wait = std::chrono::milliseconds(50);  // doubles with every attempt
  Duration longest_wait = std::chrono::seconds(2);
  Duration give_up_after = std::chrono::minutes(2);  // from the first attempt
};
// Waits for so long; an error ends the retries with it (the caller is stopping).
using Waiter = std::function<Status(Duration)>;

// Sends again when the server cannot be reached, does not answer, or answers 429, 500, 502, 503 or
// 504: a server that is restarted meanwhile is not noticed. The last answer is given when the time
// is over. clock outlives the transport.
std::unique_ptr<S3Transport> make_retrying_transport(std::unique_ptr<S3Transport> inner,
                                                     const Clock& clock, Waiter wait,
                                                     RetryPolicy policy = {});
// Sleeps; a thread of a pool lends its place meanwhile.
Waiter sleeping_waiter();

}  // namespace clary::objects
