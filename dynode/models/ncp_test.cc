// LTC and CfC as users of ncps write them: every use of its quickstart, shapes, states, spans, mixed memory, padding.
#include "dynode/models/ncp.h"

#include <cmath>
#include <gtest/gtest.h>
#include <set>

#include "dynode/base/failure_test.h"
#include "dynode/io/io_test.h"
#include "dynode/models/original_names.h"

namespace dynode::ncp {
namespace {

using Shape = std::vector<int64_t>;

Array wave(Shape shape, double step = 0.37, double level = 0) {
  std::vector<double> values(size_t(element_count(shape)));
  for (size_t i = 0; i < values.size(); ++i) values[i] = level + std::sin(1 + step * double(i));
  return {std::move(shape), values};
}
Array zeros(Shape shape) {
  const auto n = size_t(element_count(shape));
  return {std::move(shape), std::vector<double>(n)};
}
const ModelOptions kDouble{.precision = Precision::float64, .seed = 3};

// ---- uses of the quickstart -----------------------------------------------------------------------------

TEST(NcpQuickstart, ACfcOfFiftyUnits) {
  CfC rnn(20, 50);
  const auto [output, hn] = rnn(wave({2, 3, 20}), zeros({2, 50}));
  EXPECT_EQ(output.shape, (Shape{2, 3, 50}));
  EXPECT_EQ(hn.h.shape, (Shape{2, 50}));
  EXPECT_FALSE(hn.c);
  EXPECT_EQ(rnn.model().plan().parameters.learnable_size(), 34888u);
}

TEST(NcpQuickstart, ACfcWithAWiring) {
  const Wiring wiring = AutoNCP(28, 4);  // 28 neurons, 4 outputs
  CfC          rnn(20, wiring);
  const auto [output, hn] = rnn(wave({2, 3, 20}));
  EXPECT_EQ(output.shape, (Shape{2, 3, 4}));
  EXPECT_EQ(hn.h.shape, (Shape{2, 28}));
  EXPECT_FALSE(wiring.is_built());  // a network has its own copy
}

TEST(NcpQuickstart, AnLtcOfUnitsAndOfAnNcp) {
  LTC dense(20, 50);
  auto [output, hn] = dense(wave({2, 3, 20}));
  EXPECT_EQ(output.shape, (Shape{2, 3, 50}));
  EXPECT_EQ(hn.h.shape, (Shape{2, 50}));
  EXPECT_EQ(dense.model().plan().parameters.learnable_size(), 14290u);

  LTC        sparse(20, NCP({.inter_neurons              = 10,
                             .command_neurons            = 10,
                             .motor_neurons              = 8,
                             .sensory_fanout             = 6,
                             .inter_fanout               = 6,
                             .recurrent_command_synapses = 4,
                             .motor_fanin                = 6}));
  const auto out = sparse(wave({2, 3, 20}));
  EXPECT_EQ(out.readout.shape, (Shape{2, 3, 8}));
  EXPECT_EQ(out.state.h.shape, (Shape{2, 28}));
  EXPECT_EQ(sparse.synapse_count(), sparse.circuit().synapses());
}

TEST(NcpQuickstart, MixedMemoryStartsFromAPair) {
  for (const MixedMemory form : {MixedMemory::state, MixedMemory::input}) {
    CfC rnn(20, 50, {.mixed_memory = form});
    const auto [output, hn] = rnn(wave({2, 3, 20}), State{zeros({2, 50}), zeros({2, 50})});
    EXPECT_EQ(output.shape, (Shape{2, 3, 50}));
    EXPECT_EQ(hn.h.shape, (Shape{2, 50}));
    ASSERT_TRUE(hn.c);
    EXPECT_EQ(hn.c->shape, (Shape{2, 50}));
  }
}

TEST(NcpQuickstart, ACellWithAMaskHasNoBackbone) {
  const Array mask{{70, 50}, std::vector<double>(3500, 1.0)};
  CfCCell     cell(20, 50, {.backbone_units = 0, .sparsity_mask = mask});
  const auto [output, h] = cell(wave({2, 20}), zeros({2, 50}));
  EXPECT_EQ(output.shape, (Shape{2, 50}));
  EXPECT_EQ(output, h.h);
  const std::string what = failure([&] { CfCCell(20, 50, {.sparsity_mask = mask}); });
  EXPECT_NE(what.find("backbone_layers: 0"), std::string::npos) << what;
}

// ---- layouts --------------------------------------------------------------------------------------------

TEST(NcpNetwork, TimeMayComeFirst) {
  LTC batch(2, AutoNCP(9, 2), {.model = kDouble}), time(2, AutoNCP(9, 2), {.batch_first = false, .model = kDouble});
  const Array         x = wave({3, 5, 2}), spans = wave({3, 5}, 0.7, 1.5);
  std::vector<double> from = x.as_double(), to(30), of = spans.as_double(), other(15);
  for (size_t r = 0; r < 3; ++r)
    for (size_t t = 0; t < 5; ++t) {
      to[(t * 3 + r) * 2] = from[(r * 5 + t) * 2], to[(t * 3 + r) * 2 + 1] = from[(r * 5 + t) * 2 + 1];
      other[t * 3 + r] = of[r * 5 + t];
    }
  const Output a = batch(x, {}, spans), b = time(Array{{5, 3, 2}, to}, {}, Array{{5, 3}, other});
  EXPECT_EQ(b.readout.shape, (Shape{5, 3, 2}));
  EXPECT_EQ(a.state.h, b.state.h);
  const auto ya = a.readout.as_double(), yb = b.readout.as_double();
  for (size_t r = 0; r < 3; ++r)
    for (size_t t = 0; t < 5; ++t) EXPECT_EQ(ya[(r * 5 + t) * 2 + 1], yb[(t * 3 + r) * 2 + 1]);
}

TEST(NcpNetwork, ASingleSequenceHasNoBatchAxis) {
  for (const bool batch_first : {true, false}) {
    CfC          net(2, 4, {.batch_first = batch_first, .mixed_memory = MixedMemory::state, .model = kDouble});
    const Array  x   = wave({5, 2});
    const Output one = net(x, State{zeros({4}), zeros({4})}, wave({5}, 0.3, 2));
    EXPECT_EQ(one.readout.shape, (Shape{5, 4}));
    EXPECT_EQ(one.state.h.shape, (Shape{4}));
    EXPECT_EQ(one.state.c->shape, (Shape{4}));
    const Array  whole{batch_first ? Shape{1, 5, 2} : Shape{5, 1, 2}, x.data};
    const Output batch = net(whole, {}, wave({5}, 0.3, 2));
    EXPECT_EQ(batch.readout.as_double(), one.readout.as_double());
  }
}

TEST(NcpNetwork, TheLastStepAloneMayBeTheReadout) {
  CfC all(2, 4, {.proj_size = 3, .model = kDouble}),
      last(2, 4, {.proj_size = 3, .return_sequences = false, .model = kDouble});
  const Array  x = wave({2, 5, 2});
  const Output a = all(x), b = last(x);
  EXPECT_EQ(a.readout.shape, (Shape{2, 5, 3}));
  EXPECT_EQ(b.readout.shape, (Shape{2, 3}));
  const auto ya = a.readout.as_double(), yb = b.readout.as_double();
  for (size_t r = 0; r < 2; ++r)
    for (size_t u = 0; u < 3; ++u) EXPECT_EQ(yb[r * 3 + u], ya[(r * 5 + 4) * 3 + u]);
  const Gradient g   = last.gradient(x, {{.target = zeros({2, 3})}});
  double         sum = 0;
  for (const double y : yb) sum += y * y / 6;
  EXPECT_NEAR(g.loss, sum, 1e-12);
}

TEST(NcpNetwork, StatesHandedOnContinueARun) {
  const auto check = [](auto&& net) {
    const Array               x   = wave({2, 6, 2});
    const std::vector<double> all = x.as_double();
    std::vector<double>       first, second;
    for (size_t r = 0; r < 2; ++r) {
      first.insert(first.end(), all.begin() + ptrdiff_t(r * 12), all.begin() + ptrdiff_t(r * 12 + 4));
      second.insert(second.end(), all.begin() + ptrdiff_t(r * 12 + 4), all.begin() + ptrdiff_t(r * 12 + 12));
    }
    const Output whole = net(x), head = net(Array{{2, 2, 2}, first}), tail = net(Array{{2, 4, 2}, second}, head.state);
    EXPECT_EQ(tail.state.h, whole.state.h);
    EXPECT_EQ(tail.state.c, whole.state.c);
  };
  check(LTC(2, AutoNCP(9, 2), {.model = kDouble}));
  check(LTC(2, 5, {.mixed_memory = MixedMemory::state, .model = kDouble}));
  check(CfC(2, 5, {.proj_size = 2, .mixed_memory = MixedMemory::input, .model = kDouble}));
  check(CfC(2, AutoNCP(9, 2), {.mixed_memory = MixedMemory::state, .model = kDouble}));
}

// ---- time -----------------------------------------------------------------------------------------------

TEST(NcpNetwork, SpansBelongToRowsAlsoWhereThereAreAsManyAsUnits) {
  // ncps spreads them over the units there
  CfC                       net(2, 4, {.model = kDouble});
  const Array               x = wave({4, 5, 2}), spans = wave({4, 5}, 0.7, 1.5);
  const std::vector<double> all = x.as_double(), times = spans.as_double(),
                            together = net(x, {}, spans).readout.as_double();
  for (size_t r = 0; r < 4; ++r) {
    const Array one{{5, 2}, std::vector<double>(all.begin() + ptrdiff_t(r * 10), all.begin() + ptrdiff_t(r * 10 + 10))};
    const Array own{{5}, std::vector<double>(times.begin() + ptrdiff_t(r * 5), times.begin() + ptrdiff_t(r * 5 + 5))};
    EXPECT_EQ(net(one, {}, own).readout.as_double(),
              (std::vector<double>(together.begin() + ptrdiff_t(r * 20), together.begin() + ptrdiff_t(r * 20 + 20))));
  }
  EXPECT_EQ(net(x, {}, Array{{4, 5, 1}, times}).readout.as_double(), together);
}

TEST(NcpNetwork, SpansHaveThreeShapesAndNoOther) {
  CfC         net(2, 4);
  const Array x    = wave({3, 5, 2});
  const auto  says = [&](const Array& input, const Array& spans, const char* words) {
    const std::string what = failure([&] { net(input, {}, spans); });
    EXPECT_NE(what.find(words), std::string::npos) << what;
  };
  EXPECT_NO_THROW(net(x, {}, wave({5}, 1, 2)));
  for (const Shape& shape :
       {Shape{5, 3}, Shape{3}, Shape{3, 1}, Shape{1}, Shape{}, Shape{3, 5, 2}, Shape{1, 5}, Shape{5, 1}})
    says(x, wave(shape, 1, 2), "timespans: expected [3, 5], got");
  says(wave({5, 2}), wave({1, 5}, 1, 2), "timespans: expected [5]");
  says(x, Array{{5}, std::vector<double>{1, 1, -1, 1, 1}}, "at least 0");
}

TEST(NcpNetwork, ATimeOfZeroLeavesAnLtcUnchanged) {
  LTC         net(2, AutoNCP(9, 2), {.model = kDouble});
  const Array start           = wave({3, 9}, 0.4);
  const auto [readout, state] = net(wave({3, 4, 2}), start, zeros({3, 4}));
  const auto got = state.h.as_double(), wanted = start.as_double();
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], wanted[i], 1e-14);
}

