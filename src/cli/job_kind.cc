#include "cli/job_kind.h"

#include <optional>

namespace clary::cli {

std::string JobKind::member(std::string_view rest) const {
  return std::string(prefix) + std::string(rest);
}

const JobKind& kind_of(const Document& job) {
  for (const JobKind& kind : kJobKinds) {
    if (job.find(kind.member("Name")) != nullptr) return kind;
  }
  return kJobKinds[0];
}

std::string job_member(const Document& job, std::string_view rest) {
  return job.string_or(kind_of(job).member(rest), "");
}

std::string FoundJob::title() const { return std::string(kind->title) + " '" + name + "'"; }

Result<FoundJob> find_job(ServerApi& api, const JobKind& kind, const std::string& name) {
  FoundJob found{.kind = &kind, .name = name};
  auto described =
      api.sagemaker("Describe" + kind.member(""), Document::object({{kind.member("Name"), name}}));
  if (!described.ok()) return described.error().within(found.title());
  found.description = *std::move(described);
  return found;
}

Result<FoundJob> find_job(ServerApi& api, const std::string& text) {
  for (const JobKind& kind : kJobKinds) {
    const std::string lead = std::string(kind.word) + "/";
    if (text.starts_with(lead)) return find_job(api, kind, text.substr(lead.size()));
  }
  std::optional<Error> first;
  for (const JobKind& kind : kJobKinds) {
    auto found = find_job(api, kind, text);
    if (found.ok() || found.error().code != ErrorCode::kNotFound) return found;
    if (!first) first = found.error();
  }
  return *first;
}

}  // namespace clary::cli
