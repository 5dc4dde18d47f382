// Initialisers: rules for the weights a connection starts with.
//
//   Mask + arguments + random numbers  ──▶  weights [to][from], zero where the mask is
//
// fan_in of a target and fan_out of a source are counted in the mask, at least 1. Facts with the default NaN (a text:
// "") have no default. A rule is one entry in wiring/catalogue.cc.
#pragma once
#include <string_view>
#include <vector>

#include "dynode/base/error.h"
#include "dynode/base/facts.h"
#include "dynode/wiring/mask.h"

namespace dynode {

class Random;

/// What a rule may look at.
struct InitialiserArgs {
  const Mask&      mask;
  const Arguments& arguments;             // checked against the facts of the rule
  Random&          random;                // the rule's own stream
  size_t           num_input_sources = 1; // connections into the target layer, internal and feedback ones included
  At               at = {};               // where the initialiser is written, for errors
};

struct InitialiserEntry {
  const char*         name;
  const char*         summary;
  std::vector<Fact>   facts;
  std::vector<double> (*make)(const InitialiserArgs&);   // [to][from]; the mask is applied by initial_weights
};

/// All rules, in the order of the manual.
const std::vector<InitialiserEntry>& initialisers();

/// @throws SpecError  naming the nearest rule, if there is none called `name`
const InitialiserEntry& find_initialiser(std::string_view name, const At& at = {});

/// Weights [to][from] of `initialiser`, times the mask. The same numbers are drawn whatever the mask is.
/// @throws SpecError  if the arguments do not fit the rule
std::vector<double> initial_weights(const InitialiserEntry& initialiser, const InitialiserArgs& args);

/// Biases [to] of a connection: "zero", "fan_in_uniform" (±1/√n) or "fan_in_normal" (deviation 1/√n), n = `from`.
/// @throws SpecError  on another rule
std::vector<double> initial_bias(std::string_view rule, size_t to, size_t from, Random& random, const At& at = {});

}  // namespace dynode
