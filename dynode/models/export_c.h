// A trained network as C: one step as a function of C99, for machines that have a compiler and nothing else.
//
//   Model ──export_c──▶ net.h    sizes, the state, net_start, net_step (and net_step_span where time spans mean something)
//                       net.c    all numbers as static const arrays; no other header than math.h, no memory from the heap
//
// The code does what `simulate` does without noise, in the precision of the model; results differ by rounding.
#pragma once
#include <string>
#include <vector>

#include "dynode/models/model.h"

namespace dynode {

struct CCode {
  std::string name;      // prefix of all names in it
  std::string header;    // text of <name>.h
  std::string source;    // text of <name>.c
  size_t      constant_bytes = 0;   // of the arrays of numbers and indices
  size_t      state_bytes    = 0;   // of the state, which the caller keeps
  size_t      stack_bytes    = 0;   // of the arrays a step has on its stack
  std::vector<std::string> notes = {};   // what the code leaves out: noise
};

/// @param name  an identifier of C, the prefix of everything that is declared
/// @throws SpecError  if `name` is none; naming the layer or connection that has no code (spikes, kinds of cells that
///                    exist here only), or a number that is not finite
CCode export_c(const Model& model, const std::string& name);

/// What is left of `text` as an identifier of C: letters, digits and _, not beginning with a digit.
std::string c_identifier(const std::string& text);

}  // namespace dynode
