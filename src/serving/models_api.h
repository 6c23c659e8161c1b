// The interface by which models of a server of many are managed: SageMaker's contract for
// containers of many models, which Multi Model Server's and TorchServe's follow too.
//
//   GET /models[?limit=N&next_page_token=T]   {"models": [{"modelName", "modelUrl", ...}]}
//   POST /models {"model_name", "url"}        loads: 200; 409 it is there; 507 no room; 403 no root
//   GET, DELETE /models/NAME                  200; 404
//   PUT /models/NAME {"pinned": true}         keeps it, whatever else wants room
//
// Who may: whoever has the token; without one, nobody, except where the socket itself says who may.
// Thread-safe. Source: contract.md 7.4.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/document.h"
#include "net/http.h"
#include "serving/front_call.h"
#include "serving/front_path.h"
#include "serving/model_manager.h"

namespace clary::serving {

struct ManagementAccess {
  bool open = false;  // the listening socket is a path: its folder's permissions decide
  std::string token;  // empty: none
};

class ModelsApi {
 public:
  // models outlives it.
  ModelsApi(ModelManager& models, ManagementAccess access)
      : models_(models), access_(std::move(access)) {}

  // Of a path /models or /models/NAME that takes this method.
  std::variant<net::Reply, std::unique_ptr<net::RequestSink>> start(const net::RequestHead& head,
                                                                    const FrontPath& path,
                                                                    FrontCall call);

 private:
  class Sink;

  // 401, 403 for those who may not.
  std::optional<net::Reply> refused(const net::RequestHead& head) const;
  net::Reply list(std::string_view query) const;
  net::Reply describe(const std::string& name) const;
  net::Reply load(const Document& asked, const FrontCall& call);
  net::Reply change(const std::string& name, const Document& asked);

  ModelManager& models_;
  const ManagementAccess access_;
};

}  // namespace clary::serving
