// Networks of spiking units: delays, feedback, windows, batches, against a plain simulation written here.
#include <cmath>
#include <gtest/gtest.h>

#include "dynode/base/random.h"
#include "dynode/run/engine.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

struct Wire {
  int from, to;
  int delay = 1;  // steps
};

constexpr double kStep = 5e-4;

/// Input of one channel per unit of all layers, and LIF layers 1, 2, … that take their share as stimulus.
std::string spec_text(const std::vector<int>& sizes, const std::vector<Wire>& wires, const std::string& more = "") {
  int total = 0;
  for (int n : sizes) total += n;
  std::string text =
      "simulation: {dt: 0.0005}\nlayers:\n  - {layer_id: 0, layer_type: Input, params: {dim: " + std::to_string(total) +
      "}}\n";
  for (size_t i = 0; i < sizes.size(); ++i)
    text += "  - {layer_id: " + std::to_string(i + 1) + ", layer_type: LIF, params: {dim: " + std::to_string(sizes[i]) +
            ", tau_refractory: 0.001" + more + "}}\n";
  text += "connections:\n";
  for (size_t i = 0; i < sizes.size(); ++i)
    text += "  - {from_layer: 0, to_layer: " + std::to_string(i + 1) + ", connection_type: dense}\n";
  for (const Wire& w : wires) {
    text += "  - {from_layer: " + std::to_string(w.from) + ", to_layer: " + std::to_string(w.to) +
            ", connection_type: sparse, mode: spike, params: {sparsity: 0.6, init: normal, std: 0.4}";
    if (w.delay != 1) text += ", delay: " + std::to_string(w.delay * kStep);
    text += "}\n";
  }
  return text;
}

/// What a network did: spikes of every layer, final voltages and currents.
struct Outcome {
  std::vector<std::vector<Spike>>  spikes;  // per LIF layer
  std::vector<std::vector<double>> v, i;    // per LIF layer [row][unit]
};

template <class R>
class SpikingCase {
 public:
  SpikingCase(const std::vector<int>& sizes, const std::vector<Wire>& wires, size_t rows, size_t steps,
              size_t first_row = 0, int threads = 1)
      : sizes_(sizes),
        wires_(wires),
        rows_(rows),
        steps_(steps),
        plan(compile(read_spec(parse_yaml(spec_text(sizes, wires), "net.yaml")))),
        engine(plan, std::make_shared<Threads>(threads)) {
    // each channel drives its unit
    theta.assign(plan->theta.begin(), plan->theta.end());
    size_t first = 0, width = plan->input_width();
    for (size_t l = 0; l < sizes.size(); ++l) {
      const Block& b = plan->parameters[plan->parameters.find("J_0_to_" + std::to_string(l + 1))];
      for (size_t n = 0; n < b.size(); ++n) theta[b.offset + n] = R(n % width == first + n / width ? 1 : 0);
      first += size_t(sizes[l]);
    }
    engine.set_parameters(theta);
    for (size_t row = 0; row < rows; ++row) {
      Random random(row + first_row, "stimulus");
      for (size_t n = 0; n < steps * width; ++n) x.push_back(R(150 + 60 * random.normal()));
    }
  }

  Outcome run() {
    Outcome o;
    o.spikes.resize(sizes_.size());
    std::vector<std::vector<R>> last;
    std::vector<Record<R>>      records;
    for (size_t l = 0; l < sizes_.size(); ++l)
      for (int state : {1, 2}) {
        last.emplace_back(rows_ * size_t(sizes_[l]));
        records.push_back({Record<R>::What::state, int(l) + 1, state, last.back().data(), true});
      }
    for (size_t l = 0; l < sizes_.size(); ++l)
      records.push_back({Record<R>::What::spikes, int(l) + 1, 0, nullptr, false, &o.spikes[l]});
    engine.simulate({x.data(), rows_, steps_, {}}, records);
    for (size_t l = 0; l < sizes_.size(); ++l) {
      o.v.emplace_back(last[2 * l].begin(), last[2 * l].end());
      o.i.emplace_back(last[2 * l + 1].begin(), last[2 * l + 1].end());
    }
    return o;
  }

