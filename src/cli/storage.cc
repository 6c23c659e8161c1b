#include "base/document.h"
#include "base/json.h"
#include "cli/commands.h"

namespace clary::cli {
namespace {

Document texts(const std::vector<std::string>& sentences) {
  Document list = Document::array();
  for (const std::string& sentence : sentences) list.push(sentence);
  return list;
}

ExitCode show(const Context& context, const char* done, const Result<StorageReport>& report) {
  context.terminal.progress("");
  if (!report.ok()) return fail(context, report.error());
  if (context.json) {
    Document counts = Document::object({});
    for (const auto& [name, count] : report->counts)
      counts.set(name, static_cast<std::int64_t>(count));
    context.terminal.print(to_pretty_json(Document::object({{"counts", std::move(counts)},
                                                            {"damage", texts(report->damage)},
                                                            {"notices", texts(report->notices)}})));
  } else {
    std::string line;
    for (const auto& [name, count] : report->counts)
      line += (line.empty() ? "" : ", ") + std::to_string(count) + " " + name;
    for (const std::string& sentence : report->damage)
      context.terminal.print(context.terminal.styled("damaged", Style::kBad) + " " +
                             harmless(sentence) + "\n");
    context.terminal.print(std::string(done) + ": " + line + "\n");
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
