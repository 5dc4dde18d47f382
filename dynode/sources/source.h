// A source function kind as data. Its formula lives in one `<name>-inl.h`, the list of all in catalogue-inl.h.
//
//   y = f(x)         activation functions: flux only
//   y = g(φ, i)      functions of flux and current ("state dependent"); read with one argument the current is 1.7
#pragma once
#include <string>
#include <vector>

namespace dynode {

struct SourceEntry {
  const char* name;
  const char* summary;
  bool        uses_current;   // depends on the current i
  bool        uses_table;     // reads a rate table, which the plan must bring
  const char* alias = "";     // another name people know it by
};

/// All source functions; the position in the list is what kernels are asked for.
const std::vector<SourceEntry>& source_functions();

/// Position of the function with this name or alias (case ignored), or -1.
int find_source(const std::string& name);

}  // namespace dynode
