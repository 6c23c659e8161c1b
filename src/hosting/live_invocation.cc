// LiveEndpoints: one call on its way.
#include <algorithm>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "base/thread_pool.h"
#include "hosting/container_call.h"
#include "hosting/live_place.h"
#include "hosting/live_sentences.h"

namespace clary::hosting {
namespace {

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

// As what a call counts that has got no answer.
int status_without_answer(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
      return 400;
    case ErrorCode::kLimitExceeded:
      return 429;
    default:
      return 503;
  }
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

// One call on its way through the containers.
class LiveEndpoints::Invocation {
 public:
  Invocation(LiveEndpoints& endpoints, EndpointCall call, Manner manner)
      : endpoints_(endpoints),
        counted_(endpoints.calls_),
        call_(std::move(call)),
        streams_(manner == Manner::kInPieces),
        began_(endpoints.clock_.steady()),
        limit_(call_.limit > Duration(0) ? call_.limit : endpoints.options_.limit),
        wish_{.call = call_,
              .variant = call_.target_variant,
              .shadow = manner == Manner::kShadow,
              .wait_until = began_ + endpoints.options_.patience,
              .end = began_ + limit_} {}

  // Counted where its answer is whole; else count() is owed.
  Result<EndpointStream> run() {
    if (counted_.now() > endpoints_.options_.most_calls)
      return unavailable("Too many calls to endpoints are under way; try again soon");
    endpoints_.wait_for_other(nullptr, wish_.wait_until);  // for the first table of all
    auto place = endpoints_.find_place(wish_);
    if (!place.ok()) {
      count_unplaced(place.error());
      return place.error();
    }
    place_ = std::move(place).value();
    wish_.variant = place_->variant();
    endpoint_ = place_->endpoint();
    send_to_shadows();
    begin_capture();
    Result<EndpointStream> out = through_containers();
    if (!out.ok()) {
      count(status_without_answer(out.error()));
      return out;
    }
    capture(*out);
    if (out->pieces == nullptr) count(out->answer.status);
    return out;
  }

  void count(int status) {
    const Duration elapsed = endpoints_.clock_.steady() - began_;
    endpoints_.metrics_.count({.endpoint = endpoint_,
                               .variant = wish_.variant,
                               .status = status,
                               .reached = reached_,
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
    if (count.ok()) capture_piece({into.data(), *count});
    return count;
  }

 private:
  // A call that no instance could take; of those that name nothing there is no variant to tell of.
  void count_unplaced(const Error& error) {
    if (wish_.asked_variant.empty()) return;
    endpoints_.metrics_.count({.endpoint = wish_.asked_endpoint,
                               .variant = wish_.asked_variant,
                               .status = status_without_answer(error),
                               .reached = false});
  }

  void send_to_shadows() {
    for (const std::string& variant : place_->copies().shadows) {
      EndpointCall copy = call_;
      copy.target_variant = variant;
      endpoints_.on_shadowed_(std::move(copy));
    }
  }

  // With what is known of the call before its body goes on.
  void begin_capture() {
    const auto& rules = place_->copies().capture;
    if (rules == nullptr) return;
    captured_.emplace();
    captured_->endpoint = place_->endpoint();
    captured_->variant = place_->variant();
    captured_->role = place_->role();
    captured_->rules = rules;
    captured_->time = endpoints_.clock_.now();
    captured_->inference_id = call_.inference_id;
    captured_->input_type = call_.content_type;
    if (rules->input) keep_captured(captured_->input, call_.body);
  }

  void capture(const EndpointStream& out) {
    if (!captured_) return;
    if (out.answer.status / 100 != 2) return captured_.reset();
    captured_->output_type = out.answer.content_type;
    if (out.pieces != nullptr) return;
    if (captured_->rules->output) keep_captured(captured_->output, out.answer.body);
    give_captured();
  }

  // An empty one is the answer's end.
  void capture_piece(std::string_view piece) {
    if (!captured_) return;
    if (piece.empty()) return give_captured();
    if (captured_->rules->output) keep_captured(captured_->output, piece);
  }

  void keep_captured(std::string& text, std::string_view more) {
    const std::size_t size = captured_->input.size() + captured_->output.size() + more.size();
    captured_->too_large |= size > endpoints_.options_.most_captured_bytes;
    if (!captured_->too_large) {
      text += more;
    } else {
      captured_->input = std::string();
      captured_->output = std::string();
    }
  }

  void give_captured() {
    endpoints_.on_captured_(*std::move(captured_));
    captured_.reset();
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
      const Duration left = began_ + limit_ - began;
      if (left <= Duration(0)) return timed_out(timeout_sentence(container.name));
      Result<EndpointStream> reply = ask(container, input, left);
      in_model_ += endpoints_.clock_.steady() - began;
      if (reply.ok() || reply.error().code != ErrorCode::kUnavailable) reached_ = true;
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
  const Duration limit_;
  Wish wish_;
  EndpointName endpoint_;  // as it was created
  std::unique_ptr<Place> place_;
  std::vector<std::unique_ptr<Place>> tried_;  // held, so that none is taken for another
  std::size_t instances_ = 1;
  Duration in_model_{0};
  bool reached_ = false;                  // some container has read it
  std::optional<CapturedCall> captured_;  // so far
};

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
  CLARY_TRY(EndpointStream whole, Invocation(*this, std::move(call), Manner::kWhole).run());
  return std::move(whole.answer);
}

Result<EndpointAnswer> LiveEndpoints::invoke_shadow(EndpointCall call) {
  const LentPlace lent;
  CLARY_TRY(EndpointStream whole, Invocation(*this, std::move(call), Manner::kShadow).run());
  return std::move(whole.answer);
}

Result<EndpointStream> LiveEndpoints::invoke_streaming(EndpointCall call) {
  auto invocation = std::make_unique<Invocation>(*this, std::move(call), Manner::kInPieces);
  const LentPlace lent;
  CLARY_TRY(EndpointStream begun, invocation->run());
  if (begun.pieces != nullptr)
    begun.pieces = std::make_unique<Pieces>(std::move(invocation), begun);
  return begun;
}

}  // namespace clary::hosting
