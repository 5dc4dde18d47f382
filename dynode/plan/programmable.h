// Programmable connections: every weight is a small circuit with a state of its own.
//
//   source ─j_in─▶ [ edges: one unit per existing weight, its flux is the weight ] ─Σ, j_out─▶ target          WICC
//   source ─j_in─▶ [ edges ] ─Σ─▶ [ one current m per target unit ] ─j_out─▶ target                             NOCC
//                      ◀────────── m, one step late ──┘
//
// They are compiled into ordinary layers: the edges are a layer of cells whose parameter w is the entry of J, and the
// arrows are constant lists. Stages, lags, recording and the adjoint need to know nothing more.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "dynode/base/facts.h"
#include "dynode/plan/plan.h"
#include "dynode/wiring/mask.h"

namespace dynode {

/// A mode of connection besides fixed.
struct ProgrammableMode {
  const char*       name;
  const char*       summary;
  std::vector<Fact> facts;
};

/// All modes.
const std::vector<ProgrammableMode>& programmable_modes();

/// What the compiler knows of one such connection.
struct ProgrammableRequest {
  const ProgrammableMode* mode;
  const Arguments*        arguments;      // of the mode; j_out may be missing (WICC: by fan-in)
  std::string             name;           // J_0_to_1
  const Mask*             mask;
  int                     weights;        // block of J
  int                     from, to;       // layers
  int                     lag;            // of the source
  int                     emission;       // 0: delivers the new state of the edges, 1: the old one
  int                     source;         // position in source_functions()
  int                     table;          // rate table of that function, or -1
  double                  dt;
  std::function<int(Block, std::vector<double>)> add_block;
};

/// Adds the layers and connections of one programmable connection to the plan.
void add_programmable(Plan& plan, const ProgrammableRequest& request);

}  // namespace dynode
