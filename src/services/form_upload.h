// POST upload: a browser's form that puts one object (Amazon S3 API Reference, "POST Object").
//
// The form becomes a PutObject of its key and goes the way of every other: policy, validation,
// store. What is special here is who may: the form holds a signed policy document.
#pragma once

#include <cstddef>
#include <memory>

#include "net/http.h"
#include "services/call.h"

namespace clary::services {

// Whether the request is one: POST of multipart/form-data to a bucket, unsigned in its head.
bool is_form_upload(const net::RequestHead& head);

// call: of such a request.
std::unique_ptr<net::RequestSink> make_form_upload_sink(std::unique_ptr<Call> call,
                                                        const Clock& clock);

}  // namespace clary::services
