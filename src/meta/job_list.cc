#include "meta/job_list.h"

#include <algorithm>
#include <string_view>

#include "base/document.h"
#include "base/json.h"
#include "base/text_encoding.h"
#include "meta/job_rows.h"

namespace clary::meta {
namespace {

static_assert(static_cast<int>(domain::Phase::kCompleted) == 6, "the index jobs_live says so");

using domain::JobOrder;
using domain::JobQuery;

std::string_view order_name(JobOrder order) {
  switch (order) {
    case JobOrder::kName:
      return "name";
    case JobOrder::kStatus:
      return "status_rank";
    default:
      return "created";
  }
}

// What a list is sorted by: the column and the name, or the name alone.
std::int64_t sort_key(const JobQuery& query, const domain::Job& job) {
  switch (query.order) {
    case JobOrder::kName:
      return 0;
    case JobOrder::kStatus:
      return domain::status_rank(job.phase);
    default:
      return to_column(job.created);
  }
}

struct Place {
  std::int64_t key = 0;
  std::string name;
};

Result<Place> read_token(const JobQuery& query) {
  const Error refused = invalid_argument("the page token is not one of this list");
  const auto bytes = base64_decode(query.after);
  if (!bytes.ok()) return refused;
  const auto document = parse_json(*bytes);
  if (!document.ok() || document->string_or("order", "") != order_name(query.order) ||
      document->bool_or("descending", false) != query.descending) {
    return refused;
  }
  return Place{.key = document->int_or("key", 0), .name = document->string_or("name", "")};
}

void filter(Conditions& conditions, const JobQuery& query) {
  if (query.kind) conditions.add("kind = ?", static_cast<std::int64_t>(*query.kind));
  if (!query.phases.empty()) {
    std::string any = "phase IN (";
    for (const domain::Phase phase : query.phases) {
      if (any.back() != '(') any += ", ";
      any += std::to_string(static_cast<int>(phase));
    }
    conditions.add(any + ")");
  }
  if (query.stop_reason)
    conditions.add("stop_reason = ?", static_cast<std::int64_t>(*query.stop_reason));
  if (!query.name_contains.empty())
    conditions.add("replace(name, ?, '') <> name", query.name_contains);
  conditions.add_time("created > ?", query.created_after);
  conditions.add_time("created <= ?", query.created_before);
  conditions.add_time("modified > ?", query.modified_after);
  conditions.add_time("modified <= ?", query.modified_before);
}

}  // namespace

Result<ListStatement> list_statement(const Connection& connection, const JobQuery& query) {
  Conditions conditions;
  filter(conditions, query);
  const std::string column(order_name(query.order));
  const std::string beyond = query.descending ? "<" : ">";
  if (!query.after.empty()) {
    CLARY_TRY(const Place place, read_token(query));
    if (query.order == JobOrder::kName) {
      conditions.add("name " + beyond + " ?", place.name);
    } else {
      conditions.add("(" + column + ", name) " + beyond + " (?, ?)", place.key);
      conditions.parameters.emplace_back(place.name);
    }
  }
  const std::string direction = query.descending ? " DESC" : "";
  // Few jobs live, however many there are.
  const bool live =
      !query.phases.empty() && std::ranges::none_of(query.phases, domain::is_terminal);
  if (live) conditions.add("phase < 6");
  std::string sql = "SELECT " + std::string(kJobColumns) + " FROM jobs" +
                    (live ? connection.index_hint("jobs_live") : "") + conditions.sql +
                    " ORDER BY ";
  if (query.order != JobOrder::kName) sql += column + direction + ", ";
  sql += "name" + direction + " LIMIT ?";
  conditions.parameters.emplace_back(static_cast<std::int64_t>(query.limit) + 1);
  return ListStatement{.sql = std::move(sql), .parameters = std::move(conditions.parameters)};
}

std::string page_token(const JobQuery& query, const domain::Job& last) {
  return base64_encode(to_json(Document::object({{"order", order_name(query.order)},
                                                 {"descending", query.descending},
                                                 {"key", sort_key(query, last)},
                                                 {"name", last.name.value()}})));
}

}  // namespace clary::meta
