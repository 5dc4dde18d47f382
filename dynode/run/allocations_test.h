// Counts what operator new hands out in a test program, on all threads.
#pragma once
#include <cstddef>

namespace dynode {

/// Allocations since the program began.
size_t allocations();

}  // namespace dynode
