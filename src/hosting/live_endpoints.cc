#include "hosting/live_endpoints.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "base/thread_pool.h"
#include "hosting/container_call.h"

namespace clary::hosting {
namespace {

constexpr Duration kTableLook = std::chrono::milliseconds(100);

std::string quoted(const EndpointName& endpoint) { return "Endpoint '" + endpoint.value() + "'"; }

// Source: the sentence of InvokeEndpoint's ModelError.
std::string timeout_sentence(const std::string& container) {
  return "Your invocation timed out while waiting for a response from container " + container +
         ". Review the latency metrics for each container in Amazon CloudWatch, resolve the issue, "
         "and try again.";
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
  Place(EndpointName endpoint, const LiveVariant& variant, std::shared_ptr<LiveInstance> instance,
        Copies copies)
      : endpoint_(std::move(endpoint)),
        variant_(variant.name),
        role_(variant.role),
        copies_(std::move(copies)),
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
  const std::string& role() const { return role_; }
  const Copies& copies() const { return copies_; }
  bool direct() const { return direct_; }
  std::size_t instances() const { return instances_; }
  const LiveInstance& instance() const { return *instance_; }
  const std::vector<LiveContainer>& containers() const { return instance_->containers(); }

 private:
  EndpointName endpoint_;
  std::string variant_;
  std::string role_;
  Copies copies_;
  bool direct_;
  std::size_t instances_;
  std::shared_ptr<LiveInstance> instance_;
};

// One call on its way through the containers.
class LiveEndpoints::Invocation {
 public:
  Invocation(LiveEndpoints& endpoints, EndpointCall call, bool shadow)
      : endpoints_(endpoints),
        call_(std::move(call)),
        began_(endpoints.clock_.steady()),
        limit_(call_.limit > Duration(0) ? call_.limit : endpoints.options_.limit),
        wish_{.call = call_,
              .variant = call_.target_variant,
              .shadow = shadow,
              .wait_until = began_ + endpoints.options_.patience} {}

  Result<EndpointAnswer> run() {
    endpoints_.wait_for_other(nullptr, wish_.wait_until);  // for the first table of all
    auto place = endpoints_.find_place(wish_);
    if (!place.ok()) {
      count_unplaced(place.error());
      return place.error();
    }
    place_ = std::move(place).value();
    wish_.variant = place_->variant();
    const EndpointName endpoint = place_->endpoint();
    send_to_shadows();
    std::optional<CapturedCall> captured = begun_capture();
    Result<EndpointAnswer> answer = through_containers();
    if (captured && answer.ok()) capture(*std::move(captured), *answer);
    const Duration elapsed = endpoints_.clock_.steady() - began_;
    const bool refused = !answer.ok() && answer.error().code == ErrorCode::kInvalidArgument;
    endpoints_.metrics_.count({.endpoint = endpoint,
                               .variant = wish_.variant,
                               .status = answer.ok() ? answer->status
                                         : refused   ? 400
                                                     : 500,
                               .reached = reached_,
                               .model = in_model_,
                               .overhead = elapsed - in_model_,
                               .instances = instances_});
    return answer;
  }

 private:
  // A call that no instance could take; of those that name nothing there is no variant to tell of.
  void count_unplaced(const Error& error) {
    if (wish_.asked_variant.empty()) return;
    endpoints_.metrics_.count({.endpoint = wish_.asked_endpoint,
                               .variant = wish_.asked_variant,
                               .status = error.code == ErrorCode::kLimitExceeded ? 429 : 503,
                               .reached = false});
  }

  void send_to_shadows() {
    for (const std::string& variant : place_->copies().shadows) {
      EndpointCall copy = call_;
      copy.target_variant = variant;
      endpoints_.on_shadowed_(std::move(copy));
    }
  }

