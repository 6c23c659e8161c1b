// RowProofs: for which inputs a model was seen to answer each row by itself, so that the rows of
// several requests may be run as one input.
//
// Shapes are looked at as requests send them: a model may treat a single row otherwise than two
// (torch.squeeze). A shape that was found otherwise once is never joined again. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "base/mutex.h"
#include "serving/tensor.h"

namespace clary::serving {

enum class Joining {
  kNever,
  kTry,  // beside each request's own run; what the joint one gave is compared and thrown away
  kJoin,
};

enum class TrialOutcome {
  kAgreed,
  kDiffered,
  kFailed,  // the joint run did: a shape that had agreed before is joined all the same
};

class RowProofs {
 public:
  static constexpr int kProofs = 4;                // requests that agreed, before a shape is joined
  static constexpr std::uint64_t kEvery = 1024;    // of so many that are joined one is tried again
  static constexpr std::size_t kMostShapes = 256;  // others are never joined

  // What to do with an input of that shape next.
  Joining next(const Tensor& input);
  // What came of a trial with it; kDiffered also where a joint run gave what has no such rows.
  void add(const Tensor& input, TrialOutcome outcome);

 private:
  struct Proof {
    int agreed = 0;
    bool failed = false;
    std::uint64_t joined = 0;
  };
  using Key = std::pair<DType, Shape>;
  // Null where there are too many.
  Proof* of(const Tensor& input) CLARY_REQUIRES(mutex_);

  Mutex mutex_;
  std::map<Key, Proof> proofs_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::serving
