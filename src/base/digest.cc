#include "base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <zlib.h>
#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

#include <array>
#include <cstdint>
#include <cstring>

#include "base/check.h"

namespace clary {
namespace {

class EvpHasher final : public Hasher {
 public:
  explicit EvpHasher(const EVP_MD* kind) : context_(EVP_MD_CTX_new()) {
    CLARY_CHECK(context_ != nullptr && EVP_DigestInit_ex(context_, kind, nullptr) == 1);
  }
  EvpHasher(const EvpHasher&) = delete;
  EvpHasher& operator=(const EvpHasher&) = delete;
  ~EvpHasher() override { EVP_MD_CTX_free(context_); }

  void update(std::string_view bytes) override {
    CLARY_CHECK(EVP_DigestUpdate(context_, bytes.data(), bytes.size()) == 1);
  }
  std::string finish() override {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned int length = 0;
    CLARY_CHECK(EVP_DigestFinal_ex(context_, out.data(), &length) == 1);
    return {reinterpret_cast<const char*>(out.data()), length};
  }

 private:
  EVP_MD_CTX* context_;
};

template <typename Word>
std::string big_endian(Word word) {
  std::string out(sizeof(Word), '\0');
  for (std::size_t i = 0; i < sizeof(Word); ++i) {
    out[sizeof(Word) - 1 - i] = static_cast<char>(word >> (8 * i) & 255U);
  }
  return out;
}

class Crc32Hasher final : public Hasher {
 public:
  void update(std::string_view bytes) override {
    state_ = ::crc32_z(state_, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  }
  std::string finish() override { return big_endian(static_cast<std::uint32_t>(state_)); }

 private:
  uLong state_ = ::crc32_z(0, nullptr, 0);
};

// Reflected table-driven CRC: CRC-32C (Castagnoli) and CRC-64/NVME, eight tables deep.
template <typename Word, Word kPolynomial>
class TableCrcHasher final : public Hasher {
 public:
  void update(std::string_view bytes) override {
    std::size_t i = 0;
    for (; i + 8 <= bytes.size(); i += 8) fold_eight(bytes.data() + i);
    for (; i < bytes.size(); ++i) {
      state_ = kTables[0][(state_ ^ static_cast<std::uint8_t>(bytes[i])) & 255U] ^ (state_ >> 8);
    }
  }
  std::string finish() override { return big_endian(static_cast<Word>(~state_)); }

 private:
  using Tables = std::array<std::array<Word, 256>, 8>;

  void fold_eight(const char* bytes) {
    std::uint64_t word = 0;
    for (unsigned k = 0; k < 8; ++k) {
      word |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(bytes[k])) << (8 * k);
    }
    word ^= state_;
    state_ = 0;
    for (unsigned k = 0; k < 8; ++k) state_ ^= kTables[7 - k][word >> (8 * k) & 255U];
  }

  static constexpr Tables make_tables() {
    Tables tables{};
    for (unsigned i = 0; i < 256; ++i) {
      Word crc = static_cast<Word>(i);
      for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) ? (crc >> 1) ^ kPolynomial : crc >> 1;
      tables[0][i] = crc;
    }
    for (unsigned t = 1; t < 8; ++t) {
      for (unsigned i = 0; i < 256; ++i) {
        tables[t][i] = tables[0][tables[t - 1][i] & 255U] ^ (tables[t - 1][i] >> 8);
      }
    }
    return tables;
  }
  static constexpr Tables kTables = make_tables();

  Word state_ = static_cast<Word>(~Word{0});
};

constexpr std::uint32_t kCrc32Polynomial = 0xEDB88320U;
constexpr std::uint32_t kCrc32cPolynomial = 0x82F63B78U;
constexpr std::uint64_t kCrc64NvmePolynomial = 0x9A6C9329AC4BC9B5ULL;
using Crc32cHasher = TableCrcHasher<std::uint32_t, kCrc32cPolynomial>;
using Crc64NvmeHasher = TableCrcHasher<std::uint64_t, kCrc64NvmePolynomial>;

#if defined(__x86_64__)
// CRC-32C with the processor's own instruction.
class FastCrc32cHasher final : public Hasher {
 public:
  void update(std::string_view bytes) override { state_ = fold(state_, bytes); }
  std::string finish() override { return big_endian(static_cast<std::uint32_t>(~state_)); }
  static bool available() { return __builtin_cpu_supports("sse4.2") != 0; }

