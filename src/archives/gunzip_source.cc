#include "archives/gunzip_source.h"

#include <string>
#include <string_view>
#include <vector>

#include "base/deflate.h"

namespace clary::archives {
namespace {

constexpr std::size_t kPackedPieceBytes = 256 << 10;

class GunzipSource final : public net::ByteSource {
 public:
  GunzipSource(net::ByteSource& packed, AfterGzip after)
      : packed_(packed), after_(after), piece_(kPackedPieceBytes) {}

  Result<std::size_t> read(std::span<char> into) override {
    while (!into.empty() && !over_) {
      const Inflater::Step step = inflater_.step(left_, into);
      left_.remove_prefix(step.taken);
      if (step.taken > 0) between_members_ = false;
      if (step.state == Inflater::State::kBroken) {
        if (!is_rest()) return invalid_argument("not a gzip: " + std::string(inflater_.fault()));
        over_ = true;
      } else if (step.state == Inflater::State::kEnded) {
        inflater_.reset();
        any_member_ = between_members_ = true;
      }
      if (step.made > 0) return step.made;
      if (!over_ && left_.empty()) CLARY_RETURN_IF_ERROR(refill());
    }
    return std::size_t{0};
  }

 private:
  Status refill() {
    CLARY_TRY(const std::size_t got, packed_.read(piece_));
    left_ = {piece_.data(), got};
    if (got > 0) return {};
    if (!between_members_ && !is_rest()) return invalid_argument("not a whole gzip: it ends early");
    over_ = true;
    return {};
  }

  // Whether what is at hand is no member but what may follow the last one.
  bool is_rest() const {
    return after_ == AfterGzip::kAnything && any_member_ && inflater_.in_header();
  }

  net::ByteSource& packed_;
  const AfterGzip after_;
  std::vector<char> piece_;
  std::string_view left_;  // of piece_, not unpacked yet
  Inflater inflater_{Wrapping::kGzip};
  bool any_member_ = false;       // is whole
  bool between_members_ = false;  // nothing of a further one was seen
  bool over_ = false;
};

}  // namespace

std::unique_ptr<net::ByteSource> gunzip_source(net::ByteSource& packed, AfterGzip after) {
  return std::make_unique<GunzipSource>(packed, after);
}

}  // namespace clary::archives
