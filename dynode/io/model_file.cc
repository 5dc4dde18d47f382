#include "dynode/io/model_file.h"

#include <fmt/format.h>

#include "dynode/base/error.h"
#include "dynode/base/version.h"
#include "dynode/io/model_formats.h"
#include "dynode/io/npz.h"
#include "dynode/spec/json.h"

namespace dynode {
namespace {

std::vector<int64_t> shape_of(const Block& b) { return {b.shape.begin(), b.shape.end()}; }

}  // namespace

template <class R>
TensorFile model_tensors(const Plan& plan, std::span<const R> theta) {
  TensorFile file;
  file.metadata["dynode.version"] = kVersion;
  file.metadata["dynode.model"]   = to_json(write_spec(plan.spec), false);
  for (const Block& b : plan.parameters.blocks()) {
    const auto part = theta.subspan(b.offset, b.size());
    file.tensors.emplace_back(b.stored_name(), make_tensor(shape_of(b), std::vector<R>(part.begin(), part.end())));
    if (!b.mask.empty()) file.tensors.emplace_back("mask/" + b.name, make_tensor(shape_of(b), b.mask));
    if (!b.plasticity.empty() && b.shape.size() == 2)   // of units the spec says it
      file.tensors.emplace_back("plasticity_mask/" + b.name, make_tensor(shape_of(b), b.plasticity));
    if (b.growth.present >= 0)
      file.tensors.emplace_back("synapse_growth_mask/" + b.name, make_tensor(shape_of(b), b.growth.probability));
  }
  for (const ConnectionSpec& c : plan.spec.connections) {
    const int block = plan.parameters.find(fmt::format("J_{}_to_{}", c.from_layer, c.to_layer));
    if (block < 0 || !c.params.find("ei_mask")) continue;
    const Block& b = plan.parameters[block];
    file.tensors.emplace_back("ei_mask/" + b.name, make_tensor(shape_of(b), b.sign));
  }
  for (const LayerPlan& l : plan.layers)
    if (!l.polarity.empty())
      file.tensors.emplace_back(fmt::format("layer{}/polarity", l.layer_id), make_tensor({int64_t(l.units)}, l.polarity));
  return file;
}

Spec model_spec(const TensorFile& file, const std::string& path) {
  const auto found = file.metadata.find("dynode.model");
  if (found == file.metadata.end())
    throw IoError(path, "holds tensors but no dynode model", "use it as weights: --weights, with a spec");
  return read_spec(parse_json(found->second, path + " (dynode.model)"));
}

CompileOptions model_options(const TensorFile& file) {
  CompileOptions options;
  options.stored = [&file](const std::string& name) -> std::optional<NamedArray> {
    const Tensor* t = file.find(name);
    if (!t) return std::nullopt;
    return NamedArray{{t->shape.begin(), t->shape.end()}, t->as_array(name).as_double()};
  };
  options.load_array = [](const std::string& path, const std::string&) -> NamedArray {
    throw IoError(path, "is named by a model file but not part of it", "put the file where the model says");
  };
  return options;
}

template <class R>
std::vector<R> model_theta(const Plan& plan, const TensorFile& file, const std::string& path) {
  std::vector<R> theta(plan.parameters.size());
  for (const Block& b : plan.parameters.blocks()) {
    const Tensor* t = file.find(b.stored_name());
    if (!t) throw IoError(path, fmt::format("has no parameter '{}'", b.stored_name()), "it was written for another network");
    if (t->shape != shape_of(b)) throw ShapeError(path + ": " + b.stored_name(), shape_of(b), t->shape);
    const Array array = t->as_array(b.stored_name());
    if constexpr (sizeof(R) == 4) {
      const std::vector<float> values = array.as_float();
      std::copy(values.begin(), values.end(), theta.begin() + ptrdiff_t(b.offset));
    } else {
      const std::vector<double> values = array.as_double();
      std::copy(values.begin(), values.end(), theta.begin() + ptrdiff_t(b.offset));
    }
  }
  return theta;
}

NamedArray load_array(const std::string& path, const std::string& key) {
  const Array array = ending_of(path) == ".npy" ? load_npy(path) : load_npz(path).at(key);
  return {{array.shape.begin(), array.shape.end()}, array.as_double()};
}

template TensorFile model_tensors<float>(const Plan&, std::span<const float>);
template TensorFile model_tensors<double>(const Plan&, std::span<const double>);
template std::vector<float>  model_theta<float>(const Plan&, const TensorFile&, const std::string&);
template std::vector<double> model_theta<double>(const Plan&, const TensorFile&, const std::string&);

}  // namespace dynode
