#include "hosting/live_endpoints.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/strings.h"
#include "base/thread_pool.h"
#include "hosting/container_call.h"

namespace clary::hosting {
namespace {

constexpr Duration kTableLook = std::chrono::milliseconds(100);

std::string quoted(const EndpointName& endpoint) { return "Endpoint '" + endpoint.value() + "'"; }

bool takes_calls(domain::EndpointStatus status) {
  return status == domain::EndpointStatus::kInService ||
         status == domain::EndpointStatus::kUpdating ||
         status == domain::EndpointStatus::kRollingBack;
}

// Source: the sentence of InvokeEndpoint's ModelError.
std::string timeout_sentence(const std::string& container) {
  return "Your invocation timed out while waiting for a response from container " + container +
         ". Review the latency metrics for each container in Amazon CloudWatch, resolve the issue, "
         "and try again.";
}

// A serverless one is there also without an instance.
bool can_take_calls(const LiveVariant* variant) {
  return variant->gate != nullptr || !variant->instances.empty();
}

// What a container says of a failure, as much of it as anybody is told.
Result<std::string> read_failure(net::ByteSource& body) {
  constexpr std::size_t kMostBytes = 1 << 20;
  std::string text;
  std::string piece(16 << 10, '\0');
  while (text.size() < kMostBytes) {
    CLARY_TRY(const std::size_t count, body.read(piece));
    if (count == 0) break;
    text.append(piece, 0, count);
  }
  return text;
}

// One more while it lives.
class CountedIn {
 public:
  explicit CountedIn(std::atomic<int>& count) : count_(count), now_(++count) {}
  CountedIn(const CountedIn&) = delete;
  CountedIn& operator=(const CountedIn&) = delete;
  ~CountedIn() { --count_; }
  int now() const { return now_; }

 private:
  std::atomic<int>& count_;
  const int now_;
};

}  // namespace

class LiveEndpoints::Place {
 public:
  Place(EndpointName endpoint, const LiveVariant& variant, std::shared_ptr<LiveInstance> instance)
      : endpoint_(std::move(endpoint)),
        variant_(variant.name),
        direct_(variant.direct),
        instances_(variant.instances.size()),
        instance_(std::move(instance)) {
    instance_->begin_call();
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { instance_->end_call(); }

  const EndpointName& endpoint() const { return endpoint_; }  // as it was created
  const std::string& variant() const { return variant_; }
  bool direct() const { return direct_; }
  std::size_t instances() const { return instances_; }
  const LiveInstance& instance() const { return *instance_; }
  const std::vector<LiveContainer>& containers() const { return instance_->containers(); }

 private:
  EndpointName endpoint_;
  std::string variant_;
  bool direct_;
  std::size_t instances_;
  std::shared_ptr<LiveInstance> instance_;
};

// One call on its way through the containers.
class LiveEndpoints::Invocation {
 public:
  Invocation(LiveEndpoints& endpoints, EndpointCall call, bool streams)
      : endpoints_(endpoints),
        counted_(endpoints.calls_),
        call_(std::move(call)),
        streams_(streams),
        began_(endpoints.clock_.steady()),
        wish_{.call = call_,
              .variant = call_.target_variant,
              .wait_until = began_ + endpoints.options_.patience,
              .end = began_ + endpoints.options_.limit} {}

  // Counted where its answer is whole; else count() is owed.
  Result<EndpointStream> run() {
    if (counted_.now() > endpoints_.options_.most_calls)
      return unavailable("Too many calls to endpoints are under way; try again soon");
    endpoints_.wait_for_other(nullptr, wish_.wait_until);  // for the first table of all
    CLARY_TRY(place_, endpoints_.find_place(wish_));
    wish_.variant = place_->variant();
    endpoint_ = place_->endpoint();
    Result<EndpointStream> out = through_containers();
    const bool refused = !out.ok() && out.error().code == ErrorCode::kInvalidArgument;
    if (!out.ok()) {
      count(refused ? 400 : 500);
    } else if (out->pieces == nullptr) {
      count(out->answer.status);
    }
    return out;
  }

