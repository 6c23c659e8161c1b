// multipart/form-data as it arrives (RFC 7578): parts one after another, in pieces of any size.
//
// One thread at a time. Keeps at most one part's head and a boundary's length in memory.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace clary::wire {

struct FormPart {
  std::string name;
  std::optional<std::string> file_name;
  std::string content_type;  // "" when the part has none
};

// What takes the parts. An error ends the reading with it.
class FormDataSink {
 public:
  virtual ~FormDataSink() = default;
  virtual Status begin_part(const FormPart& part) = 0;
  virtual Status part_bytes(std::string_view piece) = 0;
  virtual Status end_part() = 0;
};

// The boundary that a Content-Type names; nothing: it is no multipart/form-data.
std::optional<std::string> form_boundary(std::string_view content_type);

class FormDataReader {
 public:
  // sink outlives the reader.
  FormDataReader(const std::string& boundary, FormDataSink& sink)
      : sink_(sink), delimiter_("\r\n--" + boundary) {}

  // InvalidArgument: the bytes are no form.
  Status feed(std::string_view piece);
  // The input is complete. InvalidArgument when the closing boundary is missing.
  Status finish() const;

 private:
  enum class State { kPreamble, kBoundary, kHead, kBytes, kEnd };
  // One step; false: more input is needed.
  Result<bool> step();
  Result<bool> read_until_delimiter();
  Result<bool> read_boundary();
  Result<bool> read_head();

  FormDataSink& sink_;
  std::string delimiter_;
  State state_ = State::kPreamble;
  // The first boundary stands at the very start, where no line break comes before it.
  std::string input_ = "\r\n";
};

}  // namespace clary::wire
