#include "net/connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <exception>
#include <utility>
#include <variant>

namespace clary::net {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {
constexpr Duration kNever = Duration::max();
constexpr Duration kLingerTime = std::chrono::seconds(5);  // for the peer to read the last reply

ParserLimits parser_limits(const ServerLimits& limits) { return {.head_bytes = limits.head_bytes}; }
}  // namespace

// The connection as whoever answers later knows it, for one request.
class Connection::LateReply final : public ReplyLater::Asker {
 public:
  explicit LateReply(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}

  // The connection may have ended before this returns, on a thread that no server joins: a stop
  // waits until it has let go of everything.
  void take_reply(Reply reply) override {
    ServerCore& core = connection_->core_;
    core.late_replies.fetch_add(1);
    connection_->take_late_reply(std::move(reply));
    connection_.reset();
    core.late_replies.fetch_sub(1);
  }
  bool has_gone() const override { return connection_->peer_has_gone(); }

 private:
  std::shared_ptr<Connection> connection_;
};

Connection::Connection(ServerCore& core, Fd socket, int family, Origin origin,
                       std::uint64_t listener, const TlsServer* tls)
    : core_(core),
      socket_(core.io),
      origin_(std::move(origin)),
      listener_(listener),
      parser_(MessageParser::Kind::kRequest, parser_limits(core.limits)) {
  if (tls != nullptr) tls_ = tls->accept(socket.get());
  error_code ec;
  ec = socket_.assign(asio::generic::stream_protocol(family, 0), socket.release(), ec);
}

Connection::~Connection() = default;

void Connection::start() {
  if (origin_.secure && tls_ == nullptr) return end_now();  // no memory for a session
  deadline_ = core_.clock.steady() + core_.limits.head_timeout;
  read_then(&Connection::parse_head);
}

void Connection::check_deadline(Duration now) {
  if (now >= deadline_) end_now();
}

void Connection::end_gently() {
  ending_ = true;
  const bool idle = phase_ == Phase::kHead && !head_begun_;
  if (idle || phase_ == Phase::kLinger) end_now();
}

void Connection::end_now() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  if (on_pool_) {
    // The pool may be sending: the number stays ours until it is back.
    ::shutdown(socket_.native_handle(), SHUT_RDWR);
    return;
  }
  release();
}

void Connection::release() {
  error_code ec;
  ec = socket_.close(ec);
  drop_request();
  core_.forget(this);
}

// The destructors of a sink and of a source may touch a disk: they run on the pool.
void Connection::drop_request() {
  const bool has_source = reply_ != nullptr && reply_->more();
  if (sink_ == nullptr && !has_source) return;
  auto sink = std::shared_ptr<RequestSink>(std::move(sink_));
  auto reply = std::shared_ptr<OutgoingReply>(std::move(reply_));
  core_.post([sink = std::move(sink), reply = std::move(reply)]() mutable {
    sink.reset();
    reply.reset();
  });
}

void Connection::read_then(Next next) {
  if (tls_ != nullptr) return read_by_tls_then(next);
  const auto space = input_.space();
  socket_.async_read_some(asio::buffer(space.data(), space.size()),
                          [self = shared_from_this(), next](error_code ec, std::size_t count) {
                            if (self->phase_ == Phase::kClosed) return;
                            if (ec || count == 0) return self->end_now();
                            self->core_.bytes_in.fetch_add(count, std::memory_order_relaxed);
                            self->input_.commit(count);
                            (self.get()->*next)();
                          });
}

void Connection::parse_head() {
  if (!std::exchange(head_begun_, true))
    deadline_ = core_.clock.steady() + core_.limits.head_timeout;
  input_.consume(parser_.put_head(input_.view()));
  if (const ParseFault* fault = parser_.fault()) return answer_here(fault->status, fault->sentence);
  if (parser_.head_complete()) return begin_request();
  read_then(&Connection::parse_head);
}

void Connection::begin_request() {
  core_.requests_total.fetch_add(1, std::memory_order_relaxed);
  framing_ = parser_.framing();
  body_left_ = framing_.content_length.value_or(0);
  body_complete_ = !framing_.chunked && body_left_ == 0;
  continue_sent_ = false;
  take_piece();
  if (const ParseFault* fault = parser_.fault()) return answer_here(fault->status, fault->sentence);
  head_ = take_request_head();
  if (!core_.enter_queue()) return answer_and_end(overloaded());
  quick_ = core_.handler.is_quick(head_);
  run_handler(&Connection::run_start);
}

