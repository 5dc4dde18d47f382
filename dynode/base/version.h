// The version of dynode, as in CMakeLists.txt.
#pragma once

namespace dynode {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace dynode
