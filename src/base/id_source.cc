#include "base/id_source.h"

#include <sys/random.h>

#include <vector>

#include "base/check.h"
#include "base/text_encoding.h"

namespace clary {

std::string IdSource::uuid() {
  std::string digits = hex(32);
  digits[12] = '4';
  const int variant = digits[16] <= '9' ? digits[16] - '0' : digits[16] - 'a' + 10;
  digits[16] = "89ab"[variant & 3];
  return digits.substr(0, 8) + '-' + digits.substr(8, 4) + '-' + digits.substr(12, 4) + '-' +
         digits.substr(16, 4) + '-' + digits.substr(20);
}

std::string RandomIds::hex(std::size_t characters) {
  std::string bytes((characters + 1) / 2, '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = ::getrandom(bytes.data() + filled, bytes.size() - filled, 0);
    if (got > 0) filled += static_cast<std::size_t>(got);
  }
  return hex_encode(bytes).substr(0, characters);
}

std::string CountingIds::hex(std::size_t characters) {
  std::string digits(characters, '0');
  std::uint64_t number = next_.fetch_add(1);
  for (std::size_t i = characters; i > 0 && number > 0; number /= 16) {
    digits[--i] = "0123456789abcdef"[number % 16];
  }
  return digits;
}

}  // namespace clary