TEST(NcpNetwork, PaddedStepsKeepStateAndOutput) {
  CfC                       net(2, 4, {.proj_size = 3, .mixed_memory = MixedMemory::state, .model = kDouble});
  const Array               x = wave({2, 5, 2}), spans = wave({2, 5}, 0.7, 1.5);
  const Array               mask{{2, 5}, std::vector<double>{1, 1, 0, 1, 0, 0, 1, 1, 1, 1}};
  const Output              out = net(x, {}, spans, {.mask = mask, .record = {"state/1/c"}});
  const std::vector<double> y = out.readout.as_double(), c = out.run.at("state/1/c").as_double();
  EXPECT_EQ(out.readout.shape, (Shape{2, 5, 3}));
  for (size_t u = 0; u < 3; ++u) {
    EXPECT_EQ(y[2 * 3 + u], y[1 * 3 + u]);
    EXPECT_EQ(y[4 * 3 + u], y[3 * 3 + u]);
  }
  for (size_t u = 0; u < 4; ++u) EXPECT_EQ(c[(1 * 6 + 1) * 4 + u], 0);  // row 1 has not begun

  // the first row alone, without the steps that do not count
  const std::vector<double> all = x.as_double(), times = spans.as_double();
  const Array               short_x{{3, 2}, std::vector<double>{all[0], all[1], all[2], all[3], all[6], all[7]}};
  const Array               short_spans{{3}, std::vector<double>{times[0], times[1], times[3]}};
  const Output              alone = net(short_x, {}, short_spans);
  const auto                h = out.state.h.as_double(), h_alone = alone.state.h.as_double();
  for (size_t u = 0; u < 4; ++u) EXPECT_EQ(h[u], h_alone[u]);

  // gradients are differences of the loss; padding has none
  const std::vector<LossTerm> loss = {{.target = wave({2, 5, 3}, 0.2)}};
  const auto                  run  = [&](const Array& input) {
    return net.gradient(input, loss, {}, spans, {.input = true, .spans = true, .mask = mask});
  };
  const Gradient            g  = run(x);
  const std::vector<double> gx = g.input->as_double(), gs = g.spans->as_double();
  for (const size_t at : {0, 3, 6, 13, 19}) {
    const auto moved = [&](double by) {
      std::vector<double> values = all;
      values[at] += by;
      return run(Array{x.shape, values}).loss;
    };
    EXPECT_NEAR((moved(1e-5) - moved(-1e-5)) / 2e-5, gx[at], 1e-8) << at;
  }
  for (const size_t at : {4, 5, 8, 9, 10, 11}) EXPECT_EQ(gx[at], 0) << at;
  EXPECT_EQ(gs[2], 0);
  EXPECT_NE(gs[3], 0);
}

