#include "cli/job_kind.h"

#include <vector>

#include "base/strings.h"

namespace clary::cli {
namespace {

constexpr std::size_t kNamesLookedAt = 100;  // of each kind, the newest

// A name that no job can have is the name of none.
bool is_absence(const Error& error) {
  return error.code == ErrorCode::kNotFound || error.code == ErrorCode::kInvalidArgument;
}

Error no_such_job(ServerApi& api, const std::string& text) {
  std::vector<std::string> names;
  const Document newest = Document::object(
      {{"SortBy", "CreationTime"}, {"SortOrder", "Descending"}, {"MaxResults", 100}});
  for (const JobKind& kind : kJobKinds) {
    const auto page = api.sagemaker_pages("List" + kind.member("s"), newest,
                                          kind.member("Summaries"), kNamesLookedAt);
    if (!page.ok()) continue;
    for (const Document& job : *page) names.push_back(job_member(job, "Name"));
  }
  const auto near = nearest(text, names);
  return not_found("no job is called '" + text + "'" +
                   (near ? ", did you mean '" + *near + "'?" : "; `clary jobs` lists them"));
}

}  // namespace

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
    if (!text.starts_with(lead)) continue;
    auto found = find_job(api, kind, text.substr(lead.size()));
    if (found.ok() || !is_absence(found.error())) return found;
    return no_such_job(api, text);
  }
  for (const JobKind& kind : kJobKinds) {
    auto found = find_job(api, kind, text);
    if (found.ok() || !is_absence(found.error())) return found;
  }
  return no_such_job(api, text);
}

}  // namespace clary::cli