  /// The same by the rules of the unit, one number after the other.
  Outcome expected() const {
    const double tm = 0.02, ts = 0.005, em = std::exp(-kStep / tm), es = std::exp(-kStep / ts);
    const double ki = ts * tm / (ts - tm) * (es - em), ks = tm * (1 - em);
    const int    clamped = 2;
    Outcome      o;
    o.spikes.resize(sizes_.size()), o.v.resize(sizes_.size()), o.i.resize(sizes_.size());
    for (size_t l = 0; l < sizes_.size(); ++l)
      o.v[l].resize(rows_ * size_t(sizes_[l])), o.i[l].resize(rows_ * size_t(sizes_[l]));
    const size_t width = plan->input_width();
    for (size_t row = 0; row < rows_; ++row) {
      std::vector<std::vector<std::vector<double>>> s(sizes_.size());  // [layer][step][unit]
      std::vector<std::vector<int>>                 c(sizes_.size());
      for (size_t l = 0; l < sizes_.size(); ++l) c[l].resize(size_t(sizes_[l]));
      for (size_t t = 0; t < steps_; ++t) {
        size_t channel = 0;
        for (size_t l = 0; l < sizes_.size(); ++l) {
          const size_t n = size_t(sizes_[l]);
          s[l].emplace_back(n);
          for (size_t u = 0; u < n; ++u, ++channel) {
            double &   v = o.v[l][row * n + u], &i = o.i[l][row * n + u];
            const bool resting = c[l][u] > 0;
            v                  = resting ? 0 : em * v + ki * i + ks * double(x[(row * steps_ + t) * width + channel]);
            i *= es;
            if (resting) --c[l][u];
            if (v >= 1) v = 0, c[l][u] = clamped, s[l][t][u] = 1;
          }
        }
        for (const Wire& w : wires_) {
          if (t + 1 < size_t(w.delay)) continue;
          const size_t to = size_t(sizes_[size_t(w.to - 1)]), from = size_t(sizes_[size_t(w.from - 1)]);
          const Block& b =
              plan->parameters[plan->parameters.find("J_" + std::to_string(w.from) + "_to_" + std::to_string(w.to))];
          for (size_t a = 0; a < to; ++a)
            for (size_t z = 0; z < from; ++z)
              o.i[size_t(w.to - 1)][row * to + a] +=
                  double(theta[b.offset + a * from + z]) / ts * s[size_t(w.from - 1)][t + 1 - size_t(w.delay)][z];
        }
      }
      for (size_t l = 0; l < sizes_.size(); ++l)
        for (size_t t = 0; t < steps_; ++t)
          for (size_t u = 0; u < s[l][t].size(); ++u)
            if (s[l][t][u] > 0) o.spikes[l].push_back({uint32_t(t), uint32_t(row), uint32_t(u)});
    }
    for (auto& list : o.spikes)
      std::stable_sort(list.begin(), list.end(), [](const Spike& a, const Spike& b) { return a.step < b.step; });
    return o;
  }

 private:
  std::vector<int>  sizes_;
  std::vector<Wire> wires_;
  size_t            rows_, steps_;

 public:
  std::shared_ptr<const Plan> plan;
  Engine<R>                   engine;
  std::vector<R>              theta, x;
};

struct Wiring {
  const char*       name;
  std::vector<int>  sizes;
  std::vector<Wire> wires;
};

