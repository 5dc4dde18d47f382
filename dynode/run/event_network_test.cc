// Networks of spikes alone: against the general engine, against closed forms, and against themselves cut differently.
#include "dynode/run/event_network.h"

#include <cmath>
#include <gtest/gtest.h>
#include <map>

#include "dynode/run/synapse_lists.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

std::shared_ptr<const Plan> plan_of(const std::string& text) {
  return compile(read_spec(parse_yaml(text, "net.yaml")));
}

/// Runs a plan, and gives spikes and states of its layers.
template <class R>
struct Outcome {
  std::vector<std::vector<Spike>> spikes;
  std::vector<std::vector<R>>     v, i;
  EventState<R>                   end;

  Outcome(const std::shared_ptr<const Plan>& plan, size_t rows, size_t steps, int threads = 1,
          const EventState<R>* from = nullptr, const std::vector<R>& x = {}) {
    Engine<R>   engine(plan, std::make_shared<Threads>(threads));
    RunInput<R> input;
    input.x = x.empty() ? nullptr : x.data(), input.rows = rows, input.steps = steps, input.from = from;
    if (plan->spiking) input.end = &end;
    std::vector<Record<R>> records;
    spikes.resize(plan->layers.size()), v.resize(spikes.size()), i.resize(spikes.size());
    for (size_t l = 0; l < spikes.size(); ++l) {
      if (!plan->layers[l].cell->fires) continue;
      v[l].resize(rows * (steps + 1) * plan->layers[l].units), i[l] = v[l];
      records.push_back({Record<R>::What::spikes, int(l), 0, nullptr, false, &spikes[l]});
      records.push_back({Record<R>::What::state, int(l), 1, v[l].data()});
      records.push_back({Record<R>::What::state, int(l), 2, i[l].data()});
    }
    engine.simulate(input, records);
  }
};

const char* const kDense = R"(
  - {from_layer: 1, to_layer: 1, connection_type: dense, mode: spike, delay: 0.002, params: {init: {name: normal, params: {std: 0.2}}}}
  - {from_layer: 1, to_layer: 2, connection_type: dense, mode: spike, params: {init: {name: normal, params: {std: 0.4}}}}
  - {from_layer: 2, to_layer: 1, connection_type: sparse, mode: spike, delay: 0.0015, params: {structure: {type: sparse, params: {sparsity: 0.4}}, init: {name: normal, params: {std: 0.4}}}}
)";

TEST(EventNetwork, DoesWhatTheGeneralEngineDoes) {
  const std::string layers = R"(
  - {layer_id: 1, layer_type: LIF, params: {dim: 37, tau_synaptic: 0.004, tau_refractory: 0.0021}}
  - {layer_id: 2, layer_type: LIF, params: {dim: 21, tau_membrane: 0.01}}
)";
  const auto        alone  = plan_of(
              "seed: 3\nsimulation: {dt: 0.0005, input_type: none, steps: 300}\nlayers:" + layers + "connections:" + kDense +
              "drives: [{to_layer: 1, type: constant, value: 80}, {to_layer: 2, type: constant, value: 40}]\n");
  const auto general =
      plan_of("seed: 3\nsimulation: {dt: 0.0005}\nlayers:\n  - {layer_id: 0, layer_type: Input, params: {dim: 2}}" +
              layers + "connections:" + kDense + R"(
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: {name: constant, params: {value: 80}}}}
  - {from_layer: 0, to_layer: 2, connection_type: dense, params: {init: {name: constant, params: {value: 40}}}}
)");
  std::vector<double> x(600);
  for (size_t t = 0; t < 300; ++t) x[2 * t] = 1;
  Outcome<double> a(alone, 1, 300), b(general, 1, 300, 1, nullptr, x);
  for (size_t l : {0, 1}) {
    EXPECT_GT(a.spikes[l].size(), 50u);
    EXPECT_EQ(a.spikes[l], b.spikes[l + 1]);
    for (size_t n = 0; n < a.v[l].size(); ++n) {
      ASSERT_NEAR(a.v[l][n], b.v[l + 1][n], 1e-12);
      ASSERT_NEAR(a.i[l][n], b.i[l + 1][n], 1e-10);
    }
  }
}