  void count(int status) {
    const Duration elapsed = endpoints_.clock_.steady() - began_;
    endpoints_.metrics_.count({.endpoint = endpoint_,
                               .variant = wish_.variant,
                               .status = status,
                               .model = in_model_,
                               .overhead = elapsed - in_model_,
                               .instances = instances_});
  }

  // A piece of an answer that has begun.
  Result<std::size_t> read(net::ByteSource& pieces, std::span<char> into) {
    const LentPlace lent;
    const Duration began = endpoints_.clock_.steady();
    if (began - began_ >= endpoints_.options_.stream_limit) return timed_out("its time is over");
    Result<std::size_t> count = pieces.read(into);
    in_model_ += endpoints_.clock_.steady() - began;
    return count;
  }

 private:
  using Range = std::pair<std::size_t, std::size_t>;
  // Which containers the call passes.
  Result<Range> range() const {
    const std::vector<LiveContainer>& all = place_->containers();
    if (!place_->direct()) {
      if (!call_.target_container.empty())
        return invalid_argument(quoted(call_.endpoint) +
                                " has no containers that are called by their names");
      return Range(0, all.size());
    }
    if (call_.target_container.empty())
      return invalid_argument(quoted(call_.endpoint) + " needs a TargetContainerHostname");
    const auto found = std::ranges::find(all, call_.target_container, &LiveContainer::name);
    if (found == all.end()) {
      return invalid_argument(quoted(call_.endpoint) + " has no container '" +
                              call_.target_container + "'");
    }
    const auto at = static_cast<std::size_t>(found - all.begin());
    return Range(at, at + 1);
  }

  // Beside containers of one model there may be one of many, for which the model is named.
  Status check_model(const Range& range) const {
    const std::vector<LiveContainer>& all = place_->containers();
    bool many = false;
    for (std::size_t at = range.first; at < range.second; ++at) many = many || all[at].many_models;
    if (many == !call_.target_model.empty()) return {};
    return invalid_argument(quoted(call_.endpoint) +
                            (many ? " hosts many models: a TargetModel must be named"
                                  : " does not host many models: TargetModel is not for it"));
  }

  Result<EndpointStream> through_containers() {
    instances_ = place_->instances();
    CLARY_TRY(const Range range, this->range());
    CLARY_RETURN_IF_ERROR(check_model(range));
    ContainerInput input{.call = call_, .content_type = call_.content_type};
    input.body = std::move(call_.body);
    for (std::size_t at = range.first; at < range.second; ++at) {
      input.last = at + 1 == range.second;
      CLARY_TRY(EndpointStream out, in_container(at, input));
      EndpointAnswer& answer = out.answer;
      answer.variant = place_->variant();
      answer.container = place_->containers()[at].name;
      answer.log_stream = place_->containers()[at].log_stream;
      if (input.last || answer.status / 100 != 2) return out;
      input.content_type = std::move(answer.content_type);
      input.body = std::move(answer.body);
    }
    return internal_error(quoted(call_.endpoint) + " has an instance without containers");
  }

  // At another instance where this one has not read it.
  Result<EndpointStream> in_container(std::size_t at, const ContainerInput& input) {
    for (;;) {
      const LiveContainer& container = place_->containers()[at];
      const Duration began = endpoints_.clock_.steady();
      const Duration left = began_ + endpoints_.options_.limit - began;
      if (left <= Duration(0)) return timed_out(timeout_sentence(container.name));
      Result<EndpointStream> reply = ask(container, input, left);
      in_model_ += endpoints_.clock_.steady() - began;
      if (reply.ok()) return reply;
      switch (reply.error().code) {
        case ErrorCode::kUnavailable:
          break;
        case ErrorCode::kTimeout:
          return timed_out(timeout_sentence(container.name));
        case ErrorCode::kInvalidArgument:
          return reply.error();
        default:  // the container's own end: an answer of its, as SageMaker has it
          return EndpointStream{.answer = {.status = 500,
                                           .body = "The container ended before it had answered: " +
                                                   reply.error().message}};
      }
      endpoints_.on_unreachable_();
      wish_.tried.push_back(&place_->instance());
      tried_.push_back(std::move(place_));
      CLARY_TRY(place_, endpoints_.find_place(wish_));
      if (at >= place_->containers().size())
        return unavailable(quoted(call_.endpoint) + " has changed meanwhile; try again");
    }
  }

