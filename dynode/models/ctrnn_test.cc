// CTRNN: the parameters of nn4n, what they mean, and what is refused.
#include "dynode/models/ctrnn.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <numeric>

#include "dynode/base/failure_test.h"
#include "dynode/io/io_test.h"

namespace dynode::ctrnn {
namespace {

constexpr ModelOptions kDouble{.precision = Precision::float64, .seed = 3};

/// Numbers that follow no pattern.
Array wild(std::vector<int64_t> shape, double scale = 1, double phase = 0) {
  std::vector<double> x(size_t(std::accumulate(shape.begin(), shape.end(), int64_t(1), std::multiplies<>())));
  for (size_t i = 0; i < x.size(); ++i) x[i] = scale * std::sin(12.9898 * double(i) + 78.233 + phase);
  return {std::move(shape), std::move(x)};
}

Array ones(std::vector<int64_t> shape, double value = 1) {
  const int64_t n = std::accumulate(shape.begin(), shape.end(), int64_t(1), std::multiplies<>());
  return {std::move(shape), std::vector<double>(size_t(n), value)};
}

double worst(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return HUGE_VAL;
  double w = 0;
  for (size_t i = 0; i < a.size(); ++i) w = std::max(w, std::abs(a[i] - b[i]));
  return w;
}

TEST(Ctrnn, DefaultsAreThoseOfTheOriginal) {
  CTRNN net;
  EXPECT_EQ(net.layers(), (std::vector<std::string>{"input", "hidden", "readout"}));
  EXPECT_EQ(net.weight("hidden").shape, (std::vector<int64_t>{100, 100}));
  EXPECT_EQ(net.weight("input").shape, (std::vector<int64_t>{100, 1}));
  EXPECT_EQ(net.weight("readout").shape, (std::vector<int64_t>{1, 100}));
  EXPECT_FLOAT_EQ(float(net.model().parameter("layer1/alpha").as_double()[0]), 0.1f);
  EXPECT_SAYS(failure([&] { net.bias("hidden"); }), "layer 'hidden' has no biases");
  for (const double w : net.weight("hidden").as_double()) EXPECT_LE(std::abs(w), 0.1);
  EXPECT_TRUE(net.training());
}

TEST(Ctrnn, AStepIsTheEquationOfTheReference) {
  for (const std::string activation : {"relu", "tanh", "sigmoid", "retanh"}) {
    CTRNN net({.dims = {2, 3, 2}, .activation = activation, .biases = "normal", .weights = {"normal", "uniform", wild({2, 3})},
               .tau = std::vector<double>{20, 40, 80}, .dt = 10, .model = kDouble});
    const Array x   = wild({2, 5, 2});
    const Trajectory  run = net(x);
    const auto  f   = [&](double v) {
      if (activation == "relu") return std::max(v, 0.0);
      if (activation == "tanh") return std::tanh(v);
      if (activation == "sigmoid") return 1 / (1 + std::exp(-v));
      return std::max(std::tanh(v), 0.0);
    };
    const auto w_in = net.weight("input").as_double(), w = net.weight("hidden").as_double(), w_out = net.weight("readout").as_double();
    const auto b_in = net.bias("input").as_double(), b = net.bias("hidden").as_double(), b_out = net.bias("readout").as_double();
    const auto u = x.as_double(), y = run.output.as_double(), h = run.hidden[0].as_double(), potential = run.potential[0].as_double();
    const double alpha[] = {0.5, 0.25, 0.125};
    for (size_t row = 0; row < 2; ++row) {
      std::vector<double> v(3, 0.0), r(3, f(0));
      for (size_t t = 0; t < 5; ++t) {
        std::vector<double> s(3);
        for (size_t i = 0; i < 3; ++i) {
          s[i] = b_in[i] + b[i];
          for (size_t j = 0; j < 2; ++j) s[i] += w_in[i * 2 + j] * u[(row * 5 + t) * 2 + j];
          for (size_t j = 0; j < 3; ++j) s[i] += w[i * 3 + j] * r[j];
        }
        for (size_t i = 0; i < 3; ++i) v[i] = (1 - alpha[i]) * v[i] + alpha[i] * s[i], r[i] = f(v[i]);
        for (size_t i = 0; i < 3; ++i) {
          EXPECT_NEAR(h[(row * 5 + t) * 3 + i], r[i], 1e-12) << activation;
          EXPECT_NEAR(potential[(row * 5 + t) * 3 + i], v[i], 1e-12);
        }
        for (size_t o = 0; o < 2; ++o) {
          double wanted = b_out[o];
          for (size_t i = 0; i < 3; ++i) wanted += w_out[o * 3 + i] * r[i];
          EXPECT_NEAR(y[(row * 5 + t) * 2 + o], wanted, 1e-12);
        }
      }
    }
  }
}

TEST(Ctrnn, ArraysAreTakenInBothOrientationsWhereOnlyOneFits) {
  const Array w = wild({3, 2});
  CTRNN post_pre({.dims = {2, 3, 1}, .weights = {w, "uniform", "uniform"}, .model = kDouble});
  EXPECT_EQ(post_pre.weight("input").as_double(), w.as_double());
  CTRNN pre_post({.dims = {3, 2, 1}, .weights = {w, "uniform", "uniform"}, .model = kDouble});
  const auto given = w.as_double(), turned = pre_post.weight("input").as_double();
  for (size_t i = 0; i < 3; ++i)
    for (size_t j = 0; j < 2; ++j) EXPECT_EQ(turned[j * 3 + i], given[i * 2 + j]);
  CTRNN biased({.dims = {1, 3, 1}, .biases = {0, wild({3}), std::nullopt}, .model = kDouble});
  EXPECT_EQ(biased.bias("hidden").as_double(), wild({3}).as_double());
  EXPECT_EQ(biased.bias("input").as_double(), (std::vector<double>{0, 0, 0}));
  EXPECT_SAYS(failure([&] { biased.bias("readout"); }), "no biases");
}

TEST(Ctrnn, MasksAreTurnedOnceAndHoldThroughTraining) {
  Array sparsity = ones({3, 4}), signs = ones({4, 4});
  std::get<std::vector<double>>(sparsity.data)[1 * 4 + 2] = 0;   // from input 1 to unit 2
  for (size_t j = 0; j < 4; ++j) std::get<std::vector<double>>(signs.data)[3 * 4 + j] = -1;   // unit 3 inhibits
  CTRNN net({.dims = {3, 4, 2}, .activation = "tanh", .sparsity_masks = {sparsity, {}, {}}, .ei_masks = {{}, signs, ones({4}, -1)},
             .self_connections = false, .model = kDouble});
  const auto check = [&](bool balanced) {
    const auto in = net.weight("input").as_double(), w = net.weight("hidden").as_double(), out = net.weight("readout").as_double();
    double sum = 0;
    for (size_t i = 0; i < 4; ++i)
      for (size_t j = 0; j < 4; ++j) {
        sum += w[i * 4 + j];
        if (i == j) EXPECT_EQ(w[i * 4 + j], 0);
        else if (j == 3) EXPECT_LE(w[i * 4 + j], 0);
        else EXPECT_GE(w[i * 4 + j], 0);
      }
    if (balanced) { EXPECT_NEAR(sum, 0, 1e-12); }
    EXPECT_EQ(in[2 * 3 + 1], 0);
    EXPECT_NE(in[1 * 3 + 2], 0);
    for (const double x : out) EXPECT_LE(x, 0);
  };
  check(true);
  const Array x = wild({4, 6, 3}), y = wild({4, 6, 2}, 0.5, 1);
  const double before = net.update(x, {{.target = y}}, 0.02);
  double       after  = before;
  for (int i = 0; i < 20; ++i) after = net.update(x, {{.target = y}}, 0.02), check(false);
  EXPECT_LT(after, before);
  net.rebalance();
  check(true);
  net.set_weight("hidden", ones({4, 4}));
  EXPECT_EQ(net.weight("hidden").as_double()[0], 0) << "constraints hold for weights that are set";
  EXPECT_EQ(net.weight("hidden").as_double()[3], 0);
}

TEST(Ctrnn, ScalingIsAFactorOnWhatIsBuilt) {
  Array signs = ones({4}, 1);
  std::get<std::vector<double>>(signs.data)[0] = -1;
  const auto weights = [&](double scaling) {
    return CTRNN({.dims = {1, 4, 1}, .ei_masks = {{}, signs, {}}, .weight_options = {.scaling = scaling}, .model = kDouble}).weight("hidden").as_double();
  };
  const auto one = weights(1), more = weights(1.5);
  for (size_t i = 0; i < one.size(); ++i) EXPECT_NEAR(more[i], 1.5 * one[i], 1e-15);
}

TEST(Ctrnn, NoiseBelongsToTrainingAndGoesWithEval) {
  CTRNN net({.dims = {1, 5, 1}, .preact_noise = 0.3, .postact_noise = 0.2, .model = kDouble});
  const Array x = wild({2, 6, 1});
  EXPECT_NE(net(x).output, net(x).output);
  net.eval();
  EXPECT_EQ(net(x).output, net(x).output);
  EXPECT_FALSE(net.training());
  EXPECT_NE(net.train()(x).output, net(x).output);
  CTRNN always({.dims = {1, 5, 1}, .preact_noise = 0.3, .noise_in_eval = true, .model = kDouble});
  always.eval();
  EXPECT_NE(always(x).output, always(x).output);
}

TEST(Ctrnn, NoiseAfterTheActivationMayStayOutOfTheLoop) {
  const Array x = wild({2, 6, 2}), xi = wild({2, 6, 5}, 1, 2);
  const auto  net = [&](bool feedback, double noise) {
    return CTRNN({.dims = {2, 5, 3}, .activation = "tanh", .biases = "zero", .postact_noise = noise, .postact_noise_feedback = feedback, .model = kDouble});
  };
  const Trajectory quiet = net(true, 0)(x), looped = net(true, 0.5)(x, {.postact_draws = xi}), apart = net(false, 0.5)(x, {.postact_draws = xi});
  CTRNN      one   = net(false, 0.5);
  const auto w     = one.weight("readout").as_double();
  EXPECT_EQ(apart.potential[0], quiet.potential[0]);
  EXPECT_EQ(apart.hidden[0], quiet.hidden[0]);
  EXPECT_GT(worst(looped.potential[0].as_double(), quiet.potential[0].as_double()), 0.01);
  const auto h = quiet.hidden[0].as_double(), draws = xi.as_double(), y = apart.output.as_double();
  for (size_t n = 0; n < 12; ++n)
    for (size_t o = 0; o < 3; ++o) {
      double wanted = 0;
      for (size_t i = 0; i < 5; ++i) wanted += w[o * 5 + i] * (h[n * 5 + i] + 0.5 * draws[n * 5 + i]);
      EXPECT_NEAR(y[n * 3 + o], wanted, 1e-12);
    }
}

/// Gradients of all parameters against differences of the loss; pass and draws are the same every time.
void check_gradients(CTRNN& net, const Array& x, const std::vector<LossTerm>& loss, double tolerance = 2e-7) {
  const GradientRequest request{.noise = {.training = true, .pass = 5}};
  const Gradient        g = net.model().gradient(x, loss, request);
  for (const auto& [name, bar] : g.parameters) {
    const Block& b = net.model().plan().parameters[net.model().plan().parameters.find(name)];
    if (!b.learnable) continue;
    const Array kept = net.model().parameter(name);
    for (size_t i = 0; i < b.size(); i += std::max<size_t>(1, b.size() / 7)) {
      const double step = 1e-5, value = kept.as_double()[i];
      if (!b.mask.empty() && !b.mask[i]) continue;
      if (!b.sign.empty() && std::abs(value) < 2 * step) continue;   // at the edge of what is allowed
      double side[2];
      for (int s : {0, 1}) {
        std::vector<double> values = kept.as_double();
        values[i] += s ? step : -step;
        net.model().set_parameter(name, Array{kept.shape, values});
        side[s] = net.model().gradient(x, loss, request).loss;
      }
      net.model().set_parameter(name, kept);
      EXPECT_NEAR(bar.as_double()[i], (side[1] - side[0]) / (2 * step), tolerance) << name << " " << i;
    }
  }
}

TEST(Ctrnn, GradientsAreExactWithNoiseThatIsNotFedBack) {
  CTRNN net({.dims = {2, 5, 3}, .activation = "tanh", .biases = "normal", .learn_alpha = true, .preact_noise = 0.2, .postact_noise = 0.3,
             .postact_noise_feedback = false, .init_state = InitState::learn, .model = kDouble});
  check_gradients(net, wild({3, 6, 2}), {{.target = wild({3, 6, 3}, 1, 4)}, {.loss = "fr", .target = {}, .weight = 0.4, .layer = 1}});
}

TEST(Ctrnn, GradientsOfEveryCriterionAreExact) {
  const Array x = wild({3, 6, 2}), y = wild({3, 6, 3}, 1, 4);
  CTRNN net({.dims = {2, 5, 3}, .activation = "sigmoid", .biases = "normal", .weights = "normal", .model = kDouble});
  const auto on_rates = [&](const char* loss, std::map<std::string, std::string> words = {}, std::map<std::string, double> params = {}) {
    check_gradients(net, x, {{.loss = loss, .target = {}, .weight = 0.7, .layer = 1, .params = std::move(params), .words = std::move(words)}});
  };
  for (const char* metric : {"l1", "l2", "power"}) on_rates("fr", {{"metric", metric}});
  for (const char* metric : {"sd", "cv", "mean_ad", "max_ad"}) on_rates("fr_dist", {{"metric", metric}});
  on_rates("fr_dist", {{"metric", "cv"}}, {{"absolute", 1}});
  on_rates("state_pred", {}, {{"tau", 2}});
  on_rates("entropy", {}, {{"reg", 0.5}});
  on_rates("hebbian");
  for (const char* metric : {"fro", "l1", "mean_square"})
    for (const char* layer : {"all", "input", "hidden", "readout"})
      check_gradients(net, x, {{.loss = "rnn_conn", .target = {}, .weight = 0.7, .words = {{"layer", layer}, {"metric", metric}}}});
  check_gradients(net, x, rnn_loss(y, {.lambda_in = 0.1, .lambda_hid = 0.2, .lambda_out = 0.3, .lambda_fr = 0.4, .lambda_fr_sd = 0.5, .lambda_fr_cv = 0.6}));

  // rates that vary: the logarithm of a small variance has large slopes
  const HiddenLayer layer{.size = 4, .activation = "tanh", .alpha = 0.8, .input_weights = "normal", .weights = "normal"};
  CTRNN             two = CTRNN::stack({.input = 2, .layers = {layer, layer}, .readout = 2, .model = kDouble});
  for (const char* reduction : {"mean", "sum"})
    check_gradients(two, wild({3, 6, 2}, 2), {{.loss = "pop_kl", .target = {}, .weight = 0.1, .layer = 1, .words = {{"reduction", reduction}}, .more_layers = {2}}}, 2e-6);
}

TEST(Ctrnn, PartsOfALossAddUp) {
  CTRNN          net({.dims = {2, 5, 3}, .model = kDouble});
  const Array    x = wild({3, 6, 2});
  const Gradient g = net.gradient(x, rnn_loss(wild({3, 6, 3}), {.lambda_hid = 0.2, .lambda_fr = 0.4}));
  ASSERT_EQ(g.parts.size(), 3u);
  EXPECT_NEAR(g.loss, g.parts[0] + g.parts[1] + g.parts[2], 1e-14);
  double square = 0;
  for (const double w : net.weight("hidden").as_double()) square += w * w;
  EXPECT_NEAR(g.parts[1], 0.2 * square / 25, 1e-14);
}

TEST(Ctrnn, KeptStatesMakePiecesEqualToOneRun) {
  const CTRNNOptions options{.dims = {2, 5, 3}, .activation = "tanh", .init_state = InitState::keep, .model = kDouble};
  const Array x = wild({2, 7, 2});
  const auto piece = [&](size_t first, size_t count) {
    std::vector<double> part;
    const auto all = x.as_double();
    for (size_t row = 0; row < 2; ++row) part.insert(part.end(), all.begin() + ptrdiff_t((row * 7 + first) * 2), all.begin() + ptrdiff_t((row * 7 + first + count) * 2));
    return Array{{2, int64_t(count), 2}, part};
  };
  CTRNN whole(options), pieces(options);
  const auto h = whole(x).hidden[0].as_double();
  const auto a = pieces(piece(0, 3)).hidden[0].as_double();
  TemporaryFolder folder;
  pieces.save(folder / "net.dynode");   // the state comes along
  CTRNN      loaded = CTRNN::load(folder / "net.dynode", kDouble);
  const auto b = loaded(piece(3, 4)).hidden[0].as_double();
  for (size_t row = 0; row < 2; ++row)
    for (size_t n = 0; n < 35; ++n) EXPECT_NEAR(h[row * 35 + n], n < 15 ? a[row * 15 + n] : b[row * 20 + n - 15], 1e-14);
  loaded.reset_state();
  EXPECT_EQ(loaded(piece(0, 3)).hidden[0].as_double(), a);
  EXPECT_EQ(pieces(wild({3, 2, 2})).hidden[0].shape[0], 3) << "another number of rows begins at 0";
}

TEST(Ctrnn, RunsMayBeginAnywhere) {
  CTRNN      net({.dims = {1, 3, 1}, .dt = 100, .model = kDouble});   // alpha 1: the potential is forgotten, its rate is not
  const Trajectory from = net(ones({1, 1, 1}, 0), {.init_state = {Array{{3}, std::vector<double>{1, 2, -3}}}});
  const auto w    = net.weight("hidden").as_double();
  for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(from.potential[0].as_double()[i], w[i * 3] + 2 * w[i * 3 + 1], 1e-14);
  EXPECT_SAYS(failure([&] { net(ones({1, 1, 1}), {.init_state = {ones({3}), ones({3})}}); }), "2 states for 1 hidden layers");
}

TEST(Ctrnn, PlasticityMasksShareTheirRange) {
  const auto factors = [](WeightOptions options, Array hidden, EntryMask readout) {
    CTRNN net({.dims = {1, 2, 1}, .plasticity_masks = {{}, hidden, readout}, .weight_options = options, .model = kDouble});
    return net.model().plan().parameters[net.model().plan().parameters.find("J_1_to_1")].plasticity;
  };
  const Array mask{{2, 2}, std::vector<double>{0, 1, 2, 4}};
  EXPECT_EQ(factors({}, mask, {}), (std::vector<double>{0, 0.5, 0.25, 1})) << "turned to [post, pre]";
  EXPECT_EQ(factors({}, mask, Array{{2, 1}, std::vector<double>{-4, 4}}), (std::vector<double>{0.5, 0.75, 0.625, 1}));
  EXPECT_EQ(factors({}, ones({2, 2}, 0), {}), (std::vector<double>{0, 0, 0, 0})) << "zeros alone mean frozen";
  EXPECT_EQ(factors({.plasticity_normalize = false}, Array{{2, 2}, std::vector<double>{0, 0.5, 0.5, 0}}, {}), (std::vector<double>{0, 0.5, 0.5, 0}));
}

TEST(Ctrnn, PlasticityOfStepsWorksWithAdam) {
  Array mask = ones({3, 3});
  for (size_t j = 0; j < 3; ++j) std::get<std::vector<double>>(mask.data)[j] = 0.25, std::get<std::vector<double>>(mask.data)[3 + j] = 0;
  CTRNN net({.dims = {1, 3, 1}, .activation = "tanh", .plasticity_masks = {{}, mask, {}},
             .weight_options = {.plasticity_normalize = false, .plasticity_mode = "step"}, .model = kDouble});
  const auto before = net.weight("hidden").as_double();
  net.update(wild({2, 5, 1}), {{.target = wild({2, 5, 1}, 1, 3)}}, 0.01);
  const auto after = net.weight("hidden").as_double();
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(std::abs(after[i * 3] - before[i * 3]), 0.0025, 1e-6);   // Adam's first step is the rate
    EXPECT_EQ(after[i * 3 + 1], before[i * 3 + 1]);
    EXPECT_NEAR(std::abs(after[i * 3 + 2] - before[i * 3 + 2]), 0.01, 1e-5);
  }
}

TEST(Ctrnn, SynapsesGrowWhereTheyMay) {
  Array sparsity = ones({4, 4}), growth = ones({4, 4}, 0), signs = ones({4});
  auto &s = std::get<std::vector<double>>(sparsity.data), &g = std::get<std::vector<double>>(growth.data);
  std::get<std::vector<double>>(signs.data)[2] = -1;
  for (size_t k : {1, 2, 5, 9, 11}) s[k] = 0;   // (0,1) (0,2) (1,1) (2,1) (2,3)
  for (size_t k : {1, 5, 9, 11}) g[k] = 1;
  CTRNN net({.dims = {2, 4, 1}, .activation = "tanh", .sparsity_masks = {{}, sparsity, {}}, .ei_masks = {{}, signs, {}},
             .synapse_growth_masks = {{}, growth, {}}, .self_connections = false, .weight_options = {.growth_interval = 2}, .model = kDouble});
  const Array x = wild({3, 6, 2}), y = wild({3, 6, 1}, 1, 3);
  net.update(x, {{.target = y}}, 0.01);
  EXPECT_EQ(net.last_growth().grown, 0u);
  const auto w0 = net.weight("hidden").as_double();
  EXPECT_EQ(w0[1 * 4 + 0], 0);
  net.update(x, {{.target = y}}, 0.01);
  EXPECT_EQ(net.last_growth().grown, 3u) << "not on the diagonal";
  const auto w = net.weight("hidden").as_double(), there = net.present("hidden").as_double();
  EXPECT_GT(w[1 * 4 + 0], 0) << "from unit 0 to 1";
  EXPECT_LT(w[1 * 4 + 2], 0) << "from the inhibitory unit 2 to 1";
  EXPECT_LT(w[3 * 4 + 2], 0);
  EXPECT_EQ(w[2 * 4 + 0], 0) << "probability 0";
  EXPECT_EQ(w[1 * 4 + 1], 0) << "no self connections";
  EXPECT_EQ(there[1 * 4 + 0], 1);
  EXPECT_EQ(there[2 * 4 + 0], 0);
  for (int i = 0; i < 3; ++i) net.update(x, {{.target = y}}, 0.01);
  EXPECT_NE(net.weight("hidden").as_double()[1 * 4 + 0], w[1 * 4 + 0]) << "what has grown learns";

  // grown synapses are part of what is saved
  TemporaryFolder folder;
  net.save(folder / "net.dynode");
  CTRNN loaded = CTRNN::load(folder / "net.dynode", kDouble);
  EXPECT_EQ(loaded.weight("hidden"), net.weight("hidden"));
  EXPECT_EQ(loaded.present("hidden"), net.present("hidden"));
  EXPECT_EQ(loaded(x).output, net(x).output);
  check_gradients(net, x, {{.target = y}});
}

TEST(Ctrnn, GradientsSeeAbsentSynapsesAsAbsent) {
  Array sparsity = ones({4, 4});
  for (size_t k : {1, 2, 5, 9, 11}) std::get<std::vector<double>>(sparsity.data)[k] = 0;
  const auto net = [&](EntryMask growth) {
    return CTRNN({.dims = {2, 4, 1}, .activation = "tanh", .sparsity_masks = {{}, sparsity, {}}, .synapse_growth_masks = {{}, growth, {}}, .model = kDouble});
  };
  CTRNN fixed = net({}), growing = net(ones({4, 4}, 0.5));
  const Array x = wild({3, 6, 2});
  const std::vector<LossTerm> loss = {{.target = wild({3, 6, 1}, 1, 3)}};
  EXPECT_EQ(fixed.weight("hidden"), growing.weight("hidden"));
  EXPECT_LT(worst(fixed.gradient(x, loss).at("J_1_to_1").as_double(), growing.gradient(x, loss).at("J_1_to_1").as_double()), 1e-15);
}

TEST(Ctrnn, FrozenLayersStayAndLearnAgain) {
  CTRNN net({.dims = {1, 3, 1}, .biases = {"zero", std::nullopt, "zero"}, .model = kDouble});
  const Array x = wild({2, 5, 1}), y = wild({2, 5, 1}, 1, 3);
  net.freeze("hidden");
  const auto frozen = net.weight("hidden");
  const auto input  = net.weight("input");
  net.update(x, {{.target = y}}, 0.01);
  EXPECT_EQ(net.weight("hidden"), frozen);
  EXPECT_NE(net.weight("input"), input);
  net.unfreeze("hidden").update(x, {{.target = y}}, 0.01);
  EXPECT_NE(net.weight("hidden"), frozen);
  EXPECT_SAYS(failure([&] { net.bias("hidden"); }), "no biases");
  EXPECT_SAYS(failure([&] { net.freeze("hiden"); }), "did you mean 'hidden'?");
}

TEST(Ctrnn, SavedNetworksComeBackWhole) {
  TemporaryFolder folder;
  const NetworkMasks areas = multi_area_ei({.dims = {2, 10, 2}, .area_connectivities = {0.5, 0.5}, .seed = 4});
  CTRNN net({.dims = areas.dims, .activation = "tanh", .biases = "normal", .learn_alpha = true, .preact_noise = 0.1,
             .init_state = InitState::learn, .sparsity_masks = areas.sparsity(), .ei_masks = areas.masks, .model = kDouble});
  const Array x = wild({2, 5, 2}), y = wild({2, 5, 2}, 1, 3);
  for (int i = 0; i < 3; ++i) net.update(x, {{.target = y}}, 0.01);
  net.eval().save(folder / "net.dynode");
  CTRNN loaded = CTRNN::load(folder / "net.dynode", kDouble);
  EXPECT_FALSE(loaded.training());
  EXPECT_EQ(loaded(x).output, net(x).output);
  EXPECT_EQ(loaded.print_layers(), net.print_layers());
  EXPECT_SAYS(failure([&] { CTRNN::load(folder / "none.dynode"); }), "no such file");
}

TEST(Ctrnn, ParametersHaveTheNamesOfTheOriginal) {
  CTRNN net({.dims = {2, 4, 3}, .biases = {std::nullopt, "normal", "zero"}, .learn_alpha = true, .model = kDouble}), other({.dims = {2, 4, 3}, .biases = {std::nullopt, "zero", "normal"}, .learn_alpha = true, .model = kDouble});
  std::vector<std::string> names;
  for (const auto& entry : net.state_dict()) names.push_back(entry.first);
  EXPECT_EQ(names, (std::vector<std::string>{"recurrent_layer.input_layer.weight", "recurrent_layer.hidden_layer.weight",
                                             "recurrent_layer.hidden_layer.bias", "readout_layer.weight", "readout_layer.bias",
                                             "recurrent_layer.alpha"}));
  other.load_state_dict(net.state_dict());
  EXPECT_EQ(other(wild({1, 4, 2})).output, net(wild({1, 4, 2})).output);
  EXPECT_SAYS(failure([&] { net.load_state_dict({{"readout_layer.weights", wild({3, 4})}}); }), "did you mean 'readout_layer.weight'?");
}

TEST(Ctrnn, StacksSeeTheRatesOfTheLayerBefore) {
  CTRNN net = CTRNN::stack({.input = 2, .layers = {{.size = 4, .activation = "tanh", .alpha = 0.2}, {.size = 4, .activation = "relu", .alpha = 0.5, .projection = false}},
                            .readout = 3, .model = kDouble});
  EXPECT_EQ(net.layers(), (std::vector<std::string>{"input_0", "hidden_0", "input_1", "hidden_1", "readout"}));
  const Trajectory run = net(wild({1, 3, 2}));
  const auto h0 = run.hidden[0].as_double(), v1 = run.potential[1].as_double(), h1 = run.hidden[1].as_double(), w = net.weight("hidden_1").as_double();
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(v1[i], 0.5 * h0[i], 1e-14) << "at rest before";
    double s = h0[4 + i];
    for (size_t j = 0; j < 4; ++j) s += w[i * 4 + j] * h1[j];
    EXPECT_NEAR(v1[4 + i], 0.5 * v1[i] + 0.5 * s, 1e-14);
  }
  EXPECT_EQ(run.output.shape, (std::vector<int64_t>{1, 3, 3}));
  CTRNN bare = CTRNN::stack({.input = 2, .layers = {{.size = 4}}});
  EXPECT_EQ(bare(wild({1, 3, 2})).output.shape, (std::vector<int64_t>{1, 3, 4})) << "without readout the rates are the output";
  EXPECT_SAYS(failure([] { CTRNN::stack({.input = 2, .layers = {{.size = 4, .projection = false}}}); }), "its 4 units cannot take 2");
}

