#include "dynode/learn/trainer_network.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>

#include "dynode/base/display.h"
#include "dynode/base/random.h"
#include "dynode/io/file.h"
#include "dynode/io/model_file.h"
#include "dynode/io/npz.h"

namespace dynode {
namespace {

std::vector<NamedNumber> numbers_of(double loss, const std::vector<Metric>& metrics) {
  std::vector<NamedNumber> numbers = {{"loss", loss, false}};
  for (const Metric& metric : metrics) numbers.push_back({metric.name(), metric.value(), in_percent(metric)});
  return numbers;
}

constexpr size_t kDrawnRows = 256;  // trials of a task in memory, about

/// The order in which an epoch sees the training rows: a function of seed and epoch alone.
std::vector<size_t> epoch_order(std::vector<size_t> rows, uint64_t seed, int64_t epoch) {
  Random(seed, fmt::format("order/{}", epoch)).shuffle(rows);
  return rows;
}

}  // namespace

template <class R>
void NetworkTrainer<R>::Window::add(const Window& other) {
  for (size_t i = 0; i < metrics.size(); ++i) metrics[i].merge(other.metrics[i]);
  for (size_t i = 0; i < block_norms.size(); ++i) block_norms[i] += other.block_norms[i];
  loss += other.loss, rows += other.rows, norm += other.norm, updates += other.updates;
  synapses.grown += other.synapses.grown, synapses.pruned += other.synapses.pruned;
}

template <class R>
std::vector<NamedNumber> NetworkTrainer<R>::Window::numbers() const {
  return numbers_of(mean_loss(), metrics);
}

template <class R>
NetworkTrainer<R>::NetworkTrainer(const TrainConfig& config, std::shared_ptr<const Plan> plan,
                                  std::shared_ptr<const TrainingData> data, std::shared_ptr<Threads> threads,
                                  std::vector<R> theta, const TrainOptions& options)
    : config_(config),
      plan_(plan),
      data_(std::move(data)),
      threads_(std::move(threads)),
      options_(options),
      recipe_(make_recipe(config, *plan_, *data_)),
      optimizer_(recipe_.optimizer, plan_->parameters.size(), recipe_.blocks),
      theta_(std::move(theta)),
      theta_bar_(theta_.size()),
      held_(held_entries(plan_->parameters)),
      held_values_(held_.size()),
      start_(Clock::now()) {
  updates_per_epoch_ = progress(0).updates_per_epoch;
  settle_in();
}

/// Engine and minibatch for the plan as it is.
template <class R>
void NetworkTrainer<R>::settle_in() {
  const auto& stateful = config_.callbacks.stateful_training;
  const bool  carries  = stateful && stateful->active && (stateful->enable_for_training || stateful->enable_for_validation);
  batch_.reset();
  engine_.emplace(plan_, threads_);
  batch_.emplace(*plan_, recipe_.terms, config_.training.adjoint_policy(), carries);
  if (carries && stateful->enable_for_validation) batch_->carries = stateful->sample_selection;
  if (recipe_.quantisation) engine_->set_quantisation(recipe_.quantisation);
}

template <class R>
TrainResult NetworkTrainer<R>::run(RunDirectory& directory, const TensorFile* from, const std::string& from_path) {
  directory_ = &directory;
  const std::string& start = config_.training.train_from_checkpoint;
  if (from) {
    take(*from, from_path);
    if (!directory.cut_metrics(state_.metrics_lines))
      say(fmt::format("metrics.jsonl has lost lines: {} are left of {}", directory.metrics_lines(),
                      state_.metrics_lines));
    seconds_before_ = directory.last_seconds();
    say(ended() ? fmt::format("is complete after epoch {}: it is only tested again", state_.epoch)
                : fmt::format("goes on after epoch {} of {}, with {}", state_.epoch, config_.training.max_epochs,
                              from_path));
  } else {
    if (!start.empty()) begin_with(config_.resolve(start));
    project(plan_->parameters, theta_.data());
    if (config_.training.save_initial_state)
      write_file(directory.checkpoint("initial"), checkpoint());
  }
  use(theta_);
  if (const auto& s = config_.callbacks.seq_len_scheduler; s && s->active) {
    own_dt_ = plan_->spec.simulation.dt.value_or(1);
    if (state_.epoch > 0) own_dt_ *= double(scheduled_length(*s, state_.epoch - 1, config_.training.max_epochs)) / s->end_len;
  }

  TrainResult result;
  while (!ended() && !result.stopped) result.stopped = !train_epoch();
  if (result.stopped) say(fmt::format("stopped in epoch {}", state_.epoch + 1));
  else test(result);
  result.directory  = directory.path();
  result.epochs     = state_.epoch;
  result.updates    = state_.step;
  result.best_epoch = state_.best_epoch;
  result.best_loss  = state_.best_loss;
  if (recipe_.stop) result.reached = state_.reached;
  result.seconds    = std::chrono::duration<double>(Clock::now() - start_).count();
  return result;
}

template <class R>
void NetworkTrainer<R>::take(const TensorFile& from, const std::string& path) {
  state_ = checkpoint_state(from, path);
  theta_ = model_theta<R>(*plan_, from, path);
  restore_optimizer(*plan_, from, path, optimizer_);
}

/// Counts on from another run, of which this directory knows nothing.
template <class R>
void NetworkTrainer<R>::begin_with(const std::string& path) {
  take(load_safetensors(path), path);
  const TrainingState fresh;
  state_.best_loss = fresh.best_loss, state_.best_epoch = 0, state_.epochs_without_gain = 0;
  state_.ended = state_.reached = false;
  state_.metrics_lines          = 0;
  state_.kept.clear();
  say(fmt::format("begins after epoch {}, with {}", state_.epoch, path));
}

template <class R>
void NetworkTrainer<R>::use(std::span<const R> theta) {
  engine_->set_parameters(theta);
  batch_->set_parameters(theta);
}

template <class R>
auto NetworkTrainer<R>::rows_from(size_t from) -> Rows {
  if (!data_->task) {
    if (from == 0) order_ = epoch_order(data_->train, config_.seed, state_.epoch);
    return {&all(), order_};
  }
  // a block of whole minibatches; trials depend on its number alone
  const size_t batch = config_.training.rows_per_update(), most = data_->train.size();
  const size_t block = batch * std::max<size_t>(1, kDrawnRows / batch), blocks = (most + block - 1) / block;
  const size_t rows  = std::min(block, most - from);
  drawn_ = Dataset(draw_task_samples(data_->task, config_.seed, "train", uint64_t(state_.epoch) * blocks + from / block,
                                     rows, threads_.get()),
                   config_.data, 0, 1);
  return {&drawn_, std::span(data_->train).first(rows)};
}

template <class R>
bool NetworkTrainer<R>::train_epoch() {
  const size_t batch = config_.training.rows_per_update(), size = data_->train.size();
  const auto   start = Clock::now();
  set_length(state_.epoch);
  batch_->forget_states();
  Window       epoch = fresh_window(), window = fresh_window();
  Rows         rows{};
  for (size_t at = 0, first = 0; at < size; at += batch) {
    if (options_.stop && *options_.stop) return false;
    if (at == first + rows.rows.size()) rows = rows_from(first = at);
    update(*rows.data, rows.rows.subspan(at - first, std::min(batch, size - at)), window);

    const bool last = at + batch >= size;
    if (state_.step % config_.logging.log_freq == 0 || last) {
      log_train(window);
      epoch.add(window);
      window = fresh_window();
    }
    if (options_.progress) {
      Window so_far = epoch;
      so_far.add(window);
      show(so_far, int64_t(at / batch) + 1, double(std::min(at + batch, size)), start);
    }
  }
  finish_epoch(epoch, std::chrono::duration<double>(Clock::now() - start).count());
  return true;
}

template <class R>
void NetworkTrainer<R>::update(const Dataset& data, std::span<const size_t> rows, Window& window) {
  const TrainingConfig& training = config_.training;
  try {
    const double loss = gradient(data, rows, window);
    const int last = plan_->layers[size_t(plan_->output)].layer_id;
    if (!std::isfinite(loss)) throw NumericsError(last, "the loss", 0, int64_t(data.steps()), 0, loss);

    apply_plasticity(plan_->parameters, theta_bar_.data());

    // clipping
    for (size_t i = 0; i < recipe_.blocks.size(); ++i)
      window.block_norms[i] += gradient_norm<R>({&recipe_.blocks[i], 1}, theta_bar_);
    double norm;
    if (training.gradient_clip_val && training.gradient_clip_algorithm == ClipAlgorithm::norm) {
      norm = clip_by_norm<R>(recipe_.blocks, theta_bar_, *training.gradient_clip_val);
    } else {
      norm = gradient_norm<R>(recipe_.blocks, theta_bar_);
      if (training.gradient_clip_val) clip_by_value<R>(recipe_.blocks, theta_bar_, *training.gradient_clip_val);
    }
    if (!std::isfinite(norm)) throw NumericsError(last, "the gradient", 0, 0, 0, norm);

    // step; decay, too, leaves frozen entries alone
    rate_ = rate();
    for (size_t i = 0; i < held_.size(); ++i) held_values_[i] = theta_[held_[i].position];
    optimizer_.step(theta_, theta_bar_, rate_, state_.step + 1);
    for (size_t i = 0; i < held_.size(); ++i) {
      R& x = theta_[held_[i].position];
      x    = held_values_[i] + R(held_[i].share) * (x - held_values_[i]);
    }
    project(plan_->parameters, theta_.data());
    const GrowthCount synapses = grow(plan_->parameters, theta_.data(), config_.seed, state_.step + 1);
    window.synapses.grown += synapses.grown, window.synapses.pruned += synapses.pruned;
    use(theta_);

    window.loss += loss * double(rows.size());
    window.rows += double(rows.size());
    window.norm += norm;
    window.updates += 1;
    rows_trained_ += double(rows.size());
    ++state_.step;
    measure_quantised(false);
  } catch (const NumericsError& cause) { diverged(cause); }
}

template <class R>
double NetworkTrainer<R>::rate() const {
  return learning_rate(*recipe_.schedule.entry, {recipe_.schedule.arguments, config_.training.optimizer.lr},
                       progress(state_.step), state_.schedule());
}

template <class R>
TrainingProgress NetworkTrainer<R>::progress(int64_t update) const {
  return progress_at(config_, *data_, update);
}

template <class R>
void NetworkTrainer<R>::diverged(const NumericsError& cause) const {
  std::string checkpoint;
  if (state_.epoch > 0 && config_.training.checkpoint_save_last) checkpoint = directory_->checkpoint("last");
  throw DivergenceError(cause, state_.epoch + 1, state_.step + 1, rate(), checkpoint);
}

template <class R>
void NetworkTrainer<R>::finish_epoch(const Window& train, double seconds) {
  EpochSummary summary{.epoch              = int(state_.epoch) + 1,
                       .epochs             = config_.training.max_epochs,
                       .seconds            = seconds,
                       .samples_per_second = train.rows / seconds,
                       .train              = train.numbers(),
                       .validation         = {}};

  // validation
  double monitored = train.mean_loss(), heard = monitored;   // heard by the schedule
  if (!data_->validation.empty()) {
    try {
      set_callbacks(state_.step, state_.epoch);
      const Scores scores = evaluate<R>(*engine_, *batch_, all(), data_->validation, recipe_.fresh_metrics());
      if (!std::isfinite(scores.loss))
        throw NumericsError(plan_->layers[size_t(plan_->output)].layer_id, "the validation loss", 0, 0, 0, scores.loss);
      summary.validation = numbers_of(scores.loss, scores.metrics);
      monitored = heard = scores.loss;
      if (recipe_.schedule.arguments.has("monitor_metric")) {
        const auto metric = std::ranges::find(scores.metrics, recipe_.schedule.arguments.text("monitor_metric"), &Metric::name);
        if (metric != scores.metrics.end()) heard = metric->entry().larger_is_better ? -metric->value() : metric->value();
      }
      log_scores("validation", scores.loss, scores.metrics, state_.epoch + 1);
      listen(scores.loss, scores.metrics);
      const int64_t samples = (state_.epoch + 1) * int64_t(data_->train.size());
      state_.reached        = recipe_.stop && reaches(*recipe_.stop, scores.loss, scores.metrics, samples);
    } catch (const NumericsError& cause) { diverged(cause); }
  }

  measure_quantised(true);

  // who listens
  ScheduleState schedule = state_.schedule();
  observe(*recipe_.schedule.entry, {recipe_.schedule.arguments, config_.training.optimizer.lr}, state_.epoch, heard,
          schedule);
  state_.set_schedule(schedule);
  ++state_.epoch;
  summary.best = monitored < state_.best_loss || state_.reached;
  if (summary.best) state_.best_loss = monitored, state_.best_epoch = state_.epoch, state_.epochs_without_gain = 0;
  else ++state_.epochs_without_gain;
  const auto patience = config_.training.early_stopping_patience;
  state_.ended        = state_.reached || (patience && state_.epochs_without_gain >= *patience);

  directory_->log(summary_text(summary));
  if (options_.progress) options_.progress->epoch(summary);
  if (state_.epoch % config_.training.checkpoint_every_n_epochs == 0) state_.kept.push_back({state_.epoch, monitored});
  save(summary.best);
  if (state_.reached)
    say(fmt::format("reached stop_when in epoch {}, after {} updates", state_.epoch, grouped(state_.step)));
  else if (recipe_.stop && state_.epoch == config_.training.max_epochs)
    say("ends without reaching stop_when");
  else if (state_.ended && state_.epoch < config_.training.max_epochs)
    say(fmt::format("ends early: no smaller validation loss for {} epochs", *patience));
}

template <class R>
void NetworkTrainer<R>::save(bool best) {
  const TrainingConfig& training = config_.training;

  // which epochs stay: the best, of equals the earlier
  std::vector<int64_t> leaving;
  while (!training.checkpoint_save_all_epochs && state_.kept.size() > size_t(training.checkpoint_save_top_k)) {
    auto worst = state_.kept.begin();
    for (auto it = worst; it != state_.kept.end(); ++it)
      if (it->loss >= worst->loss) worst = it;
    leaving.push_back(worst->epoch);
    state_.kept.erase(worst);
  }

  // last.dynode is the one a resumed run trusts: it comes after those it names, and before any is removed
  state_.metrics_lines    = directory_->metrics_lines();
  const std::string bytes = checkpoint();
  if (!state_.kept.empty() && state_.kept.back().epoch == state_.epoch)
    write_file(directory_->checkpoint(epoch_name(state_.epoch)), bytes);
  if (best) write_file(directory_->checkpoint("best"), bytes);
  if (training.checkpoint_save_last) write_file(directory_->checkpoint("last"), bytes);
  for (const int64_t epoch : leaving) directory_->remove_checkpoint(epoch_name(epoch));
}

template <class R>
void NetworkTrainer<R>::test(TrainResult& result) {
  if (data_->test.empty()) return say("there is no test set");

  // the best network
  set_length(std::max<int64_t>(state_.best_epoch - 1, 0));
  const std::string path = directory_->checkpoint("best");
  const TensorFile  best = load_safetensors(path);
  use(model_theta<R>(*plan_, best, path));
  set_callbacks(state_.best_epoch * updates_per_epoch_, std::max<int64_t>(state_.best_epoch - 1, 0));

  const Dataset& set     = data_->test_file.rows() == 0 ? all() : resampled_test_.rows() > 0 ? resampled_test_ : data_->test_file;
  const bool     confuse = set.has_classes() && set.entries() == 1;
  const auto     units   = int64_t(plan_->layers[size_t(plan_->output)].units);
  const Scores   scores  = evaluate<R>(*engine_, *batch_, set, data_->test, recipe_.fresh_metrics(), confuse ? units : 0);
  log_scores("test", scores.loss, scores.metrics, state_.best_epoch);
  result.test_loss = scores.loss;
  for (const Metric& metric : scores.metrics)
    result.test.push_back({metric.name(), metric.value(), in_percent(metric)});

  std::vector<Npz::Entry> arrays;
  if (confuse) arrays.emplace_back("confusion", Array{{units, units}, scores.confusion});
  for (Npz::Entry& entry : example_arrays<R>(*engine_, *batch_, set, data_->test)) arrays.push_back(std::move(entry));
  const DataConfig& data = config_.data;
  if (data.min_scale || data.format == DataFormat::idx)
    arrays.emplace_back("input_range",
                        Array{{2}, std::vector<double>{data.min_scale.value_or(0), data.max_scale.value_or(1)}});
  save_npz(directory_->file("evaluation.npz"), arrays, Packing::deflated);
  use(theta_);
  directory_->log(headline(result));
}

template <class R>
void NetworkTrainer<R>::show(const Window& epoch, int64_t update, double rows_done, Clock::time_point start) {
  const auto   now   = Clock::now();
  const double since = std::max(std::chrono::duration<double>(now - start).count(), 1e-9);
  const double whole = std::max(std::chrono::duration<double>(now - start_).count(), 1e-9);
  const double rows_total =
      double(data_->train.size()) * double(config_.training.max_epochs - state_.epoch) - rows_done;
  options_.progress->update({.epoch              = int(state_.epoch) + 1,
                             .epochs             = config_.training.max_epochs,
                             .update             = update,
                             .updates            = updates_per_epoch_,
                             .samples_per_second = rows_done / since,
                             .seconds_left       = rows_total * whole / rows_trained_,
                             .numbers            = epoch.numbers()});
}

template <class R>
double NetworkTrainer<R>::seconds() const {
  const double all = seconds_before_ + std::chrono::duration<double>(Clock::now() - start_).count();
  return std::round(all * 1000) / 1000;
}

template <class R>
void NetworkTrainer<R>::log_train(const Window& window) {
  Value line = Value::map();
  line.set("epoch", state_.epoch + 1).set("step", state_.step).set("split", "train").set("loss", window.mean_loss());
  for (const Metric& metric : window.metrics) line.set(metric.name(), metric.value());
  Value norms = Value::map();
  for (size_t i = 0; i < recipe_.blocks.size(); ++i)
    if (!recipe_.blocks[i].frozen)
      norms.set(plan_->parameters[int(i)].stored_name(), window.block_norms[i] / window.updates);
  line.set("lr", rate_).set("grad_norm", window.norm / window.updates).set("grad_norms", std::move(norms));
  const auto grows = [](const Block& b) { return b.growth.present >= 0; };
  if (std::ranges::any_of(plan_->parameters.blocks(), grows))
    line.set("grown", int64_t(window.synapses.grown)).set("pruned", int64_t(window.synapses.pruned));
  for (size_t i = 0; i < recipe_.annealed.size(); ++i)
    for (const int site : recipe_.annealed[i])
      line.set("noise/" + plan_->noise[size_t(site)].name,
               annealed_deviation(config_.callbacks.noise_annealers[i], progress(state_.step - 1)));
  for (const LossWeightSchedulerConfig& s : config_.callbacks.loss_weight_schedulers)
    line.set("loss_weight/" + s.loss_name, scheduled_weight(s, progress(state_.step - 1)));
  if (const auto& d = config_.callbacks.dynamic_loss_weight; d && d->active) line.set("dynamic_loss_weight", state_.dynamic_factor);
  if (resampled_.rows() > 0) line.set("sequence_length", int64_t(resampled_.steps()));
  line.set("seconds", seconds());
  directory_->add_metrics(line);
}

template <class R>
void NetworkTrainer<R>::log_scores(const char* split, double loss, const std::vector<Metric>& metrics, int64_t epoch) {
  Value line = Value::map();
  line.set("epoch", epoch).set("step", state_.step).set("split", split).set("loss", loss);
  for (const Metric& metric : metrics) line.set(metric.name(), metric.value());
  line.set("seconds", seconds());
  directory_->add_metrics(line);
}

template <class R>
void NetworkTrainer<R>::say(const std::string& line) {
  directory_->log(line);
  if (options_.progress) options_.progress->say(line);
}

template class NetworkTrainer<float>;
template class NetworkTrainer<double>;

}  // namespace dynode
