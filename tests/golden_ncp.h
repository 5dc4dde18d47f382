// Recorded neural circuit policies (ncps): networks of LTC and CfC, their training, and what must fail.
#pragma once
#include <set>

#include "dynode/base/text.h"
#include "dynode/learn/optimizer.h"
#include "dynode/models/ncp.h"
#include "dynode/tasks/task.h"
#include "golden_ncp_wirings.h"

namespace dynode::golden {

struct NcpTolerance {
  double relative, absolute;
};
struct NcpTolerances {
  NcpTolerance states, loss, gradients, losses, parameters;
};
inline NcpTolerances ncp_tolerances(Precision p) {
  if (p == Precision::float64) return {{1e-10, 1e-12}, {1e-10, 0}, {1e-8, 1e-11}, {1e-9, 0}, {1e-8, 1e-10}};
  return {{2e-4, 2e-5}, {1e-4, 0}, {2e-3, 2e-5}, {2e-3, 0}, {5e-3, 1e-4}};
}

/// Input and one LTC or CfC, out of a recorded configuration. Rows come first here, whatever the recording has first.
class NcpCase {
 public:
  NcpCase(const fs::path& path, Precision precision, const Value& config)
      : weights(load_npz((path / "weights.npz").string())),
        expected(load_npz((path / "expected.npz").string())),
        path_(path),
        config_(config) {
    cell_             = config.at("model").text() == "CfCCell";
    const Value* run  = config.find("run");
    const auto   flag = [&](const char* name, bool otherwise) {
      const Value* v = run ? run->find(name) : nullptr;
      return v ? v->boolean() : otherwise;
    };
    time_first_ = !flag("batch_first", true);
    last_only   = !flag("return_sequences", true);
    model = std::make_unique<Model>(Model::from_spec(spec(), {.precision = precision}));

    // theirs → ours
    std::map<int64_t, int> backbone;  // number of a module → layer
    for (const auto& entry : weights.entries())
      if (const auto at = entry.first.find("backbone."); at != std::string::npos)
        backbone[std::stoll(entry.first.substr(at + 9))];
    int layer = 0;
    for (auto& entry : backbone) entry.second = layer++;
    for (const auto& [theirs, array] : weights.entries()) {
      if (theirs.starts_with("wiring/") || theirs.starts_with("mask")) continue;
      const std::string ours = name_of(theirs, backbone);
      names.emplace_back(theirs, ours);
      model->set_parameter(ours, Array{shape_of(ours), signed_by_mask(theirs, array.as_double())});
    }
    if (const auto h0 = read("h0.npy")) initial["1"] = *h0;
    if (const auto c0 = read("c0.npy")) initial["1/c"] = *c0;
    if (initial.contains("1") && !initial.contains("1/c") && mixed())
      initial["1/c"] = Array{initial["1"].shape, std::vector<double>(initial["1"].size())};
  }

  bool mixed() const { return model->plan().find_layer(1) >= 0 && find_part("memory") >= 0; }
  int  find_part(const std::string& part) const {
     const auto& layers = model->plan().layers;
     for (size_t i = 0; i < layers.size(); ++i)
      if (layers[i].name == "1." + part) return int(i);
    return -1;
  }
  /// The state that goes on: v of LTC, h of CfC.
  const char* state() const { return config_.at("model").text() == "LTC" ? "v" : "h"; }

  /// An array of the case, if there is one; [steps][rows] … turned round.
  std::optional<Array> read(const std::string& file) const {
    if (!fs::exists(path_ / file)) return std::nullopt;
    const Array a = load_npy((path_ / file).string());
    return file[0] == 'h' || file[0] == 'c' ? a : rows_first(a);
  }
  Array rows_first(Array a) const {
    if (cell_ && a.shape.size() == 2) return {{a.shape[0], 1, a.shape[1]}, a.data};  // one step; of spans as well
    if (!time_first_ || a.shape.size() < 2) return a;
    const size_t              steps = size_t(a.shape[0]), rows = size_t(a.shape[1]), width = a.size() / (steps * rows);
    const std::vector<double> from = a.as_double();
    std::vector<double>       to(from.size());
    for (size_t t = 0; t < steps; ++t)
      for (size_t r = 0; r < rows; ++r)
        std::copy_n(from.begin() + ptrdiff_t((t * rows + r) * width), width,
                    to.begin() + ptrdiff_t((r * steps + t) * width));
    std::swap(a.shape[0], a.shape[1]);
    return {a.shape, to};
  }

