#include "wire/validator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/strings.h"
#include "base/text_encoding.h"
#include "base/time_text.h"
#include "wire/constraint.h"
#include "wire/pattern.h"

namespace clary::wire {
namespace {

// Hostile requests must not cost more than their reading: beyond these, members are not named and
// elements not looked at.
constexpr std::size_t kMostUnknownNamed = 8;
constexpr std::size_t kLongestNameCompared = 128;
constexpr std::size_t kMostElementsChecked = 1000;

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::kStructure:
      return "a structure";
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a map";
    case Kind::kString:
      return "text";
    case Kind::kInteger:
      return "a 32-bit integer";
    case Kind::kLong:
      return "an integer";
    case Kind::kDouble:
      return "a number";
    case Kind::kBoolean:
      return "true or false";
    case Kind::kTimestamp:
      return "a time";
    case Kind::kBlob:
      return "base64";
  }
  return "a value";
}

bool is_whole(const Document& value, double bound) {
  if (const std::int64_t* number = value.as_int()) {
    return bound > 1e18 || (*number >= -2147483648LL && *number <= 2147483647LL);
  }
  const double* number = value.as_double();
  return number != nullptr && std::trunc(*number) == *number && std::abs(*number) < bound;
}

bool is_time(const Document& value) {
  if (value.as_time() != nullptr || value.as_int() != nullptr) return true;
  if (const double* seconds = value.as_double()) return std::abs(*seconds) < 1e11;
  return value.as_string() != nullptr && parse_time(*value.as_string()).ok();
}

bool has_kind(const Document& value, Kind kind) {
  switch (kind) {
    case Kind::kStructure:
    case Kind::kMap:
      return value.is_object();
    case Kind::kList:
      return value.is_array();
    case Kind::kString:
      return value.as_string() != nullptr;
    case Kind::kInteger:
      return is_whole(value, 2147483648.0);
    case Kind::kLong:
      return is_whole(value, 9.2e18);
    case Kind::kDouble:
      return value.as_double() != nullptr || value.as_int() != nullptr;
    case Kind::kBoolean:
      return value.as_bool() != nullptr;
    case Kind::kTimestamp:
      return is_time(value);
    case Kind::kBlob:
      return value.as_blob() != nullptr ||
             (value.as_string() != nullptr && base64_decode(*value.as_string()).ok());
  }
  return false;
}

bool is_empty_collection(const Document& value) {
  if (const Document::Array* array = value.as_array()) return array->empty();
  if (const Document::Object* object = value.as_object()) return object->empty();
  return false;
}

bool is_one_of(const Document& value, std::span<const std::string_view> texts) {
  const std::string text = value_text(value);
  for (const std::string_view one : texts) {
    if (one == text) return true;
  }
  return false;
}

// trainingJobName out of TrainingJobName: how AWS prints a member.
std::string printed(std::string_view name) {
  std::string out(name);
  if (!out.empty() && out[0] >= 'A' && out[0] <= 'Z')
    out[0] = static_cast<char>(out[0] - 'A' + 'a');
  return out;
}

struct Path {
  std::string printed;   // 'resourceConfig.instanceCount', 'inputDataConfig.1.member.channelName'
  std::string document;  // "ResourceConfig.InstanceCount"

  Path member(std::string_view name) const {
    return {(printed.empty() ? "" : printed + '.') + clary::wire::printed(name),
            (document.empty() ? "" : document + '.') + std::string(name)};
  }
  Path element(std::size_t index) const {
    return {fmt::format("{}.{}.member", printed, index + 1), document};
  }
  Path entry(std::string_view key) const {
    return {fmt::format("{}.{}.member", printed, key), document};
  }
};

class Walk {
 public:
  Walk(Patterns& patterns, const Operation& operation, Verdict& verdict)
      : patterns_(patterns), operation_(operation), verdict_(verdict) {}

  void structure(const Shape* shape, const Document& value, const Path& path) {
    const std::span<const Member> members =
        shape == nullptr ? std::span<const Member>() : shape->members;
    for (const Member& member : members) {
      if (member.streaming) continue;
      const Document* found = value.find(member.name);
      if (found != nullptr && !found->is_null()) {
        sent(member, *found, path.member(member.name));
      } else if (member.required) {
        violate("null", path.member(member.name), "Member must not be null");
      }
    }
    for (const auto& [name, unused] : *value.as_object()) refuse_if_unknown(members, name, path);
  }

 private:
  void sent(const Member& member, const Document& value, const Path& path) {
    if (member.standing == Standing::kRefused && !is_one_of(value, member.unless)) {
      if (is_empty_collection(value)) return;
      refuse(member.note);
      // What the model does not have either is told in AWS's words.
      if (!member.unless.empty()) check(*member.shape, value, path);
      return;
    }
    if (member.standing == Standing::kInert)
      verdict_.inert.push_back({path.document, std::string(member.note)});
    check(*member.shape, value, path);
  }

