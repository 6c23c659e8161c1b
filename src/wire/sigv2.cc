#include "wire/sigv2.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/strings.h"
#include "base/text_encoding.h"

namespace clary::wire {
namespace {

// Query fields that are part of the resource.
constexpr std::string_view kSubresources[] = {
    "accelerate",
    "acl",
    "analytics",
    "cors",
    "defaultObjectAcl",
    "delete",
    "inventory",
    "lifecycle",
    "location",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "partNumber",
    "policy",
    "replication",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "select",
    "select-type",
    "storageClass",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
};

struct QueryField {
  std::string name;
  std::string value;
  bool has_value = false;
};

std::vector<QueryField> subresource_fields(std::string_view raw_query) {
  std::vector<QueryField> out;
  for (const std::string_view part : split(raw_query, '&')) {
    const std::size_t equals = part.find('=');
    const bool has_value = equals != std::string_view::npos;
    out.push_back({percent_decode(part.substr(0, equals)).value_or(""),
                   has_value ? form_decode(part.substr(equals + 1)).value_or("") : "", has_value});
  }
  return out;
}

std::string resource(const net::RequestHead& head, std::vector<QueryField> fields) {
  std::string out(head.raw_path());
  std::stable_sort(fields.begin(), fields.end(),
                   [](const QueryField& a, const QueryField& b) { return a.name < b.name; });
  char separator = '?';
  for (const QueryField& field : fields) {
    if (std::find(std::begin(kSubresources), std::end(kSubresources), field.name) ==
        std::end(kSubresources))
      continue;
    out += separator;
    out += field.name;
    if (field.has_value) out.append("=").append(field.value);
    separator = '&';
  }
  return out;
}

// Fields of the head, and those that the URL holds in their place.
std::map<std::string, std::string> signed_headers(const net::RequestHead& head,
                                                  const std::vector<QueryField>& fields) {
  std::map<std::string, std::string> out;
  const auto is_signed = [](const std::string& name) {
    return name.starts_with("x-amz-") || name == "content-md5" || name == "content-type";
  };
  for (const auto& [name, value] : head.headers.fields()) {
    const std::string lower = to_lower(name);
    if (!is_signed(lower)) continue;
    std::string& joined = out[lower];
    if (!joined.empty()) joined += ',';
    joined += trim(value);
  }
  for (const QueryField& field : fields) {
    const std::string lower = to_lower(field.name);
    if (!is_signed(lower)) continue;
    // What says one thing here and another there is signed as both: only one of them would be
    // carried out.
    std::string& joined = out[lower];
    if (joined == trim(field.value)) continue;
    if (!joined.empty()) joined += ',';
    joined += trim(field.value);
  }
  return out;
}

}  // namespace

std::string sigv2_signature(const net::RequestHead& head, const Secret& secret) {
  const std::vector<QueryField> fields = subresource_fields(head.raw_query());
  const std::map<std::string, std::string> headers = signed_headers(head, fields);
  const auto value_of = [](const auto& map, const char* name) {
    return map.contains(name) ? map.at(name) : std::string();
  };
  std::string expires;
  for (const QueryField& field : fields) {
    if (field.name == "Expires") expires = field.value;
  }
  std::string text = head.method;
  for (const std::string& line :
       {value_of(headers, "content-md5"), value_of(headers, "content-type"), expires})
    text.append("\n").append(line);
  text += '\n';
  for (const auto& [name, value] : headers) {
    if (name.starts_with("x-amz-")) text.append(name).append(":").append(value).append("\n");
  }
  text += resource(head, fields);
  return base64_encode(hmac_sha1(secret.reveal(), text));
}

}  // namespace clary::wire
