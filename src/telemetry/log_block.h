// One stored block of a log stream: lines that arrived together. Format: docs/formats/telemetry.md.
// Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace clary::telemetry {

// A longer line is kept as several events, as CloudWatch Logs does.
inline constexpr std::size_t kMaxEventBytes = std::size_t{256} << 10;
// A block ends here, so that reading one page never unpacks much more than the page.
inline constexpr std::size_t kBlockBytes = std::size_t{256} << 10;
inline constexpr std::size_t kBlockEvents = 4096;
// A page of events ends here.
inline constexpr std::size_t kPageBytes = std::size_t{1} << 20;

enum class BlockCodec { kPlain = 0, kZlib = 1 };

struct LogBlock {
  BlockCodec codec = BlockCodec::kPlain;
  std::size_t count = 0;        // events
  std::size_t plain_bytes = 0;  // of the events and their lengths, before compression
  std::string bytes;
};

// Lines as they are stored: valid UTF-8, without a newline at the end, none over kMaxEventBytes.
std::vector<std::string> to_events(std::span<const std::string> lines);

// Cuts events into blocks, each compressed when that makes it smaller.
std::vector<LogBlock> make_blocks(std::span<const std::string> events);

// The events of a block. Internal when its bytes are not what make_blocks wrote.
Result<std::vector<std::string>> read_block(const LogBlock& block);

}  // namespace clary::telemetry
