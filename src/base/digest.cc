#include "base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cstdint>

#include "base/check.h"
#include "base/crc.h"

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
      return std::make_unique<EvpHasher>(EVP_md5());
    case DigestKind::kSha1:
      return std::make_unique<EvpHasher>(EVP_sha1());
    case DigestKind::kSha256:
      return std::make_unique<EvpHasher>(EVP_sha256());
    case DigestKind::kCrc32:
      return std::make_unique<CrcHasher<std::uint32_t, Crc32>>();
    case DigestKind::kCrc32c:
      return std::make_unique<CrcHasher<std::uint32_t, Crc32c>>();
    case DigestKind::kCrc64Nvme:
      return std::make_unique<CrcHasher<std::uint64_t, Crc64Nvme>>();
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
