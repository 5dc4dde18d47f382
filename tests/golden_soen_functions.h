// Recorded tables of functions of the SOEN toolkit, functions/<name>.npz and .json: one case each.
#pragma once
#include "golden_case.h"

#include "dynode/analysis/units.h"
#include "dynode/base/random.h"
#include "dynode/learn/config.h"
#include "dynode/learn/local_rule.h"
#include "dynode/learn/loss.h"
#include "dynode/learn/metrics.h"
#include "dynode/learn/pooling.h"
#include "dynode/learn/resample.h"
#include "dynode/params/quantisation.h"
#include "dynode/plan/arguments.h"
#include "dynode/wiring/distributions.h"
#include "dynode/wiring/initialisers.h"
#include "dynode/wiring/polarity.h"
#include "dynode/wiring/structures.h"

namespace dynode::golden {

/// A table and what it was made with.
struct FunctionTable {
  const Npz&   arrays;
  const Value& about;   // null where there is no .json
  Comparison&  compare;
  fs::path     folder;

  std::vector<double> values(const std::string& key) const { return arrays.at(key).as_double(); }
};

inline void check_codebooks(const FunctionTable& t) {
  for (const Value& item : t.about.list()) {
    const auto number = [&](const char* key) { return item.find(key) ? std::optional(item.at(key).integer()) : std::nullopt; };
    const std::vector<double> book = codebook_of(number("bits"), number("levels"), item.at("min").number(), item.at("max").number());
    t.compare.expect(item.at("key").text(), book, t.values(item.at("key").text()), 1e-15);
    std::vector<double> snapped = t.values("w");
    for (double& w : snapped) w = nearest_level(book, w);
    t.compare.expect(item.at("snapped").text(), snapped, t.values(item.at("snapped").text()), 1e-15);
  }
}

inline void check_masks(const FunctionTable& t) {
  Random random(1, "masks");
  for (const Value& item : t.about.list()) {
    Value       params     = item.at("params");
    const Value* self      = params.find("allow_self_connections");
    const bool  allow_self = !self || self->boolean();
    params.erase("allow_self_connections");
    const StructureEntry& rule = find_structure(item.at("type").text());
    const Arguments       arguments = check_arguments(rule.name, rule.facts, params);
    const size_t to = size_t(item.at("to_nodes").integer()), from = size_t(item.at("from_nodes").integer());
    const Mask mask = build_mask(rule, {.to = to, .from = from, .internal = to == from, .allow_self = allow_self,
                                        .arguments = arguments, .random = random});
    t.compare.expect_equal(item.at("key").text(), {mask.on.begin(), mask.on.end()}, t.values(item.at("key").text()));
  }
}

inline void check_initialisers(const FunctionTable& t) {
  const Array& recorded = t.arrays.at("mask");
  const Mask   mask = custom_mask(size_t(recorded.shape[0]), size_t(recorded.shape[1]), recorded.as_double());
  Random       random(1, "initialisers");
  for (const auto& entry : t.about.entries()) {
    const InitialiserEntry& rule = find_initialiser(entry.key);
    const Arguments arguments = check_arguments(rule.name, rule.facts, entry.value);
    t.compare.expect(entry.key, initial_weights(rule, {.mask = mask, .arguments = arguments, .random = random}), t.values(entry.key), 1e-7);
  }
}

inline void check_param_init(const FunctionTable& t) {
  Random random(1, "param_init");
  for (const Value& item : t.about.list()) {
    Value               params = item.at("params");
    std::vector<double> fan_out;
    if (const Value* given = params.find("node_fan_outs"))
      for (const Value& n : given->list()) fan_out.push_back(n.number());
    params.erase("node_fan_outs");
    const DistributionEntry& rule = find_distribution(item.at("method").text());
    const Arguments          arguments = check_arguments(rule.name, rule.facts, params);
    t.compare.expect(item.at("key").text(), draw_parameter(rule, {.width = size_t(item.at("width").integer()), .arguments = arguments,
                                                                  .random = random, .fan_out = fan_out}),
                     t.values(item.at("key").text()), 1e-12, 1e-12);
  }
}

inline void check_polarity(const FunctionTable& t) {
  const std::vector<int8_t> pattern = polarity_pattern("alternating", 7);
  t.compare.expect_equal("alternating7", {pattern.begin(), pattern.end()}, t.values("alternating7"));
  const std::vector<double> source = t.values("polarity");
  std::vector<int8_t>       sign;
  for (size_t i = 0; i < t.values("W").size(); ++i) sign.push_back(int8_t(source[i % source.size()]));
  for (const char* method : {"sign_flip", "clip_to_zero"}) {
    std::vector<double> w = t.values("W");
    enforce_polarity(sign, polarity_enforcement(method), w);
    t.compare.expect_equal(method, w, t.values(method));
  }
}

inline void check_time_pooling(const FunctionTable& t) {
  const Array&              recorded = t.arrays.at("x");
  const size_t              rows = size_t(recorded.shape[0]), steps = size_t(recorded.shape[1]), units = size_t(recorded.shape[2]);
  const std::vector<double> x = recorded.as_double();
  for (const Value& item : t.about.at("items").list()) {
    const PoolingEntry& entry = find_pooling(item.at("method").text());
    Pooling pooling;
    if (const Value* params = item.find("params")) {
      pooling = make_pooling(entry, check_arguments(entry.name, entry.facts, *params));
    } else {
      pooling.kind = entry.kind;
      if (!item.at("range_start").is_null()) pooling.range_start = int(item.at("range_start").integer());
      if (!item.at("range_end").is_null()) pooling.range_end = int(item.at("range_end").integer());
    }
    const size_t        size = pooled_size(pooling, steps, units);
    std::vector<double> y(rows * size), x_bar(x.size());
    for (size_t row = 0; row < rows; ++row) {
      pool(pooling, x.data() + row * steps * units, steps, units, y.data() + row * size);
      std::vector<double> y_bar(y.begin() + ptrdiff_t(row * size), y.begin() + ptrdiff_t((row + 1) * size));
      for (double& v : y_bar) v *= 2;
      pool_adjoint(pooling, x.data() + row * steps * units, steps, units, y_bar.data(), x_bar.data() + row * steps * units);
    }
    const std::string key = item.at("key").text();
    // `none` keeps the entry of t = 0 in the toolkit, which has no say here
    if (t.arrays.at(key).size() == y.size()) t.compare.expect(key, y, t.values(key), 1e-12);
    if (const Value* grad = item.find("grad")) t.compare.expect(grad->text(), x_bar, t.values(grad->text()), 1e-12, 1e-12);
  }
}

inline void check_lr_schedules(const FunctionTable& t) {
  for (const Value& item : t.about.at("items").list()) {
    Value schedule = item.at("params");
    schedule.set("type", item.at("type").text());
    const Value file = Value::map({
        {"data", Value::map({{"data_path", "x.npz"}, {"format", "npz"}})},
        {"model", Value::map({{"architecture_yaml", "net.yaml"}})},
        {"training", Value::map({{"loss", Value::map({{"losses", Value(std::vector<Value>{Value::map({{"name", "mse"}})})}})},
                                 {"optimizer", Value::map({{"name", "adam"}, {"lr", item.at("optimizer_lr").number()}})}})},
        {"callbacks", Value::map({{"lr_scheduler", schedule}})}});
    const Schedule      chosen = schedule_of(read_train_config(file));
    const ScheduleArgs  args{chosen.arguments, item.at("optimizer_lr").number()};
    const int64_t       epochs = item.at("epochs").integer(), batches = item.at("batches_per_epoch").integer();
    ScheduleState       state;
    std::vector<double> rates;
    for (int64_t k = 0; k <= epochs * batches; ++k) {
      if (k > 0 && k % batches == 0 && item.at("val_loss").is_list())
        observe(*chosen.entry, args, k / batches - 1, item.at("val_loss").list()[size_t(k / batches - 1)].number(), state);
      rates.push_back(learning_rate(*chosen.entry, args, {.update = k, .updates_total = epochs * batches, .updates_per_epoch = batches}, state));
    }
    // the last entry is the rate after training, which no update has
    std::vector<double> wanted = t.values(item.at("key").text());
    wanted.pop_back(), rates.pop_back();
    t.compare.expect(item.at("key").text(), rates, wanted, 1e-12);
  }
}

/// The recorded rate table in a file of its own, its first current a float, as it was for these values.
inline fs::path table_from_float(const FunctionTable& t) {
  const Npz           table = load_npz((t.folder.parent_path() / "rate_array.npz").string());
  std::vector<double> ib    = table.at("ib").as_double();
  const double        first = float(ib.front()), last = ib.back();
  for (size_t i = 0; i < ib.size(); ++i) ib[i] = first + (last - first) * double(i) / double(ib.size() - 1);
  const fs::path path = fs::temp_directory_path() / fmt::format("dynode-golden-{}.npz", ::getpid());
  save_npz(path.string(), {{"ib", Array{{int64_t(ib.size())}, ib}}, {"phi", table.at("phi")}, {"g", table.at("g")}});
  return path;
}

inline void check_source_functions(const FunctionTable& t) {
  const fs::path            table = table_from_float(t);
  const std::vector<double> phi = t.values("phi"), current = t.values("squid_current");
  const auto                units = int64_t(phi.size());
  for (const auto& [name, array] : t.arrays.entries()) {
    if (name == "phi" || name == "squid_current" || name.find('/') != std::string::npos) continue;
    Value spec = Value::map({{"simulation", Value::map({{"dt", 1}, {"input_type", "flux"}, {"rate_table", table.string()}})},
                             {"layers", Value(std::vector<Value>{Value::map({{"layer_id", 0}, {"layer_type", "NonLinear"},
                                 {"params", Value::map({{"dim", units}, {"source_func", name}})}})})}});
    Model model = Model::from_spec(read_spec(spec), {.precision = Precision::float64});
    std::vector<double> bias = current, there(phi.size(), 1);
    for (size_t i = 0; i < bias.size(); ++i)
      if (bias[i] < 0) bias[i] = 0, there[i] = 0;   // bias currents are positive
    model.set_parameter("layer0/bias_current", Array{{units}, bias});
    const Array x{{1, 1, units}, phi};
    std::vector<double> g = model.simulate(x).at("output").as_double();
    g.erase(g.begin(), g.begin() + ptrdiff_t(units));
    t.compare.expect(name, g, array.as_double(), 1e-12, 0, there);
    // a loss whose slope is 1 for every unit
    std::vector<double> target = g;
    for (double& y : target) y -= double(units) / 2;
    const Gradient slopes = model.gradient(x, {{.loss = "mse", .target = Array{{1, 1, units}, target}}}, {.input = true});
    t.compare.expect(name + "/dphi", slopes.input->as_double(), t.values(name + "/dphi"), 1e-300, 1e-10, there);
    t.compare.expect(name + "/di", slopes.at("layer0/bias_current").as_double(), t.values(name + "/di"), 1e-10, 1e-10, there);
  }
  fs::remove(table);
}

inline void check_loss_weight_schedules(const FunctionTable& t) {
  for (const Value& item : t.about.list()) {
    const LossWeightSchedulerConfig s{.loss_name = "mse", .scheduler_type = item.at("scheduler_type").text(), .params = item.at("params"), .end_epoch = {}};
    const int64_t       per_epoch = item.at("batches_per_epoch").integer(), updates = item.at("epochs").integer() * per_epoch;
    std::vector<double> weights;
    for (int64_t k = 0; k < updates; ++k)
      weights.push_back(scheduled_weight(s, {.update = k, .updates_total = updates, .updates_per_epoch = per_epoch}));
    t.compare.expect(item.at("key").text(), weights, t.values(item.at("key").text()), 1e-12);
  }
}

/// Outputs as losses and metrics take them: [rows][steps][units], without the entry of t = 0 where there is one.
struct Outputs {
  size_t              rows, steps, units, first;   // first: entries of a row that are left out
  std::vector<double> values = {};