TEST(EventNetwork, SpikesArriveByTheSignOfTheirWeights) {
  // one unit that fires in the first step, with a weight of each sign onto two that listen; once as a rule, once as weights
  const char* const layers = R"(
simulation: {dt: 0.001, steps: 3, input_type: none}
layers:
  - {layer_id: 0, layer_type: LIF, params: {dim: 2, initial: {V: 2}}}
  - {layer_id: 1, layer_type: LIFConductance, params: {dim: 2, threshold: 100}}
connections:
  - {from_layer: 0, to_layer: 1, mode: spike, )";
  for (const char* connection : {"connection_type: dense, params: {init: {name: constant, params: {value: -0.5}}}}",
                                 "connection_type: bernoulli, params: {structure: {type: bernoulli, params: "
                                 "{probability: 1, weight: -0.5}}}}"}) {
    const auto            plan = plan_of(std::string(layers) + connection);
    const Outcome<double> r(plan, 1, 3);
    EXPECT_EQ(r.spikes[0].size(), 2u);
    EXPECT_EQ(r.i[1][2], 0);  // gE
    EXPECT_EQ(r.end.states[1][2][0], 0);
    EXPECT_NEAR(r.end.states[1][3][0], 1.0 * std::exp(-0.2), 1e-12);  // gI two steps on, of two spikes of 0.5
  }
}

const char* const kClustered = R"(
seed: 5
simulation: {dt: 0.0005, steps: 400, input_type: none}
layers:
  - {layer_id: 0, layer_type: LIF, params: {dim: 500, n_excitatory: 400, threshold: [1.5, 0.75], initial: {V: {mean: 0.3, std: [0.2, 0.1]}}}}
connections:
  - from_layer: 0
    to_layer: 0
    connection_type: clustered
    mode: spike
    params: {structure: {type: clustered, params: {n_clusters: 4, n_excitatory_background: 80, n_inhibitory_background: 20}}}
drives: [{to_layer: 0, type: poisson, nu_ext_baseline: [7, 7, 0, 0], c_ext: [320, 320, 0, 0], j_ext: [1.3, 1.3, 0, 0]}]
arousal: {level: 0.3}
)";

TEST(EventNetwork, GoesOnAsIfNothingHadHappened) {
  const auto         plan = plan_of(kClustered);
  Outcome<double>    whole(plan, 2, 400), first(plan, 2, 150), second(plan, 2, 250, 1, &first.end);
  std::vector<Spike> joined = first.spikes[0];
  for (Spike s : second.spikes[0]) joined.push_back({s.step + 150, s.row, s.unit});
  EXPECT_GT(joined.size(), 200u);
  EXPECT_EQ(joined, whole.spikes[0]);
  EXPECT_EQ(second.end.step, 400u);
  EXPECT_EQ(second.end.states, whole.end.states);
}

TEST(EventNetwork, CountsStepsTo32Bits) {
  const auto      plan = plan_of(kClustered);
  Outcome<double> first(plan, 1, 10);
  for (auto& recent : first.end.recent) recent.clear();
  first.end.step = UINT32_MAX - 5;
  EXPECT_EQ(Outcome<double>(plan, 1, 5, 1, &first.end).end.step, UINT32_MAX);
  try {
    Outcome<double>(plan, 1, 6, 1, &first.end);
    FAIL();
  } catch (const SpecError& error) {
    EXPECT_NE(std::string(error.what()).find("end with step 4294967296, and networks of spikes count up to 4294967295"),
              std::string::npos)
        << error.what();
  }
}

TEST(EventNetwork, RowsDifferAndDoNotDependOnTheirBatch) {
  const auto     plan = plan_of(kClustered);
  Outcome<float> batch(plan, 3, 200), threads(plan, 3, 200, 2), alone(plan, 1, 200);
  EXPECT_EQ(batch.spikes, threads.spikes);
  std::map<uint32_t, std::vector<Spike>> rows;
  for (const Spike& s : batch.spikes[0]) rows[s.row].push_back({s.step, 0, s.unit});
  EXPECT_EQ(rows[0], alone.spikes[0]);
  EXPECT_NE(rows[0], rows[1]);
}

