// Masks for networks of one hidden layer: areas, groups of inputs and readouts, chosen units. The generators of nn4n.
//
//   const NetworkMasks areas = multi_area_ei({.dims = {3, 20, 2}, .n_areas = {2}, .seed = 7});
//   CTRNN net({.dims = areas.dims, .sparsity_masks = areas.sparsity(), .ei_masks = areas.masks});
//
// All masks are (pre, post). A random block with density p has each entry with probability p, drawn by `seed`.
#pragma once
#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dynode/io/npy.h"

namespace dynode::ctrnn {

struct Dims {
  int64_t input = 1, hidden = 100, output = 1;
};

/// One of something for each connection: input → hidden, hidden → hidden, hidden → readout. A single one is for all.
template <class T>
struct PerLayer {
  T input{}, hidden{}, readout{};

  PerLayer() = default;
  template <class U>
    requires std::convertible_to<U, T>
  PerLayer(const U& all) : input(all), hidden(all), readout(all) {}
  PerLayer(T input, T hidden, T readout)
      : input(std::move(input)), hidden(std::move(hidden)), readout(std::move(readout)) {}
};

/// A mask (pre, post), or none.
using EntryMask  = std::optional<Array>;
using EntryMasks = PerLayer<EntryMask>;

struct NetworkMasks {
  Dims                 dims  = {};
  EntryMasks           masks = {};   // 0, 1, or with excitation and inhibition −1, 0, 1
  std::vector<int64_t> sizes = {};   // of the areas; empty: there are none
  std::vector<int64_t> input_units = {}, readout_units = {};   // hidden units with input, and those that are read out

  /// Where the masks are not 0, as 0 and 1.
  EntryMasks sparsity() const;
  std::vector<int64_t> non_input_units() const;

  /// area_1, area_2, … → units
  std::map<std::string, std::vector<int64_t>> areas() const;
  /// @param area  from 0 on. @throws SpecError  if there is no such area
  std::vector<int64_t> area_units(int64_t area) const;
  std::vector<int64_t> area_units(const std::string& name) const;
  /// Names and numbers, a line each.
  std::string description() const;
};

struct MultiAreaOptions {
  Dims                 dims                = {};
  std::vector<double>  n_areas             = {2};         // how many, or their sizes
  std::vector<double>  area_connectivities = {0.1, 0.1};  // [forward, backward], with [, within] (1), or a matrix
                                                          // (target area, source area) row by row
  std::vector<double>  input_areas         = {}, readout_areas = {};   // from 0 on; none: all
  uint64_t             seed                = 0;
};

struct MultiAreaEIOptions {
  Dims                dims                   = {};
  std::vector<double> n_areas                = {2};
  std::vector<double> area_connectivities    = {0.1, 0.1};
  std::vector<double> input_areas            = {}, readout_areas = {};
  double              exc_pct                = 0.8;                     // the first units of each area excite
  std::vector<bool>   inter_area_connections = {true, true, true, true};  // ee, ei, ie, ii, source to target
  bool                inh_readout            = true;
  uint64_t            seed                   = 0;
};

struct MultiIOOptions {
  Dims                dims        = {};
  std::vector<double> input_dims  = {}, readout_dims  = {};   // sizes of the groups; none: one group
  std::vector<double> input_table = {}, readout_table = {};   // [groups][hidden] of 0 and 1, row by row; none: ones
};

struct RandomInputOptions {
  Dims     dims       = {};
  double   input_spar = 1, readout_spar = 1;   // shares of hidden units with input, and read out
  double   hidden_spar = 1;                    // probability of a hidden connection
  bool     overlap    = true;                  // false: units with input are not read out
  uint64_t seed       = 0;
};

/// @throws SpecError  naming what does not fit
NetworkMasks multi_area(const MultiAreaOptions& options);
NetworkMasks multi_area_ei(const MultiAreaEIOptions& options);
NetworkMasks multi_io(const MultiIOOptions& options);
NetworkMasks random_input(const RandomInputOptions& options);

/// States of a layer, area by area.
class AreaManager {
 public:
  /// @param areas  units of each area
  explicit AreaManager(std::vector<std::vector<int64_t>> areas) : areas_(std::move(areas)) {}
  explicit AreaManager(const NetworkMasks& masks);

  size_t size() const { return areas_.size(); }
  /// @param states  [..., units]
  /// @throws SpecError, ShapeError
  std::vector<Array> split_states(const Array& states) const;
  Array              get_area_states(const Array& states, size_t area) const;
  /// `n` units of an area in ascending order; without replacement at most all of them.
  std::vector<int64_t> random_indices(size_t area, size_t n, uint64_t seed, bool replace = false) const;

 private:
  const std::vector<int64_t>& area(size_t k) const;

  std::vector<std::vector<int64_t>> areas_;
};

}  // namespace dynode::ctrnn
