// Shapes: the tables that say how a typed value looks on the wire and what it must satisfy.
//
// constexpr, made by codegen/ from the service models; immutable, any thread. The protocols (query,
// rest_xml, validator) walk them over a Document.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace clary::wire {

enum class Kind : std::uint8_t {
  kStructure,
  kList,
  kMap,
  kString,
  kInteger,
  kLong,
  kDouble,
  kBoolean,
  kTimestamp,
  kBlob
};

// Where a member stands in a rest-xml or rest-json message.
enum class Location : std::uint8_t { kBody, kHeader, kHeaders, kQuery, kUri, kStatus };

enum class TimeFormat : std::uint8_t { kDefault, kIso8601, kEpochSeconds, kHttpDate };

// What Clary does with a member; see codegen/operations.toml.
enum class Standing : std::uint8_t { kCarriedOut, kInert, kRefused };

struct Shape;

struct Member {
  std::string_view name;       // in the model, in JSON and in the Document
  std::string_view wire_name;  // in XML, in forms, and of headers and query fields
  const Shape* shape = nullptr;
  Location location = Location::kBody;
  bool required = false;
  bool streaming = false;  // the bytes of the body itself; not part of the Document
  bool xml_attribute = false;
  std::string_view xml_namespace;
  Standing standing = Standing::kCarriedOut;
  std::string_view note;  // inert: the reason; refused: the sentence
  std::span<const std::string_view>
      unless;  // values that are carried out although the member is refused
};

inline constexpr std::int64_t kNoMinimum = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int64_t kNoMaximum = std::numeric_limits<std::int64_t>::max();

struct Shape {
  std::string_view name;
  Kind kind = Kind::kStructure;
  std::span<const Member> members;  // of a structure
  const Shape* element = nullptr;   // of a list, and the values of a map
  const Shape* key = nullptr;       // of a map
  std::string_view element_name;    // "member", "entry" or what the model says
  std::string_view key_name;
  std::string_view value_name;
  bool flattened = false;             // list and map elements stand where the list would
  std::string_view payload;           // the member that is the whole body
  std::int64_t minimum = kNoMinimum;  // length of text, lists and maps; value of numbers
  std::int64_t maximum = kNoMaximum;
  std::string_view pattern;                  // PCRE2, matched against the whole text
  std::string_view model_pattern;            // as AWS prints it
  std::span<const std::string_view> values;  // of an enumeration
  TimeFormat time_format = TimeFormat::kDefault;
};

enum class Protocol : std::uint8_t { kJson, kQuery, kRestXml, kRestJson, kCbor };

struct Service;

struct Operation {
  std::string_view name;
  const Service* service = nullptr;
  bool carried_out = false;
  const Shape* input = nullptr;
  const Shape* output = nullptr;
  std::string_view method = "POST";
  std::string_view uri = "/";  // "/{Bucket}/{Key+}"
  int status = 200;
  // rest-xml: query fields ("uploads", "list-type=2") and headers that a request must have to be
  // this operation.
  std::span<const std::string_view> required_query;
  std::span<const std::string_view> required_headers;
  std::string_view
      output_element;             // root element of an XML reply, where it is not the shape's name
  bool unwrapped = false;         // the reply's only member is the root element itself
  std::string_view refusal_code;  // for operations not carried out; "" takes the service's own
};

struct Service {
  std::string_view name;          // "cloudwatch"
  std::string_view signing_name;  // "monitoring"
  Protocol protocol = Protocol::kJson;
  bool also_query = false;         // answers forms too
  bool also_cbor = false;          // and Smithy's rpc-v2-cbor
  std::string_view json_version;   // "1.1"
  std::string_view target_prefix;  // "SageMaker"
  std::string_view api_version;
  std::string_view xml_namespace;
  std::span<const Operation> operations;  // sorted by name

  const Operation* find(std::string_view operation) const;
};

}  // namespace clary::wire
