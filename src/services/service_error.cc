#include "services/service_error.h"

namespace clary::services {
namespace {

int usual_status(ErrorCode kind) {
  switch (kind) {
    case ErrorCode::kInternal:
      return 500;
    case ErrorCode::kUnavailable:
    case ErrorCode::kTimeout:
    case ErrorCode::kCancelled:
      return 503;
    default:
      return 400;
  }
}

// Source: botocore's model of application-autoscaling.
std::string scaling_code(ErrorCode kind) {
  switch (kind) {
    case ErrorCode::kNotFound:
      return "ObjectNotFoundException";
    case ErrorCode::kConflict:
      return "ConcurrentUpdateException";
    case ErrorCode::kLimitExceeded:
      return "LimitExceededException";
    case ErrorCode::kDenied:
      return "AccessDeniedException";
    case ErrorCode::kInternal:
      return "InternalServiceException";
    case ErrorCode::kUnavailable:
    case ErrorCode::kTimeout:
    case ErrorCode::kCancelled:
      return "ServiceUnavailable";
    default:
      return "ValidationException";
  }
}

std::string json_code(ErrorCode kind, const wire::Service& service) {
  if (service.name == "application-autoscaling") return scaling_code(kind);
  const bool logs = service.name == "logs";
  switch (kind) {
    case ErrorCode::kNotFound:
      return logs ? "ResourceNotFoundException" : "ResourceNotFound";
    case ErrorCode::kAlreadyExists:
      return logs ? "ResourceAlreadyExistsException" : "ResourceInUse";
    case ErrorCode::kConflict:
      return "ConflictException";
    case ErrorCode::kLimitExceeded:
      return logs ? "LimitExceededException" : "ResourceLimitExceeded";
    case ErrorCode::kDenied:
      return "AccessDeniedException";
    case ErrorCode::kInternal:
      return "InternalFailure";
    case ErrorCode::kUnavailable:
    case ErrorCode::kTimeout:
    case ErrorCode::kCancelled:
      return logs ? "ServiceUnavailableException" : "ServiceUnavailable";
    default:
      return logs                 ? "InvalidParameterException"
             : service.also_query ? "ValidationError"
                                  : "ValidationException";
  }
}

std::string rest_json_code(ErrorCode kind) {
  switch (kind) {
    case ErrorCode::kLimitExceeded:
      return "ThrottlingException";
    case ErrorCode::kDenied:
      return "AccessDeniedException";
    case ErrorCode::kInternal:
      return "InternalFailure";
    case ErrorCode::kUnavailable:
    case ErrorCode::kTimeout:
    case ErrorCode::kCancelled:
      return "ServiceUnavailable";
    default:
      return "ValidationError";
  }
}

std::string query_code(ErrorCode kind) {
  switch (kind) {
    case ErrorCode::kNotFound:
      return "NoSuchEntity";
    case ErrorCode::kAlreadyExists:
      return "EntityAlreadyExists";
    case ErrorCode::kConflict:
      return "ConcurrentModification";
    case ErrorCode::kLimitExceeded:
      return "LimitExceeded";
    case ErrorCode::kDenied:
      return "AccessDenied";
    case ErrorCode::kInternal:
      return "InternalFailure";
    case ErrorCode::kUnavailable:
    case ErrorCode::kTimeout:
    case ErrorCode::kCancelled:
      return "ServiceUnavailable";
    default:
      return "ValidationError";
  }
}

WireError s3_error(ErrorCode kind) {
  switch (kind) {
    case ErrorCode::kNotFound:
      return {"NoSuchKey", 404};
    case ErrorCode::kAlreadyExists:
      return {"BucketAlreadyOwnedByYou", 409};
    case ErrorCode::kConflict:
      return {"OperationAborted", 409};
    case ErrorCode::kLimitExceeded:
      return {"EntityTooLarge", 400};
    case ErrorCode::kDenied:
      return {"AccessDenied", 403};
    case ErrorCode::kUnsupported:
      return {"NotImplemented", 501};
    case ErrorCode::kInternal:
      return {"InternalError", 500};
    case ErrorCode::kUnavailable:
    case ErrorCode::kTimeout:
    case ErrorCode::kCancelled:
      return {"ServiceUnavailable", 503};
    default:
      return {"InvalidArgument", 400};
  }
}

WireError usual(ErrorCode kind, const wire::Service& service) {
  if (service.protocol == wire::Protocol::kRestXml) return s3_error(kind);
  int status = usual_status(kind);
  if (service.protocol == wire::Protocol::kJson) return {json_code(kind, service), status};
  if (kind == ErrorCode::kDenied) status = 403;
  if (service.protocol == wire::Protocol::kRestJson) return {rest_json_code(kind), status};
  if (kind == ErrorCode::kNotFound) status = 404;
  return {query_code(kind), status};
}

}  // namespace

WireError wire_error(const ServiceError& error, const wire::Service& service) {
  WireError out = usual(error.kind, service);
  if (!error.code.empty()) out.code = error.code;
  if (error.status != 0) out.status = error.status;
  return out;
}

}  // namespace clary::services
