#include "dynode/run/engine.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

#include "dynode/base/error.h"
#include "dynode/base/float_mode.h"
#include "dynode/cells/surrogate.h"
#include "dynode/run/event_network.h"
#include "dynode/run/recorder.h"
#include "dynode/run/tape.h"

namespace dynode {
namespace {

/// Steps a simulation keeps at a time: its histories stay in cache while they are recorded.
constexpr size_t kSimulationWindow = 32;

/// The layer's state `s` at slab k of the window, written to or read from user rows.
template <class R>
void put_rows(const Prepared<R>& prepared, const Workspace<R>& w, const LayerSpace<R>& l, const R* slab, R* to,
              size_t row_stride) {
  prepared.dense().to_rows(l.slab, slab, w.shape.tile.rows, l.slab.units, to, row_stride);
}

}  // namespace

template <class R>
struct Engine<R>::Worker {
  std::vector<std::unique_ptr<Workspace<R>>> workspaces;
  std::vector<std::vector<R>> values, bars;   // per watched layer [rows][steps + 1][units]
  std::vector<Buffer<R>>      checkpoints;    // states of all layers at the start of each window
  RecorderSpace<R>            recorder;
};

template <class R>
Engine<R>::Engine(std::shared_ptr<const Plan> plan, std::shared_ptr<Threads> threads)
    : plan_(std::move(plan)), threads_(std::move(threads)), prepared_(*plan_),
      idle_(std::make_shared<std::vector<std::unique_ptr<Workspace<R>>>>()) {
  for (int i = 0; i < threads_->size(); ++i) workers_.push_back(std::make_unique<Worker>());
  std::vector<R> theta(plan_->theta.begin(), plan_->theta.end());
  set_parameters(theta);
}

template <class R>
Engine<R>::~Engine() = default;

template <class R>
void Engine<R>::set_parameters(std::span<const R> theta) {
  expects(theta.size() == plan_->parameters.size(), "θ has the length of the plan");
  theta_.assign(theta.begin(), theta.end());
  fresh_ = false;
  if (!quantisation_ || !quantisation_->stochastic) round_weights({});
}

template <class R>
void Engine<R>::set_quantisation(std::optional<Quantisation> quantisation) {
  if (quantisation) {
    std::vector<R> weights = theta_;
    quantise(plan_->parameters, *quantisation, {}, weights.data());   // refuses what does not fit
  }
  quantisation_ = std::move(quantisation);
  fresh_        = false;
  round_weights({});
}

template <class R>
void Engine<R>::round_weights(const RunNoise<R>& noise) {
  const bool by_chance = quantisation_ && quantisation_->stochastic && noise.on && noise.training;
  const auto pass      = by_chance ? std::optional(noise.pass) : std::nullopt;
  if (!fresh_ || pass != pass_) {
    prepared_.set(theta_.data(), quantisation_ ? &*quantisation_ : nullptr,
                  pass ? std::optional(RoundingDraw{plan_->seed, *pass}) : std::nullopt);
    ++version_;
  }
  prepared_.set_noise_shares(noise.shares);
  if (events_ && (!fresh_ || pass != pass_)) events_->set_weights();
  fresh_ = true;
  pass_  = pass;
}

template <class R>
std::vector<Tile> Engine<R>::cut(const RunInput<R>& input) const {
  return cut_batch(input.rows, prepared_.dense().width,
                   carries_spikes(*plan_) || has_row_parameters(*plan_, input.noise));
}

template <class R>
void Engine<R>::refuse_spikes() const {
  for (const LayerPlan& l : plan_->layers)
    if (l.cell->fires && !has_surrogate(*l.cell))
      throw SpecError({}, fmt::format("layer {} ({}) fires, and its spikes have no derivative", l.layer_id, l.cell->name),
                      "gradients are for networks of rates, and for layers with a surrogate: "
                      "LIF, CurrentLIF, CubaLIF, IF, Soma");
  for (const ConnectionPlan& c : plan_->connections)
    if (c.delay)
      throw SpecError({}, fmt::format("{} carries spikes as events, which have no derivative", c.name),
                      "without mode: spike and with params: {port: events} it carries them with one");
  if (events_)
    throw SpecError({}, "networks of events have no losses and no gradients", "give spikes to ordinary connections");
}

template <class R>
void Engine<R>::check_input(const RunInput<R>& input) const {
  expects(input.rows > 0 && input.steps > 0, "a run has rows and steps");
  expects(input.x || plan_->input < 0, "a run has the input its plan takes");
  expects(input.noise.shares.empty() || input.noise.shares.size() == plan_->noise.size(), "a share per site of noise");
  expects(!input.spans || plan_->takes_spans(), "a run has time spans only where its plan takes them");
}

template <class R>
Workspace<R>& Engine<R>::workspace(Worker& worker, const WorkspaceShape& shape) {
  for (auto& w : worker.workspaces)
    if (w->shape == shape) return *w;
  // a few shapes are in use at a time (one per shape of tile); older ones make room
  if (worker.workspaces.size() >= 6) worker.workspaces.erase(worker.workspaces.begin());
  worker.workspaces.push_back(std::make_unique<Workspace<R>>(*plan_, prepared_, shape));
  return *worker.workspaces.back();
}

/// Fills slab 0 with the initial states of the tile's rows.
template <class R>
void Engine<R>::set_start(Workspace<R>& w, const RunInput<R>& input, const Tile& tile) {
  begin_noise(*plan_, w, input.noise, tile.first_row, input.steps);
  for (size_t i = 0; i < w.layers.size(); ++i) {
    LayerSpace<R>& l = w.layers[i];
    for (auto& s : l.state) std::fill_n(s.data(), l.size, R(0));
    const auto put = [&](int state, const R* values, size_t row_stride) {
      prepared_.dense().from_rows(tile.rows, l.slab.units, values, row_stride, l.slab, l.state[size_t(state)].data());
    };
    const LayerPlan& p = plan_->layers[i];
    if (p.start_block >= 0) put(p.start_state, theta_.data() + plan_->parameters[p.start_block].offset, 0);
    for (const auto& given : input.initial)
      if (given.layer == int(i))
        put(given.state, given.values + (given.per_row ? tile.first_row * l.slab.units : 0),
            given.per_row ? l.slab.units : 0);
    for (int site : l.noise.starts) {
      const int  state = plan_->noise[size_t(site)].index;
      const bool known = std::any_of(input.initial.begin(), input.initial.end(),
                                     [&](const auto& given) { return given.layer == int(i) && given.state == state; });
      R* to = l.state[size_t(state)].data();
      if (!known) disturb(*plan_, prepared_, w, site, l.slab, 0, static_cast<const R*>(to), to);
    }
  }
  start(*plan_, prepared_, w);
}

template <class R>
TileInput<R> Engine<R>::seen_from(const Tile& tile, const RunInput<R>& input) const {
  const size_t stride = input.steps * plan_->input_width();
  return {input.x ? input.x + tile.first_row * stride : nullptr, stride, 0,
          input.spans ? input.spans + tile.first_row * input.steps : nullptr, input.steps, input.stop};
}

template <class R>
size_t Engine<R>::simulate(const RunInput<R>& input, std::span<const Record<R>> records) {
  check_input(input);
  round_weights(input.noise);
  if (EventNetwork<R>::fits(*plan_)) {
    if (!events_) events_ = std::make_unique<EventNetwork<R>>(*plan_, prepared_, *threads_);   // where nothing runs, nothing is drawn
    events_->simulate(input, records);
    return input.steps;
  }
  const auto   tiles  = cut(input);
  const size_t window = std::min(input.steps, kSimulationWindow);
  for (const Tile& t : tiles) prepared_.panels(t, false, input.spans != nullptr);
  Recorder<R> recorder(*plan_, prepared_, records, input.steps, tiles.size());
  if (input.until_steady) return simulate_until_steady(input, records, tiles, recorder);

  threads_->run(tiles.size(), [&](size_t n, size_t worker) {
    const FlushDenormals flush;
    const Tile&   tile = tiles[n];
    Workspace<R>& w = workspace(*workers_[worker], {tile, window, false, recorder.observes(), input.spans != nullptr});
    TileInput<R>  x = seen_from(tile, input);
    set_start(w, input, tile);
    recorder.take_start(w, tile);
    for (size_t t = 0; t < input.steps; t += window) {
      const size_t steps = std::min(window, input.steps - t);
      x.first_step = t;
      forward(*plan_, prepared_, w, x, steps);
      check_finite(*plan_, w, tile.first_row, t, steps);
      recorder.take(w, tile, n, t, steps, workers_[worker]->recorder);
      move_window(w, steps);
    }
  });
  recorder.finish(input.steps);
  return input.steps;
}

/// All tiles do a window, then all together look at its steps.
template <class R>
size_t Engine<R>::simulate_until_steady(const RunInput<R>& input, std::span<const Record<R>> records,
                                        const std::vector<Tile>& tiles, Recorder<R>& recorder) {
  for (const Record<R>& r : records) expects(!r.last_only, "the last entry is known only when the run has stopped");
  const size_t window = std::min(input.steps, kSimulationWindow);
  std::vector<TileState<R>>            states(tiles.size());
  std::vector<std::vector<StepChange>> changes(tiles.size());
  std::vector<std::optional<NumericsError>> lost(tiles.size());   // what stopped being finite, perhaps after the end
  SteadyDetector detector(*input.until_steady);
  size_t         done = 0;
  for (bool steady = false; done < input.steps && !steady;) {
    const size_t begin = done, steps = std::min(window, input.steps - begin);
    threads_->run(tiles.size(), [&](size_t n, size_t worker) {
      const FlushDenormals flush;
      const Tile&   tile = tiles[n];
      Workspace<R>& w = workspace(*workers_[worker], {tile, window, false, recorder.observes(), input.spans != nullptr});
      TileInput<R>  x = seen_from(tile, input);
      set_start(w, input, tile);
      if (begin == 0) recorder.take_start(w, tile);
      else bring_back(w, states[n]);
      x.first_step = begin;
      forward(*plan_, prepared_, w, x, steps);
      try {
        check_finite(*plan_, w, tile.first_row, begin, steps);
      } catch (const NumericsError& error) { lost[n] = error; }
      recorder.take(w, tile, n, begin, steps, workers_[worker]->recorder);
      changes[n].assign(steps, {});
      note_changes(*plan_, w, steps, changes[n].data());
      keep(w, steps, states[n]);
    });
    for (size_t k = 0; k < steps && !steady; ++k, ++done) {
      StepChange all;
      for (const auto& c : changes) all = {std::max(all.change, c[k].change), std::max(all.output, c[k].output)};
      steady = detector.is_steady(all);
    }
    for (const auto& error : lost)
      if (error && error->step <= int64_t(done)) throw *error;
  }
  recorder.finish(done);
  return done;
}

template <class R>
double Engine<R>::gradient(const RunInput<R>& input, const TileLoss<R>& loss, const GradientOptions& options,
                           const GradientOutputs<R>& outputs) {
  return run(input, loss, options, &outputs);
}

template <class R>
double Engine<R>::loss(const RunInput<R>& input, const TileLoss<R>& loss, const GradientOptions& options) {
  return run(input, loss, options, nullptr);
}

template <class R>
double Engine<R>::run(const RunInput<R>& input, const TileLoss<R>& loss, const GradientOptions& options,
                      const GradientOutputs<R>* outputs) {
  check_input(input);
  if (outputs || EventNetwork<R>::fits(*plan_)) refuse_spikes();
  round_weights(input.noise);
  const auto tiles = cut(input);
  for (const Tile& t : tiles) prepared_.panels(t, outputs != nullptr, input.spans != nullptr);
  const size_t window = outputs ? segment(input, options.adjoint) : std::min(input.steps, kSimulationWindow);

  // group g takes tiles g, g + groups, …
  const size_t groups = std::min(tiles.size(), kMostGroups);
  std::vector<double> losses(tiles.size());
  if (outputs) clear_partials(groups);
  threads_->run(groups, [&](size_t g, size_t worker) {
    const FlushDenormals flush;
    for (size_t n = g; n < tiles.size(); n += groups)
      losses[n] = tile_gradient(*workers_[worker], tiles[n], window, input, loss, options, outputs,
                                outputs ? partials_[g].data() : nullptr);
  });

  double sum = 0;
  for (double l : losses) sum += l;
  if (outputs && outputs->theta_bar) sum_partials(groups, outputs->theta_bar);
  return sum;
}

template <class R>
void Engine<R>::clear_partials(size_t groups) {
  partials_.resize(std::max(partials_.size(), groups));
  for (size_t g = 0; g < groups; ++g) partials_[g].assign(theta_.size(), R(0));
}

template <class R>
void Engine<R>::sum_partials(size_t groups, R* theta_bar) const {
  std::copy_n(partials_[0].data(), theta_.size(), theta_bar);
  for (size_t g = 1; g < groups; ++g)
    for (size_t i = 0; i < theta_.size(); ++i) theta_bar[i] += partials_[g][i];
  to_stored_gradient(plan_->parameters, theta_.data(), theta_bar);
}

template <class R>
double Engine<R>::tile_gradient(Worker& worker, const Tile& tile, size_t window, const RunInput<R>& input,
                                const TileLoss<R>& loss, const GradientOptions& options,
                                const GradientOutputs<R>* outputs, R* partial) {
  const size_t steps = input.steps;
  const bool   adjoint = outputs != nullptr;
  Workspace<R>& w = workspace(worker, {tile, window, adjoint, false, input.spans != nullptr, has_parts(*plan_, options.watched)});
  const size_t  width = plan_->input_width();
  TileInput<R>  x = seen_from(tile, input);

  // room for what the loss reads
  TileOutputs<R> seen{tile.first_row, tile.rows, steps, {}, {}};
  worker.values.resize(options.watched.size());
  worker.bars.resize(options.watched.size());
  for (size_t i = 0; i < options.watched.size(); ++i) {
    const size_t size = tile.rows * (steps + 1) * w.layers[size_t(options.watched[i])].slab.units;
    const size_t units = size / (tile.rows * (steps + 1));
    if (worker.values[i].size() != size) worker.values[i].assign(size, R(0)), worker.bars[i].assign(size, R(0));
    for (size_t row = 0; row < tile.rows && adjoint; ++row)   // entries before the first are never looked at
      std::fill_n(worker.bars[i].data() + (row * (steps + 1) + options.first_entry) * units,
                  (steps + 1 - std::min(steps + 1, options.first_entry)) * units, R(0));
    seen.values.push_back(worker.values[i].data());
    seen.bars.push_back(worker.bars[i].data());
  }
  const auto watch = [&](size_t entry, size_t k) {
    if (entry < options.first_entry) return;
    for (size_t i = 0; i < options.watched.size(); ++i) {
      const LayerSpace<R>& l = w.layers[size_t(options.watched[i])];
      const int state = i < options.watched_states.size() ? options.watched_states[i] : -1;
      const int seen_state = state >= 0 ? state : plan_->layers[size_t(options.watched[i])].cell->output;
      put_rows(prepared_, w, l, l.state[size_t(seen_state)].data() + k * l.size,
               worker.values[i].data() + entry * l.slab.units, (steps + 1) * l.slab.units);
    }
  };

  // states at the start of a window, all layers one after the other
  size_t state_size = 0;
  for (const auto& l : w.layers) state_size += l.state.size() * l.size;
  const auto each_state = [&](R* checkpoint, auto&& copy) {
    for (auto& l : w.layers)
      for (auto& s : l.state) copy(checkpoint, s.data(), l.size), checkpoint += l.size;
  };
  const size_t windows = (steps + window - 1) / window;
  if (adjoint && windows > 1) {
    while (worker.checkpoints.size() < windows) worker.checkpoints.emplace_back(0);
    for (size_t i = 0; i < windows; ++i)
      if (worker.checkpoints[i].size() < state_size) worker.checkpoints[i] = Buffer<R>(state_size);
  }

  // forward
  set_start(w, input, tile);
  watch(0, 0);
  for (size_t n = 0; n < windows; ++n) {
    const size_t t = n * window, count = std::min(window, steps - t);
    if (adjoint && windows > 1)
      each_state(worker.checkpoints[n].data(), [](R* to, const R* from, size_t size) { std::copy_n(from, size, to); });
    x.first_step = t;
    forward(*plan_, prepared_, w, x, count);
    check_finite(*plan_, w, tile.first_row, t, count);
    for (size_t k = 0; k < count; ++k) watch(t + k + 1, k + 1);
    if (n + 1 < windows) move_window(w, count);
  }
  const double value = loss(seen);
  if (!adjoint) return value;

  // backward, recomputing all windows but the last
  TileGradient<R> wanted;
  wanted.total_steps    = steps;
  wanted.truncate_every = options.adjoint.truncate_every;
  wanted.stop           = input.stop;
  wanted.x_bar = outputs->x_bar ? outputs->x_bar + tile.first_row * steps * width : nullptr;
  wanted.spans_bar = outputs->spans_bar ? outputs->spans_bar + tile.first_row * steps : nullptr;
  if (wanted.spans_bar) std::fill_n(wanted.spans_bar, tile.rows * steps, R(0));
  for (size_t i = 0; i < options.watched.size(); ++i)
    wanted.outputs.push_back({options.watched[i], seen.bars[i], options.first_entry,
                              i < options.watched_states.size() ? options.watched_states[i] : -1});
  start_backward(w);
  for (size_t n = windows; n-- > 0;) {
    const size_t t = n * window, count = std::min(window, steps - t);
    if (n + 1 < windows) {
      each_state(worker.checkpoints[n].data(), [](const R* from, R* to, size_t size) { std::copy_n(from, size, to); });
      x.first_step = t;
      forward(*plan_, prepared_, w, x, count);
    }
    backward(*plan_, prepared_, w, wanted, t, count);
  }
  pull_start(w, wanted, tile, input, *outputs);
  collect_gradient(*plan_, prepared_, w, partial);
  return value;
}

/// The end of a tile's adjoint: that of its initial states.
template <class R>
void Engine<R>::pull_start(Workspace<R>& w, const TileGradient<R>& wanted, const Tile& tile, const RunInput<R>& input,
                           const GradientOutputs<R>& outputs) {
  const bool initial = !outputs.initial_bar.empty() ||
                       std::any_of(plan_->layers.begin(), plan_->layers.end(), [](const auto& l) { return l.start_block >= 0; });
  if (initial) {
    // start_pull reads the state as it was before the first step
    finish_backward(*plan_, prepared_, w, wanted);
    for (const auto& bar : outputs.initial_bar) {
      const LayerSpace<R>& l = w.layers[size_t(bar.layer)];
      put_rows(prepared_, w, l, l.lambda[size_t(bar.state)].data(),
               const_cast<R*>(bar.values) + tile.first_row * l.slab.units, l.slab.units);
    }
    // a learnt initial state has no say where another one was given
    for (const auto& given : input.initial)
      if (given.state == plan_->layers[size_t(given.layer)].start_state)
        w.layers[size_t(given.layer)].lambda[size_t(given.state)].clear();
  }
}

template <class R>
size_t Engine<R>::segment(const RunInput<R>& input, const AdjointPolicy& policy) {
  if (policy.checkpoint_every) return std::min(policy.checkpoint_every, input.steps);
  const bool spans = input.spans != nullptr;
  for (const Segment& s : segments_)
    if (s.rows == input.rows && s.steps == input.steps && s.memory == policy.memory && s.spans == spans) return s.chosen;

  // the largest tile decides; without room for any segment, the one that takes least
  const Tile tile = cut(input).front();
  size_t chosen = input.steps, least = SIZE_MAX;
  for (size_t count = 1, last = 0; count <= input.steps; ++count) {
    const size_t window = (input.steps + count - 1) / count;
    if (window == last) continue;
    last = window;
    const Workspace<R> measured(*plan_, prepared_, {tile, window, true, false, spans}, Workspace<R>::Purpose::measure);
    const size_t bytes = (measured.bytes() + (count > 1 ? count * measured.state_bytes() : 0)) * size_t(threads_->size());
    if (bytes < least) least = bytes, chosen = window;
    if (bytes <= policy.memory) break;
  }
  segments_.push_back({input.rows, input.steps, policy.memory, spans, chosen});
  return chosen;
}

template <class R>
size_t Engine<R>::workspace_bytes() const {
  size_t n = 0;
  for (const auto& worker : workers_)
    for (const auto& w : worker->workspaces) n += w->bytes();
  return n;
}

template class Engine<float>;
template class Engine<double>;

}  // namespace dynode
