#include "dynode/cells/cell.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "dynode/kernels/isa.h"

namespace dynode {

// one line per kind, each in the file of its name
CellEntry linear();
CellEntry single_dendrite();
CellEntry dendrite_readout();
CellEntry non_linear();
CellEntry scaling_layer();
CellEntry synapse();
CellEntry softmax();
CellEntry layer_norm();
CellEntry multiplier_wicc();
CellEntry multiplier_nocc();
CellEntry ctrnn();
CellEntry rate_dale();
CellEntry rnn();
CellEntry gru();
CellEntry lstm();
CellEntry min_gru();
CellEntry leaky_gru();
CellEntry ct_lstm();
CellEntry decay();
CellEntry gru_d();
CellEntry rnn_decay();
CellEntry ode_rnn();
CellEntry ode_lstm();
CellEntry phased_lstm();
CellEntry ct_gru();
CellEntry ct_gru_retrieval();
CellEntry ct_gru_share();
CellEntry ct_gru_scale();
CellEntry co_rnn();
CellEntry co_rnn_velocity();
CellEntry lipschitz_rnn();
CellEntry lipschitz_product();
CellEntry gru_ode();
CellEntry gru_ode_reset();
CellEntry nocc_edge();
CellEntry nocc_sum();
CellEntry cfc();
CellEntry cfc_pure();
CellEntry cfc_states();
CellEntry activation();
CellEntry lif();
CellEntry lif_alpha();
CellEntry lif_conductance();
CellEntry lif_currents();
CellEntry lif_delta();
CellEntry soma();
CellEntry integrator();
CellEntry integrate_and_fire();
CellEntry leaky_integrator();
CellEntry current_lif();
CellEntry cuba_li();
CellEntry cuba_lif();
CellEntry double_exponential_lif();
CellEntry double_exponential_filter();
CellEntry affine_map();
CellEntry sensory_synapses();
CellEntry ltc_neuron();
CellEntry ltc_led_neuron();

const std::vector<CellEntry>& cells() {
  static const std::vector<CellEntry> all = [] {
    apply_isa_override();
    return std::vector<CellEntry>{linear(),          scaling_layer(),    non_linear(),      softmax(),
                                  layer_norm(),
                                  single_dendrite(), dendrite_readout(), multiplier_wicc(), multiplier_nocc(),
                                  ctrnn(),           rate_dale(),        rnn(),             gru(),
                                  lstm(),            min_gru(),          leaky_gru(),       ct_lstm(),
                                  phased_lstm(),     synapse(),          nocc_edge(),
                                  nocc_sum(),        lif(),             lif_delta(),       lif_alpha(),
                                  lif_currents(),    lif_conductance(), soma(),            integrator(),
                                  integrate_and_fire(), leaky_integrator(), current_lif(), cuba_li(), cuba_lif(),
                                             double_exponential_lif(), double_exponential_filter(),
                                  cfc(),             cfc_pure(),
                                  cfc_states(),      ode_rnn(),          ode_lstm(),
                                  decay(),           gru_d(),            rnn_decay(),
                                  ct_gru(),          ct_gru_retrieval(), ct_gru_share(),    ct_gru_scale(),
                                  co_rnn(),          co_rnn_velocity(),  gru_ode(),         gru_ode_reset(),
                                  lipschitz_rnn(),   lipschitz_product(),
                                  activation(),      affine_map(),       sensory_synapses(),
                                  ltc_neuron(),      ltc_led_neuron()};
  }();
  return all;
}

const CellEntry* find_cell(const std::string& name) {
  const auto same = [&](std::string_view known) {
    return std::equal(name.begin(), name.end(), known.begin(), known.end(),
                      [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
  };
  for (const CellEntry& cell : cells())
    if (same(cell.name) || (cell.alias && same(cell.alias))) return &cell;
  return nullptr;
}

}  // namespace dynode
