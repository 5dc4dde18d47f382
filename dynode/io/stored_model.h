// A network and its numbers in memory, as model files of any format hold them.
//
//   .dynode ─┐                                      ┌─▶ .dynode
//   .json   ─┼─▶ StoredModel { spec, arrays } ──────┼─▶ .json
//   .soen   ─┘                  │                   └─▶ spec, weights
//                               └─ compile + stored_theta ─▶ Plan, θ
//
// Arrays have the names and contents of a .dynode file (model_file.h): θ as stored (J_0_to_1, layer1/log_gamma_plus,
// dt), mask/J_0_to_1, layer1/polarity. Real values (layer1/gamma_plus) may stand for stored ones.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dynode/io/npy.h"
#include "dynode/io/safetensors.h"
#include "dynode/plan/plan.h"

namespace dynode {

struct StoredModel {
  Spec                                       spec{};
  std::vector<std::pair<std::string, Array>> arrays{};
  std::vector<std::string>                   notes{};   // what could not be kept as it was, for people

  /// nullptr where there is no such array.
  const Array* find(std::string_view name) const;
  /// Adds an array, or replaces that of the same name.
  void set(const std::string& name, Array array);
};

/// @throws IoError, SpecError  if there is no model in the file
StoredModel stored_model(const TensorFile& file, const std::string& path);

/// Options that make compile() use masks, signs and weights of the model. `model` must outlive the compilation.
CompileOptions stored_options(const StoredModel& model);

/// θ of a plan that was compiled with stored_options. What is not learnt may be missing and is then as the spec says.
/// @throws IoError     naming a learnable parameter that is missing
/// @throws ShapeError  if one has another shape
template <class R> std::vector<R> stored_theta(const Plan& plan, const StoredModel& model, const std::string& path);

/// Names of arrays that mean nothing to this plan.
std::vector<std::string> unused_arrays(const Plan& plan, const StoredModel& model);

/// A name such as mask/J_0_to_1, b_0_to_1, J_0_to_1/beta_eff, layer1/log_gamma_plus or mask/layer1/w, taken apart.
struct ArrayName {
  enum class Of { layer, connection, network };   // network: dt
  Of          of = Of::network;
  std::string prefix = {};        // "mask/", "ei_mask/", "plasticity_mask/", "synapse_growth_mask/", ""
  char        letter = 'J';       // of a connection: J or b
  int         from = -1, to = -1; // of a connection; a layer is `from`
  std::string rest = {};          // of a layer: log_gamma_plus; of a connection: "" or "/beta_eff"; else the whole name

  std::string text() const;
};
ArrayName parse_array_name(const std::string& name);

}  // namespace dynode
