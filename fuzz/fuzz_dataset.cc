// Fuzz harness of the readers of training data, csv and npz: no bytes may do more than raise a dynode::Error, and what
// can be read has as many finite numbers as its sizes say.
//
// The first byte chooses: 0 … 2 csv with a label, with targets, with steps of two numbers; 3 … 6 npz with one target
// per sequence, per step, without targets, of single vectors.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "dynode/base/error.h"
#include "dynode/learn/dataset.h"
#include "fuzz/memory_file.h"

namespace {

void insist(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dynode;
  if (size == 0) return 0;
  const int        choice = data[0] % 7;
  const MemoryFile file(data + 1, size - 1);
  DataConfig       config;
  config.data_path = file.path();
  if (choice == 1) config.target_columns = {"y", "z"};
  if (choice == 2) config.values_per_step = 2;
  const Mapping     mapping = choice == 4 ? Mapping::seq2seq : Mapping::seq2static;
  const SampleShape shape{mapping, choice != 5, choice == 6 ? std::optional(3) : std::nullopt};
  try {
    const Samples s = choice < 3 ? read_csv_samples(config.data_path, shape, config)
                                 : read_npz_samples(config.data_path, shape);
    std::visit(
        [&](const auto& x) {
          insist(x.size() == s.rows * s.steps * s.width, "sizes and inputs differ");
          for (const auto v : x) insist(std::isfinite(double(v)), "an input is not finite");
        },
        s.x);
    if (choice == 5) insist(s.classes.empty() && s.values.empty(), "targets from nowhere");
    else if (s.target_width == 0) insist(s.classes.size() == s.rows * s.entries, "sizes and classes differ");
    else insist(s.values.size() == s.rows * s.entries * s.target_width, "sizes and targets differ");
    for (double v : s.values) insist(std::isfinite(v), "a target is not finite");
  } catch (const Error&) {}
  return 0;
}
