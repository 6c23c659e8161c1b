// StateHook: tells a command and a web address that a job's state has changed (`[hooks]` in
// clary.toml).
//
// What is told stands in the outbox, written with the change itself: a crash loses none, and each
// is told at least once, those of one job in their order. Thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/job.h"

namespace clary::runtime {

struct HookSettings {
  std::vector<std::string> command;  // argv; empty: none
  std::string url;                   // http(s)://host:port/path; "": none
  std::string ca_file;  // for https: PEM of whom to trust; "": the machine's authorities
  Duration patience = std::chrono::seconds(30);  // with each
  std::uint64_t open_files = 0;  // soft limit of the command's; 0: as this process's is
};

class StateHook {
 public:
  explicit StateHook(HookSettings settings = {}) : settings_(std::move(settings)) {}
  bool is_set() const { return !settings_.command.empty() || !settings_.url.empty(); }

  // One change as JSON, docs/formats/hooks.md. Pure.
  static std::string text_of(const domain::Job& job, const domain::JobEvent& event);

  // Runs the command with the text in CLARY_EVENT, unless `command_told`, then posts the text. An
  // error: tell it again, with `command_told` as it was left.
  Status tell(const std::string& text, bool& command_told) const;

 private:
  Status run_command(const std::string& text) const;
  Status post(const std::string& text) const;

  HookSettings settings_;
};

}  // namespace clary::runtime
