// Recorded mean-field theory of LIF networks, and what it is made of: transfer function, fixed points, …
#pragma once
#include <complex>
#include <memory>
#include <set>

#include <zip.h>

#include "dynode/mean_field/clusters.h"
#include "dynode/mean_field/config.h"
#include "dynode/mean_field/fixed_points.h"
#include "dynode/mean_field/landscape.h"
#include "dynode/mean_field/perturbation.h"
#include "dynode/mean_field/stimulus.h"
#include "golden_case.h"

namespace dynode::golden {

/// An array of complex numbers or texts, which Npz leaves unread, as numbers [..., 2] or code points [..., length].
inline Array load_unread(const fs::path& file, const std::string& name) {
  const std::unique_ptr<zip_t, void (*)(zip_t*)> archive(zip_open(file.c_str(), ZIP_RDONLY, nullptr), zip_discard);
  zip_stat_t facts;
  if (!archive || zip_stat(archive.get(), (name + ".npy").c_str(), 0, &facts) != 0) throw IoError(file, "no " + name);
  std::string bytes(facts.size, '\0');
  const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> member(zip_fopen_index(archive.get(), facts.index, 0),
                                                                 zip_fclose);
  if (!member || zip_fread(member.get(), bytes.data(), facts.size) != zip_int64_t(facts.size))
    throw IoError(file, "bad " + name);

  // the header, of the same length, with another type and one dimension more
  const size_t end    = bytes.find('\n');
  std::string  header = bytes.substr(10, end - 10);
  const size_t type = header.find("'<"), quote = header.find('\'', type + 1);
  const std::string old = header.substr(type, quote + 1 - type);
  header.replace(type, old.size(), old[2] == 'c' ? "'<f8'" : "'<i4'");
  const size_t close = header.find(')'), comma = header[close - 1] == ',' ? 0 : 1;
  header.insert(close, (comma ? ", " : " ") + (old[2] == 'c' ? "2" : old.substr(3, old.size() - 4)));
  header.resize(header.find('}') + 1);
  header.resize(end - 10, ' ');
  return parse_npy(bytes.replace(10, end - 10, header), name);
}

/// The row-th text of an array of texts.
inline std::string text_of(const Array& texts, size_t row) {
  const std::vector<int64_t> all = texts.as_integers("texts");
  const size_t               length = size_t(texts.shape.back());
  std::string                text;
  for (size_t k = row * length; k < (row + 1) * length && all[k]; ++k) text += char(all[k]);
  return text;
}

/// |a − b| ≤ relative · |b| for each number.
inline void expect_relative(Comparison& compare, const std::string& name, const std::vector<double>& got,
                            const std::vector<double>& wanted, double relative) {
  std::vector<double> ratio;
  for (size_t i = 0; i < got.size() && i < wanted.size(); ++i)
    ratio.push_back(got[i] == wanted[i] ? 1 : got[i] / wanted[i]);
  if (got.size() != wanted.size()) return compare.fail(name + ": another number of values");
  compare.expect(name + " (ratio)", ratio, std::vector<double>(wanted.size(), 1), relative);
}

inline std::vector<double> row_of(const Array& matrix, size_t row) {
  const std::vector<double> all = matrix.as_double();
  const size_t              n   = all.size() / size_t(matrix.shape[0]);
  return {all.begin() + ptrdiff_t(row * n), all.begin() + ptrdiff_t((row + 1) * n)};
}

inline std::vector<std::vector<double>> rows_of(const Array& matrix) {
  std::vector<std::vector<double>> rows;
  for (size_t k = 0; k < size_t(matrix.shape[0]); ++k) rows.push_back(row_of(matrix, k));
  return rows;
}

/// The populations of a case; `value` ≥ 0: of one value of a sweep, whose arrays have one more dimension.
inline mean_field::Populations populations_of(const Npz& inputs, int value = -1) {
  const auto get = [&](const char* name, size_t dimensions) {
    const Array& array = inputs.at(name);
    return array.shape.size() > dimensions ? row_of(array, size_t(value)) : array.as_double();
  };
  mean_field::Populations p{.c_matrix = get("c_matrix", 2), .j_matrix = get("j_matrix", 2), .c_ext = get("c_ext", 1),
                            .j_ext = get("j_ext", 1), .nu_ext = get("nu_ext", 1), .neurons = {}};
  const auto theta = get("threshold", 1), reset = get("v_reset", 1), m = get("tau_m", 1), s = get("tau_s", 1),
             ref = get("tau_ref", 1);
  for (size_t i = 0; i < theta.size(); ++i) p.neurons.push_back({theta[i], reset[i], m[i], s[i], ref[i]});
  return p;
}

inline double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
  return worst;
}

