// Losses: how far a network is from what was asked, and the adjoint of that, one file per loss.
//
// Batches are cut into tiles that run in parallel, and every loss is made for that:
//
//   by rows      sums over rows that share one divisor, known beforehand; most losses:
//                loss(batch) = Σ_tiles Σ_rows ℓ(row) / N        N = loss_count(...) summed over all tiles
//   by sums      losses that couple rows (fr, fr_dist, average_state_magnitude_loss, pop_kl) are functions of a few
//                sums per unit over all rows and steps; tiles are looked at twice:
//                  1  Σ s, Σ|s|, Σ s² of every tile, added in tile order
//                  2  value and ∂/∂sums once, then s̄ += ∂/∂sums · ∂sums/∂s, the same formula in every tile
//   by batch     losses that couple rows otherwise (rich_margin_loss, autoregressive_loss) are shown all rows at once
//   by weights   functions of the learnable weights of connections; no tile is looked at
//
// Some losses look at a run of their own (LossRun), and at layers with the weights between them (LossNetwork).
//
// Outputs come without the entry of t = 0; pooled outputs have steps = 1. Steps whose mask is 0 are left out, of
// values, adjoints and N alike. Sums run in double, rows, steps and units ascending, so equal calls give equal bits.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "dynode/base/error.h"
#include "dynode/base/facts.h"

namespace dynode {

/// Class of a target that does not count.
inline constexpr int64_t kIgnoredClass = -100;

/// Which run a loss looks at.
enum class LossRun {
  main,
  twin,    // inputs are a little different; `values` are the states of the main run, which have no slope
  after    // the main run goes on for decay_steps steps without input
};

/// The network around the states that a loss sees, all layers side by side, and the numbers that act in it.
struct LossNetwork {
  struct Layer {
    int    layer_id;
    size_t first, units;      // of the units that the loss sees
    bool   asked = true;      // false: an input, a map without memory, or left out by layer_ids
    double dt    = 0;
    int    offset = -1, gain = -1, leak = -1, learnt_dt = -1;   // φ₀, γ⁺, γ⁻, dt: positions in numbers, -1: none
    bool   fluxes = false;    // whether all that arrives is in links
  };
  /// φ of a layer += W · output of another one, now or (lag 1) a step ago.
  struct Link {
    size_t from, to;          // positions in layers
    size_t lag;
    int    weights;           // [to units][from units] in numbers
    int    bias = -1;         // [to units] in numbers
  };
  std::vector<Layer>               layers;
  std::vector<Link>                links;
  std::vector<std::vector<double>> numbers;   // real values
};

/// One call of a loss: some rows of a batch, or all.
template <class R>
struct LossCall {
  size_t         rows = 0, steps = 1, units = 0;
  const R*       output     = nullptr;  // [rows][steps][units]
  const int64_t* classes    = nullptr;  // [rows][steps], 0 ≤ class < units or kIgnoredClass; for losses on classes
  const R*       values     = nullptr;  // [rows][steps][units]; for losses on values
  const uint8_t* mask       = nullptr;  // [rows][steps], 0: the step does not count; nullptr: all count
  double         normaliser = 1;        // N above; 0: nothing counts, the loss is 0
  double         weight     = 1;        // factor of this loss within a sum of losses
  R*             output_bar = nullptr;  // [rows][steps][units] += ∂(weight · loss)/∂output; nullptr: value only
  // for a loss on_recurrent: weights W[to][from] of the layer's connection to itself, as they act
  const double* recurrent     = nullptr;  // [units][units]
  double*       recurrent_bar = nullptr;  // [units][units] += ∂(weight · loss)/∂W; where there is output_bar
  // for a loss on_network
  const LossNetwork*               network      = nullptr;
  std::vector<std::vector<double>>* numbers_bar = nullptr;  // += ∂(weight · loss)/∂numbers; where there is output_bar
};

/// Value of the rows of one call, weight included. Classes and shapes were checked before (check_targets).
template <class R>
using LossFunction = double (*)(const Arguments&, const LossCall<R>&);

/// Sums over the rows and steps that count, of one unit; or ∂loss/∂sums.
struct UnitSums {
  double sum = 0, magnitude = 0, square = 0;  // Σ s, Σ |s|, Σ s²
};

/// A loss by sums: the value (without weight), and its slopes.
/// @param N       positions that count: Σ over rows and steps
/// @param slopes  [units], zero: written
using LossOfSums = double (*)(const Arguments&, double N, std::span<const UnitSums> units, std::span<UnitSums> slopes);

/// Where a connection lies in the network.
enum class WeightPlace { input, hidden, readout };

/// The learnable weights of one connection, those that act: signs and transforms applied.
struct LossWeights {
  WeightPlace             place;
  std::span<const double> weights;
  std::span<const uint8_t> present;      // [weights], 0: there is no such weight; empty: all are there
  std::span<double>        weights_bar;  // += ∂loss/∂weights
};

/// A loss by weights: the value (without weight); adds its slopes.
using LossOfWeights = double (*)(const Arguments&, std::span<const LossWeights> connections);

/// What a loss compares with.
enum class LossTarget { nothing, classes, values, classes_or_values };

struct LossEntry {
  const char*       name;
  const char*       summary;
  std::vector<Fact> facts;
  LossTarget        target = LossTarget::nothing;
  /// Looks at the states of every step, whatever the outputs are pooled by.
  bool on_states = false;
  /// Looks at the weights of the layer's connection to itself, too.
  bool on_recurrent = false;
  /// Looks at all layers and what leads from one to the other, whatever layer it is put on.
  bool on_network = false;
  /// The run it looks at; another one than main costs another pass, or two.
  LossRun run = LossRun::main;
  /// By batch: a call has all rows.
  bool of_batch = false;
  /// How many layers of equal size it needs, side by side; 0: any number of any size.
  size_t layers = 0;
  /// Part of N that these rows bring (output and output_bar are not looked at). By weights: nullptr.
  double (*count)(const Arguments&, size_t rows, size_t steps, size_t units, const int64_t* classes,
                  const uint8_t* mask) = nullptr;
  // one of these three
  LossFunction<float>  value_and_adjoint_float  = nullptr;
  LossFunction<double> value_and_adjoint_double = nullptr;
  LossOfSums           of_sums                  = nullptr;
  LossOfWeights        of_weights               = nullptr;
  /// Refuses arguments or shapes that do not fit; nullptr: everything fits.
  void (*check)(const Arguments&, size_t steps, size_t units, const At&) = nullptr;

