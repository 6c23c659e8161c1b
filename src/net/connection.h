// One connection to the server: reads requests, runs them on the pool, sends replies. Private to
// net: names Asio.
//
//   kHead → kHandling → (kBody ⇄ kHandling)* → kReply → kHead | kLinger → kClosed
//
// Its methods run on the loop thread, those that say so on the pool: at most one pool task at a
// time, during which the loop leaves the request's state alone and the connection stays in
// ServerCore::connections. A reply that comes later prolongs the task until it is there; whoever
// gives it is the pool then.
#pragma once

#include <atomic>
#include <boost/asio/generic/stream_protocol.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/fd.h"
#include "net/http.h"
#include "net/input_buffer.h"
#include "net/message_parser.h"
#include "net/outgoing_reply.h"
#include "net/server_core.h"
#include "net/tls.h"

namespace clary::net {

inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  // core outlives the connection. socket: non-blocking. listener: the id that Server::adopt gave
  // out. tls: null for plain; used here only.
  Connection(ServerCore& core, Fd socket, int family, Origin origin, std::uint64_t listener,
             const TlsServer* tls);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  void start();
  std::uint64_t listener() const { return listener_; }
  const Origin& origin() const { return origin_; }
  // Ends the connection when its peer has kept it waiting beyond its deadline.
  void check_deadline(Duration now);
  // Ends it now when no request is under way, else after that request's reply.
  void end_gently();
  void end_now();

 private:
  enum class Phase { kHead, kHandling, kBody, kReply, kLinger, kClosed };
  class LateReply;
  using Next = void (Connection::*)();

  void read_then(Next next);
  void read_by_tls_then(Next next);
  void send_unsent_by_tls();
  void after_sending_by_tls();
  void send_continue_by_tls();
  // Goes on when the socket is as a step of TLS wants it; after a step that ended, ends.
  void wait_for_tls(TlsStep::Wait wait, Next next);
  // Whole records of the reply, until the socket takes no more or a turn's worth is sent.
  TlsStep write_records();
  void parse_head();
  void begin_request();
  void take_piece();
  void continue_body();
  void read_piece();
  // The next bytes of a body, while the pool has the last.
  void read_ahead();
  void fill_ahead();  // until the pool is back, the buffer is full or the body is there
  void send_continue();
  void answer_here(int status, std::string sentence);
  void answer_and_end(Reply reply);
  RequestHead take_request_head();
  void pump_reply();
  void send_unsent();
  void end_request();
  void linger();
  void discard_input();
  void run_handler(Next task);  // on the pool, or here where it is quick
  void post_to_pool(Next task);
  void back_from_pool();
  void release();
  void drop_request();

  // On the pool, or for quick handlers on the loop.
  void run_start();
  void run_piece();
  void run_load();
  Status load(Status (OutgoingReply::*piece)());
  void feed_sink();
  void set_reply(Reply reply);
  void hand_back();
  void take_late_reply(Reply reply);
  bool peer_has_gone() const;
  Reply failed(const Error& error);
  Reply overloaded();
  void send_what_the_socket_takes();
  template <typename Work>
  void guarded(Work work);

  ServerCore& core_;
  boost::asio::generic::stream_protocol::socket socket_;
  std::unique_ptr<TlsSession> tls_;  // null: plain. The loop's, but for what the pool sends
  const Origin origin_;
  const std::uint64_t listener_;
  Phase phase_ = Phase::kHead;
  Duration deadline_{0};  // on the steady clock; Duration::max(): none
  InputBuffer input_;
  InputBuffer ahead_;  // bytes after those of input_, read while the pool had a piece of it
  bool reading_ahead_ = false;
  MessageParser parser_;
  bool head_begun_ = false;  // a byte of the next request has arrived
  bool on_pool_ = false;
  bool sending_ = false;
  std::atomic<bool> ending_{false};  // the next reply is the last

  // Of the request under way.
  RequestHead head_;  // until its handler takes it
  bool quick_ = false;
  Framing framing_;
  bool is_head_ = false;
  bool continue_sent_ = false;
  bool body_complete_ = false;
  std::uint64_t body_left_ = 0;  // of a body with a length
  std::string_view piece_;       // of the body, in input_
  std::size_t piece_used_ = 0;   // bytes of input_ that the piece came from
  std::unique_ptr<RequestSink> sink_;
  std::unique_ptr<OutgoingReply> reply_;
  std::shared_ptr<ReplyLater> later_;  // the pool task ends by waiting for it
  bool reply_broken_ = false;          // its source failed after the head was made
};

}  // namespace clary::net
