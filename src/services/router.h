// The router: which method carries out which operation. One line each:
//
//   router.add<api::StopTrainingJob>(training_jobs, &TrainingJobs::stop);
//   Outcome<api::StopTrainingJob::Reply> TrainingJobs::stop(const api::StopTrainingJob::Request&,
//   const CallContext&);
//
//   router.add_reading<api::GetObject>(objects, &Objects::get);       // the reply has a body
//   Outcome<WithBody<api::GetObject::Reply>> Objects::get(const api::GetObject::Request&, const
//   CallContext&);
//
//   router.add_writing<api::PutObject>(objects, &Objects::put);       // the request has a body,
//   which arrives piece by piece Outcome<std::unique_ptr<BodySink<api::PutObject::Reply>>>
//   Objects::put(const api::PutObject::Request&, const BodyFacts&,
//                                                                          const CallContext&);
//
//   router.add_exchanging<api::InvokeEndpoint>(calls, &Calls::invoke); // both have, and are kept
//   whole Outcome<WithBytes<api::InvokeEndpoint::Reply>> Calls::invoke(
//   const api::InvokeEndpoint::Request&, std::string body, const CallContext&);
//
//   router.add_streaming<api::InvokeEndpointWithResponseStream>(calls, &Calls::invoke_streaming);
//   Outcome<WithEvents<Op::Reply>> Calls::invoke_streaming(const Op::Request&, std::string body,
//   const CallContext&);            // the same, answered by events as they come
//
// Filled by main before the front is built, then only read: any thread. Services outlive the
// router. Methods run on pool threads, several at once.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/document.h"
#include "services/call_context.h"
#include "services/service_error.h"
#include "wire/shape.h"

namespace clary::services {

// A reply that carries bytes.
template <typename Reply>
struct WithBody {
  Reply reply;                            // Content-Length is taken from `length`
  std::unique_ptr<net::ByteSource> body;  // null for an answer without one
  std::uint64_t length = 0;
  int status = 200;  // 206 for a range
};

// A reply whose body is at hand.
template <typename Reply>
struct WithBytes {
  Reply reply;
  std::string bytes;
};

// A reply whose body is a stream of events: wire/event_stream.h.
template <typename Reply>
struct WithEvents {
  Reply reply;
  std::unique_ptr<net::ByteSource> events;
};

// What is known about a body before it arrives.
struct BodyFacts {
  std::optional<std::uint64_t> length;    // decoded, where the client says it
  std::optional<std::string> sha256_hex;  // as signed; the front verifies it before finish()
  std::vector<std::string>
      trailers;  // names announced in X-Amz-Trailer, lower case: "x-amz-checksum-crc32"
};

// Takes one body. One thread at a time; destroyed without finish() when the body did not arrive
// whole or was not as signed.
template <typename Reply>
class BodySink {
 public:
  virtual ~BodySink() = default;
  virtual Status write(std::string_view piece) = 0;
  // The body is complete, and its signature verified. trailers: fields that came after it.
  virtual Outcome<Reply> finish(const net::Headers& trailers) = 0;
};

// The same with types erased: what the front drives.
struct EncodedReply {
  Document document;
  std::unique_ptr<net::ByteSource> body;
  std::uint64_t length = 0;
  int status = 0;                         // 0: the operation's own
  std::optional<std::string> bytes = {};  // of a body that is at hand
  std::unique_ptr<net::ByteSource> events = nullptr;
};
class EncodedSink {
 public:
  virtual ~EncodedSink() = default;
  virtual Status write(std::string_view piece) = 0;
  virtual Outcome<EncodedReply> finish(const net::Headers& trailers) = 0;
};
struct Endpoint {
  using Call = std::function<Outcome<EncodedReply>(const Document&, const CallContext&)>;
  using Open = std::function<Outcome<std::unique_ptr<EncodedSink>>(
      const Document&, const BodyFacts&, const CallContext&)>;
  using Exchange =
      std::function<Outcome<EncodedReply>(const Document&, std::string, const CallContext&)>;
  // One of them is there.
  Call call;
  Open open;          // of a writing operation
  Exchange exchange;  // of an exchanging one
};

class Router {
 public:
  template <typename Op, typename Service, typename Method>
  void add(Service& service, Method method) {
    add_endpoint(Op::operation(),
                 {.call = [&service, method](const Document& document,
                                             const CallContext& context) -> Outcome<EncodedReply> {
                   auto outcome = (service.*method)(decoded<Op>(document), context);
                   if (!outcome.ok()) return outcome.error();
                   return EncodedReply{.document = encode(*outcome)};
                 }});
  }

