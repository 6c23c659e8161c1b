// The kinds of jobs, as the server's operations and replies name them, and the job a person means.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/document.h"
#include "base/result.h"
#include "cli/server_api.h"

namespace clary::cli {

struct JobKind {
  std::string_view word;    // in ARNs: "training-job"
  std::string_view title;   // for people: "training job"
  std::string_view prefix;  // of operations and members: Describe + "TrainingJob", ... + "Name"
  std::string_view log_group;

  std::string member(std::string_view rest) const;  // "Name" → "TrainingJobName"
};
inline constexpr std::array<JobKind, 3> kJobKinds = {{
    {"training-job", "training job", "TrainingJob", "/aws/sagemaker/TrainingJobs"},
    {"processing-job", "processing job", "ProcessingJob", "/aws/sagemaker/ProcessingJobs"},
    {"transform-job", "transform job", "TransformJob", "/aws/sagemaker/TransformJobs"},
}};

// The kind that a description or a summary is of; the first when it names none.
const JobKind& kind_of(const Document& job);
// "TrainingJobStatus", "ProcessingJobStatus", ... of a description or a summary; "" when absent.
std::string job_member(const Document& job, std::string_view rest);

struct FoundJob {
  const JobKind* kind = nullptr;
  std::string name;
  Document description;  // of Describe...Job

  std::string title() const;  // "training job 'x'"
};
// text: a name, of a training job if there is one, else of a job of another kind; or
// "processing-job/x". Errors are about that job; NotFound.
Result<FoundJob> find_job(ServerApi& api, const std::string& text);
// Again, later.
Result<FoundJob> find_job(ServerApi& api, const JobKind& kind, const std::string& name);

}  // namespace clary::cli
