#include "base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/check.h"
#include "base/crc.h"
#include "base/xxhash_hasher.h"

namespace clary {
namespace {

// OpenSSL's algorithms, looked up once: EVP_sha256() and its kin are looked up at every use.
const EVP_MD* fetched_md5() {
  static const EVP_MD* const kind = EVP_MD_fetch(nullptr, "MD5", nullptr);
  return kind;
}
const EVP_MD* fetched_sha1() {
  static const EVP_MD* const kind = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  return kind;
}
const EVP_MD* fetched_sha256() {
  static const EVP_MD* const kind = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return kind;
}
const EVP_MD* fetched_sha512() {
  static const EVP_MD* const kind = EVP_MD_fetch(nullptr, "SHA512", nullptr);
  return kind;
}

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

template <typename Word, typename Kind>
class CrcHasher final : public Hasher {
 public:
  void update(std::string_view bytes) override { state_ = Kind::update(state_, bytes); }
  std::string finish() override { return big_endian(static_cast<Word>(~state_)); }

 private:
  Word state_ = Kind::kInitial;
};

template <typename Word, typename Kind>
std::string combine(std::string_view first, std::string_view second, std::uint64_t second_length) {
  const auto read = [](std::string_view bytes) {
    Word word = 0;
    for (const char c : bytes) word = word << 8 | static_cast<std::uint8_t>(c);
    return word;
  };
  return big_endian(Kind::combine(read(first), read(second), second_length));
}

}  // namespace

std::unique_ptr<Hasher> make_hasher(DigestKind kind) {
  switch (kind) {
    case DigestKind::kMd5:
      return std::make_unique<EvpHasher>(fetched_md5());
    case DigestKind::kSha1:
      return std::make_unique<EvpHasher>(fetched_sha1());
    case DigestKind::kSha256:
      return std::make_unique<EvpHasher>(fetched_sha256());
    case DigestKind::kSha512:
      return std::make_unique<EvpHasher>(fetched_sha512());
    case DigestKind::kCrc32:
      return std::make_unique<CrcHasher<std::uint32_t, Crc32>>();
    case DigestKind::kCrc32c:
      return std::make_unique<CrcHasher<std::uint32_t, Crc32c>>();
    case DigestKind::kCrc64Nvme:
      return std::make_unique<CrcHasher<std::uint64_t, Crc64Nvme>>();
    case DigestKind::kXxHash64:
    case DigestKind::kXxHash3:
    case DigestKind::kXxHash128:
      return make_xxhasher(kind);
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
      return combine<std::uint32_t, Crc32>(first, second, second_length);
    case DigestKind::kCrc32c:
      return combine<std::uint32_t, Crc32c>(first, second, second_length);
    case DigestKind::kCrc64Nvme:
      return combine<std::uint64_t, Crc64Nvme>(first, second, second_length);
    default:
      break;
  }
  CLARY_CHECK(false && "combine_crc: not a CRC");
  return {};
}

namespace {

constexpr std::size_t kHmacBlockBytes = 64;  // of SHA-1 and of SHA-256

// By hand, because OpenSSL's own looks its algorithm up again for every text.
std::string hmac(DigestKind kind, std::string_view key, std::string_view bytes) {
  const std::string short_key = key.size() > kHmacBlockBytes ? digest(kind, key) : std::string(key);
  const auto padded = [&](char pad) {
    std::array<char, kHmacBlockBytes> block{};
    std::copy(short_key.begin(), short_key.end(), block.begin());
    for (char& c : block) c = static_cast<char>(c ^ pad);
    return block;
  };
  const auto hash = [&](char pad, std::string_view text) {
    const std::array<char, kHmacBlockBytes> block = padded(pad);
    const auto hasher = make_hasher(kind);
    hasher->update({block.data(), block.size()});
    hasher->update(text);
    return hasher->finish();
  };
  return hash(0x5c, hash(0x36, bytes));
}

}  // namespace

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  return hmac(DigestKind::kSha256, key, bytes);
}
std::string hmac_sha1(std::string_view key, std::string_view bytes) {
  return hmac(DigestKind::kSha1, key, bytes);
}

bool constant_time_equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace clary
