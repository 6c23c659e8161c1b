// XML and form bodies on their way to a document that the validator looks at. What is read is
// judged in a sentence.
//
// The first line of the input is a service, an operation and a target: "s3 CompleteMultipartUpload
// /bucket/key?uploadId=u"; the rest is the body.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "api/services.h"
#include "base/check.h"
#include "base/strings.h"
#include "wire/query.h"
#include "wire/rest_xml.h"
#include "wire/validator.h"

namespace {

using clary::Document;
using clary::wire::Operation;
using clary::wire::Protocol;

constexpr std::size_t kLongestSentence = 1 << 20;

void judge(const Operation& operation, const Document& document) {
  static const clary::wire::Validator validator;
  const clary::wire::Verdict verdict = validator.check(operation, document);
  CLARY_CHECK(verdict.accepted() == verdict.message().empty());
  CLARY_CHECK(verdict.message().size() < kLongestSentence);
}

void read_rest(const Operation& operation, std::string_view target, std::string_view body) {
  clary::net::RequestHead head;
  head.method = operation.method;
  head.target = target;
  const Operation* found = clary::wire::find_rest_operation(*operation.service, head);
  for (const Operation* one : {&operation, found}) {
    if (one == nullptr) continue;
    const auto document = clary::wire::read_rest_request(*one, head, body);
    if (document.ok()) judge(*one, *document);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return 0;
  const auto words = clary::split(text.substr(0, end), ' ');
  if (words.size() != 3) return 0;
  const std::string_view body = text.substr(end + 1);
  for (const clary::wire::Service* service : clary::api::services()) {
    if (service->name != words[0]) continue;
    const Operation* operation = service->find(words[1]);
    if (operation == nullptr) return 0;
    if (service->protocol == Protocol::kRestXml) {
      read_rest(*operation, words[2], body);
    } else if (const auto form = clary::wire::read_form(body); form.ok()) {
      judge(*operation, clary::wire::read_query(*operation, *form));
    }
  }
  return 0;
}
