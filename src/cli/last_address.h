// Where `clary up` had its server listen the last time: <data>/last_address, so that shells and
// profiles that were told the address find the next one there.
#pragma once

#include <string>

#include "base/result.h"

namespace clary::cli {

// "127.0.0.1:36001"; "": nobody has noted one. Loopback only: what is beyond it is asked for each
// time, with its TLS.
std::string last_address(const std::string& data_folder);
Status note_address(const std::string& data_folder, const std::string& address);

}  // namespace clary::cli
