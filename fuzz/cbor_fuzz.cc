// CBOR: whatever arrives is read or refused; what was read is written and read again, as long.
#include <cstdlib>
#include <string_view>

#include "wire/cbor.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto document = clary::wire::parse_cbor(bytes);
  if (!document.ok()) return 0;
  const std::string once = clary::wire::to_cbor(*document);
  const auto again = clary::wire::parse_cbor(once);
  if (!again.ok() || clary::wire::to_cbor(*again).size() != once.size()) std::abort();
  return 0;
}
