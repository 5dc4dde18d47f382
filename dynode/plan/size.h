// How much a machine holds, for what is refused before it is made.
#pragma once

namespace dynode {

/// Its memory, bytes.
double bytes_of_machine();

}  // namespace dynode
