// RateRNN: a network of excitatory and inhibitory rate units, under the words of spikeRNN (FR_RNN_dale).
//
//   rate::RateRNN net({.N = 200, .P_inh = 0.2, .P_rec = 0.2, .taus = {4, 20}}, {.seed = 1});
//   rate::Trial   trial = net.eval(u);                     u [inputs][T] → o [T − 1][outputs], r and x [T][N]
//   double        loss  = rate::loss_op(trial.o, z, "l2");
//   rate::Lesion  lesion = net.lesion_w(0.1);              net.restore(lesion) undoes it
//   net.save("net.mat");                                   as the original reads it; net.dynode trains, simulates, …
//
//   x_t = (1 − a) x_{t−1} + a (W r_{t−1} + w_in u_{t−1}) + noise,  r = f(x),  o = w_out r + b_out      a = dt/τ
//   W = relu(w) · sign of the source · SOM mask      (without Dale's law: w · SOM mask)
//
// It writes a spec of three layers (0: input, 1: RateDale, 2: readout), so that everything that works with a Model works
// with model(). Weights are [to][from]. Time constants and steps are in rate steps of 5 ms.
// Source: Kim, Li, Sejnowski 2019, Simple framework for constructing functional spiking recurrent neural networks.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dynode/models/model.h"

namespace dynode::rate {

/// A network to draw.
struct RateOptions {
  int                  N          = 200;  // units
  double               P_inh      = 0.2;  // probability that a unit is inhibitory
  double               P_rec      = 0.2;  // probability that a recurrent connection exists
  int                  som_N      = 0;    // the first inhibitory units take no inhibition
  bool                 apply_dale = true;
  std::string          w_dist     = "gaus";  // or gamma: shape 2, scale 0.003, gain does not count
  double               gain       = 1.5;
  std::vector<double>  taus       = {4, 20};    // one, or the range that time constants are learnt in
  std::string          activation = "sigmoid";  // clipped_relu, softplus, or another source function
  int                  inputs = 1, outputs = 1;
  std::optional<Array> w_in             = {};     // [N][inputs]; missing: standard normal. Not learnt
  std::optional<Array> w_out            = {};     // [outputs][N]; missing: standard normal / 100
  bool                 exact_inh        = false;  // exactly round(N · P_inh) inhibitory units
  bool                 self_connections = true;
  bool                 keep_sparsity    = false;  // without Dale's law: absent connections stay absent
  double               dt = 1, noise_std = 0.1, x0_std = 0.01;
  std::string          noise_when = "always";  // train, off
};

/// A network as numbers, however they came about.
struct RateParts {
  Array                w, w_in, w_out, b_out;  // [N][N], [N][inputs], [outputs][N], [outputs]
  std::vector<int8_t>  sign       = {};        // [N] ±1; empty: without Dale's law, w has signs of its own
  int                  som_N      = 0;
  std::vector<double>  taus       = {20};
  std::vector<double>  taus_gaus  = {};  // [N] where taus is a range
  std::string          activation = "sigmoid";
  double               dt         = 1;
  std::optional<Array> w0 = {}, taus_gaus0 = {};  // where training began
};

/// What a run gives. A batch has one more axis in front.
struct Trial {
  Array o;     // [T − 1][outputs]
  Array r, x;  // [T][N], the start first
};

/// What a lesion changed.
struct Lesion {
  std::vector<size_t> chosen = {};  // positions in w, post · N + pre, ascending
  std::vector<double> before = {};  // their weights
};

class RateRNN {
 public:
  /// @throws SpecError, ShapeError  on values outside their ranges, or shapes that do not fit
  explicit RateRNN(const RateOptions& options, const ModelOptions& model = {});
  explicit RateRNN(const RateParts& parts, const ModelOptions& model = {});
  /// A model of an input, one RateDale layer and a linear readout. @throws SpecError  if it is something else
  explicit RateRNN(Model model);

  /// A .mat file of spikeRNN, or a spec or model file of such a network. @throws IoError, SpecError
  static RateRNN load(const std::string& path, const ModelOptions& options = {});
  /// A .mat file that spikeRNN reads, or a model file (.dynode). @throws IoError
  void save(const std::string& path) const;

  Model&       model() { return model_; }
  const Model& model() const { return model_; }
  RateParts    parts() const;

  int                 N() const;
  int                 inputs() const;
  int                 outputs() const;
  std::vector<int8_t> sign() const;         // [N] ±1; empty without Dale's law
  Array               effective_w() const;  // [N][N], as it acts

  /// @param u  [inputs][T], or a batch [rows][T][inputs]; the last column is never used
  Trial eval(const Array& u, const SimulateOptions& options = {});
  /// Loss (l1, l2, mse, whatever the case) and gradient of the mean over trials. @param z  [T − 1], [T − 1][outputs], or
  /// [rows][T − 1][outputs]
  Gradient gradient(const Array& u, const Array& z, std::string_view loss, const GradientRequest& request = {});

  /// Sizes, numbers of units, shares of absent, positive and negative weights.
  std::string display() const;

  /// Multiplies ⌊fraction · n⌋ of the n connections that act by `scale`, drawn without replacement.
  /// @throws SpecError  if fraction or scale is outside [0, 1]
  Lesion lesion_w(double fraction, double scale = 0, uint64_t seed = 0);
  /// The same in each of the groups E → E, E → I, I → E, I → I (source → target). @return a lesion per group, in this order
  std::vector<Lesion> lesion_w_by_type(double fraction, double scale = 0, uint64_t seed = 0);
  void                restore(const Lesion& lesion);

 private:
  Lesion lesion(std::vector<size_t> existing, double fraction, double scale, uint64_t seed, std::string_view group);

  Model                model_;
  std::optional<Array> w0_, taus_gaus0_;
};

/// Loss of outputs as spikeRNN defines it: l1 Σ |o − z|, l2 √Σ (o − z)², or mse, whatever the case.
/// @throws ShapeError  if o and z have other numbers of entries; @throws SpecError on another name
double loss_op(const Array& o, const Array& z, std::string_view loss);

}  // namespace dynode::rate
