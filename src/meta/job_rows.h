// Jobs as rows of the table `jobs`. Any thread; no state.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "domain/job.h"
#include "meta/database.h"
#include "meta/row_values.h"

namespace clary::meta {

// The columns of a job, in the order that bind_job and read_job use.
inline constexpr std::string_view kJobColumns =
    "kind, name, arn, request, spec, phase, status_rank, stop_reason, attempt, gang, gang_handle, "
    "failure_reason, exit_code, "
    "model_uri, output_uri, created, modified, training_started, training_ended, version, "
    "exit_message";
inline constexpr int kJobColumnCount = 21;

void bind_job(Statement& statement, const domain::Job& job, std::uint64_t version);
Result<domain::Job> read_job(const Statement& row);

// Internal when the column holds no phase.
Result<domain::Phase> phase_of(std::int64_t column);

}  // namespace clary::meta