/// Largest distance of numbers to their partners, each wanted one taking the nearest that is left.
inline double distance(std::vector<std::complex<double>> got, const std::vector<std::complex<double>>& wanted) {
  if (got.size() != wanted.size()) return HUGE_VAL;
  double worst = 0;
  for (const auto& w : wanted) {
    const auto nearest =
        std::min_element(got.begin(), got.end(), [&](auto& a, auto& b) { return std::abs(a - w) < std::abs(b - w); });
    worst = std::max(worst, std::abs(*nearest - w));
    got.erase(nearest);
  }
  return worst;
}

inline void run_transfer_case(const Npz& inputs, const Npz& expected, Comparison& compare) {
  const auto get = [&](const char* name) { return inputs.at(name).as_double(); };
  const auto mu = get("mu"), sigma = get("sigma"), theta = get("theta"), reset = get("v_reset"), m = get("tau_m"),
             s = get("tau_s"), ref = get("tau_ref");
  std::vector<double> rate, log_rate, wanted = expected.at("rate_hp").as_double();
  for (size_t i = 0; i < mu.size(); ++i) {
    const auto r = mean_field::transfer(mu[i], sigma[i], {theta[i], reset[i], m[i], s[i], ref[i]});
    const bool tiny = wanted[i] <= 1e-290;
    rate.push_back(tiny ? wanted[i] : r.rate), log_rate.push_back(r.log_rate);
  }
  expect_relative(compare, "rate", rate, wanted, 1e-10);
  expect_relative(compare, "log rate", log_rate, expected.at("log_rate_hp").as_double(), 1e-10);
}

inline void run_fixed_point_case(const fs::path& path, const std::string& kind, const Npz& inputs, const Npz& expected,
                                 Comparison& compare) {
  using namespace mean_field;
  const Populations p     = populations_of(inputs);
  const FixedPoints found = find_fixed_points(p, rows_of(inputs.at("nu_init")));
  const auto        rates = rows_of(expected.at("fixed_points"));
  const Array       eigenvalues = load_unread(path / "expected.npz", "eigenvalues"),
              labels            = load_unread(path / "expected.npz", "classification");
  const double tolerance  = path.filename() == "mf_seed_example" ? 1e-8 : 1e-7;

  for (size_t k = 0; k < rates.size(); ++k) {
    const FixedPoint* nearest = nullptr;
    for (const FixedPoint& point : found.points)
      if (!nearest || distance(point.rates, rates[k]) < distance(nearest->rates, rates[k])) nearest = &point;
    if (!nearest) return compare.fail("no fixed point was found");
    compare.expect(fmt::format("point {}", k), nearest->rates, rates[k], tolerance);

    std::vector<std::complex<double>> wanted;
    const std::vector<double>         parts = row_of(eigenvalues, k);
    for (size_t i = 0; i < parts.size(); i += 2) wanted.push_back({parts[i], parts[i + 1]});
    compare.expect(fmt::format("eigenvalues of point {}", k), {distance(nearest->eigenvalues, wanted)}, {0}, 1e-6);
    if (text_of(labels, k) != label(nearest->stability))
      compare.fail(
          fmt::format("point {} is called {} instead of {}", k, label(nearest->stability), text_of(labels, k)));

    const FixedPoint there = describe(p, rates[k]);
    if (expected.find("mu")) {
      expect_relative(compare, "mu", there.mu, row_of(expected.at("mu"), k), 1e-9);
      expect_relative(compare, "sigma", there.sigma, row_of(expected.at("sigma"), k), 1e-9);
    }
    compare.expect("jacobian", there.jacobian, row_of(expected.at("jacobian"), k), 0, 1e-8);
  }
  if (kind == "mf_fixed_points" && found.points.size() != rates.size())
    compare.fail(fmt::format("{} fixed points instead of {}", found.points.size(), rates.size()));
  if (path.filename() == "mf_seed_example") {
    const auto& point = found.points.at(0);
    if (fmt::format("[{:.8f} {:.8f}]", point.rates[0], point.rates[1]) != "[188.27192499 193.98136889]" ||
        label(point.stability, true) != std::string("stable node"))
      compare.fail("prints something else");
  }

  if (!inputs.find("probe_rates")) return;
  const auto probes = rows_of(inputs.at("probe_rates"));
  for (size_t k = 0; k < probes.size(); ++k) {
    const InputStatistics in = input_statistics(p, probes[k]);
    expect_relative(compare, "probe mu", in.mu, row_of(expected.at("probe_mu"), k), 1e-9);
    expect_relative(compare, "probe sigma", in.sigma, row_of(expected.at("probe_sigma"), k), 1e-9);
    expect_relative(compare, "probe phi", response(p, probes[k]), row_of(expected.at("probe_phi"), k), 1e-9);
    compare.expect("probe dphi", response_slope(p, probes[k]), row_of(expected.at("probe_dphi"), k), 0, 1e-8);
  }
}