const char* const kLarge = R"(
seed: 6
simulation: {dt: 0.0001, steps: 200, input_type: none}
layers:
  - {layer_id: 0, layer_type: LIF, params: {dim: 16000, tau_refractory: 0.002, initial: {V: {mean: 0.5, std: 0.3}}}}
  - {layer_id: 1, layer_type: LIF, params: {dim: 5000, tau_refractory: 0.002, initial: {V: {mean: 0.5, std: 0.3}}}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: fixed_indegree, mode: spike, params: {structure: {type: fixed_indegree, params: {indegree: 50, weight: 0.02, weight_deviation: 0.2, delay: 0.001, delay_deviation: 0.4}}}}
  - {from_layer: 1, to_layer: 0, connection_type: bernoulli, mode: spike, delay: 0.0003, params: {structure: {type: bernoulli, params: {probability: 0.01, weight: -0.05}}}}
  - {from_layer: 0, to_layer: 0, connection_type: fixed_total_number, mode: spike, params: {structure: {type: fixed_total_number, params: {total: 700000, weight: 0.02}}}}
drives: [{to_layer: 0, type: poisson, rate: 1000, connections: 1, weight: 0.2}, {to_layer: 1, type: constant, value: 60}]
)";

TEST(EventNetwork, HasTheSameBitsOnAnyNumberOfThreads) {
  const auto     plan = plan_of(kLarge);
  Outcome<float> one(plan, 1, 200), three(plan, 1, 200, 3);
  EXPECT_GT(one.spikes[0].size(), 10000u);
  EXPECT_EQ(one.spikes, three.spikes);
  EXPECT_EQ(one.v, three.v);
  EXPECT_EQ(one.i, three.i);
}

TEST(EventNetwork, DrawnDelaysAndWeightsAreReadAheadAndArriveInTime) {
  // all sources fire in the first step; in double every delay is read when it is due and weights are exact
  const auto            plan = plan_of(R"(
seed: 8
simulation: {dt: 0.0001, steps: 60, input_type: none}
layers:
  - {layer_id: 0, layer_type: LIF, params: {dim: 300, initial: {V: 2}}}
  - {layer_id: 1, layer_type: LIF, params: {dim: 50, threshold: 1.0e+30}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: fixed_indegree, mode: spike, params: {structure: {type: fixed_indegree, params: {indegree: 30, weight: 0.02, weight_deviation: 0.2, delay: 0.002, delay_deviation: 0.4}}}}
)");
  const Outcome<float>  fast(plan, 1, 60), cut(plan, 1, 13);
  const Outcome<double> exact(plan, 1, 60);
  EXPECT_EQ(fast.spikes[0].size(), 300u);
  for (size_t n = 0; n < exact.i[1].size(); ++n) ASSERT_NEAR(fast.i[1][n], exact.i[1][n], 0.004 * (1 + exact.i[1][n]));
  const Outcome<float> rest(plan, 1, 47, 1, &cut.end);
  EXPECT_EQ(rest.end.states, fast.end.states);
}

TEST(EventNetwork, OfMoreUnitsThanHalfAWordCountsHasTheSameBitsHoweverItIsShared) {
  const auto plan = plan_of(R"(
seed: 9
simulation: {dt: 0.0001, steps: 80, input_type: none}
layers:
  - {layer_id: 0, layer_type: LIF, params: {dim: 70000, tau_refractory: 0.002, initial: {V: {mean: 0.6, std: 0.3}}}}
connections:
  - {from_layer: 0, to_layer: 0, connection_type: fixed_indegree, mode: spike, params: {structure: {type: fixed_indegree, params: {indegree: 20, weight: 0.02, weight_deviation: 0.2, delay: 0.001, delay_deviation: 0.5}}}}
drives: [{to_layer: 0, type: poisson, rate: 1000, connections: 1, weight: 0.2}]
)");
  // the last state alone: all of them would be much
  const auto run = [&](size_t steps, int threads, const EventState<float>* from) {
    Engine<float>     engine(plan, std::make_shared<Threads>(threads));
    EventState<float> end;
    RunInput<float>   input;
    input.rows = 1, input.steps = steps, input.from = from, input.end = &end;
    engine.simulate(input, {});
    return end;
  };
  const auto whole = run(80, 1, nullptr), half = run(33, 3, nullptr), rest = run(47, 2, &half);
  EXPECT_GT(whole.recent[0].size(), 1000u);
  EXPECT_EQ(whole.recent, rest.recent);
  EXPECT_EQ(whole.states, rest.states);
}

