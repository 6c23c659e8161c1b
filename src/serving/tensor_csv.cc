// CSV bodies: what numpy.genfromtxt(dtype=None, delimiter=",") makes of a text, as float32.
#include <algorithm>
#include <utility>

#include "serving/python_json.h"
#include "serving/python_text.h"
#include "serving/tensor_codec.h"

namespace clary::serving {
namespace {

// In the order in which genfromtxt widens the kind of a column.
enum class CellKind { kMissing, kBool, kInteger, kDecimal, kText };

struct Cell {
  CellKind kind = CellKind::kText;
  double decimal = 0;
  std::int64_t integer = 0;
};

bool is_word(std::string_view text, std::string_view upper) {
  return std::ranges::equal(text, upper, [](char a, char b) {
    return (a >= 'a' && a <= 'z' ? static_cast<char>(a - 'a' + 'A') : a) == b;
  });
}

Cell read_cell(std::string_view text) {
  if (text.find_first_not_of(" \t\n\r\v\f") == std::string_view::npos)
    return {.kind = CellKind::kMissing};
  if (is_word(text, "TRUE")) return {.kind = CellKind::kBool, .decimal = 1, .integer = 1};
  if (is_word(text, "FALSE")) return {.kind = CellKind::kBool, .decimal = 0, .integer = 0};
  if (const auto whole = read_python_int(text); whole && whole->fits)
    return {.kind = CellKind::kInteger,
            .decimal = static_cast<double>(whole->value),
            .integer = whole->value};
  if (const auto decimal = read_python_float(text))
    return {.kind = CellKind::kDecimal, .decimal = *decimal, .integer = 0};
  return {};
}

struct Table {
  std::vector<Cell> cells;  // row by row
  std::size_t columns = 0;
  std::size_t rows = 0;
};

std::string_view without_comment(std::string_view line) {
  line = line.substr(0, line.find('#'));
  const std::size_t first = line.find_first_not_of(" \r\n");
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(" \r\n") - first + 1);
}

Result<Table> read_table(std::string_view body) {
  Table table;
  std::string faults;
  std::size_t number = 0;  // of the line, the first with cells being 1
  while (!body.empty()) {
    const std::size_t end = body.find('\n');
    const std::string_view line = without_comment(body.substr(0, end));
    body.remove_prefix(end == std::string_view::npos ? body.size() : end + 1);
    if (number > 0) ++number;
    if (line.empty()) continue;
    if (number == 0) number = 1;
    std::size_t count = 0;
    for (std::size_t at = 0; at <= line.size(); ++count) {
      const std::size_t comma = std::min(line.find(',', at), line.size());
      table.cells.push_back(read_cell(line.substr(at, comma - at)));
      at = comma + 1;
    }
    if (table.columns == 0) table.columns = count;
    if (count == table.columns) {
      ++table.rows;
    } else {
      faults += "\n    Line #" + std::to_string(number) + " (got " + std::to_string(count) +
                " columns instead of " + std::to_string(table.columns) + ")";
    }
  }
  if (!faults.empty()) return invalid_argument("Some errors were detected !" + faults);
  return table;
}

struct Column {
  CellKind kind = CellKind::kMissing;
  bool counts = false;  // for whether all columns are of one kind
};

Column column_of(const Table& table, std::size_t index) {
  Column column;
  bool has_bools = false;
  bool has_missing = false;
  for (std::size_t row = 0; row < table.rows; ++row) {
    const CellKind kind = table.cells[row * table.columns + index].kind;
    has_bools = has_bools || kind == CellKind::kBool;
    has_missing = has_missing || kind == CellKind::kMissing;
    column.kind = std::max(column.kind, kind);
  }
  if (has_bools && column.kind != CellKind::kBool) column.kind = CellKind::kText;
  column.counts = column.kind > CellKind::kBool || (column.kind == CellKind::kBool && !has_missing);
  return column;
}

float to_float(const Cell& cell, CellKind column) {
  if (cell.kind == CellKind::kMissing) {
    if (column == CellKind::kInteger) return -1;
    return column == CellKind::kDecimal ? __builtin_nanf("") : 0.0F;
  }
  if (column == CellKind::kDecimal) return static_cast<float>(cell.decimal);
  return static_cast<float>(cell.integer);
}

}  // namespace

Result<Tensor> read_csv_tensor(std::string_view body) {
  CLARY_RETURN_IF_ERROR(check_utf8(body));
  CLARY_TRY(const Table table, read_table(body));
  if (table.columns == 0) return invalid_argument(not_convertible("void"));
  std::vector<Column> columns;
  std::optional<CellKind> common;
  bool is_uniform = true;
  bool has_text = false;
  for (std::size_t i = 0; i < table.columns; ++i) {
    columns.push_back(column_of(table, i));
    has_text = has_text || columns.back().kind == CellKind::kText;
    if (!columns.back().counts) continue;
    if (!common) common = columns.back().kind;
    is_uniform = is_uniform && *common == columns.back().kind;
  }
  if (has_text) return invalid_argument(not_convertible(is_uniform ? "str_" : "void"));
  std::vector<float> values;
  values.reserve(table.cells.size());
  for (std::size_t i = 0; i < table.cells.size(); ++i)
    values.push_back(to_float(table.cells[i], columns[i % table.columns].kind));
  // As numpy.squeeze(): one row has one axis, one cell none.
  Shape shape;
  if (table.rows > 1) shape.push_back(static_cast<std::int64_t>(table.rows));
  if (table.columns > 1) shape.push_back(static_cast<std::int64_t>(table.columns));
  return Tensor::of(std::move(values), std::move(shape));
}

}  // namespace clary::serving
