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

CLARY_OBJECT_STORE_CONFORMANCE(Memory, (StoreCase{"memory", [] {
                                                    return std::make_unique<MemoryTarget>();
                                                  }}));

}  // namespace
}  // namespace clary::objects
