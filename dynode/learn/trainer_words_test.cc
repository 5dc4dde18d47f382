// Words of training files that change what an update sees: losses in turn, stretches, lengths, states that go on, tokens,
// teachers.
#include "dynode/learn/trainer_words_test.h"

#include "dynode/learn/pooling.h"

namespace dynode {
namespace {
namespace fs = std::filesystem;

const char* const kTwo = "loss: {losses: [{name: cross_entropy}, {name: reg_J_loss, weight: 3, params: {threshold: 0.0, factor: 1}}]}";

TEST_F(TrainerWords, LossesTakeTurns) {
  const TrainResult both = train(config("static.npz", kTwo));
  const TrainResult turn = train(config("static.npz", std::string(kTwo) + ", alternate_losses: true, batches_per_loss: 2"));
  const TrainResult one  = train(config("static.npz", "loss: {losses: [{name: cross_entropy}]}"));
  const auto        a = lines(both, "train"), b = lines(turn, "train"), c = lines(one, "train");
  // the first two updates are of the first loss alone
  EXPECT_EQ(b[0].at("loss").number(), c[0].at("loss").number());
  EXPECT_EQ(b[1].at("loss").number(), c[1].at("loss").number());
  EXPECT_NE(b[0].at("loss").number(), a[0].at("loss").number());
  EXPECT_GT(b[2].at("loss").number(), b[1].at("loss").number());   // weights alone, times 3
  EXPECT_EQ(lines(turn, "validation").size(), 3u);
  EXPECT_THROW(config("static.npz", "alternate_losses: true, loss: {losses: [{name: cross_entropy}]}"), SpecError);
}

TEST_F(TrainerWords, StretchesAreRunsOfTheirOwn) {
  const std::string loss = "mapping: seq2seq, loss: {losses: [{name: mse}]}";
  const TrainConfig c    = config("steps.npz", loss + ", use_tbptt: true, tbptt_steps: 4, tbptt_stride: 3");
  WordsBench        bench(c);
  auto& [data, plan, recipe, engine, batch, theta] = bench;
  const std::vector<size_t> rows = {3, 0, 7};
  double                    mean = 0;
  for (const Stretch s : {Stretch{0, 4}, {3, 7}, {6, 10}}) {
    batch.load(data.all, rows, s);
    mean += batch.loss(engine) / 3;
    EXPECT_EQ(batch.input().size(), 3u * 4 * 2);
    EXPECT_EQ(batch.outputs().steps, 4u);
  }
  EXPECT_EQ(batch.input()[0], std::sin(0.9 * (3 * 20 + 6 * 2)));
  // what the trainer's first update reports, over its own rows, is such a mean; here: it differs from whole sequences
  batch.load(data.all, rows);
  EXPECT_GT(std::abs(mean - batch.loss(engine)), 1e-6);
  const double whole = lines(train(config("steps.npz", loss)), "train")[0].at("loss").number();
  const double cut   = lines(train(c), "train")[0].at("loss").number();
  EXPECT_GT(std::abs(whole - cut), 1e-6);
  const TrainConfig all = config("steps.npz", loss + ", use_tbptt: true, tbptt_steps: 10");
  EXPECT_EQ(lines(train(all), "train")[2].at("loss").number(), lines(train(config("steps.npz", loss)), "train")[2].at("loss").number());
  EXPECT_THROW(config("steps.npz", loss + ", use_tbptt: true"), SpecError);
  EXPECT_THROW(config("steps.npz", loss + ", tbptt_steps: 4"), SpecError);
}

TEST_F(TrainerWords, StatesGoOnFromBatchToBatch) {
  const TrainConfig  c    = config("static.npz", "loss: {losses: [{name: cross_entropy}]}", "stateful_training: {sample_selection: each}");
  WordsBench        bench(c, true);
  auto& [data, plan, recipe, engine, batch, theta] = bench;
  // ten steps, then ten more, are twenty
  const std::vector<size_t> first = {0, 1}, second = {2, 3};
  batch.load(data.all, first);
  batch.loss(engine);
  batch.carry_states(StateSelection::each, Random(1));
  batch.load(data.all, second);
  batch.loss(engine);
  const RunInput<double> input = batch.run_input();
  ASSERT_EQ(input.initial.size(), 1u);
  std::vector<double> x;
  for (const size_t row : {0, 2, 1, 3})
    for (size_t i = 0; i < 20; ++i) x.push_back(std::sin(0.9 * double(row * 20 + i)));
  std::vector<double>  s(2 * 21 * 4), now(2 * 11 * 4);
  const Record<double> longer{Record<double>::What::state, 1, 0, s.data()}, shorter{Record<double>::What::state, 1, 0, now.data()};
  engine.simulate({x.data(), 2, 20, {}}, {&longer, 1});
  engine.simulate(input, {&shorter, 1});
  for (size_t row = 0; row < 2; ++row)
    for (size_t i = 0; i < 44; ++i) EXPECT_EQ(now[row * 44 + i], s[row * 84 + 40 + i]) << row << " " << i;

  // one for all; fewer rows; and back to the start
  batch.carry_states(StateSelection::last, Random(1));
  batch.load(data.all, std::vector<size_t>{4});
  EXPECT_EQ(batch.run_input().initial[0].values[2], now[44 + 42]);
  batch.forget_states();
  EXPECT_TRUE(batch.run_input().initial.empty());
  // whole runs differ from those without from the second update on
  const auto carried = lines(train(c), "train"), fresh = lines(train(config("static.npz", "loss: {losses: [{name: cross_entropy}]}")), "train");
  EXPECT_EQ(carried[0].at("loss").number(), fresh[0].at("loss").number());
  EXPECT_NE(carried[1].at("loss").number(), fresh[1].at("loss").number());
}

TEST_F(TrainerWords, SequencesGrowAndResumeKnows) {
  const auto grows = [&](const char* more) {
    return config("static.npz", "loss: {losses: [{name: cross_entropy}]}",
                  std::string("seq_len_scheduler: {start_len: 4, end_len: 8") + more + "}");
  };
  const TrainResult r = train(grows(""));
  const auto        l = lines(r, "train");
  ASSERT_EQ(l.size(), 9u);
  EXPECT_EQ(l[0].at("sequence_length").integer(), 4);
  EXPECT_EQ(l[3].at("sequence_length").integer(), 6);
  EXPECT_EQ(l[8].at("sequence_length").integer(), 8);

  // with longer steps the time is the same, and what is resumed ends as if nothing had happened
  const TrainResult whole = train(grows(", scale_dt: true"));
  EXPECT_NE(lines(whole, "train")[0].at("loss").number(), l[0].at("loss").number());
  TrainConfig part = grows(", scale_dt: true");
  std::atomic<bool> stop = false;
  struct Stopper : Progress {
    std::atomic<bool>* stop;
    void               begin(const std::string&) override {}
    void               update(const ProgressState&) override {}
    void               say(const std::string&) override {}
    void               epoch(const EpochSummary&) override { *stop = true; }
  } stopper;
  stopper.stop = &stop;
  TrainOptions options;
  options.progress = &stopper, options.stop = &stop;
  const TrainResult stopped = train(part, options);
  ASSERT_TRUE(stopped.stopped);
  const TrainResult resumed = resume(stopped.directory);
  EXPECT_EQ(lines(resumed, "validation")[2].at("loss").number(), lines(whole, "validation")[2].at("loss").number());
  EXPECT_EQ(resumed.test_loss, whole.test_loss);
}

TEST_F(TrainerWords, ScalesAndWeightsFollowTheirRules) {
  const PoolingScaleConfig scale{.start_scale = 1, .end_scale = 3, .start_epoch = 0, .end_epoch = 4};
  EXPECT_EQ(scheduled_scale(scale, 0, 10), 1);
  EXPECT_EQ(scheduled_scale(scale, 1, 10), 1.5);
  EXPECT_EQ(scheduled_scale(scale, 9, 10), 3);
  DynamicLossWeightConfig weight;
  weight.patience = 2;
  DynamicWeight state;
  observe(weight, 0.9, true, state);   // the first is the best so far
  observe(weight, 0.8, true, state);
  EXPECT_EQ(state.factor, 1);
  observe(weight, 0.85, true, state);   // worse twice
  EXPECT_EQ(state.factor, 0.7);
  observe(weight, 0.95, true, state);
  EXPECT_DOUBLE_EQ(state.factor, 0.7 * 1.05);
  EXPECT_DOUBLE_EQ(dynamic_weight(weight, state, 2), 2 * 0.7 * 1.05);
  state.factor = 0.1, weight.min_weight = 0.5;
  EXPECT_EQ(dynamic_weight(weight, state, 2), 0.5);

  const TrainResult r = train(config("static.npz", kTwo,
                                     "time_pooling_scale_scheduler: {start_scale: 1, end_scale: 5}, dynamic_loss_weight: {patience: 1, threshold: 0}"));
  EXPECT_TRUE(lines(r, "train")[0].has("dynamic_loss_weight"));
  const TrainResult plain = train(config("static.npz", kTwo));
  EXPECT_EQ(lines(r, "train")[0].at("loss").number(), lines(plain, "train")[0].at("loss").number());
  EXPECT_NE(lines(r, "train")[8].at("loss").number(), lines(plain, "train")[8].at("loss").number());
  EXPECT_THROW(config("static.npz", "loss: {losses: [{name: cross_entropy}]}", "dynamic_loss_weight: {}"), SpecError);
}

const char* const kTokenNet = "{seed: 1, layers: [{layer_id: 0, layer_type: Linear, params: {dim: 3}}, "
                              "{layer_id: 1, layer_type: CTRNN, params: {dim: 6, source_func: tanh, alpha: 0.5}}, "
                              "{layer_id: 2, layer_type: Linear, params: {dim: 3}}], connections: [{from_layer: 0, to_layer: 1, connection_type: dense}, "
                              "{from_layer: 1, to_layer: 1, connection_type: dense}, {from_layer: 1, to_layer: 2, connection_type: dense}]}";

TEST_F(TrainerWords, TokensAreShownAndForetold) {
  const TrainConfig c = config("tokens.npz", "ar: {time_steps_per_token: 2, start_timestep: 1, token_pooling: {method: mean}}", "", kTokenNet);
  EXPECT_EQ(c.training.loss.losses[0].name, "cross_entropy");
  const TrainingData data = load_data(c, c.seed);
  EXPECT_EQ(data.all.steps(), 11u);
  EXPECT_EQ(data.all.width(), 3u);
  EXPECT_EQ(data.all.entries(), 5u);
  EXPECT_EQ(data.classes, 3);
  std::vector<double> x(11 * 3);
  BatchTarget<double> target;
  data.all.fill<double>(std::vector<size_t>{0}, x.data(), target);   // tokens 0 1 2 1 0
  EXPECT_EQ(target.classes, (std::vector<int64_t>{1, 2, 1, 0, kIgnoredClass}));
  std::vector<double> shown(33);
  const int64_t       tokens[] = {0, 1, 2, 1, 0};
  for (size_t t = 1; t < 11; ++t) shown[t * 3 + size_t(tokens[(t - 1) / 2])] = 1;
  EXPECT_EQ(x, shown);

  // the loss is cross-entropy of means over the steps of each token
  const auto   plan   = training_plan(c, c.seed);
  const Recipe recipe = make_recipe(c, *plan, data);
  Engine<double>    engine(plan, std::make_shared<Threads>(1));
  Minibatch<double> batch(*plan, recipe.terms, {});
  const std::vector<double> theta(plan->theta.begin(), plan->theta.end());
  engine.set_parameters(theta);
  batch.load(data.all, std::vector<size_t>{0});
  const double         loss = batch.loss(engine);
  std::vector<double>  out(12 * 3);
  const Record<double> record{Record<double>::What::state, plan->output, plan->layers.back().cell->output, out.data()};
  engine.simulate({x.data(), 1, 11, {}}, {&record, 1});
  double expected = 0;
  for (size_t k = 0; k < 4; ++k) {
    double z[3], sum = 0;
    for (size_t i = 0; i < 3; ++i) z[i] = (out[(2 + 2 * k) * 3 + i] + out[(3 + 2 * k) * 3 + i]) / 2, sum += std::exp(z[i]);
    expected += (std::log(sum) - z[target.classes[k]]) / 4;
  }
  EXPECT_NEAR(loss, expected, 1e-12);

  const TrainResult r = train(c);
  EXPECT_TRUE(std::isfinite(r.test_loss));
  EXPECT_EQ(r.epochs, 3);
  EXPECT_THROW(train(config("tokens.npz", "ar: {token_pooling: {method: rms}}", "", kTokenNet)), SpecError);
  EXPECT_THROW(train(config("static.npz", "ar: {}", "", kTokenNet)), Error);   // no tokens
}

TEST_F(TrainerWords, PoolingOfStretchesIsPoolingOfEach) {
  std::vector<double> x(7 * 2), pooled(3 * 2), one(2), bar(7 * 2), own(7 * 2);
  for (size_t i = 0; i < x.size(); ++i) x[i] = std::sin(double(i));
  for (const auto kind : {Pooling::Kind::final, Pooling::Kind::mean, Pooling::Kind::max}) {
    const Pooling stretches{.kind = kind, .scale = 2, .segment = 2, .skip = 1};
    EXPECT_EQ(pooled_size(stretches, 7, 2), 6u);
    pool(stretches, x.data(), 7, 2, pooled.data());
    std::fill(bar.begin(), bar.end(), 0.0), std::fill(own.begin(), own.end(), 0.0);
    pool_adjoint(stretches, x.data(), 7, 2, pooled.data(), bar.data());
    for (size_t k = 0; k < 3; ++k) {
      pool({.kind = kind, .scale = 2}, x.data() + 2 + k * 4, 2, 2, one.data());
      EXPECT_EQ(one[0], pooled[k * 2]);
      EXPECT_EQ(one[1], pooled[k * 2 + 1]);
      pool_adjoint({.kind = kind, .scale = 2}, x.data() + 2 + k * 4, 2, 2, one.data(), own.data() + 2 + k * 4);
    }
    EXPECT_EQ(bar, own);
  }
}

TEST_F(TrainerWords, ATeacherIsRepeated) {
  // the pupil has the teacher's numbers: nothing is lost
  const TrainResult teacher = train(config("static.npz", "loss: {losses: [{name: cross_entropy}]}"));
  const std::string path    = teacher.directory + "/checkpoints/best.dynode";
  const std::string d       = "distillation: {teacher_model_path: " + path + ", subset_fraction: 0.5}";
  TrainConfig       same    = config("static.npz", d);
  EXPECT_EQ(same.training.mapping, Mapping::seq2seq);
  EXPECT_EQ(same.training.loss.losses[0].name, "mse");
  same.model.architecture           = Value();
  same.model.base_model_path        = path;
  same.model.load_exact_model_state = true;
  const TrainingData data = load_data(same, same.seed);
  EXPECT_EQ(data.all.rows(), 6u);
  EXPECT_EQ(data.all.target_width(), 2u);
  EXPECT_LT(lines(train(same), "train")[0].at("loss").number(), 1e-12);
  // wherever the run is resumed from, the teacher is found
  TrainConfig from_here                                  = same;
  from_here.training.distillation->teacher_model_path   = fs::relative(path).string();
  from_here.training.max_epochs                         = 1;
  const TrainResult found = train(from_here);
  EXPECT_EQ(load_train_config(found.directory + "/config.yaml").training.distillation->teacher_model_path, fs::path(path).lexically_normal().string());
  // another one has to learn
  TrainConfig other = config("static.npz", d);
  other.seed        = 7;
  EXPECT_GT(lines(train(other), "train")[0].at("loss").number(), 1e-7);
  EXPECT_THROW(config("static.npz", "paradigm: distillation, mapping: seq2seq, loss: {losses: [{name: mse}]}"), SpecError);
  EXPECT_THROW(config("static.npz", "distillation: {}"), SpecError);
}

TEST_F(TrainerWords, InputsCanBeTheirOwnTargetsAndSingleVectors) {
  const TrainConfig self = config("static.npz", "paradigm: self_supervised, mapping: seq2seq, loss: {losses: [{name: mse}]}");
  const TrainingData data = load_data(self, self.seed);
  EXPECT_EQ(data.all.target_width(), 2u);
  std::vector<double> x(20);
  BatchTarget<double> target;
  data.all.fill<double>(std::vector<size_t>{5}, x.data(), target);
  EXPECT_EQ(x, target.values);
  EXPECT_TRUE(std::isfinite(train(self).test_loss));

  save_npz(file("single.npz"), {{"x", Array{{12, 2}, std::vector<double>(24, 0.5)}}, {"y", Array{{12}, std::vector<int64_t>(12, 1)}}}, Packing::stored);
  const TrainConfig  still = config("single.npz", "mapping: static2static, loss: {losses: [{name: cross_entropy}]}");
  const TrainingData shown = load_data(still, still.seed);
  EXPECT_EQ(shown.all.steps(), 100u);
  EXPECT_EQ(shown.all.width(), 2u);
  EXPECT_EQ(shown.all.entries(), 1u);
}

TEST_F(TrainerWords, SchedulesHearTheMetricTheyAskFor) {
  // accuracy that stays is no gain, though weights get smaller: the rate falls
  Value words = write_train_config(config("static.npz", "loss: {losses: [{name: reg_J_loss, params: {threshold: 0.0, factor: 1}}]}",
                                          "lr_scheduler: {type: adaptive, max_lr: 1e-6, min_lr: 1e-9, warmup_epochs: 0, patience_decrease: 1, threshold: 0}"));
  words.find("logging")->set("metrics", Value::list_of({"accuracy"}));
  const auto last_rate = [&](const char* monitor) {
    words.find("callbacks")->find("lr_scheduler")->set("monitor_metric", monitor);
    return lines(train(read_train_config(words)), "train").back().at("lr").number();
  };
  EXPECT_LT(last_rate("accuracy"), 1e-6);
  EXPECT_EQ(last_rate("val_loss"), 1e-6);
  EXPECT_THROW(last_rate("f1"), SpecError);
}

TEST_F(TrainerWords, AWrittenConfigIsReadAgain) {
  const TrainConfig c = config("tokens.npz", "ar: {time_steps_per_token: 2}", "stateful_training: {}", kTokenNet);
  const Value written = write_train_config(c);
  EXPECT_EQ(write_train_config(read_train_config(written)), written);
}

}  // namespace
}  // namespace dynode
