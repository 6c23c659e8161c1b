#include "serving/joint_runs.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "serving/joint_rows.h"

namespace clary::serving {
namespace {

// More of one input than this saves nothing, and is held besides the requests' own.
constexpr std::size_t kMostJointBytes = 64 << 20;
constexpr std::size_t kTried = 2;  // at once, so that a trial costs little

class InputGroup {
 public:
  InputGroup(const JointCall& call, std::span<Tensor> inputs) : call_(call), inputs_(inputs) {}

  bool takes(std::size_t index, Joining joining) const {
    return joining == joining_ && can_be_joined(inputs_[members_.front()], inputs_[index]) &&
           bytes_ + inputs_[index].byte_count() <= kMostJointBytes;
  }
  void add(std::size_t index, Joining joining) {
    members_.push_back(index);
    joining_ = joining;
    bytes_ += inputs_[index].byte_count();
  }

  // Returns whether it tried something.
  bool run() {
    if (joining_ == Joining::kTry) return try_joint();
    if (joining_ == Joining::kNever || members_.size() == 1 || !run_joint()) {
      for (const std::size_t index : members_) run_alone(index);
    }
    return false;
  }

 private:
  std::optional<PluginResult> run_alone(std::size_t index) {
    const Duration began = call_.clock.steady();
    Result<PluginResult> result = call_.model.run(inputs_[index]);
    const Duration took = call_.clock.steady() - began;
    if (!result.ok()) {
      call_.take(index, result.error(), took);
      return std::nullopt;
    }
    call_.take(index, result->prediction(), took);
    return std::optional<PluginResult>(std::move(*result));
  }

  // Of the first so many members.
  std::vector<const Tensor*> members(std::size_t count) const {
    std::vector<const Tensor*> tensors;
    for (std::size_t i = 0; i < count; ++i) tensors.push_back(&inputs_[members_[i]]);
    return tensors;
  }

  // Calls `each` with the place and the rows of each of the first members, those whose rows these
  // are. False: the prediction has not so many rows.
  template <typename Each>
  bool each_rows(const Prediction& joint, const RowRange& all, const Each& each) const {
    std::vector<PredictionRows> parts;
    std::int64_t first = all.first;
    while (first < all.first + all.count) {
      const std::int64_t own = inputs_[members_[parts.size()]].shape[0];
      std::optional<PredictionRows> rows =
          rows_of(joint, {.first = first, .count = own, .total = all.total});
      if (!rows) return false;
      parts.push_back(std::move(*rows));
      first += own;
    }
    for (std::size_t i = 0; i < parts.size(); ++i) each(i, parts[i].prediction);
    return true;
  }

  // False: nothing was answered.
  bool run_joint() {
    Tensor input = join_rows(members(members_.size()));
    const Duration began = call_.clock.steady();
    const Result<PluginResult> result = call_.model.run(input);
    const Duration took = call_.clock.steady() - began;
    if (!result.ok()) return false;
    const Result<Prediction> joint = result->prediction();
    if (!joint.ok()) return false;
    const std::int64_t total = input.shape[0];
    const bool is_whole = each_rows(
        *joint, {.first = 0, .count = total, .total = total},
        [&](std::size_t i, const Prediction& rows) { call_.take(members_[i], rows, took); });
    if (is_whole) return true;
    for (const std::size_t index : members_)
      call_.proofs.add(inputs_[index], TrialOutcome::kDiffered);
    return false;
  }

  // Answers come from each one's own run. Returns whether there was another.
  bool try_joint() {
    const std::size_t tried = std::min(members_.size(), kTried);
    std::vector<PluginResult> own;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      std::optional<PluginResult> result = run_alone(members_[i]);
      if (result && i < tried) own.push_back(std::move(*result));
    }
    if (own.size() < tried) return false;
    const std::optional<TrialOutcome> outcome = trial(own);
    if (!outcome) return false;
    for (std::size_t i = 0; i < tried; ++i) call_.proofs.add(inputs_[members_[i]], *outcome);
    return true;
  }

  // Before the first members and behind them goes an input that none of them sent: theirs may be
  // equal, or there may be one alone, and then nothing would be seen of what a row does to those
  // behind it, or before it. Nothing: there is no such input, or it would be too much.
  std::optional<TrialOutcome> trial(const std::vector<PluginResult>& own) const {
    std::size_t bytes = 2 * inputs_[members_.front()].byte_count();
    for (const Tensor* input : members(own.size())) bytes += input->byte_count();
    if (bytes > kMostJointBytes) return std::nullopt;
    const std::optional<Tensor> other = other_input(inputs_[members_.front()]);
    if (!other) return std::nullopt;
    std::vector<const Tensor*> tensors = members(own.size());
    tensors.insert(tensors.begin(), &*other);
    tensors.push_back(&*other);
    Tensor input = join_rows(tensors);
    const Result<PluginResult> result = call_.model.run(input);
    if (!result.ok()) return TrialOutcome::kFailed;
    const Result<Prediction> joint = result->prediction();
    bool agreed = joint.ok();
    const auto compare = [&](std::size_t i, const Prediction& rows) {
      const Result<Prediction> alone = own[i].prediction();
      agreed = agreed && alone.ok() && are_nearly_same(*alone, rows);
    };
    const std::int64_t total = input.shape[0];
    const std::int64_t around = other->shape[0];
    const RowRange theirs = {.first = around, .count = total - 2 * around, .total = total};
    agreed = agreed && each_rows(*joint, theirs, compare) && agreed;
    return agreed ? TrialOutcome::kAgreed : TrialOutcome::kDiffered;
  }

  const JointCall& call_;
  std::span<Tensor> inputs_;
  std::vector<std::size_t> members_;
  Joining joining_ = Joining::kNever;
  std::size_t bytes_ = 0;
};

}  // namespace

bool run_jointly(const JointCall& call, std::span<Tensor> inputs) {
  std::vector<InputGroup> groups;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Joining joining = has_rows(inputs[i]) ? call.proofs.next(inputs[i]) : Joining::kNever;
    const auto group = joining == Joining::kNever
                           ? groups.end()
                           : std::ranges::find_if(groups, [&](const InputGroup& each) {
                               return each.takes(i, joining);
                             });
    (group == groups.end() ? groups.emplace_back(call, inputs) : *group).add(i, joining);
  }
  bool tried = false;
  for (InputGroup& group : groups) tried = group.run() || tried;
  return tried;
}

}  // namespace clary::serving
