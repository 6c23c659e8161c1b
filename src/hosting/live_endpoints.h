// LiveEndpoints: takes calls to the instances that a table names: a variant by its weight, the
// instance with the fewest calls under way, its containers one after the other.
//
// A call that a container has not read goes to another instance; one that it has read fails with
// it. A call of a serverless variant passes its gate, and waits where an instance must be started.
// Of the calls that an endpoint's rules ask for, copies are given to who captures them, and to who
// sends them to shadow variants. Thread-safe; a call lends its thread's place out while it waits.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "hosting/async_call.h"
#include "hosting/captured_call.h"
#include "hosting/endpoint_calls.h"
#include "hosting/endpoint_metrics.h"
#include "hosting/endpoint_sights.h"
#include "hosting/live_table.h"

namespace clary::hosting {

struct LiveEndpointsOptions {
  Duration limit = std::chrono::seconds(60);  // of one invocation. Source: contract.md 7.1
  // Of an answer in pieces, which come at most `limit` apart. Source: the service's limit.
  Duration stream_limit = std::chrono::minutes(8);
  Duration patience = std::chrono::seconds(5);  // with a variant whose instance is being started
  // Under way at a time. Fewer than the server's waiting threads: others' requests come through,
  // those of starting instances for their models too.
  int most_calls = 448;
  // Of the bodies of one call that is captured: larger ones are not copied.
  std::size_t most_captured_bytes = 64U << 20;
};

class LiveEndpoints final : public EndpointCalls, public EndpointSights {
 public:
  // random: in [0, 1); called by one thread at a time. clock and metrics outlive the object.
  LiveEndpoints(const Clock& clock, EndpointMetrics& metrics, std::function<double()> random,
                LiveEndpointsOptions options = {});

  Result<EndpointAnswer> invoke(EndpointCall call) override;
  Result<EndpointStream> invoke_streaming(EndpointCall call) override;
  std::optional<VariantSight> sight(const EndpointName& endpoint,
                                    const std::string& variant) override;
  // The same at the shadow variant that the call's target_variant names.
  Result<EndpointAnswer> invoke_shadow(EndpointCall call);

  // Of an endpoint that takes calls to be answered later. NotFound; InvalidArgument: it takes none,
  // or none now; Unavailable: it is not known yet.
  Result<AsyncRules> async_rules(const EndpointName& endpoint);
  // Of all that take such calls now.
  std::vector<AsyncRules> all_async_rules();
  // Calls under way fail, those that wait for an instance too, and so do all that come.
  void abort();

  // Calls that begin from now on go by it. Before the first, calls wait: after a restart an
  // endpoint is not known yet, and not one that is not there.
  void replace(std::shared_ptr<const LiveTable> table);
  // Told when an instance could not be reached; by any thread, only to wake another. Set before
  // the first call.
  void set_on_unreachable(std::function<void()> told) { on_unreachable_ = std::move(told); }
  // Told when a call waits for a serverless variant that has no instance; the same.
  void set_on_wanted(std::function<void()> told) { on_wanted_ = std::move(told); }
  // Given every sampled call that was answered with success, one that streams at the end of its
  // answer; by any thread, must not block. Set before the first call.
  void set_on_captured(std::function<void(CapturedCall)> taken) { on_captured_ = std::move(taken); }
  // Given what is to go to invoke_shadow(), before the call itself is sent; the same.
  void set_on_shadowed(std::function<void(EndpointCall)> taken) { on_shadowed_ = std::move(taken); }

 private:
  enum class Manner { kWhole, kInPieces, kShadow };  // of an answer
  class Invocation;
  class Pieces;
  // An instance with a call under way to it.
  class Place;
  struct Wish {
    const EndpointCall& call;
    std::string variant;                       // "": by weight
    bool shadow = false;                       // one of those that answer nobody
    std::vector<const LiveInstance*> tried{};  // not these
    Duration wait_until{0};                    // on the steady clock
    Duration end{0};                           // of the invocation, on the same
    GatePass pass{};                           // of a serverless variant
    int failed_before = 0;                     // LiveVariant::last_failed when it was entered
    EndpointName asked_endpoint{};             // find_place(): as it was created, ...
    std::string asked_variant{};               // ... and where a place was sought last
  };
  // What is done with copies of a call, by the luck of the draw.
  struct Copies {
    std::shared_ptr<const domain::DataCapture> capture;  // null: it is not captured
    std::vector<std::string> shadows;                    // variants
  };
  Result<std::unique_ptr<Place>> find_place(Wish& wish);
  Copies choose_copies(const LiveEndpoint& endpoint, const Wish& wish) CLARY_REQUIRES(mutex_);
  Status enter_gate(const LiveVariant& variant, Wish& wish) CLARY_REQUIRES(mutex_);
  // Nothing: it is worth waiting until `end` for the variant's first instance.
  Status check_cold(const LiveVariant& variant, const Wish& wish) const;
  Result<const LiveVariant*> choose_variant(const LiveEndpoint& endpoint, const Wish& wish)
      CLARY_REQUIRES(mutex_);
  std::shared_ptr<LiveInstance> least_busy(const LiveVariant& variant, const Wish& wish)
      CLARY_REQUIRES(mutex_);
  // Until the table is another than `seen`, or abort().
  void wait_for_other(const std::shared_ptr<const LiveTable>& seen, Duration until);

  const Clock& clock_;
  EndpointMetrics& metrics_;
  const LiveEndpointsOptions options_;
  std::function<void()> on_unreachable_ = [] {};
  std::function<void()> on_wanted_ = [] {};
  std::function<void(CapturedCall)> on_captured_ = [](CapturedCall) {};
  std::function<void(EndpointCall)> on_shadowed_ = [](EndpointCall) {};
  std::atomic<int> calls_ = 0;
  Mutex mutex_;
  CondVar changed_;
  std::function<double()> random_ CLARY_GUARDED_BY(mutex_);
  std::shared_ptr<const LiveTable> table_ CLARY_GUARDED_BY(mutex_);  // null before the first
  // Those of earlier tables too, while anything of them is left.
  std::set<std::weak_ptr<LiveInstance>, std::owner_less<>> known_ CLARY_GUARDED_BY(mutex_);
  std::size_t turn_ CLARY_GUARDED_BY(mutex_) = 0;  // who comes first among the equally busy
  bool aborted_ CLARY_GUARDED_BY(mutex_) = false;
};

}  // namespace clary::hosting
