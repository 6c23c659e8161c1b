// What a host and a server read from each other: records line by line, and plans. What is read
// survives its own round trip.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/json.h"
#include "hostlink/plan.h"
#include "hostlink/record.h"

namespace {

using clary::hostlink::HostPlan;
using clary::hostlink::Record;

void read_record(std::string_view line) {
  const auto record = Record::from_line(line);
  if (!record.ok()) return;
  const std::string text = record->to_line();
  CLARY_CHECK(text.find('\n') == std::string::npos);
  const auto again = Record::from_line(text);
  CLARY_CHECK(again.ok() && again->to_line() == text);
}

void read_plan(std::string_view text) {
  const auto document = clary::parse_json(text);
  if (!document.ok()) return;
  const auto plan = HostPlan::from_document(*document);
  if (!plan.ok()) return;
  const std::string written = clary::to_json(plan->to_document());
  const auto again = HostPlan::from_document(*clary::parse_json(written));
  CLARY_CHECK(again.ok() && clary::to_json(again->to_document()) == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_record(text);
  read_plan(text);
  return 0;
}
