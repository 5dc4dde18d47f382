#include "dynode/models/model.h"

#include <algorithm>
#include <fmt/format.h>

#include "dynode/base/text.h"
#include "dynode/io/model_file.h"
#include "dynode/io/model_formats.h"
#include "dynode/io/npz.h"
#include "dynode/models/model_core-internal.h"
#include "dynode/models/rate.h"

namespace dynode {
using namespace model_detail;

const Array* Results::find(const std::string& name) const { return find_named(arrays, name); }
const Array& Results::at(const std::string& name) const { return named(arrays, name, "results"); }
const Array& Gradient::at(const std::string& name) const { return named(parameters, name, "gradient"); }

Model::Model(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

Model Model::from_spec(const Spec& spec, const ModelOptions& options) {
  check_spec(spec);
  return Model(std::make_unique<Impl>(compile(spec, {.seed = options.seed, .load_array = load_array, .stored = {}}), options));
}

Model Model::from_stored(const StoredModel& stored, const ModelOptions& options) {
  CompileOptions compile_options = stored_options(stored);
  compile_options.seed       = options.seed;
  compile_options.load_array = load_array;
  Model model(std::make_unique<Impl>(compile(stored.spec, compile_options), options));
  model.impl_->visit([&]<class R>(Core<R>& c) {
    c.theta = stored_theta<R>(*c.plan, stored, stored.spec.file);
    c.changed();
  });
  return model;
}

StoredModel Model::stored() const {
  StoredModel model = impl_->visit([&]<class R>(Core<R>& c) {
    return stored_model(model_tensors<R>(*c.plan, c.theta), c.plan->spec.file);
  });
  model.spec = plan().spec;   // with the places it was read from
  return model;
}

Model Model::load(const std::string& path, const ModelOptions& options) {
  if (ending_of(path) == ".mat") return std::move(rate::RateRNN::load(path, options).model());
  if (ending_of(path) != ".dynode") {
    if (auto stored = load_stored_model(path)) {
      stored->spec.warnings.insert(stored->spec.warnings.end(), stored->notes.begin(), stored->notes.end());
      return from_stored(*stored, options);
    }
    return from_spec(load_spec(path), options);
  }
  const TensorFile file = load_safetensors(path);
  CompileOptions   compile_options = model_options(file);
  compile_options.seed       = options.seed;
  compile_options.load_array = load_array;   // a rate table is not part of the file
  Model model(std::make_unique<Impl>(compile(model_spec(file, path), compile_options), options));
  model.impl_->visit([&]<class R>(Core<R>& c) {
    c.theta = model_theta<R>(*c.plan, file, path);
    c.changed();
  });
  return model;
}

const Plan& Model::plan() const { return *impl_->visit([](auto& c) { return c.plan.get(); }); }

Precision Model::precision() const { return impl_->core.index() == 0 ? Precision::float32 : Precision::float64; }

std::vector<std::string> Model::parameter_names() const { return plan().parameters.names(); }

namespace {

const Block& find_block(const Plan& plan, const std::string& name) {
  const int i = plan.parameters.find(name);
  if (i < 0) throw SpecError({}, fmt::format("there is no parameter '{}'", name), did_you_mean(name, plan.parameters.names(), "there are"));
  return plan.parameters[i];
}

}  // namespace

Array Model::parameter(const std::string& name) const {
  const Block& b = find_block(plan(), name);
  return impl_->visit([&]<class R>(Core<R>& c) {
    std::vector<R> values(b.size());
    if (name == b.name) to_real<R>(b, c.theta.data(), values);
    else std::copy_n(c.theta.data() + b.offset, b.size(), values.data());
    return make_array(shape_of(b), std::move(values));
  });
}

void Model::set_parameter(const std::string& name, const Array& values) {
  const Block& b = find_block(plan(), name);
  // one number may come without axes, or as [1]
  const bool one = b.size() == 1 && values.size() == 1;
  if (values.shape != shape_of(b) && !one) throw ShapeError(name, shape_of(b), values.shape);
  impl_->visit([&]<class R>(Core<R>& c) {
    if (name == b.name) set_real<R>(b, values.as_double(), c.theta.data());
    else set_stored<R>(b, values.as_double(), c.theta.data());   // no bit is lost
    if (b.growth.present >= 0) {   // what is set is there
      R* there = c.theta.data() + c.plan->parameters[b.growth.present].offset;
      for (size_t i = 0; i < b.size(); ++i)
        if (c.theta[b.offset + i] != 0 && (b.mask.empty() || b.mask[i])) there[i] = R(1);
    }
    c.changed();
  });
}

void Model::load_parameters(const std::string& path) {
  std::vector<std::pair<std::string, Array>> arrays;
  if (const std::string ending = ending_of(path); ending == ".dynode" || ending == ".safetensors") {
    for (const auto& [name, tensor] : load_safetensors(path).tensors) arrays.emplace_back(name, tensor.as_array(name));
  } else {
    arrays = load_npz(path).entries();
  }
  const auto take = [&](const std::string& name, const Array& array) {
    if (name.starts_with("opt/") || name.ends_with("/polarity")) return;
    if (name.starts_with("ei_mask/") || name.starts_with("plasticity_mask/") || name.starts_with("synapse_growth_mask/")) return;
    if (name.starts_with("mask/")) {
      const Block& b = find_block(plan(), name.substr(5));
      if (array.shape != shape_of(b)) throw ShapeError(path + ": " + name, shape_of(b), array.shape);
      const std::vector<double> mask = array.as_double();
      for (size_t i = 0; i < mask.size(); ++i)
        if ((mask[i] != 0) != (b.mask.empty() || b.mask[i]))
          throw SpecError({path}, fmt::format("{} differs from the mask of this network at [{}, {}]", name, i / b.shape[1], i % b.shape[1]),
                          "use structure custom with this mask as its mask_file");
      return;
    }
    set_parameter(name, array);
  };
  // all of them or none
  impl_->visit([&](auto& c) {
    const auto before = c.theta;
    try {
      for (const auto& [name, array] : arrays) take(name, array);
    } catch (...) {
      c.theta = before;
      c.changed();
      throw;
    }
  });
}

Results Model::simulate(const Array& x, const SimulateOptions& options) {
  return impl_->visit([&](auto& c) { return c.simulate(x, options); });
}

Results Model::simulate(const SimulateOptions& options) {
  return impl_->visit([&](auto& c) { return c.simulate(options); });
}

Gradient Model::gradient(const Array& x, const std::vector<LossTerm>& loss, const GradientRequest& request) {
  return impl_->visit([&](auto& c) { return c.gradient(x, loss, request); });
}

void Model::descend(const Gradient& gradient, double rate) {
  impl_->visit([&]<class R>(Core<R>& c) {
    std::vector<R> step(c.theta.size());   // 0 for what is not learnable
    for (const Block& b : c.plan->parameters.blocks()) {
      if (!b.learnable) continue;
      const std::vector<R> g = numbers<R>(gradient.at(b.stored_name()));
      if (g.size() != b.size()) throw ShapeError("gradient of " + b.stored_name(), shape_of(b), gradient.at(b.stored_name()).shape);
      std::copy(g.begin(), g.end(), step.begin() + ptrdiff_t(b.offset));
    }
    apply_plasticity(c.plan->parameters, step.data());
    for (const HeldEntry& held : held_entries(c.plan->parameters)) step[held.position] *= R(held.share);
    for (size_t i = 0; i < step.size(); ++i) c.theta[i] -= R(rate) * step[i];
    project(c.plan->parameters, c.theta.data());
    grow(c.plan->parameters, c.theta.data(), c.plan->seed, ++c.updates);
    c.changed();
  });
}

Model Model::quantised(const Quantisation& quantisation, const std::optional<RoundingDraw>& draw) const {
  return impl_->visit([&]<class R>(Core<R>& c) {
    Model copy(std::make_unique<Impl>(c.plan, c.options));
    copy.impl_->visit([&]<class S>(Core<S>& other) {
      other.theta.assign(c.theta.begin(), c.theta.end());
      quantise_stored(c.plan->parameters, quantisation, draw, other.theta.data());
      other.changed();
    });
    return copy;
  });
}

void Model::set_quantisation(std::optional<Quantisation> quantisation) {
  impl_->visit([&](auto& c) { c.engine.set_quantisation(std::move(quantisation)); });
}

void Model::save(const std::string& path) const {
  impl_->visit([&]<class R>(Core<R>& c) { save_safetensors(path, model_tensors<R>(*c.plan, c.theta)); });
}

}  // namespace dynode