// ---- cells ----------------------------------------------------------------------------------------------

TEST(NcpCell, TakesOneStepOfItsTime) {
  LTC          net(3, AutoNCP(16, 4), {.model = kDouble});
  LTCCell      cell(AutoNCP(16, 4), 3, {.model = kDouble});
  const Array  x = wave({2, 3}), v = wave({2, 16}, 0.2);
  const Output one = cell(x, v, Array{{2}, std::vector<double>{0.5, 2}});
  const Output all = net(Array{{2, 1, 3}, x.data}, v, Array{{2, 1}, std::vector<double>{0.5, 2}});
  EXPECT_EQ(one.readout.shape, (Shape{2, 4}));
  EXPECT_EQ(one.readout.as_double(), all.readout.as_double());
  EXPECT_EQ(one.state.h, all.state.h);
  EXPECT_EQ(cell(wave({3}), wave({16}, 0.2), 0.5).readout.shape, (Shape{4}));
  WiredCfCCell wired({}, AutoNCP(16, 4).build(3));
  EXPECT_EQ(wired(x).readout.shape, (Shape{2, 4}));
}

// ---- options --------------------------------------------------------------------------------------------

TEST(NcpNetwork, InitialRangesAreTakenAndChecked) {
  LTC net(2, 5, {.initialization_ranges = {{"w", {0.25, 0.25}}, {"mu", {-2, -1}}}, .model = kDouble});
  for (const double w : net.model().parameter("layer1/w").as_double())
    EXPECT_NEAR(w, std::log1p(std::exp(0.25)), 1e-12);
  for (const double mu : net.model().parameter("layer1/mu").as_double()) EXPECT_TRUE(mu >= -2 && mu <= -1);
  const auto says = [](const char* name, double low, double high, const char* words) {
    const std::string what = failure([&] { LTC(2, 5, {.initialization_ranges = {{name, {low, high}}}}); });
    EXPECT_NE(what.find(words), std::string::npos) << what;
  };
  says("width", 0, 1, "has no parameter 'width'");
  says("cm", -0.1, 1, "begins below 0");
  says("gleak", -0.1, 1, "begins below 0");
  says("sensory_w", -0.1, 1, "begins below 0");
  says("mu", 1, 0.5, "no range for mu");
}