void Connection::answer_here(int status, std::string sentence) {
  Reply reply;
  reply.status = status;
  reply.headers.add("Content-Type", "text/plain; charset=utf-8");
  reply.body = std::move(sentence) + "\n";
  answer_and_end(std::move(reply));
}

// What follows on the connection cannot be trusted, or is not wanted.
void Connection::answer_and_end(Reply reply) {
  drop_request();
  reply_ = std::make_unique<OutgoingReply>(
      std::move(reply), ReplyShape{.is_head = false, .http11 = true, .close = true}, core_.date());
  phase_ = Phase::kReply;
  pump_reply();
}

void Connection::pump_reply() {
  if (!on_pool_ && reply_broken_ && !reply_->has_unsent()) return end_now();
  if (!reply_->has_unsent() && !on_pool_ && reply_->loaded()) reply_->promote();
  if (reply_->has_unsent() && !sending_) send_unsent();
  if (!on_pool_ && !reply_broken_ && reply_->more() && !reply_->loaded())
    return post_to_pool(&Connection::run_load);
  if (!reply_->has_unsent() && !on_pool_ && !sending_) end_request();
}

void Connection::send_unsent() {
  if (tls_ != nullptr) return send_unsent_by_tls();
  const OutgoingReply::Parts parts = reply_->unsent();
  std::array<asio::const_buffer, parts.size()> buffers;
  std::transform(parts.begin(), parts.end(), buffers.begin(),
                 [](std::string_view part) { return asio::buffer(part.data(), part.size()); });
  sending_ = true;
  deadline_ = core_.clock.steady() + core_.limits.body_timeout;
  socket_.async_write_some(buffers, [self = shared_from_this()](error_code ec, std::size_t count) {
    self->sending_ = false;
    if (self->phase_ == Phase::kClosed) return;
    if (ec) return self->end_now();
    self->deadline_ = kNever;
    self->core_.bytes_out.fetch_add(count, std::memory_order_relaxed);
    self->reply_->sent(count);
    self->pump_reply();
  });
}

void Connection::end_request() {
  const bool close = reply_->must_close();
  reply_.reset();
  if (close) return linger();
  phase_ = Phase::kHead;
  if (ending_ || core_.stopping) return end_now();
  parser_.restart(MessageParser::Kind::kRequest);
  head_begun_ = false;
  deadline_ = core_.clock.steady() + core_.limits.head_timeout;
  if (!input_.empty()) return parse_head();
  input_.shrink();
  ahead_.shrink();
  read_then(&Connection::parse_head);
}

// Closing with unread input would reset the connection and take the reply from the peer's hands: it
// is read and dropped until the peer has seen the end.
void Connection::linger() {
  phase_ = Phase::kLinger;
  if (tls_ != nullptr) tls_->say_end();
  error_code ec;
  ec = socket_.shutdown(asio::socket_base::shutdown_send, ec);
  if (ec || core_.stopping) return end_now();
  deadline_ = core_.clock.steady() + std::min(kLingerTime, core_.limits.body_timeout);
  discard_input();
}

void Connection::discard_input() {
  input_.consume(input_.view().size());
  read_then(&Connection::discard_input);
}

// What comes after a quick handler is posted too: pieces of a body that are there already must not
// call one another.
void Connection::run_handler(Next task) {
  phase_ = Phase::kHandling;
  deadline_ = kNever;
  if (!quick_) return post_to_pool(task);
  on_pool_ = true;
  (this->*task)();
  hand_back();
}

void Connection::post_to_pool(Next task) {
  on_pool_ = true;
  core_.post([this, task] {
    (this->*task)();
    hand_back();
  });
}

// The last of a pool task: to the loop, or to whoever answers later. Nothing of the request is
// touched afterwards.
void Connection::hand_back() {
  const std::shared_ptr<ReplyLater> later = std::move(later_);
  if (later != nullptr) return later->attach(std::make_shared<LateReply>(shared_from_this()));
  asio::post(core_.io, [this] { back_from_pool(); });
}

void Connection::take_late_reply(Reply reply) {
  guarded([&] { set_reply(std::move(reply)); });
  hand_back();
}

bool Connection::peer_has_gone() const {
  // const in Asio's eyes too, but for its signature.
  const int socket = const_cast<Connection*>(this)->socket_.native_handle();
  pollfd state{socket, POLLRDHUP, 0};
  return ::poll(&state, 1, 0) > 0;
}

