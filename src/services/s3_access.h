// What every S3 operation shares: the store, the owner's check, the default bucket, and errors in
// AWS's words. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "objects/object_store.h"
#include "services/call_context.h"
#include "services/service_error.h"

namespace clary::services {

class BucketRules;

template <typename T>
struct Unwrap;
template <typename T>
struct Unwrap<Result<T>> {
  using Type = T;
};

// The version a request means; "": the current one. InvalidArgument for an empty one.
template <typename Request>
Outcome<std::string> version_of(const Request& request) {
  if (!request.version_id) return std::string();
  if (!request.version_id->empty()) return *request.version_id;
  return ServiceError("InvalidArgument", "Version id cannot be the empty string");
}

class S3Access {
 public:
  // store and rules outlive this; rules null: no bucket has rules.
  explicit S3Access(objects::ObjectStore& store, BucketRules* rules = nullptr)
      : store_(store), rules_(rules) {}

  objects::ObjectStore& store() const { return store_; }

  // AccessDenied when x-amz-expected-bucket-owner is another account.
  static std::optional<ServiceError> check_owner(const std::optional<std::string>& expected,
                                                 const CallContext& context);

  // The bucket, when it is there and not another account's.
  Outcome<objects::Bucket> find_bucket(const std::string& bucket,
                                       const std::optional<std::string>& owner,
                                       const CallContext& context) const;

  // Runs `attempt` (Result<T>()) on the bucket; where the bucket is absent but is the account's
  // default bucket, makes it and runs it again. NoSuchBucket when it stays absent; any other error
  // goes through `explain` (ServiceError(const Error&)).
  template <typename Attempt, typename Explain>
  auto on_bucket(const std::string& bucket, const CallContext& context, Attempt attempt,
                 Explain explain) const -> Outcome<typename Unwrap<decltype(attempt())>::Type> {
    auto outcome = attempt();
    if (!outcome.ok() && outcome.error().code == ErrorCode::kNotFound &&
        is_absent(BucketName(bucket))) {
      if (!make_default_bucket(bucket, context)) return no_such_bucket();
      outcome = attempt();
    }
    if (!outcome.ok()) return explain(outcome.error());
    return std::move(outcome).value();
  }

  // Runs `attempt` (Result<ObjectHead>(bucket, key, version)) on the object or version that the
  // request names. A delete marker is refused.
  template <typename Request, typename Attempt>
  Outcome<objects::ObjectHead> on_object(const Request& request, const CallContext& context,
                                         Attempt attempt) const {
    CLARY_TRY(const std::string version, version_of(request));
    const BucketName bucket(request.bucket);
    const ObjectKey key(request.key);
    CLARY_TRY(objects::ObjectHead head,
              on_bucket(
                  request.bucket, context, [&] { return attempt(bucket, key, version); },
                  [&](const Error& error) { return explain_read(error, bucket, key, version); }));
    if (head.delete_marker) return is_delete_marker(head);
    return head;
  }
  template <typename Request>
  Outcome<objects::ObjectHead> find_object(const Request& request,
                                           const CallContext& context) const {
    return on_object(
        request, context,
        [this](const BucketName& bucket, const ObjectKey& key, const std::string& version) {
          return store_.head(bucket, key, version);
        });
  }
  // x-amz-expiration of a current object; nothing where no lifecycle rule takes it.
  std::optional<std::string> expiration(const std::string& bucket,
                                        const objects::ObjectHead& head) const;

  static ServiceError no_such_bucket();
  static ServiceError no_such_key();
  static ServiceError no_such_upload();
  static ServiceError precondition_failed();
  // To who asks for a delete marker as if it were an object.
  static ServiceError is_delete_marker(const objects::ObjectHead& head);
  // Of head(), get() and set_tags(); the bucket is known to be there. version "": the current one.
  ServiceError explain_read(const Error& error, const BucketName& bucket, const ObjectKey& key,
                            const std::string& version) const;
  // Of put() and its writer.
  static ServiceError explain_write(const Error& error);
  // For what the operation did not foresee: a full disk, a damaged file.
  static ServiceError store_error(const Error& error);

 private:
  bool is_absent(const BucketName& bucket) const {
    const Result<objects::Bucket> found = store_.find_bucket(bucket);
    return !found.ok() && found.error().code == ErrorCode::kNotFound;
  }
  bool make_default_bucket(const std::string& bucket, const CallContext& context) const;

  objects::ObjectStore& store_;
  BucketRules* rules_;
};

template <typename Reply>
void set_version(Reply& reply, const objects::ObjectHead& head) {
  if (!head.version_id.empty()) reply.version_id = head.version_id;
}

// A key that can be stored and shown: 1 to 1,024 bytes of UTF-8.
std::optional<ServiceError> check_object_key(const std::string& key);

}  // namespace clary::services
