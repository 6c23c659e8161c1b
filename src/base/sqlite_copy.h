// A copy of a SQLite file as it is at one moment, while other processes read and write it. Any
// thread.
#pragma once

#include <string>

#include "base/result.h"

namespace clary::sqlite {

// Replaces `to`, durably; its folder is there. NotFound: no such file. Errors as of Database.
Status copy_database(const std::string& from, const std::string& to);

}  // namespace clary::sqlite
