// Words of training files about how a run begins, what an update is made of, and where data come from: batches in parts,
// noisy weights, checkpoints of other runs, weights of few levels, files beside one another, waves that are made up.
#include "dynode/base/random.h"
#include "dynode/io/model_file.h"
#include "dynode/learn/evaluation.h"
#include "dynode/learn/trainer_words_test.h"

namespace dynode {
namespace {
namespace fs = std::filesystem;

class TrainerUpdate : public TrainerWords {
 protected:
  static TensorFile last(const TrainResult& r) { return load_safetensors(r.directory + "/checkpoints/last.dynode"); }
  /// The largest difference of two networks' numbers.
  static double distance(const TrainResult& a, const TrainResult& b) {
    const TensorFile one = last(a), other = last(b);
    double           most = one.tensors.size() == other.tensors.size() ? 0 : INFINITY;
    for (const auto& [name, tensor] : one.tensors) {
      const std::vector<double> x = tensor.as_array(name).as_double(), y = other.find(name)->as_array(name).as_double();
      for (size_t i = 0; i < x.size(); ++i) most = std::max(most, std::abs(x[i] - y[i]));
    }
    return most;
  }
  /// The same run in double precision, with batches in so many parts.
  TrainResult in_parts(TrainConfig c, int size, int parts) const {
    c.model.dtype                      = NumberType::float64;
    c.training.batch_size              = size;
    c.training.accumulate_grad_batches = parts;
    return train(c);
  }
};

const std::string kClasses = "loss: {losses: [{name: cross_entropy}]}";

TEST_F(TrainerUpdate, BatchesOneAfterTheOtherAreOneLargeBatch) {
  // classes that do not count are spread unevenly over the parts; so are steps under the mask
  std::vector<double>  x;
  std::vector<int64_t> y;
  std::vector<uint8_t> mask;
  for (int i = 0; i < 12 * 10; ++i) {
    x.push_back(std::sin(0.9 * i)), x.push_back(std::cos(0.4 * i));
    y.push_back(i % 7 < i / 20 ? -100 : i % 2);
    mask.push_back(i % 5 > 0 || i < 30);
  }
  save_npz(file("ignored.npz"), {{"x", Array{{12, 10, 2}, x}}, {"y", Array{{12, 10}, y}}}, Packing::stored);
  save_npz(file("masked.npz"), {{"x", Array{{12, 10, 2}, x}}, {"y", Array{{12, 10, 2}, x}}, {"mask", Array{{12, 10}, mask}}}, Packing::stored);
  const std::string two   = "loss: {losses: [{name: mse}, {name: reg_J_loss, weight: 0.1, params: {threshold: 0.0, factor: 1}}, {name: l2}]}";
  const std::string noisy = "{seed: 1, simulation: {dt: 20}, layers: [{layer_id: 0, layer_type: Linear, params: {dim: 2}}, "
                            "{layer_id: 1, layer_type: SingleDendrite, params: {dim: 4, source_func: Tanh, gamma_plus: 0.01, gamma_minus: 0.01}, "
                            "noise: {phi: 0.1}}, {layer_id: 2, layer_type: Linear, params: {dim: 2}}], connections: ["
                            "{from_layer: 0, to_layer: 1, connection_type: dense}, {from_layer: 1, to_layer: 2, connection_type: dense}]}";
  for (const TrainConfig& c :
       {config("static.npz", kClasses), config("static.npz", kClasses, "", noisy),
        config("ignored.npz", "mapping: seq2seq, gradient_clip_val: 0.1, " + kClasses), config("masked.npz", "mapping: seq2seq, " + two),
        config("steps.npz", "mapping: seq2seq, use_tbptt: true, tbptt_steps: 4, tbptt_stride: 3, loss: {losses: [{name: mse}]}"),
        config("static.npz", kClasses, "lr_scheduler: {type: cosine, max_lr: 0.01, warmup_epochs: 1, cycle_epochs: 3}")}) {
    const TrainResult whole = in_parts(c, 6, 1), parts = in_parts(c, 2, 3), uneven = in_parts(c, 3, 2);
    EXPECT_EQ(whole.updates, parts.updates);
    EXPECT_LT(distance(whole, parts), 1e-13);
    EXPECT_LT(distance(whole, uneven), 1e-13);
    EXPECT_GT(distance(whole, in_parts(c, 2, 1)), 1e-6);
    const auto a = lines(whole, "train"), b = lines(parts, "train");
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i].at("loss").number(), b[i].at("loss").number(), 1e-13);
  }
  EXPECT_THROW(config("static.npz", "accumulate_grad_batches: 0, " + kClasses), SpecError);
}

