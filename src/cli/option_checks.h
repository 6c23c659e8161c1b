// What is wrong with the text of an option; "" when nothing is. Pure.
#pragma once

#include <string>

namespace clary::cli {

std::string seconds_check(const std::string& text);  // 0 to a million, with a fraction
std::string count_check(const std::string& text);    // 1 or more
std::string folder_check(const std::string& text);

}  // namespace clary::cli
