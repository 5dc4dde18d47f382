// Structures: rules that say which connections exist between two layers, one file per rule.
//
//   name + sizes + arguments + random numbers  ──▶  Mask [to][from]
//
// A rule is one entry in wiring/catalogue.cc. In its facts a number whose default is NaN has no default: it counts as
// not given unless somebody gives it; the same holds for a text with the default "".
#pragma once
#include <string_view>
#include <vector>

#include "dynode/base/error.h"
#include "dynode/base/facts.h"
#include "dynode/wiring/mask.h"

namespace dynode {

class Random;

/// What a rule may look at.
struct StructureArgs {
  size_t           to = 0, from = 0;    // units of the two layers, each ≥ 1
  bool             internal   = false;  // a layer onto itself; decides what distance means
  bool             allow_self = true;   // false: a square mask has an empty diagonal
  const Arguments& arguments;           // checked against the facts of the rule
  Random&          random;              // the rule's own stream
  At               at = {};             // where the structure is written, for errors
};

struct StructureEntry {
  const char*       name;
  const char*       summary;
  std::vector<Fact> facts;
  Mask (*make)(const StructureArgs&);   // the diagonal is dealt with by build_mask, unless the rule draws around it
};

/// All rules, in the order of the manual.
const std::vector<StructureEntry>& structures();

/// @throws SpecError  naming the nearest rule, if there is none called `name`
const StructureEntry& find_structure(std::string_view name, const At& at = {});

/// The mask of `structure`; without allow_self the diagonal of a square one is cleared.
/// @throws SpecError  if the sizes and arguments do not fit the rule
Mask build_mask(const StructureEntry& structure, const StructureArgs& args);

/// A mask somebody drew.
/// @param values  [to][from], each 0 or 1
/// @throws ShapeError  on another number of values
/// @throws SpecError   on a value other than 0 and 1, naming its place
Mask custom_mask(size_t to, size_t from, const std::vector<double>& values, const At& at = {});

}  // namespace dynode
