// Fuzz harness of files with rate tables: no bytes may do more than raise a dynode::Error, and what can be read has the
// size of its axes and finite numbers.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "dynode/base/error.h"
#include "dynode/io/rate_table.h"
#include "fuzz/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dynode;
  const MemoryFile file(data, size);
  try {
    const RateTableData table  = load_rate_table(file.path());
    bool                finite = std::isfinite(table.phi_first) && std::isfinite(table.ib_first);
    for (double g : table.g) finite = finite && std::isfinite(g);
    if (!finite || table.g.size() != table.ib_count * table.phi_count || !(table.phi_step > 0 && table.ib_step > 0)) {
      std::fputs("a rate table without size or numbers was read\n", stderr);
      std::abort();
    }
  } catch (const Error&) {}
  return 0;
}
