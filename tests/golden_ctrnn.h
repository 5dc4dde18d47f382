// Recorded networks of nn4n: forward passes, gradients, carried states, stacks, training.
#pragma once
#include "dynode/learn/optimizer.h"
#include "golden_case.h"
#include "golden_ctrnn_losses.h"

namespace dynode::golden {

inline double ctrnn_tolerance(const std::string& kind, Precision p) {
  const bool f64 = p == Precision::float64;
  if (kind == "forward_grad" || kind == "losses") return f64 ? 1e-10 : 1e-4;
  if (kind == "train") return f64 ? 1e-9 : 5e-4;
  return f64 ? 1e-11 : 2e-5;
}

/// Whether recorded masks (absent weights, signs, plasticity) are part of the network, and its weights built from the
/// recorded draws rather than set.
enum class Masks { none, kept, built };

/// A network in our words out of a recorded configuration: input, one CTRNN per hidden size, readout.
class CtrnnCase {
 public:
  CtrnnCase(const fs::path& path, Precision precision, const Value& config, Masks masks = Masks::kept)
      : weights(load_npz((path / "weights.npz").string())), expected(load_npz((path / "expected.npz").string())),
        config_(config) {
    stack_ = config.at("kind").text() == "stack";
    std::vector<int64_t> sizes;
    if (stack_) {
      sizes.push_back(config.at("input_dim").integer());
      for (const Value& h : config.at("hidden").list()) sizes.push_back(h.integer());
      sizes.push_back(config.at("output_dim").integer());
    } else {
      for (const Value& d : config.at("dims").list()) sizes.push_back(d.integer());
    }
    hidden = int(sizes.size()) - 2;

    Spec spec;
    spec.simulation.dt = stack_ ? 1.0 : config.at("dt").number();
    spec.simulation.network_evaluation_method = hidden > 1 ? Evaluation::stepwise_gauss_seidel : Evaluation::layerwise;
    for (int i = 0; i < hidden + 2; ++i) {
      LayerSpec l;
      l.layer_id   = i;
      l.layer_type = i == 0 ? "Input" : i <= hidden ? "CTRNN" : "Linear";
      l.params.set("dim", sizes[size_t(i)]);
      if (i > 0 && i <= hidden) {
        const Value& activation = config.at("activation");
        l.params.set("source_func", activation.is_list() ? activation.list()[size_t(i - 1)].text() : activation.text());
        if (stack_) l.params.set("alpha", config.at("alpha").list()[size_t(i - 1)].number());
        else l.params.set("tau", config.at("tau").number());
        for (const char* word : {"preact_noise", "postact_noise"})
          if (const Value* deviation = config.find(word)) l.params.set(word, deviation->number());
        l.params.set("learn_alpha", !stack_ && config.find("learn_alpha") && config.at("learn_alpha").boolean());
      }
      spec.layers.push_back(l);
    }
    const fs::path scratch = fs::temp_directory_path() / fmt::format("dynode_golden_{}", ::getpid());
    fs::create_directories(scratch);
    const auto file = [&](const std::string& name, const char* key) {
      save_npz((scratch / (name + ".npz")).string(), {{key, weights.at(name)}});
      return Value((scratch / (name + ".npz")).string());
    };
    const auto constrain = [&](ConnectionSpec& c, const std::string& w) {
      const std::string tail = w.substr(1);   // _in, _hid, _out
      const bool built = masks == Masks::built, signs = weights.find("ei" + tail);
      if (weights.find("sparsity" + tail)) {
        c.connection_type = "custom";
        c.params.set("structure", Value::map({{"type", "custom"}, {"params", Value::map({{"mask_file", file("sparsity" + tail, "mask")}})}}));
      }
      if (signs) c.params.set("ei_mask", file("ei" + tail, "mask")).set("allow_mixed_signs", true).set("ei_balance", built);
      if (built) c.params.set("init", Value::map({{"name", "custom"}, {"params", Value::map({{"weights_file", file(w, "weights")}})}}));
      if (weights.find("plasticity_norm" + tail)) c.params.set("plasticity_mask", file("plasticity_norm" + tail, "mask"));
    };
    const auto connect = [&](int from, int to, const std::string& w, const std::string& b) {
      ConnectionSpec c;
      c.from_layer = from, c.to_layer = to;
      const bool direct = !weights.find(w);   // no projection: the rate goes in as it is
      c.connection_type = direct ? "one_to_one" : "dense";
      c.learnable       = !direct;
      c.params.set("init", direct ? Value::map({{"name", "constant"}, {"params", Value::map({{"value", 1.0}})}}) : Value("fan_in_uniform"));
      if (weights.find(b)) c.params.set("bias", "zero");
      if (masks != Masks::none) constrain(c, w);
      spec.connections.push_back(c);
      if (!direct) names.emplace_back(w, fmt::format("J_{}_to_{}", from, to));
      if (weights.find(b)) names.emplace_back(b, fmt::format("b_{}_to_{}", from, to));
    };
    for (int i = 1; i <= hidden; ++i) {
      const std::string tail = stack_ ? fmt::format("_{}", i - 1) : "";
      connect(i - 1, i, "w_in" + tail, "b_in" + tail);
      connect(i, i, "w_hid" + tail, "b_hid" + tail);
    }
    connect(hidden, hidden + 1, "w_out", "b_out");
    if (weights.find("alpha")) names.emplace_back("alpha", "layer1/alpha");

    model = std::make_unique<Model>(Model::from_spec(spec, {.precision = precision}));
    fs::remove_all(scratch);
    for (const auto& [theirs, ours] : names)
      if (masks != Masks::built || theirs[0] != 'w') model->set_parameter(ours, weights.at(theirs));
    if (const Array* v0 = weights.find("v0")) initial["1"] = *v0;
    for (int i = 0; i < hidden; ++i)
      if (const Array* v = weights.find(fmt::format("init_{}", i))) initial[std::to_string(i + 1)] = *v;
  }

