// Spiking networks without an input array: populations, synapses that follow a rule, and what drives the units.
//
// A layer is divided into populations, contiguous and in order. Matrices over populations are [post][pre].
// Synapses are not written down here: run/ builds their lists from the rule, a function of (seed, connection, target
// unit), so that the plan of a network of 10⁸ synapses is small.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace dynode {

/// Synapses of one connection.
struct SynapseRule {
  enum class Kind {
    fixed_indegree,       // `count` partners of every target
    bernoulli,            // every pair with probability `count`
    fixed_total_number,   // `count` synapses, both ends drawn with replacement
  };
  Kind     kind           = Kind::fixed_indegree;
  bool     with_replacement = false;   // fixed_indegree: a partner may be drawn twice
  bool     self           = true;      // a unit may be its own partner
  bool     drop_self      = false;     // fixed_indegree: a partner that is the unit itself is drawn, then removed
  uint64_t site           = 0;         // stream of its random numbers, together with the seed
  std::vector<uint32_t> to, from;      // [populations + 1] where they begin
  std::vector<double>   count;         // [post][pre]
  std::vector<double>   weight;        // [post][pre] mean
  std::vector<double>   weight_deviation;   // [post][pre] relative to the mean; drawn numbers of the other sign become 0
  std::vector<double>   delay;         // [post][pre] mean, steps
  std::vector<double>   delay_deviation;    // [post][pre] steps; rounded to whole ones, at least 1

  size_t posts() const { return to.size() - 1; }
  size_t pres() const { return from.size() - 1; }
  /// Synapses in all; of bernoulli on average.
  double expected() const;
  /// Whether weights or delays are drawn, one by one.
  bool drawn() const;
  /// The longest delay that is ever drawn, steps: six deviations above the mean.
  int longest_delay() const;
};

/// What reaches the units of a layer from outside.
struct Drive {
  enum class Kind { poisson, constant, file };
  Kind kind  = Kind::poisson;
  int  layer = 0;                      // position in Plan::layers
  int  port  = 0;                      // of its cell; counts of events are weighted sums there
  uint64_t site = 0;                   // stream of its random numbers

  /// From step `first` on.
  struct Part {
    size_t              first = 0;
    std::vector<double> mean;          // poisson: [populations] events of a unit in a step
  };
  std::vector<Part>   parts = {};      // ascending; the first begins at step 0
  std::vector<double> weight = {};     // [populations] what an event adds; constant: what is there in every step
  /// poisson: `mean` grows by a · z, z ~ Beta(10, 10) anew in every unit and step (or once per unit and run)
  std::vector<double> spread = {};     // [populations] a; empty: none
  bool                quenched = false;
  std::vector<float>  values = {};     // file: [steps][columns], 0 behind the end; one column: all units alike
  size_t              columns = 0;
  std::vector<uint32_t> units = {};    // file: those that receive it; empty: all
};

/// State of a layer before the first step, where it is not 0: mean + deviation · normal, per population.
struct DrawnStart {
  int                 layer = 0, state = 0;
  uint64_t            site = 0;
  std::vector<double> mean, deviation;
};

struct Plan;
/// What the lists of all synapses that follow rules need in a run, for weights of `number` bytes.
double bytes_of_synapses(const Plan& plan, size_t number = 4);
/// @throws SpecError  if that is more than this machine has
void refuse_synapses(const Plan& plan, size_t number = 4);

struct SpikingPlan {
  size_t                             steps = 0;      // of a run
  std::vector<std::vector<uint32_t>> populations;    // per layer [populations + 1] where they begin
  std::vector<std::vector<uint8_t>>  inhibitory;     // per layer and population, where types are known; else empty
  std::vector<std::vector<std::string>> names;       // per layer and population, where they have names; else empty
  std::vector<Drive>                 drives;
  std::vector<DrawnStart>            starts;
};

}  // namespace dynode