  // Of a call that streams, the last container's success is handed on as it comes.
  Result<EndpointStream> ask(const LiveContainer& container, const ContainerInput& input,
                             Duration limit) const {
    if (!streams_ || !input.last) {
      CLARY_TRY(net::ClientReply reply, call_container(container, input, limit));
      return EndpointStream{.answer = answer_of(std::move(reply))};
    }
    CLARY_TRY(net::ClientStream reply, open_container(container, input, limit));
    EndpointStream out{.answer = answer_of(std::move(reply.head))};
    if (out.answer.status / 100 == 2) {
      out.pieces = std::move(reply.body);
    } else {
      CLARY_TRY(out.answer.body, read_failure(*reply.body));
    }
    return out;
  }

  LiveEndpoints& endpoints_;
  const CountedIn counted_;
  EndpointCall call_;
  const bool streams_;
  const Duration began_;
  Wish wish_;
  EndpointName endpoint_;  // as it was created
  std::unique_ptr<Place> place_;
  std::vector<std::unique_ptr<Place>> tried_;  // held, so that none is taken for another
  std::size_t instances_ = 1;
  Duration in_model_{0};
};

LiveEndpoints::LiveEndpoints(const Clock& clock, EndpointMetrics& metrics,
                             std::function<double()> random, LiveEndpointsOptions options)
    : clock_(clock), metrics_(metrics), options_(options), random_(std::move(random)) {}

// An answer on its way out, with the call that it belongs to: its instance is busy until it ends.
class LiveEndpoints::Pieces final : public net::ByteSource {
 public:
  Pieces(std::unique_ptr<Invocation> invocation, EndpointStream& begun)
      : invocation_(std::move(invocation)),
        status_(begun.answer.status),
        inner_(std::move(begun.pieces)) {}
  ~Pieces() override { invocation_->count(status_); }

  Result<std::size_t> read(std::span<char> into) override {
    Result<std::size_t> count = invocation_->read(*inner_, into);
    if (!count.ok()) status_ = 500;
    return count;
  }