TEST_F(TrainerUpdate, PartsOfTasksAndOfStatesThatGoOn) {
  TrainConfig trials = read_train_config(parse_yaml(
      "data: {format: task, task: go_nogo, epoch_trials: 20, val_trials: 4, test_trials: 0}\nmodel: {architecture: {simulation: {dt: 1}, layers: ["
      "{layer_id: 0, layer_type: Linear, params: {dim: 1}}, {layer_id: 1, layer_type: Linear, params: {dim: 1}}], connections: ["
      "{from_layer: 0, to_layer: 1, connection_type: dense}]}}\ntraining: {max_epochs: 2, loss: {losses: [{name: mse}]}}\n"
      "logging: {project_dir: " + file("runs") + ", log_freq: 1}"));
  EXPECT_LT(distance(in_parts(trials, 6, 1), in_parts(trials, 2, 3)), 1e-13);
  // states go on from part to part: those of one part are the first of the next
  const auto carried = [&](int parts) { return in_parts(config("static.npz", kClasses, "stateful_training: {sample_selection: first}"), 2, parts); };
  const auto one = lines(carried(1), "train"), two = lines(carried(2), "train");
  EXPECT_NE(one[0].at("loss").number(), two[0].at("loss").number());
  const double parts = lines(in_parts(config("static.npz", kClasses), 4, 1), "train")[0].at("loss").number();
  EXPECT_GT(std::abs(two[0].at("loss").number() - parts), 1e-9);
}

TEST_F(TrainerUpdate, GoesOnFromACheckpointOfAnotherRun) {
  const auto with = [&](int epochs, const std::string& more, const std::string& data = "static.npz") {
    TrainConfig c         = config(data, more + kClasses, "lr_scheduler: {type: adaptive, max_lr: 0.01, warmup_epochs: 0}");
    c.training.max_epochs = epochs;
    return c;
  };
  const TrainResult whole = train(with(5, "")), begun = train(with(2, ""));
  const std::string path  = begun.directory + "/checkpoints/last.dynode", from = "train_from_checkpoint: " + path + ", ";
  const TrainResult rest  = train(with(5, from));
  EXPECT_EQ(rest.epochs, 5);
  EXPECT_EQ(rest.updates, whole.updates);
  EXPECT_EQ(distance(whole, rest), 0);   // optimiser, rates and orders as if nothing had happened
  EXPECT_EQ(lines(rest, "train").size(), lines(whole, "train").size() - lines(begun, "train").size());
  EXPECT_TRUE(std::isfinite(rest.test_loss));
  EXPECT_EQ(distance(resume(rest.directory), whole), 0);

  EXPECT_TRUE(config_for_model(with(5, from), path).training.train_from_checkpoint.empty());   // it may be gone by then

  // the network need not be said again; interrupted at its beginning, it begins there again
  Value words = write_train_config(with(5, from));
  words.erase("model");   // time_pooling is max then, as it was
  EXPECT_EQ(distance(train(read_train_config(words)), whole), 0);
  fs::remove_all(rest.directory + "/checkpoints");
  fs::create_directories(rest.directory + "/checkpoints");
  EXPECT_EQ(distance(resume(rest.directory), whole), 0);

  EXPECT_THROW(train(with(2, from)), SpecError);
  EXPECT_THROW(train(with(5, from + "optimizer: {name: sgd, kwargs: {momentum: 0.9, dampening: 0.1}}, ")), SpecError);
  EXPECT_THROW(train(with(5, "train_from_checkpoint: " + file("none.dynode") + ", ")), IoError);
  Value lengths = write_train_config(with(5, from));
  lengths.find("callbacks")->set("seq_len_scheduler", Value::map({{"start_len", 5}, {"end_len", 10}, {"scale_dt", true}}));
  EXPECT_THROW(read_train_config(lengths), SpecError);
  // nothing is left behind by what was refused
  for (const auto& entry : fs::recursive_directory_iterator(file("runs"))) {
    if (entry.path().filename() != "config.yaml") continue;
    EXPECT_TRUE(fs::exists(entry.path().parent_path() / "metrics.jsonl")) << entry.path();
  }
}

