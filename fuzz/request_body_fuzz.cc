// XML and form bodies on their way to a document that the validator looks at:
// CompleteMultipartUpload, CreateBucket, GetMetricStatistics. What is read is a document of the
// operation's own nesting, and is judged.
//
// The first byte of the input says which operation reads the rest.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "api/buckets.h"
#include "api/metrics.h"
#include "api/uploads.h"
#include "base/check.h"
#include "base/json.h"
#include "wire/query.h"
#include "wire/rest_xml.h"
#include "wire/validator.h"

namespace {

using clary::Document;
using clary::wire::Operation;

void judge(const Operation& operation, const Document& document) {
  static const clary::wire::Validator validator;
  const clary::wire::Verdict verdict = validator.check(operation, document);
  CLARY_CHECK(verdict.accepted() == verdict.message().empty());
  CLARY_CHECK(verdict.message().size() < (1 << 20));
}

void read_xml(const Operation& operation, std::string_view target, std::string_view body) {
  clary::net::RequestHead head;
  head.method = "POST";
  head.target = target;
  const clary::Result<Document> document = clary::wire::read_rest_request(operation, head, body);
  if (document.ok()) judge(operation, *document);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      read_xml(clary::api::CompleteMultipartUpload::operation(), "/bucket/key?uploadId=u", body);
      break;
    case 1:
      read_xml(clary::api::CreateBucket::operation(), "/bucket", body);
      break;
    case 2:
      read_xml(clary::api::CompleteMultipartUpload::operation(), body, "");
      break;
    default:
      if (const auto form = clary::wire::read_form(body); form.ok()) {
        const Operation& operation = clary::api::GetMetricStatistics::operation();
        judge(operation, clary::wire::read_query(operation, *form));
      }
  }
  return 0;
}