  // Members that go together have one sentence, which is said once.
  void refuse(std::string_view sentence) {
    if (std::ranges::find(verdict_.refusals, sentence) == verdict_.refusals.end())
      verdict_.refusals.emplace_back(sentence);
  }

  void check(const Shape& shape, const Document& value, const Path& path) {
    if (!has_kind(value, shape.kind)) {
      verdict_.wrong_kinds.push_back(
          fmt::format("{} must be {}.", path.document, kind_name(shape.kind)));
      return;
    }
    for (const std::string& broken : broken_constraints(shape, value, patterns_))
      violate(value_text(value), path, broken);
    if (shape.kind == Kind::kStructure) structure(&shape, value, path);
    if (shape.kind == Kind::kList && is_bounded(shape, value.as_array()->size()))
      list(shape, value, path);
    if (shape.kind == Kind::kMap && is_bounded(shape, value.as_object()->size()))
      map(shape, value, path);
  }

  // A collection that is too long is said to be so; its elements need no look.
  static bool is_bounded(const Shape& shape, std::size_t size) {
    return size <= kMostElementsChecked || static_cast<std::int64_t>(size) <= shape.maximum;
  }

  void list(const Shape& shape, const Document& value, const Path& path) {
    const Document::Array& elements = *value.as_array();
    bool every_element_fits = true;
    for (std::size_t i = 0; i < elements.size(); ++i) {
      if (is_nested(*shape.element) || !has_kind(elements[i], shape.element->kind)) {
        check(*shape.element, elements[i], path.element(i));
      } else if (!broken_constraints(*shape.element, elements[i], patterns_).empty()) {
        every_element_fits = false;
      }
    }
    if (!every_element_fits) {
      violate(value_text(value), path,
              "Member must satisfy constraint: " + constraint_list(*shape.element));
    }
  }

  void map(const Shape& shape, const Document& value, const Path& path) {
    bool keys_fit = true;
    bool values_fit = true;
    for (const auto& [key, entry] : *value.as_object()) {
      if (!broken_constraints(*shape.key, Document(key), patterns_).empty()) keys_fit = false;
      if (is_nested(*shape.element) || !has_kind(entry, shape.element->kind)) {
        check(*shape.element, entry, path.entry(key));
      } else if (!broken_constraints(*shape.element, entry, patterns_).empty()) {
        values_fit = false;
      }
    }
    if (!keys_fit)
      violate(value_text(value), path,
              "Map keys must satisfy constraint: " + constraint_list(*shape.key));
    if (!values_fit) {
      violate(value_text(value), path,
              "Map value must satisfy constraint: " + constraint_list(*shape.element));
    }
  }

  static bool is_nested(const Shape& shape) {
    return shape.kind == Kind::kStructure || shape.kind == Kind::kList || shape.kind == Kind::kMap;
  }

  void violate(std::string_view value, const Path& path, std::string_view constraint) {
    const bool is_null = value == "null";
    verdict_.violations.push_back(
        is_null ? fmt::format("Value null at '{}' failed to satisfy constraint: {}", path.printed,
                              constraint)
                : fmt::format("Value '{}' at '{}' failed to satisfy constraint: {}", value,
                              path.printed, constraint));
  }

  void refuse_if_unknown(std::span<const Member> members, std::string_view name, const Path& path) {
    const auto has_name = [name](const Member& member) { return member.name == name; };
    if (std::any_of(members.begin(), members.end(), has_name)) return;
    if (++unknown_ > kMostUnknownNamed) return;
    std::vector<std::string> known;
    for (const Member& member : members) known.emplace_back(member.name);
    const std::optional<std::string> near = nearest(name.substr(0, kLongestNameCompared), known);
    verdict_.unknowns.push_back(fmt::format("Clary does not know the member {} of {}{}.",
                                            value_text(Document(path.member(name).document)),
                                            operation_.name,
                                            near ? fmt::format(" (did you mean {}?)", *near) : ""));
  }

  Patterns& patterns_;
  const Operation& operation_;
  Verdict& verdict_;
  std::size_t unknown_ = 0;
};

}  // namespace

std::string Verdict::message() const {
  if (!wrong_kinds.empty()) return join(wrong_kinds, " ");
  if (violations.empty()) {
    std::vector<std::string> sentences = refusals;
    sentences.insert(sentences.end(), unknowns.begin(), unknowns.end());
    return join(sentences, " ");
  }
  return fmt::format("{} validation error{} detected: {}", violations.size(),
                     violations.size() == 1 ? "" : "s", join(violations, "; "));
}

Validator::Validator() : patterns_(std::make_unique<Patterns>()) {}
Validator::~Validator() = default;

Verdict Validator::check(const Operation& operation, const Document& request) const {
  Verdict verdict;
  if (request.is_object()) {
    Walk(*patterns_, operation, verdict).structure(operation.input, request, {});
  } else {
    verdict.wrong_kinds.push_back(
        fmt::format("The body of {} must be a structure.", operation.name));
  }
  return verdict;
}

}  // namespace clary::wire
