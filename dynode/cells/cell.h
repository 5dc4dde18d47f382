// A cell kind as data: its facts, and the kernels that advance a slab by one step and pull adjoints back.
//
// A layer of cells keeps states s, receives one drive per port from its connections, and has parameters per unit:
//
//   s[t+1] = step(s[t], drive[t], params, dt)
//
// One of the states is the output: what connections read and what `s/<layer>` records.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "dynode/kernels/dense.h"
#include "dynode/kernels/sparse.h"

namespace dynode {

/// Another way to give a parameter: a setting that is turned into it, e.g. tau into alpha = dt/tau.
struct Alternative {
  const char* name  = "";
  double      value = 0;             // default of the setting, in `unit`
  const char* unit  = "";
  double (*to_parameter)(double setting, double dt) = nullptr;
  const char* spacing = "";          // setting (geometric or linear): how a pair [first, last] is spread over the units
  const char* floor   = "";          // setting: positive values below it are raised to it
  double      floor_value = 0;       // its default
};

/// A number per unit, or per synapse of a cell that has synapses of its own.
struct ParamFacts {
  const char* name;
  double      value = 0, min = -1e300, max = 1e300;
  const char* unit  = "";
  const char* help  = "";
  bool        learn = true;
  bool        log   = false;         // stored, and learnt, as its natural logarithm
  Alternative alternative = {};
  const char* learn_word = "";       // setting that says whether it is learnt, besides learn_<name>
  bool        range      = false;    // a pair [low, high] is learnt in between, drawn and stored through a sigmoid
  bool        per_synapse = false;
};

/// A number or word for the whole layer; nothing learns it.
struct SettingFacts {
  const char* name;
  double      value = 0, min = -1e300, max = 1e300;
  bool        whole = false;             // no fractions
  std::vector<const char*> words = {};   // then its number is the position of the word
  const char* help  = "";
};

/// A number per unit that follows from the rest of the spec: people do not set it, nothing learns it.
struct ConstantFacts {
  enum class From {
    fan_in_of_self,   // connections from its own layer, as masked; `value` where the layer has none to itself
    kept_diagonal,    // 1 where the diagonal of a core is `one`, else 0
    noise,            // 0, or noise drawn for every row and step
    parameters,       // of the same unit: CellEntry::derive
  };
  const char* name;
  From        from;
  double      value = 0;
  const char* help  = "";
};

struct StateFacts {
  const char* name;
  const char* help       = "";
  bool        memoryless = false;    // s[t+1] does not depend on this state's s[t], other than through connections
};

/// Where normal numbers may be added, and the word that gives their deviation.
struct NoiseFacts {
  enum class Site {
    drive,   // of a port: inside the step
    state,   // after the step; states that are functions of it follow
    start,   // of a state before the first step
  };
  const char* word;
  Site        site;
  int         index = 0;             // port or state
  double      value = 0;             // default deviation
  const char* help  = "";
};

/// Where spikes arrive: one of weight w adds w, divided by a parameter, to a state at the end of a step.
struct ArrivalFacts {
  int state = -1;                    // -1: the cell takes no spikes
  int per   = -1;                    // parameter, constants counted behind them; -1: not divided
};

/// Dense connections that belong to the layer itself (recurrent cores): weights [ports · dim, dim] as one block, rows
/// in the order of `ports`, and a bias [ports · dim].
struct CoreFacts {
  const char* weights;
  const char* bias;
  bool        from_self;             // reads the layer's own output one step late; else what arrives at the layer
  std::vector<const char*> ports;    // "": rows that nothing reads; they stay 0
  const char* init     = "";         // initialiser of the weights, over all rows; "": uniform in ±1/√dim
  const char* diagonal = "";         // setting: `zero` (default), `one`, `free`; the diagonal of each port's weights is
                                     // then absent, absent with the constant kept_diagonal at 1, or like the others
};

/// What a kind of cell is told besides parameters: the same for all units, never learnt.
struct CellSettings {
  const double*     numbers  = nullptr;   // per entry of CellEntry::settings
  const SparseRows* synapses = nullptr;   // source by source: the cell's own synapses, in the order of their parameters
};

/// One step of one slab. Arrays of pointers go over components (states, ports, parameters).
template <class R>
struct StepArgs {
  Slab            slab;
  const R*        dt;        // time this step takes: [lanes] in tiles, [rows] in rows
  const void*     source;    // table of the source function, if it reads one
  CellSettings    settings;
  const R* const* params;    // [units], padded to whole vectors: the parameters, then the constants; [synapses] likewise
  const R* const* state;     // s[t]
  R* const*       drive;     // what the connections delivered to each port
  R* const*       next;      // s[t+1]
  R*              tape;      // CellEntry::tape_size numbers that `step` leaves for `pull`; scratch where nobody pulls
};

/// The adjoint of the same step; `step.next` holds what the forward step made.
template <class R>
struct PullArgs {
  StepArgs<R> step;
  R* const*   lambda;        // in: ∂L/∂s[t+1], out: its part of ∂L/∂s[t] that does not pass through ports
  R* const*   drive_bar;     // out: ∂L/∂drive
  R* const*   params_bar;    // += [units][width] in tiles (lanes are folded at the very end), [units] in rows; those of
                             // synapses are [synapses][width] in both; those of constants are there, but mean nothing
  R*          dt_bar;        // += [lanes] in tiles, [rows][width] in rows
};

template <class R>
struct StepKernels {
  void (*step)(const StepArgs<R>&);
  void (*pull)(const PullArgs<R>&);           // hand-written where the cell has one, else derived
  void (*pull_derived)(const PullArgs<R>&);   // `step` run on dual numbers, the judge of `pull`: in double only, and
                                              // beside a `pull` by hand on the plainest instruction set only