 private:
  std::unique_ptr<Invocation> invocation_;
  int status_;
  std::unique_ptr<net::ByteSource> inner_;  // ends before the link that it is read from
};

Result<EndpointAnswer> LiveEndpoints::invoke(EndpointCall call) {
  const LentPlace lent;
  CLARY_TRY(EndpointStream whole, Invocation(*this, std::move(call), false).run());
  return std::move(whole.answer);
}

Result<EndpointStream> LiveEndpoints::invoke_streaming(EndpointCall call) {
  auto invocation = std::make_unique<Invocation>(*this, std::move(call), true);
  const LentPlace lent;
  CLARY_TRY(EndpointStream begun, invocation->run());
  if (begun.pieces != nullptr)
    begun.pieces = std::make_unique<Pieces>(std::move(invocation), begun);
  return begun;
}

void LiveEndpoints::replace(std::shared_ptr<const LiveTable> table) {
  {
    MutexLock lock(mutex_);
    table_ = std::move(table);
  }
  changed_.notify_all();
}

Result<std::unique_ptr<LiveEndpoints::Place>> LiveEndpoints::find_place(Wish& wish) {
  for (bool told = false;;) {
    std::shared_ptr<const LiveTable> seen;
    Duration until = wish.wait_until;
    bool cold = false;
    {
      MutexLock lock(mutex_);
      seen = table_;
      if (seen == nullptr)
        return unavailable(quoted(wish.call.endpoint) + " is not looked after yet; try again soon");
      CLARY_TRY(const LiveVariant* const variant, choose_variant(*seen, wish));
      CLARY_RETURN_IF_ERROR(enter_gate(*variant, wish));
      if (auto instance = least_busy(*variant, wish)) {
        const EndpointName& name = seen->find(to_lower(wish.call.endpoint.value()))->second.name;
        return std::make_unique<Place>(name, *variant, std::move(instance));
      }
      const bool worth_it = variant->coming || !wish.tried.empty();
      if (variant->gate != nullptr) {
        CLARY_RETURN_IF_ERROR(check_cold(*variant, wish));
        until = wish.end;
        cold = true;
      } else if (!worth_it || clock_.steady() >= until) {
        return unavailable("The variant '" + variant->name + "' of " + quoted(wish.call.endpoint) +
                           " has no instance that takes calls now");
      }
    }
    if (cold && !std::exchange(told, true)) on_wanted_();
    wait_for_other(seen, until);
  }
}

Status LiveEndpoints::check_cold(const LiveVariant& variant, const Wish& wish) const {
  if (!variant.coming && variant.last_failed > wish.failed_before) {
    return unavailable("No instance of the variant '" + variant.name + "' of " +
                       quoted(wish.call.endpoint) + " could be started: " + variant.failure);
  }
  if (clock_.steady() >= wish.end) return timed_out(timeout_sentence("primary"));
  return {};
}

void LiveEndpoints::wait_for_other(const std::shared_ptr<const LiveTable>& seen, Duration until) {
  MutexLock lock(mutex_);
  while (table_ == seen && clock_.steady() < until) changed_.wait_for(mutex_, kTableLook);
}

Result<const LiveVariant*> LiveEndpoints::choose_variant(const LiveTable& table, const Wish& wish) {
  const auto found = table.find(to_lower(wish.call.endpoint.value()));
  if (found == table.end()) return not_found(quoted(wish.call.endpoint) + " not found.");
  const LiveEndpoint& endpoint = found->second;
  if (!takes_calls(endpoint.status)) {
    return invalid_argument(quoted(endpoint.name) + " takes no calls while it is " +
                            std::string(domain::endpoint_status_name(endpoint.status)) + ".");
  }
  std::vector<const LiveVariant*> open;
  for (const LiveVariant& variant : endpoint.variants) {
    if (variant.shadow) continue;
    if (variant.name == wish.variant) return &variant;
    if (variant.gate != nullptr && variant.gate.get() == wish.pass.gate()) return &variant;
    open.push_back(&variant);
  }
  if (!wish.variant.empty())
    return invalid_argument(quoted(endpoint.name) + " has no variant '" + wish.variant + "'.");
  if (open.empty()) return invalid_argument(quoted(endpoint.name) + " has no variant.");
  // What has no instance leaves its share to the others.
  if (std::ranges::any_of(open, can_take_calls))
    std::erase_if(open, [](const LiveVariant* variant) { return !can_take_calls(variant); });
  double total = 0;
  for (const LiveVariant* variant : open) total += variant->weight;
  double left = random_() * total;
  for (const LiveVariant* variant : open) {
    left -= variant->weight;
    if (left < 0) return variant;
  }
  return open.front();  // nothing weighs anything
}

std::shared_ptr<LiveInstance> LiveEndpoints::least_busy(const LiveVariant& variant,
                                                        const Wish& wish) {
  std::shared_ptr<LiveInstance> least;
  const std::size_t count = variant.instances.size();
  ++turn_;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& instance = variant.instances[(turn_ + i) % count];
    if (std::ranges::find(wish.tried, instance.get()) != wish.tried.end()) continue;
    if (least == nullptr || instance->calls_under_way() < least->calls_under_way())
      least = instance;
  }
  return least;
}

}  // namespace clary::hosting
