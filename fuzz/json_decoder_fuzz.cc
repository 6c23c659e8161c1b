// A JSON body on its way to a typed request: parse, validate, decode, encode. What decodes must
// survive its own round trip.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/training_jobs.h"
#include "base/json.h"
#include "wire/validator.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using clary::api::CreateTrainingJob;
  static const clary::wire::Validator validator;
  const auto document = clary::parse_json({reinterpret_cast<const char*>(data), size});
  if (!document.ok()) return 0;
  const clary::wire::Verdict verdict = validator.check(CreateTrainingJob::operation(), *document);
  if (verdict.accepted() != verdict.message().empty()) std::abort();
  if (!verdict.accepted()) return 0;
  CreateTrainingJob::Request request;
  decode(*document, request);
  const auto again = clary::parse_json(clary::to_json(encode(request)));
  if (!again.ok()) std::abort();
  CreateTrainingJob::Request second;
  decode(*again, second);
  if (!(request == second)) std::abort();
  return 0;
}
