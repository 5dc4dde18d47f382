// Instruction sets: which one the kernels use. Every kernel is compiled once per set; the best one this processor has
// is taken when a table of kernels is fetched (dense_kernels and its like), unless DYNODE_ISA names another.
#pragma once
#include <string>
#include <vector>

namespace dynode {

/// Instruction sets that were compiled in and that this processor has, best first, e.g. avx3 (AVX-512), avx2, scalar.
std::vector<std::string> isa_names();

/// The set that kernels fetched from now on use.
std::string isa_name();

/// Kernels fetched from now on use this set; "" is the default: DYNODE_ISA, else the best one.
/// For tests and benchmarks; not while others fetch.
/// @throws SpecError  if this processor or this build does not have it; lists isa_names()
void use_isa(const std::string& name);

/// Obeys the environment variable DYNODE_ISA, once per process; does nothing if it is not set or empty.
/// Whoever fetches kernels calls this first.
/// @throws SpecError  as use_isa
void apply_isa_override();

}  // namespace dynode
