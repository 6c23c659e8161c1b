#include "telemetry/metric_extractor.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include <cmath>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "base/text_encoding.h"
#include "telemetry/nearest_line.h"

namespace clary::telemetry {
namespace {

// Backtracking steps of one match: some milliseconds.
constexpr std::uint32_t kMatchLimit = 200'000;
constexpr std::uint32_t kDepthLimit = 5'000;
constexpr std::size_t kJitStackBytes = std::size_t{512} << 10;
// A metric never stands behind so much text on one line.
constexpr std::size_t kMaxPieceBytes = std::size_t{16} << 10;
// So many lost matches switch a definition off: what is left of the job must not pay for it.
constexpr std::uint64_t kRunawaysAllowed = 100;

struct CodeDeleter {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
using Code = std::unique_ptr<pcre2_code, CodeDeleter>;

Result<Code> compile_pattern(std::string_view pattern) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  Code code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                          PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C, &error,
                          &offset, nullptr));
  if (code == nullptr) {
    char text[256] = {};
    pcre2_get_error_message(error, reinterpret_cast<PCRE2_UCHAR*>(text), sizeof text);
    return invalid_argument(
        fmt::format("regex '{}': {} (at character {})", pattern, text, offset + 1));
  }
  // Without JIT support the interpreter does the same, slower.
  pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);
  return code;
}

// A captured text as a number, finite or not: as people print them, "0.91", "+1e-3", "0.53." at the
// end of a sentence.
std::optional<double> to_number(std::string_view text) {
  text = trim(text);
  while (!text.empty() && (text.back() == '.' || text.back() == ',')) text.remove_suffix(1);
  if (text.starts_with('+')) text.remove_prefix(1);
  return parse_double(text);
}

// A line as it may stand in a sentence for people.
std::string quoted(std::string_view line) {
  constexpr std::size_t kMaxQuoted = 120;
  std::string text = to_valid_utf8(line.substr(0, kMaxQuoted));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return line.size() > kMaxQuoted ? text + "..." : text;
}

}  // namespace

Status check_metric_pattern(std::string_view pattern) {
  CLARY_TRY([[maybe_unused]] const Code code, compile_pattern(pattern));
  return {};
}

struct MetricExtractor::Definition {
  std::string name;
  std::string pattern;
  Code code;
  bool has_group = true;
  std::uint64_t samples = 0;
  std::uint64_t runaways = 0;
  std::string not_a_number;  // the first text that was captured and is no finite number
  std::string left_out;      // the first NaN or infinity, as it was printed
  bool left_out_said = false;
  NearestLine nearest;

  bool switched_off() const { return runaways >= kRunawaysAllowed; }
};

// What PCRE2 needs to match; shared by all definitions.
struct MetricExtractor::Matcher {
  pcre2_match_context* context = pcre2_match_context_create(nullptr);
  pcre2_jit_stack* stack = pcre2_jit_stack_create(32 << 10, kJitStackBytes, nullptr);
  // The whole match and the first group.
  pcre2_match_data* data = pcre2_match_data_create(2, nullptr);

  Matcher() {
    pcre2_set_match_limit(context, kMatchLimit);
    pcre2_set_depth_limit(context, kDepthLimit);
    pcre2_jit_stack_assign(context, nullptr, stack);
  }
  Matcher(const Matcher&) = delete;
  Matcher& operator=(const Matcher&) = delete;
  ~Matcher() {
    pcre2_match_data_free(data);
    pcre2_jit_stack_free(stack);
    pcre2_match_context_free(context);
  }

  // The sample of one piece of a line, if there is one; counts what else happens.
  std::optional<double> match(Definition& definition, std::string_view piece) const {
    const int outcome =
        pcre2_match(definition.code.get(), reinterpret_cast<PCRE2_SPTR>(piece.data()), piece.size(),
                    0, 0, data, context);
    if (outcome == PCRE2_ERROR_NOMATCH) return std::nullopt;
    if (outcome < 0) {
      ++definition.runaways;
      return std::nullopt;
    }
    const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(data);
    // 1: the group took no part; 0: there are more groups than places, and both places are filled.
    if (outcome == 1 || ends[2] == PCRE2_UNSET || ends[3] < ends[2]) return std::nullopt;
    const std::string_view captured = piece.substr(ends[2], ends[3] - ends[2]);
    const auto number = to_number(captured);
    if (number && std::isfinite(*number)) return number;
    if (definition.not_a_number.empty()) definition.not_a_number = captured;
    if (number && definition.left_out.empty()) definition.left_out = trim(captured);
    return std::nullopt;
  }
};

