// A cell kind as data: its facts, and the kernels that advance a slab by one step and pull adjoints back.
//
// A layer of cells keeps states s, receives one drive per port from its connections, and has parameters per unit:
//
//   s[t+1] = step(s[t], drive[t], params, dt)
//
// One of the states is the output: what connections read and what `s/<layer>` records.
#pragma once
#include <string>
#include <vector>

#include "dynode/kernels/dense.h"

namespace dynode {

/// Another way to give a parameter: a setting that is turned into it, e.g. tau into alpha = dt/tau.
struct Alternative {
  const char* name  = "";
  double      value = 0;             // default of the setting, in `unit`
  const char* unit  = "";
  double (*to_parameter)(double setting, double dt) = nullptr;
};

/// A number per unit.
struct ParamFacts {
  const char* name;
  double      value = 0, min = -1e300, max = 1e300;
  const char* unit  = "";
  const char* help  = "";
  bool        learn = true;
  bool        log   = false;         // stored, and learnt, as its natural logarithm
  Alternative alternative = {};
};

struct StateFacts {
  const char* name;
  const char* help       = "";
  bool        memoryless = false;    // s[t+1] does not depend on this state's s[t], other than through connections
};

/// Dense connections that belong to the layer itself (recurrent cores): weights [ports · dim, dim] as one block, rows
/// in the order of `ports`, and a bias [ports · dim].
struct CoreFacts {
  const char* weights;
  const char* bias;
  bool        from_self;             // reads the layer's own output one step late; else what arrives at the layer
  std::vector<const char*> ports;
};

/// One step of one slab. Arrays of pointers go over components (states, ports, parameters).
template <class R>
struct StepArgs {
  Slab            slab;
  R               dt;
  const void*     source;    // table of the source function, if it reads one
  const R* const* params;    // [units], padded to whole vectors
  const R* const* state;     // s[t]
  R* const*       drive;     // what the connections delivered to each port
  R* const*       next;      // s[t+1]
};

/// The adjoint of the same step; `step.next` holds what the forward step made.
template <class R>
struct PullArgs {
  StepArgs<R> step;
  R* const*   lambda;        // in: ∂L/∂s[t+1], out: its part of ∂L/∂s[t] that does not pass through ports
  R* const*   drive_bar;     // out: ∂L/∂drive
  R* const*   params_bar;    // += [units][width] in tiles (lanes are folded at the very end), [units] in rows
  R*          dt_bar;        // += [width], lanes apart
};

template <class R>
struct StepKernels {
  void (*step)(const StepArgs<R>&);
  void (*pull)(const PullArgs<R>&);           // hand-written where the cell has one, else derived
  void (*pull_derived)(const PullArgs<R>&);   // `step` run on dual numbers

  /// Completes the initial state in place (step.state is both read and, through `next`, written): a state that is a
  /// function of another one is set. Null where there is nothing to do.
  void (*start)(const StepArgs<R>&);
  void (*start_pull)(const PullArgs<R>&);     // lambda: in ∂L/∂s[0] as completed, out ∂L/∂s[0] as given

  /// Writes what can be observed of a step into out[observable], slabs. Null where there is nothing.
  void (*observe)(const StepArgs<R>&, R* const* out);
};

/// The kernels of one kind, with one source function, for one processor.
struct CellKernels {
  StepKernels<float>  single;
  StepKernels<double> precise;

  template <class R> const StepKernels<R>& of() const {
    if constexpr (sizeof(R) == 4) return single; else return precise;
  }
};

struct CellEntry {
  const char* name;
  const char* summary;
  const char* alias = nullptr;                // another name people know it by
  std::vector<ParamFacts>  params = {};
  std::vector<StateFacts>  states = {};
  std::vector<const char*> ports = {};
  const char* source = nullptr;               // default source function; null: the cell has none
  int         output = 0;                     // which state connections read
  double      dt     = 0;                     // default step of its family; 0: any
  bool        pull_reads_drive = true;        // false: `pull` works from s[t], s[t+1] alone, drives need not be kept
  bool        static_map = false;             // no state of its own: s[t+1] is a function of the drive
  std::vector<CoreFacts>   core = {};
  std::vector<const char*> observables = {};  // e.g. phi, g
  CellKernels (*kernels)(int source);
};

/// All kinds of cells.
const std::vector<CellEntry>& cells();

/// The kind with this name or alias (case ignored), or null.
const CellEntry* find_cell(const std::string& name);

}  // namespace dynode
