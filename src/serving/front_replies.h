// What the front of a model server answers by itself, and an answer of the model's as a reply.
//
// Refusals have the form that TorchServe's and Multi Model Server's clients know:
// {"code": 503, "type": "ServiceUnavailableException", "message": "..."}. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/document.h"
#include "base/error.h"
#include "net/http.h"
#include "serving/admission.h"
#include "serving/model_call.h"

namespace clary::serving {

net::Reply json_reply(int status, const Document& body);
net::Reply refusal_reply(int status, std::string_view sentence);
// Of a 503 with Retry-After.
net::Reply refusal_reply(const Refusal& refusal);
net::Reply too_large_reply(std::uint64_t limit_bytes);
// 404 NotFound, 409 AlreadyExists and Conflict, 507 LimitExceeded, 503 Unavailable and Cancelled,
// 504 Timeout, 400 what the caller did wrong, else 500.
net::Reply error_reply(const Error& error);
// The reason phrase ends after 4 KiB.
net::Reply answer_reply(ModelAnswer answer);

}  // namespace clary::serving