TEST(NcpNetwork, ClampHoldsAfterEveryUpdate) {
  LTC         net(2, 5, {.positivity = "clamp", .model = kDouble});
  const Array x = wave({2, 4, 2});
  net.model().descend(net.gradient(x, {{.target = wave({2, 4, 5})}}), 100);
  size_t at_zero = 0;
  for (const char* name : {"w", "sensory_w", "cm", "gleak"})
    for (const double p : net.model().parameter(std::string("layer1/") + name).as_double()) {
      EXPECT_GE(p, 0) << name;
      at_zero += p == 0;
    }
  EXPECT_GT(at_zero, 0u);
}

TEST(NcpNetwork, DropoutIsForTraining) {
  CfC         net(2, 4, {.backbone_dropout = 0.5, .model = kDouble});
  const Array x = wave({2, 4, 2});
  EXPECT_EQ(net(x).readout, net(x).readout);
  EXPECT_NE(net(x, {}, {}, {.training = true}).readout, net(x).readout);
  EXPECT_NE(net(x, {}, {}, {.training = true}).readout, net(x, {}, {}, {.training = true}).readout);
  EXPECT_EQ(net(x, {}, {}, {.training = true, .pass = 1}).readout,
            net(x, {}, {}, {.training = true, .pass = 1}).readout);
}

