// Recorded rate networks with Dale's law (spikeRNN): forward passes, gradients, training.
#pragma once
#include <algorithm>
#include <numeric>

#include "dynode/learn/optimizer.h"
#include "dynode/models/rate.h"
#include "dynode/plan/arguments.h"
#include "dynode/tasks/task.h"
#include "golden_case.h"
#include "golden_rate_lif.h"

namespace dynode::golden {

inline double rate_tolerance(const std::string& kind, Precision p) {
  const bool f64 = p == Precision::float64;
  if (kind == "rate_grad") return f64 ? 1e-10 : 1e-4;
  if (kind == "rate_train") return f64 ? 1e-9 : 1e-3;
  return f64 ? 1e-11 : 2e-5;
}

/// Input, rate units, one number out. The stimulus is stored [input][time], one trial; its last column is never used.
class RateCase {
 public:
  RateCase(const fs::path& path, Precision precision, const Value& config)
      : weights(load_npz((path / "weights.npz").string())),
        expected(load_npz((path / "expected.npz").string())),
        units(config.at("N").integer()),
        inputs(config.at("inputs").integer()),
        steps(config.at("T").integer() - 1) {
    const bool dale = config.at("apply_dale").boolean();
    Spec       spec;
    spec.simulation.dt = config.at("DeltaT").number();
    Value taus         = Value::list_of();
    for (const Value& tau : config.at("taus").list()) taus.push_back(tau.number());
    Value rate = Value::map({{"dim", units}, {"source_func", config.at("activation").text()}, {"taus", taus}});
    if (dale) {
      rate.set("polarity", Value(weights.at("sign").as_double())).set("polarity_enforcement_method", "relu");
      rate.set("som_N", config.at("som_N").integer());
    }
    spec.layers      = {{.layer_id = 0, .layer_type = "Input", .params = Value::map({{"dim", inputs}})},
                        {.layer_id = 1, .layer_type = "RateDale", .params = rate},
                        {.layer_id = 2, .layer_type = "Linear", .params = Value::map({{"dim", 1}})}};
    spec.connections = {{.from_layer = 0, .to_layer = 1, .connection_type = "dense", .learnable = false},
                        {.from_layer = 1, .to_layer = 1, .connection_type = "dense"},
                        {.from_layer      = 1,
                         .to_layer        = 2,
                         .connection_type = "dense",
                         .params          = Value::map({{"bias", "zero"}, {"polarity", false}})}};
    model            = std::make_unique<Model>(Model::from_spec(spec, {.precision = precision}));
    if (taus.size() == 2) names.emplace_back("taus_gaus", "layer1/taus_gaus");
    for (const auto& [theirs, ours] : names) model->set_parameter(ours, weights.at(theirs));
    model->set_parameter("J_0_to_1", weights.at("w_in"));
  }

  /// Column t−1 of trial `trial` acts in step t.
  Array stimulus(const Array& recorded, size_t trial = 0) const {
    const std::vector<double> u = recorded.as_double();
    std::vector<double>       x;
    for (int64_t t = 0; t < steps; ++t)
      for (int64_t i = 0; i < inputs; ++i)
        x.push_back(u[(trial * size_t(inputs) + size_t(i)) * size_t(steps + 1) + size_t(t)]);
    return {{1, steps, inputs}, x};
  }

  /// x₀ of trial `trial`.
  InitialStates start(size_t trial = 0) const {
    const std::vector<double> x0    = weights.at("x0").as_double();
    const auto                first = x0.begin() + ptrdiff_t(trial) * units;
    return {{"1", Array{{units}, std::vector<double>(first, first + units)}}};
  }

  /// The recorded noise of a trial (its deviation is the default); none where none is recorded.
  NoiseOptions noise(size_t trial = 0) const {
    const Array* whole = weights.find("noise_draws_x100");
    const Array* draws = whole ? whole : weights.find("noise_draws");
    if (!draws) return {.on = false};
    const std::vector<double> all   = draws->as_double();
    const auto                first = all.begin() + ptrdiff_t(trial) * steps * units;
    std::vector<double>       x(first, first + steps * units);
    for (double& d : x) d /= whole ? 100 : 1;
    return {.given = {{"layer1/noise_std", Array{{1, steps, units}, x}}}};
  }

  /// The loss of a trial; targets come row by row.
  std::vector<LossTerm> loss(const std::string& name, const Array& targets, size_t trial = 0) const {
    const std::vector<double> z     = targets.as_double();
    const auto                first = z.begin() + ptrdiff_t(trial) * steps;
    return {{.loss = name, .target = Array{{1, steps, 1}, std::vector<double>(first, first + steps)}}};
  }

  /// [entry][unit] → [unit][entry]
  static std::vector<double> turned(const Array& history) {
    const std::vector<double> all     = history.as_double();
    const size_t              entries = size_t(history.shape[1]), n = size_t(history.shape[2]);
    std::vector<double>       to(all.size());
    for (size_t t = 0; t < entries; ++t)
      for (size_t u = 0; u < n; ++u) to[u * entries + t] = all[t * n + u];
    return to;
  }

