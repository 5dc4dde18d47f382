// Recorded criteria of nn4n on given tensors: values and gradients by every tensor.
#pragma once
#include "dynode/learn/loss.h"
#include "dynode/plan/arguments.h"
#include "golden_case.h"

namespace dynode::golden {

/// The criteria in our words, on the recorded tensors, in the precision R.
template <class R>
class CtrnnLosses {
 public:
  using Params  = std::vector<Value::Entry>;
  using Numbers = std::vector<double>;

  explicit CtrnnLosses(const fs::path& path)
      : in_(load_npz((path / "weights.npz").string())), expected_(load_npz((path / "expected.npz").string())) {}

  struct Result {
    double  value = 0;
    Numbers output, recurrent;   // gradients
  };

  /// A loss on outputs.
  /// @param steps  [rows][steps][units] or, pooled, [rows][units]
  /// @param target  the values it compares with, "" for none
  Result on_outputs(const char* name, const Numbers& output, const std::vector<int64_t>& shape, Params params = {},
                    const std::string& target = "", double weight = 1) const {
    const LossEntry& loss      = find_loss(name);
    const Arguments  arguments = check_arguments(name, loss.facts, Value(std::move(params)));
    const auto       s         = cast(output);
    const auto       values    = target.empty() ? std::vector<R>() : cast(tensor(target));
    const Numbers    W         = tensor("w_hid");
    std::vector<R>   bar(s.size());
    Result           result;
    result.recurrent.resize(W.size());
    LossCall<R> call;
    call.rows          = size_t(shape[0]);
    call.steps         = shape.size() > 2 ? size_t(shape[1]) : 1;
    call.units         = size_t(shape.back());
    call.output        = s.data();
    call.values        = values.empty() ? nullptr : values.data();
    call.recurrent     = W.data();
    call.recurrent_bar = result.recurrent.data();
    call.normaliser    = loss_count(loss, arguments, call.rows, call.steps, call.units, nullptr);
    call.weight        = weight;
    call.output_bar    = bar.data();
    result.value       = value_and_adjoint(loss, arguments, call);
    result.output.assign(bar.begin(), bar.end());
    return result;
  }
  Result on_outputs(const char* name, const std::string& input, Params params = {}, const std::string& target = "",
                    double weight = 1) const {
    return on_outputs(name, tensor(input), in_.at(input).shape, std::move(params), target, weight);
  }

  /// A loss on the three matrices; their gradients in the order of kWeights.
  struct OfWeights {
    double               value = 0;
    std::vector<Numbers> bars;
  };
  OfWeights on_weights(Params params) const {
    const LossEntry&         loss = find_loss("rnn_conn");
    OfWeights                result;
    std::vector<Numbers>     values;
    std::vector<LossWeights> seen;
    for (const char* name : kWeights) values.push_back(tensor(name)), result.bars.emplace_back(values.back().size());
    const WeightPlace places[] = {WeightPlace::input, WeightPlace::hidden, WeightPlace::readout};
    for (size_t i = 0; i < 3; ++i) seen.push_back({places[i], values[i], {}, result.bars[i]});
    result.value = loss.of_weights(check_arguments("rnn_conn", loss.facts, Value(std::move(params))), seen);
    return result;
  }

  Numbers tensor(const std::string& name) const { return in_.at(name).as_double(); }

  static constexpr const char* kWeights[] = {"w_in", "w_hid", "w_out"};

  void run(Comparison& compare, double tolerance) const {
    const auto check = [&](const std::string& name, const Numbers& got) {
      compare.expect(name, got, expected_.at(name).as_double(), tolerance, tolerance);
    };
    const auto on_states = [&](const std::string& key, const char* loss, const char* states, Params params) {
      const Result r = on_outputs(loss, states, std::move(params));
      check(key, {r.value});
      check(key + "__grad_state", r.output);
      if (key == "hebbian") check(key + "__grad_w_hid", r.recurrent);
    };

    // on states
    for (const char* metric : {"l1", "l2"})
      on_states(fmt::format("fr_{}", metric), "fr", "in_states_signed", {{"metric", metric}});
    for (const char* metric : {"sd", "cv", "mean_ad", "max_ad"})
      on_states(fmt::format("fr_dist_{}", metric), "fr_dist", "in_states", {{"metric", metric}});
    for (const int tau : {1, 3})
      on_states(fmt::format("state_pred_tau{}", tau), "state_pred", "in_states", {{"tau", tau}});
    for (const int reg : {0, 10}) on_states(fmt::format("entropy_reg{}", reg), "entropy", "in_states", {{"reg", reg}});
    on_states("hebbian", "hebbian", "in_states_signed", {});
    population_kl(compare, tolerance);

    // on outputs
    const Result logits = on_outputs("cross_entropy", "in_logits", {}, "in_target_probs");
    check("cross_entropy_logits", {logits.value});
    check("cross_entropy_logits__grad_pred", logits.output);
    const Result probs = on_outputs("cross_entropy", "in_probs_pred", {{"apply_softmax", false}}, "in_target_probs");
    check("cross_entropy_probs", {probs.value});
    check("cross_entropy_probs__grad_pred", probs.output);

    // on weights
    for (const char* layer : {"all", "input", "hidden", "readout"})
      for (const char* metric : {"fro", "l1"}) {
        const OfWeights   c   = on_weights({{"layer", layer}, {"metric", metric}});
        const std::string key = fmt::format("conn_{}_{}", layer, metric);
        check(key, {c.value});
        for (size_t i = 0; i < 3; ++i)
          if (expected_.find(key + "__grad_" + kWeights[i])) check(key + "__grad_" + kWeights[i], c.bars[i]);
      }

    // sums of several
    rnn_loss(compare, tolerance, "in_states", "rnnloss_parts", true);
    rnn_loss(compare, tolerance, "in_states_signed", "rnnloss_signed_parts", false);
    const Numbers composite = {on_outputs("fr", "in_states", {{"metric", "l2"}}, "", 0.5).value,
                               on_outputs("mse", "in_pred", {}, "in_label", 2).value,
                               on_outputs("fr_dist", "in_states", {{"metric", "cv"}}, "", 0.1).value,
                               on_weights({{"layer", "hidden"}}).value};
    check("composite_parts", composite);
    check("composite_total", {composite[0] + composite[1] + composite[2] + composite[3]});
  }