  // What is known of the call before its body goes on; nothing where it is not captured.
  std::optional<CapturedCall> begun_capture() const {
    const auto& rules = place_->copies().capture;
    if (rules == nullptr) return std::nullopt;
    CapturedCall captured;
    captured.endpoint = place_->endpoint();
    captured.variant = place_->variant();
    captured.role = place_->role();
    captured.rules = rules;
    captured.time = endpoints_.clock_.now();
    captured.inference_id = call_.inference_id;
    captured.input_type = call_.content_type;
    if (rules->input) captured.input = call_.body;
    return captured;
  }

  void capture(CapturedCall captured, const EndpointAnswer& answer) {
    if (answer.status / 100 != 2) return;
    captured.output_type = answer.content_type;
    if (captured.rules->output) captured.output = answer.body;
    endpoints_.on_captured_(std::move(captured));
  }

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

  Result<EndpointAnswer> through_containers() {
    instances_ = place_->instances();
    CLARY_TRY(const Range range, this->range());
    CLARY_RETURN_IF_ERROR(check_model(range));
    ContainerInput input{.call = call_, .content_type = call_.content_type};
    input.body = std::move(call_.body);
    for (std::size_t at = range.first; at < range.second; ++at) {
      input.last = at + 1 == range.second;
      CLARY_TRY(EndpointAnswer answer, in_container(at, input));
      answer.variant = place_->variant();
      answer.container = place_->containers()[at].name;
      answer.log_stream = place_->containers()[at].log_stream;
      if (input.last || answer.status / 100 != 2) return answer;
      input.content_type = std::move(answer.content_type);
      input.body = std::move(answer.body);
    }
    return internal_error(quoted(call_.endpoint) + " has an instance without containers");
  }

  // At another instance where this one has not read it.
  Result<EndpointAnswer> in_container(std::size_t at, const ContainerInput& input) {
    for (;;) {
      const LiveContainer& container = place_->containers()[at];
      const Duration began = endpoints_.clock_.steady();
      const Duration left = began_ + limit_ - began;
      if (left <= Duration(0)) return timed_out(timeout_sentence(container.name));
      auto reply = call_container(container, input, left);
      in_model_ += endpoints_.clock_.steady() - began;
      if (reply.ok() || reply.error().code != ErrorCode::kUnavailable) reached_ = true;
      if (reply.ok()) return answer_of(std::move(reply).value());
      switch (reply.error().code) {
        case ErrorCode::kUnavailable:
          break;
        case ErrorCode::kTimeout:
          return timed_out(timeout_sentence(container.name));
        case ErrorCode::kInvalidArgument:
          return reply.error();
        default:  // the container's own end: an answer of its, as SageMaker has it
          return EndpointAnswer{
              .status = 500,
              .body = "The container ended before it had answered: " + reply.error().message};
      }
      endpoints_.on_unreachable_();
      wish_.tried.push_back(&place_->instance());
      tried_.push_back(std::move(place_));
      CLARY_TRY(place_, endpoints_.find_place(wish_));
      if (at >= place_->containers().size())
        return unavailable(quoted(call_.endpoint) + " has changed meanwhile; try again");
    }
  }

