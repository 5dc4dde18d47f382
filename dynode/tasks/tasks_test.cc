// Tasks: what every task must keep, asked of the whole catalogue, and what is special to each.
#include <algorithm>
#include <cmath>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <numeric>
#include <set>

#include "dynode/base/arguments_test.h"
#include "dynode/plan/arguments.h"
#include "dynode/tasks/task.h"

namespace dynode {
namespace {

using Given = std::initializer_list<std::pair<const char*, Arguments::Value>>;

Task make(const char* name, Given given = {}) {
  const TaskEntry& entry = find_task(name);
  return Task(entry, arguments_of(entry.facts, given));
}

/// What the task refuses to be built with.
std::string refusal(const char* name, Given given) {
  try {
    make(name, given);
  } catch (const SpecError& error) { return error.what(); }
  return "nothing was refused";
}

/// Tasks with settings of which some differ from the defaults.
std::vector<Task> variants() {
  std::vector<Task> all;
  for (const TaskEntry& entry : tasks()) all.emplace_back(entry);
  all.push_back(make("mante", {{"trial_type", std::string("motion")}, {"color", 0.5}}));
  all.push_back(make("match_to_sample", {{"stimuli", 5.0}, {"noise", 0.1}}));
  all.push_back(make("sine", {{"random_phase", 1.0}}));
  all.push_back(make("bit_stream_xor", {{"encoding", std::string("event")}}));
  all.push_back(make("bit_stream_xor", {{"set", std::string("test")}}));
  return all;
}

double share(const Task& task, const std::function<bool(const Trial&)>& property, size_t trials = 4000) {
  const TrialBatch batch = task.batch(5, 0, trials);
  size_t           count = 0;
  for (size_t row = 0; row < trials; ++row) count += property(batch.trial(row));
  return double(count) / double(trials);
}

bool same(const Trial& a, const Trial& b) {
  return a.input == b.input && a.target == b.target && a.mask == b.mask && a.timespans == b.timespans &&
         a.label == b.label;
}

std::vector<double> column(const Trial& trial, size_t k) {
  std::vector<double> values;
  for (size_t t = 0; t < trial.shape.steps; ++t) values.push_back(trial.in(t, k));
  return values;
}

std::vector<double> row_of(size_t steps, std::initializer_list<std::tuple<size_t, size_t, double>> pieces) {
  std::vector<double> values(steps);
  for (const auto& [begin, end, value] : pieces)
    for (size_t t = begin; t < end; ++t) values[t] = value;
  return values;
}

// ---- every task ----------------------------------------------------------------------------------------

TEST(Tasks, SizesFitAndNumbersAreFinite) {
  for (const Task& task : variants()) {
    SCOPED_TRACE(task.entry().name);
    const TaskShape& s = task.shape();
    EXPECT_LT(s.answer_begin, s.answer_end);
    EXPECT_LE(s.answer_end, s.steps);
    const TrialBatch batch = task.batch(1, 0, 20);
    EXPECT_EQ(batch.input.size(), 20 * s.steps * s.inputs);
    EXPECT_EQ(batch.target.size(), 20 * s.steps * s.outputs);
    EXPECT_EQ(batch.mask.size(), 20 * s.steps);
    EXPECT_TRUE(batch.timespans.empty() || batch.timespans.size() == batch.mask.size());
    const auto finite = [](double x) { return std::isfinite(x); };
    EXPECT_TRUE(std::ranges::all_of(batch.input, finite));
    EXPECT_TRUE(std::ranges::all_of(batch.target, finite));
    for (size_t row = 0; row < 20; ++row) {
      const Trial trial = batch.trial(row);
      EXPECT_TRUE(std::ranges::count(trial.mask, 1) > 0);
      EXPECT_GE(trial.label, 0);
      EXPECT_TRUE(task.entry().labels.empty() || trial.label < int64_t(task.entry().labels.size()));
    }
  }
}

TEST(Tasks, TheTargetIsACorrectOutputAndSilenceIsNot) {
  for (const Task& task : variants()) {
    SCOPED_TRACE(task.entry().name);
    bool silence_fails = false;
    for (size_t row = 0; row < 50; ++row) {
      const Trial         trial  = task.trial(2, 0, row);
      std::vector<double> target = trial.target, zero(target.size()), nan(target.size(), std::nan(""));
      EXPECT_TRUE(task.correct(trial, target)) << row;
      if (!task.correct(trial, zero)) silence_fails = true;
      EXPECT_TRUE(!task.correct(trial, nan)) << row;
    }
    EXPECT_TRUE(silence_fails);
  }
}

TEST(Tasks, ATrialIsAFunctionOfSeedBatchAndRow) {
  for (const Task& task : variants()) {
    SCOPED_TRACE(task.entry().name);
    const TrialBatch batch = task.batch(9, 3, 12);
    Threads          threads(3);
    const TrialBatch again = task.batch(9, 3, 12, &threads);
    EXPECT_EQ(batch.input, again.input);
    EXPECT_EQ(batch.target, again.target);
    EXPECT_EQ(batch.labels, again.labels);
    const size_t first = task.fixed_count() > 0 ? 36 : 0;  // fixed sets are numbered through
    for (size_t row = 12; row-- > 0;) EXPECT_TRUE(same(batch.trial(row), task.trial(9, 3, first + row))) << row;
    if (task.fixed_count() > 0) continue;
    EXPECT_EQ(task.batch(9, 3, 5).labels, std::vector<int64_t>(batch.labels.begin(), batch.labels.begin() + 5));
  }
}

TEST(Tasks, SeedsAndBatchesDiffer) {
  for (const char* name :
       {"mante", "mante_kim", "perceptual_decision", "adding", "copy_memory", "pulse_accumulation"}) {
    const Task                    task = make(name);
    std::set<std::vector<double>> seen;
    for (uint64_t seed : {1, 2})
      for (uint64_t batch : {0, 1})
        for (uint64_t row : {0, 1}) seen.insert(task.trial(seed, batch, row).input);
    EXPECT_EQ(seen.size(), 8u) << name;
  }
}

TEST(Tasks, LabelsAreEquallyFrequent) {
  for (const TaskEntry& entry : tasks()) {
    if (entry.labels.empty()) continue;
    const Task task(entry);
    EXPECT_NEAR(share(task, [](const Trial& t) { return t.label == 1; }), 0.5, 0.03) << entry.name;  // 4 deviations
  }
}

TEST(Tasks, EverySettingExplainsItselfAndRefusesWhatIsOutside) {
  for (const TaskEntry& entry : tasks()) {
    for (const Fact& fact : entry.facts) {
      SCOPED_TRACE(std::string(entry.name) + "." + fact.name);
      EXPECT_STRNE(fact.help, "");
      const auto check = [&](Value value) {
        check_arguments(entry.name, entry.facts, Value::map({{fact.name, value}}));
      };
      switch (fact.kind) {
        case ArgumentKind::text: {
          EXPECT_THROW(check(3), SpecError);
          Arguments settings = default_settings(entry);
          settings.set(fact.name, std::string("nonsense"));
          EXPECT_THROW(Task(entry, settings), SpecError);
          break;
        }
        case ArgumentKind::boolean: EXPECT_THROW(check(2), SpecError); break;
        case ArgumentKind::numbers:
          EXPECT_THROW(check(Value::list_of({fact.min - 1})), SpecError);
          EXPECT_THROW(check(Value::list_of({fact.max + 1})), SpecError);
          break;
        case ArgumentKind::integer: EXPECT_THROW(check(fact.min + 0.5), SpecError); [[fallthrough]];
        case ArgumentKind::number:
          EXPECT_THROW(check("many"), SpecError);
          EXPECT_THROW(check(fact.min - 1), SpecError);
          EXPECT_THROW(check(fact.max * 1.001 + 1), SpecError);
          EXPECT_TRUE(std::isnan(fact.value) || (fact.value >= fact.min && fact.value <= fact.max));
      }
    }
  }
}

TEST(Tasks, NamesAreFoundWithHyphensAndMistakesGetASuggestion) {
  EXPECT_STREQ(find_task("go-nogo").name, "go_nogo");
  try {
    find_task("go_nog");
    FAIL();
  } catch (const SpecError& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean 'go_nogo'"), std::string::npos);
  }
}

TEST(Tasks, SettingsThatDoNotGoTogetherAreRefused) {
  const auto expect = [](const char* name, Given given, const std::string& message) {
    EXPECT_EQ(refusal(name, given), message);
  };
  expect("go_nogo", {{"T", 76.0}},
         "the answer of go_nogo would begin at step 75, but the trial has 75 steps\n  give T of at least 77, or "
         "shorter stimuli");
  EXPECT_NO_THROW(make("go_nogo", {{"T", 77.0}}));
  expect("xor", {{"T", 171.0}},
         "the answer of xor would begin at step 170, but the trial has 170 steps\n  give T of at least 172, or shorter "
         "stimuli");
  expect("mante_kim", {{"stim_dur", 1000.0}},
         "the answer of mante_kim would begin at step 1050, but the trial has 499 steps\n  give T of at least 1052, or "
         "shorter stimuli");
  expect("xor", {{"trial_type", std::string("+")}},
         "xor has no trial_type '+'\n  did you mean '++'?  there are: ++, +-, -+, --, any");
  expect("n_back", {{"items", 2.0}}, "n_back has 2 items, none of them has 2 before it\n  give items of at least 3");
  expect(
      "parametric_working_memory", {{"difference", 30.0}},
      "parametric_working_memory needs frequencies 30 apart, but from low 10 to high 34 are only 24\n  give a smaller "
      "difference or a larger high");
  expect("perceptual_decision", {{"coherences", std::vector<double>{}}},
         "perceptual_decision has no coherences\n  give at least one: [12.8]");
  expect("pulse_accumulation", {{"ratios", std::vector<double>{}}},
         "pulse_accumulation has no ratios\n  give at least one: [1.5]");
  expect("bit_stream_xor", {{"set", std::string("test")}, {"pad", 16.0}},
         "the published sets of bit_stream_xor have pad 32, not 16\n  leave pad out, or use set: drawn");
  expect(
      "n_back", {{"items", 100000.0}, {"item_steps", 1e7}},
      "a trial of n_back has 1000001000000 steps of 4 inputs and 1 outputs: too many\n  at most 100 million numbers");
}

TEST(Tasks, OutputsOfAnotherSizeAreRefused) {
  const Task task = make("go_nogo");
  EXPECT_THROW(task.correct(task.trial(1, 0, 0), std::vector<double>(200)), ShapeError);
}

// ---- go_nogo, xor, mante -------------------------------------------------------------------------------

TEST(GoNoGo, PulseAndAnswer) {
  const Task task =
      make("go_nogo", {{"T", 12.0}, {"stim_on", 3.0}, {"stim_dur", 2.0}, {"trial_type", std::string("go")}});
  const Trial trial = task.trial(1, 0, 0);
  EXPECT_EQ(trial.input, (std::vector<double>{0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(trial.target, (std::vector<double>{0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1}));
  EXPECT_FALSE(task.correct(trial, row_of(11, {{5, 11, 0.7}})));
  EXPECT_TRUE(task.correct(trial, row_of(11, {{10, 11, 0.71}})));
  EXPECT_FALSE(task.correct(trial, row_of(11, {{0, 5, 1}})));
}

TEST(GoNoGo, SilenceIsMeasuredBothWaysAndOnlyAfterThePulse) {
  const Task task =
      make("go_nogo", {{"T", 12.0}, {"stim_on", 3.0}, {"stim_dur", 2.0}, {"trial_type", std::string("nogo")}});
  const Trial trial = task.trial(1, 0, 0);
  EXPECT_EQ(trial.label, 0);
  EXPECT_TRUE(task.correct(trial, row_of(11, {{0, 5, 9}, {5, 11, -0.29}})));
  EXPECT_FALSE(task.correct(trial, row_of(11, {{7, 8, 0.3}})));
  EXPECT_FALSE(task.correct(trial, row_of(11, {{7, 8, -0.3}})));
}

TEST(Xor, PulsesFollowOneAnotherAndTheAnswerEnds) {
  const Trial trial = make("xor", {{"trial_type", std::string("-+")}}).trial(1, 0, 0);
  EXPECT_EQ(column(trial, 0), row_of(299, {{50, 100, -1}}));
  EXPECT_EQ(column(trial, 1), row_of(299, {{110, 160, 1}}));
  EXPECT_EQ(trial.target, row_of(299, {{170, 270, -1}}));
}

TEST(Xor, TheFourPairsAreEquallyFrequent) {
  const Task task = make("xor");
  for (const double a : {-1, 1})
    for (const double b : {-1, 1})
      EXPECT_NEAR(share(task, [&](const Trial& t) { return t.in(50, 0) == a && t.in(110, 1) == b; }), 0.25, 0.03);
}

TEST(Xor, OnlyTheWindowOfTheAnswerCounts) {
  const Task  task  = make("xor", {{"trial_type", std::string("++")}});
  const Trial trial = task.trial(1, 0, 0);
  EXPECT_TRUE(task.correct(trial, row_of(299, {{269, 270, 0.8}})));
  EXPECT_FALSE(task.correct(trial, row_of(299, {{270, 299, 0.8}})));
  EXPECT_FALSE(task.correct(trial, row_of(299, {{170, 270, -0.8}})));
}

TEST(Mante, TheContextPicksTheStimulus) {
  const Task task = make("mante");
  for (size_t row = 0; row < 100; ++row) {
    const Trial  trial   = task.trial(4, 0, row);
    const double context = trial.in(50, 0), color = trial.in(50, 1), motion = trial.in(50, 2);
    EXPECT_EQ(std::abs(context), 1);
    EXPECT_LE(std::max(std::abs(color), std::abs(motion)), 1.25);
    EXPECT_EQ(column(trial, 1), row_of(499, {{50, 250, color}}));
    EXPECT_EQ(column(trial, 3), row_of(499, {}));
    EXPECT_EQ(trial.target, row_of(499, {{250, 499, (context > 0 ? color : motion) > 0 ? 1 : -1}}));
  }
  EXPECT_NEAR(share(task, [](const Trial& t) { return t.in(50, 0) == 1; }), 0.5, 0.03);
}

TEST(Mante, ZeroCountsAsNegative) {
  const Trial trial =
      make("mante", {{"trial_type", std::string("color")}, {"color", 0.0}, {"motion", 1.0}}).trial(1, 0, 0);
  EXPECT_EQ(trial.label, 0);
  EXPECT_EQ(trial.target.back(), -1);
}

TEST(Mante, FixedNumbersLeaveTheOthersAsTheyWere) {
  const Trial drawn = make("mante").trial(1, 0, 3), fixed = make("mante", {{"color", 0.25}}).trial(1, 0, 3);
  EXPECT_EQ(column(drawn, 2), column(fixed, 2));
  EXPECT_EQ(column(drawn, 0), column(fixed, 0));
}

TEST(ManteKim, TheContextLastsAndTheMeanIsTheOffset) {
  const Task task = make("mante_kim", {{"trial_type", std::string("motion")}, {"T", 20052.0}, {"stim_dur", 20000.0}});
  for (size_t row = 0; row < 4; ++row) {
    const Trial trial = task.trial(1, 0, row);
    EXPECT_EQ(column(trial, 2), row_of(20051, {}));
    EXPECT_EQ(column(trial, 3), row_of(20051, {{0, 20051, 1}}));
    const std::vector<double> motion = column(trial, 1);
    const double              mean   = std::accumulate(motion.begin(), motion.end(), 0.0) / 20000;
    EXPECT_NEAR(std::abs(mean), 0.5, 0.03);
    EXPECT_EQ(mean > 0, trial.label == 1);
    EXPECT_EQ(motion[49], 0);
    EXPECT_EQ(motion[20050], 0);
  }
}

// ---- memory and decisions ------------------------------------------------------------------------------

TEST(MatchToSample, TheTestIsTheSampleWhereItMatches) {
  const Task task  = make("match_to_sample", {{"stimuli", 4.0}});
  const auto shown = [](const Trial& t, size_t step) {
    size_t which = 9;
    for (size_t k = 0; k < 4; ++k)
      if (t.in(step, k) == 1) which = which == 9 ? k : 99;
    return which;
  };
  for (size_t row = 0; row < 100; ++row) {
    const Trial trial = task.trial(1, 0, row);
    ASSERT_LT(shown(trial, 20), 4u);
    ASSERT_LT(shown(trial, 90), 4u);
    EXPECT_EQ(shown(trial, 20) == shown(trial, 90), trial.label == 1);
    EXPECT_EQ(trial.target, row_of(160, {{110, 160, trial.label == 1 ? 1 : -1}}));
    EXPECT_EQ(shown(trial, 60), 9u);
  }
  for (size_t k = 0; k < 4; ++k)
    EXPECT_NEAR(share(task, [&](const Trial& t) { return shown(t, 90) == k; }), 0.25, 0.03);
}

TEST(NBack, TargetsTellWhichItemsMatch) {
  const Task task    = make("n_back", {{"n", 3.0}, {"items", 12.0}, {"item_steps", 2.0}, {"gap", 3.0}});
  size_t     matches = 0;
  for (size_t row = 0; row < 400; ++row) {
    const Trial         trial = task.trial(1, 0, row);
    std::vector<size_t> items;
    for (size_t i = 0; i < 12; ++i)
      for (size_t k = 0; k < 4; ++k)
        if (trial.in(5 * i, k) == 1) items.push_back(k);
    ASSERT_EQ(items.size(), 12u);
    int64_t count = 0;
    for (size_t i = 0; i < 12; ++i) {
      EXPECT_EQ(trial.out(5 * i, 0), 0);
      EXPECT_EQ(trial.out(5 * i + 2, 0), i < 3 ? 0 : items[i] == items[i - 3] ? 1 : -1);
      count += i >= 3 && items[i] == items[i - 3];
    }
    EXPECT_EQ(trial.label, count);
    matches += size_t(count);
  }
  EXPECT_NEAR(double(matches) / (400 * 9), 0.5, 0.035);
  Trial               trial  = task.trial(1, 0, 0);
  std::vector<double> output = trial.target;
  for (size_t t = 17; t < 20; ++t) output[t] = -output[t];  // one answer wrong
  EXPECT_FALSE(task.correct(trial, output));
}

TEST(ParametricWorkingMemory, TheInputsTellTheFrequencies) {
  const Task                               task = make("parametric_working_memory", {{"noise", 0.0}});
  std::map<std::pair<double, double>, int> pairs;
  for (size_t row = 0; row < 4000; ++row) {
    const Trial  trial = task.trial(1, 0, row);
    const double first = 10 + 24 * trial.in(10, 0), second = 10 + 24 * trial.in(135, 0);
    EXPECT_EQ(trial.in(10, 0) + trial.in(10, 1), 1);
    EXPECT_EQ(trial.in(60, 0), 0);
    EXPECT_EQ(trial.label == 1, first > second);
    EXPECT_EQ(trial.out(160, size_t(trial.label)), 1);
    EXPECT_EQ(trial.out(160, size_t(1 - trial.label)), 0);
    ++pairs[{std::round(first), std::round(second)}];
  }
  EXPECT_EQ(pairs.size(), 10u);  // (10, 18), (14, 22), … (26, 34), either order
  for (const auto& [pair, count] : pairs) {
    EXPECT_EQ(std::abs(pair.first - pair.second), 8);
    EXPECT_NEAR(count / 4000.0, 0.1, 0.02);
  }
  const Trial trial = task.trial(1, 0, 0);
  EXPECT_EQ(std::ranges::count(trial.mask, 1), 10 + 25);
}

TEST(PerceptualDecision, TheLabelledSideHasTheEvidence) {
  const Task task = make("perceptual_decision", {{"coherences", std::vector<double>{40}}, {"noise", 0.0}});
  for (size_t row = 0; row < 20; ++row) {
    const Trial trial = task.trial(1, 0, row);
    EXPECT_EQ(column(trial, size_t(trial.label)), row_of(160, {{20, 120, 0.7}}));
    EXPECT_EQ(column(trial, size_t(1 - trial.label)), row_of(160, {{20, 120, 0.3}}));
  }
}

TEST(PerceptualDecision, EqualOutputsAreNoDecision) {
  const Task  task  = make("perceptual_decision");
  const Trial trial = task.trial(1, 0, 0);
  EXPECT_FALSE(task.correct(trial, std::vector<double>(320, 1)));
  std::vector<double> output(320, 1);
  output[2 * 150 + size_t(trial.label)] = 1.1;
  EXPECT_TRUE(task.correct(trial, output));
  output[2 * 150 + size_t(1 - trial.label)] = 1.2;
  EXPECT_FALSE(task.correct(trial, output));
}

TEST(PulseAccumulation, TheLabelHasMorePulses) {
  const Task task  = make("pulse_accumulation", {{"ratios", std::vector<double>{1.5}}});
  double     total = 0;
  size_t     more  = 0;
  for (size_t row = 0; row < 500; ++row) {
    const Trial               trial = task.trial(1, 0, row);
    const std::vector<double> left = column(trial, 0), right = column(trial, 1);
    const double              l = std::accumulate(left.begin(), left.end(), 0.0),
                 r              = std::accumulate(right.begin(), right.end(), 0.0);
    EXPECT_NE(l, r);
    EXPECT_EQ(trial.label == 1, r > l);
    total += l + r;
    more += size_t(std::max(l, r));
  }
  EXPECT_NEAR(total / 500 / 100, 0.4, 0.01);
  EXPECT_NEAR(double(more) / total, 1 / (1 + std::exp(-1.5)), 0.015);
}

// ---- benchmarks ----------------------------------------------------------------------------------------

TEST(Sine, IsTheSequenceOfTheTutorial) {
  const Trial  trial = make("sine").trial(1, 0, 0);
  const double pi    = std::acos(-1.0);
  for (size_t t = 0; t < 48; ++t) {
    EXPECT_NEAR(trial.in(t, 0), std::sin(3 * pi * double(t) / 47), 1e-14);
    EXPECT_NEAR(trial.in(t, 1), std::cos(3 * pi * double(t) / 47), 1e-14);
    EXPECT_NEAR(trial.out(t, 0), std::sin(6 * pi * double(t) / 47), 1e-14);
  }
  EXPECT_TRUE(same(trial, make("sine").trial(2, 5, 9)));
}

TEST(Sine, WithARandomPhaseTheTargetIsStillAFunctionOfTheInput) {
  const Task task = make("sine", {{"random_phase", 1.0}});
  EXPECT_FALSE(same(task.trial(1, 0, 0), task.trial(1, 0, 1)));
  for (size_t row = 0; row < 10; ++row) {
    const Trial trial = task.trial(1, 0, row);
    for (size_t t = 0; t < 48; ++t) EXPECT_NEAR(trial.out(t, 0), 2 * trial.in(t, 0) * trial.in(t, 1), 1e-13);  // sin 2α
  }
}

TEST(CopyMemory, RepeatsTheSymbolsAfterTheSign) {
  const Task  task  = make("copy_memory", {{"symbols", 3.0}, {"length", 4.0}, {"delay", 5.0}});
  const Trial trial = task.trial(1, 0, 0);
  ASSERT_EQ(trial.shape.steps, 13u);
  for (size_t t = 0; t < 13; ++t) {
    double in = 0, out = 0;
    for (size_t k = 0; k < 5; ++k) in += trial.in(t, k);
    for (size_t k = 0; k < 4; ++k) out += trial.out(t, k);
    EXPECT_EQ(in, 1) << t;
    EXPECT_EQ(out, 1) << t;
    EXPECT_EQ(trial.in(t, 4), t == 8 ? 1 : 0);
    EXPECT_EQ(trial.in(t, 0), t >= 4 && t != 8 ? 1 : 0);
    EXPECT_EQ(trial.out(t, 0), t < 9 ? 1 : 0);
  }
  for (size_t t = 0; t < 4; ++t)
    for (size_t k = 1; k < 4; ++k) EXPECT_EQ(trial.in(t, k), trial.out(9 + t, k));
  std::vector<double> output = trial.target;
  for (size_t k = 0; k < 4; ++k) output[12 * 4 + k] = 0.5;  // the last symbol undecided
  EXPECT_FALSE(task.correct(trial, output));
}

TEST(Adding, OneMarkInEachHalfAndOnlyTheLastStepCounts) {
  const Task task = make("adding", {{"steps", 7.0}});
  for (size_t row = 0; row < 200; ++row) {
    const Trial trial = task.trial(1, 0, row);
    double      sum = 0, first = 0, second = 0;
    for (size_t t = 0; t < 7; ++t) {
      EXPECT_TRUE(trial.in(t, 0) >= 0 && trial.in(t, 0) < 1);
      sum += trial.in(t, 0) * trial.in(t, 1);
      (t < 3 ? first : second) += trial.in(t, 1);
    }
    EXPECT_EQ(first, 1);
    EXPECT_EQ(second, 1);
    EXPECT_EQ(trial.target, row_of(7, {{6, 7, sum}}));
    EXPECT_EQ(trial.mask, (std::vector<uint8_t>{0, 0, 0, 0, 0, 0, 1}));
    EXPECT_FALSE(task.correct(trial, row_of(7, {{6, 7, sum + 0.05}})));
    EXPECT_TRUE(task.correct(trial, row_of(7, {{6, 7, sum - 0.03}})));
  }
}

TEST(BitStream, EventsAreTheRunsOfTheDenseStream) {
  const Task       dense = make("bit_stream_xor"), event = make("bit_stream_xor", {{"encoding", std::string("event")}});
  std::set<size_t> lengths;
  for (size_t row = 0; row < 1000; ++row) {
    const Trial  d = dense.trial(1, 0, row), e = event.trial(1, 0, row);
    const size_t bits = size_t(std::ranges::count(d.mask, 1));
    lengths.insert(bits);
    std::vector<double> inputs, times;
    double              time = 0, parity = 0;
    for (size_t t = 0; t < bits; ++t) {
      EXPECT_EQ(d.timespans[t], 1 / 32.0);
      parity += d.in(t, 0);
      time += 1;
      if (t > 0 && d.in(t, 0) == d.in(t - 1, 0)) continue;
      inputs.push_back(d.in(t, 0)), times.push_back(time / 32);
      time = 0;
    }
    if (time > 0) inputs.push_back(d.in(bits - 1, 0)), times.push_back(time / 32);
    EXPECT_EQ(d.label, int64_t(parity) % 2);
    EXPECT_EQ(e.label, d.label);
    EXPECT_EQ(std::ranges::count(e.mask, 1), ptrdiff_t(inputs.size()));
    inputs.resize(32), times.resize(32);
    EXPECT_EQ(e.input, inputs);
    EXPECT_EQ(e.timespans, times);
  }
  EXPECT_EQ(lengths.size(), 30u);
  EXPECT_EQ(*lengths.begin(), 2u);
  EXPECT_EQ(*lengths.rbegin(), 31u);
}

TEST(BitStream, APublishedSetEnds) {
  const Task test = make("bit_stream_xor", {{"set", std::string("test")}});
  EXPECT_EQ(test.fixed_count(), 10000u);
  EXPECT_NO_THROW(test.trial(0, 0, 9999));
  EXPECT_THROW(test.trial(0, 0, 10000), SpecError);
  EXPECT_THROW(test.batch(0, 100, 100), SpecError);
  EXPECT_THROW(test.batch(0, uint64_t{1} << 63, 100), SpecError);
  EXPECT_NO_THROW(test.batch(0, 99, 100));
}

TEST(BitStream, TheLastStepThatCountsDecides) {
  const Task   task  = make("bit_stream_xor");
  const Trial  trial = task.trial(1, 0, 0);
  const size_t bits  = size_t(std::ranges::count(trial.mask, 1));
  const double right = trial.label == 1 ? 1 : -1;
  EXPECT_TRUE(task.correct(trial, row_of(32, {{0, 32, -right}, {bits - 1, bits, right}})));
  EXPECT_FALSE(task.correct(trial, row_of(32, {{0, 32, right}, {bits - 1, bits, -right}})));
}

}  // namespace
}  // namespace dynode
