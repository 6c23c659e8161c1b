// What stands in Clary's own stores: columns of the objects' index, blocks of log lines. A damaged
// one is refused; what is read survives its own round trip.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "objects/metadata_text.h"
#include "telemetry/log_block.h"

namespace {

constexpr std::size_t kMostEvents = 1000;

void read_block(std::string_view bytes, clary::telemetry::BlockCodec codec) {
  if (bytes.size() < 4) return;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const clary::telemetry::LogBlock block{
      .codec = codec,
      .count = (std::size_t{byte(0)} << 8 | byte(1)) % kMostEvents,
      .plain_bytes = std::size_t{byte(2)} << 8 | byte(3),
      .bytes = std::string(bytes.substr(4))};
  const auto events = clary::telemetry::read_block(block);
  if (events.ok()) CLARY_CHECK(events->size() == block.count);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clary;  // NOLINT(google-build-using-namespace): the target is this list
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto metadata = objects::metadata_from_text(text); metadata.ok())
    CLARY_CHECK(objects::metadata_from_text(objects::metadata_to_text(*metadata)).ok());
  if (const auto tags = objects::tags_from_text(text); tags.ok())
    CLARY_CHECK(objects::tags_from_text(objects::tags_to_text(*tags)).value() == *tags);
  if (const auto parts = objects::parts_from_text(text); parts.ok())
    CLARY_CHECK(objects::parts_from_text(objects::parts_to_text(*parts)).value().size() ==
                parts->size());
  read_block(text, telemetry::BlockCodec::kPlain);
  read_block(text, telemetry::BlockCodec::kZlib);
  return 0;
}