inline void run_sweep_case(const Value& config, const Npz& inputs, const Npz& expected, Comparison& compare) {
  using namespace mean_field;
  std::vector<std::vector<double>> starts;
  for (const Value& row : config.at("nu_init").list()) {
    starts.emplace_back();
    for (const Value& rate : row.list()) starts.back().push_back(rate.number());
  }
  std::vector<Populations> values;
  for (size_t k = 0; k < config.at("values").size(); ++k) values.push_back(populations_of(inputs, int(k)));
  const std::vector<FixedPoints> found = sweep(values, starts);

  // which start leads where may differ near a bifurcation: sets are compared
  const auto   wanted = expected.at("fixed_points").as_double(), real = expected.at("max_real_eig").as_double();
  const size_t n = starts.size(), width = starts.at(0).size();
  for (size_t k = 0; k < values.size(); ++k) {
    std::set<const FixedPoint*> met;
    for (size_t s = 0; s < n; ++s) {
      const auto                from = wanted.begin() + ptrdiff_t((k * n + s) * width);
      const std::vector<double> rates(from, from + ptrdiff_t(width));
      const FixedPoint*         nearest = nullptr;
      for (const FixedPoint& point : found[k].points)
        if (!nearest || distance(point.rates, rates) < distance(nearest->rates, rates)) nearest = &point;
      if (!nearest) return compare.fail("no fixed point was found");
      compare.expect(fmt::format("value {} start {}", k, s), nearest->rates, rates, 1e-6);
      compare.expect("largest real part", {nearest->eigenvalues[0].real()}, {real[k * n + s]}, 1e-6);
      met.insert(nearest);
    }
    if (met.size() != found[k].points.size())
      compare.fail(fmt::format("value {}: {} points instead of {}", k, found[k].points.size(), met.size()));
  }
}

inline std::vector<double> numbers_of(const Value& list) {
  std::vector<double> numbers;
  for (const Value& item : list.list()) numbers.push_back(item.number());
  return numbers;
}

inline void run_landscape_case(const Value& config, const Npz& inputs, const Npz& expected, Comparison& compare) {
  using namespace mean_field;
  const auto    limits = numbers_of(config.at("grid_lims")), focus = numbers_of(config.at("focus_pops"));
  LandscapeSpec spec{.focus = {size_t(focus.at(0)), size_t(focus.at(1))}, .limits = {{limits.at(0), limits.at(1)}},
                     .density = config.at("grid_density").number(), .ambient = numbers_of(config.at("ambient_init"))};
  const Landscape land = reduced_landscape(populations_of(inputs), spec);
  const auto      get  = [&](const char* name) { return expected.at(name).as_double(); };
  compare.expect("grid_axis", land.axes[0], get("grid_axis"), 1e-12);
  compare.expect("ambient_rates", land.ambient, get("ambient_rates"), 1e-6);
  compare.expect("effective_response", land.response, get("effective_response"), 1e-6);
  compare.expect("force_field", land.force, get("force_field"), 1e-6);
  compare.expect("potential", land.potential, get("potential"), 1e-6);
  compare.expect("displacement", land.displacement, get("displacement"), 1e-6);
  compare.expect_equal("converged", {land.converged.begin(), land.converged.end()}, get("ambient_converged"));
  std::vector<double> path;
  for (const auto& point : land.path) path.insert(path.end(), point.begin(), point.end());
  compare.expect_equal("path", path, get("path"));
}

