// All numbers a network learns or is given, as one flat vector θ of named blocks.
//
//   θ = [ J_0_to_1 | b_0_to_1 | layer1/gamma_plus | dt | … ]        optimiser: one loop; checkpoint: one file
//
//   stored ──transform──▶ real        names and shapes outside speak of real values (gamma_plus, stored as its logarithm)
//   weights ──relu · sign──▶ effective where a block is rectified: the weights that act; θ and its gradient stay raw
//   after an update: project, so that absent entries are zero, boxes hold, signs hold
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dynode/params/transform.h"

namespace dynode {

/// How weights come and go while a network learns. Which are there is a block of its own, of 0 and 1, so it is saved and
/// resumed like any parameter; the mask of the weights says which can ever be there.
struct Growth {
  std::vector<double> probability = {};    // [entries] that an absent one appears, each time
  std::vector<double> values      = {};    // what new weights are drawn from
  double              scale       = 0.1;   // times that
  int64_t             interval    = 1;     // updates from one time to the next
  double              pruning     = 0;     // weights nearer to 0 disappear
  int                 present     = -1;    // position of the block of 0 and 1; -1: nothing grows
};

struct Block {
  std::string          name;                 // in real space: layer1/gamma_plus
  std::vector<size_t>  shape = {};           // [to, from], [units] or []
  size_t               offset = 0;           // in θ
  Transform            transform = {};
  bool                 learnable = true;
  double               min = -1e300, max = 1e300;   // box on the real values
  std::vector<uint8_t> mask = {};            // [entries], 0: the entry is absent and stays 0; empty: all are there
  std::vector<int8_t>  sign = {};            // [entries], +1: not negative, −1: not positive, 0: free; empty: all free
  bool                 rectified = false;    // signed entries are stored raw and act as relu(w)·sign; else: projected
  std::vector<double>  plasticity = {};      // [entries], factor of updates in [0, 1], 0: never changes; empty: all 1
  bool                 plastic_steps = false;   // the factor is on the optimiser's step, not on the gradient
  Growth               growth = {};
  std::string          help = {};

  size_t size() const;
  /// Name of the stored values: layer1/log_gamma_plus for a logarithm, layer1/taus_gaus for a sigmoid,
  /// layer1/raw_w for softplus.
  std::string stored_name() const;
};

/// The blocks of one network and how they lie in θ.
class ParameterMap {
 public:
  /// Appends a block. @return its position
  int add(Block block);

  const std::vector<Block>& blocks() const { return blocks_; }
  const Block&              operator[](int i) const { return blocks_[size_t(i)]; }
  Block&                    operator[](int i) { return blocks_[size_t(i)]; }
  size_t                    size() const { return size_; }          // of θ
  size_t                    learnable_size() const;                 // without absent and frozen entries
  /// Position of the block with this name (real or stored), or -1.
  int find(const std::string& name) const;
  std::vector<std::string> names() const;

 private:
  std::vector<Block> blocks_;
  size_t             size_ = 0;
};

/// Real values of one block. `real` and the block's part of θ have the same length.
template <class R> void to_real(const Block& block, const R* theta, std::span<R> real);

/// Puts real values into θ. @throws ShapeError  on another length
/// @throws SpecError  on a value that is not finite, or outside what the transform can give
template <class R> void set_real(const Block& block, std::span<const double> real, R* theta);

/// Puts stored values into θ as they are. @throws ShapeError, SpecError  on another length, on values not finite
template <class R> void set_stored(const Block& block, std::span<const double> stored, R* theta);

/// Replaces raw weights by those that act: relu(w)·sign where a block is rectified. Not idempotent.
template <class R> void to_effective(const ParameterMap& map, R* theta);

/// Turns gradients by real values and effective weights into gradients by what is stored (the slope of relu is 0 at 0),
/// and clears those of absent entries.
template <class R> void to_stored_gradient(const ParameterMap& map, const R* theta, R* gradient);

/// The nearest θ that satisfies all constraints. Idempotent.
template <class R> void project(const ParameterMap& map, R* theta);

/// Multiplies each entry's gradient by its plasticity; where that is 0 the gradient is exactly 0. Blocks with
/// plastic_steps keep theirs.
template <class R> void apply_plasticity(const ParameterMap& map, R* gradient);

/// An entry of θ that goes only part of an optimiser's step.
struct HeldEntry {
  size_t position;
  double share;      // of the step, in [0, 1)
};

/// Entries of learnable blocks that updates, weight decay among them, move less: those whose plasticity is 0, and those
/// with another one below 1 in blocks with plastic_steps.
std::vector<HeldEntry> held_entries(const ParameterMap& map);

/// How many weights came and went.
struct GrowthCount {
  size_t grown = 0, pruned = 0;
};

/// Lets weights come and go after an update (from 1). Numbers are drawn per seed, update and block.
template <class R> GrowthCount grow(const ParameterMap& map, R* theta, uint64_t seed, int64_t update);

}  // namespace dynode