TEST_F(TrainerUpdate, NoisyWeightsGiveGradientsAndAreForgotten) {
  const auto noisy = [&](const std::string& words, double lr = 1e-3) {
    TrainConfig c           = config("static.npz", kClasses, words.empty() ? "" : "connection_noise: {" + words + "}");
    c.model.dtype           = NumberType::float64;
    c.training.batch_size   = 5;
    c.training.optimizer.lr = lr;
    return c;
  };
  const auto losses = [&](const std::string& words) { return lines(train(noisy(words)), "train"); };
  const auto clean = losses(""), noise = losses("std: 0.3"), epochs = losses("std: 0.3, per_step: false");
  EXPECT_GT(std::abs(clean[0].at("loss").number() - noise[0].at("loss").number()), 1e-4);
  EXPECT_EQ(noise[0].at("loss").number(), epochs[0].at("loss").number());
  EXPECT_GT(std::abs(noise[1].at("loss").number() - epochs[1].at("loss").number()), 1e-6);   // drawn anew, or not
  EXPECT_NE(losses("std: 0.3, seed: 5")[0].at("loss").number(), noise[0].at("loss").number());

  // the loss is that of weights w + 0.3 n, or w (1 + 0.3 n), of the connection that is named
  const TrainConfig c = noisy("std: 0.3, relative: true, connections: [J_1_to_2]");
  WordsBench        bench(c);
  const Block&      b      = bench.plan->parameters[bench.plan->parameters.find("J_1_to_2")];
  Random            random(c.seed, "connection_noise/J_1_to_2/0");
  for (size_t k = 0; k < b.size(); ++k) bench.theta[b.offset + k] *= 1 + 0.3 * random.normal();
  bench.use(bench.theta);
  std::vector<size_t> rows = bench.data.train;
  Random(c.seed, "order/0").shuffle(rows);
  bench.batch.load(bench.data.all, std::span(rows).first(5));
  EXPECT_NEAR(lines(train(c), "train")[0].at("loss").number(), bench.batch.loss(bench.engine), 1e-14);

  // updates are of the weights as they are, and so is the validation
  const TrainResult still = train(noisy("std: 0.3", 1e-15)), quiet = train(noisy("", 1e-15));
  EXPECT_LT(std::abs(lines(still, "validation")[2].at("loss").number() - lines(quiet, "validation")[2].at("loss").number()), 1e-12);
  EXPECT_THROW(noisy("relative: true"), SpecError);
  EXPECT_THROW(train(noisy("std: 1, connections: [J_5_to_6]")), SpecError);
  EXPECT_EQ(distance(train(noisy("active: false")), train(noisy(""))), 0);
}

TEST_F(TrainerUpdate, WeightsOfFewLevelsAreMeasuredBesideTheNetwork) {
  const std::string three = "{levels: 3, min_val: -0.2, max_val: 0.2";
  const auto        with  = [&](const std::string& callbacks) {
    TrainConfig c = config("static.npz", kClasses, callbacks);
    c.model.dtype = NumberType::float64;
    return c;
  };
  const TrainConfig c        = with("metrics: {quantized_accuracy: " + three + "}}");
  const TrainResult measured = train(c);
  const auto        found    = lines(measured, "quantized");
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[2].at("epoch").integer(), 3);
  EXPECT_TRUE(found[0].has("accuracy"));
  // the loss of the validation rows with the nearest levels
  WordsBench bench(c);
  const std::string path = measured.directory + "/checkpoints/last.dynode";
  bench.theta            = model_theta<double>(*bench.plan, load_safetensors(path), path);
  quantise_stored(bench.plan->parameters, {.codebook = {-0.2, 0, 0.2}}, {}, bench.theta.data());
  bench.use(bench.theta);
  bench.batch.load(bench.data.all, bench.data.validation);
  EXPECT_NEAR(found[2].at("loss").number(), bench.batch.loss(bench.engine), 1e-14);

  // learning does not hear of it, whatever else goes on
  for (const std::string& more : {std::string(), std::string(", stateful_training: {}"), std::string(", qat: {levels: 5, min_val: -0.3, max_val: 0.3}")}) {
    const TrainResult often = train(with("quantized_accuracy: " + three + ", eval_every_n_steps: 2, max_eval_batches: 1}" + more));
    EXPECT_EQ(lines(often, "quantized").size(), size_t(often.updates / 2));
    EXPECT_EQ(distance(often, train(with(more.empty() ? more : more.substr(2)))), 0) << more;
  }
  EXPECT_THROW(with("quantized_accuracy: {min_val: 0, max_val: 1}"), SpecError);
  EXPECT_TRUE(std::isfinite(evaluate_model(path, c, Split::test, {}, 1).loss));
  TrainConfig whole    = c;   // data of which nothing is held back
  whole.data.val_split = 0;
  EXPECT_TRUE(std::isfinite(evaluate_model(path, whole, Split::all, {}, 1).loss));
  TrainConfig alone    = c;
  alone.data.val_split = 0;
  EXPECT_THROW(train(alone), SpecError);
  EXPECT_THROW(with("metrics: {accuracy_of_tomorrow: {}}"), SpecError);
}

