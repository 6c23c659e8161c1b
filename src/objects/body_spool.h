// BodySpool: a body that is put aside until it is sent, as often as that takes: in memory while it
// is small, beyond that in a file without a name, which a crash leaves nothing of.
//
// One thread fills it; then any number may read it at once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/fd.h"
#include "base/result.h"
#include "net/http.h"

namespace clary::objects {

struct SpoolOptions {
  std::uint64_t memory_bytes = UINT64_MAX;
  std::string folder = {};  // of what is larger; there already
};

class BodySpool {
 public:
  explicit BodySpool(SpoolOptions options = {});

  // LimitExceeded: the disk is full.
  Status append(std::string_view piece);
  std::uint64_t size_bytes() const { return size_bytes_; }
  // SHA-256 in hexadecimal of what was appended. Nothing is appended afterwards.
  const std::string& sha256();
  // From the beginning; the spool outlives it.
  std::unique_ptr<net::ByteSource> open() const;

 private:
  class Source;

  SpoolOptions options_;
  std::uint64_t size_bytes_ = 0;
  std::string memory_;
  Fd file_;  // holds all of it once it is open
  std::unique_ptr<Hasher> hasher_;
  std::string sha256_;
};

}  // namespace clary::objects
