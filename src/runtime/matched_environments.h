// The environments of this machine as a plan's chooser.
#pragma once

#include "runtime/environment_chooser.h"
#include "runtime/environments.h"

namespace clary::runtime {

class MatchedEnvironments final : public EnvironmentChooser {
 public:
  // environments outlives it.
  explicit MatchedEnvironments(Environments& environments) : environments_(environments) {}

  Result<ChosenEnvironment> choose(const std::string& image, bool script_mode) override {
    CLARY_TRY(EnvironmentChoice choice, environments_.choose(image, script_mode));
    return ChosenEnvironment{.interpreter = std::move(choice.interpreter),
                             .framework_module = std::move(choice.framework_module),
                             .notices = std::move(choice.notices)};
  }

 private:
  Environments& environments_;
};

}  // namespace clary::runtime
