// Noise and perturbations: the places of a network where normal numbers n are added.
//
//   noise          value + deviation · n,          n fresh at every step
//   relative       value · (1 + deviation · n),    the deviation is a share of |value|
//   perturbation   value + mean + deviation · n,   n the same all through a pass (one forward call)
//   dropout        0 with probability p, else value / (1 − p)      p stands where the deviation does
//
// Numbers (those of dropout are uniform) belong to (seed, name of the site, pass, step, row of the whole batch, unit),
// whatever runs where and when.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace dynode {

struct NoiseSite {
  enum class What {
    drive,       // of port `index`, once all connections have arrived
    state,       // `index`, after the step; states that are functions of it follow. Of an input layer: the input
    start,       // of state `index`, where nobody gives an initial state
    parameter,   // `index`, in real space, row by row; the constants of a cell follow its parameters
    weights,     // of a connection, the same for all rows
  };
  enum class When { always, training, never };
  enum class Scale { one, per_parameter, per_root };   // deviation, deviation/p, deviation·√(2/p)

  std::string         name = {};        // layer1/phi, layer1/perturb/phi, J_0_to_1/j
  What                what = What::drive;
  int                 layer = -1;       // position in Plan::layers
  int                 connection = -1;  // position in Plan::connections
  int                 index = 0;
  std::vector<double> deviation = {};   // [units]; of weights [1]
  std::vector<double> mean = {};        // the same shape; empty: 0
  bool                relative = false;
  bool                drop = false;     // dropout, which is relative, too
  bool                once = false;     // per pass
  When                when = When::always;
  Scale               scale = Scale::one;
  int                 parameter = -1;   // p of `scale`
};

}  // namespace dynode
