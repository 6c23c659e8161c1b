// One request of an AWS service on its way through the front: the steps, in order.
//
// Used by one thread at a time.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "services/call_context.h"
#include "services/front.h"
#include "services/key_places.h"
#include "services/request_route.h"

namespace clary::services {

struct CallParts {
  const FrontParts& front;
  const Authenticator& authenticator;
  const wire::Validator& validator;
  KeyPlaces& key_places;
};

class Call {
 public:
  Call(CallParts parts, net::RequestHead head, RequestId request_id);
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // Steps that need the head only. Nothing: go on.
  std::optional<ServiceError> find_operation();
  std::optional<ServiceError> authenticate();

  // A browser's OPTIONS before it lets a page of another origin ask.
  net::Reply answer_preflight();

  // A browser's form (form_upload.h): until its fields are read only errors can be encoded; then
  // whoever signed its policy, or nobody, opens the PutObject that it stands for.
  void begin_form();
  Outcome<Caller> read_form_caller(const std::map<std::string, std::string>& fields,
                                   std::string_view policy) const;
  Outcome<std::unique_ptr<EncodedSink>> open_form(net::RequestHead put,
                                                  std::optional<Caller> caller);

  // Whether the operation takes its body as it arrives.
  bool writes() const;
  // Of one that does not: how long its body may be.
  std::size_t most_body_bytes() const;
  // What is said of a longer one.
  ServiceError body_too_long() const;
  // The rest of the way for such an operation, up to its body. Exceptions of libraries end here and
  // in answer(): the client still reads an error of its protocol.
  Outcome<std::unique_ptr<EncodedSink>> open();
  // The rest of the way for every other.
  net::Reply answer(std::string body);

  // What the service says to a client that asks for too much at once: all of them try again later.
  ServiceError slow_down() const;
  net::Reply encode(EncodedReply reply);
  net::Reply encode_error(const ServiceError& error);

  const net::RequestHead& head() const { return head_; }
  const Caller& caller() const { return caller_; }
  const BodyFacts& body_facts() const { return facts_; }
  wire::PayloadKind payload_kind() const { return payload_kind_; }

 private:
  Outcome<std::unique_ptr<EncodedSink>> open_sink();
  Outcome<EncodedReply> carry_out(std::string body);
  // Unpacks a body that was packed; not one that is bytes.
  std::optional<ServiceError> unpack(std::string& body) const;
  const Endpoint* endpoint() const;
  bool exchanges() const;
  std::optional<ServiceError> find_form_operation(std::string_view body);
  std::optional<ServiceError> verify_body(std::string_view body) const;
  std::optional<ServiceError> read_payload_kind();
  Outcome<Document> read_request(std::string_view body) const;
  std::optional<ServiceError> validate(const Document& request);
  std::optional<ServiceError> authorize(const Document& request);
  void take_caller(Caller caller);
  // For a request to S3 that nobody signed: what the bucket's policy allows to everyone.
  std::optional<ServiceError> authenticate_nobody();
  // Virtual-host style becomes path style; the signature covers the former.
  void move_bucket_into_path();
  void add_cors_fields(net::Reply& reply) const;
  // Notes the answer for /metrics and, at the debug level, in the log. code: of an error, or "".
  void note(int status, const std::string& code) const;
  const wire::Service& service() const { return *route_.service; }

  CallParts parts_;
  net::RequestHead head_;
  wire::ReadAuthentication claims_;  // until it is authenticated
  std::string signed_target_;        // where it is not head_'s: as sent, in virtual-host style
  Duration arrived_;                 // on the steady clock
  RequestRoute route_;
  wire::Form form_;  // query only
  Caller caller_;
  std::optional<KeyPlaces::Place> place_;
  CallContext context_;
  BodyFacts facts_;
  wire::PayloadKind payload_kind_ = wire::PayloadKind::kUnsigned;
};

}  // namespace clary::services
