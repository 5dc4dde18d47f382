// Engine: forward now, adjoint later.
#include <algorithm>
#include <utility>

#include "dynode/base/error.h"
#include "dynode/base/float_mode.h"
#include "dynode/run/engine.h"
#include "dynode/run/recorder.h"
#include "dynode/run/tape.h"

namespace dynode {

template <class R>
std::unique_ptr<Tape<R>> Engine<R>::simulate_taped(const RunInput<R>& input, std::span<const Record<R>> records) {
  check_input(input);
  round_weights(input.noise);
  refuse_spikes();
  for (const Record<R>& r : records) expects(r.what == Record<R>::What::state, "a taped run records states");
  std::vector<int> recorded;
  for (const Record<R>& r : records) recorded.push_back(r.layer);
  const auto tiles = cut(input);
  for (const Tile& t : tiles) prepared_.panels(t, true, input.spans != nullptr);

  // a workspace per tile, from the shelf where one fits
  auto tape = std::make_unique<Tape<R>>(idle_, input.steps, version_, theta_);
  for (const Tile& tile : tiles) {
    const WorkspaceShape shape{tile, input.steps, true, false, input.spans != nullptr, has_parts(*plan_, recorded)};
    std::unique_ptr<Workspace<R>> workspace;
    {
      const std::lock_guard lock(Tape<R>::shelves);
      const auto fits = std::find_if(idle_->rbegin(), idle_->rend(), [&](const auto& w) { return w->shape == shape; });
      if (fits != idle_->rend()) {
        workspace = std::move(*fits);
        idle_->erase(std::next(fits).base());
      } else {
        idle_->clear();   // other shapes than before: older ones make room
      }
    }
    if (!workspace) workspace = std::make_unique<Workspace<R>>(*plan_, prepared_, shape);
    tape->parts.push_back({tile, std::move(workspace)});
  }

  Recorder<R> recorder(*plan_, prepared_, records, input.steps, tiles.size());
  threads_->run(tiles.size(), [&](size_t n, size_t) {
    const FlushDenormals flush;
    const Tile&      tile = tiles[n];
    Workspace<R>&    w    = *tape->parts[n].workspace;
    RecorderSpace<R> space;
    set_start(w, input, tile);
    recorder.take_start(w, tile);
    forward(*plan_, prepared_, w, seen_from(tile, input), input.steps);
    check_finite(*plan_, w, tile.first_row, 0, input.steps);
    recorder.take(w, tile, n, 0, input.steps, space);
  });
  recorder.finish(input.steps);
  return tape;
}

template <class R>
void Engine<R>::pull_taped(Tape<R>& tape, const RunInput<R>& input, std::span<const HistoryBar<R>> bars,
                           const GradientOutputs<R>& outputs) {
  round_weights(input.noise);
  if (tape.version != version_) {   // others may have come and gone since
    if (tape.theta != theta_) throw SpecError({}, "parameters were changed between a run and its gradient", "run the network again");
    for (const auto& part : tape.parts) prepared_.panels(part.tile, true, part.workspace->shape.spans);
    tape.version = version_;
  }
  const size_t groups = std::min(tape.parts.size(), kMostGroups), steps = tape.steps, width = plan_->input_width();
  clear_partials(groups);
  const bool again = std::exchange(tape.used, true);
  threads_->run(groups, [&](size_t g, size_t) {
    const FlushDenormals flush;
    for (size_t n = g; n < tape.parts.size(); n += groups) {
      const Tile&     tile = tape.parts[n].tile;
      Workspace<R>&   w    = *tape.parts[n].workspace;
      TileGradient<R> wanted;
      wanted.total_steps = steps;
      wanted.stop        = input.stop;
      wanted.x_bar       = outputs.x_bar ? outputs.x_bar + tile.first_row * steps * width : nullptr;
      wanted.spans_bar   = outputs.spans_bar ? outputs.spans_bar + tile.first_row * steps : nullptr;
      if (wanted.spans_bar) std::fill_n(wanted.spans_bar, tile.rows * steps, R(0));
      for (const HistoryBar<R>& b : bars) {
        const size_t units = w.layers[size_t(b.layer)].slab.units;
        wanted.outputs.push_back({b.layer, b.values + tile.first_row * (steps + 1) * units, 0, b.state});
      }
      if (again) {   // the run itself once more
        set_start(w, input, tile);
        forward(*plan_, prepared_, w, seen_from(tile, input), steps);
      }
      start_backward(w);
      backward(*plan_, prepared_, w, wanted, 0, steps);
      pull_start(w, wanted, tile, input, outputs);
      collect_gradient(*plan_, prepared_, w, partials_[g].data());
    }
  });
  if (outputs.theta_bar) sum_partials(groups, outputs.theta_bar);
}

template std::unique_ptr<Tape<float>>  Engine<float>::simulate_taped(const RunInput<float>&, std::span<const Record<float>>);
template std::unique_ptr<Tape<double>> Engine<double>::simulate_taped(const RunInput<double>&, std::span<const Record<double>>);
template void Engine<float>::pull_taped(Tape<float>&, const RunInput<float>&, std::span<const HistoryBar<float>>,
                                        const GradientOutputs<float>&);
template void Engine<double>::pull_taped(Tape<double>&, const RunInput<double>&, std::span<const HistoryBar<double>>,
                                         const GradientOutputs<double>&);

}  // namespace dynode
