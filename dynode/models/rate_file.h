// Model files of spikeRNN (.mat): the network of a RateRNN, in the names and shapes of the original.
//
//   w, w0 [N][N] · m [N][N] signs on the diagonal · som_m [N][N] · w_in [N][inputs] · w_out [outputs][N] · b_out
//   N, som_N · exc, inh [N][1] · taus [1][1 or 2] · taus_gaus, taus_gaus0 [N][1] · activation · apply_dale
//
// Read: files of the PyTorch port (w raw, negative = absent) and of the TensorFlow original (w after relu), which lack
// apply_dale: there the law holds where m has a −1.
#pragma once
#include <string>

#include "dynode/models/rate.h"

namespace dynode::rate {

/// @throws IoError  naming what is missing or does not fit; as load_mat
RateParts load_rate_mat(const std::string& path);
/// @throws IoError  as save_mat
void save_rate_mat(const std::string& path, const RateParts& parts);

}  // namespace dynode::rate
