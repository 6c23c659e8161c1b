// One request and its reply on one connection of a client. Private to net. Used by one thread at a
// time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/client.h"
#include "net/client_link.h"
#include "net/message_parser.h"

namespace clary::net {

class ClientExchange {
 public:
  ClientExchange(ClientLink& link, const ClientOptions& options, const ClientRequest& request,
                 const std::function<Status(std::string_view)>& body_sink)
      : link_(link),
        options_(options),
        request_(request),
        body_sink_(body_sink),
        kind_(request.method == "HEAD" ? MessageParser::Kind::kReplyToHead
                                       : MessageParser::Kind::kReply),
        parser_(std::make_unique<MessageParser>(kind_)) {}

  // What is read of the reply here is whole by then, or it is a Timeout.
  void end_at(std::chrono::steady_clock::time_point end) { end_ = end; }

  // The request, and the reply to its end.
  Result<ClientReply> run(const std::string& host);
  // To the end of the reply's head.
  Result<ClientReply> begin(const std::string& host);

  // After begin(): what somebody else goes on with.
  struct Rest {
    std::unique_ptr<MessageParser> parser;
    std::string input;
    bool has_body = true;
    bool may_keep = false;  // the connection, once the body has been read
  };
  Rest take_rest(int status);

  bool answered() const { return answered_; }  // a byte of the reply has arrived
  // The connection broke while the server had not read everything: it would have been an end else.
  bool broke_unread() const { return broke_unread_ && !answered_; }
  bool began_source() const { return began_source_; }
  bool sink_failed() const { return sink_failed_; }
  bool keeps_connection() const { return keeps_; }

 private:
  Status send_request(const std::string& host);
  Status keep_to_end();
  Status send_parts(std::string_view first, std::string_view second);
  Result<bool> receive();
  Status receive_more();
  Result<ClientReply> read_head();
  bool may_keep() const;
  bool has_body(int status) const;
  Status read_body(ClientReply& reply);
  Status read_chunks(ClientReply& reply);
  Status take_body(ClientReply& reply, std::string_view piece);

  ClientLink& link_;
  const ClientOptions& options_;
  const ClientRequest& request_;
  const std::function<Status(std::string_view)>& body_sink_;
  const MessageParser::Kind kind_;
  std::unique_ptr<MessageParser> parser_;
  std::string input_;
  Status sent_;
  std::optional<std::chrono::steady_clock::time_point> end_;
  bool answered_ = false;
  bool broke_unread_ = false;
  bool began_source_ = false;
  bool source_failed_ = false;
  bool stopped_early_ = false;
  bool sink_failed_ = false;
  bool keeps_ = false;
};

}  // namespace clary::net
