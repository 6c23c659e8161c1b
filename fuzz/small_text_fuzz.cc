// The small texts that clients send: Range fields, ETags, list tokens, bucket names, object URIs,
// image names, instants, escapes, encoded words, statistics, policies of forms. Each is taken or is
// not; what is taken says what it was.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/encoded_word.h"
#include "base/text_encoding.h"
#include "base/time_text.h"
#include "objects/object_store.h"
#include "runtime/image_name.h"
#include "services/percentile.h"
#include "services/post_policy.h"
#include "services/s3_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clary;  // NOLINT(google-build-using-namespace): the target is this list
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto range = services::parse_range(text)) {
    CLARY_CHECK(range->first || range->last);
    CLARY_CHECK(!range->first || !range->last || *range->first <= *range->last);
  }
  if (services::is_valid_bucket_name(text)) {
    CLARY_CHECK(size >= 3 && size <= 63);
    CLARY_CHECK(text.find_first_of("/\\ \n\r%_") == std::string_view::npos);
    CLARY_CHECK(text.find("..") == std::string_view::npos);
  }
  CLARY_CHECK(text.empty() ||
              services::read_continuation_token(services::continuation_token(text)) == text);
  services::read_continuation_token(text);
  CLARY_CHECK(services::plain_etag(text).size() <= size);
  const runtime::ImageName image = runtime::parse_image_name(text);
  CLARY_CHECK(image.uri == text && image.repository.size() <= size);
  if (const auto time = parse_time(text); time.ok()) {
    const auto again = parse_time(iso8601(*time));
    CLARY_CHECK(again.ok());
  }
  if (const auto decoded = percent_decode(text); decoded.ok())
    CLARY_CHECK(percent_decode(percent_encode(*decoded)).value() == *decoded);
  if (const auto decoded = base64_decode(text); decoded.ok())
    CLARY_CHECK(base64_decode(base64_encode(*decoded)).value() == *decoded);
  if (const auto uri = objects::parse_object_uri(text); uri.ok())
    CLARY_CHECK(objects::parse_object_uri(uri->to_string()).ok());
  from_encoded_words(text);
  if (const auto percent = services::parse_percentile(text))
    CLARY_CHECK(*percent >= 0 && *percent <= 100);
  if (auto policy = services::PostPolicy::parse(base64_encode(text)); policy.ok())
    static_cast<void>(policy->check({{"key", "k"}, {"bucket", "b"}}, TimePoint()));
  return 0;
}
