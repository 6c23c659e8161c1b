#include "services/call.h"

#include "api/s3_service.h"
#include "api/services.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/strings.h"
#include "services/auth_error.h"
#include "services/authorizer.h"
#include "services/front_sinks.h"
#include "services/s3_body.h"
#include "wire/cbor.h"
#include "wire/error_body.h"
#include "wire/gzip_body.h"
#include "wire/rest_json.h"
#include "wire/rest_xml.h"

namespace clary::services {
namespace {

using wire::Protocol;

ServiceError violation_error(const wire::Verdict& verdict, const wire::Service& service) {
  const bool wrong_kind = !verdict.wrong_kinds.empty() && service.protocol == Protocol::kJson;
  if (wrong_kind) return {"SerializationException", verdict.message(), 400};
  const bool rest_xml = service.protocol == Protocol::kRestXml;
  if (rest_xml && !verdict.unknowns.empty()) return {"MalformedXML", verdict.message(), 400};
  if (rest_xml && verdict.violations.empty() && verdict.wrong_kinds.empty()) {
    ServiceError error = unsupported(verdict.message());
    return error;
  }
  ServiceError error = invalid_argument(verdict.message());
  return error;
}

}  // namespace

Call::Call(CallParts parts, net::RequestHead head, RequestId request_id)
    : parts_(parts),
      head_(std::move(head)),
      claims_(wire::read_authentication(head_)),
      arrived_(parts.front.clock.steady()) {
  context_.account = parts.front.account;
  context_.request_id = std::move(request_id);
  context_.now = parts.front.clock.now();
  context_.head = &head_;
  move_bucket_into_path();
}

void Call::move_bucket_into_path() {
  if (parts_.front.s3_domains.empty() || head_.headers.find("x-amz-target") != nullptr) return;
  const BucketName bucket = bucket_of_host(head_.headers.get("host"), parts_.front.s3_domains);
  if (bucket.empty()) return;
  const wire::Authentication* claims = wire::authentication_of(claims_);
  if (claims != nullptr && claims->scope.service != api::s3_service().signing_name) return;
  const std::string path_style = "/" + *bucket + head_.target;
  // Version 2 signs the bucket's path, wherever the bucket stands.
  const bool is_v2 = claims != nullptr && claims->version == wire::SignatureVersion::kV2;
  if (!is_v2) signed_target_ = head_.target;
  head_.target = path_style;
}

std::optional<ServiceError> Call::find_operation() {
  auto found = find_route(head_, claims_);
  if (auto* failure = std::get_if<RouteFailure>(&found)) {
    route_ = {failure->service, nullptr, failure->protocol};
    return failure->error;
  }
  route_ = std::get<RequestRoute>(found);
  return std::nullopt;
}

std::optional<ServiceError> Call::authenticate() {
  if (service().name == api::s3_service().name && wire::is_unsigned(claims_))
    return authenticate_nobody();
  if (!signed_target_.empty()) std::swap(head_.target, signed_target_);
  auto read = parts_.authenticator.read(head_, std::move(claims_), service().signing_name);
  if (!signed_target_.empty()) std::swap(head_.target, signed_target_);
  if (const auto* failure = std::get_if<wire::AuthFailure>(&read))
    return auth_error(*failure, service());
  take_caller(std::get<Caller>(std::move(read)));
  if (!place_) return slow_down();
  if (caller_.claims.expires) wire::apply_presigned_fields(head_);
  return read_payload_kind();
}

void Call::take_caller(Caller caller) {
  caller_ = std::move(caller);
  place_ = parts_.key_places.take(caller_.key.id);
  context_.region = Region(caller_.claims.scope.region);
  context_.principal = caller_.key.principal;
  context_.gang = caller_.key.gang;
  context_.temporary_key = caller_.key.expires.has_value();
}

void Call::begin_form() { route_ = {&api::s3_service(), nullptr, Protocol::kRestXml}; }

Outcome<Caller> Call::read_form_caller(const std::map<std::string, std::string>& fields,
                                       std::string_view policy) const {
  auto read = parts_.authenticator.read_form(fields, policy, head_, service().signing_name);
  if (const auto* failure = std::get_if<wire::AuthFailure>(&read))
    return auth_error(*failure, service());
  return std::get<Caller>(std::move(read));
}

Outcome<std::unique_ptr<EncodedSink>> Call::open_form(net::RequestHead put,
                                                      std::optional<Caller> caller) {
  head_ = std::move(put);
  signed_target_.clear();
  if (auto refused = find_operation()) return *refused;
  // A field may name what makes it another operation: x-amz-copy-source.
  if (!writes())
    return ServiceError("InvalidArgument", "A form uploads one object, and does nothing else.");
  if (caller) {
    take_caller(std::move(*caller));
    if (!place_) return slow_down();
  } else if (auto refused = authenticate_nobody()) {
    return *refused;
  }
  auto opened = open();
  head_.method = "POST";  // as the page sent it, for its origin's rules
  return opened;
}

std::optional<ServiceError> Call::authenticate_nobody() {
  const ServiceError no = auth_error({wire::AuthFailureKind::kMissing, ""}, service());
  if (is_from_job(head_)) return no;
  place_ = parts_.key_places.take(AccessKeyId());
  if (!place_) return slow_down();
  caller_.claims.payload_hash = std::string(head_.headers.get("x-amz-content-sha256"));
  if (caller_.claims.payload_hash.empty()) caller_.claims.payload_hash = wire::kUnsignedPayload;
  caller_.verified = true;
  context_.region = Region("us-east-1");
  context_.principal = "anonymous";
  // Before the body, which nobody may make the server keep for nothing.
  CLARY_TRY(const Document request, read_request(""));
  if (auto refused = authorize(request)) return refused;
  return read_payload_kind();
}

std::optional<ServiceError> Call::authorize(const Document& request) {
  CLARY_TRY(context_.refused_entries,
            services::authorize(caller_.key, parts_.front.identities, *route_.operation, request,
                                context_, parts_.front.buckets));
  return std::nullopt;
}

net::Reply Call::answer_preflight() {
  route_ = {&api::s3_service(), nullptr, Protocol::kRestXml};
  std::shared_ptr<const CorsConfiguration> rules;
  if (parts_.front.buckets != nullptr) {
    auto found = parts_.front.buckets->cors(bucket_of_path(head_.raw_path()));
    if (!found.ok()) return encode_error(found.error());
    rules = std::move(*found);
  }
  Outcome<net::Headers> fields = services::answer_preflight(rules.get(), head_);
  if (!fields.ok()) return encode_error(fields.error());
  net::Reply reply;
  reply.headers = std::move(*fields);
  wire::add_request_id(route_.protocol, context_.request_id.value(), reply.headers);
  note(reply.status, "");
  return reply;
}

// A page of another origin reads errors too.
void Call::add_cors_fields(net::Reply& reply) const {
  if (parts_.front.buckets == nullptr || head_.headers.find("origin") == nullptr ||
      head_.method == "OPTIONS" || service().name != api::s3_service().name)
    return;
  const auto rules = parts_.front.buckets->cors(bucket_of_path(head_.raw_path()));
  if (rules.ok() && *rules != nullptr) services::add_cors_fields(**rules, head_, reply.headers);
}

ServiceError Call::slow_down() const {
  ServiceError error("SlowDown", "Please reduce your request rate.", 503);
  if (service().protocol != Protocol::kRestXml) {
    const bool json = route_.protocol == Protocol::kJson || route_.protocol == Protocol::kRestJson;
    error = ServiceError(json ? "ThrottlingException" : "Throttling", "Rate exceeded", 400);
  }
  error.kind = ErrorCode::kLimitExceeded;
  return error;
}

std::optional<ServiceError> Call::read_payload_kind() {
  const std::optional<wire::PayloadKind> kind = wire::payload_kind(caller_.claims.payload_hash);
  if (!kind)
    return ServiceError(
        "InvalidRequest",
        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-... or a SHA-256.", 400);
  payload_kind_ = *kind;
  if (route_.protocol == Protocol::kRestXml && caller_.claims.payload_hash.empty() &&
      !caller_.claims.expires) {
    return ServiceError("InvalidRequest",
                        "Missing required header for this request: x-amz-content-sha256", 400);
  }
  facts_.length = head_.content_length;
  if (payload_kind_ == wire::PayloadKind::kHashed) facts_.sha256_hex = caller_.claims.payload_hash;
  if (payload_kind_ >= wire::PayloadKind::kChunkedUnsignedTrailer) {
    facts_.length.reset();
    return read_announced(head_, facts_);
  }
  return std::nullopt;
}

const Endpoint* Call::endpoint() const {
  return route_.operation == nullptr ? nullptr : parts_.front.router.find(*route_.operation);
}

bool Call::writes() const { return endpoint() != nullptr && endpoint()->open != nullptr; }

bool Call::exchanges() const { return endpoint() != nullptr && endpoint()->exchange != nullptr; }

std::size_t Call::most_body_bytes() const {
  return exchanges() ? parts_.front.limits.exchanged_bytes : parts_.front.limits.body_bytes;
}

ServiceError Call::body_too_long() const {
  const std::string limit = std::to_string(most_body_bytes());
  // Source: AWS, InvokeEndpoint with a larger body.
  if (exchanges()) return {"413", "HTTP content length exceeded " + limit + " bytes.", 413};
  return {"RequestEntityTooLarge", "the body is larger than " + limit + " bytes", 413};
}

Outcome<std::unique_ptr<EncodedSink>> Call::open() {
  try {
    return open_sink();
  } catch (const std::exception& failure) {
    return internal_error(std::string("an exception: ") + failure.what());
  }
}

Outcome<std::unique_ptr<EncodedSink>> Call::open_sink() {
  CLARY_TRY(const Document request, read_request(""));
  if (auto refused = authorize(request)) return *refused;
  if (auto refused = validate(request)) return *refused;
  return endpoint()->open(request, facts_, context_);
}

net::Reply Call::answer(std::string body) {
  try {
    Outcome<EncodedReply> outcome = carry_out(std::move(body));
    return outcome.ok() ? encode(std::move(*outcome)) : encode_error(outcome.error());
  } catch (const std::exception& failure) {
    return encode_error(internal_error(std::string("an exception: ") + failure.what()));
  }
}

std::optional<ServiceError> Call::unpack(std::string& body) const {
  const bool packed = head_.headers.get("content-encoding") == "gzip" &&
                      route_.protocol != Protocol::kRestXml && !exchanges();
  if (!packed) return std::nullopt;
  Result<std::string> whole = wire::gunzip(body, parts_.front.limits.body_bytes);
  if (!whole.ok()) return ServiceError("SerializationException", whole.error().message);
  body = std::move(*whole);
  return std::nullopt;
}

Outcome<EncodedReply> Call::carry_out(std::string body) {
  if (auto refused = verify_body(body)) return *refused;
  if (auto refused = unpack(body)) return *refused;
  if (auto refused = find_form_operation(body)) return *refused;
  const Endpoint* found = endpoint();
  if (found == nullptr) return not_carried_out(*route_.operation);
  CLARY_TRY(const Document request, read_request(body));
  if (auto refused = authorize(request)) return *refused;
  if (auto refused = validate(request)) return *refused;
  if (found->exchange) return found->exchange(request, std::move(body), context_);
  Outcome<EncodedReply> outcome = found->call(request, context_);
  if (outcome.ok() || outcome.error().code != "NoSuchKey") return outcome;
  CLARY_TRY(const bool may_know,
            may_know_absence(caller_.key, parts_.front.identities, *route_.operation, request,
                             context_, parts_.front.buckets));
  if (may_know) return outcome;
  return ServiceError("AccessDenied", "Access Denied", 403);
}

std::optional<ServiceError> Call::verify_body(std::string_view body) const {
  if (auto failure = parts_.authenticator.verify(caller_, head_, body))
    return auth_error(*failure, service());
  if (facts_.sha256_hex && !constant_time_equal(*facts_.sha256_hex, wire::payload_hash(body)))
    return payload_mismatch();
  if (route_.protocol == Protocol::kRestXml)
    return check_whole_body(*route_.operation, head_.headers, body);
  return std::nullopt;
}

std::optional<ServiceError> Call::find_form_operation(std::string_view body) {
  if (route_.operation != nullptr) return std::nullopt;
  Result<wire::Form> form = wire::read_form(body);
  if (!form.ok()) return ServiceError("MalformedQueryString", form.error().message, 400);
  // A presigned call has its fields in the query.
  if (wire::form_value(*form, "Action").empty()) form = wire::read_query_form(head_.raw_query());
  if (!form.ok()) return ServiceError("MalformedQueryString", form.error().message, 400);
  form_ = std::move(*form);
  Outcome<const wire::Operation*> found = services::find_form_operation(service(), form_);
  if (!found.ok()) return found.error();
  route_.operation = *found;
  return std::nullopt;
}

Outcome<Document> Call::read_request(std::string_view body) const {
  switch (route_.protocol) {
    case Protocol::kQuery:
      return wire::read_query(*route_.operation, form_);
    case Protocol::kJson: {
      if (trim(body).empty()) return Document(Document::Object{});
      Result<Document> document = parse_json(body);
      if (!document.ok())
        return ServiceError("SerializationException", "The body is " + document.error().message,
                            400);
      return std::move(*document);
    }
    case Protocol::kCbor: {
      if (body.empty()) return Document(Document::Object{});
      Result<Document> document = wire::parse_cbor(body);
      if (!document.ok()) return ServiceError("SerializationException", document.error().message);
      return std::move(*document);
    }
    case Protocol::kRestJson: {
      Result<Document> document = wire::read_rest_json_request(*route_.operation, head_, body);
      if (!document.ok()) return ServiceError("SerializationException", document.error().message);
      return std::move(*document);
    }
    case Protocol::kRestXml: {
      Result<Document> document = wire::read_rest_request(*route_.operation, head_, body);
      if (!document.ok())
        return ServiceError("MalformedXML",
                            "The XML you provided was not well-formed or did not validate against "
                            "our published schema: " +
                                document.error().message,
                            400);
      return std::move(*document);
    }
  }
  return ServiceError(internal_error("no such protocol"));
}

std::optional<ServiceError> Call::validate(const Document& request) {
  wire::Verdict verdict = parts_.validator.check(*route_.operation, request);
  if (!verdict.accepted()) return violation_error(verdict, service());
  context_.inert = std::move(verdict.inert);
  return std::nullopt;
}

}  // namespace clary::services