  Npz                                              weights, expected;
  int64_t                                          units, inputs, steps;
  std::unique_ptr<Model>                           model;
  std::vector<std::pair<std::string, std::string>> names = {
      {"w", "J_1_to_1"}, {"w_out", "J_1_to_2"}, {"b_out", "b_1_to_2"}};
};

/// One trial per update with Adam.
inline void run_rate_training(RateCase& c, const Value& config, const Array& input, Comparison& compare,
                              double tolerance) {
  const ParameterMap& map    = c.model->plan().parameters;
  const auto          gather = [&](auto&& read) {
    std::vector<double> flat(map.size());
    for (const Block& b : map.blocks()) {
      const std::vector<double> part = read(b).as_double();
      std::copy(part.begin(), part.end(), flat.begin() + ptrdiff_t(b.offset));
    }
    return flat;
  };
  std::vector<ParameterBlock> blocks;
  for (const Block& b : map.blocks())
    blocks.push_back({.begin = b.offset, .end = b.offset + b.size(), .frozen = !b.learnable});
  OptimizerSettings settings;
  settings.kind = OptimizerKind::adam;
  Optimizer<double>   optimizer(settings, map.size(), blocks);
  std::vector<double> theta = gather([&](const Block&b) { return c.model->parameter(b.stored_name()); }), losses;
  for (size_t trial = 0; trial < size_t(config.at("updates").integer()); ++trial) {
    const Gradient g = c.model->gradient(c.stimulus(input, trial),
                                         c.loss(config.at("loss_fn").text(), c.expected.at("targets"), trial),
                                         {.initial_states = c.start(trial), .noise = c.noise(trial)});
    losses.push_back(g.loss);
    const std::vector<double> gradient = gather([&](const Block& b) { return g.at(b.stored_name()); });
    optimizer.step(theta, gradient, config.at("lr").number(), int64_t(trial) + 1);
    for (const Block& b : map.blocks())
      c.model->set_parameter(b.stored_name(),
                             Array{{b.shape.begin(), b.shape.end()},
                                   std::vector<double>(theta.begin() + ptrdiff_t(b.offset),
                                                       theta.begin() + ptrdiff_t(b.offset + b.size()))});
  }
  compare.expect("losses", losses, c.expected.at("losses").as_double(), tolerance, tolerance);
  for (const auto& [theirs, ours] : c.names)
    compare.expect(theirs, c.model->parameter(ours).as_double(), c.expected.at(theirs).as_double(), tolerance,
                   tolerance);
}

/// Stimuli, targets and labels of given trial types. Stimuli are stored [input][time], their last column is never used.
inline void run_task_items(const fs::path& path, const Value& config, Comparison& compare) {
  const Npz expected = load_npz((path / "expected.npz").string());
  for (const Value& item : config.at("items").list()) {
    const TaskEntry& entry    = find_task(item.at("task").text());
    Value            settings = item.at("settings");
    for (const char* name : {"trial_type", "color", "motion"})
      if (item.has(name)) settings.set(name, item.at(name));
    const Task          task(entry, check_arguments(entry.name, entry.facts, settings));
    const Trial         trial = task.trial(1, 0, 0);
    const std::string   key   = item.at("key").text();
    const size_t        steps = trial.shape.steps;
    std::vector<double> u;
    for (size_t k = 0; k < trial.shape.inputs; ++k) {
      for (size_t t = 0; t < steps; ++t) u.push_back(trial.in(t, k));
      u.push_back(0);
    }
    compare.expect("u_" + key, u, expected.at("u_" + key).as_double(), 1e-15);
    compare.expect("z_" + key, trial.target, expected.at("z_" + key).as_double(), 1e-15);
    const Value& label    = item.at("label");
    const bool   positive = label.is_text() ? label.text() == "same" : label.number() > 0;
    compare.expect_equal("label_" + key, {double(trial.label)}, {double(positive)});
    compare.expect_equal("correct_" + key, {double(task.correct(trial, trial.target))}, {1});
  }
}

/// A saved model of the original, and what the network in it does.
inline void run_rate_file(const fs::path& path, const Value& config, Comparison& compare, Precision precision, double tol) {
  rate::RateRNN net = rate::RateRNN::load((path / config.at("file").text()).string(), {.precision = precision});
  const Npz     expected = load_npz((path / "expected.npz").string());
  const auto    run      = [&](const Array& u, const Array& x0) {
    return net.eval(u, {.initial_states = {{"1", x0}}, .noise = {.on = false}});
  };
  const auto check = [&](const std::string& name, const std::vector<double>& got) {
    compare.expect(name, got, expected.at(name).as_double(), tol, tol);
  };
  const auto turned = [](const Array& a) {
    return RateCase::turned(Array{{1, a.shape[0], a.shape[1]}, a.as_double()});
  };
  if (config.at("kind").text() == "mat") {
    const rate::Trial trial = run(load_npy((path / "input.npy").string()), load_npz((path / "weights.npz").string()).at("x0"));
    check("x", turned(trial.x)), check("r", turned(trial.r)), check("o", trial.o.as_double());
    return;
  }
  const int64_t T = config.at("T").integer();
  for (const char* kind : {"go", "nogo"}) {
    std::vector<double> u(size_t(T), 0.0), mean;
    if (kind[0] == 'g') std::fill(u.begin() + 50, u.begin() + 75, 1.0);
    const rate::Trial         trial = run(Array{{1, T}, u}, Array{{net.N()}, std::vector<double>(size_t(net.N()))});
    const std::vector<double> r     = trial.r.as_double();
    for (int64_t t = 0; t < T; ++t)
      mean.push_back(std::accumulate(r.begin() + t * net.N(), r.begin() + (t + 1) * net.N(), 0.0) / net.N());
    check(std::string("o_") + kind, trial.o.as_double());
    check(std::string("r_mean_") + kind, mean);
  }
}

/// How many connections both kinds of lesions take, and that all others stay.
inline void run_rate_lesion(const fs::path& path, const Value& config, Comparison& compare) {
  const Npz     weights = load_npz((path / "weights.npz").string()), expected = load_npz((path / "expected.npz").string());
  const int64_t N = config.at("N").integer();
  const auto    zeros = [](int64_t rows, int64_t columns) { return Array{{rows, columns}, std::vector<double>(size_t(rows * columns))}; };
  rate::RateParts parts{.w = weights.at("w"), .w_in = zeros(N, 1), .w_out = zeros(1, N), .b_out = zeros(1, 1)};
  for (const double s : weights.at("sign").as_double()) parts.sign.push_back(int8_t(s));
  rate::RateRNN net(parts, {.precision = Precision::float64});
  const auto    w = [&] { return net.parts().w.as_double(); };
  const std::vector<double> before = w();
  std::vector<double>       all, by_type;
  const auto survive = [&](const std::vector<rate::Lesion>& lesions) {
    std::vector<double> after = w(), kept = before;
    for (const rate::Lesion& lesion : lesions)
      for (const size_t i : lesion.chosen) kept[i] = 0;
    compare.expect_equal("survivors", after, kept);
    for (const rate::Lesion& lesion : lesions) net.restore(lesion);
    compare.expect_equal("restored", w(), before);
  };
  for (const Value& fraction : config.at("fractions").list()) {
    const rate::Lesion one = net.lesion_w(fraction.number());
    all.push_back(double(one.chosen.size()));
    survive({one});
    const std::vector<rate::Lesion> groups = net.lesion_w_by_type(fraction.number());
    for (const rate::Lesion& group : groups) by_type.push_back(double(group.chosen.size()));
    survive(groups);
  }
  compare.expect_equal("lesioned", all, expected.at("lesioned").as_double());
  compare.expect_equal("lesioned_by_type", by_type, expected.at("lesioned_by_type").as_double());
}

inline void run_rate_case(const fs::path& path, Comparison& compare, Precision precision) {
  const Value       config = load_value((path / "config.yaml").string());
  const std::string kind   = config.at("kind").text();
  const double      tol    = rate_tolerance(kind, precision);
  if (kind == "mat" || kind == "trained") return run_rate_file(path, config, compare, precision, tol);
  if (kind == "tasks") return run_task_items(path, config, compare);
  if (kind == "lesion") return run_rate_lesion(path, config, compare);
  if (kind == "lif") return run_rate_lif_case(path, config, compare, precision);
  if (kind != "rate_forward" && kind != "rate_grad" && kind != "rate_train")
    return compare.fail("unknown kind '" + kind + "'");

  RateCase    c(path, precision, config);
  const Array input = load_npy((path / "input.npy").string());
  if (kind == "rate_train") return run_rate_training(c, config, input, compare, tol);

  const auto check = [&](const std::string& name, const std::vector<double>& got) {
    compare.expect(name, got, c.expected.at(name).as_double(), tol, tol);
  };
  if (config.at("apply_dale").boolean()) {  // the mask that som_N makes
    const Block&        b = c.model->plan().parameters[c.model->plan().parameters.find("J_1_to_1")];
    std::vector<double> mask(b.size(), 1);
    std::copy(b.mask.begin(), b.mask.end(), mask.begin());
    compare.expect_equal("som_mask", mask, c.weights.at("som_mask").as_double());
  }
  const Results r = c.model->simulate(c.stimulus(input), {.record = {"s/1", "state/1/x"}, .initial_states = c.start(), .noise = c.noise()});
  check("x", RateCase::turned(r.at("state/1/x")));
  check("r", RateCase::turned(r.at("s/1")));
  const std::vector<double> o = r.at("output").as_double();
  check("o", {o.begin() + 1, o.end()});
  if (kind == "rate_forward") return;

  const Gradient g = c.model->gradient(c.stimulus(input), c.loss(config.at("loss_fn").text(), c.expected.at("target")),
                                       {.initial_states = c.start(), .noise = c.noise()});
  check("loss", {g.loss});
  for (const auto& [theirs, ours] : c.names) check("grad_" + theirs, g.at(ours).as_double());
}

}  // namespace dynode::golden
