// The report of a conversion to spikes: shares of correct trials against the scaling factor, rasters and outputs.
#pragma once
#include <string>
#include <vector>

#include "dynode/models/report.h"
#include "dynode/models/spiking_conversion.h"

namespace dynode::rate {

/// @param name    of the rate network
/// @param trials  of the converted network, those after the ones of the search; a first one of every label is run again
///                and drawn, beside what the rate network answers
Report spiking_report(const std::string& name, RateRNN& rate, Model& spiking, const SpikingSettings& settings,
                      const Task& task, const ScalingSearch& search, const std::vector<SpikingTrial>& trials,
                      const TrialsWanted& wanted);

}  // namespace dynode::rate
