#include "serving/model_reload.h"

#include <algorithm>
#include <utility>

namespace clary::serving {

ModelReload::ModelReload(OneModel& shelf, ModelOpener& opener, ReloadOptions options,
                         const Clock& clock, const Logger& logger, Look look)
    : shelf_(shelf),
      opener_(opener),
      options_(std::move(options)),
      clock_(clock),
      logger_(logger),
      look_(std::move(look)) {
  if (const auto print = print_now()) loaded_ = *print;
}

std::unique_ptr<FolderPrint> ModelReload::print_now() {
  Result<FolderPrint> print = look_(options_.source);
  if (!print.ok()) {
    // A folder that is being replaced may be gone for a moment.
    if (print.error().code != ErrorCode::kLimitExceeded) return nullptr;
    gave_up_ = true;
    logger_.warning("changes of the model are not looked for", {{"why", print.error().message}});
    return nullptr;
  }
  for (const std::string& path : own_) print->erase(path);
  return std::make_unique<FolderPrint>(std::move(*print));
}

void ModelReload::look(const std::stop_token& stop) {
  end_retired();
  if (gave_up_) return;
  const auto now = print_now();
  if (now == nullptr) return;
  FolderPrint changes = changes_between(loaded_, *now);
  if (changes.empty() || changes != pending_) {
    pending_ = std::move(changes);
    return;
  }
  pending_.clear();
  loaded_ = *now;
  load(changes, stop);
}

void ModelReload::load(const FolderPrint& changes, const std::stop_token& stop) {
  logger_.info("the model's files have changed: it is loaded again",
               {{"files", describe_changes(changes)}});
  const Status replaced = replace(stop);
  if (stop.stop_requested()) return;
  if (replaced.ok()) {
    logger_.info("the changed model is served");
  } else {
    logger_.error("the changed model could not be loaded: the one before goes on",
                  {{"reason", replaced.error().message}});
  }
  note_own_files(loaded_);
}

Status ModelReload::replace(const std::stop_token& stop) {
  CLARY_TRY(const std::shared_ptr<ModelUnit> unit, opener_.fetch(options_.source, stop));
  if (stop.stop_requested()) return cancelled("the server is ending");
  unit->live().start();
  CLARY_RETURN_IF_ERROR(unit->live().wait_until_loaded(options_.load_limit, stop));
  std::shared_ptr<LiveModel> before = shelf_.set({unit, &unit->live()});
  if (before != nullptr)
    retired_.push_back({std::move(before), clock_.steady() + options_.retire_limit});
  return {};
}

void ModelReload::note_own_files(const FolderPrint& before) {
  const auto after = print_now();
  if (after == nullptr) return;
  std::set<std::string> changed;
  for (const auto& [path, mark] : changes_between(before, *after)) {
    if (!changed_in_load_.contains(path)) {
      changed.insert(path);
      continue;
    }
    logger_.warning("a file of the model changes whenever it is loaded: it is not looked at again",
                    {{"file", path}});
    own_.insert(path);
    loaded_.erase(path);
  }
  changed_in_load_ = std::move(changed);
}

// Whoever took a replaced model from the shelf lets go of it once its call is queued.
void ModelReload::end_retired() {
  const Duration now = clock_.steady();
  std::erase_if(retired_, [now](const Retired& each) {
    return each.model.use_count() == 1 && (each.model->under_way() == 0 || now >= each.end);
  });
}

void ModelReload::drain(Duration limit) {
  const Duration deadline = clock_.steady() + limit;
  for (const Retired& each : retired_)
    each.model->drain(std::max(deadline - clock_.steady(), Duration(0)));
  retired_.clear();
}

}  // namespace clary::serving