inline void run_arousal_case(const Npz& expected, Comparison& compare) {
  std::vector<double> got, wanted;
  for (const auto& row : rows_of(expected.at("table"))) {  // level, k, x_0, L, M, then what follows from them
    const mean_field::Arousal a{.level = row.at(0), .L = row.at(3), .x_0 = row.at(2), .k = row.at(1), .M = row.at(4)};
    got.insert(got.end(), {a.denominator(), a.e_to_e_reduction(), a.mean_extra_rate()});
    wanted.insert(wanted.end(), row.begin() + 5, row.end());
  }
  expect_relative(compare, "arousal", got, wanted, 1e-12);
}

inline mean_field::ClusterSpec clusters_of(const Value& set) {
  mean_field::ClusterSpec spec;
  spec.n_neurons               = set.at("n_neurons").integer();
  spec.n_excitatory            = set.at("n_excitatory").integer();
  spec.n_excitatory_background = set.at("n_excitatory_background").integer();
  spec.n_inhibitory_background = set.at("n_inhibitory_background").integer();
  spec.n_clusters              = set.at("n_clusters").integer();
  const auto four              = [&](const char* key) {
    const auto            list = numbers_of(set.at(key));
    std::array<double, 4> values;
    std::copy_n(list.begin(), 4, values.begin());
    return values;
  };
  spec.connectivity_fraction_probs = four("connectivity_fraction_probs");
  spec.j_baseline                  = four("j_baseline");
  spec.j_potentiated               = four("j_potentiated");
  if (const Value* potentiate = set.find("potentiate")) spec.potentiate = potentiate->boolean();
  return spec;
}

inline void run_setup_case(const Value& config, const Npz& expected, Comparison& compare) {
  const auto& sets = config.at("sets").list();
  for (size_t q = 0; q < sets.size(); ++q) {
    mean_field::ClusterSpec spec = clusters_of(sets[q]);
    spec.legacy_potentiate       = true;
    const auto matrices          = mean_field::cluster_matrices(spec);
    const auto get = [&](const char* name) { return expected.at(fmt::format("{}_{}", name, q)).as_double(); };
    expect_relative(compare, "c", matrices.probability, get("c"), 1e-13);
    expect_relative(compare, "j", matrices.strength, get("j"), 1e-13);
    compare.expect_equal("boundaries", {matrices.boundaries.begin(), matrices.boundaries.end()}, get("boundaries"));
  }
}

inline void run_perturbation_case(const Value& config, const Npz& expected, Comparison& compare) {
  using namespace mean_field;
  const auto  get = [&](const char* name, size_t q) { return expected.at(fmt::format("{}_{}", name, q)).as_double(); };
  const auto& sets = config.at("vectorial").list();
  for (size_t q = 0; q < sets.size(); ++q) {
    std::vector<std::vector<double>> vectors;
    std::vector<double>              flat;
    const auto&                      involved = sets[q].at("involved_clusters").list();
    for (size_t m = 0; m < sets[q].at("vectors").size(); ++m) {
      std::vector<size_t> places;  // one list per vector, or one for all
      const Value&        mine = involved.at(0).is_list() ? involved.at(m) : sets[q].at("involved_clusters");
      for (double place : numbers_of(mine)) places.push_back(size_t(place));
      vectors.push_back(
          scatter(numbers_of(sets[q].at("vectors").list()[m]), places, size_t(sets[q].at("length").integer())));
      flat.insert(flat.end(), vectors.back().begin(), vectors.back().end());
    }
    const std::vector<double> params = numbers_of(sets[q].at("params"));
    const Value*              mask   = sets[q].find("mask");
    compare.expect("vectors", flat, get("vectors", q), 1e-14);
    compare.expect("sum", mask ? combine(vectors, params, numbers_of(*mask)) : combine(vectors, params), get("pert", q),
                   1e-14);
  }
  const auto& factors = config.at("circulant").list();
  for (size_t q = 0; q < factors.size(); ++q) {
    const auto size = [&](const char* key) { return size_t(factors[q].at(key).integer()); };
    compare.expect("circulant",
                   circulant_factors(size("n_clusters"), size("n_excitatory"), size("n_clusters_to_perturb"),
                                     factors[q].at("alpha").number(), factors[q].at("beta").number()),
                   get("circulant", q), 1e-14);
  }
}

