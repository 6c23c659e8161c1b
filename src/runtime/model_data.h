// Whether what a serving job is to serve is there and may be read: asked before its host is
// started, whose own calls ask again. No state; blocks on the store.
#pragma once

#include "base/result.h"
#include "domain/endpoint.h"
#include "objects/object_store.h"
#include "runtime/data_access.h"

namespace clary::runtime {

// A prefix of many models may be empty: they may be put there later. InvalidArgument, with a
// sentence that names what is not there or may not be read; any other error: not now.
Status check_model_data(const domain::ModelContainer& container, const DataReader& reader,
                        objects::ObjectStore& objects, DataAccess& access);

}  // namespace clary::runtime
