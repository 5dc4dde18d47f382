// A user's first program: includes, links and runs the installed library.
#include <cstdio>
#include <dynode/base/error.h>
#include <dynode/base/text.h>

int main() {
  const std::string near = dynode::nearest("gamma_plsu", {"gamma_plus", "gamma_minus", "tau"});
  std::printf("nearest: %s\n", near.c_str());
  try {
    throw dynode::IoError("weights.npz", "no such file");
  } catch (const dynode::Error& error) {
    std::printf("%s\n", error.what());
  }
  return near == "gamma_plus" ? 0 : 1;
}