Result<std::unique_ptr<MetricExtractor>> MetricExtractor::compile(
    std::span<const domain::MetricDefinition> definitions) {
  std::unique_ptr<MetricExtractor> extractor(new MetricExtractor(std::make_unique<Matcher>()));
  for (const domain::MetricDefinition& definition : definitions) {
    auto code = compile_pattern(definition.pattern);
    if (!code.ok()) return code.error().within("metric '" + definition.name + "'");
    std::uint32_t groups = 0;
    pcre2_pattern_info(code->get(), PCRE2_INFO_CAPTURECOUNT, &groups);
    extractor->definitions_.push_back({.name = definition.name,
                                       .pattern = definition.pattern,
                                       .code = std::move(code).value(),
                                       .has_group = groups > 0,
                                       .nearest = NearestLine(definition.pattern)});
  }
  return extractor;
}

MetricExtractor::MetricExtractor(std::unique_ptr<Matcher> matcher) : matcher_(std::move(matcher)) {}
MetricExtractor::~MetricExtractor() = default;

std::vector<NamedSample> MetricExtractor::feed(std::span<const std::string> lines, TimePoint time) {
  std::vector<NamedSample> samples;
  lines_ += lines.size();
  if (definitions_.empty()) return samples;
  for (const std::string& line : lines) {
    for (std::string_view piece : split(line, '\r')) {
      piece = piece.substr(0, kMaxPieceBytes);
      if (piece.empty()) continue;
      for (Definition& definition : definitions_) {
        if (!definition.has_group || definition.switched_off()) continue;
        if (const auto value = matcher_->match(definition, piece)) {
          ++definition.samples;
          samples.push_back({definition.name, {time, *value}});
        } else if (definition.samples == 0) {
          definition.nearest.offer(piece);
        }
      }
    }
  }
  return samples;
}

std::vector<std::string> MetricExtractor::take_left_out() {
  std::vector<std::string> sentences;
  for (Definition& definition : definitions_) {
    if (definition.left_out.empty() || std::exchange(definition.left_out_said, true)) continue;
    sentences.push_back(
        fmt::format("metric '{}': the value '{}' is no finite number: it is left out, and so is "
                    "every other such value",
                    definition.name, quoted(definition.left_out)));
  }
  return sentences;
}

void MetricExtractor::mark_matched(std::string_view name) {
  for (Definition& definition : definitions_) {
    if (definition.name == name) ++definition.samples;
  }
}

std::vector<std::string> MetricExtractor::notices() const {
  std::vector<std::string> notices;
  for (const Definition& definition : definitions_) {
    const std::string what =
        fmt::format("metric '{}': the regex '{}' ", definition.name, definition.pattern);
    if (!definition.has_group) {
      notices.push_back(what +
                        "has no group, so there is no value to take: put the number in (...)");
    } else if (definition.switched_off()) {
      notices.push_back(what + fmt::format("took too long on {} lines and was switched off",
                                           definition.runaways));
    } else if (definition.samples > 0) {
      if (definition.runaways > 0) {
        notices.push_back(what + fmt::format("took too long on {} lines; their values are lost",
                                             definition.runaways));
      }
    } else if (!definition.not_a_number.empty()) {
      notices.push_back(
          what + fmt::format("captured no number, but '{}'", quoted(definition.not_a_number)));
    } else if (lines_ > 0) {
      const std::string& nearest = definition.nearest.line();
      notices.push_back(
          what + fmt::format("matched none of {} lines", lines_) +
          (nearest.empty() ? "" : fmt::format("; the nearest was: {}", quoted(nearest))));
    }
  }
  return notices;
}

}  // namespace clary::telemetry
