// A person's AWS credentials, where the AWS clients look for them: variables, then a profile in
// ~/.aws/credentials and ~/.aws/config, then a container's credentials address. Only keys that are
// written down; what a profile says about roles, SSO or a credential_process is not followed.
// Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files".
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "objects/s3_transport.h"

namespace clary::objects {

// A variable of the process's environment; nothing when it is not set.
using Variables = std::function<std::optional<std::string>(const std::string& name)>;

// profile "": AWS_ACCESS_KEY_ID and its kin where they are set, else the profile AWS_PROFILE, else
// "default", else what the address AWS_CONTAINER_CREDENTIALS_FULL_URI gives. The files are read at
// every call, so that keys can be exchanged while a server runs. InvalidArgument when there are no
// keys, with a sentence that names the places.
S3CredentialSource aws_credentials(const std::string& profile, Variables variables);

}  // namespace clary::objects
