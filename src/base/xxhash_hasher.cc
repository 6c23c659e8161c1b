#include "base/xxhash_hasher.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/check.h"

namespace clary {
namespace {

template <typename Canonical>
std::string text_of(const Canonical& digest) {
  return {reinterpret_cast<const char*>(digest.digest), sizeof digest.digest};
}

class XxHasher64 final : public Hasher {
 public:
  XxHasher64() { CLARY_CHECK(XXH64_reset(&state_, 0) == XXH_OK); }

  void update(std::string_view bytes) override {
    CLARY_CHECK(XXH64_update(&state_, bytes.data(), bytes.size()) == XXH_OK);
  }
  std::string finish() override {
    XXH64_canonical_t out;
    XXH64_canonicalFromHash(&out, XXH64_digest(&state_));
    return text_of(out);
  }

 private:
  XXH64_state_t state_;
};

// Of 64 and of 128 bits: the same state, read out twice.
class XxHasher3 final : public Hasher {
 public:
  explicit XxHasher3(bool is_long) : is_long_(is_long) {
    const XXH_errorcode begun = is_long ? XXH3_128bits_reset(&state_) : XXH3_64bits_reset(&state_);
    CLARY_CHECK(begun == XXH_OK);
  }

  void update(std::string_view bytes) override {
    const XXH_errorcode taken = is_long_ ? XXH3_128bits_update(&state_, bytes.data(), bytes.size())
                                         : XXH3_64bits_update(&state_, bytes.data(), bytes.size());
    CLARY_CHECK(taken == XXH_OK);
  }
  std::string finish() override {
    if (is_long_) {
      XXH128_canonical_t out;
      XXH128_canonicalFromHash(&out, XXH3_128bits_digest(&state_));
      return text_of(out);
    }
    XXH64_canonical_t out;
    XXH64_canonicalFromHash(&out, XXH3_64bits_digest(&state_));
    return text_of(out);
  }

 private:
  bool is_long_;
  XXH3_state_t state_;
};

}  // namespace

std::unique_ptr<Hasher> make_xxhasher(DigestKind kind) {
  if (kind == DigestKind::kXxHash64) return std::make_unique<XxHasher64>();
  CLARY_CHECK(kind == DigestKind::kXxHash3 || kind == DigestKind::kXxHash128);
  return std::make_unique<XxHasher3>(kind == DigestKind::kXxHash128);
}

}  // namespace clary