  /// A history [rows][steps + 1][units] without its first entry.
  static std::vector<double> steps_of(const Array& history) {
    const std::vector<double> all = history.as_double();
    const size_t rows = size_t(history.shape[0]), entries = size_t(history.shape[1]), units = size_t(history.shape[2]);
    std::vector<double> cut;
    for (size_t r = 0; r < rows; ++r)
      cut.insert(cut.end(), all.begin() + ptrdiff_t((r * entries + 1) * units), all.begin() + ptrdiff_t((r + 1) * entries * units));
    return cut;
  }

  /// mean((y − target)²), and 0.1 · mean(h²) where the case says so.
  std::vector<LossTerm> loss(const Array& input) const {
    std::vector<LossTerm> terms = {{.loss = "mse", .target = expected.at("target")}};
    if (config_.at("loss").text().find("0.1*mean(h^2)") != std::string::npos) {
      const int64_t units = int64_t(model->plan().layers[1].units);
      Array zero{{input.shape[0], input.shape[1], units}, std::vector<double>(size_t(input.shape[0] * input.shape[1] * units))};
      terms.push_back({.loss = "mse", .target = zero, .weight = 0.1, .layer = 1});
    }
    return terms;
  }

  Npz                    weights, expected;
  std::unique_ptr<Model> model;
  InitialStates          initial;
  int                    hidden;
  std::vector<std::pair<std::string, std::string>> names;   // theirs, ours