  bool row_additive() const { return value_and_adjoint_double != nullptr && !of_batch; }
  bool couples_rows() const { return of_sums != nullptr || of_batch; }
};

/// All losses, in the order of the manual.
const std::vector<LossEntry>& losses();

/// @throws SpecError  naming the nearest loss, if there is none called `name`
const LossEntry& find_loss(std::string_view name, const At& at = {});

/// The door: do these arguments fit outputs of this shape?
/// @throws SpecError  with the way out
void check_loss(const LossEntry& loss, const Arguments& arguments, size_t steps, size_t units, const At& at = {});

/// The door for targets: every class is kIgnoredClass or in [0, units).
/// @throws ShapeError  naming row, step and value of the first that is not
void check_classes(size_t rows, size_t steps, size_t units, const int64_t* classes);

/// Part of the divisor N that these rows bring.
double loss_count(const LossEntry& loss, const Arguments& arguments, size_t rows, size_t steps, size_t units,
                  const int64_t* classes, const uint8_t* mask = nullptr);

/// Value and adjoint in the precision of the call. A loss by sums takes the call for the whole batch; a loss by weights
/// has no such call.
template <class R>
double value_and_adjoint(const LossEntry& loss, const Arguments& arguments, const LossCall<R>& call);

/// First look of a loss by sums: adds what the rows of a call bring. @param sums  [units]
template <class R>
void add_sums(const LossCall<R>& call, std::span<UnitSums> sums);

/// Second look: hands ∂loss/∂sums on to the outputs. @param slopes  [units], without weight
template <class R>
void add_adjoint_of_sums(const LossCall<R>& call, std::span<const UnitSums> slopes);

}  // namespace dynode
