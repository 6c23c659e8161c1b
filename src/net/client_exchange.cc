#include "net/client_exchange.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace clary::net {
namespace {

constexpr std::size_t kSentPieceBytes = 128 << 10;

std::string request_head(const ClientRequest& request, const std::string& host) {
  std::string head = request.method + " " + request.target + " HTTP/1.1\r\n";
  if (request.headers.find("Host") == nullptr) head += "Host: " + host + "\r\n";
  for (const auto& [name, value] : request.headers.fields()) {
    if (!equals_ignoring_case(name, "Content-Length"))
      head.append(name).append(": ").append(value).append("\r\n");
  }
  const std::uint64_t length =
      request.source != nullptr ? request.source_length : request.body.size();
  const bool has_body = length > 0 || request.method == "POST" || request.method == "PUT";
  if (has_body) head += "Content-Length: " + std::to_string(length) + "\r\n";
  return head + "\r\n";
}

}  // namespace

Result<ClientReply> ClientExchange::run(const std::string& host) {
  CLARY_TRY(ClientReply reply, begin(host));
  const Status body = read_body(reply);
  if (!body.ok()) return sent_.ok() ? body.error() : sent_.error();
  keeps_ = may_keep() && input_.empty();
  return reply;
}

Result<ClientReply> ClientExchange::begin(const std::string& host) {
  sent_ = send_request(host);
  // A server that has made up its mind answers before it has read everything: the answer counts.
  if (!sent_.ok() && (source_failed_ || sent_.error().code != ErrorCode::kUnavailable))
    return sent_.error();
  auto reply = read_head();
  if (!reply.ok() && !sent_.ok()) return sent_.error();
  return reply;
}

ClientExchange::Rest ClientExchange::take_rest(int status) {
  const bool keep = may_keep();
  return {.parser = std::move(parser_),
          .input = std::move(input_),
          .has_body = has_body(status),
          .may_keep = keep};
}

Status ClientExchange::send_request(const std::string& host) {
  const std::string head = request_head(request_, host);
  if (request_.source == nullptr) return send_parts(head, request_.body);
  CLARY_RETURN_IF_ERROR(send_parts(head, {}));
  std::uint64_t left = request_.source_length;
  auto piece = std::make_unique_for_overwrite<char[]>(kSentPieceBytes);
  while (left > 0 && !stopped_early_) {
    began_source_ = true;
    auto count = request_.source->read(
        {piece.get(), static_cast<std::size_t>(std::min<std::uint64_t>(left, kSentPieceBytes))});
    source_failed_ = !count.ok() || *count == 0;
    if (!count.ok()) return count.error();
    if (*count == 0) return invalid_argument("the request's body ended before its length");
    left -= *count;
    CLARY_RETURN_IF_ERROR(send_parts({piece.get(), *count}, {}));
  }
  return {};
}

Status ClientExchange::keep_to_end() {
  if (!end_) return {};
  const auto left = std::chrono::duration_cast<Duration>(*end_ - std::chrono::steady_clock::now());
  if (left <= Duration(0)) return timed_out("the reply was not whole in time");
  link_.set_io_timeout(left);
  return {};
}

Status ClientExchange::send_parts(std::string_view first, std::string_view second) {
  CLARY_RETURN_IF_ERROR(keep_to_end());
  const Result<ClientLink::Sent> sent = link_.send(first, second);
  stopped_early_ = !sent.ok() || *sent == ClientLink::Sent::kAnswered;
  broke_unread_ = !sent.ok() && sent.error().code == ErrorCode::kUnavailable;
  return sent.ok() ? Status() : Status(sent.error());
}

Result<bool> ClientExchange::receive() {
  CLARY_RETURN_IF_ERROR(keep_to_end());
  const Result<bool> open = link_.receive(input_);
  if (!open.ok()) {
    broke_unread_ = broke_unread_ || open.error().code == ErrorCode::kUnavailable;
    return open.error();
  }
  answered_ = answered_ || *open;
  return *open;
}

Status ClientExchange::receive_more() {
  CLARY_TRY(const bool open, receive());
  if (!open) return unavailable("the server closed the connection before its reply was complete");
  return {};
}

Result<ClientReply> ClientExchange::read_head() {
  MessageHead head;
  do {  // replies of 1xx come before the one that counts
    parser_->restart(kind_);
    for (;;) {
      input_.erase(0, parser_->put_head(input_));
      if (const ParseFault* fault = parser_->fault())
        return unavailable("the reply cannot be read: " + fault->sentence);
      if (parser_->head_complete()) break;
      CLARY_RETURN_IF_ERROR(receive_more());
    }
    head = parser_->take_head();
  } while (head.status / 100 == 1);
  return ClientReply{
      .status = head.status, .reason = std::move(head.reason), .headers = std::move(head.headers)};
}

bool ClientExchange::may_keep() const {
  const Framing& framing = parser_->framing();
  return framing.keep_alive && !framing.until_close && !stopped_early_;
}

bool ClientExchange::has_body(int status) const {
  return kind_ != MessageParser::Kind::kReplyToHead && status != 204 && status != 304;
}

Status ClientExchange::read_body(ClientReply& reply) {
  const Framing& framing = parser_->framing();
  if (!has_body(reply.status)) return {};
  if (framing.chunked) return read_chunks(reply);
  std::uint64_t left = framing.until_close ? UINT64_MAX : framing.content_length.value_or(0);
  while (left > 0) {
    if (input_.empty()) {
      CLARY_TRY(const bool open, receive());
      if (!open && framing.until_close) return {};
      if (!open)
        return unavailable("the server closed the connection before its reply was complete");
    }
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left, input_.size()));
    CLARY_RETURN_IF_ERROR(take_body(reply, std::string_view(input_).substr(0, count)));
    input_.erase(0, count);
    left -= count;
  }
  return {};
}

Status ClientExchange::read_chunks(ClientReply& reply) {
  while (!parser_->chunks_complete()) {
    const auto decoded = parser_->decode_chunks(input_);
    if (const ParseFault* fault = parser_->fault())
      return unavailable("the reply cannot be read: " + fault->sentence);
    if (decoded.length > 0) {
      CLARY_RETURN_IF_ERROR(take_body(reply, std::string_view(input_).substr(0, decoded.length)));
    }
    input_.erase(0, decoded.used);
    if (!parser_->chunks_complete()) CLARY_RETURN_IF_ERROR(receive_more());
  }
  return {};
}

Status ClientExchange::take_body(ClientReply& reply, std::string_view piece) {
  if (body_sink_ && reply.status / 100 == 2) {
    Status taken = body_sink_(piece);
    sink_failed_ = !taken.ok();
    return taken;
  }
  if (piece.size() > options_.body_limit_bytes - reply.body.size()) {
    return limit_exceeded("the reply's body is larger than " +
                          format_bytes(options_.body_limit_bytes));
  }
  reply.body += piece;
  return {};
}

}  // namespace clary::net
