// Bytes that tests of several folders are made of.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/deflate.h"

namespace clary {

// Hardly shrinks: as weights do. Always the same.
inline std::string noise(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 1;
  for (char& byte : bytes) byte = static_cast<char>((state = state * 1664525U + 1013904223U) >> 24);
  return bytes;
}

// One member.
inline std::string gzip_of(std::string_view bytes) {
  std::string out;
  Deflater deflater(Wrapping::kGzip, [&out](std::string_view packed) -> Status {
    out += packed;
    return {};
  });
  EXPECT_TRUE(deflater.finish(bytes).ok());
  return out;
}

}  // namespace clary