  LiveEndpoints& endpoints_;
  EndpointCall call_;
  const Duration began_;
  const Duration limit_;
  Wish wish_;
  std::unique_ptr<Place> place_;
  std::vector<std::unique_ptr<Place>> tried_;  // held, so that none is taken for another
  std::size_t instances_ = 1;
  Duration in_model_{0};
  bool reached_ = false;  // some container has read it
};

LiveEndpoints::LiveEndpoints(const Clock& clock, EndpointMetrics& metrics,
                             std::function<double()> random, LiveEndpointsOptions options)
    : clock_(clock), metrics_(metrics), options_(options), random_(std::move(random)) {}

Result<EndpointAnswer> LiveEndpoints::invoke(EndpointCall call) {
  const CountedIn counted(calls_);
  if (counted.now() > options_.most_calls)
    return unavailable("Too many calls to endpoints are under way; try again soon");
  const LentPlace lent;
  return Invocation(*this, std::move(call), false).run();
}

Result<EndpointAnswer> LiveEndpoints::invoke_shadow(EndpointCall call) {
  const LentPlace lent;
  return Invocation(*this, std::move(call), true).run();
}

void LiveEndpoints::replace(std::shared_ptr<const LiveTable> table) {
  {
    MutexLock lock(mutex_);
    std::erase_if(known_, [](const auto& instance) { return instance.expired(); });
    for (const auto& [name, endpoint] : *table) {
      for (const LiveVariant& variant : endpoint.variants)
        known_.insert(variant.instances.begin(), variant.instances.end());
    }
    table_ = std::move(table);
  }
  changed_.notify_all();
}

Result<std::unique_ptr<LiveEndpoints::Place>> LiveEndpoints::find_place(Wish& wish) {
  for (;;) {
    std::shared_ptr<const LiveTable> seen;
    {
      MutexLock lock(mutex_);
      seen = table_;
      if (seen == nullptr)
        return unavailable(quoted(wish.call.endpoint) + " is not looked after yet; try again soon");
      CLARY_TRY(const LiveVariant* const variant, choose_variant(*seen, wish));
      const LiveEndpoint& endpoint = seen->find(to_lower(wish.call.endpoint.value()))->second;
      wish.asked_endpoint = endpoint.name;
      wish.asked_variant = variant->name;
      if (auto instance = least_busy(*variant, wish)) {
        return std::make_unique<Place>(endpoint.name, *variant, std::move(instance),
                                       choose_copies(endpoint, wish));
      }
      const bool worth_it = variant->coming || !wish.tried.empty();
      if (!worth_it || clock_.steady() >= wish.wait_until) {
        return unavailable("The variant '" + variant->name + "' of " + quoted(wish.call.endpoint) +
                           " has no instance that takes calls now");
      }
    }
    wait_for_other(seen, wish.wait_until);
  }
}

// A shadow variant gets so much of the calls as its weight is of the weights of those that answer.
// Source: AWS, CreateEndpointConfig, ShadowProductionVariants.
LiveEndpoints::Copies LiveEndpoints::choose_copies(const LiveEndpoint& endpoint, const Wish& wish) {
  constexpr double kPercent = 100;
  Copies copies;
  if (!wish.tried.empty()) return copies;  // they were made the first time
  if (endpoint.capture != nullptr && random_() * kPercent < endpoint.capture->percentage)
    copies.capture = endpoint.capture;
  if (wish.shadow) return copies;
  double total = 0;
  for (const LiveVariant& variant : endpoint.variants) {
    if (!variant.shadow) total += variant.weight;
  }
  for (const LiveVariant& variant : endpoint.variants) {
    if (variant.shadow && random_() * total < variant.weight)
      copies.shadows.push_back(variant.name);
  }
  return copies;
}

void LiveEndpoints::wait_for_other(const std::shared_ptr<const LiveTable>& seen, Duration until) {
  MutexLock lock(mutex_);
  while (table_ == seen && clock_.steady() < until) changed_.wait_for(mutex_, kTableLook);
}

Result<const LiveVariant*> LiveEndpoints::choose_variant(const LiveTable& table, const Wish& wish) {
  const auto found = table.find(to_lower(wish.call.endpoint.value()));
  if (found == table.end()) return not_found(quoted(wish.call.endpoint) + " not found.");
  const LiveEndpoint& endpoint = found->second;
  CLARY_RETURN_IF_ERROR(check_takes_calls(endpoint));
  std::vector<const LiveVariant*> open;
  for (const LiveVariant& variant : endpoint.variants) {
    if (variant.shadow != wish.shadow) continue;
    if (variant.name == wish.variant) return &variant;
    open.push_back(&variant);
  }
  if (!wish.variant.empty())
    return invalid_argument(quoted(endpoint.name) + " has no variant '" + wish.variant + "'.");
  if (open.empty()) return invalid_argument(quoted(endpoint.name) + " has no variant.");
  // What has no instance leaves its share to the others.
  const bool some_ready =
      std::ranges::any_of(open, [](const auto* variant) { return !variant->instances.empty(); });
  if (some_ready)
    std::erase_if(open, [](const LiveVariant* variant) { return variant->instances.empty(); });
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
