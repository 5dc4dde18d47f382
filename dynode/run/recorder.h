// Recorder: takes what people asked for out of the histories of tiles, window by window.
#pragma once
#include <span>
#include <vector>

#include "dynode/run/engine.h"

namespace dynode {

/// Memory of one worker while it records.
template <class R>
struct RecorderSpace {
  std::vector<Buffer<R>> observed;   // slabs of observables …
  std::vector<R*>        out;        // … and where they begin
  std::vector<uint32_t>  fired;      // units of one row
};

template <class R>
class Recorder {
 public:
  /// @param records  is referred to
  Recorder(const Plan& plan, const Prepared<R>& prepared, std::span<const Record<R>> records, size_t steps, size_t tiles);

  /// Whether something is recorded for which drives have to be kept.
  bool observes() const;
  /// The initial states of a tile, in slab 0.
  void take_start(const Workspace<R>& w, const Tile& tile) const;
  /// Steps first_step … first_step + steps − 1 of tile `n`, which made the slabs from 1 on.
  void take(Workspace<R>& w, const Tile& tile, size_t n, size_t first_step, size_t steps, RecorderSpace<R>& space);
  /// When all tiles are done: the spikes of the first `steps` steps, sorted by step, then row, then unit.
  void finish(size_t steps);

 private:
  void take_states(const Workspace<R>& w, const Tile& tile, size_t entry, size_t k) const;
  void take_observables(Workspace<R>& w, const Tile& tile, size_t step, size_t k, RecorderSpace<R>& space) const;
  void take_spikes(const Workspace<R>& w, const Tile& tile, size_t n, size_t step, size_t k, RecorderSpace<R>& space);

  const Plan&                plan_;
  const Prepared<R>&         prepared_;
  std::span<const Record<R>> records_;
  size_t                     steps_;                          // of the whole run
  std::vector<std::vector<std::vector<Spike>>> spikes_;       // per tile and record
};

}  // namespace dynode
