// Identifiers that cross folders. Each is parsed once, where it enters.
#pragma once

#include <string>

#include "base/tagged.h"

namespace clary {

using AccountId = Tagged<std::string, struct AccountIdTag>;  // twelve digits
using Region = Tagged<std::string, struct RegionTag>;        // "us-east-1"
using Arn = Tagged<std::string, struct ArnTag>;              // compared without regard to case
using JobName = Tagged<std::string, struct JobNameTag>;
using GangId =
    Tagged<std::string, struct GangIdTag>;  // one attempt of one job: its hosts, all or none
using ModelName = Tagged<std::string, struct ModelNameTag>;
using EndpointConfigName = Tagged<std::string, struct EndpointConfigNameTag>;
using EndpointName =
    Tagged<std::string, struct EndpointNameTag>;  // compared without regard to case
using BucketName = Tagged<std::string, struct BucketNameTag>;
using ObjectKey = Tagged<std::string, struct ObjectKeyTag>;  // any bytes, at most 1,024
using AccessKeyId = Tagged<std::string, struct AccessKeyIdTag>;
using RequestId = Tagged<std::string, struct RequestIdTag>;
using LogGroup = Tagged<std::string, struct LogGroupTag>;
using LogStream = Tagged<std::string, struct LogStreamTag>;

}  // namespace clary