TEST(NcpNetwork, EffectiveTimeConstantsAreRecorded) {
  LTC          net(2, AutoNCP(9, 2));
  const Output out = net(wave({3, 4, 2}), {}, {}, {.record = {"tau/1"}});
  EXPECT_EQ(out.run.at("tau/1").shape, (Shape{3, 4, 9}));
  for (const double tau : out.run.at("tau/1").as_double()) EXPECT_GT(tau, 0);
}

TEST(NcpNetwork, AFileKeepsTheNetwork) {
  const TemporaryFolder dir;
  const Array           x     = wave({2, 4, 3});
  const auto            check = [&](Network net) {
    net.save(dir / "net.dynode");
    Network again = Network::load(dir / "net.dynode");
    EXPECT_EQ(again(x).readout, net(x).readout);
  };
  Wiring drawn(4, 2);
  drawn.build(3).add_synapse(0, 1, 1).add_synapse(2, 0, -1).add_sensory_synapse(1, 2, 1).add_sensory_synapse(0, 3, -1);
  check(LTC(3, drawn));
  check(LTC(3, AutoNCP(9, 2).build(3).add_synapse(0, 1, -1)));
  check(CfC(3, AutoNCP(9, 2).build(3).add_synapse(8, 0, -1)));
  const std::string what = failure([&] { Network(Model::from_spec(Spec{})); });
  EXPECT_FALSE(what.empty());
}

TEST(NcpNetwork, NumbersHaveTheNamesOfThePackage) {
  const auto names = [](const Network& net) {
    std::set<std::string> all;
    for (const auto& [ours, theirs] : original_names(net.model().stored()).names) all.insert(theirs);
    return all;
  };
  EXPECT_EQ(
      names(CfC(2, 4,
                {.proj_size = 3, .mixed_memory = MixedMemory::state, .backbone_layers = 3, .backbone_dropout = 0.1})),
      (std::set<std::string>{"rnn_cell.backbone.0.weight", "rnn_cell.backbone.0.bias", "rnn_cell.backbone.2.weight",
                             "rnn_cell.backbone.2.bias", "rnn_cell.backbone.5.weight", "rnn_cell.backbone.5.bias",
                             "rnn_cell.ff1.weight", "rnn_cell.ff1.bias", "rnn_cell.ff2.weight", "rnn_cell.ff2.bias",
                             "rnn_cell.time_a.weight", "rnn_cell.time_a.bias", "rnn_cell.time_b.weight",
                             "rnn_cell.time_b.bias", "lstm.input_map.weight", "lstm.input_map.bias",
                             "lstm.recurrent_map.weight", "fc.weight", "fc.bias"}));
  EXPECT_TRUE(names(CfC(2, 4, {.backbone_layers = 2})).contains("rnn_cell.backbone.2.weight"));
  const auto pure = names(CfC(2, AutoNCP(9, 2), {.mode = "pure"}));
  for (const char* name : {"rnn_cell.layer_0.ff1.weight", "rnn_cell.layer_2.w_tau", "rnn_cell.layer_1.A"})
    EXPECT_TRUE(pure.contains(name)) << name;
  EXPECT_TRUE(names(LTC(2, 3)).contains("rnn_cell.sensory_mu"));
}

}  // namespace
}  // namespace dynode::ncp
