#include "services/auth_error.h"

namespace clary::services {
namespace {

using Kind = wire::AuthFailureKind;

constexpr const char* kMismatch =
    "The request signature we calculated does not match the signature you provided. Check your AWS "
    "Secret Access Key and signing "
    "method. Consult the service documentation for details.";
constexpr const char* kWrongPlace =
    "Only the job's own session credentials and presigned URLs may be used from inside a job.";

std::string or_detail(const wire::AuthFailure& failure, const char* sentence) {
  return failure.detail.empty() ? sentence : failure.detail;
}

ServiceError s3_error(const wire::AuthFailure& failure) {
  switch (failure.kind) {
    case Kind::kUnavailable:
      break;
    case Kind::kMissing:
      return {"AccessDenied", "Access Denied", 403};
    case Kind::kIncomplete:
      return {"AuthorizationHeaderMalformed",
              "The authorization header is malformed; " + failure.detail, 400};
    case Kind::kUnknownKey:
      return {"InvalidAccessKeyId",
              "The AWS Access Key Id you provided does not exist in our records.", 403};
    case Kind::kMismatch:
      return {"SignatureDoesNotMatch", kMismatch, 403};
    case Kind::kClockSkew:
      return {"RequestTimeTooSkewed",
              "The difference between the request time and the current time is too large.", 403};
    case Kind::kPresignExpired:
      return {"AccessDenied", "Request has expired", 403};
    case Kind::kPresignInvalid:
      return {"AuthorizationQueryParametersError", failure.detail, 400};
    case Kind::kTokenExpired:
      return {"ExpiredToken", "The provided token has expired.", 400};
    case Kind::kTokenInvalid:
      return {"InvalidToken", "The provided token is malformed or otherwise invalid.", 400};
    case Kind::kHeadersNotSigned:
      return {"AccessDenied",
              "There were headers present in the request which were not signed: " + failure.detail,
              403};
    case Kind::kUnsupportedScheme:
      return {"InvalidRequest",
              "The authorization mechanism you have provided is not supported. Please use "
              "AWS4-HMAC-SHA256.",
              400};
    case Kind::kWrongPlace:
      return {"AccessDenied", kWrongPlace, 403};
  }
  return {"AccessDenied", "Access Denied", 403};
}

// JSON services add "Exception" to most codes and answer 400 where they are no REST; query services
// answer 403.
ServiceError rpc_error(const wire::AuthFailure& failure, wire::Protocol protocol) {
  const bool json = protocol != wire::Protocol::kQuery;
  const int status = protocol == wire::Protocol::kJson ? 400 : 403;
  switch (failure.kind) {
    case Kind::kUnavailable:
      break;
    case Kind::kMissing:
      return {json ? "MissingAuthenticationTokenException" : "MissingAuthenticationToken",
              "Missing Authentication Token", status};
    case Kind::kIncomplete:
      return {json ? "IncompleteSignatureException" : "IncompleteSignature", failure.detail, 400};
    case Kind::kUnknownKey:
    case Kind::kTokenInvalid:
      return {json ? "UnrecognizedClientException" : "InvalidClientTokenId",
              "The security token included in the request is invalid.", status};
    case Kind::kMismatch:
    case Kind::kClockSkew:
      return {json ? "InvalidSignatureException" : "SignatureDoesNotMatch",
              or_detail(failure, kMismatch), status};
    case Kind::kPresignExpired:
      return {json ? "InvalidSignatureException" : "SignatureDoesNotMatch", "Signature expired.",
              status};
    case Kind::kPresignInvalid:
      return {json ? "IncompleteSignatureException" : "IncompleteSignature", failure.detail, 400};
    case Kind::kTokenExpired:
      return {json ? "ExpiredTokenException" : "ExpiredToken",
              "The security token included in the request is expired", status};
    case Kind::kHeadersNotSigned:
      return {json ? "InvalidSignatureException" : "SignatureDoesNotMatch",
              "There were headers present in the request which were not signed: " + failure.detail,
              status};
    case Kind::kUnsupportedScheme:
      return {
          json ? "IncompleteSignatureException" : "IncompleteSignature",
          "Unsupported signature: only AWS4-HMAC-SHA256 is known, not '" + failure.detail + "'.",
          400};
    case Kind::kWrongPlace:
      return {json ? "AccessDeniedException" : "AccessDenied", kWrongPlace, status};
  }
  return {json ? "AccessDeniedException" : "AccessDenied", "Access denied.", status};
}

}  // namespace

ServiceError auth_error(const wire::AuthFailure& failure, const wire::Service& service) {
  if (failure.kind == Kind::kUnavailable)
    return unavailable("The key cannot be looked up now; try again soon.");
  if (service.protocol == wire::Protocol::kRestXml) return s3_error(failure);
  return rpc_error(failure, service.protocol);
}

}  // namespace clary::services