 private:
  __attribute__((target("sse4.2"))) static std::uint32_t fold(std::uint32_t state,
                                                              std::string_view bytes) {
    std::uint64_t wide = state;
    std::size_t i = 0;
    for (; i + 8 <= bytes.size(); i += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data() + i, 8);
      wide = _mm_crc32_u64(wide, word);
    }
    auto narrow = static_cast<std::uint32_t>(wide);
    for (; i < bytes.size(); ++i)
      narrow = _mm_crc32_u8(narrow, static_cast<std::uint8_t>(bytes[i]));
    return narrow;
  }

  std::uint32_t state_ = ~0U;
};
#endif

std::unique_ptr<Hasher> make_crc32c() {
#if defined(__x86_64__)
  if (FastCrc32cHasher::available()) return std::make_unique<FastCrc32cHasher>();
#endif
  return std::make_unique<Crc32cHasher>();
}

// Polynomials over GF(2) modulo kPolynomial, reflected: the highest bit is the coefficient of x^0.
template <typename Word, Word kPolynomial>
Word multiply(Word a, Word b) {
  Word product = 0;
  for (Word bit = Word{1} << (8 * sizeof(Word) - 1); bit != 0; bit >>= 1) {
    if ((a & bit) != 0) product ^= b;
    b = (b & 1U) != 0 ? (b >> 1) ^ kPolynomial : b >> 1;
  }
  return product;
}

template <typename Word, Word kPolynomial>
std::string combine(std::string_view first, std::string_view second, std::uint64_t second_length) {
  const auto read = [](std::string_view bytes) {
    Word word = 0;
    for (const char c : bytes) word = word << 8 | static_cast<std::uint8_t>(c);
    return word;
  };
  Word shift = Word{1} << (8 * sizeof(Word) - 1);  // x^0
  Word power = Word{1} << (8 * sizeof(Word) - 9);  // x^8: one byte
  for (; second_length != 0; second_length >>= 1) {
    if ((second_length & 1U) != 0) shift = multiply<Word, kPolynomial>(shift, power);
    power = multiply<Word, kPolynomial>(power, power);
  }
  return big_endian(
      static_cast<Word>(multiply<Word, kPolynomial>(shift, read(first)) ^ read(second)));
}

}  // namespace

std::unique_ptr<Hasher> make_hasher(DigestKind kind) {
  switch (kind) {
    case DigestKind::kMd5:
      return std::make_unique<EvpHasher>(EVP_md5());
    case DigestKind::kSha1:
      return std::make_unique<EvpHasher>(EVP_sha1());
    case DigestKind::kSha256:
      return std::make_unique<EvpHasher>(EVP_sha256());
    case DigestKind::kCrc32:
      return std::make_unique<Crc32Hasher>();
    case DigestKind::kCrc32c:
      return make_crc32c();
    case DigestKind::kCrc64Nvme:
      return std::make_unique<Crc64NvmeHasher>();
  }
  return nullptr;
}

std::string digest(DigestKind kind, std::string_view bytes) {
  auto hasher = make_hasher(kind);
  hasher->update(bytes);
  return hasher->finish();
}

std::string combine_crc(DigestKind kind, std::string_view first, std::string_view second,
                        std::uint64_t second_length) {
  switch (kind) {
    case DigestKind::kCrc32:
      return combine<std::uint32_t, kCrc32Polynomial>(first, second, second_length);
    case DigestKind::kCrc32c:
      return combine<std::uint32_t, kCrc32cPolynomial>(first, second, second_length);
    case DigestKind::kCrc64Nvme:
      return combine<std::uint64_t, kCrc64NvmePolynomial>(first, second, second_length);
    default:
      break;
  }
  CLARY_CHECK(false && "combine_crc: not a CRC");
  return {};
}

namespace {

std::string hmac(const EVP_MD* kind, std::string_view key, std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned int length = 0;
  CLARY_CHECK(::HMAC(kind, key.data(), static_cast<int>(key.size()),
                     reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), out.data(),
                     &length) != nullptr);
  return {reinterpret_cast<const char*>(out.data()), length};
}

}  // namespace

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  return hmac(EVP_sha256(), key, bytes);
}
std::string hmac_sha1(std::string_view key, std::string_view bytes) {
  return hmac(EVP_sha1(), key, bytes);
}

bool constant_time_equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace clary
