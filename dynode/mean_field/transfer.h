// Transfer function of the leaky integrate-and-fire neuron: its mean rate under fluctuating input.
//
//   1/Φ(μ,σ) = τ_ref + τ_m √π ∫ e^{u²} (1 + erf u) du        u from y_r = (V_r−μ)/σ + b  to  y_θ = (θ−μ)/σ + b
//
// b = |ζ(½)|/√2 · √(τ_s/τ_m) accounts for synapses that filter the noise; it holds to first order in √(τ_s/τ_m).
// Sources: Amit & Brunel 1997 (white noise); Brunel & Sergi 1998, Fourcaud & Brunel 2002 (shift b).
#pragma once

namespace dynode::mean_field {

/// Parameters of one neuron; potentials in one unit of the user's choice.
struct Neuron {
  double threshold = 1;      // θ
  double v_reset   = 0;      // V_r < θ
  double tau_m     = 0.02;   // membrane, s, > 0
  double tau_s     = 0.005;  // synapses, s, ≥ 0; 0 is white noise
  double tau_ref   = 0.005;  // refractory, s, ≥ 0
};

/// Rate and its derivatives.
struct Response {
  double rate;      // Φ, Hz
  double log_rate;  // ln Φ, finite also where Φ underflows
  double d_mu;      // ∂Φ/∂μ, Hz per potential
  double d_sigma;   // ∂Φ/∂σ, Hz per potential
};

/// Φ and its derivatives, relative error of Φ below 1e-12, of ln Φ where Φ is too small for a double.
/// @param mu     mean of the free membrane potential
/// @param sigma  √2 times its deviation under white noise, ≥ 0; 0 gives the noise-free rate
/// A mean time between spikes below 1e-12 s counts as 1e-12 s.
Response transfer(double mu, double sigma, const Neuron& neuron);

/// Φ alone, Hz.
double transfer_rate(double mu, double sigma, const Neuron& neuron);

/// The same without tables, several times slower: their judge.
Response transfer_by_formulas(double mu, double sigma, const Neuron& neuron);

}  // namespace dynode::mean_field
