// A copy of a SQLite file as it is at one moment, while other processes read and write it. Any
// thread.
#pragma once

#include <string>

#include "base/result.h"
#include "base/sqlite.h"

namespace clary::sqlite {

// Replaces `to`, durably, by one file that is not in WAL mode, so that it can be read where nothing
// can be written; its folder is there. source: kReader, or kAtRest for a file that nobody writes.
// NotFound: no such file. Errors as of Database.
Status copy_database(const std::string& from, const std::string& to, Access source);

}  // namespace clary::sqlite