  /// Completes the initial state in place (step.state is both read and, through `next`, written): a state that is a
  /// function of another one is set. Null where there is nothing to do.
  void (*start)(const StepArgs<R>&);
  void (*start_pull)(const PullArgs<R>&);     // lambda: in ∂L/∂s[0] as completed, out ∂L/∂s[0] as given

  /// Writes what can be observed of a step into out[observable], slabs. Null where there is nothing.
  void (*observe)(const StepArgs<R>&, R* const* out);

  /// Cells that fire: the same step in place (`next` is not read), of one row as rows, or as a tile of one unit's
  /// parameters with neighbouring units as lanes. The output is not kept: `first` + who fired is written, ascending, with
  /// kNotANumber set where a voltage is not a number. @return how many. Null: `step` must do.
  size_t (*fire)(const StepArgs<R>&, uint32_t first, uint32_t* fired) = nullptr;
};

inline constexpr uint32_t kNotANumber = 0x80000000u;

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
  std::vector<ConstantFacts> constants = {};
  std::vector<StateFacts>  states = {};
  std::vector<const char*> ports = {};
  const char* source = nullptr;               // default source function; null: the cell has none
  int         output = 0;                     // which state connections read
  double      dt     = 0;                     // default step of its family; 0: any
  bool        scales_with_dt = false;         // its step is as long as dt, and follows time spans given per row and step
  bool        pull_reads_drive = true;        // false: `pull` works from s[t], s[t+1] alone, drives need not be kept
  bool        internal = false;               // part of a connection, not a layer people name
  bool        static_map = false;             // no state of its own: s[t+1] is a function of the drive
  bool        couples_units = false;          // a unit's s[t+1] depends on the drives of the others, too
  bool        fires = false;                  // its output is 1 where a unit fired in this step, else 0
  ArrivalFacts arrivals = {};
  ArrivalFacts inhibitory = {};               // where spikes of negative weight arrive, as positive numbers; state -1:
                                              // where the others do
  std::vector<NoiseFacts> noise = {};         // besides those every cell has: its drives, its output, its parameters
  bool        som_units = false;              // has the setting som_N: so many of its inhibitory units, the first ones,
                                              // take no inhibition from their own layer
  std::vector<std::pair<const char*, const char*>> source_words = {};   // names of source functions in this family
  std::vector<CoreFacts>   core = {};
  std::vector<const char*> observables = {};  // e.g. phi, g
  std::vector<SettingFacts> settings = {};
  bool takes_sources = false;                 // connections of type direct hand it their sources, which it weighs itself
  size_t (*tape_size)(const Slab& slab, size_t width, const double* settings) = nullptr;

  /// Constants of one unit from its parameters (those From::parameters; others are not touched), whenever parameters
  /// change: what is too dear for every step. @return what is wrong with the parameters, or null
  const char* (*derive)(const double* params, double dt, const double* settings, double* constants) = nullptr;

  CellKernels (*kernels)(int source);
};

/// All kinds of cells.
const std::vector<CellEntry>& cells();

/// The kind with this name or alias (case ignored), or null.
const CellEntry* find_cell(const std::string& name);

}  // namespace dynode
