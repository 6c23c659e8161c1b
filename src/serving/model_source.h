// Where a model comes from, made into a folder of files: a folder, a tar or model archive, one
// file, or objects of a store. Blocks on disk and network; no state.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "objects/object_store.h"

namespace clary::serving {

// Opens the store of an s3:// address; called when there is one.
using StoreOpener = std::function<Result<std::unique_ptr<objects::ObjectStore>>()>;

// Where stage_model() puts the model: `source` itself when it is a folder, else `target`.
std::string staged_folder(const std::string& source, const std::string& target);

// Fills `target`, an existing, empty folder, unless `source` is a folder itself. source:
// "/a/folder", "model.tar.gz", "model.mar", "model.pt" or "model.onnx", which become a folder with
// that file, each of them as "s3://bucket/model.tar.gz" too, or "s3://bucket/prefix/" for all
// objects below it. Archives are unpacked as jobs' are: nothing leaves the folder, nothing grows
// without bound. Unsupported, with a sentence: other forms. Cancelled soon after `stop` is
// requested.
Status stage_model(const std::string& source, const std::string& target,
                   const StoreOpener& open_store, const std::stop_token& stop);

}  // namespace clary::serving
