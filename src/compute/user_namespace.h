// User namespaces: what this process may do to others, and a namespace made to order. Thread-safe.
#pragma once

#include <cstdint>

#include "base/fd.h"
#include "base/result.h"

namespace clary::compute {

// Whether this process is root of the machine, able to mount and to become other users. Else what
// it may do, it may do in a user namespace of its own.
bool is_real_root();

// One uid and one gid: `inside` in the namespace is `outside` here.
struct IdMap {
  std::uint32_t inside_uid = 0;
  std::uint32_t outside_uid = 0;
  std::uint32_t inside_gid = 0;
  std::uint32_t outside_gid = 0;
};

// A user namespace with that map, in which no further ones can be made. It lives as long as its
// descriptor or a process in it. Errors say how to mend a machine that does not allow it.
Result<Fd> make_user_namespace(const IdMap& map);

}  // namespace clary::compute
