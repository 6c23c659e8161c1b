// Endpoints as the server describes them, and as text for people.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/document.h"
#include "base/result.h"
#include "cli/server_api.h"
#include "cli/terminal.h"

namespace clary::cli {

// The reply of DescribeEndpoint. NotFound.
Result<Document> describe_endpoint(ServerApi& api, const std::string& name);

// descriptions: of DescribeEndpoint. Pure.
std::string endpoint_list_text(const std::vector<Document>& descriptions, const Terminal& terminal);

std::string endpoint_log_group(const std::string& name);

// What a file is by its name: "application/json" of x.json. Pure.
std::string content_type_of(std::string_view file);

}  // namespace clary::cli