TEST(EventNetwork, PoissonEventsHaveTheirMeanAndDeviation) {
  // nothing decays within a run and nobody fires: the current counts events
  const auto      plan = plan_of(R"(
simulation: {dt: 0.001, steps: 500, input_type: none}
layers: [{layer_id: 0, layer_type: LIF, params: {dim: 3000, populations: [1000, 2000], threshold: 1.0e+30, tau_synaptic: 1.0e+9}}]
drives: [{to_layer: 0, type: poisson, rate: [200, 30], connections: 10, weight: 1.0e+9}]
)");
  Outcome<double> r(plan, 1, 500);
  const double*   last = r.i[0].data() + 500 * 3000;
  for (const auto& [first, end, mean] : {std::tuple{0, 1000, 1000.0}, {1000, 3000, 150.0}}) {
    double sum = 0, square = 0;
    for (int u = first; u < end; ++u) sum += last[u], square += last[u] * last[u];
    const double n = end - first, m = sum / n, variance = square / n - m * m;
    EXPECT_NEAR(m, mean, 5 * std::sqrt(mean / n));
    EXPECT_NEAR(variance / mean, 1, 5 * std::sqrt(2 / n));
  }
}

/// In-degree of every target, by drawing all lists as one range.
struct Drawn {
  std::shared_ptr<const Plan> plan;
  RangeSynapses<float>        all;

  explicit Drawn(const std::string& text, UnitRange range, size_t connection = 0) : plan(plan_of(text)) {
    Prepared<float>    prepared(*plan);
    std::vector<float> theta(plan->theta.begin(), plan->theta.end());
    prepared.set(theta.data());
    all = draw_synapses(*plan, prepared, plan->connections[connection], range);
  }
  std::vector<int> indegree(size_t targets) const {
    std::vector<int> n(targets);
    for (size_t k = 0; k < *(all.lists.begin.end() - 1); ++k)
      if (!all.lists.is_filling(k)) ++n[all.lists.target_of(k)];
    return n;
  }
};

TEST(SynapseLists, ClusteredUnitsHaveTheIndegreesOfTheirPopulations) {
  const Drawn d(R"(
simulation: {input_type: none}
layers: [{layer_id: 0, layer_type: LIF, params: {dim: 2000, n_excitatory: 1600, threshold: [1.5, 0.75]}}]
connections: [{from_layer: 0, to_layer: 0, connection_type: clustered, mode: spike}]
)",
                {0, 2000});
  const auto  in  = d.indegree(2000);
  double      sum = 0;
  for (size_t t = 0; t < 2000; ++t) {
    const int whole = t < 1600 ? 18 * 16 + 32 + 18 * 10 + 20 : 18 * 40 + 80 + 18 * 10 + 20;
    EXPECT_TRUE(in[t] == whole || in[t] == whole - 1) << t << ": " << in[t];
    sum += in[t];
  }
  EXPECT_NEAR(sum, 1.2315e6, 1000);
}

TEST(SynapseLists, DoNotDependOnTheRange) {
  const Drawn whole(kLarge, {0, 5000}), part(kLarge, {1000, 500});
  for (size_t s = 0; s < 16000; ++s) {
    const auto lists = [&](const Drawn& d, uint32_t first, uint32_t units) {
      std::vector<std::tuple<uint32_t, uint32_t, float>> out;
      const uint32_t                                     keys = d.all.lists.keys, from = &d == &part ? 1000 : 0;
      for (uint32_t key = 0; key < keys; ++key)
        for (uint32_t k = d.all.lists.begin[s * keys + key]; k < d.all.lists.begin[s * keys + key + 1]; ++k)
          if (const uint32_t t = d.all.lists.target_of(k) + from;
              t >= first && t < first + units && !d.all.lists.is_filling(k))
            out.emplace_back(key, t, d.all.lists.weight[k]);
      return out;
    };
    ASSERT_EQ(lists(whole, 1000, 500), lists(part, 1000, 500));
  }
}

