// The bytes of a stored body on their way out. One thread at a time per source.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/fd.h"
#include "net/http.h"
#include "objects/object_store.h"

namespace clary::objects {

// `length` bytes of a body file from `offset`. expected_crc32c: of these bytes, verified while they
// are read: the read that would give the last of them fails when they are not what was stored.
// Empty: not verified.
std::unique_ptr<net::ByteSource> make_file_source(Fd file, std::uint64_t offset,
                                                  std::uint64_t length, std::string expected_crc32c,
                                                  std::string what);

// `length` bytes of `bytes` from `offset`. Precondition: they are there.
std::unique_ptr<net::ByteSource> make_memory_source(std::shared_ptr<const std::string> bytes,
                                                    std::uint64_t offset, std::uint64_t length);

}  // namespace clary::objects
