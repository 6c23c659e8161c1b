// Packed bodies: whatever arrives is unpacked or refused, within its limit; a smaller limit changes
// nothing but that more is refused.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "wire/gzip_body.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kLimit = std::size_t{1} << 20;
  const std::string_view packed(reinterpret_cast<const char*>(data), size);
  const auto whole = clary::wire::gunzip(packed, kLimit);
  if (!whole.ok()) return 0;
  CLARY_CHECK(whole->size() <= kLimit);
  const auto exact = clary::wire::gunzip(packed, whole->size());
  CLARY_CHECK(exact.ok() && *exact == *whole);
  if (whole->empty()) return 0;
  const auto less = clary::wire::gunzip(packed, whole->size() - 1);
  CLARY_CHECK(!less.ok() && less.error().code == clary::ErrorCode::kLimitExceeded);
  return 0;
}
