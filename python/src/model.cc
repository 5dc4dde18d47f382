// Model for Python.
#include <fmt/format.h>

#include "dynode/io/nir.h"
#include "dynode/models/original_names.h"
#include "dynode/models/records.h"
#include "dynode/plan/plan.h"
#include "python/src/bind.h"

namespace dynode::python {
namespace {

ModelHandle share(Model model) { return std::make_shared<SharedModel>(std::move(model)); }

ModelHandle from_spec(const py::object& spec, const std::string& file, const std::string& dtype, int threads,
                      std::optional<uint64_t> seed) {
  const ModelOptions options = model_options(dtype, threads, seed);
  Spec               read    = read_spec(value_of(spec));
  read.file                  = file;  // paths in it are relative to this file
  py::gil_scoped_release release;
  return share(Model::from_spec(read, options));
}

ModelHandle from_file(const std::string& path, const std::string& dtype, int threads, std::optional<uint64_t> seed) {
  const ModelOptions     options = model_options(dtype, threads, seed);
  py::gil_scoped_release release;
  return share(Model::load(path, options));
}

/// A network of NIR, and what was lost on the way.
std::pair<ModelHandle, std::vector<std::string>> from_nir(const std::string& path, double dt, const std::string& scheme,
                                                          const std::string& spike_input, const std::string& dtype,
                                                          int threads) {
  const ModelOptions     options = model_options(dtype, threads, {});
  py::gil_scoped_release release;
  StoredModel            stored = read_nir(load_hdf5(path), {dt, scheme, spike_input});
  return {share(Model::from_stored(stored, options)), std::move(stored.notes)};
}

InitialStates initial_states(const py::dict& states) {
  InitialStates all;
  for (auto& [name, array] : named_arrays(states, "initial state")) all.emplace(name, std::move(array));
  return all;
}

NoiseOptions noise_options(const py::object& noise, bool training) {
  NoiseOptions options{.training = training};
  if (noise.is_none()) return options;
  if (py::isinstance<py::bool_>(noise)) {
    options.on = noise.cast<bool>();
    return options;
  }
  if (!py::isinstance<py::dict>(noise)) throw SpecError({.path = "noise"}, "expected True, False or a dict");
  for (const auto& [key, value] : py::reinterpret_borrow<py::dict>(noise)) {
    const std::string word = py::str(key);
    if (word == "on") options.on = value.cast<bool>();
    else if (word == "training") options.training = value.cast<bool>();
    else if (word == "run") {
      if (!value.is_none()) options.pass = value.cast<uint64_t>();
    } else if (word == "first_row") options.first_row = value.cast<size_t>();
    else if (word == "given")
      for (auto& [name, array] : named_arrays(value.cast<py::dict>(), "noise"))
        options.given.emplace(name, std::move(array));
    else
      throw SpecError({.path = "noise"}, fmt::format("noise has no '{}'", word),
                      "it has: on, training, run, first_row, given");
  }
  return options;
}

SimulateOptions simulate_options(const std::vector<std::string>& record, size_t every, const py::dict& initial,
                                 const py::object& spans, const py::object& mask, const py::object& noise, bool track,
                                 bool stop_early) {
  return {.record         = record,
          .every          = every,
          .track          = track,
          .stop_early     = stop_early,
          .initial_states = initial_states(initial),
          .timespans      = optional_array(spans, "timespans"),
          .mask           = optional_array(mask, "mask"),
          .noise          = noise_options(noise, false)};
}

/// @return (arrays, warnings, steps, energy in J or None)
py::tuple simulate(SharedModel& m, const py::object& x, const std::vector<std::string>& record, size_t every,
                   const py::dict& initial, const py::object& spans, const py::object& mask, const py::object& noise, bool track,
                   bool stop_early) {
  const Array     input   = array_of(x, "input");
  SimulateOptions options = simulate_options(record, every, initial, spans, mask, noise, track, stop_early);
  Results         run     = unlocked(m, [&](Model& model, const std::atomic<bool>* stop) {
    options.stop = stop;
    return model.simulate(input, options);
  });
  py::object      energy  = py::none();
  if (run.energy) energy = py::make_tuple(run.energy->bias, run.energy->diss);
  return py::make_tuple(to_dict(std::move(run.arrays)), std::move(run.warnings), run.steps, energy);
}

/// Of a network without an input array. @return as simulate
py::tuple simulate_free(SharedModel& m, const std::vector<std::string>& record, size_t every, const py::dict& initial,
                        const py::object& noise, std::optional<size_t> steps, size_t rows) {
  SimulateOptions options{
      .record         = record,
      .every          = every,
      .initial_states = initial_states(initial),
      .noise          = noise_options(noise, false)};
  options.steps = steps.value_or(0);  // 0: what the spec says
  options.rows  = rows;
  Results run   = unlocked(m, [&](Model& model, const std::atomic<bool>* stop) {
    options.stop = stop;
    return model.simulate(options);
  });
  return py::make_tuple(to_dict(std::move(run.arrays)), std::move(run.warnings), run.steps, py::none());
}

std::vector<LossTerm> loss_terms(const py::list& terms) {
  std::vector<LossTerm> all;
  for (const auto& item : terms) {
    const auto given = item.cast<py::dict>();
    LossTerm   t;
    const auto parameters = [](py::handle dict, std::map<std::string, double>& numbers,
                               std::map<std::string, std::string>* words) {
      for (const auto& [key, value] : dict.cast<py::dict>()) {
        if (words && py::isinstance<py::str>(value)) (*words)[py::str(key)] = value.cast<std::string>();
        else numbers[py::str(key)] = value.cast<double>();
      }
    };
    for (const auto& [key, value] : given) {
      const std::string word = py::str(key);
      if (value.is_none()) continue;
      if (word == "loss") t.loss = value.cast<std::string>();
      else if (word == "target") t.target = array_of(value, fmt::format("target of loss '{}'", t.loss));
      else if (word == "weight") t.weight = value.cast<double>();
      else if (word == "layer") t.layer = value.cast<int>();
      else if (word == "state") t.state = value.cast<std::string>();
      else if (word == "more_layers") t.more_layers = value.cast<std::vector<int>>();
      else if (word == "pooling") t.pooling = value.cast<std::string>();
      else if (word == "params") parameters(value, t.params, &t.words);
      else if (word == "pooling_params") parameters(value, t.pooling_params, nullptr);
      else
        throw SpecError({.path = "loss"}, fmt::format("a loss has no '{}'", word),
                        "it has: loss, target, weight, layer, state, more_layers, pooling, params, pooling_params");
    }
    all.push_back(std::move(t));
  }
  return all;
}

AdjointPolicy adjoint_policy(const py::object& adjoint) {
  AdjointPolicy policy;
  if (adjoint.is_none()) return policy;
  for (const auto& [key, value] : adjoint.cast<py::dict>()) {
    const std::string word = py::str(key);
    if (word == "checkpoint_every") policy.checkpoint_every = value.cast<size_t>();
    else if (word == "truncate_every") policy.truncate_every = value.cast<size_t>();
    else if (word == "memory_mb") policy.memory = size_t(value.cast<double>() * 1e6);
    else
      throw SpecError({.path = "adjoint"}, fmt::format("there is no '{}'", word),
                      "there are: checkpoint_every, truncate_every, memory_mb");
  }
  return policy;
}

/// @return (loss, parts, parameters, input or None, initial states, spans or None)
py::tuple gradient(SharedModel& m, const py::object& x, const py::list& terms, const py::dict& initial,
                   const py::object& spans, const py::object& mask, const py::object& noise, bool of_input,
                   bool of_initial, bool of_spans, const py::object& adjoint) {
  const Array                 input = array_of(x, "input");
  const std::vector<LossTerm> loss  = loss_terms(terms);
  GradientRequest             request{.initial_states = initial_states(initial),
                                      .input          = of_input,
                                      .initial        = of_initial,
                                      .adjoint        = adjoint_policy(adjoint),
                                      .timespans      = optional_array(spans, "timespans"),
                                      .spans          = of_spans,
                                      .mask           = optional_array(mask, "mask"),
                                      .noise          = noise_options(noise, true)};
  Gradient                    g        = unlocked(m, [&](Model& model, const std::atomic<bool>* stop) {
    request.stop = stop;
    return model.gradient(input, loss, request);
  });
  const auto                  optional = [](std::optional<Array>& a) {
    return a ? py::object(to_numpy(std::move(*a))) : py::object(py::none());
  };
  return py::make_tuple(g.loss, g.parts, to_dict(std::move(g.parameters)), optional(g.input),
                        to_dict(std::move(g.initial)), optional(g.spans));
}

/// Stored name → view of the model's own memory, writeable.
py::dict views(const py::object& self) {
  auto&    m = self.cast<SharedModel&>();
  py::dict all;
  std::visit(
      [&](auto theta) {
        for (const Block& b : m.model.plan().parameters.blocks())
          all[py::str(b.stored_name())] = view_of(theta.data() + b.offset, b.shape, self);
      },
      m.model.theta());
  return all;
}

py::array theta(const py::object& self) {
  auto& m = self.cast<SharedModel&>();
  return std::visit([&](auto all) { return view_of(all.data(), {all.size()}, self); }, m.model.theta());
}

/// What people may ask of a parameter besides its numbers.
py::list blocks(const SharedModel& m) {
  py::list all;
  for (const Block& b : m.model.plan().parameters.blocks()) {
    py::object mask = py::none();
    if (!b.mask.empty()) mask = to_numpy(Array{{b.shape.begin(), b.shape.end()}, std::vector<uint8_t>(b.mask)});
    all.append(py::dict(py::arg("name") = b.name, py::arg("stored_name") = b.stored_name(),
                        py::arg("shape") = py::cast(b.shape), py::arg("offset") = b.offset,
                        py::arg("learnable") = b.learnable, py::arg("mask") = mask, py::arg("help") = b.help));
  }
  return all;
}

/// id, type, units of every layer of the spec, and which states can be recorded.
py::list layers(const SharedModel& m) {
  const Plan& plan = m.model.plan();
  const auto  what = recordables(plan);
  py::list    all;
  for (const LayerSpec& l : plan.spec.layers) {
    py::list          records;
    const std::string id = std::to_string(l.layer_id);
    for (const Recordable& r : what)
      if (r.name.ends_with("/" + id) || r.name.find("/" + id + "/") != std::string::npos) records.append(r.name);
    const int at = plan.find_layer(l.layer_id), core = plan.find_core(l.layer_id);
    // what to record of a layer to start another run from it
    py::object state = py::none(), memory = py::none();
    if (core >= 0 && !plan.layers[size_t(core)].cell->states.empty()) {
      const LayerPlan& p = plan.layers[size_t(core)];
      state              = core == at && p.cell->output == p.start_state
                               ? py::str("s/" + id)
                               : py::str(fmt::format("state/{}/{}", id, p.cell->states[size_t(p.start_state)].name));
    }
    for (const LayerPlan& p : plan.layers)
      if (p.layer_id == l.layer_id && is_memory(p))
        memory = py::str(fmt::format("state/{}/{}", id, p.cell->states[size_t(p.start_state)].name));
    all.append(py::dict(py::arg("state") = state, py::arg("memory") = memory, py::arg("layer_id") = l.layer_id,
                        py::arg("layer_type") = l.layer_type,
                        py::arg("units") = at < 0 ? 0 : plan.layers[size_t(at)].units, py::arg("records") = records));
  }
  return all;
}

Array polarity_of(const SharedModel& m, int layer_id) {
  const Plan& plan = m.model.plan();
  const int   at   = plan.find_layer(layer_id);
  if (at < 0) throw SpecError({}, fmt::format("there is no layer {}", layer_id));
  const auto&          signs = plan.layers[size_t(at)].polarity;
  std::vector<int64_t> values(signs.begin(), signs.end());
  if (values.empty()) values.assign(plan.layers[size_t(at)].units, 0);
  return {{int64_t(values.size())}, std::move(values)};
}

}  // namespace

void bind_model(py::module_& m) {
  using namespace py::literals;
  py::class_<SharedModel, ModelHandle>(m, "Model")
      .def_static("from_spec", from_spec, "spec"_a, "file"_a = "", "dtype"_a = "float32", "threads"_a = 1,
                  "seed"_a = py::none())
      .def_static("from_file", from_file, "path"_a, "dtype"_a = "float32", "threads"_a = 1, "seed"_a = py::none())
      .def_static("from_nir", from_nir, "path"_a, "dt"_a, "scheme"_a, "spike_input"_a, "dtype"_a, "threads"_a)
      .def("simulate", simulate, "x"_a, "record"_a, "every"_a, "initial_states"_a, "timespans"_a, "mask"_a, "noise"_a,
           "track"_a, "stop_early"_a)
      .def("simulate_free", simulate_free, "record"_a, "every"_a, "initial_states"_a, "noise"_a, "steps"_a, "rows"_a)
      .def("gradient", gradient, "x"_a, "loss"_a, "initial_states"_a, "timespans"_a, "mask"_a, "noise"_a, "input"_a,
           "initial"_a, "spans"_a, "adjoint"_a)
      .def("views", views)
      .def("theta", theta)
      .def("blocks", blocks)
      .def("layers", layers)
      .def(
          "polarity", [](const SharedModel& s, int id) { return to_numpy(polarity_of(s, id)); }, "layer_id"_a)
      .def("names", [](const SharedModel& s) { return s.model.parameter_names(); })
      .def(
          "get", [](SharedModel& s, const std::string& name) { return to_numpy(s.model.parameter(name)); }, "name"_a)
      .def(
          "set",
          [](SharedModel& s, const std::string& name, const py::object& values) {
            const Array     a = array_of(values, name);
            std::lock_guard lock(s.mutex);
            s.model.set_parameter(name, a);
          },
          "name"_a, "values"_a)
      .def(
          "load_parameters",
          [](SharedModel& s, const std::string& path) {
            std::lock_guard lock(s.mutex);
            s.model.load_parameters(path);
          },
          "path"_a)
      .def(
          "save", [](const SharedModel& s, const std::string& path) { s.model.save(path); }, "path"_a)
      .def("spec", [](const SharedModel& s) { return to_python(write_spec(s.model.plan().spec)); })
      .def("describe", [](const SharedModel& s) { return describe(s.model.plan()); })
      .def("warnings",
           [](const SharedModel& s) {
             std::vector<std::string> all = s.model.plan().spec.warnings;
             all.insert(all.end(), s.model.plan().warnings.begin(), s.model.plan().warnings.end());
             return all;
           })
      .def("original_names",
           [](const SharedModel& s) {
             OriginalNames n = original_names(s.model.stored());
             return py::make_tuple(n.package, n.names, n.left_out);
           })
      .def(
          "copy",
          [](const SharedModel& s, const std::string& dtype, int threads) {
            return share(Model::from_stored(s.model.stored(), model_options(dtype, threads, s.model.plan().seed)));
          },
          "dtype"_a, "threads"_a)
      .def_property_readonly(
          "dtype",
          [](const SharedModel& s) { return s.model.precision() == Precision::float32 ? "float32" : "float64"; })
      .def_property_readonly("learnable_size",
                             [](const SharedModel& s) { return s.model.plan().parameters.learnable_size(); })
      .def_property_readonly("input_width", [](const SharedModel& s) { return s.model.plan().input_width(); })
      .def_property_readonly("seed", [](const SharedModel& s) { return s.model.plan().seed; });
}

}  // namespace dynode::python
