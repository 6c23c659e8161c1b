// What the operations on jobs of one kind do alike: a job is found, created, listed and stopped,
// and refused in AWS's words for its kind. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/tags.h"
#include "base/id_source.h"
#include "domain/identity_store.h"
#include "domain/job_store.h"
#include "runtime/job_changes.h"
#include "services/call_context.h"
#include "services/job_rules.h"
#include "services/service_error.h"

namespace clary::services {

class JobsOfKind {
 public:
  struct Parts {  // all outlive this
    domain::JobStore& jobs;
    runtime::JobChanges& changes;
    domain::IdentityStore& identities;
    IdSource& ids;
  };
  JobsOfKind(domain::JobKind kind, Parts parts) : kind_(kind), parts_(parts) {}

  // ValidationException: no such job.
  Outcome<domain::Job> find(const std::string& name);
  // Gives the job its tags, its priority and a gang, and begins it. Its ARN; ResourceInUse: the
  // name is taken; ValidationException: its role does not trust SageMaker.
  Outcome<std::string> create(domain::Job job,
                              const std::optional<std::vector<api::sagemaker::Tag>>& tags,
                              const CallContext& context);
  // The page that a List...Jobs request asks for.
  template <typename Request>
  Outcome<domain::JobPage> list(const Request& request) {
    const auto query = job_query(kind_, request);
    if (!query) return domain::JobPage{};
    return list_jobs(parts_.jobs, *query);
  }
  // Nothing, or why it cannot be stopped.
  Complaint stop(const std::string& name);

  // The refusal of what cannot be done to a job in this status.
  ServiceError rejected(std::string_view status) const;

 private:
  domain::JobKind kind_;
  Parts parts_;
};

}  // namespace clary::services
