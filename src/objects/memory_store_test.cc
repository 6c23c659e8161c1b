#include "objects/memory_store.h"

#include "objects/object_store_conformance.h"

namespace clary::objects {
namespace {

class MemoryTarget final : public ConformanceTarget {
 public:
  ObjectStore& store() override { return store_; }

 private:
  ManualClock clock_;
  CountingIds ids_;
  MemoryStore store_{clock_, ids_};
};

INSTANTIATE_TEST_SUITE_P(Memory, ObjectStoreConformance,
                         testing::Values(StoreCase{
                             "memory", [] { return std::make_unique<MemoryTarget>(); }}));

}  // namespace
}  // namespace clary::objects