 private:
  const Value& config_;
  bool         stack_;
};

/// Built, disturbed, enforced: what masks do to weights at each stage.
inline void run_ctrnn_constraints(const fs::path& path, const Value& config, const Array& input, Precision precision,
                                  Comparison& compare, double tolerance) {
  CtrnnCase c(path, precision, config, Masks::built), unconstrained(path, precision, config, Masks::none);
  const auto check = [&](const std::string& name, const std::vector<double>& got) {
    compare.expect(name, got, c.expected.at(name).as_double(), tolerance, tolerance);
  };
  for (const auto& [theirs, ours] : c.names) {
    if (theirs[0] != 'w') continue;
    std::vector<double> w = c.model->parameter(ours).as_double();
    check("init_" + theirs, w);
    const std::vector<double> shift = c.weights.at("perturb_" + theirs).as_double();
    for (size_t i = 0; i < w.size(); ++i) w[i] += shift[i];
    check("perturbed_" + theirs, w);
    const Array disturbed{c.weights.at(theirs).shape, w};
    unconstrained.model->set_parameter(ours, disturbed);
    c.model->set_parameter(ours, disturbed);
    check("enforced_" + theirs, c.model->parameter(ours).as_double());
  }
  check("y_eval_unconstrained", CtrnnCase::steps_of(unconstrained.model->simulate(input).at("output")));
  const Results r = c.model->simulate(input, {.record = {"s/1"}});
  check("h", CtrnnCase::steps_of(r.at("s/1")));
  check("y", CtrnnCase::steps_of(r.at("output")));
}

/// Training with an optimiser as a trainer does it and, where that is plain descent, by the model's own step.
inline void run_ctrnn_training(CtrnnCase& c, Model& by_descent, const Value& config, const Array& input, Comparison& compare, double tolerance) {
  const bool adam = config.at("optimizer").text() == "adam";
  if (!adam && config.at("optimizer").text() != "sgd") throw Skip{"optimizer " + config.at("optimizer").text() + " is not available yet"};

  // one flat vector of the learnable parameters, as a trainer has it
  const ParameterMap& map = c.model->plan().parameters;
  std::vector<double> theta(map.size());
  const auto gather = [&](auto&& read) {
    std::vector<double> flat(map.size());
    for (const Block& b : map.blocks()) {
      const std::vector<double> part = read(b).as_double();
      std::copy(part.begin(), part.end(), flat.begin() + ptrdiff_t(b.offset));
    }
    return flat;
  };
  const auto stored = [&](const Block& b) { return c.model->parameter(b.stored_name()); };
  theta = gather(stored);
  OptimizerSettings settings;
  settings.kind = adam ? OptimizerKind::adam : OptimizerKind::sgd;
  std::vector<ParameterBlock> blocks;
  for (const Block& b : map.blocks()) blocks.push_back({.begin = b.offset, .end = b.offset + b.size(), .frozen = !b.learnable});
  Optimizer<double> optimizer(settings, map.size(), blocks);

  // absent weights have no gradient; the reference clears theirs after each update
  const auto present = [&](const std::string& theirs) {
    const Array* mask = theirs[0] == 'w' ? c.weights.find("sparsity" + theirs.substr(1)) : nullptr;
    return mask ? mask->as_double() : std::vector<double>();
  };
  const auto part = [&](const std::vector<double>& flat, const std::string& ours) {
    const Block& b = map[map.find(ours)];
    return std::vector<double>(flat.begin() + ptrdiff_t(b.offset), flat.begin() + ptrdiff_t(b.offset + b.size()));
  };

  std::vector<double> losses, raw;   // raw: after an update, before its projection
  for (int64_t update = 1; update <= config.at("updates").integer(); ++update) {
    const Gradient g = c.model->gradient(input, c.loss(input));
    losses.push_back(g.loss);
    std::vector<double> gradient = gather([&](const Block& b) { return g.at(b.stored_name()); });
    apply_plasticity(map, gradient.data());   // as recorded
    if (update == 1)
      for (const auto& [theirs, ours] : c.names)
        if (const Array* wanted = c.expected.find("grad1_" + theirs)) {
          double scale = 1;
          for (double x : wanted->as_double()) scale = std::max(scale, 1 + std::abs(x));
          compare.expect("grad1_" + theirs, part(gradient, ours), wanted->as_double(), tolerance * scale, 0, present(theirs));
        }
    optimizer.step(theta, gradient, config.at("lr").number(), update);
    raw = theta;
    for (const Block& b : map.blocks())
      c.model->set_parameter(b.stored_name(), Array{{b.shape.begin(), b.shape.end()},
                             std::vector<double>(theta.begin() + ptrdiff_t(b.offset), theta.begin() + ptrdiff_t(b.offset + b.size()))});
    theta = gather(stored);   // on the constraints
    if (!adam) by_descent.descend(by_descent.gradient(input, c.loss(input)), config.at("lr").number());
  }
  compare.expect("losses", losses, c.expected.at("losses").as_double(), tolerance, tolerance);
  for (const auto& [theirs, ours] : c.names)
    if (const Array* wanted = c.expected.find("final_raw_" + theirs))
      compare.expect("final_raw_" + theirs, part(raw, ours), wanted->as_double(), tolerance, tolerance, present(theirs));
  for (const auto& [theirs, ours] : c.names)
    if (const Array* wanted = c.expected.find("final_" + theirs)) {
      compare.expect("final_" + theirs, c.model->parameter(ours).as_double(), wanted->as_double(), tolerance, tolerance);
      if (!adam)
        compare.expect("final_" + theirs + " by descent", by_descent.parameter(ours).as_double(), wanted->as_double(),
                       tolerance, tolerance);
    }
  const Results r = c.model->simulate(input);
  compare.expect("y_final", CtrnnCase::steps_of(r.at("output")), c.expected.at("y_final").as_double(), tolerance, tolerance);
}

/// Generated masks, entry by entry, and what belongs to them.
inline void run_ctrnn_masks(const fs::path& path, const Value& config, Comparison& compare) {
  using namespace ctrnn;
  const Npz  expected = load_npz((path / "expected.npz").string());
  const auto numbers  = [](const Value& p, const char* word, std::vector<double> otherwise = {}) {
    const Value* v = p.find(word);
    if (!v) return otherwise;
    if (!v->is_list()) return std::vector<double>{v->number()};
    std::vector<double> flat;
    for (const Value& row : v->list()) {
      if (!row.is_list()) flat.push_back(row.is_boolean() ? row.boolean() : row.number());
      else
        for (const Value& x : row.list()) flat.push_back(x.number());
    }
    return flat;
  };
  for (const Value& item : config.at("items").list()) {
    const Value&      p    = item.at("params");
    const std::string name = item.at("name").text(), cls = item.at("cls").text();
    const auto        dims = numbers(p, "dims");
    const Dims        sizes{int64_t(dims[0]), int64_t(dims[1]), int64_t(dims[2])};
    const auto        areas = numbers(p, "n_areas", {2}), density = numbers(p, "area_connectivities", {0.1, 0.1});
    const auto        in = numbers(p, "input_areas"), out = numbers(p, "readout_areas");
    NetworkMasks      m;
    if (cls == "MultiArea") {
      m = multi_area({.dims = sizes, .n_areas = areas, .area_connectivities = density, .input_areas = in, .readout_areas = out});
    } else if (cls == "MultiAreaEI") {
      const auto between = numbers(p, "inter_area_connections", {1, 1, 1, 1});
      m = multi_area_ei({.dims = sizes, .n_areas = areas, .area_connectivities = density, .input_areas = in, .readout_areas = out,
                         .exc_pct = p.find("exc_pct") ? p.at("exc_pct").number() : 0.8,
                         .inter_area_connections = {between.begin(), between.end()},
                         .inh_readout = !p.find("inh_readout") || p.at("inh_readout").boolean()});
    } else if (cls == "MultiIO") {
      m = multi_io({.dims = sizes, .input_dims = numbers(p, "input_dims"), .readout_dims = numbers(p, "readout_dims"),
                    .input_table = numbers(p, "input_table"), .readout_table = numbers(p, "readout_table")});
    } else if (cls == "RandomInput") {
      m = random_input({.dims = sizes, .input_spar = numbers(p, "input_spar", {1})[0], .readout_spar = numbers(p, "readout_spar", {1})[0],
                        .hidden_spar = numbers(p, "hidden_spar", {1})[0]});
    } else {
      compare.fail("unknown generator '" + cls + "'");
      continue;
    }
    const auto same = [&](const std::string& key, const std::vector<double>& got) {
      if (const Array* wanted = expected.find(name + "__" + key)) compare.expect_equal(name + "__" + key, got, wanted->as_double());
    };
    const auto whole = [](const std::vector<int64_t>& units) { return std::vector<double>(units.begin(), units.end()); };
    const EntryMasks sparsity = m.sparsity();
    same("in", m.masks.input->as_double()), same("hid", m.masks.hidden->as_double()), same("out", m.masks.readout->as_double());
    same("sp_in", sparsity.input->as_double()), same("sp_hid", sparsity.hidden->as_double()), same("sp_out", sparsity.readout->as_double());
    // sets of units: the reference lists them in the order in which it drew them
    const auto same_units = [&](const std::string& key, const std::vector<int64_t>& units) {
      const Array* wanted = expected.find(name + "__" + key);
      if (!wanted) return;
      std::vector<double> sorted = wanted->as_double();
      std::sort(sorted.begin(), sorted.end());
      compare.expect_equal(name + "__" + key, whole(units), sorted);
    };
    same_units("input_idx", m.input_units), same_units("non_input_idx", m.non_input_units()), same_units("readout_idx", m.readout_units);
    std::vector<double> area(size_t(sizes.hidden));
    for (size_t k = 0; k < m.sizes.size(); ++k)
      for (const int64_t u : m.area_units(int64_t(k))) area[size_t(u)] = double(k);
    same("area_of_neuron", area);
  }
}

inline void run_ctrnn_case(const fs::path& path, Comparison& compare, Precision precision) {
  const Value       config = load_value((path / "config.yaml").string());
  const std::string kind   = config.at("kind").text();
  const double      tol    = ctrnn_tolerance(kind, precision);
  if (kind == "losses") return run_ctrnn_losses(path, precision, compare, tol);
  if (kind == "masks") return run_ctrnn_masks(path, config, compare);
  if (kind != "forward" && kind != "forward_grad" && kind != "carry" && kind != "legacy" && kind != "stack" && kind != "train" &&
      kind != "constraints" && kind != "noise")
    return compare.fail("unknown kind '" + kind + "'");

  const Array input = load_npy((path / "input.npy").string());
  if (kind == "constraints") return run_ctrnn_constraints(path, config, input, precision, compare, tol);
  CtrnnCase   c(path, precision, config);
  const auto  check = [&](const std::string& name, const std::vector<double>& got) {
    if (const Array* wanted = c.expected.find(name)) compare.expect(name, got, wanted->as_double(), tol, tol);
  };
  if (kind == "train") {
    CtrnnCase again(path, precision, config);
    return run_ctrnn_training(c, *again.model, config, input, compare, tol);
  }

  if (kind == "legacy") {
    // the built hidden weights: raw · mask · (no self connections) · scaling
    std::vector<double> w = c.weights.at("w_hid").as_double(), mask = c.weights.at("mask_hid").as_double();
    const size_t n = size_t(config.at("dims").list()[1].integer());
    const bool   self = config.at("self_connections").boolean();
    for (size_t i = 0; i < w.size(); ++i)
      w[i] *= (mask[i] != 0) * (self || i / n != i % n) * config.at("scaling").number();
    c.model->set_parameter("J_1_to_1", Array{c.weights.at("w_hid").shape, w});
    check("init_w_hid", c.model->parameter("J_1_to_1").as_double());
  }

  if (kind == "carry") {
    // pieces that hand their potential on equal one run
    const std::vector<double> x = input.as_double();
    const int64_t rows = input.shape[0], steps = input.shape[1], width = input.shape[2];
    const int64_t units = int64_t(c.model->plan().layers[1].units);
    std::vector<double> h(size_t(rows * steps * units));
    int64_t done = 0;
    InitialStates state;
    for (const Value& segment : config.at("segments").list()) {
      const int64_t n = segment.integer();
      std::vector<double> piece;
      for (int64_t r = 0; r < rows; ++r)
        piece.insert(piece.end(), x.begin() + (r * steps + done) * width, x.begin() + (r * steps + done + n) * width);
      const Results r = c.model->simulate(Array{{rows, n, width}, piece}, {.record = {"s/1", "state/1/v"}, .initial_states = state});
      const std::vector<double> part = CtrnnCase::steps_of(r.at("s/1")), v = r.at("state/1/v").as_double();
      std::vector<double> last;
      for (int64_t row = 0; row < rows; ++row) {
        std::copy_n(part.begin() + row * n * units, n * units, h.begin() + (row * steps + done) * units);
        last.insert(last.end(), v.begin() + (row * (n + 1) + n) * units, v.begin() + (row + 1) * (n + 1) * units);
      }
      state["1"] = Array{{rows, units}, last};
      done += n;
    }
    check("h_pieces", h);
    check("h", h);
  }

  std::vector<std::string> record = {"s", "state"};
  NoiseOptions noise;
  for (const char* name : {"preact", "postact"})
    if (const Array* draws = c.weights.find(fmt::format("{}_draws", name))) noise.given.emplace(fmt::format("layer1/{}_noise", name), *draws);
  const Results r = c.model->simulate(input, {.record = record, .initial_states = c.initial, .noise = noise});
  check("y", CtrnnCase::steps_of(r.at("output")));
  if (kind == "stack") {
    for (int i = 0; i < c.hidden; ++i) check(fmt::format("h_{}", i), CtrnnCase::steps_of(r.at(fmt::format("s/{}", i + 1))));
  } else {
    check("h", CtrnnCase::steps_of(r.at("s/1")));
    check("v", CtrnnCase::steps_of(r.at("state/1/v")));
  }

  if (!c.expected.find("loss")) return;
  const Gradient g = c.model->gradient(input, c.loss(input), {.initial_states = c.initial, .input = true, .initial = true});
  check("loss", {g.loss});
  for (const auto& [theirs, ours] : c.names) check("grad_" + theirs, g.at(ours).as_double());
  if (c.expected.find("grad_alpha")) check("grad_alpha", g.at("layer1/alpha").as_double());
  check("grad_x", g.input->as_double());
  if (const Array* v0 = c.expected.find("grad_v0")) {
    const Array& all = g.initial[1].second;
    std::vector<double> bar = all.as_double();
    if (v0->shape.size() == 1) {   // one vector for all rows: its gradient is the sum
      const size_t units = size_t(v0->shape[0]);
      for (size_t i = units; i < bar.size(); ++i) bar[i % units] += bar[i];
      bar.resize(units);
    }
    check("grad_v0", bar);
  }
}

}  // namespace dynode::golden
