#include "services/post_policy.h"

#include <algorithm>

#include "base/document.h"
#include "base/json.h"
#include "base/strings.h"
#include "base/text_encoding.h"
#include "base/time_text.h"

namespace clary::services {
namespace {

ServiceError invalid_policy(const std::string& what) {
  return {"InvalidPolicyDocument", "Invalid Policy: " + what};
}

ServiceError denied_by_policy(const std::string& what) {
  return {"AccessDenied", "Invalid according to Policy: " + what, 403};
}

// Fields that no policy needs to mention.
bool is_free(const std::string& name) {
  constexpr std::string_view kFree[] = {"awsaccesskeyid", "bucket",          "file",  "policy",
                                        "signature",      "x-amz-signature", "submit"};
  return name.starts_with("x-ignore-") ||
         std::find(std::begin(kFree), std::end(kFree), name) != std::end(kFree);
}

std::optional<std::uint64_t> size_of_bound(const Document& bound) {
  if (const std::int64_t* number = bound.as_int(); number != nullptr && *number >= 0)
    return static_cast<std::uint64_t>(*number);
  if (const std::string* text = bound.as_string()) {
    const std::optional<std::int64_t> number = parse_int(*text);
    if (number && *number >= 0) return static_cast<std::uint64_t>(*number);
  }
  return std::nullopt;
}

std::string field_name(std::string_view text) {
  if (text.starts_with('$')) text.remove_prefix(1);
  return to_lower(text);
}

}  // namespace

bool PostPolicy::Condition::holds(const FormFields& fields) const {
  const auto found = fields.find(field);
  const std::string present = found == fields.end() ? "" : found->second;
  if (kind == Kind::kEqual) return found != fields.end() && present == value;
  return present.starts_with(value);
}

std::string PostPolicy::Condition::text() const {
  return to_json(Document::array({Document(kind == Kind::kEqual ? "eq" : "starts-with"),
                                  Document("$" + field), Document(value)}));
}

std::optional<ServiceError> PostPolicy::read_condition(const Document& condition) {
  if (const Document::Object* pairs = condition.as_object()) {
    for (const auto& [name, value] : *pairs) {
      if (value.as_string() == nullptr)
        return invalid_policy("the value of '" + name + "' is no text");
      conditions_.push_back({Condition::Kind::kEqual, to_lower(name), *value.as_string()});
    }
    return std::nullopt;
  }
  const Document::Array* parts = condition.as_array();
  if (parts == nullptr || parts->size() != 3 || (*parts)[0].as_string() == nullptr)
    return invalid_policy("a condition is an object or a list of three");
  const std::string kind = to_lower(*(*parts)[0].as_string());
  if (kind == "content-length-range") {
    const auto least = size_of_bound((*parts)[1]);
    const auto most = size_of_bound((*parts)[2]);
    if (!least || !most) return invalid_policy("content-length-range wants two numbers");
    least_bytes_ = std::max(least_bytes_, *least);
    most_bytes_ = std::min(most_bytes_, *most);
    return std::nullopt;
  }
  const std::string* field = (*parts)[1].as_string();
  const std::string* value = (*parts)[2].as_string();
  if ((kind != "eq" && kind != "starts-with") || field == nullptr || value == nullptr)
    return invalid_policy("a condition of kind '" + kind + "' is not known");
  conditions_.push_back({kind == "eq" ? Condition::Kind::kEqual : Condition::Kind::kStartsWith,
                         field_name(*field), *value});
  return std::nullopt;
}

Outcome<PostPolicy> PostPolicy::parse(std::string_view base64) {
  const Result<std::string> text = base64_decode(base64);
  if (!text.ok()) return invalid_policy("it is no base64");
  const Result<Document> document = parse_json(*text);
  if (!document.ok() || !document->is_object()) return invalid_policy("it is no JSON object");
  PostPolicy out;
  const Result<TimePoint> expiration = parse_time(document->string_or("expiration", ""));
  if (!expiration.ok()) return invalid_policy("it has no expiration in ISO 8601");
  out.expiration_ = *expiration;
  const Document* conditions = document->find("conditions");
  if (conditions == nullptr || conditions->as_array() == nullptr)
    return invalid_policy("it has no list of conditions");
  for (const Document& condition : *conditions->as_array()) {
    if (auto wrong = out.read_condition(condition)) return *wrong;
  }
  return out;
}

std::optional<ServiceError> PostPolicy::check(const FormFields& fields, TimePoint now) const {
  if (now > expiration_) return denied_by_policy("Policy expired.");
  for (const Condition& condition : conditions_) {
    if (!condition.holds(fields))
      return denied_by_policy("Policy Condition failed: " + condition.text());
  }
  for (const auto& [name, value] : fields) {
    const bool mentioned =
        std::any_of(conditions_.begin(), conditions_.end(),
                    [&](const Condition& condition) { return condition.field == name; });
    if (!mentioned && !is_free(name)) return denied_by_policy("Extra input fields: " + name);
  }
  return std::nullopt;
}

}  // namespace clary::services
