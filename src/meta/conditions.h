// The WHERE of a list, with its parameters in order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "meta/database.h"
#include "meta/row_values.h"

namespace clary::meta {

using Parameter = std::variant<std::int64_t, std::string>;

struct Conditions {
  std::string sql;  // " WHERE ... AND ..."; "" without any
  std::vector<Parameter> parameters;

  void add(std::string_view condition) {
    sql += sql.empty() ? " WHERE " : " AND ";
    sql += condition;
  }
  void add(std::string_view condition, Parameter parameter) {
    add(condition);
    parameters.push_back(std::move(parameter));
  }
  void add_time(std::string_view condition, const std::optional<TimePoint>& time) {
    if (time) add(condition, to_column(*time));
  }
};

inline void bind_all(Statement& statement, const std::vector<Parameter>& parameters) {
  for (const Parameter& parameter : parameters) {
    std::visit([&statement](const auto& value) { statement.bind(value); }, parameter);
  }
}

}  // namespace clary::meta