  /// Weights under a mask that keeps its signs: those that act, and the gradients of those that were recorded.
  std::vector<double> signed_by_mask(const std::string& theirs, std::vector<double> values) const {
    const Value* variant = config_.find("variant");
    const Value* keeps   = variant ? variant->find("signed_mask") : nullptr;
    if (!keeps || !keeps->boolean() || !theirs.ends_with(".weight") || theirs.find(".ff") == std::string::npos)
      return values;
    const size_t                     layer = size_t(std::stoll(theirs.substr(theirs.find("layer_") + 6)));
    std::vector<std::vector<size_t>> ids;
    for (const Value& l : config_.at("wiring_layers").list()) {
      ids.emplace_back();
      for (const Value& id : l.list()) ids.back().push_back(size_t(id.integer()));
    }
    const Array&              sensory = weights.at("wiring/sensory_adjacency");
    const std::vector<double> inner = weights.at("wiring/adjacency").as_double(), outer = sensory.as_double();
    const size_t units = size_t(sensory.shape[1]), before = layer ? ids[layer - 1].size() : size_t(sensory.shape[0]);
    const size_t own = ids[layer].size(), columns = before + own;
    for (size_t j = 0; j < own; ++j)
      for (size_t i = 0; i < before; ++i)
        values[j * columns + i] *=
            layer ? inner[ids[layer - 1][i] * units + ids[layer][j]] : outer[i * units + ids[layer][j]];
    return values;
  }

  /// mean(output · R) + ½ mean(h_n²) + ¼ mean(c_n²), where y R = (y + R/4)² − (y − R/4)².
  std::vector<LossTerm> loss() const {
    std::vector<double> r = read("loss_weight.npy")->as_double(), minus(r.size());
    for (size_t i = 0; i < r.size(); ++i) minus[i] = -r[i] / 4, r[i] /= 4;
    const int64_t              rows = this->rows(), outputs = int64_t(model->plan().layers[1].units);
    const std::vector<int64_t> shape   = last_only
                                             ? std::vector<int64_t>{rows, outputs}
                                             : std::vector<int64_t>{rows, int64_t(r.size()) / rows / outputs, outputs};
    const std::string          pooling = last_only ? "final" : "none";
    const auto                 at_rest = [&](const char* state, size_t units, double weight) {
      const Array zero{{rows, int64_t(units)}, std::vector<double>(size_t(rows) * units)};
      return LossTerm{.loss = "mse", .target = zero, .pooling = "final", .weight = weight, .layer = 1, .state = state};
    };
    std::vector<LossTerm> terms = {{.loss = "mse", .target = Array{shape, minus}, .pooling = pooling},
                                   {.loss = "mse", .target = Array{shape, r}, .pooling = pooling, .weight = -1}};
    terms.push_back(at_rest(state(), model->plan().layers[size_t(model->plan().find_core(1))].units, 0.5));
    if (mixed()) terms.push_back(at_rest("c", model->plan().layers[size_t(find_part("memory"))].units, 0.25));
    return terms;
  }
  int64_t rows() const {
    const Array x = *read("input.npy");
    return x.shape.size() == 2 ? 1 : x.shape[0];
  }

  std::string  stored_name(const std::string& ours) const { return block(ours).stored_name(); }
  const Block& block(const std::string& ours) const {
    const ParameterMap& map = model->plan().parameters;
    const int           at  = map.find(ours);
    if (at < 0) throw SpecError({}, fmt::format("there is no parameter '{}'", ours), join(map.names()));
    return map[at];
  }

  Npz                                              weights, expected;
  std::unique_ptr<Model>                           model;
  InitialStates                                    initial;
  bool                                             last_only = false;
  std::vector<std::pair<std::string, std::string>> names;  // theirs, ours as stored

