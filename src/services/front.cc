#include "services/front.h"

#include "domain/permissions.h"
#include "services/call.h"
#include "services/form_upload.h"
#include "services/front_sinks.h"
#include "services/request_route.h"

namespace clary::services {
namespace {

constexpr std::size_t kHashingThreads = 2;
// A piece that finds no place is hashed by the thread that has it.
constexpr std::size_t kHashingQueue = 2;

}  // namespace

Front::Front(FrontParts parts)
    : parts_(parts),
      authenticator_(parts.keys, parts.clock),
      key_places_(parts.limits.requests_per_key),
      hashing_("hashing", {.places = kHashingThreads, .queue = kHashingQueue}) {}

std::variant<net::Reply, std::unique_ptr<net::RequestSink>> Front::start(net::RequestHead head) {
  RequestId request_id(parts_.ids.uuid());
  if (is_local(head)) return start_local(std::move(head), std::move(request_id));
  return start_call(std::move(head), std::move(request_id));
}

net::Reply Front::overloaded(const net::RequestHead& head) {
  if (is_local(head)) return local_message(503, "the server has too many requests");
  net::RequestHead short_head{.method = head.method, .target = head.target, .origin = head.origin};
  for (const std::string_view name :
       {"host", "x-amz-target", "authorization", "content-type", "smithy-protocol"}) {
    if (const std::string* value = head.headers.find(name))
      short_head.headers.add(std::string(name), *value);
  }
  Call call({parts_, authenticator_, validator_, key_places_}, std::move(short_head),
            RequestId(parts_.ids.uuid()));
  if (auto refused = call.find_operation()) return call.encode_error(*refused);
  return call.encode_error(call.slow_down());
}

// One request of an AWS service.
Front::Started Front::start_call(net::RequestHead head, RequestId request_id) {
  auto call = std::make_unique<Call>(CallParts{parts_, authenticator_, validator_, key_places_},
                                     std::move(head), std::move(request_id));
  if (is_preflight(call->head())) return call->answer_preflight();
  if (is_form_upload(call->head())) return make_form_upload_sink(std::move(call), parts_.clock);
  if (auto refused = call->find_operation()) return call->encode_error(*refused);
  if (auto refused = call->authenticate()) return call->encode_error(*refused);
  if (!call->writes()) return make_whole_body_sink(std::move(call));
  auto sink = call->open();
  if (!sink.ok()) return call->encode_error(sink.error());
  return make_streaming_sink(std::move(call), std::move(*sink), hashing_);
}

// Clary's own pages. A request signed for an AWS service is never one, whatever its path: buckets
// may be called anything.
bool Front::is_local(const net::RequestHead& head) const {
  if (!bucket_of_host(head.headers.get("host"), parts_.s3_domains).empty()) return false;
  if (!parts_.local_routes.knows_path(head)) return false;
  const auto read = wire::read_authentication(head);
  if (const wire::Authentication* claims = wire::authentication_of(read))
    return claims->scope.service == kLocalService;
  return wire::is_unsigned(read) || head.raw_path().starts_with(kLocalPrefix);
}

bool Front::is_preflight(const net::RequestHead& head) {
  return head.method == "OPTIONS" && head.raw_path().size() > 1;
}

Front::Started Front::start_local(net::RequestHead head, RequestId request_id) {
  const bool in_job = is_from_job(head);
  const auto answer = [&request_id](net::Reply reply) -> Started {
    reply.headers.set("x-amzn-requestid", request_id.value());
    return reply;
  };
  const LocalRoute* route = parts_.local_routes.find(head);
  if (route == nullptr || route->access != LocalAccess::kHealth) {
    if (auto refusal = parts_.local_routes.refusal(head))
      return answer(local_message(403, *refusal));
  }
  if (route == nullptr || in_job != (route->access == LocalAccess::kInJob))
    return answer(local_message(404, "there is no such page"));
  std::optional<Caller> caller;
  if (route->access == LocalAccess::kRootKey) {
    auto read = authenticator_.read(head, wire::read_authentication(head), kLocalService);
    if (const auto* failure = std::get_if<wire::AuthFailure>(&read)) {
      return answer(failure->kind == wire::AuthFailureKind::kUnavailable
                        ? local_message(503, failure->detail)
                        : local_message(403, "sign the request with the root key"));
    }
    caller = std::get<Caller>(std::move(read));
    if (!domain::is_root(caller->key.principal))
      return answer(local_message(403, "this key may not"));
  }
  return make_local_sink({*route, authenticator_, std::move(caller), std::move(head),
                          std::move(request_id), parts_.limits.body_bytes});
}

}  // namespace clary::services
