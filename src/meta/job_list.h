// A JobQuery as SQL, and its page tokens.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "domain/job_store.h"
#include "meta/conditions.h"
#include "meta/database.h"

namespace clary::meta {

struct ListStatement {
  std::string sql;                    // selects kJobColumns, one row more than the page has
  std::vector<Parameter> parameters;  // in order
};

// InvalidArgument when query.after is not a token of this order.
Result<ListStatement> list_statement(const Connection& connection, const domain::JobQuery& query);
// The token of the page that follows `last`.
std::string page_token(const domain::JobQuery& query, const domain::Job& last);

}  // namespace clary::meta