 private:
  Spec spec() const {
    const int64_t inputs = config_.at("input_size").integer();
    const bool    ltc    = config_.at("model").text() == "LTC";
    Value         params = Value::map({{"dim", config_.at("units").integer()}});
    for (const auto& entry : config_.at("args").entries()) {
      if (entry.key == "batch_first" || entry.key == "return_sequences") continue;
      if (entry.key == "implicit_param_constraints")
        params.set("positivity", entry.value.boolean() ? "softplus" : "none");
      else if (entry.value.is_null()) params.set(entry.key, "none");
      else params.set(entry.key, entry.value);
    }
    if (const Value* variant = config_.find("variant"))
      for (const auto& entry : variant->entries())
        if (entry.key != "signed_mask") params.set(entry.key, entry.value);
    if (const Value* wiring = config_.find("wiring")) params.set("wiring", circuit(*wiring));
    if (cell_) {
      Value                     mask = Value::list_of();
      const Array&              m    = weights.at("mask");
      const std::vector<double> on   = m.as_double();
      for (int64_t i = 0; i < m.shape[0]; ++i)
        mask.push_back(Value(std::vector<double>(on.begin() + i * m.shape[1], on.begin() + (i + 1) * m.shape[1])));
      params.set("sparsity_mask", mask);
    }
    Spec spec;
    spec.layers      = {{.layer_id = 0, .layer_type = "Input", .params = Value::map({{"dim", inputs}})},
                        {.layer_id = 1, .layer_type = ltc ? "LTC" : "CfC", .params = params}};
    spec.connections = {{.from_layer = 0, .to_layer = 1, .connection_type = "direct"}};
    return spec;
  }
  /// A circuit drawn by hand comes as its matrices.
  Value circuit(const Value& wiring) const {
    if (wiring.at("type").text() != "Custom")
      return Value::map({{"type", wiring.at("type")}, {"params", wiring.at("args")}});
    return Value::map(
        {{"type", "Custom"},
         {"params", Value::map({{"units", config_.at("units")},
                                {"output_dim", config_.at("wiring_output_dim")},
                                {"adjacency", weights.at("wiring/adjacency").as_double()},
                                {"sensory_adjacency", weights.at("wiring/sensory_adjacency").as_double()}})}});
  }

  /// rnn_cell.layer_0.ff1.weight → layer1/ff1_0, lstm.input_map.bias → layer1/input_map_bias
  std::string name_of(const std::string& theirs, const std::map<int64_t, int>& backbone) const {
    const auto take = [](std::string& text) {
      const size_t      dot   = text.find('.');
      const std::string first = text.substr(0, dot);
      text                    = dot == std::string::npos ? "" : text.substr(dot + 1);
      return first;
    };
    std::string left = theirs, suffix;
    if (left.starts_with("rnn_cell.") || left.starts_with("lstm.")) take(left);
    std::string name = take(left);
    if (name.starts_with("layer_")) suffix = name.substr(5), name = take(left);
    if (name == "backbone") name += fmt::format("_{}", backbone.at(std::stoll(take(left))));
    return stored_name("layer1/" + name + suffix + (left == "bias" ? "_bias" : ""));
  }
  std::vector<int64_t> shape_of(const std::string& ours) const {
    const Block& b = block(ours);
    return {b.shape.begin(), b.shape.end()};
  }

