#include <algorithm>

#include "base/document.h"
#include "base/json.h"
#include "cli/commands.h"

namespace clary::cli {
namespace {

// "files linked", or "file linked" for one.
std::string counted(std::uint64_t count, std::string name) {
  const std::size_t end = std::min(name.find(' '), name.size());
  if (count == 1 && name[end - 1] == 's') name.erase(end - 1, 1);
  return std::to_string(count) + " " + name;
}

std::string counts_text(const std::vector<std::pair<std::string, std::uint64_t>>& counts) {
  std::string line;
  for (const auto& [name, count] : counts)
    line += (line.empty() ? "" : ", ") + counted(count, name);
  return line;
}

ExitCode show(const Context& context, const char* done, const Result<StorageReport>& report) {
  context.terminal.progress("");
  if (!report.ok()) return fail(context, report.error());
  if (context.json) {
    Document counts = Document::object({});
    for (const auto* some : {&report->counts, &report->details}) {
      for (const auto& [name, count] : *some) counts.set(name, static_cast<std::int64_t>(count));
    }
    context.terminal.print(
        to_pretty_json(Document::object({{"counts", std::move(counts)},
                                         {"damage", text_array(report->damage)},
                                         {"notices", text_array(report->notices)}})));
  } else {
    for (const std::string& sentence : report->damage)
      context.terminal.print(context.terminal.styled("damaged", Style::kBad) + " " +
                             harmless(sentence) + "\n");
    const std::string details =
        report->details.empty() ? "" : " (" + counts_text(report->details) + ")";
    // Where everything is kept elsewhere there is nothing to count.
    const std::string counts = report->counts.empty() ? "" : ": " + counts_text(report->counts);
    context.terminal.print(done + counts + details + "\n");
    for (const std::string& sentence : report->notices) context.terminal.say(harmless(sentence));
  }
  return report->damage.empty() ? ExitCode::kOk : ExitCode::kFailed;
}

}  // namespace

ExitCode check(const Context& context, const CheckOptions& options) {
  const auto seen = [&context](std::uint64_t count) {
    context.terminal.progress("checked " + std::to_string(count) + " ...");
  };
  return show(context, "checked", context.tools.storage.check(context.data_folder, options, seen));
}

ExitCode backup(const Context& context, const CopyOptions& options) {
  return show(context, "backed up", context.tools.storage.back_up(context.data_folder, options));
}

ExitCode restore(const Context& context, const CopyOptions& options) {
  return show(context, "restored", context.tools.storage.restore(context.data_folder, options));
}

}  // namespace clary::cli
