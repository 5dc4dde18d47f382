// Pruning: weights that matter least leave the network; their places in the masks go, too.
//
//   magnitude   |w|
//   fisher      ½ F w²,  F: mean over batches of the squared slope of the loss
//   hessian     ½ |H| w²,  H: diagonal of its second derivatives, from v ⊙ (∇L(w + εv) − ∇L(w − εv)) / 2ε with random signs v
//
// Whole rows, columns or blocks go by the mean of what is in them.
// Sources: LeCun et al. 1990, Optimal brain damage; Bekas et al. 2007 for the diagonal.
#pragma once
#include <string>
#include <vector>

#include "dynode/io/stored_model.h"
#include "dynode/models/model.h"

namespace dynode {

enum class Saliency { magnitude, fisher, hessian };
enum class PruneUnit { element, row, column, block };

struct Pruning {
  double    share    = 0.5;   // of the weights there are, that leaves; 0 … 1
  Saliency  saliency = Saliency::magnitude;
  PruneUnit unit     = PruneUnit::element;
  size_t    block_rows = 4, block_columns = 4;
  bool      each     = false; // this share of each connection; false: of all together
  double    blend    = 0;     // share of the magnitude in the saliency, both divided by their means; 0 … 1
  std::vector<std::string> connections = {};   // J_0_to_1, …; empty: all that learn
  size_t    batch = 32;       // rows of x per slope
  int       draws = 8;        // of signs, per batch
  uint64_t  seed  = 1;        // of the signs
};

struct PrunedConnection {
  std::string name;
  size_t      before, after;   // weights
};

struct PrunedNetwork {
  StoredModel                   model;
  std::vector<PrunedConnection> connections;
};

/// @param x, loss  what slopes are of; not looked at by magnitude. The network stays as it is.
/// @throws SpecError, ShapeError, NumericsError
PrunedNetwork prune(Model& model, const Pruning& how, const Array& x = {}, const std::vector<LossTerm>& loss = {});

}  // namespace dynode
