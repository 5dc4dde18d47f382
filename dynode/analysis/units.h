// Units of superconducting circuits: what a circuit has, the numbers networks are written in, and the ways between them.
//
//   I ─ i      Phi ─ phi      t ─ t_prime      G_fq ─ g_fq
//   L ─ beta_L ─ gamma_plus ─┐
//   r_leak ─ alpha ──────────┤ alpha = gamma_minus / gamma_plus: any two give the third
//   tau_physical ─ tau ─ gamma_minus
//
// Physical quantities are in SI units; the others have none. Everything rests on a junction: its critical current, its
// capacitance per current and its damping.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "dynode/base/error.h"

namespace dynode {

inline constexpr double kPlanck           = 6.62607015e-34;                            // J s
inline constexpr double kElementaryCharge = 1.602176634e-19;                           // C
inline constexpr double kFluxQuantum      = kPlanck / (2 * kElementaryCharge);         // Phi_0, Wb

/// Watts drawn from the mains for each watt that is set free at 4 K: a usual estimate for large helium refrigerators.
inline constexpr double kCoolingFactor = 300;

/// A Josephson junction with its shunt.
struct Junction {
  double I_c     = 100e-6;                // critical current, A
  double gamma_c = 1.5e-9;                // capacitance per critical current, F/A
  double beta_c  = 0.06774005951886018;   // damping (Stewart–McCumber)

  double c_j() const;       // capacitance, F
  double r_jj() const;      // shunt, Ohm
  double omega_c() const;   // characteristic frequency 2π I_c r_jj / Phi_0, rad/s; the unit of time is 1/omega_c
  double omega_p() const;   // plasma frequency, rad/s
  double tau_0() const;     // 1/omega_c, s
  double V_j() const;       // I_c r_jj, V
  double power_unit() const;    // W per dimensionless power, Phi_0 I_c omega_c / 2π
  double energy_unit() const;   // J per dimensionless energy, Phi_0 I_c / 2π

  bool operator==(const Junction&) const = default;
};

/// The junction whose damping gives it this omega_c, rad/s, > 0.
Junction with_omega_c(Junction junction, double omega_c);

/// The default junction, with the omega_c of the environment variable SOEN_OMEGA_C (rad/s) where there is one.
/// @throws SpecError  if that is no number above 0
Junction standard_junction();

/// A quantity people convert.
struct QuantityFacts {
  const char*              name;
  std::vector<const char*> aliases;
  const char*              unit;       // SI; "": none
  const char*              help;
  bool                     positive;   // must be above 0
};

const std::vector<QuantityFacts>& quantities();

/// By name or alias; case counts: i and I, phi and Phi are different things. @throws SpecError  naming the nearest
const QuantityFacts& find_quantity(const std::string& name);

/// "300pH", "210 uA", "1e-9", "1.6,1.7": numbers, each with or without an SI prefix and `unit`.
/// @throws SpecError  no number, another unit
std::vector<double> read_quantity(std::string_view text, const std::string& unit, const At& at = {});

/// 300 pH: up to `digits` digits and an SI prefix; without a unit just the number.
std::string quantity_text(double value, const std::string& unit, int digits = 6);

/// One quantity and how it came about.
struct Converted {
  const QuantityFacts* quantity;
  std::vector<double>  values;
  std::string          way;        // "L → beta_L → gamma_plus"; of a given one: its name
};

/// Everything that follows from the given quantities (names or aliases → values, all lists equally long or of one value),
/// the given ones first, the others in the order of quantities().
/// @throws SpecError  unknown names, values out of range, lists that do not fit, given quantities that contradict
std::vector<Converted> convert_all(const std::map<std::string, std::vector<double>>& given, const Junction& junction = {});

/// One quantity from another. @throws SpecError  also if there is no way, naming what more has to be known
double convert(double value, const std::string& from, const std::string& to, const Junction& junction = {});

}  // namespace dynode
