// S3: PutObjectTagging, GetObjectTagging, DeleteObjectTagging, and x-amz-tagging of the operations
// that put objects. Thread-safe.
#pragma once

#include "api/object_tags.h"
#include "services/router.h"
#include "services/s3_access.h"

namespace clary::services {

// The tags of x-amz-tagging ("a=1&b=2", form-encoded); none for an absent field. InvalidArgument,
// InvalidTag or BadRequest for what S3 refuses.
Outcome<objects::Tags> read_tagging_header(const std::optional<std::string>& field);

class S3ObjectTags {
 public:
  // store outlives this.
  explicit S3ObjectTags(objects::ObjectStore& store) : access_(store) {}
  void add_to(Router& router);

  Outcome<api::PutObjectTagging::Reply> put(const api::PutObjectTagging::Request& request,
                                            const CallContext& context);
  Outcome<api::GetObjectTagging::Reply> get(const api::GetObjectTagging::Request& request,
                                            const CallContext& context);
  Outcome<api::DeleteObjectTagging::Reply> remove(const api::DeleteObjectTagging::Request& request,
                                                  const CallContext& context);

 private:
  template <typename Request>
  Outcome<objects::ObjectHead> set(const Request& request, const objects::Tags& tags,
                                   const CallContext& context) const;

  S3Access access_;
};

}  // namespace clary::services