  template <typename Op, typename Service, typename Method>
  void add_reading(Service& service, Method method) {
    add_endpoint(Op::operation(),
                 {.call = [&service, method](const Document& document,
                                             const CallContext& context) -> Outcome<EncodedReply> {
                   auto outcome = (service.*method)(decoded<Op>(document), context);
                   if (!outcome.ok()) return outcome.error();
                   return EncodedReply{encode(outcome->reply), std::move(outcome->body),
                                       outcome->length, outcome->status};
                 }});
  }

  template <typename Op, typename Service, typename Method>
  void add_writing(Service& service, Method method) {
    add_endpoint(Op::operation(),
                 {.open = [&service, method](
                              const Document& document, const BodyFacts& facts,
                              const CallContext& context) -> Outcome<std::unique_ptr<EncodedSink>> {
                   auto outcome = (service.*method)(decoded<Op>(document), facts, context);
                   if (!outcome.ok()) return outcome.error();
                   std::unique_ptr<EncodedSink> sink =
                       std::make_unique<Encoding<typename Op::Reply>>(std::move(*outcome));
                   return sink;
                 }});
  }

  template <typename Op, typename Service, typename Method>
  void add_exchanging(Service& service, Method method) {
    add_endpoint(
        Op::operation(),
        {.exchange = [&service, method](const Document& document, std::string body,
                                        const CallContext& context) -> Outcome<EncodedReply> {
          auto outcome = (service.*method)(decoded<Op>(document), std::move(body), context);
          if (!outcome.ok()) return outcome.error();
          return EncodedReply{.document = encode(outcome->reply),
                              .bytes = std::move(outcome->bytes)};
        }});
  }

  template <typename Op, typename Service, typename Method>
  void add_streaming(Service& service, Method method) {
    add_endpoint(
        Op::operation(),
        {.exchange = [&service, method](const Document& document, std::string body,
                                        const CallContext& context) -> Outcome<EncodedReply> {
          auto outcome = (service.*method)(decoded<Op>(document), std::move(body), context);
          if (!outcome.ok()) return outcome.error();
          return EncodedReply{.document = encode(outcome->reply),
                              .events = std::move(outcome->events)};
        }});
  }

  // Precondition: the operation is carried out by the model's table and not yet registered.
  void add_endpoint(const wire::Operation& operation, Endpoint endpoint);
  const Endpoint* find(const wire::Operation& operation) const;
  // Operations that the tables say are carried out and nobody registered: main checks that there
  // are none.
  std::vector<std::string> missing() const;

 private:
  template <typename Op>
  static typename Op::Request decoded(const Document& document) {
    typename Op::Request request;
    decode(document, request);
    return request;
  }

  template <typename Reply>
  class Encoding final : public EncodedSink {
   public:
    explicit Encoding(std::unique_ptr<BodySink<Reply>> sink) : sink_(std::move(sink)) {}
    Status write(std::string_view piece) override { return sink_->write(piece); }
    Outcome<EncodedReply> finish(const net::Headers& trailers) override {
      auto outcome = sink_->finish(trailers);
      if (!outcome.ok()) return outcome.error();
      return EncodedReply{.document = encode(*outcome)};
    }

   private:
    std::unique_ptr<BodySink<Reply>> sink_;
  };

  std::map<const wire::Operation*, Endpoint> endpoints_;
};

}  // namespace clary::services
