// Cyclic redundancy checks, reflected: CRC-32, CRC-32C, CRC-64/NVME. Pure functions of a
// polynomial; for base/digest.cc.
//
// Long texts are folded 64 bytes at a time with carry-less multiplication where the processor has
// it (V. Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ", Intel 2009),
// the rest goes through tables, eight deep. A reflected word's highest bit is the coefficient of
// x^0, its lowest that of the highest power.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace clary {

template <typename Word, Word kPolynomial>
class Crc {
 public:
  static constexpr Word kInitial = static_cast<Word>(~Word{0});

  // The state after `bytes`; the CRC is its complement.
  static Word update(Word state, std::string_view bytes) {
#if defined(__x86_64__)
    if (bytes.size() >= kFoldBytes && __builtin_cpu_supports("pclmul") &&
        __builtin_cpu_supports("sse4.1")) {
      return fold(state, bytes);
    }
#endif
    return update_by_tables(state, bytes);
  }

  static Word update_by_tables(Word state, std::string_view bytes) {
    std::size_t i = 0;
    for (; i + 8 <= bytes.size(); i += 8) state = fold_eight(state, bytes.data() + i);
    for (; i < bytes.size(); ++i) {
      state = kTables[0][(state ^ static_cast<std::uint8_t>(bytes[i])) & 255U] ^ shifted(state);
    }
    return state;
  }

  // The CRC of two texts joined.   Cost: O(log second_length).
  static Word combine(Word first, Word second, std::uint64_t second_length) {
    Word shift = power_of_x(0);
    Word power = power_of_x(8);  // one byte
    for (; second_length != 0; second_length >>= 1) {
      if ((second_length & 1U) != 0) shift = multiply(shift, power);
      power = multiply(power, power);
    }
    return multiply(shift, first) ^ second;
  }

 private:
  using Tables = std::array<std::array<Word, 256>, 8>;
  static constexpr unsigned kBits = 8 * sizeof(Word);
  static constexpr std::size_t kFoldBytes = 128;  // below, the tables are as fast

  static constexpr Word shifted(Word word) { return static_cast<Word>(std::uint64_t{word} >> 8); }
  static constexpr Word times_x(Word word) {
    return (word & 1U) != 0 ? static_cast<Word>(word >> 1) ^ kPolynomial
                            : static_cast<Word>(word >> 1);
  }
  static constexpr Word power_of_x(unsigned exponent) {
    Word word = Word{1} << (kBits - 1);
    for (unsigned i = 0; i < exponent; ++i) word = times_x(word);
    return word;
  }
  static constexpr Word multiply(Word a, Word b) {
    Word product = 0;
    for (Word bit = Word{1} << (kBits - 1); bit != 0; bit >>= 1) {
      if ((a & bit) != 0) product ^= b;
      b = times_x(b);
    }
    return product;
  }

  static Word fold_eight(Word state, const char* bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, 8);
    word ^= state;
    state = 0;
    for (unsigned k = 0; k < 8; ++k) state ^= kTables[7 - k][word >> (8 * k) & 255U];
    return state;
  }

  static constexpr Tables make_tables() {
    Tables tables{};
    for (unsigned i = 0; i < 256; ++i) {
      Word crc = static_cast<Word>(i);
      for (int bit = 0; bit < 8; ++bit) crc = times_x(crc);
      tables[0][i] = crc;
    }
    for (unsigned t = 1; t < 8; ++t) {
      for (unsigned i = 0; i < 256; ++i) {
        tables[t][i] = tables[0][tables[t - 1][i] & 255U] ^ shifted(tables[t - 1][i]);
      }
    }
    return tables;
  }
  static constexpr Tables kTables = make_tables();

#if defined(__x86_64__)
  // x^exponent as a reflected 64-bit factor.
  static constexpr std::uint64_t factor(unsigned exponent) {
    return static_cast<std::uint64_t>(power_of_x(exponent)) << (64 - kBits);
  }
  // A product of reflected factors comes out multiplied by x, hence one power less. The earlier
  // eight bytes of a block stand 64 powers above the later ones.
  template <unsigned kDistanceBits>
  __attribute__((target("pclmul,sse4.1"))) static __m128i moved(__m128i block) {
    const __m128i factors = _mm_set_epi64x(static_cast<long long>(factor(kDistanceBits - 1)),
                                           static_cast<long long>(factor(kDistanceBits + 63)));
    return _mm_xor_si128(_mm_clmulepi64_si128(block, factors, 0x00),
                         _mm_clmulepi64_si128(block, factors, 0x11));
  }
  __attribute__((target("pclmul,sse4.1"))) static __m128i load(const char* bytes) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  }

  // Precondition: at least 64 bytes.
  __attribute__((target("pclmul,sse4.1"))) static Word fold(Word state, std::string_view bytes) {
    const char* at = bytes.data();
    std::size_t left = bytes.size();
    __m128i lanes[4] = {load(at), load(at + 16), load(at + 32), load(at + 48)};
    lanes[0] =
        _mm_xor_si128(lanes[0], _mm_set_epi64x(0, static_cast<long long>(std::uint64_t{state})));
    for (at += 64, left -= 64; left >= 64; at += 64, left -= 64) {
      for (std::size_t i = 0; i < 4; ++i)
        lanes[i] = _mm_xor_si128(moved<512>(lanes[i]), load(at + 16 * i));
    }
    __m128i block = lanes[0];
    for (std::size_t i = 1; i < 4; ++i) block = _mm_xor_si128(moved<128>(block), lanes[i]);
    for (; left >= 16; at += 16, left -= 16) block = _mm_xor_si128(moved<128>(block), load(at));
    std::array<char, 16> rest{};
    _mm_storeu_si128(reinterpret_cast<__m128i*>(rest.data()), block);
    return update_by_tables(update_by_tables(0, {rest.data(), rest.size()}), {at, left});
  }
#endif
};

using Crc32 = Crc<std::uint32_t, 0xEDB88320U>;
using Crc32c = Crc<std::uint32_t, 0x82F63B78U>;
using Crc64Nvme = Crc<std::uint64_t, 0x9A6C9329AC4BC9B5ULL>;

}  // namespace clary
