// What every ComputeBackend must do. A back-end's tests instantiate the suite:
//
//   INSTANTIATE_TEST_SUITE_P(Local, BackendConformance, backends_of(&make_local));
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "compute/backend.h"

namespace clary::compute {

enum class Conduct { kEndsWell, kEndsWithThree, kRunsUntilStopped };

// A back-end under test, and whatever its gangs need.
class BackendUnderTest {
 public:
  virtual ~BackendUnderTest() = default;
  virtual ComputeBackend& backend() = 0;
  // As after a restart of the server: a new back-end, the same gangs.
  virtual void reopen() = 0;
  // A gang of one host that conducts itself so. kEndsWell and kEndsWithThree end by themselves.
  virtual GangSpec gang(const std::string& id, Conduct conduct) = 0;
  // How often the gang's host was really started.
  virtual int starts(const GangId& gang) = 0;
  // Until something may have changed: on a real back-end its gangs' files and processes tell, on a
  // fake it is a step of its clock. False: nothing has happened for long.
  virtual bool wait_for_change() = 0;
};
using MakeBackend = std::unique_ptr<BackendUnderTest> (*)();
// The suite's parameter. Defined beside the cases, so that who names it links them.
::testing::internal::ValueArray<MakeBackend> backends_of(MakeBackend make);

class BackendConformance : public ::testing::TestWithParam<MakeBackend> {
 protected:
  void SetUp() override;
  void TearDown() override;

  ComputeBackend& backend() { return under_test_->backend(); }
  GangHandle submit(const std::string& id, Conduct conduct);
  GangStatus inspect(const GangHandle& handle);
  // The gang's status once it is in `state`; fails the test when it does not come to it.
  GangStatus wait_for(const GangHandle& handle, GangState state);
  bool listed(const std::string& id);

  std::unique_ptr<BackendUnderTest> under_test_;
  std::vector<GangHandle> submitted_;
};

}  // namespace clary::compute