const std::vector<Wiring>& wirings() {
  static const std::vector<Wiring> list = {
      {"to itself", {9}, {{1, 1}}},
      {"to itself, late", {9}, {{1, 1, 7}}},
      {"forwards", {6, 5}, {{1, 2}}},
      {"forwards, later than a chunk and a window", {6, 5}, {{1, 2, 16}, {2, 2, 40}}},
      {"feedback", {6, 5}, {{1, 2}, {2, 1}}},
      {"feedback with different delays", {6, 5}, {{1, 2, 3}, {2, 1, 17}, {1, 1, 2}}},
      {"a chain behind a loop", {4, 5, 6, 3}, {{1, 2, 2}, {2, 1}, {2, 3, 33}, {3, 4}, {1, 4, 5}}},
      {"backwards only", {4, 5}, {{2, 1, 4}}},
  };
  return list;
}

TEST(Spikes, ArriveAfterTheirDelayWhateverTheWiring) {
  for (const Wiring& w : wirings())
    for (size_t steps : {1, 5, 16, 33, 200}) {
      SpikingCase<double> c(w.sizes, w.wires, 2, steps);
      const Outcome       got = c.run(), wanted = c.expected();
      size_t              count = 0;
      for (size_t l = 0; l < w.sizes.size(); ++l) {
        ASSERT_EQ(got.spikes[l], wanted.spikes[l]) << w.name << ", " << steps << " steps, layer " << l + 1;
        for (size_t n = 0; n < got.v[l].size(); ++n) {
          ASSERT_NEAR(got.v[l][n], wanted.v[l][n], 1e-12) << w.name;
          ASSERT_NEAR(got.i[l][n], wanted.i[l][n], 1e-10) << w.name;
        }
        count += got.spikes[l].size();
      }
      if (steps == 200) { EXPECT_GT(count, 100u) << w.name; }
    }
}

TEST(Spikes, ASpikeActsFromTheStepAfterItsArrival) {
  // one unit that is driven over the threshold once, one that listens
  const auto                plan = compile(read_spec(parse_yaml(R"(
simulation: {dt: 0.0005}
layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 1}}
  - {layer_id: 1, layer_type: LIF, params: {dim: 1}}
  - {layer_id: 2, layer_type: LIF, params: {dim: 1}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: {name: constant, params: {value: 1.0}}}}
  - {from_layer: 1, to_layer: 2, connection_type: dense, mode: spike, delay: 0.0015, params: {init: {name: constant, params: {value: 0.25}}}}
)",
                                                                "net.yaml")));
  Engine<double>            engine(plan, std::make_shared<Threads>(1));
  const std::vector<double> x = {0, 1e5, 0, 0, 0, 0, 0};
  std::vector<double>       s(8), i(8), v(8);
  const Record<double>      records[] = {{Record<double>::What::state, 1, 0, s.data()},
                                         {Record<double>::What::state, 2, 2, i.data()},
                                         {Record<double>::What::state, 2, 1, v.data()}};
  engine.simulate({x.data(), 1, 7, {}}, records);
  EXPECT_EQ(s, (std::vector<double>{0, 0, 1, 0, 0, 0, 0, 0}));  // in step 1
  const double es = std::exp(-0.1);
  EXPECT_EQ(i[3], 0);
  EXPECT_DOUBLE_EQ(i[4], 50);  // w/τ_s at the end of step 3 = 1 + delay − 1
  EXPECT_DOUBLE_EQ(i[5], 50 * es);
  EXPECT_EQ(v[4], 0);
  EXPECT_GT(v[5], 0);
}

template <class R>
class SpikesIn : public ::testing::Test {};
using Precisions = ::testing::Types<float, double>;
TYPED_TEST_SUITE(SpikesIn, Precisions);

