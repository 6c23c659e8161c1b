// Fresh identifiers and secrets, injected. Thread-safe.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace clary {

class IdSource {
 public:
  virtual ~IdSource() = default;
  // `characters` lower-case hexadecimal digits.
  virtual std::string hex(std::size_t characters) = 0;
  // A version 4 UUID (RFC 9562) in its usual form.
  std::string uuid();
};

// From the kernel's generator: fit for keys and tokens.
class RandomIds final : public IdSource {
 public:
  std::string hex(std::size_t characters) override;
};

// 1, 2, 3, ... in hexadecimal, padded with zeros: for tests.
class CountingIds final : public IdSource {
 public:
  std::string hex(std::size_t characters) override;

 private:
  std::atomic<std::uint64_t> next_{1};
};

}  // namespace clary
