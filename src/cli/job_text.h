// Jobs as text for people. Pure: from the server's replies.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/document.h"
#include "cli/series_text.h"
#include "cli/terminal.h"

namespace clary::cli {

Style style_of_status(std::string_view status);
bool is_over(std::string_view status);  // Completed, Failed or Stopped

// summaries: of ListTrainingJobs, ListProcessingJobs, ListTransformJobs.
std::string job_list_text(const std::vector<Document>& summaries, TimePoint now,
                          const Terminal& terminal);

// job: the reply of DescribeTrainingJob, DescribeProcessingJob or DescribeTransformJob. timeline:
// the server's page of the job's events. series: what was measured of it.
std::string job_text(const Document& job, const Document& timeline,
                     const std::vector<Series>& series, TimePoint now, const Terminal& terminal);

}  // namespace clary::cli
