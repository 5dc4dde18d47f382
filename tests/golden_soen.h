// Recorded networks of the SOEN toolkit: histories, gradients, steps of plain descent.
#pragma once
#include "golden_case.h"

namespace dynode::golden {

/// Structures whose masks are drawn at random are replaced by the recorded mask.
inline void use_recorded_masks(Value& spec, const Npz& weights, const fs::path& scratch) {
  for (size_t i = 0; i < spec.at("connections").size(); ++i) {
    Value& c = const_cast<Value&>(spec.at("connections").list()[i]);
    const std::string type = c.at("connection_type").text();
    if (type != "sparse" && type != "constant" && type != "power_law" && type != "exponential") continue;
    const std::string name = fmt::format("J_{}_to_{}", c.at("from_layer").integer(), c.at("to_layer").integer());
    const fs::path    file = scratch / (name + ".npz");
    save_npz(file.string(), {{"mask", weights.at("mask/" + name)}});
    c.set("connection_type", "custom");
    Value& params = *c.find("params");
    for (const char* key : {"structure", "sparsity", "expected_fan_out", "alpha", "d_0"}) params.erase(key);
    params.set("structure", Value::map({{"type", "custom"}, {"params", Value::map({{"mask_file", file.string()}})}}));
  }
}

inline void run_soen_case(const fs::path& path, Comparison& compare, Precision precision) {
  const Value meta = load_value((path / "meta.json").string());
  Value       spec = load_value((path / "spec.yaml").string());
  const Npz   weights = load_npz((path / "weights.npz").string()), expected = load_npz((path / "expected.npz").string());
  const Array input = load_npy((path / "input.npy").string());

  // the reference's own table
  bool reads_table = false;
  for (const Value& l : spec.at("layers").list()) {
    const Value* source = l.at("params").find("source_func");
    reads_table |= source && source->text() == "RateArray";
  }
  const fs::path table = path.parent_path() / "rate_array.npz";
  if (reads_table && !fs::exists(table)) throw Skip{"the reference table is not here"};
  if (fs::exists(table)) spec.find("simulation")->set("rate_table", table.string());   // kinds may read one by default

  const fs::path scratch = fs::temp_directory_path() / fmt::format("dynode_golden_{}", ::getpid());
  fs::create_directories(scratch);
  use_recorded_masks(spec, weights, scratch);
  Model model = Model::from_spec(read_spec(spec), {.precision = precision});
  fs::remove_all(scratch);
  model.load_parameters((path / "weights.npz").string());

  if (const Value* qat = meta.find("qat"); qat && !qat->is_null())
    model.set_quantisation(Quantisation{
        .codebook = codebook_of_bits(qat->at("bits").integer(), qat->at("min_val").number(), qat->at("max_val").number())});

  const bool   f64 = precision == Precision::float64;
  const double tolerance64 = meta.at("float64_tolerance").number();
  const double tolerance = f64 ? tolerance64 : std::max(5e-6, 20 * meta.at("f32_vs_f64_max_abs").number());
  const double gradient_tolerance = f64 ? (tolerance64 > 5e-9 ? 1e-6 : 1e-7) : 1e-3;

  InitialStates initial;
  if (const Value* states = meta.find("initial_states"))
    for (const auto& entry : states->entries()) {
      std::vector<double>  values;
      std::vector<int64_t> shape;
      const Value& v = entry.value;
      if (v.list()[0].is_list()) {
        shape = {int64_t(v.size()), int64_t(v.list()[0].size())};
        for (const Value& row : v.list())
          for (const Value& x : row.list()) values.push_back(x.number());
      } else {
        shape = {int64_t(v.size())};
        for (const Value& x : v.list()) values.push_back(x.number());
      }
      initial[entry.key] = Array{shape, values};
    }

  // histories
  const auto is_power = [](const std::string& name) { return name.starts_with("power") || name.starts_with("energy"); };
  std::vector<std::string> record;
  for (const auto& [name, array] : expected.entries())
    if (name.starts_with("s/") || name.starts_with("phi/") || name.starts_with("g/") || is_power(name)) record.push_back(name);
  const Results results = model.simulate(input, {.record = record, .initial_states = initial});
  record.push_back("output");
  for (const auto& name : record) {
    const bool relative = is_power(name);   // W and J are small numbers, and energies grow
    compare.expect(name, results.at(name).as_double(), expected.at(name).as_double(), relative ? 0 : tolerance, relative ? tolerance : 0);
  }

  // gradients
  if (!expected.find("loss")) return;
  const auto mse = [&] { return std::vector<LossTerm>{{.loss = "mse", .target = expected.at("target")}}; };
  const auto check_gradient = [&](const Gradient& g) {
    compare.expect("loss", {g.loss}, expected.at("loss").as_double(), tolerance, tolerance);
    for (const auto& [name, array] : expected.entries()) {
      if (!name.starts_with("grad/")) continue;
      std::string ours = name.substr(5);
      if (ours == "input") {
        compare.expect(name, g.input->as_double(), array.as_double(), 1e-300, gradient_tolerance);
        continue;
      }
      if (const size_t dot = ours.find('.'); dot != std::string::npos) ours[dot] = '/';
      const Array* mask = weights.find("mask/" + ours);
      compare.expect(name, g.at(ours).as_double(), array.as_double(), 1e-300, gradient_tolerance,
                     mask ? mask->as_double() : std::vector<double>{});
    }
  };
  check_gradient(model.gradient(input, mse(), {.initial_states = initial, .input = true}));
  check_gradient(model.gradient(input, mse(), {.initial_states = initial, .input = true, .adjoint = {.checkpoint_every = 7}}));

  // plain descent
  if (!meta.find("sgd")) return;
  const double rate = meta.at("sgd").at("lr").number();
  for (int64_t step = 1; step <= meta.at("sgd").at("steps").integer(); ++step) {
    const Gradient g = model.gradient(input, mse(), {.initial_states = initial});
    compare.expect(fmt::format("sgd/losses[{}]", step - 1), {g.loss}, {expected.at("sgd/losses").as_double()[size_t(step - 1)]}, tolerance, tolerance);
    model.descend(g, rate);
    const std::string prefix = fmt::format("sgd{}/", step);
    // the recording holds views of parameters that are not stored as logarithms: its earlier steps show the last one
    const std::string last = fmt::format("sgd{}/", meta.at("sgd").at("steps").integer());
    for (const auto& [name, array] : expected.entries())
      if (name.starts_with(prefix) && (prefix == last || !(array == expected.at(last + name.substr(prefix.size())))))
        compare.expect(name, model.parameter(name.substr(prefix.size())).as_double(), array.as_double(), tolerance, gradient_tolerance);
  }
}

}  // namespace dynode::golden