TEST_F(TrainerUpdate, FilesOfTheirOwnForValidationAndTest) {
  const auto table = [&](const char* name, int rows, double shift) {
    std::string text = "a,b,label\n";
    for (int i = 0; i < rows; ++i) text += std::to_string(i + shift) + "," + std::to_string(2 * i) + "," + std::to_string(i % 2) + "\n";
    write_file(file(name), text);
  };
  table("a.csv", 6, 0), table("b.csv", 3, 100), table("c.csv", 4, 50);
  const auto read = [&](const std::string& data) {
    return read_train_config(parse_yaml("data: {" + data + "}\nmodel: {architecture: {}}\ntraining: {" + kClasses + "}"));
  };
  const TrainConfig c = read("csv_data_paths: {train: " + file("a.csv") + ", val: " + file("b.csv") + ", test: " + file("c.csv") + "}, min_scale: 0, max_scale: 1");
  EXPECT_EQ(c.data.format, DataFormat::csv);
  const TrainingData data = load_data(c, 1);
  EXPECT_EQ(data.train, (std::vector<size_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(data.validation, (std::vector<size_t>{6, 7, 8}));
  EXPECT_EQ(data.test_file.rows(), 4u);
  std::vector<double> x(2);
  BatchTarget<double> target;
  data.all.fill<double>(std::vector<size_t>{7}, x.data(), target);
  EXPECT_NEAR(x[0], 101 / 10.0, 1e-12);   // scaled by what is trained on, 0 … 10
  EXPECT_EQ(target.classes, std::vector<int64_t>{1});
  const TrainingData npz = load_data(read("data_path: " + file("static.npz") + ", val_path: " + file("static.npz")), 1);
  EXPECT_EQ(npz.validation.size(), 12u);
  EXPECT_EQ(npz.train.size(), 11u);   // a tenth of them is the test
  EXPECT_THROW(read("csv_data_paths: {training: a.csv}"), SpecError);
  EXPECT_THROW(read("format: npz, csv_data_paths: {train: a.csv}"), SpecError);
  EXPECT_THROW(read("csv_data_paths: {train: a.csv, val: b.csv}, val_split: 0.5"), SpecError);
  save_npz(file("short.npz"), {{"x", Array{{2, 9, 2}, std::vector<double>(36, 0.5)}}, {"y", Array{{2}, std::vector<int64_t>(2, 1)}}}, Packing::stored);
  EXPECT_THROW(load_data(read("data_path: " + file("static.npz") + ", val_path: " + file("short.npz")), 1), ShapeError);
  // without targets that are read, a table may have none
  write_file(file("plain.csv"), "a,b\n1,2\n3,4\n");
  DataConfig columns;
  columns.values_per_step = 1;
  EXPECT_EQ(read_csv_samples(file("plain.csv"), {Mapping::seq2seq, false}, columns).steps, 2u);
  EXPECT_EQ(read_csv_samples(file("a.csv"), {Mapping::seq2seq, false}, columns).steps, 2u);
}

TEST_F(TrainerUpdate, WavesAreMadeUp) {
  const auto read = [&](const std::string& data, const std::string& training = "") {
    return read_train_config(parse_yaml("data: {" + data + "}\nmodel: {architecture: {}}\ntraining: {" + training + kClasses + "}"));
  };
  const std::string  four = "synthetic: true, synthetic_kwargs: {seq_len: 40, input_dim: 3, dataset_size: 50, noise: 0}, num_classes: 4, test_split: 0";
  const TrainConfig  c    = read(four);
  const TrainingData data = load_data(c, 3), again = load_data(c, 3), other = load_data(c, 4);
  EXPECT_EQ(data.all.rows(), 50u);
  EXPECT_EQ(data.classes, 4);
  std::vector<double> x(120), y(120), z(120);
  BatchTarget<double> target, none;
  const std::vector<size_t> row = {7};
  data.all.fill<double>(row, x.data(), target), again.all.fill<double>(row, y.data(), none), other.all.fill<double>(row, z.data(), none);
  EXPECT_EQ(x, y);
  EXPECT_NE(x, z);
  // its label is its frequency: the sine of that many periods is all there is
  const double periods = double(target.classes[0] + 1), w = 2 * std::numbers::pi * periods / 40;
  double       a = 0, b = 0;
  for (int t = 0; t < 40; ++t) a += x[size_t(t) * 3] * std::sin(w * t) / 20, b += x[size_t(t) * 3] * std::cos(w * t) / 20;
  EXPECT_NEAR(a * a + b * b, 1, 1e-5);

  const TrainConfig  means = read("format: synthetic, settings: {task: regression, seq_len: 8, input_dim: 2, dataset_size: 5}", "mapping: seq2seq, ");
  const TrainingData waves = load_data(means, 1);
  std::vector<double> w2(16);
  waves.all.fill<double>(row.size() == 1 ? std::vector<size_t>{2} : row, w2.data(), target);
  double sum = 0;
  for (size_t t = 0; t < 8; ++t) {
    sum += w2[2 * t + 1];
    EXPECT_NEAR(target.values[2 * t + 1], sum / double(t + 1), 1e-12);
  }
  EXPECT_THROW(read("synthetic: true, synthetic_kwargs: {task: chess}"), SpecError);
  EXPECT_THROW(read("synthetic: true, synthetic_kwargs: {steps: 5}"), SpecError);
  EXPECT_THROW(read("synthetic: true, data_path: a.npz"), SpecError);
  EXPECT_THROW(read("synthetic: true, format: npz"), SpecError);
  EXPECT_THROW(read("synthetic: false"), SpecError);
}

TEST_F(TrainerUpdate, BothSidesOfATeacherArePooled) {
  const TrainResult teacher = train(config("static.npz", kClasses));
  const std::string path    = teacher.directory + "/checkpoints/best.dynode";
  const auto        pupil   = [&](const std::string& pooling, const std::string& more = "") {
    TrainConfig c = config("static.npz", more + "distillation: {teacher_model_path: " + path + "}", "", kNet, ", time_pooling: " + pooling);
    c.model.architecture           = Value();
    c.model.base_model_path        = path;
    c.model.load_exact_model_state = true;
    return c;
  };
  for (const char* pooling : {"max", "{name: mean_last_n, params: {n: 3, scale: 5}}"}) {
    const TrainConfig  same = pupil(pooling, "mapping: seq2seq, ");
    const TrainingData data = load_data(same, same.seed);
    EXPECT_EQ(same.training.mapping, Mapping::seq2static);
    EXPECT_EQ(data.all.entries(), 1u);
    EXPECT_EQ(data.all.target_width(), 2u);
    EXPECT_LT(lines(train(same), "train")[0].at("loss").number(), 1e-12);   // the pupil has the teacher's numbers
    TrainConfig other = config("static.npz", "distillation: {teacher_model_path: " + path + "}", "", kNet, std::string(", time_pooling: ") + pooling);
    other.seed        = 7;
    EXPECT_GT(lines(train(other), "train")[0].at("loss").number(), 1e-7);
  }
  EXPECT_EQ(pupil("none").training.mapping, Mapping::seq2seq);

  // from a file with histories, whose first entry is left out
  std::vector<double> x(3 * 4 * 2, 0.25), y;
  for (int i = 0; i < 3 * 5 * 2; ++i) y.push_back(i);
  save_npz(file("said.npz"), {{"x", Array{{3, 4, 2}, x}}, {"y", Array{{3, 5, 2}, y}}}, Packing::stored);
  const TrainConfig   said = config("static.npz", "distillation: {distillation_data_path: " + file("said.npz") + "}", "", kNet, ", time_pooling: mean");
  const TrainingData  data = load_data(said, 1);
  std::vector<double> in(8);
  BatchTarget<double> target;
  data.all.fill<double>(std::vector<size_t>{1}, in.data(), target);
  EXPECT_EQ(target.values, (std::vector<double>{15, 16}));   // means of 12, 14, 16, 18 and of 13, 15, 17, 19
}

TEST_F(TrainerUpdate, NothingIsLostByAStub) {
  const TrainResult r = train(config("static.npz", "optimizer: {name: muon, kwargs: {weight_decay: 0}}, loss: {losses: [{name: stub}]}"));
  EXPECT_EQ(lines(r, "validation")[2].at("loss").number(), 0);
  EXPECT_TRUE(lines(r, "validation")[2].has("accuracy"));
  const auto before = load_safetensors(r.directory + "/checkpoints/initial.dynode"), after = last(r);
  EXPECT_EQ(before.find("J_0_to_1")->as_array("J").as_double(), after.find("J_0_to_1")->as_array("J").as_double());
}

}  // namespace
}  // namespace dynode