 private:
  static std::vector<R> cast(const Numbers& x) { return {x.begin(), x.end()}; }

  /// The two sets of states as one of twice the units.
  void population_kl(Comparison& compare, double tolerance) const {
    const Numbers      a = tensor("in_states"), b = tensor("in_states_2");
    const auto         shape = in_.at("in_states").shape;
    const size_t       units = size_t(shape[2]);
    const auto         both_of = [&](const Numbers& x, const Numbers& y) {
      Numbers both;
      for (size_t at = 0; at < x.size(); at += units) {
        both.insert(both.end(), x.begin() + ptrdiff_t(at), x.begin() + ptrdiff_t(at + units));
        both.insert(both.end(), y.begin() + ptrdiff_t(at), y.begin() + ptrdiff_t(at + units));
      }
      return both;
    };
    for (const bool symmetric : {true, false})
      for (const char* reduction : {"mean", "sum"}) {
        const std::string key = fmt::format("popkl_{}_{}", symmetric ? "sym" : "asym", reduction);
        const Result      r   = on_outputs("pop_kl", both_of(a, b), {shape[0], shape[1], 2 * shape[2]},
                                           {{"symmetric", symmetric}, {"reduction", reduction}});
        compare.expect(key, {r.value}, expected_.at(key).as_double(), tolerance, tolerance);
        const Numbers wanted =
            both_of(expected_.at(key + "__grad_a").as_double(), expected_.at(key + "__grad_b").as_double());
        compare.expect(key + "__grad", r.output, wanted, tolerance, tolerance);
      }
  }

  /// The fixed combination, with the recorded weights.
  void rnn_loss(Comparison& compare, double tolerance, const char* states, const char* key, bool gradients) const {
    const Result fr = on_outputs("fr", states, {}, "", 0.4), sd = on_outputs("fr_dist", states, {}, "", 0.5);
    const Result cv  = on_outputs("fr_dist", states, {{"metric", "cv"}, {"absolute", true}}, "", 0.6);
    const Result mse = on_outputs("mse", "in_pred", {}, "in_label");
    const char* const    places[] = {"input", "hidden", "readout"};
    Numbers              parts    = {mse.value};
    std::vector<Numbers> bars;
    for (size_t i = 0; i < 3; ++i) {
      const double    lambda = 0.1 * double(i + 1);
      const OfWeights part   = on_weights({{"layer", places[i]}, {"metric", "mean_square"}});
      parts.push_back(lambda * part.value);
      bars.push_back(part.bars[i]);
      for (double& slope : bars.back()) slope *= lambda;
    }
    for (const Result* r : {&fr, &sd, &cv}) parts.push_back(r->value);
    compare.expect(key, parts, expected_.at(key).as_double(), tolerance, tolerance);
    if (!gradients) return;
    double  total = 0;
    Numbers by_states(fr.output.size());
    for (const double part : parts) total += part;
    for (size_t i = 0; i < by_states.size(); ++i) by_states[i] = fr.output[i] + sd.output[i] + cv.output[i];
    const auto check = [&](const std::string& name, const Numbers& got) {
      compare.expect(name, got, expected_.at(name).as_double(), tolerance, tolerance);
    };
    check("rnnloss", {total});
    check("rnnloss_total", {total});
    check("rnnloss__grad_pred", mse.output);
    check("rnnloss__grad_states", by_states);
    for (size_t i = 0; i < 3; ++i) check(std::string("rnnloss__grad_") + kWeights[i], bars[i]);
  }

  Npz in_, expected_;
};

inline void run_ctrnn_losses(const fs::path& path, Precision precision, Comparison& compare, double tolerance) {
  if (precision == Precision::float64) CtrnnLosses<double>(path).run(compare, tolerance);
  else CtrnnLosses<float>(path).run(compare, tolerance);
}

}  // namespace dynode::golden
