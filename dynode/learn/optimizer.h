// Optimisers: one update of the flat parameter vector θ from its gradient.
//
//   θ    [ J_0_to_1 | b_0_to_1 | layer1/log_gamma_plus | … ]   blocks with a learning-rate scale, decay, frozen or not
//   slots  m, v, …  of the same length; they belong into a checkpoint, with the number of updates
//
// Every entry is computed from its own past only, in one fixed order of operations, so results do not depend on blocks
// or threads. Conventions are those of torch.optim: bias correction, ε outside the root, decoupled decay in AdamW.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dynode/base/error.h"
#include "dynode/base/facts.h"

namespace dynode {

/// A run of entries of θ that are treated alike.
struct ParameterBlock {
  size_t begin = 0, end = 0;   // entries [begin, end)
  double lr_scale = 1;         // times the learning rate, ≥ 0
  bool   decay    = true;      // weight decay applies
  bool   frozen   = false;     // never changes
  size_t rows = 0, columns = 0;   // of a matrix; 0: it is none
};

enum class OptimizerKind { adamw, adam, sgd, rmsprop, lion, muon };

/// What an optimiser needs besides the learning rate; fields a kind does not name are not used by it.
struct OptimizerSettings {
  OptimizerKind kind         = OptimizerKind::adamw;
  double        weight_decay = 0;
  double        beta1        = 0.9;     // adam, adamw, lion; muon: of what is no matrix, as beta2 and eps
  double        beta2        = 0.999;   // lion: 0.99
  double        eps          = 1e-8;    // adam, adamw, rmsprop
  double        momentum     = 0;       // sgd, rmsprop, muon
  double        dampening    = 0;       // sgd
  bool          nesterov     = false;   // sgd, muon
  double        alpha        = 0.99;    // rmsprop
  bool          centered     = false;   // rmsprop
  int           ns_steps     = 5;       // muon
  bool          match_adam   = false;   // muon
};

struct OptimizerEntry {
  const char*       name;
  const char*       summary;
  std::vector<Fact> facts;
  OptimizerKind     kind;
};

/// All optimisers, in the order of the manual.
const std::vector<OptimizerEntry>& optimizers();

/// @throws SpecError  naming the nearest optimiser, if there is none called `name`
const OptimizerEntry& find_optimizer(std::string_view name, const At& at = {});

/// Settings out of checked arguments.
/// @throws SpecError  if they do not go together (nesterov without momentum, …)
OptimizerSettings optimizer_settings(const OptimizerEntry& entry, const Arguments& arguments, const At& at = {});

/// A named vector of the optimiser's memory, as long as θ.
template <class R>
struct OptimizerSlot {
  std::string  name;   // "m", "v", "momentum", "mean"
  std::span<R> values;
};

template <class R>
class Optimizer {
 public:
  /// @param size    entries of θ
  /// @param blocks  ascending, without overlap; entries outside all blocks never change. Empty: one block, all of θ.
  Optimizer(const OptimizerSettings& settings, size_t size, std::vector<ParameterBlock> blocks = {});

  /// θ ← θ − update.
  /// @param update_count  which update this is, from 1
  void step(std::span<R> theta, std::span<const R> grad, double lr, int64_t update_count);

  /// The memory, zero at first; writable, so that a checkpoint can be read into it.
  std::vector<OptimizerSlot<R>> slots();

  std::span<const ParameterBlock> blocks() const { return blocks_; }
  const OptimizerSettings&        settings() const { return settings_; }

 private:
  OptimizerSettings           settings_;
  size_t                      size_;
  std::vector<ParameterBlock> blocks_;
  std::vector<R>              m_, v_, mean_;   // [size] where the kind uses them, else empty
};

/// Brings the singular values of a matrix near 1, by `steps` steps of Newton and Schulz. Zero stays zero.
/// @param x  [rows][columns]
template <class R>
void orthogonalise(std::vector<R>& x, size_t rows, size_t columns, int steps);

/// One update of a block that is a matrix. @param theta, grad, m  of the block; m is the momentum
template <class R>
void muon_step(const ParameterBlock& block, const OptimizerSettings& settings, double lr, R* theta, const R* grad, R* m);

extern template class Optimizer<float>;
extern template class Optimizer<double>;

/// √Σ g² over the blocks that are not frozen, summed in double in one fixed order.
template <class R>
double gradient_norm(std::span<const ParameterBlock> blocks, std::span<const R> grad);

/// Shortens the gradient to `max_norm` if it is longer: times max_norm / (norm + 1e-6), as torch does.
/// A norm that is not finite leaves the gradient as it is, for the caller to report.
/// @return the norm before
template <class R>
double clip_by_norm(std::span<const ParameterBlock> blocks, std::span<R> grad, double max_norm);

/// Limits every entry of the gradient to [−limit, limit]; NaN stays NaN.
template <class R>
void clip_by_value(std::span<const ParameterBlock> blocks, std::span<R> grad, double limit);

}  // namespace dynode