TYPED_TEST(SpikesIn, ARowHasTheSameBitsAloneAndInEveryBatchAndOnAnyNumberOfThreads) {
  using R = TypeParam;
  for (const Wiring& w : wirings()) {
    const size_t   rows = 19, steps = 70;
    SpikingCase<R> batch(w.sizes, w.wires, rows, steps), threads(w.sizes, w.wires, rows, steps, 0, 3);
    const Outcome  all = batch.run(), parallel = threads.run();
    EXPECT_EQ(all.spikes, parallel.spikes);
    EXPECT_EQ(all.v, parallel.v);
    EXPECT_EQ(all.i, parallel.i);
    for (size_t row : {0, 7, 18}) {
      SpikingCase<R> alone(w.sizes, w.wires, 1, steps, row);
      const Outcome  one = alone.run();
      for (size_t l = 0; l < w.sizes.size(); ++l) {
        std::vector<Spike> own;
        for (const Spike& s : all.spikes[l])
          if (s.row == row) own.push_back({s.step, 0, s.unit});
        ASSERT_EQ(one.spikes[l], own) << w.name;
        const auto n = size_t(w.sizes[l]);
        for (size_t u = 0; u < n; ++u) {
          ASSERT_EQ(one.v[l][u], all.v[l][row * n + u]) << w.name;
          ASSERT_EQ(one.i[l][u], all.i[l][row * n + u]) << w.name;
        }
      }
    }
  }
}

TYPED_TEST(SpikesIn, ASecondRunStartsAfresh) {
  using R = TypeParam;
  SpikingCase<R> c({6, 5}, {{1, 2, 3}, {2, 1, 17}}, 3, 90);
  const Outcome  first = c.run(), second = c.run();
  EXPECT_EQ(first.spikes, second.spikes);
  EXPECT_EQ(first.v, second.v);
  EXPECT_EQ(first.i, second.i);
}

TEST(Spikes, UnitsThatOnlyFireRunInTilesWithTheBitsOfRows) {
  // no spike connections: rows of the batch are lanes
  const size_t        rows = 2 * dense_kernels<double>().width + 3;
  SpikingCase<double> batch({5}, {}, rows, 60), alone({5}, {}, 1, 60, rows - 1), lane({5}, {}, 1, 60, 1);
  const Outcome       all = batch.run(), last = alone.run(), second = lane.run();
  for (size_t u = 0; u < 5; ++u) {
    EXPECT_EQ(last.v[0][u], all.v[0][(rows - 1) * 5 + u]);
    EXPECT_EQ(second.v[0][u], all.v[0][5 + u]);
  }
  std::vector<Spike> own;
  for (const Spike& s : all.spikes[0])
    if (s.row == 1) own.push_back({s.step, 0, s.unit});
  EXPECT_EQ(second.spikes[0], own);
  EXPECT_FALSE(own.empty());
}

TEST(Spikes, ChangedTimeConstantsCountAtOnce) {
  SpikingCase<double> c({9}, {{1, 1}}, 1, 50);
  const Outcome       before = c.run();
  const Block&        tau    = c.plan->parameters[c.plan->parameters.find("layer1/tau_synaptic")];
  for (size_t u = 0; u < tau.size(); ++u) c.theta[tau.offset + u] = 0.002;
  c.engine.set_parameters(c.theta);
  EXPECT_NE(c.run().i, before.i);
  for (size_t u = 0; u < tau.size(); ++u) c.theta[tau.offset + u] = 0.005;
  c.engine.set_parameters(c.theta);
  EXPECT_EQ(c.run().i, before.i);
}

TEST(Spikes, SentAsEventsHaveNoGradient) {
  SpikingCase<double>    c({4}, {{1, 1}}, 1, 5);
  std::vector<double>    bar(c.theta.size());
  const TileLoss<double> loss = [](const TileOutputs<double>&) { return 1.0; };
  try {
    c.engine.gradient({c.x.data(), 1, 5, {}}, loss, {.watched = {1}}, {bar.data()});
    ADD_FAILURE() << "a gradient was given";
  } catch (const SpecError& error) {
    EXPECT_STREQ(error.what(), "J_1_to_1 carries spikes as events, which have no derivative\n"
                               "  without mode: spike and with params: {port: events} it carries them with one");
  }
}

}  // namespace
}  // namespace dynode