inline void run_stimulus_case(const Value& config, const Npz& expected, Comparison& compare) {
  const auto& items = config.at("items").list();
  for (size_t q = 0; q < items.size(); ++q) {
    mean_field::Stimulus stimulus{.shape          = mean_field::stimulus_shape(items[q].at("stimulus_shape").text()),
                                  .total_duration = items[q].at("total_duration").number(),
                                  .onsets         = numbers_of(items[q].at("onsets")),
                                  .duration       = items[q].at("duration").number(),
                                  .amplitude      = items[q].at("amplitude").number(),
                                  .delta_t        = items[q].at("delta_t").number()};
    if (const Value* tau = items[q].find("tau_rise")) stimulus.tau_rise = tau->number();
    if (const Value* tau = items[q].find("tau_decay")) stimulus.tau_decay = tau->number();
    const std::string name = fmt::format("waveform_{}", q);
    compare.expect(name, mean_field::waveform(stimulus), expected.at(name).as_double(), 1e-12);
  }
}

/// A config must expand to the recorded arrays; the external rate there holds a random draw instead of its mean.
inline void run_config_case(const Value& config, const Npz& inputs, Comparison& compare) {
  const auto got = mean_field::clustered_network(config.at("config")).populations, wanted = populations_of(inputs);
  expect_relative(compare, "c_matrix", got.c_matrix, wanted.c_matrix, 1e-12);
  expect_relative(compare, "j_matrix", got.j_matrix, wanted.j_matrix, 1e-12);
  expect_relative(compare, "c_ext", got.c_ext, wanted.c_ext, 1e-12);
  expect_relative(compare, "j_ext", got.j_ext, wanted.j_ext, 1e-12);
  expect_relative(compare, "nu_ext", got.nu_ext, wanted.nu_ext, 0.01);
  for (size_t i = 0; i < wanted.size(); ++i) {
    const mean_field::Neuron a = got.neurons.at(i), b = wanted.neurons[i];
    expect_relative(compare, "neuron", {a.threshold, a.v_reset, a.tau_m, a.tau_s, a.tau_ref},
                    {b.threshold, b.v_reset, b.tau_m, b.tau_s, b.tau_ref}, 1e-12);
  }
}

/// Runs a case of the mean-field theory. @return false if it is of another kind
inline bool run_mean_field_case(const fs::path& path, const Value& config, Comparison& compare, Precision precision) {
  const std::string kind = config.at("kind").text();
  const bool theory = kind.starts_with("mf_");
  if (!theory && kind != "arousal" && kind != "setup_matrices" && kind != "perturbation" && kind != "stimulus")
    return false;
  if (precision == Precision::float32) return true;  // the theory is computed in double alone

  const Npz expected = load_npz((path / "expected.npz").string());
  if (kind == "arousal") run_arousal_case(expected, compare);
  else if (kind == "setup_matrices") run_setup_case(config, expected, compare);
  else if (kind == "perturbation") run_perturbation_case(config, expected, compare);
  else if (kind == "stimulus") run_stimulus_case(config, expected, compare);
  if (!theory) return true;

  const Npz inputs = load_npz((path / "inputs.npz").string());
  if (kind == "mf_transfer") run_transfer_case(inputs, expected, compare);
  else if (kind == "mf_sweep") run_sweep_case(config, inputs, expected, compare);
  else if (kind == "mf_reduced_landscape") run_landscape_case(config, inputs, expected, compare);
  else run_fixed_point_case(path, kind, inputs, expected, compare);
  if (kind == "mf_fixed_points_from_config") run_config_case(config, inputs, compare);
  return true;
}

}  // namespace dynode::golden
