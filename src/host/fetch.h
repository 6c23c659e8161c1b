// Objects into files of the job's.
#pragma once

#include <string>

#include "base/result.h"
#include "host/host_context.h"
#include "objects/object_store.h"

namespace clary::host {

enum class Unpacking { kNone, kGunzip };

// The object's bytes into the file `to`, which must not be there; missing folders are made.
// Verified by the object's checksum where it has one of its whole bytes. InvalidArgument when it
// shall be unpacked and is no gzip.
Status fetch_object(HostContext& context, const objects::ObjectUri& from, const std::string& to,
                    Unpacking unpacking = Unpacking::kNone);

// A tar archive's members below `folder`, which is there and empty; as strict as unpack_tar().
Status unpack_object(HostContext& context, const objects::ObjectUri& from,
                     const std::string& folder);

}  // namespace clary::host
