// ECR: the environments seen as repositories of images. Thread-safe.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "api/repositories.h"
#include "base/id_source.h"
#include "runtime/environment_images.h"
#include "services/call_context.h"
#include "services/router.h"
#include "services/service_error.h"

namespace clary::services {

// "arn:aws:ecr:us-east-1:000000000000:repository/NAME"
std::string repository_arn(const std::string& name, const CallContext& context);

class Ecr {
 public:
  // images: what there is now. ids outlives the service.
  Ecr(std::function<std::vector<runtime::EnvironmentImage>()> images, IdSource& ids)
      : images_(std::move(images)), ids_(ids) {}
  void add_to(Router& router);

  Outcome<api::DescribeRepositories::Reply> describe(
      const api::DescribeRepositories::Request& request, const CallContext& context);
  Outcome<api::ListImages::Reply> list_images(const api::ListImages::Request& request,
                                              const CallContext& context);
  // For clients that ask before they need it: there is no registry behind this server, and the
  // token opens nothing.
  Outcome<api::GetAuthorizationToken::Reply> token(
      const api::GetAuthorizationToken::Request& request, const CallContext& context);

 private:
  std::function<std::vector<runtime::EnvironmentImage>()> images_;
  IdSource& ids_;
};

}  // namespace clary::services
