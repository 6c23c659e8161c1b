// The AWS credentials of a program that runs inside a job, where the AWS clients look for them: at
// the address AWS_CONTAINER_CREDENTIALS_FULL_URI, asked with AWS_CONTAINER_AUTHORIZATION_TOKEN.
// Source: AWS SDKs and Tools Reference Guide, "Container credential provider".
#pragma once

#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "objects/s3_transport.h"

namespace clary::objects {

// Thread-safe. Asks again some minutes before what it has ends.
class ContainerCredentials {
 public:
  // clock outlives it.
  explicit ContainerCredentials(const Clock& clock) : clock_(clock) {}

  // address: "http://127.0.0.1:4580/_clary/credentials". InvalidArgument: it is neither https nor
  // of this machine, as the AWS clients demand; Denied: it gives none to whoever has this token;
  // Unavailable, Timeout: it cannot be reached now.
  Result<S3Credentials> get(const std::string& address, const std::string& token);

 private:
  const Clock& clock_;
  Mutex mutex_;
  S3Credentials last_ CLARY_GUARDED_BY(mutex_);
  TimePoint good_until_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::objects
