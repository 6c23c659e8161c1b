// CBOR (RFC 8949) to and from a Document, as Smithy's rpc-v2-cbor protocol uses it: maps with text
// keys, instants as tag 1, bytes as blobs. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/document.h"
#include "base/result.h"

namespace clary::wire {

struct CborLimits {
  std::size_t depth = 64;  // arrays, maps and tags inside each other
};

// One item and nothing after it. InvalidArgument with what is wrong and where. Integers beyond 64
// bits and tags other than instants are refused; undefined reads as null. What a length promises is
// never allocated before it is there.
Result<Document> parse_cbor(std::string_view bytes, CborLimits limits = {});

// Definite lengths, integers in their shortest form, every other number in 64 bits, instants as
// tag 1 of a number of seconds. A BigNumber is written as its nearest double.
std::string to_cbor(const Document& document);

}  // namespace clary::wire
