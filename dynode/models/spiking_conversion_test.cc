// Conversion of rate networks into spiking ones: what is asked of it beyond the recorded cases.
#include "dynode/models/spiking_conversion.h"

#include <cmath>
#include <gtest/gtest.h>
#include <numeric>

#include "dynode/base/failure_test.h"

namespace dynode::rate {
namespace {

RateParts some_net() { return RateRNN({.N = 30, .taus = {4, 20}}, {.seed = 3}).parts(); }

Task short_task() {
  const TaskEntry& entry = find_task("go_nogo");
  Arguments        a     = default_settings(entry);
  a.set("T", 40.0), a.set("stim_on", 5.0), a.set("stim_dur", 5.0);
  return Task(entry, a);
}

TEST(SpikingConversion, InputsAreHeldAroundTheirTime) {
  const SpikingSettings settings{.dt = 1e-3};   // five steps for each column
  const Array           u{{1, 3, 1}, std::vector<double>{1, 2, 3}};
  EXPECT_EQ(held_input(u, settings), (Array{{1, 10, 1}, std::vector<double>{1, 1, 1, 2, 2, 2, 2, 2, 3, 3}}));
}

TEST(SpikingConversion, DownsamplingTakesEveryOtherColumnInLongerSteps) {
  const SpikingSettings settings{.downsample = 2, .dt = 1e-3};
  const Array           u{{1, 5, 1}, std::vector<double>{1, 9, 2, 9, 3}};
  EXPECT_EQ(held_input(u, settings), (Array{{1, 10, 1}, std::vector<double>{1, 1, 1, 2, 2, 2, 2, 2, 3, 3}}));
  EXPECT_DOUBLE_EQ(settings.step(), 2e-3);
}

TEST(SpikingConversion, UnitsAndSignsAreKeptAndWeightsAreDivided) {
  const RateParts net     = some_net();
  const Model     spiking = to_spiking(net, {.scaling_factor = 20});
  const auto      w = net.w.as_double(), made = spiking.parameter("J_1_to_1").as_double();
  for (size_t i = 0; i < w.size(); ++i) EXPECT_EQ(made[i], std::max(w[i], 0.0) * net.sign[i % 30] / 20) << i;
  const auto decay = spiking.parameter("layer1/tau_decay").as_double();
  for (double seconds : decay) EXPECT_TRUE(seconds > 0.02 && seconds < 0.1) << seconds;
}

TEST(SpikingConversion, ATrialIsTheSameAloneAndAmongOthers) {
  const RateParts       net  = some_net();
  const Task            task = short_task();
  const SpikingSettings settings;
  Model                 one = to_spiking(net, settings, 1), two = to_spiking(net, settings, 2);
  const auto all   = run_trials(one, net, settings, task, {.count = 20, .keep = true});
  const auto again = run_trials(two, net, settings, task, {.first = 17, .count = 2, .keep = true});
  ASSERT_EQ(all.size(), 20);
  for (size_t k : {0, 1}) {
    EXPECT_FALSE(again[k].spikes.empty());
    EXPECT_EQ(again[k].output, all[17 + k].output);
    EXPECT_EQ(again[k].spikes, all[17 + k].spikes);
    EXPECT_EQ(again[k].rate_excitatory, all[17 + k].rate_excitatory);
  }
  EXPECT_NE(all[0].spikes, all[1].spikes);
}

TEST(SpikingConversion, AnswersAreJudgedInTheLateAnswer) {
  // a readout that is 1 throughout is right where something is asked for, and wrong where nothing is
  RateParts net = some_net();
  net.w_out     = Array{{1, 30}, std::vector<double>(30, 0)};
  net.b_out     = Array{{1}, std::vector<double>{1}};
  const SpikingSettings settings{.readout_bias = true};
  Model                 spiking = to_spiking(net, settings);
  for (const SpikingTrial& t : run_trials(spiking, net, settings, short_task(), {.count = 12})) {
    EXPECT_EQ(t.correct, t.label == 1);
    EXPECT_EQ(t.peak, 1);
    EXPECT_EQ(t.response_time, 0);
  }
}

TEST(SpikingConversion, AnswersCanBeNumbers) {
  RateParts net = some_net();
  net.w_in      = Array{{30, 2}, std::vector<double>(60, 0.1)};
  net.w_out     = Array{{1, 30}, std::vector<double>(30, 0)};
  net.b_out     = Array{{1}, std::vector<double>{1}};
  const SpikingSettings settings{.readout_bias = true};
  Model                 spiking = to_spiking(net, settings);
  const TaskEntry&      entry   = find_task("adding");
  Arguments             wide    = default_settings(entry);
  wide.set("tolerance", 0.3);
  const Task task(entry, wide);
  const auto trials = run_trials(spiking, net, settings, task, {.seed = 3, .count = 12});
  for (size_t k = 0; k < trials.size(); ++k)
    EXPECT_EQ(trials[k].correct, std::abs(task.trial(3, 0, k).target.back() - 1) < 0.3) << k;
}

TEST(SpikingConversion, TheBestFactorIsTheFirstOfTheBest) {
  ScalingSearch search;
  for (size_t correct : {3, 7, 7, 5}) search.scores.push_back({.factor = double(search.scores.size()), .trials = 10, .correct = correct});
  EXPECT_EQ(search.best().factor, 1);
}

TEST(SpikingConversion, IntervalsOfSharesAreWilsons) {
  const ScalingScore score{.trials = 20, .correct = 18};   // Newcombe 1998, table I
  EXPECT_NEAR(score.low(), 0.6990, 5e-5);
  EXPECT_NEAR(score.high(), 0.9721, 5e-5);
  EXPECT_EQ((ScalingScore{.trials = 5, .correct = 5}).high(), 1);
}

TEST(SpikingConversion, SaysWhatIsWrong) {
  const RateParts net = some_net();
  const auto      said = [&](const RateParts& n, const SpikingSettings& s) { return failure([&] { to_spiking(n, s); }); };
  EXPECT_EQ(said(net, {.scaling_factor = 0}), "scaling_factor is 0\n  it has to be positive");
  EXPECT_EQ(said(net, {.downsample = 0}), "downsample is 0\n  it has to be 1 or larger");
  EXPECT_EQ(said(net, {.threshold = -70}), "threshold is -70\n  it has to be above the reset voltage");
  EXPECT_EQ(said(net, {.stimulated = {30}}), "unit 30 is stimulated\n  there are 30");
  RateParts other = net;
  other.w0.reset();
  EXPECT_EQ(said(other, {.use_initial_weights = true}),
            "the network does not know its weights before training\n  convert those it has now");
  other.w = Array{{2, 2}, std::vector<double>(4)};
  EXPECT_NE(said(other, {}).find("w: "), std::string::npos);

  const auto tried = [&](const Task& task, const SpikingSettings& s) {
    Model spiking = to_spiking(net, s);
    return failure([&] { run_trials(spiking, net, s, task, {.count = 1}); });
  };
  EXPECT_EQ(tried(Task(find_task("xor")), {}),
            "trials of xor have 2 numbers in and 1 out, the network has 1 and 1\n  name the task it was trained on");
  EXPECT_EQ(tried(short_task(), {.downsample = 1000}).substr(0, 31), "downsample 1000 leaves nothing ");
}

}  // namespace
}  // namespace dynode::rate
