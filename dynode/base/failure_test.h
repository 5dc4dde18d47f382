// What somebody is told when something goes wrong; for tests of messages.
#pragma once
#include <string>

#include "dynode/base/error.h"

namespace dynode {

/// The message of the Error that `f` throws, or "no error".
template <class F>
std::string failure(const F& f) {
  try {
    f();
  } catch (const Error& error) { return error.what(); }
  return "no error";
}

}  // namespace dynode