  Outputs(const FunctionTable& t, const std::string& name, bool drop)
      : rows(size_t(t.arrays.at(name).shape[0])), steps(1), units(size_t(t.arrays.at(name).shape.back())), first(drop) {
    const Array& a = t.arrays.at(name);
    if (a.shape.size() == 3) steps = size_t(a.shape[1]) - first;
    const std::vector<double> all = a.as_double();
    for (size_t row = 0; row < rows; ++row)
      for (size_t i = 0; i < steps * units; ++i) values.push_back(all[row * (steps + first) * units + first * units + i]);
  }
  /// With zeros where something was left out.
  std::vector<double> padded(const std::vector<double>& bar) const {
    std::vector<double> all;
    for (size_t row = 0; row < rows; ++row) {
      all.resize(all.size() + first * units);
      all.insert(all.end(), bar.begin() + ptrdiff_t(row * steps * units), bar.begin() + ptrdiff_t((row + 1) * steps * units));
    }
    return all;
  }
};

inline std::vector<int64_t> classes_of(const FunctionTable& t, const std::string& name) {
  std::vector<int64_t> classes;
  for (const double c : t.values(name)) classes.push_back(int64_t(c));
  return classes;
}

inline void check_loss_of_weights(const FunctionTable& t, const Value& item, const LossEntry& loss, const Arguments& arguments) {
  const std::string         key = item.at("key").text();
  const std::vector<double> W = t.values(item.at("variable").text());
  std::vector<double>       bar(W.size());
  const LossWeights         connection{.place = WeightPlace::hidden, .weights = W, .present = {}, .weights_bar = bar};
  // the toolkit keeps levels as floats
  const bool levels = item.at("loss").text() == "gravity_quantization_loss";
  t.compare.expect(key, {loss.of_weights(arguments, {&connection, 1})}, t.values(key), levels ? 1e-8 : 1e-12);
  t.compare.expect(key + "/grad", bar, t.values(key + "/grad"), 1e-12, levels ? 1e-6 : 1e-12);
}

inline void check_losses(const FunctionTable& t) {
  for (const Value& item : t.about.list()) {
    std::string name = item.at("loss").text();
    const std::string key = item.at("key").text(), variable = item.at("variable").text();
    Value             params = item.at("params");
    const Value*      target = params.find("targets");
    const std::string asked  = target ? target->text() : "";
    for (const char* word : {"targets", "layer_ids"}) params.erase(word);
    const LossEntry& loss      = find_loss(name);
    const Arguments  arguments = check_arguments(name, loss.facts, params);
    if (loss.of_weights) {
      check_loss_of_weights(t, item, loss, arguments);
      continue;
    }
    const Outputs        y(t, variable, variable == "seqp");
    std::vector<int64_t> classes;
    std::vector<double>  values, seen = y.values;
    size_t               steps = y.steps;
    if (name.find("cross_entropy") != name.npos || loss.target == LossTarget::classes) {
      classes = classes_of(t, asked);
    } else if (!asked.empty()) {
      // one of the two has no steps: the toolkit takes the mean over those of the other, here time pooling or the data do
      const Outputs wanted(t, asked, false);
      const Pooling mean{.kind = find_pooling("mean").kind};
      const auto    pooled = [&](const Outputs& o) {
        std::vector<double> p(o.rows * o.units);
        for (size_t row = 0; row < o.rows; ++row)
          pool(mean, o.values.data() + row * o.steps * o.units, o.steps, o.units, p.data() + row * o.units);
        return p;
      };
      values = wanted.steps > y.steps ? pooled(wanted) : wanted.values;
      if (y.steps > wanted.steps) seen = pooled(y), steps = 1;
    }
    std::vector<double> bar(seen.size());
    LossCall<double>    call{.rows = y.rows, .steps = steps, .units = y.units, .output = seen.data(),
                             .classes = classes.empty() ? nullptr : classes.data(), .values = values.empty() ? nullptr : values.data(),
                             .output_bar = bar.data()};
    call.normaliser = loss_count(loss, arguments, call.rows, call.steps, call.units, call.classes);
    t.compare.expect(key, {value_and_adjoint(loss, arguments, call)}, t.values(key), 1e-12);
    if (steps < y.steps) {
      std::vector<double> whole(y.values.size());
      for (size_t row = 0; row < y.rows; ++row)
        pool_adjoint({.kind = find_pooling("mean").kind}, y.values.data() + row * y.steps * y.units, y.steps, y.units,
                     bar.data() + row * y.units, whole.data() + row * y.steps * y.units);
      bar = whole;
    }
    t.compare.expect(key + "/grad", y.padded(bar), t.values(key + "/grad"), 1e-12, 1e-12);
  }
}

inline void check_metrics(const FunctionTable& t) {
  struct Asked {
    const char *recorded, *metric, *output, *classes;
    double      bound = 6e-8;   // half a unit of floats, as which most were recorded
  };
  for (const Asked& a : {Asked{"accuracy", "accuracy", "logits", "targets"}, {"seq_accuracy", "accuracy", "seq", "tseq"},
                         {"top_2", "top_2", "logits", "targets"}, {"precision", "precision", "logits2", "targets2"},
                         {"recall", "recall", "logits2", "targets2"}, {"f1", "f1", "logits2", "targets2"},
                         {"perplexity", "perplexity", "logits", "targets", 1e-12}, {"perplexity_seq", "perplexity", "seq", "tseq", 1e-12},
                         {"bpc", "bits_per_character", "logits", "targets", 1e-8},
                         {"ar_accuracy", "autoregressive_accuracy", "seq", "tseq"}}) {
    const Outputs              y(t, a.output, std::string(a.output) == "seq");
    const std::vector<int64_t> classes = classes_of(t, a.classes);
    Metric                     metric(a.metric);
    metric.add(MetricBatch<double>{.rows = y.rows, .steps = y.steps, .units = y.units, .output = y.values.data(), .classes = classes.data()});
    const double wanted = t.about.at("results").at(a.recorded).number();
    t.compare.expect(a.recorded, {metric.value()}, {wanted}, a.bound);   // ln 2 of bits_per_character is a float there
  }
}

inline void check_units(const FunctionTable& t) {
  const auto expect = [&](const std::string& name, double got, double wanted) { t.compare.expect(name, {got}, {wanted}, 0, 1e-12); };
  for (const Value& set : t.about.list()) {
    const Value* base = set.find("base");
    if (!base) continue;   // constants that the first set has, too
    Junction j;
    for (const auto& [name, number] : {std::pair("I_c", &j.I_c), {"gamma_c", &j.gamma_c}, {"beta_c", &j.beta_c}})
      if (const Value* given = base->find(name)) *number = given->number();
    for (const auto& [name, number] : {std::pair("c_j", j.c_j()), {"r_jj", j.r_jj()}, {"omega_c", j.omega_c()},
                                       {"omega_p", j.omega_p()}, {"tau_0", j.tau_0()}, {"V_j", j.V_j()}})
      expect(name, number, set.at("params").at(name).number());
    for (const Value& c : set.at("conv").list()) {
      const std::string from = c.list()[0].text(), to = c.list()[2].text();
      expect(from + " to " + to, convert(c.list()[1].number(), from, to, j), c.list()[3].number());
    }
  }
}

/// Recorded in single precision, positions between steps included.
inline void check_resample(const FunctionTable& t) {
  const Array& x = t.arrays.at("x");
  for (const auto& [name, array] : t.arrays.entries())
    if (name != "x")
      t.compare.expect(name, resample_time(x.as_double(), 1, size_t(x.shape[0]), size_t(x.shape[1]), size_t(array.shape[0])),
                       array.as_double(), 5e-6);
}

inline void check_local_rules(const FunctionTable& t) {
  const Array& steps = t.arrays.at("pre_traj");
  const size_t rows = size_t(steps.shape[0]), from = size_t(t.arrays.at("W").shape[1]), to = size_t(t.arrays.at("W").shape[0]);
  const std::vector<double> pre = t.values("pre"), post = t.values("post"), w = t.values("W"), mod = t.values("mod");
  const auto now = [&](double pre_share, double post_share, const std::vector<double>& modulator, auto use) {
    std::vector<double> x = pre, y = post;
    for (double& v : x) v *= pre_share;
    for (double& v : y) v *= post_share;
    return use(LocalActivity{.rows = rows, .to = to, .from = from, .post = y, .pre = x, .weights = w, .modulator = modulator});
  };
  const auto expect = [&](const std::string& key, const char* name, const Value& params, const std::vector<double>& modulator = {},
                          LocalUpdate how = {}, std::vector<double>* memory = nullptr, double pre_share = 1, double post_share = 1) {
    const LocalRuleEntry& rule = find_local_rule(name);
    const Arguments       arguments = check_arguments(rule.name, rule.facts, params);
    std::vector<double>   own;
    how.rate = t.about.at("lr").number();
    const auto update = [&](LocalActivity a) {
      const std::vector<double> x = t.values("pre_traj"), y = t.values("post_traj");
      if (rule.on_trajectories) a.steps = size_t(steps.shape[1]), a.pre = x, a.post = y;
      return local_update(rule, arguments, how, a, memory ? *memory : own);
    };
    t.compare.expect(key, now(pre_share, post_share, modulator, update), t.values(key), 1e-12);
  };
  const Value none = Value::map();
  expect("hebbian", "hebbian", none);
  expect("oja", "oja", none);
  std::vector<double> threshold;
  const Value bcm = Value::map({{"momentum", t.about.at("bcm").at("momentum").number()}});
  expect("bcm1", "bcm", bcm, {}, {}, &threshold);
  expect("bcm2", "bcm", bcm, {}, {}, &threshold, 0.7, 1.2);
  t.compare.expect("bcm_theta", threshold, t.values("bcm_theta"), 1e-12);
  double mean = 0;
  for (const double r : mod) mean += r / double(mod.size());
  std::vector<double> centred = mod;
  for (double& r : centred) r -= mean;
  expect("rhebb_0", "reward_modulated_hebbian", none, mod), expect("rhebb_1", "reward_modulated_hebbian", none, centred);
  expect("roja_0", "reward_modulated_oja", none, mod), expect("roja_1", "reward_modulated_oja", none, centred);
  expect("stdp", "stdp", t.about.at("stdp"));
  expect("stdp_mod", "stdp", none, mod);
  const Value& adaptive = t.about.at("adaptive");
  const std::string base = adaptive.at("base").text();
  const double target = adaptive.at("target_weight_norm").number(), limit = adaptive.at("clip_update_norm").number();
  for (const auto& [key, scale] : {std::pair{"adaptive_weight_norm", UpdateScale::weight_norm},
                                   {"adaptive_update_norm", UpdateScale::update_norm}, {"adaptive_activity", UpdateScale::activity}})
    expect(key, base.c_str(), none, {}, {.scale = scale, .target = target, .limit = limit});
}

inline Collections soen_collections() {
  using Check = void (*)(const FunctionTable&);
  return {{"functions", [](const fs::path& folder, Count& count) {
             const std::map<std::string, Check> checks = {
                 {"codebooks", check_codebooks}, {"masks", check_masks}, {"initialisers", check_initialisers},
                 {"param_init", check_param_init}, {"polarity", check_polarity}, {"time_pooling", check_time_pooling},
                 {"lr_schedules", check_lr_schedules}, {"source_functions", check_source_functions},
                 {"loss_weight_schedules", check_loss_weight_schedules}, {"losses", check_losses}, {"metrics", check_metrics},
                 {"units", check_units}, {"resample", check_resample}, {"local_rules", check_local_rules}};
             std::vector<std::string> names;
             for (const auto& file : fs::directory_iterator(folder))
               if (std::find(names.begin(), names.end(), file.path().stem().string()) == names.end())
                 names.push_back(file.path().stem().string());
             std::sort(names.begin(), names.end());
             for (const std::string& name : names)
               run_case("soen/functions/" + name, count, [&](Comparison& compare, Precision) {
                 const auto check = checks.find(name);
                 if (check == checks.end()) throw Skip{"no check of this table yet"};
                 const fs::path about = folder / (name + ".json");
                 const fs::path table = folder / (name + ".npz");
                 const Npz      arrays = fs::exists(table) ? load_npz(table.string()) : Npz(table.string(), {});
                 const Value    text = fs::exists(about) ? load_value(about.string()) : Value();
                 check->second({arrays, text, compare, folder});
               }, {Precision::float64});
           }}};
}

}  // namespace dynode::golden
