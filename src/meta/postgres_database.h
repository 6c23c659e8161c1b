// The metadata in a PostgreSQL database, in its schema `clary`.
//
// One server at a time: the connection that writes holds an advisory lock of the database, and is
// the only one that writes, so that a server which has lost the lock has lost the means to write
// too. A connection that breaks is made anew by the next call that needs it; until that succeeds
// calls are answered with Unavailable.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "meta/database.h"

namespace clary::meta {

struct PostgresOptions {
  std::chrono::milliseconds deadline{10'000};      // for an answer of the server
  std::chrono::milliseconds lock_patience{5'000};  // for the lock of a server that is just ending
  std::chrono::milliseconds connect_pause{1'000};  // after a failed attempt, calls fail at once
};

// url: postgresql://USER@HOST:PORT/DATABASE, as libpq reads it. Makes or upgrades the tables.
// Errors, each a sentence for people: Unavailable when it cannot be reached or refuses the person;
// AlreadyExists when another server uses the database; Unsupported when the server is too old, is a
// standby or does not keep UTF-8, or when a newer release wrote the tables.
Result<std::unique_ptr<Database>> open_postgres(const std::string& url,
                                                PostgresOptions options = {});

}  // namespace clary::meta
