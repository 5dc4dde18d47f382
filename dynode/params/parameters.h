// All numbers a network learns or is given, as one flat vector θ of named blocks.
//
//   θ = [ J_0_to_1 | b_0_to_1 | layer1/gamma_plus | dt | … ]        optimiser: one loop; checkpoint: one file
//
// A block is stored through a transform (gamma_plus as its logarithm); names and shapes outside speak of real values.
// Constraints are projections of θ: masked entries are zero, boxes hold, signs hold.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace dynode {

/// real = stored, or real = exp(stored).
enum class Transform { identity, exponential };

double real_value(Transform transform, double stored);
double stored_value(Transform transform, double real);
/// ∂real/∂stored, given the real value.
double transform_slope(Transform transform, double real);

struct Block {
  std::string          name;                 // in real space: layer1/gamma_plus
  std::vector<size_t>  shape = {};           // [to, from], [units] or []
  size_t               offset = 0;           // in θ
  Transform            transform = Transform::identity;
  bool                 learnable = true;
  double               min = -1e300, max = 1e300;   // box on the real values
  std::vector<uint8_t> mask = {};            // [entries], 0: the entry is absent and stays 0; empty: all are there
  std::vector<int8_t>  sign = {};            // [entries], +1: not negative, −1: not positive, 0: free; empty: all free
  std::string          help = {};

  size_t size() const;
  /// Name of the stored values: layer1/log_gamma_plus where the logarithm is stored.
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
  size_t                    learnable_size() const;
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
/// @throws SpecError  on a value that is not finite, or not positive where the logarithm is stored
template <class R> void set_real(const Block& block, std::span<const double> real, R* theta);

/// Turns gradients by real values into gradients by stored ones, and clears those of absent entries.
template <class R> void to_stored_gradient(const ParameterMap& map, const R* theta, R* gradient);

/// The nearest θ that satisfies all constraints. Idempotent.
template <class R> void project(const ParameterMap& map, R* theta);

}  // namespace dynode
