#include "wire/gzip_body.h"

#include <array>

#include "base/deflate.h"

namespace clary::wire {

Result<std::string> gunzip(std::string_view packed, std::size_t limit) {
  using enum Inflater::State;
  Inflater inflater(Wrapping::kGzip);
  std::string out;
  std::array<char, std::size_t{64} << 10> piece;
  for (;;) {
    const Inflater::Step step = inflater.step(packed, piece);
    packed.remove_prefix(step.taken);
    out.append(piece.data(), step.made);
    if (out.size() > limit) return limit_exceeded("the unpacked body is too large");
    if (step.state == kEnded) return out;
    if (step.state == kBroken || (step.made == 0 && packed.empty()))
      return invalid_argument("the body is not whole gzip data");
  }
}

}  // namespace clary::wire
