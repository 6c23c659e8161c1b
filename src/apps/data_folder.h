// The data directory: everything one server keeps. One server at a time; one format version.
//
//   format            the version of what follows, a number
//   lock              held while a server runs; its text says which
//   server.json       of the running server: address, pid, settings' file (0600)
//   places.json       where metadata and objects are: places.h
//   last_address      where `clary up` had its server listen: cli/last_address.h
//   keys/root.json    the person's key pair (0600)
//   tls/              the server's authority and certificate, when it speaks https
//   kept/             what jobs made and could not be uploaded: host/kept_artifacts.h
//   meta.db objects/ telemetry.db gangs/ cache/ python/ hostlink.sock
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace clary::apps {

inline constexpr int kDataFormat = 1;

// Looks at the file `format` of a data directory. NotFound: there is no such directory, or it holds
// none; InvalidArgument: it holds no version; Unsupported: a newer release has written it.
Status check_data_format(const std::string& path);

class DataFolder {
 public:
  // Makes the folder (0700) when it is absent and takes its lock. AlreadyExists when another server
  // holds it; Unsupported when a newer Clary wrote it; both name the folder and what to do.
  static Result<DataFolder> open(const std::string& path);

  const std::string& path() const { return path_; }
  std::string in(const std::string& name) const { return path_ + "/" + name; }

 private:
  DataFolder(std::string path, Fd lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  std::string path_;
  Fd lock_;
};

}  // namespace clary::apps
