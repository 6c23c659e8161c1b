#include "cli/aws_profile.h"

#include "base/strings.h"

namespace clary::cli {
namespace {

// "profile clary" of "[ profile  clary ]  # mine"; "" for a line that begins no section.
std::string section_name(std::string_view line) {
  line = trim(line);
  const std::size_t end = line.find(']');
  if (!line.starts_with('[') || end == std::string_view::npos) return "";
  std::string name;
  for (const std::string_view word : split(trim(line.substr(1, end - 1)), ' ')) {
    if (!trim(word).empty()) name += (name.empty() ? "" : " ") + std::string(trim(word));
  }
  return name;
}

bool belongs_to_next(std::string_view line) {
  line = trim(line);
  return line.empty() || line.starts_with('#') || line.starts_with(';');
}

std::string section_text(std::string_view name, const ProfileLines& lines) {
  std::string out = "[" + std::string(name) + "]\n" + std::string(kMade);
  for (const auto& [key, value] : lines) out.append(key).append(" = ").append(value).append("\n");
  return out;
}

}  // namespace

bool has_section_of_others(std::string_view text, std::string_view name) {
  if (text.starts_with(kMade)) return false;
  const std::vector<std::string_view> all = split(text, '\n');
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool marked = i + 1 < all.size() && trim(all[i + 1]) == trim(kMade);
    if (section_name(all[i]) == name && !marked) return true;
  }
  return false;
}

std::string with_section(std::string_view text, std::string_view name, const ProfileLines& lines) {
  std::string out;
  std::string held;  // comments and blank lines, until it is known whose they are
  bool inside = false;
  bool written = lines.empty();
  const auto write = [&] {
    if (!written) out += section_text(name, lines);
    written = true;
  };
  std::vector<std::string_view> all = split(text, '\n');
  if (!all.empty() && all.back().empty()) all.pop_back();
  for (const std::string_view line : all) {
    const std::string section = section_name(line);
    if (belongs_to_next(line)) {
      held.append(line).append("\n");
      continue;
    }
    if (!section.empty()) {
      const bool ours = section == name;
      out += held;
      if (ours) write();
      inside = ours;
      if (!ours) out.append(line).append("\n");
    } else if (!inside) {
      out += held;
      out.append(line).append("\n");
    }
    held.clear();
  }
  out += held;
  if (!written && !out.empty() && !out.ends_with("\n\n")) out += "\n";
  write();
  return out;
}

}  // namespace clary::cli
