// RateRNN: construction, runs, lesions, files of the original.
#include "dynode/models/rate.h"

#include <cmath>
#include <gtest/gtest.h>

#include "dynode/io/file.h"
#include "dynode/io/io_test.h"
#include "dynode/io/mat.h"
#include "dynode/models/rate_file.h"

namespace dynode::rate {
namespace {

using Numbers = std::vector<double>;

RateRNN small(RateOptions options = {}, uint64_t seed = 1) {
  if (options.N == 200) options.N = 30;
  return RateRNN(options, {.precision = Precision::float64, .seed = seed});
}

/// [inputs][T] with a pulse.
Array pulse(int64_t T, int64_t inputs = 1) {
  Numbers u(size_t(T * inputs));
  for (int64_t t = 5; t < 10; ++t) u[size_t(t)] = 1;
  return {{inputs, T}, u};
}

const SimulateOptions kQuiet = {.noise = {.on = false}};

size_t existing(const RateRNN& net) {
  size_t n = 0;
  for (const double w : net.effective_w().as_double()) n += w != 0;
  return n;
}

TEST(RateRNN, IsDrawnAsAsked) {
  const RateRNN net  = small({.N = 400, .P_inh = 0.25, .P_rec = 0.3, .gain = 2});
  const Numbers w    = net.effective_w().as_double();
  const auto    sign = net.sign();
  double        sum = 0, count = 0, inhibitory = 0;
  for (const int8_t s : sign) inhibitory += s < 0;
  for (size_t i = 0; i < w.size(); ++i) {
    ASSERT_TRUE(w[i] * sign[i % 400] >= 0) << "the sign belongs to the source";
    sum += std::abs(w[i]), count += w[i] != 0;
  }
  EXPECT_NEAR(inhibitory / 400, 0.25, 0.07);
  EXPECT_NEAR(count / 160000, 0.3, 0.01);
  EXPECT_NEAR(sum / count, 2 * std::sqrt(2 / M_PI) / std::sqrt(400 * 0.3), 0.003) << "half-normal";
  EXPECT_NEAR(small({.N = 400, .w_dist = "gamma"}).effective_w().as_double()[0], 0, 0.1);

  size_t exact = 0;
  for (const int8_t s : small({.N = 30, .P_inh = 0.25, .exact_inh = true}).sign()) exact += s < 0;
  EXPECT_EQ(exact, 8u);
  EXPECT_TRUE(small({.apply_dale = false}).sign().empty());
  for (int64_t i = 0; i < 30; ++i)
    EXPECT_EQ(small({.P_rec = 1, .self_connections = false}).effective_w().as_double()[size_t(i * 31)], 0);
}

TEST(RateRNN, GivenWeightsAreTaken) {
  const Array w_in{{30, 2}, Numbers(60, 0.25)}, w_out{{1, 30}, Numbers(30, 0.5)};
  RateRNN     net = small({.w_in = w_in, .w_out = w_out});
  EXPECT_EQ(net.inputs(), 2);
  EXPECT_EQ(net.parts().w_in.as_double(), w_in.as_double());
  EXPECT_EQ(net.parts().w_out.as_double(), w_out.as_double());
}

TEST(RateRNN, EvalGivesOutputsOfEveryStepButTheStart) {
  RateRNN     net   = small();
  const Trial trial = net.eval(pulse(40), kQuiet);
  EXPECT_EQ(trial.o.shape, (std::vector<int64_t>{39, 1}));
  EXPECT_EQ(trial.r.shape, (std::vector<int64_t>{40, 30}));
  EXPECT_EQ(trial.x.shape, (std::vector<int64_t>{40, 30}));
  const Numbers r = trial.r.as_double(), w_out = net.parts().w_out.as_double(), o = trial.o.as_double();
  for (size_t t = 1; t < 40; ++t) {
    double sum = 0;
    for (size_t i = 0; i < 30; ++i) sum += w_out[i] * r[t * 30 + i];
    EXPECT_NEAR(o[t - 1], sum, 1e-14);
  }
  // a batch of two: the same trial in the form of other networks
  Numbers both(80);
  for (int64_t t = 5; t < 10; ++t) both[size_t(t)] = 1;
  const Trial batch = net.eval({{2, 40, 1}, both}, kQuiet);
  EXPECT_EQ(batch.o.shape, (std::vector<int64_t>{2, 39, 1}));
  const Numbers first = batch.o.as_double();
  EXPECT_EQ(Numbers(first.begin(), first.begin() + 39), o);
}

TEST(RateRNN, LossesAreSumsNotMeans) {
  const Array o{{3}, Numbers{1, 2, 5}}, z{{3}, Numbers{1, 0, 4}};
  EXPECT_DOUBLE_EQ(loss_op(o, z, "L1"), 3);
  EXPECT_DOUBLE_EQ(loss_op(o, z, "l2"), std::sqrt(5));
  EXPECT_DOUBLE_EQ(loss_op(o, z, "mse"), 5.0 / 3);
  EXPECT_NE(message_of<SpecError>([&] { loss_op(o, z, "rmse"); }).find("there is no 'rmse'"), std::string::npos);

  RateRNN     net   = small();
  const Trial trial = net.eval(pulse(20), kQuiet);
  const Array target{{19}, Numbers(19, 0.5)};
  for (const char* name : {"L1", "l2", "mse"})
    EXPECT_NEAR(net.gradient(pulse(20), target, name, {.noise = {.on = false}}).loss, loss_op(trial.o, target, name),
                1e-13)
        << name;
}

TEST(RateRNN, LesionsTakeAShareOfWhatExists) {
  RateRNN      net    = small({.P_rec = 0.5});
  const size_t all    = existing(net);
  const Array  before = net.parts().w;
  const Lesion lesion = net.lesion_w(0.3);
  EXPECT_EQ(lesion.chosen.size(), size_t(0.3 * double(all)));
  EXPECT_EQ(existing(net), all - lesion.chosen.size());
  net.restore(lesion);
  EXPECT_EQ(net.parts().w, before);

  const std::vector<Lesion> groups = net.lesion_w_by_type(1, 0.5, 7);
  ASSERT_EQ(groups.size(), 4u);
  EXPECT_EQ(existing(net), all) << "attenuated, not removed";
  const auto sign = net.sign();
  for (size_t g = 0; g < 4; ++g)
    for (const size_t i : groups[g].chosen) {
      EXPECT_EQ(sign[i % 30] < 0, g >= 2) << "source";
      EXPECT_EQ(sign[i / 30] < 0, g % 2 == 1) << "target";
    }
  const Numbers w = net.parts().w.as_double(), w0 = before.as_double();
  for (size_t i = 0; i < w.size(); ++i) EXPECT_EQ(w[i], 0.5 * w0[i]);

  RateRNN a = small(), b = small(), c = small();
  EXPECT_EQ(a.lesion_w(0.2, 0, 3).chosen, b.lesion_w(0.2, 0, 3).chosen);
  EXPECT_NE(c.lesion_w(0.2, 0, 4).chosen, b.lesion_w(0.2, 0, 3).chosen);
}

TEST(RateRNN, DeadWeightsDoNotExist) {
  RateParts parts = small({.P_rec = 1}).parts();
  Numbers   w     = parts.w.as_double();
  for (size_t i = 0; i < w.size(); i += 2) w[i] = -w[i];
  parts.w = {{30, 30}, w};
  RateRNN net(parts, {.precision = Precision::float64});
  EXPECT_EQ(existing(net), 450u);
  for (const size_t i : net.lesion_w(1).chosen) EXPECT_EQ(i % 2, 1u);
}

TEST(RateRNN, DisplayCountsUnitsAndWeights) {
  RateParts parts = small({.N = 4}).parts();
  parts.sign      = {1, -1, 1, 1};
  parts.w         = {{4, 4}, Numbers{1, 1, 0, -1, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0}};
  EXPECT_EQ(RateRNN(parts).display(),
            "4 rate units, 1 input, 1 output\n  3 excitatory, 1 inhibitory\n"
            "  recurrent weights: 50.0 % absent, 25.0 % positive, 25.0 % negative\n");
}

TEST(RateRNN, FilesOfTheOriginalComeBack) {
  const TemporaryFolder folder;
  for (const RateOptions& options :
       {RateOptions{.N = 12, .som_N = 1, .activation = "softplus", .inputs = 2, .exact_inh = true},
        RateOptions{.N = 12, .apply_dale = false, .taus = {10}}}) {
    RateRNN           net  = small(options);
    const std::string path = folder / "net.mat";
    net.save(path);
    RateRNN again = RateRNN::load(path, {.precision = Precision::float64});
    EXPECT_EQ(again.eval(pulse(30, net.inputs()), kQuiet).o, net.eval(pulse(30, net.inputs()), kQuiet).o);
    EXPECT_EQ(again.sign(), net.sign());
    EXPECT_EQ(again.parts().taus, options.taus);
    EXPECT_EQ(again.parts().activation, options.activation);
    EXPECT_EQ(again.parts().w0->as_double(), net.parts().w.as_double());
    const Mat file = load_mat(path);
    EXPECT_EQ(file.at("m").shape, (std::vector<int64_t>{12, 12}));
    EXPECT_EQ(file.at("exc").shape, (std::vector<int64_t>{12, 1}));
    EXPECT_EQ(file.at("w_out").shape, (std::vector<int64_t>{1, 12}));
    EXPECT_EQ(file.at("b_out").shape, (std::vector<int64_t>{1, 1}));

    net.save(folder / "net.dynode");
    EXPECT_EQ(
        RateRNN::load(folder / "net.dynode", {.precision = Precision::float64}).eval(pulse(30, net.inputs()), kQuiet).o,
        net.eval(pulse(30, net.inputs()), kQuiet).o);
  }
}

TEST(RateRNN, BadInputIsExplained) {
  const auto says = [](const auto& body, const std::string& part) {
    const std::string text = message_of<Error>(body);
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  says([] { small({.P_inh = 1.5}); }, "P_inh: must be within [0, 1], got 1.5");
  says([] { small({.P_rec = 0}); }, "P_rec: must be within (0, 1], got 0");
  says([] { small({.gain = -1}); }, "gain: must be larger than 0");
  says([] { small({.w_dist = "uniform"}); }, "there is no 'uniform'\n  there are: gaus, gamma");
  says([] { small({.activation = "sigmod"}); }, "did you mean 'Sigmoid'?");
  says([] { small({.taus = {1, 2, 3}}); }, "has 3 numbers");
  says([] { small({.taus = {20, 4}}); }, "give [lowest, highest]");
  says([] { small({.N = 10, .som_N = 9, .exact_inh = true}); }, "som_N is 9, but layer 1 has 2 inhibitory units");
  says([] { small({.som_N = 1, .apply_dale = false}); }, "no inhibitory units without Dale's law");
  says([] { small({.w_in = Array{{3, 1}, Numbers(3)}}); }, "J_0_to_1");
  says([] { small().lesion_w(1.1); }, "fraction: must be within [0, 1], got 1.1");
  says([] { small().lesion_w_by_type(0.5, -1); }, "scale: must be within [0, 1], got -1");
  says([] { small().eval(Array{{2, 30}, Numbers(60)}); }, "u: expected");
  says([] { small().gradient(pulse(20), Array{{20}, Numbers(20)}, "l2"); }, "one target for each step from 1 on");
}

TEST(RateRNN, DamagedFilesAreExplained) {
  const TemporaryFolder folder;
  const std::string     path = folder / "net.mat";
  small({.N = 6, .P_inh = 0.5, .exact_inh = true}).save(path);
  const std::vector<Mat::Entry> sound = load_mat(path).entries();
  const auto                    with  = [&](const std::string& name, std::optional<Array> value) {
    std::vector<Mat::Entry> entries;
    for (const Mat::Entry& e : sound)
      if (e.first != name) entries.push_back(e);
      else if (value) entries.emplace_back(name, *value);
    save_mat(path, entries);
    return message_of<Error>([&] { RateRNN::load(path); });
  };
  const auto says = [](const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  for (const char* name : {"w", "m", "som_m", "w_in", "w_out", "b_out", "N", "taus", "taus_gaus"})
    says(with(name, {}), std::string("has no '") + name + "'");
  says(with("N", Array{{1, 1}, Numbers{7}}), "m: expected [7, 7], got [6, 6]");
  says(with("N", Array{{1, 1}, Numbers{-1}}), "N is -1");
  says(with("w", Array{{6, 6}, Numbers(36, std::nan(""))}), "w has nan in it");
  says(with("m", Array{{6, 6}, Numbers(36, 1)}), "m[0, 1] is 1");
  says(with("som_m", Array{{6, 6}, Numbers(36, 0)}), "som_m[0, 0] is 0, but som_N is 0");
  says(with("som_N", Array{{1, 1}, Numbers{4}}), "som_N is 4");
  says(with("taus", Array{{1, 3}, Numbers{1, 2, 3}}), "taus: expected");
  const std::string bytes = read_file(path);
  write_file(path, bytes.substr(0, bytes.size() / 2));
  says(message_of<Error>([&] { RateRNN::load(path); }), "it is damaged, or not all of it is there");
}

}  // namespace
}  // namespace dynode::rate
