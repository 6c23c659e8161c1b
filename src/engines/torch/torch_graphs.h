// What can be told of a TorchScript by its graph. Part of the torch plugin.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <algorithm>
#include <string>

namespace clary::torch_engine {

// Whether some node of the block, or of the blocks in it, is such a one.
template <typename Is>
bool has_node(const torch::jit::Block& block, const Is& is) {
  for (const torch::jit::Node* node : block.nodes()) {
    if (is(*node)) return true;
    for (const torch::jit::Block* inner : node->blocks()) {
      if (has_node(*inner, is)) return true;
    }
  }
  return false;
}

// graph: with everything inlined.
inline bool has_endless_parts(const torch::jit::Block& block) {
  return has_node(block, [](const torch::jit::Node& node) {
    const auto kind = node.kind();
    return kind == torch::jit::prim::Loop || kind == torch::jit::prim::CallFunction ||
           kind == torch::jit::prim::CallMethod || kind == torch::jit::prim::fork;
  });
}

// Whether a number out of a tensor becomes one of the program's own, which may decide what is run;
// or something is kept for the next run. graph: frozen, so that what is left of the model's
// attributes is what it writes to.
inline bool decides_by_numbers(const torch::jit::Block& block) {
  return has_node(block, [](const torch::jit::Node& node) {
    const std::string kind = node.kind().toQualString();
    if (kind == "prim::SetAttr" || kind == "prim::GetAttr") return true;
    constexpr const char* kTaking[] = {"aten::Bool",
                                       "aten::Int",
                                       "aten::Float",
                                       "aten::Complex",
                                       "aten::item",
                                       "aten::IntImplicit",
                                       "aten::is_nonzero",
                                       "aten::FloatImplicit",
                                       "aten::ComplexImplicit",
                                       "aten::equal",
                                       "aten::allclose",
                                       "aten::ScalarImplicit",
                                       "aten::_local_scalar_dense",
                                       "prim::tolist"};
    const bool takes = std::any_of(std::begin(kTaking), std::end(kTaking),
                                   [&kind](const char* each) { return kind == each; });
    return takes && std::any_of(node.inputs().begin(), node.inputs().end(),
                                [](const torch::jit::Value* input) {
                                  return input->type()->isSubtypeOf(*c10::TensorType::get());
                                });
  });
}

}  // namespace clary::torch_engine
