// multipart/form-data: the same parts and the same verdict however the bytes arrive.
//
// The first byte of the input is the size of the pieces.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "wire/form_data.h"

namespace {

using clary::Status;

class Shown final : public clary::wire::FormDataSink {
 public:
  Status begin_part(const clary::wire::FormPart& part) override {
    text += '[' + part.name + '|' + part.file_name.value_or("") + '|' + part.content_type + ':';
    return {};
  }
  Status part_bytes(std::string_view piece) override {
    text += piece;
    return {};
  }
  Status end_part() override {
    text += ']';
    return {};
  }
  std::string text;
};

std::string read(std::string_view bytes, std::size_t step) {
  Shown shown;
  clary::wire::FormDataReader reader("b", shown);
  for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size()))) {
    if (!reader.feed(bytes.substr(0, step)).ok()) return "refused";
  }
  return reader.finish().ok() ? shown.text : "refused";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  CLARY_CHECK(read(bytes, bytes.size() + 1) == read(bytes, data[0] % 17U + 1U));
  static_cast<void>(clary::wire::form_boundary(bytes));
  return 0;
}