TEST(Ctrnn, LayersArePrintedAndDrawn) {
  Array signs = ones({4});
  std::get<std::vector<double>>(signs.data)[3] = -1;
  CTRNN net({.dims = {2, 4, 1}, .activation = "retanh", .biases = {"zero", std::nullopt, "zero"}, .preact_noise = 0.1, .ei_masks = {{}, signs, signs}, .self_connections = false, .model = kDouble});
  const auto list = net.describe();
  std::vector<std::string> titles;
  for (const LayerText& layer : list) titles.push_back(layer.title);
  EXPECT_EQ(titles, (std::vector<std::string>{"input layer", "recurrence", "hidden layer", "readout layer"}));
  const std::string text = net.print_layers();
  for (const char* line : {"  | input_dim:            2\n", "  | activation:      retanh\n", "  | preact_noise:    0.1\n", "  | alpha:           0.1\n",
                           "  | sparsity:             0.75\n", "  | excitatory_units:     0.75\n", "  | bias_learnable:       true\n", "  | bias_min:             0\n"})
    EXPECT_NE(text.find(line), std::string::npos) << line << "in\n" << text;
  TemporaryFolder folder;
  net.plot_layers(folder / "weights.svg");
  std::ifstream     in(folder / "weights.svg");
  const std::string svg{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(svg.rfind("<svg", 0), 0u);
  for (const char* part : {">input<", ">hidden<", ">readout<", "data:image/png;base64,iVBORw0KGgo"}) EXPECT_NE(svg.find(part), std::string::npos) << part;
}

TEST(Ctrnn, WhatDoesNotFitIsSaid) {
  const auto said = [](const CTRNNOptions& options) { return failure([&] { CTRNN net(options); }); };
  EXPECT_SAYS(said({.dims = {0, 3, 1}}), "dims.input: 0 units");
  EXPECT_SAYS(said({.activation = "tahn"}), "unknown activation 'tahn'\n  did you mean 'tanh'?");
  EXPECT_SAYS(said({.biases = "unifrom"}), "biases.input: there is no distribution 'unifrom'\n  did you mean 'uniform'?");
  EXPECT_SAYS(failure([] { CTRNN net({.biases = 1}); }), "1 is no way to begin");
  EXPECT_SAYS(said({.weights = {"uniform", std::nullopt, "uniform"}}), "weights.hidden: there are no weights");
  EXPECT_SAYS(said({.dims = {2, 3, 1}, .weights = {wild({3, 3}), "uniform", "uniform"}}), "weights.input");
  EXPECT_SAYS(said({.dims = {2, 3, 1}, .biases = {std::nullopt, wild({4}), std::nullopt}}), "biases.hidden");
  EXPECT_SAYS(said({.tau = 0.0}), "tau is 0");
  EXPECT_SAYS(said({.dims = {1, 3, 1}, .tau = std::vector<double>{1, 2}}), "2 numbers for 3 units");
  EXPECT_SAYS(said({.dt = -1}), "dt is -1");
  EXPECT_SAYS(said({.preact_noise = -0.1}), "preact_noise is -0.1");
  EXPECT_SAYS(said({.preact_noise = 0.1, .noise_scaling = "sqr"}), "did you mean 'sqrt'?");
  EXPECT_SAYS(said({.dims = {2, 3, 1}, .sparsity_masks = {ones({3, 2}), {}, {}}}), "masks are (pre, post)");
  EXPECT_SAYS(said({.dims = {2, 3, 1}, .ei_masks = {ones({3}), {}, {}}}), "ei_masks.input");
  EXPECT_SAYS(said({.dims = {1, 2, 1}, .ei_masks = {{}, Array{{2, 2}, std::vector<double>{1, -1, 1, 1}}, {}}}), "ei_masks.hidden: source unit 0 (row 0) has entries of both signs");
  EXPECT_SAYS(said({.dims = {1, 2, 1}, .plasticity_masks = {{}, ones({2, 2}, NAN), {}}}), "plasticity_masks.hidden: an entry is nan");
  EXPECT_SAYS(said({.dims = {1, 2, 1}, .plasticity_masks = {{}, Array{{2, 2}, std::vector<double>{0, 1, 2, 3}}, {}}, .weight_options = {.plasticity_normalize = false}}), "0 to 1");
  EXPECT_SAYS(said({.dims = {1, 2, 1}, .plasticity_masks = {{}, ones({2, 2}), {}}, .weight_options = {.plasticity_mode = "stp"}}), "did you mean 'step'?");
  EXPECT_SAYS(said({.dims = {1, 2, 1}, .synapse_growth_masks = {{}, ones({2, 2}), {}}}), "without a sparsity mask every synapse is there");
  EXPECT_SAYS(said({.dims = {1, 2, 1}, .sparsity_masks = {{}, ones({2, 2}, 0), {}}, .synapse_growth_masks = {{}, ones({2, 2}, 2), {}}}), "probabilities are 0 to 1");
  EXPECT_SAYS(said({.dims = {1, 2, 1}, .sparsity_masks = {{}, ones({2, 2}), {}}, .synapse_growth_masks = {{}, ones({2, 2}), {}}}), "nothing can grow");
  EXPECT_SAYS(said({.weight_options = {.scaling = 0}}), "scaling is 0");
  CTRNN net({.dims = {1, 3, 1}, .dt = 200});
  ASSERT_EQ(net.spec().warnings.size(), 1u);
  EXPECT_SAYS(net.spec().warnings[0], "alpha = dt/tau is above 1");
  EXPECT_SAYS(failure([&] { net.set_weight("hidden", ones({2, 2})); }), "J_1_to_1");
  EXPECT_SAYS(failure([&] { net.gradient(ones({1, 2, 1}), {{.loss = "fr", .target = {}, .words = {{"metrc", "l1"}}}}); }), "did you mean 'metric'?");
}

TEST(CtrnnMasks, FitTheNetworkTheyAreMadeFor) {
  const NetworkMasks areas = multi_area_ei({.dims = {3, 20, 2}, .n_areas = {10, 10}, .area_connectivities = {0.3, 0.3, 1}, .input_areas = {0}, .readout_areas = {1}, .inh_readout = false, .seed = 1});
  EXPECT_EQ(areas.area_units("area_2"), areas.area_units(1));
  EXPECT_EQ(areas.input_units.size(), 10u);
  EXPECT_EQ(areas.readout_units.size(), 8u);
  EXPECT_EQ(areas.non_input_units(), areas.area_units(1));
  CTRNN net({.dims = areas.dims, .sparsity_masks = areas.sparsity(), .ei_masks = areas.masks, .model = kDouble});
  const auto w = net.weight("hidden").as_double(), mask = areas.masks.hidden->as_double();
  for (size_t i = 0; i < 20; ++i)
    for (size_t j = 0; j < 20; ++j) {
      if (mask[j * 20 + i] == 0) EXPECT_EQ(w[i * 20 + j], 0);
      else EXPECT_GE(w[i * 20 + j] * mask[j * 20 + i], 0);
    }
  const AreaManager manager(areas);
  const auto parts = manager.split_states(wild({2, 3, 20}));
  EXPECT_EQ(parts[1].shape, (std::vector<int64_t>{2, 3, 10}));
  EXPECT_EQ(parts[1].as_double()[10], wild({2, 3, 20}).as_double()[30]);
  EXPECT_EQ(manager.random_indices(0, 30, 1), areas.area_units(0));
  EXPECT_EQ(manager.random_indices(0, 30, 1, true).size(), 30u);
  EXPECT_SAYS(failure([&] { manager.get_area_states(wild({2, 20}), 2); }), "there is no area 2");
  EXPECT_SAYS(failure([&] { (void)areas.area_units("area_3"); }), "did you mean 'area_");
  EXPECT_SAYS(failure([] { multi_area({.dims = {1, 5, 1}}); }), "5 units do not make 2 areas");
  EXPECT_SAYS(failure([] { random_input({.dims = {1, 5, 1}, .input_spar = 0.6, .readout_spar = 0.6, .overlap = false}); }), "overlap");
  EXPECT_SAYS(failure([] { multi_io({.dims = {3, 5, 1}, .input_dims = {2, 2}}); }), "do not make up 3 channels");
  const NetworkMasks drawn = random_input({.dims = {1, 10, 1}, .input_spar = 0.3, .readout_spar = 0.7, .overlap = false, .seed = 2});
  EXPECT_EQ(drawn.input_units.size(), 3u);
  EXPECT_EQ(drawn.readout_units, drawn.non_input_units());
}

}  // namespace
}  // namespace dynode::ctrnn
