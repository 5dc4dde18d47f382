// C for source functions and cells, as templates that export_c.cc fills in.
//
//   $s.v old state      $n.v new state      $x.port what arrives      $p.tau parameter or constant      of unit u
//   $S.v $N.v $P.w      the whole arrays    $UNITS how many units     $o.ode_unfolds a setting          $SYN the synapses
//   $g(phi, i)          source function     $dt, $real                @exp( a function of math.h        $m a prefix
//   decimal numbers get the suffix of the precision
#pragma once
#include <string>
#include <vector>

#include "dynode/plan/plan.h"

namespace dynode::c_code {

/// What a cell does in one step. `each`: lines for one unit u; or `whole`: lines for all of
/// them, behind the declaration of u.
struct CellCode {
  std::string each  = {};
  std::string whole = {};
  std::string start = {};                     // lines for one unit: states that follow from others before the first step
  std::vector<std::string> helpers = {};      // functions it calls, by name
  size_t      arrays = 0;                     // of all units, that it has on the stack
};

/// @return empty code (neither each nor whole) where there is none for this kind
CellCode cell_code(const LayerPlan& layer);

/// A helper: its text, which may call helpers that are named before it. @param name  sigmoid, or of a source function
struct HelperCode {
  std::string text;                           // with $m and $real, @exp(…
  std::vector<std::string> helpers = {};
};
HelperCode helper_code(const std::string& name);

/// Name of the helper that is a source function, "" where there is none. RateArray: rate_array_<table>.
std::string source_helper(const LayerPlan& layer);

}  // namespace dynode::c_code
