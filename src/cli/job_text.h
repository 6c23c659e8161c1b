// Jobs as text for people. Pure: from the server's replies.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/document.h"
#include "cli/terminal.h"

namespace clary::cli {

Style style_of_status(std::string_view status);
bool is_over(std::string_view status);  // Completed, Failed or Stopped

// summaries: of ListTrainingJobs, ListProcessingJobs.
std::string job_list_text(const std::vector<Document>& summaries, TimePoint now,
                          const Terminal& terminal);

// job: the reply of DescribeTrainingJob or DescribeProcessingJob. timeline: the server's page of
// the job's events.
std::string job_text(const Document& job, const Document& timeline, TimePoint now,
                     const Terminal& terminal);

}  // namespace clary::cli
