#include "serving/row_proofs.h"

#include <utility>

namespace clary::serving {

RowProofs::Proof* RowProofs::of(const Tensor& input) {
  Key key(input.dtype, input.shape);
  const auto found = proofs_.find(key);
  if (found != proofs_.end()) return &found->second;
  if (proofs_.size() >= kMostShapes) return nullptr;
  return &proofs_[std::move(key)];
}

Joining RowProofs::next(const Tensor& input) {
  MutexLock lock(mutex_);
  Proof* const proof = of(input);
  if (proof == nullptr || proof->failed) return Joining::kNever;
  if (proof->agreed < kProofs) return Joining::kTry;
  return ++proof->joined % kEvery == 0 ? Joining::kTry : Joining::kJoin;
}

void RowProofs::add(const Tensor& input, TrialOutcome outcome) {
  MutexLock lock(mutex_);
  Proof* const proof = of(input);
  if (proof == nullptr) return;
  if (outcome == TrialOutcome::kAgreed) ++proof->agreed;
  if (outcome == TrialOutcome::kDiffered) proof->failed = true;
  if (outcome == TrialOutcome::kFailed && proof->agreed < kProofs) proof->failed = true;
}

}  // namespace clary::serving
