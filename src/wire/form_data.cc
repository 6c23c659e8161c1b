#include "wire/form_data.h"

#include <algorithm>

#include "base/strings.h"

namespace clary::wire {
namespace {

constexpr std::size_t kLongestHead = 16 << 10;
constexpr std::size_t kLongestBoundary = 70;  // RFC 2046

// A parameter of a field: name="value" or name=value, after the first ';'.
std::optional<std::string> parameter(std::string_view field, std::string_view wanted) {
  std::size_t at = field.find(';');
  while (at != std::string_view::npos) {
    field.remove_prefix(at + 1);
    const std::size_t equals = field.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view name = trim(field.substr(0, equals));
    field.remove_prefix(equals + 1);
    std::string value;
    if (field.starts_with('"')) {
      std::size_t i = 1;
      for (; i < field.size() && field[i] != '"'; ++i) {
        // Browsers escape only the quote; a path of Windows keeps its backslashes.
        if (field[i] == '\\' && i + 1 < field.size() && field[i + 1] == '"') ++i;
        value += field[i];
      }
      field.remove_prefix(std::min(i + 1, field.size()));
    } else {
      value = std::string(trim(field.substr(0, field.find(';'))));
    }
    if (equals_ignoring_case(name, wanted)) return value;
    at = field.find(';');
  }
  return std::nullopt;
}

Result<FormPart> read_part(std::string_view head) {
  FormPart part;
  bool named = false;
  while (!head.empty()) {
    const std::size_t end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return invalid_argument("form: a line without a colon");
    const std::string_view name = trim(line.substr(0, colon));
    const std::string_view value = trim(line.substr(colon + 1));
    if (equals_ignoring_case(name, "Content-Disposition")) {
      if (const auto found = parameter(value, "name")) {
        part.name = *found;
        named = true;
      }
      part.file_name = parameter(value, "filename");
    } else if (equals_ignoring_case(name, "Content-Type")) {
      part.content_type = std::string(value);
    }
  }
  if (!named) return invalid_argument("form: a part without a name");
  return part;
}

}  // namespace

std::optional<std::string> form_boundary(std::string_view content_type) {
  if (!to_lower(trim(content_type.substr(0, content_type.find(';'))))
           .starts_with("multipart/form-data"))
    return std::nullopt;
  const std::optional<std::string> boundary = parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kLongestBoundary) return std::nullopt;
  return boundary;
}

Status FormDataReader::feed(std::string_view piece) {
  input_ += piece;
  for (;;) {
    CLARY_TRY(const bool again, step());
    if (!again) return {};
  }
}

Status FormDataReader::finish() const {
  if (state_ == State::kEnd) return {};
  return invalid_argument("form: the closing boundary is missing");
}

Result<bool> FormDataReader::step() {
  switch (state_) {
    case State::kPreamble:
    case State::kBytes:
      return read_until_delimiter();
    case State::kBoundary:
      return read_boundary();
    case State::kHead:
      return read_head();
    case State::kEnd:
      input_.clear();
      return false;
  }
  return false;
}

Result<bool> FormDataReader::read_until_delimiter() {
  const bool in_part = state_ == State::kBytes;
  const std::size_t at = input_.find(delimiter_);
  if (at == std::string::npos) {
    // The end may be the beginning of a delimiter.
    if (input_.size() < delimiter_.size()) return false;
    const std::size_t sure = input_.size() - delimiter_.size() + 1;
    if (in_part) CLARY_RETURN_IF_ERROR(sink_.part_bytes(std::string_view(input_).substr(0, sure)));
    input_.erase(0, sure);
    return false;
  }
  if (in_part) {
    if (at > 0) CLARY_RETURN_IF_ERROR(sink_.part_bytes(std::string_view(input_).substr(0, at)));
    CLARY_RETURN_IF_ERROR(sink_.end_part());
  }
  input_.erase(0, at + delimiter_.size());
  state_ = State::kBoundary;
  return true;
}

Result<bool> FormDataReader::read_boundary() {
  if (input_.size() < 2) return false;
  if (input_.starts_with("--")) {
    state_ = State::kEnd;
  } else if (input_.starts_with("\r\n")) {
    state_ = State::kHead;
  } else {
    return invalid_argument("form: a boundary goes on");
  }
  // A head may be empty: its end is then the line break that was just read.
  input_.erase(0, state_ == State::kHead ? 0 : 2);
  return true;
}

Result<bool> FormDataReader::read_head() {
  const std::size_t end = input_.find("\r\n\r\n");
  const bool is_too_long =
      end == std::string::npos ? input_.size() >= kLongestHead + 4 : end > kLongestHead;
  if (is_too_long) return invalid_argument("form: the head of a part is too long");
  if (end == std::string::npos) return false;
  const std::string_view lines =
      end < 2 ? std::string_view() : std::string_view(input_).substr(2, end - 2);
  CLARY_TRY(const FormPart part, read_part(lines));
  CLARY_RETURN_IF_ERROR(sink_.begin_part(part));
  input_.erase(0, end + 4);
  state_ = State::kBytes;
  return true;
}

}  // namespace clary::wire
