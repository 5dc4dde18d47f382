// What must leave no trace in the bits: checkpoints, threads, neighbours in the batch, what is recorded, how a method
// is written. And what may only leave the trace of rounding.
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

#include "dynode/kernels/isa.h"
#include "dynode/run/network_test.h"

namespace dynode {
namespace {

template <class R>
class Invariance : public ::testing::Test {
 protected:
  void TearDown() override { use_isa(""); }
};
using Precisions = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Invariance, Precisions);

constexpr uint64_t kSpecs = 100;

/// Kinks and the table are welcome here: nothing is differenced.
Spec spec_of(uint64_t seed) { return random_spec(seed, {.smooth = seed % 2 == 0}); }

TYPED_TEST(Invariance, CheckpointsGiveTheBitsOfTheFullTape) {
  using R            = TypeParam;
  const size_t width = dense_kernels<R>().width;
  for (uint64_t seed = 1; seed <= kSpecs; ++seed) {
    const size_t        rows = std::vector<size_t>{1, 3, width + 1, 2 * width + 5}[seed % 4];
    NetworkCase<R>      c(spec_of(seed), rows, 11 + seed % 13);
    auto                engine = c.engine();
    const GradientOf<R> full   = c.gradient(*engine);
    for (size_t every : {1, 3, 7, 1000})
      ASSERT_EQ(c.gradient(*engine, every), full) << "every " << every << ", " << case_name(seed, *c.plan);
    ASSERT_EQ(c.gradient(*engine), full) << "once more";
    ASSERT_EQ(c.loss(*engine), full.loss);
  }
}

TYPED_TEST(Invariance, LongRunsOfOneNetworkDoNotDependOnCheckpointsEither) {
  using R = TypeParam;
  // more steps than a window of a simulation, a chunk of the forward pass and a chunk of the adjoint
  NetworkCase<R>      c(random_spec(5), 3, 150);
  auto                engine = c.engine();
  const GradientOf<R> full   = c.gradient(*engine);
  for (size_t every : {16, 31, 64, 149}) ASSERT_EQ(c.gradient(*engine, every), full) << every;
  ASSERT_EQ(c.loss(*engine), full.loss);
}

TYPED_TEST(Invariance, ThreadsLeaveNoTrace) {
  using R            = TypeParam;
  const size_t width = dense_kernels<R>().width;
  for (uint64_t seed = 1; seed <= kSpecs; seed += 2) {
    NetworkCase<R>      c(spec_of(seed), seed % 3 ? 5 * width + 3 : 40 * width + 1, 4);  // also more tiles than groups
    auto                one      = c.engine(1);
    const GradientOf<R> gradient = c.gradient(*one);
    const auto          records  = c.record(*one);
    for (int threads : {2, 3}) {
      auto more = c.engine(threads);
      for (int again = 0; again < 2; ++again) {
        ASSERT_EQ(c.gradient(*more, again ? 3 : 0), gradient) << threads << " threads, " << case_name(seed, *c.plan);
        ASSERT_EQ(c.record(*more), records) << threads << " threads, " << case_name(seed, *c.plan);
      }
    }
  }
}

TYPED_TEST(Invariance, ARowHasTheSameBitsAloneAndInEveryBatch) {
  using R = TypeParam;
  for (uint64_t seed = 1; seed <= kSpecs; ++seed) {
    const Spec   spec  = spec_of(seed);
    const size_t steps = 3 + seed % 40;
    for (size_t rows : {5, 17, 40, 70}) {
      if ((seed + rows) % 4) continue;  // one of them per network
      NetworkCase<R>      batch(spec, rows, steps);
      auto                engine   = batch.engine();
      const auto          records  = batch.record(*engine);
      const GradientOf<R> gradient = batch.gradient(*engine);
      for (size_t row : {size_t{0}, rows / 2, rows - 1}) {
        NetworkCase<R> alone(spec, 1, steps, row);
        auto           single = alone.engine();
        const auto     same   = [&](const std::vector<R>& one, const std::vector<R>& all, const std::string& what) {
          ASSERT_EQ(one, std::vector<R>(all.begin() + ptrdiff_t(row * one.size()),
                                        all.begin() + ptrdiff_t((row + 1) * one.size())))
              << what << " of row " << row << " of " << rows << ", " << case_name(seed, *batch.plan);
        };
        const auto own = alone.record(*single);
        for (size_t i = 0; i < own.size(); ++i) same(own[i], records[i], "record " + std::to_string(i));
        const GradientOf<R> g = alone.gradient(*single);
        same(g.x, gradient.x, "x_bar");
        for (size_t i = 0; i < g.initial.size(); ++i) same(g.initial[i], gradient.initial[i], "initial_bar");
        if (this->HasFatalFailure()) return;
      }
    }
  }
}

TYPED_TEST(Invariance, ABatchInPartsHasTheBitsOfTheWhole) {
  using R            = TypeParam;
  const size_t width = dense_kernels<R>().width;
  for (uint64_t seed = 1; seed <= kSpecs; ++seed) {
    const Spec          spec = spec_of(seed);
    Random              random(seed, "parts");
    const size_t        rows = 2 + random.integer(4 * width), steps = 2 + seed % 11;
    NetworkCase<R>      whole(spec, rows, steps);
    auto                engine   = whole.engine();
    const auto          records  = whole.record(*engine);
    const GradientOf<R> gradient = whole.gradient(*engine);
    std::vector<size_t> cuts     = {0, 1 + random.integer(rows - 1), 1 + random.integer(rows - 1), rows};
    std::sort(cuts.begin(), cuts.end());
    for (size_t k = 0; k + 1 < cuts.size(); ++k) {
      if (cuts[k] == cuts[k + 1]) continue;
      NetworkCase<R> part(spec, cuts[k + 1] - cuts[k], steps, cuts[k]);
      const auto     same = [&](const std::vector<R>& of_part, const std::vector<R>& all, const std::string& what) {
        const size_t row = all.size() / rows;
        ASSERT_EQ(of_part.size(), part.rows * row);
        ASSERT_TRUE(std::equal(of_part.begin(), of_part.end(), all.begin() + ptrdiff_t(cuts[k] * row)))
            << what << " of rows " << cuts[k] << " to " << cuts[k + 1] << " of " << rows << ", "
            << case_name(seed, *whole.plan);
      };
      const auto own = part.record(*engine);  // the same engine: it has other shapes behind it
      for (size_t i = 0; i < own.size(); ++i) same(own[i], records[i], "record " + std::to_string(i));
      const GradientOf<R> g = part.gradient(*engine, k * 3);
      same(g.x, gradient.x, "x_bar");
      for (size_t i = 0; i < g.initial.size(); ++i) same(g.initial[i], gradient.initial[i], "initial_bar");
      if (this->HasFatalFailure()) return;
    }
  }
}

/// They have no gradient: what they record is compared.
TYPED_TEST(Invariance, NetworksThatFireHaveTheSameBitsAloneInBatchesAndOnAnyThreads) {
  using R            = TypeParam;
  const size_t width = dense_kernels<R>().width;
  size_t       fired = 0, sent = 0;
  for (uint64_t seed = 1; seed <= kSpecs; ++seed) {
    const Spec     spec = random_spec(seed, {.smooth = false, .spikes = true});
    const size_t   rows = 1 + seed * 7 % (3 * width), steps = 4 + seed % 80;
    NetworkCase<R> batch(spec, rows, steps);
    const auto     one     = batch.engine(1);
    const auto     records = batch.record(*one);
    for (int threads : {2, 3}) {
      const auto more = batch.engine(threads);
      ASSERT_EQ(batch.record(*more), records) << threads << " threads, " << case_name(seed, *batch.plan);
      ASSERT_EQ(batch.record(*more), records) << "again, " << case_name(seed, *batch.plan);
    }
    for (size_t row : {size_t{0}, rows - 1}) {
      NetworkCase<R> alone(spec, 1, steps, row);
      const auto     single = alone.engine();
      const auto     own    = alone.record(*single);
      for (size_t i = 0; i < own.size(); ++i)
        ASSERT_TRUE(std::equal(own[i].begin(), own[i].end(), records[i].data() + row * own[i].size()))
            << "record " << i << " of row " << row << ", " << case_name(seed, *batch.plan);
    }
    size_t record = 0;
    for (const LayerPlan& l : batch.plan->layers) {
      const std::vector<R>& output = records[record + size_t(l.cell->output)];
      if (l.cell->fires) fired += size_t(std::count(output.begin(), output.end(), R(1)));
      record += l.cell->states.size() + (l.is_input ? 0 : l.cell->observables.size());
    }
    for (const ConnectionPlan& c : batch.plan->connections) sent += c.delay > 0;
  }
  EXPECT_GT(fired, 1000u);
  EXPECT_GT(sent, kSpecs / 2) << "connections of spikes";
}

TYPED_TEST(Invariance, TheLastEntryAloneIsTheLastOfTheHistory) {
  using R = TypeParam;
  for (uint64_t seed = 1; seed <= kSpecs; ++seed) {
    NetworkCase<R> c(spec_of(seed), 1 + seed % 21, 1 + seed * 5 % 83);
    auto           engine    = c.engine();
    const auto     histories = c.record(*engine, false);
    // all states of all layers at once, in the order of record()
    std::vector<std::vector<R>> lasts(histories.size());
    std::vector<Record<R>>      records;
    for (size_t i = 0; i < c.plan->layers.size(); ++i)
      for (size_t s = 0; s < c.plan->layers[i].cell->states.size(); ++s) {
        std::vector<R>& last = lasts[records.size()];
        last.resize(c.rows * c.plan->layers[i].units);
        records.push_back({Record<R>::What::state, int(i), int(s), last.data(), true});
      }
    engine->simulate(c.input(), records);
    for (size_t n = 0; n < records.size(); ++n) {
      const size_t units = c.plan->layers[size_t(records[n].layer)].units;
      for (size_t row = 0; row < c.rows; ++row)
        ASSERT_TRUE(std::equal(lasts[n].data() + row * units, lasts[n].data() + (row + 1) * units,
                               histories[n].data() + (row * (c.steps + 1) + c.steps) * units))
            << "record " << n << ", row " << row << ", " << case_name(seed, *c.plan);
    }
  }
}

TYPED_TEST(Invariance, RecordingChangesNothingAndIsWhatTheLossSees) {
  using R            = TypeParam;
  const size_t width = dense_kernels<R>().width;
  for (uint64_t seed = 1; seed <= kSpecs; ++seed) {
    NetworkCase<R> c(spec_of(seed), seed % 2 ? 3 : width + 2, 1 + seed * 7 % 71);
    auto           engine = c.engine();
    // all states with and without observables; observables keep every drive
    const auto states = c.record(*engine, false), all = c.record(*engine);
    size_t     i = 0, j = 0;
    for (const LayerPlan& l : c.plan->layers) {
      for (size_t s = 0; s < l.cell->states.size(); ++s) ASSERT_EQ(states[i++], all[j++]) << case_name(seed, *c.plan);
      if (!l.is_input) j += l.cell->observables.size();
    }
    // one record alone
    const LayerPlan& out = c.plan->layers[size_t(c.plan->output)];
    std::vector<R>   history(c.rows * (c.steps + 1) * out.units);
    const Record<R>  wish[] = {{Record<R>::What::state, c.plan->output, out.cell->output, history.data()}};
    engine->simulate(c.input(), wish);
    // what a loss is shown
    std::vector<R>    shown(history.size());
    const TileLoss<R> look = [&](const TileOutputs<R>& seen) {
      const size_t size = (seen.steps + 1) * out.units;
      std::copy_n(seen.values[0], seen.rows * size, shown.begin() + ptrdiff_t(seen.first_row * size));
      return 0.0;
    };
    engine->loss(c.input(), look, {{c.plan->output}, 0, 0});
    ASSERT_EQ(shown, history) << case_name(seed, *c.plan);
    std::vector<R> theta_bar(c.theta.size());
    engine->gradient(c.input(), look, {{c.plan->output}, 0, 0}, {theta_bar.data()});
    ASSERT_EQ(shown, history) << case_name(seed, *c.plan);
    // a loss that reads from an entry on is shown the rest
    const size_t first = c.steps / 2 + 1;
    std::fill(shown.begin(), shown.end(), R(-7));
    engine->loss(c.input(), look, {{c.plan->output}, first, 0});
    for (size_t n = 0; n < shown.size(); ++n)
      if (n / out.units % (c.steps + 1) >= first) { ASSERT_EQ(shown[n], history[n]); }
  }
}

TYPED_TEST(Invariance, EarlierRunsOfOtherShapesLeaveNoTrace) {
  using R             = TypeParam;
  const Spec     spec = random_spec(9);
  NetworkCase<R> first(spec, 40, 33), other(spec, 7, 90), third(spec, 2, 5);
  auto           used = first.engine();
  for (auto* c : {&other, &third, &first, &other}) {
    auto       fresh    = c->engine();
    const auto gradient = c->gradient(*fresh);
    const auto records  = c->record(*fresh);
    ASSERT_EQ(c->gradient(*used), gradient);
    ASSERT_EQ(c->record(*used), records);
    ASSERT_EQ(c->gradient(*used, 4), gradient);
  }
}

TYPED_TEST(Invariance, InstructionSetsAgreeToRounding) {
  using R = TypeParam;
  for (uint64_t seed = 2; seed <= 20; seed += 2) {
    std::vector<double> first;
    for (const std::string& isa : isa_names()) {
      use_isa(isa);
      NetworkCase<R>      c(random_spec(seed), 19, 9);
      auto                engine  = c.engine(2);
      const GradientOf<R> g       = c.gradient(*engine);
      std::vector<double> numbers = {g.loss};
      numbers.insert(numbers.end(), g.theta.begin(), g.theta.end());
      numbers.insert(numbers.end(), g.x.begin(), g.x.end());
      if (first.empty()) first = numbers;
      double scale = 1;
      for (double n : first) scale = std::max(scale, std::abs(n));
      for (size_t i = 0; i < numbers.size(); ++i)
        ASSERT_NEAR(numbers[i], first[i], (sizeof(R) == 8 ? 1e-12 : 2e-5) * scale)
            << isa << ", " << case_name(seed, *c.plan);
    }
  }
}

// ---- precision ------------------------------------------------------------------------------------------

/// What rounding does to a network is measured: in double, all numbers are moved as far as float would round them.
/// Float also rounds within every operation, there relative to the largest numbers around, which may cancel;
/// kOperations is how often. Where a kink lies in between, slopes mean nothing, so these networks are smooth.
TEST(Precisions, AgreeToTheRoundingOfFloat) {
  constexpr double kOperations = 16;
  for (uint64_t seed = 1; seed <= kRandomNetworks; ++seed) {
    const Spec          spec = random_spec(seed, {.noise = false});
    const size_t        rows = 1 + seed % 9, steps = 3 + seed % 17;
    NetworkCase<float>  single(spec, rows, steps);
    NetworkCase<double> precise(spec, rows, steps);
    auto                a = single.engine();
    auto                b = precise.engine();
    const auto          flat = [](const auto& g, const auto& records) {
      std::vector<std::vector<double>> all;
      const auto add = [&](const auto& numbers) { all.emplace_back(numbers.begin(), numbers.end()); };
      add(g.theta), add(g.x);
      for (const auto& list : g.initial) add(list);
      for (const auto& list : records) add(list);
      return all;
    };
    const auto wanted = flat(precise.gradient(*b), precise.record(*b));
    const auto got    = flat(single.gradient(*a), single.record(*a));

    // the largest of all gradients, of all records, and how far rounding moves any number of an array
    const auto          is_record = [&](size_t i) { return i >= 2 + precise.initial_values.size(); };
    double              largest[] = {0, 0};
    std::vector<double> moved(wanted.size());
    for (size_t i = 0; i < wanted.size(); ++i)
      for (double x : wanted[i]) largest[is_record(i)] = std::max(largest[is_record(i)], std::abs(x));
    Random     random(seed, "rounding");
    const auto round = [&](const std::vector<double>& numbers) {
      std::vector<double> rounded = numbers;
      for (double& x : rounded) x *= 1 + 0x1p-24 * random.normal();
      return rounded;
    };
    const auto theta = precise.theta, x = precise.x;
    const auto initial = precise.initial_values;
    for (int draw = 0; draw < 3; ++draw) {
      precise.theta = round(theta), precise.x = round(x);
      for (size_t i = 0; i < initial.size(); ++i) precise.initial_values[i] = round(initial[i]);
      b->set_parameters(precise.theta);
      const auto other = flat(precise.gradient(*b), precise.record(*b));
      for (size_t i = 0; i < wanted.size(); ++i)
        for (size_t n = 0; n < wanted[i].size(); ++n)
          moved[i] = std::max(moved[i], std::abs(other[i][n] - wanted[i][n]));
    }
    for (size_t i = 0; i < wanted.size(); ++i) {
      ASSERT_EQ(got[i].size(), wanted[i].size());
      for (size_t n = 0; n < wanted[i].size(); ++n)
        ASSERT_NEAR(got[i][n], wanted[i][n], kOperations * (moved[i] + 0x1p-24 * largest[is_record(i)]))
            << "array " << i << "[" << n << "], " << case_name(seed, *precise.plan);
    }
  }
}

// ---- evaluation methods ---------------------------------------------------------------------------------

TYPED_TEST(Invariance, WithoutLoopsLayerwiseIsGaussSeidel) {
  using R = TypeParam;
  for (uint64_t seed = 1; seed <= kSpecs; ++seed) {
    Spec spec                                 = random_spec(seed, {.loops = false, .smooth = seed % 2 == 0});
    spec.simulation.network_evaluation_method = Evaluation::layerwise;
    NetworkCase<R> layerwise(spec, 5, 20);
    spec.simulation.network_evaluation_method = Evaluation::stepwise_gauss_seidel;
    NetworkCase<R> stepwise(spec, 5, 20);
    auto           a = layerwise.engine(), b = stepwise.engine();
    ASSERT_EQ(layerwise.record(*a), stepwise.record(*b)) << case_name(seed, *stepwise.plan);
    ASSERT_EQ(layerwise.gradient(*a), stepwise.gradient(*b)) << case_name(seed, *stepwise.plan);
  }
}

/// A method is nothing but the lags of its connections: written out, they give the same bits under every method. Not so
/// for programmable connections between layers, which Jacobi delays once more.
TYPED_TEST(Invariance, MethodsAreTheirLags) {
  using R = TypeParam;
  const std::vector<Evaluation> methods = {Evaluation::layerwise, Evaluation::stepwise_gauss_seidel,
                                           Evaluation::stepwise_jacobi};
  for (uint64_t seed = 1; seed <= kSpecs; ++seed) {
    for (Evaluation method : methods) {
      Spec spec = random_spec(seed, {.smooth = seed % 2 == 0, .programmable = false});
      spec.simulation.network_evaluation_method = method;
      NetworkCase<R>      wanted(spec, 3, 9);
      auto                engine   = wanted.engine();
      const auto          records  = wanted.record(*engine);
      const GradientOf<R> gradient = wanted.gradient(*engine);
      for (ConnectionSpec& c : spec.connections)
        if (!c.lag) c.lag = method == Evaluation::stepwise_jacobi || c.from_layer >= c.to_layer;
      for (Evaluation other : methods) {
        spec.simulation.network_evaluation_method = other;
        NetworkCase<R> same(spec, 3, 9);
        auto           e = same.engine();
        ASSERT_EQ(same.record(*e), records) << case_name(seed, *same.plan);
        ASSERT_EQ(same.gradient(*e), gradient) << case_name(seed, *same.plan);
      }
    }
  }
}

/// A chain in which nothing happens before something arrives: every connection of Jacobi delays by one step.
TYPED_TEST(Invariance, JacobiIsGaussSeidelOneStepLaterPerConnection) {
  using R = TypeParam;
  Spec spec;
  spec.simulation.dt = 1;
  spec.layers        = {{.layer_id = 0, .layer_type = "Linear", .params = Value::map({{"dim", 3}})},
                        {.layer_id   = 1,
                         .layer_type = "CTRNN",
                         .params     = Value::map({{"dim", 4}, {"source_func", "Tanh"}, {"alpha", 0.4}})},
                        {.layer_id = 2, .layer_type = "Linear", .params = Value::map({{"dim", 2}})},
                        {.layer_id   = 3,
                         .layer_type = "CTRNN",
                         .params     = Value::map({{"dim", 3}, {"source_func", "Tanh"}, {"alpha", 0.7}})}};
  for (int to : {1, 2, 3})
    spec.connections.push_back({.from_layer = to - 1, .to_layer = to, .connection_type = "dense"});
  spec.connections.push_back({.from_layer = 1, .to_layer = 1, .connection_type = "dense"});
  spec.simulation.network_evaluation_method = Evaluation::stepwise_gauss_seidel;
  NetworkCase<R> fresh(spec, 4, 30);
  spec.simulation.network_evaluation_method = Evaluation::stepwise_jacobi;
  NetworkCase<R> late(spec, 4, 30);
  for (auto* c : {&fresh, &late}) c->initial_layers.clear(), c->initial_values.clear();  // all at rest
  auto       a = fresh.engine(), b = late.engine();
  const auto now = fresh.record(*a, false), then = late.record(*b, false);
  size_t     i = 0;
  for (size_t layer = 0; layer < 4; ++layer)
    for (size_t s = 0; s < fresh.plan->layers[layer].cell->states.size(); ++s, ++i) {
      const size_t units = fresh.plan->layers[layer].units;
      for (size_t row = 0; row < 4; ++row)
        for (size_t t = 0; t + layer <= 30; ++t)
          for (size_t u = 0; u < units; ++u)
            ASSERT_EQ(then[i][(row * 31 + t + layer) * units + u], now[i][(row * 31 + t) * units + u])
                << "layer " << layer << ", entry " << t;
    }
}

}  // namespace
}  // namespace dynode
