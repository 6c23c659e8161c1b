#include "wire/gzip_body.h"

#include <gtest/gtest.h>

#include "base/test_bytes.h"

namespace clary::wire {
namespace {

TEST(GzipBody, IsUnpackedWithinItsLimit) {
  const std::string text(1'000'000, 'm');
  EXPECT_EQ(gunzip(gzip_of(text), text.size()).value(), text);
  EXPECT_EQ(gunzip(gzip_of(""), 0).value(), "");
  EXPECT_EQ(gunzip(gzip_of(text), text.size() - 1).error().code, ErrorCode::kLimitExceeded);
}

TEST(GzipBody, IsRefusedWhenItIsNoneOrNotWhole) {
  const std::string packed = gzip_of("MetricName=loss");
  for (std::size_t size = 0; size < packed.size(); ++size) {
    EXPECT_EQ(gunzip(packed.substr(0, size), 1000).error().message,
              "the body is not whole gzip data");
  }
  EXPECT_EQ(gunzip("MetricName=loss", 1000).error().code, ErrorCode::kInvalidArgument);
  // What comes after it is not looked at.
  EXPECT_EQ(gunzip(packed + "more", 1000).value(), "MetricName=loss");
}

}  // namespace
}  // namespace clary::wire