TEST(SynapseLists, FollowTheirRules) {
  const auto fixed = Drawn(kLarge, {0, 5000}).indegree(5000);
  for (int n : fixed) ASSERT_EQ(n, 50);
  const Drawn total(kLarge, {0, 16000}, 2);
  EXPECT_EQ(total.all.lists.synapses, 700000u);
  double square = 0;
  for (int n : total.indegree(16000)) square += (n - 43.75) * (n - 43.75);
  EXPECT_NEAR(square / 16000 / 43.75, 1, 0.06);  // Poisson, nearly
  const double pairs = 0.01 * 16000 * 5000;
  EXPECT_NEAR(double(Drawn(kLarge, {0, 16000}, 1).all.lists.synapses), pairs, 5 * std::sqrt(pairs));
}

TEST(SynapseLists, WeightsAndDelaysHaveTheirMeansAndDeviations) {
  const Drawn d(kLarge, {0, 5000});
  const auto& l = d.all.lists;
  double      n = 0, w = 0, w2 = 0, t = 0, t2 = 0;
  for (size_t list = 0; list + 1 < l.begin.size(); ++list)
    for (uint32_t k = l.begin[list]; k < l.begin[list + 1]; ++k) {
      if (l.is_filling(k)) continue;
      const double weight = l.weight[k] * 0.005, delay = double(list % l.keys) + d.all.shortest;
      ++n, w += weight, w2 += weight * weight, t += delay, t2 += delay * delay;
    }
  EXPECT_NEAR(w / n, 0.02, 1e-4);
  EXPECT_NEAR(std::sqrt(w2 / n - w / n * w / n), 0.004, 1e-4);
  EXPECT_NEAR(t / n, 10, 0.1);
  EXPECT_NEAR(std::sqrt(t2 / n - t / n * t / n), 4, 0.1);
}

TEST(SynapseLists, WeightsThatHoldTheirTargetsAreNearToThoseThatWereDrawn) {
  const auto          plan = plan_of(kLarge);
  Prepared<float>     single(*plan);
  Prepared<double>    precise(*plan);
  std::vector<float>  theta(plan->theta.begin(), plan->theta.end());
  std::vector<double> exact(plan->theta.begin(), plan->theta.end());
  single.set(theta.data()), precise.set(exact.data());
  const auto a = draw_synapses(*plan, single, plan->connections[0], {1000, 500}).lists;
  const auto b = draw_synapses(*plan, precise, plan->connections[0], {1000, 500}).lists;
  ASSERT_TRUE(a.packed && !b.packed);
  ASSERT_EQ(a.synapses, b.synapses);
  ASSERT_EQ(a.begin.size(), b.begin.size());
  double all = 0, exactly = 0;
  for (size_t list = 0; list + 1 < a.begin.size(); ++list) {
    const uint32_t n = b.begin[list + 1] - b.begin[list];
    ASSERT_EQ(a.begin[list + 1] - a.begin[list], (n + kChunk - 1) / kChunk * kChunk);
    for (uint32_t k = 0; k < n; ++k) {
      const size_t at = a.begin[list] + k;
      const double w  = b.weight[b.begin[list] + k];
      ASSERT_EQ(a.target_of(at), b.target_of(b.begin[list] + k));
      ASSERT_NEAR(a.weight[at], w, w / 250);
      all += a.weight[at], exactly += w;
    }
  }
  EXPECT_NEAR(all / exactly, 1, 2e-5);
}

TEST(EventNetwork, HasNoGradientAndStopsAtNumbersThatAreNotFinite) {
  const auto      plan = plan_of(kClustered);
  Engine<float>   engine(plan, std::make_shared<Threads>(1));
  RunInput<float> input;
  input.steps = 10;
  EXPECT_THROW(engine.loss(input, [](const TileOutputs<float>&) { return 0.0; }, {}), SpecError);
  std::vector<float> v(500, NAN);
  input.initial.push_back({0, 1, v.data(), false});
  try {
    engine.simulate(input, {});
    ADD_FAILURE() << "ran on";
  } catch (const NumericsError& error) { EXPECT_NE(std::string(error.what()).find("layer 0"), std::string::npos); }
}

}  // namespace
}  // namespace dynode
