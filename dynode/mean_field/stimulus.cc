#include "dynode/mean_field/stimulus.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "dynode/base/text.h"

namespace dynode::mean_field {

StimulusShape stimulus_shape(std::string_view name, const At& at) {
  const std::vector<std::string> names{"box", "linear", "diff2exp"};
  const auto                     found = std::find(names.begin(), names.end(), name);
  if (found == names.end())
    throw SpecError(at, fmt::format("there is no stimulus shape '{}'", name), did_you_mean(name, names, "there are"));
  return StimulusShape(found - names.begin());
}

std::vector<double> waveform(const Stimulus& s) {
  const auto fail = [](const char* key, const char* range, double got) {
    throw SpecError({.path = std::string("stimulus.") + key}, fmt::format("must be {}, got {}", range, got));
  };
  if (!(s.delta_t > 0)) fail("delta_t", "> 0", s.delta_t);
  if (!(s.total_duration >= 0 && s.total_duration / s.delta_t < 1e12))
    fail("total_duration", "≥ 0 and below 1e12 steps", s.total_duration);
  if (!(s.duration >= 0)) fail("duration", "≥ 0", s.duration);
  if (!std::isfinite(s.amplitude)) fail("amplitude", "finite", s.amplitude);
  if (!(s.tau_rise > 0)) fail("tau_rise", "> 0", s.tau_rise);
  if (!(s.tau_decay > 0)) fail("tau_decay", "> 0", s.tau_decay);
  for (double onset : s.onsets)
    if (!(onset >= 0)) fail("onsets", "≥ 0", onset);

  const auto steps_of = [&](double time) { return size_t(std::floor(std::min(time / s.delta_t + 1e-9, 1e12))); };
  const size_t        steps    = steps_of(s.total_duration);
  std::vector<double> values(steps);

  // γ makes the peak of the difference 1
  const double rise = s.tau_rise, decay = s.tau_decay, ratio = rise / decay;
  const bool   equal = std::abs(ratio - 1) < 1e-6;
  const double gamma =
      equal ? 1 : 1 / (std::pow(ratio, rise / (decay - rise)) - std::pow(ratio, decay / (decay - rise)));
  for (double time : s.onsets) {
    const size_t onset = steps_of(time), length = steps_of(s.duration);
    const size_t end = s.shape == StimulusShape::diff2exp ? steps : std::min(steps, onset + length);
    for (size_t n = onset; n < end; ++n) {
      const double t = double(n - onset) * s.delta_t;
      switch (s.shape) {
        case StimulusShape::box: values[n] += s.amplitude; break;
        case StimulusShape::linear: values[n] += s.amplitude * double(n - onset) / double(length); break;
        case StimulusShape::diff2exp:
          values[n] += s.amplitude * (equal ? t / rise * std::exp(1 - t / rise)
                                            : gamma * (std::exp(-t / decay) - std::exp(-t / rise)));
      }
    }
  }
  return values;
}

}  // namespace dynode::mean_field