  fs::path     path_;
  const Value& config_;
  bool         cell_, time_first_ = false;
};

/// |a − b| ≤ absolute + relative · |b| for every number.
inline void expect_each(Comparison& compare, const std::string& name, std::vector<double> got,
                        const std::vector<double>& wanted, NcpTolerance t) {
  for (size_t i = 0; i < got.size() && i < wanted.size(); ++i) {
    const double error = std::abs(got[i] - wanted[i]), allowed = t.relative * std::abs(wanted[i]);
    if (std::isfinite(got[i]) && error <= allowed) got[i] = wanted[i];
    else if (std::isfinite(got[i])) got[i] = wanted[i] + (error - allowed);
  }
  compare.expect(name, got, wanted, t.absolute);
}

/// A history without its first entry, or only its last one.
inline std::vector<double> entries_of(const Array& history, bool last) {
  const std::vector<double> all  = history.as_double();
  const ptrdiff_t           rows = history.shape[0], entries = history.shape[1], units = history.shape[2];
  std::vector<double>       cut;
  for (ptrdiff_t r = 0; r < rows; ++r)
    cut.insert(cut.end(), all.begin() + (r * entries + (last ? entries - 1 : 1)) * units,
               all.begin() + (r + 1) * entries * units);
  return cut;
}

/// Adam with all gradients scaled to a largest norm, as recorded.
inline void run_ncp_training(const fs::path& path, NcpCase& c, const Value& config, Comparison& compare,
                             const NcpTolerances& tolerance) {
  const Value& train = config.at("train");
  if (train.at("optimizer").text() != "Adam" || train.at("weight_decay").number() != 0)
    throw Skip{"this optimizer is not available yet"};
  const Array input = load_npy((path / "input.npy").string()), target = load_npy((path / "target.npy").string());
  const std::vector<LossTerm> loss = {{.loss = "mse", .target = target}};
  const ParameterMap&         map  = c.model->plan().parameters;
  std::vector<double>         theta(map.size()), gradient(map.size()), losses, norms;
  std::vector<ParameterBlock> blocks;
  for (const Block& b : map.blocks())
    blocks.push_back({.begin = b.offset, .end = b.offset + b.size(), .frozen = !b.learnable});
  OptimizerSettings settings{.kind = OptimizerKind::adam};
  settings.beta1 = train.at("betas").list()[0].number(), settings.beta2 = train.at("betas").list()[1].number();
  settings.eps = train.at("eps").number();
  Optimizer<double> optimizer(settings, map.size(), blocks);
  const auto        fill = [&](std::vector<double>& flat, const Block& b, const Array& values) {
    const std::vector<double> part = values.as_double();
    std::copy(part.begin(), part.end(), flat.begin() + ptrdiff_t(b.offset));
  };
  for (const Block& b : map.blocks()) fill(theta, b, c.model->parameter(b.stored_name()));
  for (int64_t update = 1; update <= train.at("steps").integer(); ++update) {
    const Gradient g = c.model->gradient(input, loss);
    losses.push_back(g.loss);
    double square = 0;
    for (const Block& b : map.blocks()) {
      fill(gradient, b, g.at(b.stored_name()));
      for (size_t i = b.offset; i < b.offset + b.size() && b.learnable; ++i) square += gradient[i] * gradient[i];
    }
    norms.push_back(std::sqrt(square));
    const double scale =
        std::min(1.0, train.at("clip_global_norm").number() / (norms.back() + train.at("clip_eps").number()));
    for (double& x : gradient) x *= scale;
    optimizer.step(theta, gradient, train.at("lr").number(), update);
    for (const Block& b : map.blocks())
      c.model->set_parameter(b.stored_name(),
                             Array{{b.shape.begin(), b.shape.end()},
                                   std::vector<double>(theta.begin() + ptrdiff_t(b.offset),
                                                       theta.begin() + ptrdiff_t(b.offset + b.size()))});
  }
  losses.push_back(c.model->gradient(input, loss).loss);
  expect_each(compare, "losses", losses, c.expected.at("losses").as_double(), tolerance.losses);
  expect_each(compare, "grad_norms", norms, c.expected.at("grad_norms").as_double(), tolerance.losses);
  compare.expect("output", entries_of(c.model->simulate(input).at("output"), false),
                 c.expected.at("output").as_double(), tolerance.parameters.absolute, tolerance.parameters.relative);
  for (const auto& [theirs, ours] : c.names) {
    const Block&              b = c.block(ours);
    const std::vector<double> there(b.mask.begin(),
                                    b.mask.end());  // absent weights keep their first values in the recording
    compare.expect("final/" + theirs, c.model->parameter(ours).as_double(),
                   c.expected.at("final/" + theirs).as_double(), tolerance.parameters.absolute,
                   tolerance.parameters.relative, there);
  }
}

/// Folders of LTC, CfC and CfCCell.
inline void run_ncp_case(const fs::path& path, Comparison& compare, Precision precision) {
  const Value         config    = load_value((path / "config.yaml").string());
  const NcpTolerances tolerance = ncp_tolerances(precision);
  NcpCase             c(path, precision, config);
  if (config.find("train")) return run_ncp_training(path, c, config, compare, tolerance);

  // what is not recorded is not asked for
  const Array   input = *c.read("input.npy");
  const auto    spans = c.read("timespans.npy"), mask = c.read("mask.npy");
  const Results run   = c.model->simulate(
      input, {.record = {"s/1", "state"}, .initial_states = c.initial, .timespans = spans, .mask = mask});
  const Array* states = run.find(fmt::format("state/1/{}", c.state()));
  if (!states) states = &run.at("s/1");
  const Gradient g = c.model->gradient(
      input, c.loss(),
      {.initial_states = c.initial, .input = true, .initial = true, .timespans = spans, .spans = spans.has_value(),
       .mask = mask, .noise = {.training = false}});
  const auto initial = [&](const std::string& name) {
    for (const auto& [n, a] : g.initial)
      if (n == name) return a.as_double();
    throw SpecError({}, "there is no gradient of the initial state " + name);
  };
  std::set<std::string> left;
  for (const std::string& name : c.expected.names()) left.insert(name);
  const auto wanted = [&](const std::string& name) -> std::optional<std::vector<double>> {
    if (!left.erase(name)) return std::nullopt;
    const Array& a       = c.expected.at(name);
    const bool   in_time = name == "output" || name == "h_seq" || name == "grad_input" || name == "grad_timespans";
    return (in_time && !c.last_only ? c.rows_first(a) : a).as_double();
  };
  const auto each = [&](const std::string& name, const std::vector<double>& got) {
    if (const auto w = wanted(name)) expect_each(compare, name, got, *w, tolerance.states);
  };
  const auto gradient = [&](const std::string& name, const std::function<std::vector<double>()>& got) {
    if (const auto w = wanted(name))
      compare.expect(name, got(), *w, tolerance.gradients.absolute, tolerance.gradients.relative);
  };
  each("output", entries_of(run.at("output"), c.last_only));
  each("h_seq", entries_of(*states, false));
  each("h_n", entries_of(*states, true));
  if (c.mixed()) each("c_n", entries_of(run.at("state/1/c"), true));
  if (const auto w = wanted("loss")) expect_each(compare, "loss", {g.loss}, *w, tolerance.loss);
  gradient("grad_input", [&] { return g.input->as_double(); });
  gradient("grad_h0", [&] { return initial("1"); });
  gradient("grad_c0", [&] { return initial("1/c"); });
  gradient("grad_timespans", [&] { return g.spans->as_double(); });
  for (const auto& name : c.names)
    gradient("grad/" + name.first, [&] { return c.signed_by_mask(name.first, g.at(name.second).as_double()); });
  if (!left.empty()) compare.fail("nobody looked at " + join({left.begin(), left.end()}));
}

/// A network that must not be, or a run of it. False: nothing dynode has a counterpart of.
inline bool attempt_network(const std::string& construct, const Value& args) {
  if (construct == "LTCCell") return ncp::LTCCell(ncp::AutoNCP(16, 4)), true;
  if (construct == "get_graph") return ncp::AutoNCP(16, 4).graph(), true;
  if (construct == "CfC.forward") {
    const Value* memory = args.find("mixed_memory");
    const bool   mixed = memory && memory->boolean(), batch = args.at("state").text() != "(6,) array";
    ncp::CfC     net(3, 6, {.mixed_memory = mixed ? ncp::MixedMemory::state : ncp::MixedMemory::none});
    net(Array{{4, 5, 3}, std::vector<double>(60)},
        Array{batch ? std::vector<int64_t>{4, 6} : std::vector<int64_t>{6}, std::vector<double>(batch ? 24 : 6)});
    return true;
  }
  if (construct != "CfC" && construct != "CfCCell") return false;
  Value params = Value::map({{"dim", args.find("units") ? args.at("units").integer() : 16}});
  for (const char* key : {"mode", "activation", "mixed_memory", "backbone_units", "backbone_layers"})
    if (args.find(key)) params.set(key, args.at(key));
  if (args.find("wiring"))  // 'AutoNCP(16,4)'
    params.set("wiring",
               Value::map({{"type", "AutoNCP"}, {"params", Value::map({{"units", 16}, {"output_size", 4}})}}));
  if (args.find("sparsity_mask"))  // 'ones(9,6)'
    params.set("sparsity_mask", Value(std::vector<Value>(9, Value(std::vector<double>(6, 1.0)))));
  Spec spec;
  spec.layers      = {{.layer_id = 0, .layer_type = "Input", .params = Value::map({{"dim", args.at("input_size")}})},
                      {.layer_id = 1, .layer_type = "CfC", .params = params}};
  spec.connections = {{.from_layer = 0, .to_layer = 1, .connection_type = "direct"}};
  Model::from_spec(spec);
  return true;
}

/// What must fail: wirings, and networks.
inline void run_ncp_errors(const fs::path& file, Count& count) {
  run_case("ncp/errors.yaml", count,
           [&](Comparison& compare, Precision) {
             const Value                    errors = load_value(file.string());
             const std::vector<std::string> others = run_wiring_errors(errors, compare);
             for (const Value& c : errors.at("cases").list()) {
               const std::string id = c.at("id").text();
               if (std::find(others.begin(), others.end(), id) == others.end()) continue;
               bool known = true, failed = false;
               try {
                 known = attempt_network(c.at("construct").text(), c.at("args"));
               } catch (const Error& error) {
                 if (says_unavailable(error.what())) throw;
                 failed = true;
               }
               if (known) compare.expect_equal(id + " fails", {double(failed)}, {1});
               else compare.fail(id + ": nothing like it was tried");
             }
           },
           {Precision::float64});
}

/// The published sets of bit-stream XOR: statistics of each, and the first trials of the test sets.
inline void run_bit_streams(Comparison& compare, Precision) {
  const fs::path  folder = golden_folder() / "ncp";
  const Value     stats  = load_value((folder / "xor_stats.yaml").string());
  const double    pad    = stats.at("pad_size").number();
  const TaskEntry entry  = find_task("bit_stream_xor");
  for (const auto& recorded : stats.at("sets").entries()) {   // event_train: encoding, set
    const size_t cut      = recorded.key.find('_');
    Arguments    settings = default_settings(entry);
    settings.set("encoding", recorded.key.substr(0, cut));
    settings.set("set", recorded.key.substr(cut + 1));
    const Task         task(entry, settings);
    const Value&       wanted = recorded.value;
    const size_t       n      = size_t(wanted.at("n").integer()), steps = task.shape().steps;
    const TrialBatch   batch  = task.batch(0, 0, n);
    double             labels = 0, events = 0, most = 0, elapsed = 0;
    for (size_t row = 0; row < n; ++row) {
      double here = 0;
      for (size_t t = row * steps; t < (row + 1) * steps; ++t) here += batch.mask[t], elapsed += batch.timespans[t] * pad;
      labels += double(batch.labels[row]);
      events += here;
      most = std::max(most, here);
    }
    compare.expect_equal(recorded.key + " trials", {double(task.fixed_count())}, {double(n)});
    compare.expect_equal(recorded.key + " max_events", {most}, {wanted.at("max_events").number()});
    compare.expect_equal(recorded.key + " sum_elapsed", {elapsed}, {wanted.at("sum_elapsed").number()});
    compare.expect(recorded.key + " label_mean", {labels / double(n)}, {wanted.at("label_mean").number()}, 1e-12);
    compare.expect(recorded.key + " mean_events", {events / double(n)}, {wanted.at("mean_events").number()}, 1e-12);

    const fs::path path = folder / ("xor_" + recorded.key + "_first64.npz");
    if (!fs::exists(path)) continue;
    const Npz  first = load_npz(path.string());
    const auto rows  = size_t(first.at("label").size());
    const auto head  = [&](const auto& all, double factor = 1) {
      std::vector<double> part(all.begin(), all.begin() + ptrdiff_t(rows * (all.size() / n)));
      for (double& x : part) x *= factor;
      return part;
    };
    compare.expect_equal(recorded.key + " events", head(batch.input), first.at("events").as_double());
    compare.expect_equal(recorded.key + " elapsed", head(batch.timespans, pad), first.at("elapsed_raw").as_double());
    compare.expect_equal(recorded.key + " mask", head(batch.mask), first.at("mask").as_double());
    compare.expect_equal(recorded.key + " label", head(batch.labels), first.at("label").as_double());
  }
}

inline Collections ncp_collections() {
  return {{"wirings", run_wirings},
          {"errors.yaml", run_ncp_errors},
          {"xor_stats.yaml", [](const fs::path&, Count& count) {  // and the samples beside it
             run_case("ncp/xor_*", count, run_bit_streams, {Precision::float64});
           }}};
}

}  // namespace dynode::golden