void Connection::back_from_pool() {
  on_pool_ = false;
  if (phase_ == Phase::kClosed) return release();
  if (phase_ == Phase::kHandling) input_.consume(std::exchange(piece_used_, 0));
  if (reply_ == nullptr) return continue_body();
  if (phase_ == Phase::kHandling) phase_ = Phase::kReply;
  pump_reply();
}

// The border at which a handler's exceptions stop.
template <typename Work>
void Connection::guarded(Work work) {
  std::string reason;
  try {
    return work();
  } catch (const std::exception& failure) {
    reason = failure.what();
  }
  body_complete_ = false;  // ends the connection
  set_reply(failed(internal_error("an exception: " + reason)));
  sink_.reset();
}

// On the loop: what the handler throws must not end it.
Reply Connection::overloaded() {
  try {
    return core_.handler.overloaded(head_);
  } catch (const std::exception& failure) {
    return failed(internal_error(std::string("an exception: ") + failure.what()));
  }
}

// The handler's own answer to a failure where it has taken the request.
Reply Connection::failed(const Error& error) {
  try {
    if (sink_ != nullptr) return sink_->rejected(error);
  } catch (const std::exception& failure) {
    core_.logger.error("a failure could not be answered", {{"what", failure.what()}});
  }
  core_.logger.error("a request failed", {{"error", error.message}, {"peer", origin_.peer}});
  return {.status = 500};
}

RequestHead Connection::take_request_head() {
  MessageHead message = parser_.take_head();
  return {.method = std::move(message.method),
          .target = std::move(message.target),
          .headers = std::move(message.headers),
          .content_length = framing_.content_length,
          .origin = origin_};
}

void Connection::run_start() {
  core_.leave_queue();
  guarded([this] {
    is_head_ = head_.method == "HEAD";
    auto outcome = core_.handler.start(std::move(head_));
    if (auto* const reply = std::get_if<Reply>(&outcome)) return set_reply(std::move(*reply));
    sink_ = std::move(std::get<std::unique_ptr<RequestSink>>(outcome));
    feed_sink();
  });
}

void Connection::run_piece() {
  guarded([this] { feed_sink(); });
}

void Connection::feed_sink() {
  const Status taken = piece_.empty() ? Status() : sink_->write(piece_);
  if (!taken.ok()) {
    body_complete_ = false;  // ends the connection: the rest of the body is not read
    set_reply(sink_->rejected(taken.error()));
  } else if (body_complete_) {
    set_reply(sink_->finish());
  } else {
    return;
  }
  sink_.reset();
}

void Connection::set_reply(Reply reply) {
  later_ = std::move(reply.later);
  if (later_ != nullptr) return;
  ReplyShape shape{.is_head = is_head_,
                   .http11 = framing_.http11,
                   .close = !framing_.keep_alive || !body_complete_ || ending_ || core_.stopping};
  reply_broken_ = false;
  reply_ = std::make_unique<OutgoingReply>(std::move(reply), shape, core_.date());
  if (const Status loaded = load(&OutgoingReply::load_first); !loaded.ok()) {
    // Nothing has been sent yet: the client may still be told.
    shape.close = true;
    reply_ = std::make_unique<OutgoingReply>(failed(loaded.error()), shape, core_.date());
  }
  send_what_the_socket_takes();
}

// Straight from the pool, without a turn of the loop: most replies fit into the socket's buffer.
void Connection::send_what_the_socket_takes() {
  if (tls_ != nullptr) {
    write_records();  // what could not be sent, the loop tries again
    return;
  }
  std::array<iovec, OutgoingReply::Parts().size()> vectors{};
  const OutgoingReply::Parts parts = reply_->unsent();
  std::transform(parts.begin(), parts.end(), vectors.begin(), [](std::string_view part) {
    return iovec{const_cast<char*>(part.data()), part.size()};
  });
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = vectors.size();
  const ssize_t count = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (count <= 0) return;  // the loop tries again and sees the error
  core_.bytes_out.fetch_add(static_cast<std::uint64_t>(count), std::memory_order_relaxed);
  reply_->sent(static_cast<std::size_t>(count));
}

void Connection::run_load() {
  const Status loaded = load(&OutgoingReply::load);
  if (loaded.ok()) return;
  core_.logger.warning("a reply's body failed",
                       {{"error", loaded.error().message}, {"peer", origin_.peer}});
  reply_broken_ = true;
}

Status Connection::load(Status (OutgoingReply::*piece)()) {
  if (!reply_->more()) return {};
  try {
    return ((*reply_).*piece)();
  } catch (const std::exception& failure) {
    return internal_error(std::string("an exception: ") + failure.what());
  }
}

}  // namespace clary::net
