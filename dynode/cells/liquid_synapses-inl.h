// Conductance synapses between what drives them and the neurons they reach, source by source:
//
//   R = w s(σ (x − µ))     s(y) = 1/(1 + e^−y)      num += Σ R e   den += Σ R
//
// adjoint, with t = s (1 − s) (e n̄um + d̄en):
//   w̄ = s (e n̄um + d̄en)   ē = w s n̄um   σ̄ = w (x − µ) t   µ̄ = −w σ t   x̄ += w σ t
//
// In columns lanes are rows of the batch. A single row takes synapses as lanes, and adds up one number at a time in the
// same order, so it has the same bits in both. The adjoint computes the sigmoids again: keeping them would cost more.
#if defined(DYNODE_CELLS_LIQUID_SYNAPSES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DYNODE_CELLS_LIQUID_SYNAPSES_INL_H_
#undef DYNODE_CELLS_LIQUID_SYNAPSES_INL_H_
#else
#define DYNODE_CELLS_LIQUID_SYNAPSES_INL_H_
#endif

#include "dynode/cells/cell.h"
#include "dynode/kernels/logistic-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

/// Synapses whose constants are folded at a time, in front of their use.
inline constexpr size_t kFold = 64;

/// Where the synapses of a small circuit begin and end, one by one, for those who open them more than once: a row then
/// gathers the potentials of a whole vector of synapses, instead of waiting for them to be put side by side.
template <class R>
struct SynapseEnds {
  static constexpr size_t most = 256;
  alignas(64) hwy::MakeSigned<R> source[most], target[most];
  bool known;   // else they are too many

  SynapseEnds(size_t units, const SparseRows& lists) : known(lists.begin[units] <= most) {
    const size_t count = known ? lists.begin[units] : 0;
    for (size_t unit = 0; unit < units && known; ++unit)
      for (size_t k = lists.begin[unit]; k < lists.begin[unit + 1]; ++k) source[k] = hwy::MakeSigned<R>(unit);
    for (size_t k = 0; k < count; ++k) target[k] = hwy::MakeSigned<R>(lists.column[k]);
    for (size_t k = count; k % Lane<R>::width; ++k) source[k] = target[k] = 0;
  }
};

template <class R>
struct Synapses {
  size_t          count;
  const uint32_t *begin, *column;
  const R *       w, *sigma, *mu, *erev;
  const SynapseEnds<R>* ends = nullptr;   // for a single row; null: sources are followed from run to run

  /// Their parameters stand side by side from `first` on.
  Synapses(const StepArgs<R>& a, int first)
      : count(a.settings.synapses->begin[a.slab.units]), begin(a.settings.synapses->begin),
        column(a.settings.synapses->column), w(a.params[first]), sigma(a.params[first + 1]), mu(a.params[first + 2]),
        erev(a.params[first + 3]) {}
};

/// Gradients of their parameters, [count][width]: those of a single row go to the first lane.
template <class R>
struct SynapseBars {
  R *w, *sigma, *mu, *erev;

  SynapseBars(R* const* params_bar, int first)
      : w(params_bar[first]), sigma(params_bar[first + 1]), mu(params_bar[first + 2]), erev(params_bar[first + 3]) {}
};

/// c − a b
template <class V>
HWY_INLINE V less(V a, V b, V c) {
  return hn::NegMulAdd(a.raw, b.raw, c.raw);
}

/// Folded constants of a run of synapses.
template <class R>
struct Fold {
  using V = Lane<R>;
  alignas(64) R slope[kFold], shift[kFold], strength[kFold];   // of the logistic function; w · factor

  HWY_INLINE void set(const Synapses<R>& c, const R* factor, size_t first, size_t end) {
    for (size_t k = first; k < end; k += V::width) {
      const V a = V::load(c.sigma + k) * V(R(Logistic<R>::unit));
      a.store(slope + (k - first));
      (-a * V::load(c.mu + k)).store(shift + (k - first));
      (V::load(c.w + k) * V::load(factor + k)).store(strength + (k - first));
    }
  }
};

/// Calls visit(first, end, fold) for pieces of the list; the fold's strength is w · factor.
template <class R, class Visit>
HWY_INLINE void each_fold(const Synapses<R>& c, const R* factor, const Visit& visit) {
  Fold<R> fold;
  for (size_t first = 0; first < c.count; first += kFold) {
    const size_t end = first + kFold < c.count ? first + kFold : c.count;
    fold.set(c, factor, first, end);
    visit(first, end, fold);
  }
}

/// Where the synapses from k < end with one source end; `source`, not behind that of k, becomes it.
template <class R>
HWY_INLINE size_t end_of_run(const Synapses<R>& c, size_t k, size_t end, size_t& source) {
  while (c.begin[source + 1] <= k) ++source;
  return end < c.begin[source + 1] ? end : c.begin[source + 1];
}

// ---- columns: arrays are [units][NV vectors of rows] --------------------------------------------------------------

template <int NV, class R>
HWY_INLINE void open_lanes(const Synapses<R>& c, const R* HWY_RESTRICT x, R* num, R* den) {
  using V = Lane<R>;
  constexpr size_t stride = NV * V::width;
  size_t           source = 0;
  each_fold(c, c.erev, [&](size_t first, size_t end, const Fold<R>& fold) HWY_ATTR {
    for (size_t k = first; k < end;) {
      const size_t stop = end_of_run(c, k, end, source);
      V v[NV];
      for (int j = 0; j < NV; ++j) v[j] = V::load(x + source * stride + j * V::width);
      for (size_t f = k - first; k < stop; ++k, ++f) {
        const V slope(fold.slope[f]), shift(fold.shift[f]), current(fold.strength[f]), conductance(c.w[k]);
        R *n = num + c.column[k] * stride, *d = den + c.column[k] * stride;
        for (int j = 0; j < NV; ++j) {
          const V s = Logistic<R>::at(fma(slope, v[j], shift));
          fma(current, s, V::load(n + j * V::width)).store(n + j * V::width);
          fma(conductance, s, V::load(d + j * V::width)).store(d + j * V::width);
        }
      }
    }
  });
}

template <int NV, class R>
HWY_INLINE void pull_lanes(const Synapses<R>& c, const R* HWY_RESTRICT x, const R* num_bar, const R* den_bar,
                          R* HWY_RESTRICT x_bar, const SynapseBars<R>& bars) {
  using V = Lane<R>;
  constexpr size_t stride = NV * V::width;
  size_t           source = 0;
  each_fold(c, c.sigma, [&](size_t first, size_t end, const Fold<R>& fold) HWY_ATTR {
    for (size_t k = first; k < end;) {
      const size_t stop = end_of_run(c, k, end, source);
      V v[NV], v_bar[NV];
      for (int j = 0; j < NV; ++j) {
        v[j]     = V::load(x + source * stride + j * V::width);
        v_bar[j] = V::load(x_bar + source * stride + j * V::width);
      }
      for (size_t f = k - first; k < stop; ++k, ++f) {
        const V slope(fold.slope[f]), shift(fold.shift[f]), steep(fold.strength[f]), e(c.erev[k]);
        const size_t target = c.column[k] * stride, at = k * V::width;
        V open, driven, slant, moment;
        for (int j = 0; j < NV; ++j) {
          const V s = Logistic<R>::at(fma(slope, v[j], shift));
          const V a = V::load(num_bar + target + j * V::width), h = fma(e, a, V::load(den_bar + target + j * V::width));
          const V t = less(s, s, s) * h;
          open     = j ? fma(s, h, open) : s * h;
          driven   = j ? fma(s, a, driven) : s * a;
          slant    = j ? slant + t : t;
          moment   = j ? fma(v[j], t, moment) : v[j] * t;
          v_bar[j] = fma(steep, t, v_bar[j]);
        }
        const V conductance(c.w[k]);
        (V::load(bars.w + at) + open).store(bars.w + at);
        fma(conductance, driven, V::load(bars.erev + at)).store(bars.erev + at);
        fma(conductance, less(V(c.mu[k]), slant, moment), V::load(bars.sigma + at)).store(bars.sigma + at);
        less(steep, slant, V::load(bars.mu + at)).store(bars.mu + at);
      }
      for (int j = 0; j < NV; ++j) v_bar[j].store(x_bar + source * stride + j * V::width);
    }
  });
}

// ---- a single row: arrays are [units] -----------------------------------------------------------------------------

/// One number, rounded as lanes are.
template <class R>
struct Single {
  using Tag = hn::CappedTag<R, 1>;
  static HWY_INLINE R fma(R a, R b, R c) {
    return hn::GetLane(hn::MulAdd(hn::Set(Tag(), a), hn::Set(Tag(), b), hn::Set(Tag(), c)));
  }
};

/// from[at[i]] in lane i
template <class R>
HWY_INLINE Lane<R> gather(const R* from, const hwy::MakeSigned<R>* at) {
  return hn::GatherIndex(typename Lane<R>::Tag(), from, hn::Load(hn::RebindToSigned<typename Lane<R>::Tag>(), at));
}

template <class R>
HWY_INLINE void open_row(const Synapses<R>& c, const R* HWY_RESTRICT x, R* num, R* den) {
  using V = Lane<R>;
  alignas(64) R s[kFold] = {};
  size_t source = 0;
  each_fold(c, c.erev, [&](size_t first, size_t end, const Fold<R>& fold) HWY_ATTR {
    for (size_t k = first; k < end && !c.ends;)
      for (const size_t stop = end_of_run(c, k, end, source); k < stop; ++k) s[k - first] = x[source];
    for (size_t f = 0; f < end - first; f += V::width) {
      const V now = c.ends ? gather(x, c.ends->source + first + f) : V::load(s + f);
      Logistic<R>::at(fma(V::load(fold.slope + f), now, V::load(fold.shift + f))).store(s + f);
    }
    for (size_t k = first; k < end; ++k) {
      R &n = num[c.column[k]], &d = den[c.column[k]];
      n = Single<R>::fma(fold.strength[k - first], s[k - first], n);
      d = Single<R>::fma(c.w[k], s[k - first], d);
    }
  });
}

template <class R>
HWY_INLINE void pull_row(const Synapses<R>& c, const R* HWY_RESTRICT x, const R* num_bar, const R* den_bar,
                         R* HWY_RESTRICT x_bar, const SynapseBars<R>& bars) {
  using V = Lane<R>;
  // of the source and the target; then what becomes of them
  alignas(64) R v[kFold] = {}, a[kFold] = {}, b[kFold] = {}, t[kFold];
  size_t source = 0;
  each_fold(c, c.sigma, [&](size_t first, size_t end, const Fold<R>& fold) HWY_ATTR {
    const size_t first_source = source;
    for (size_t k = first; k < end && !c.ends;)
      for (const size_t stop = end_of_run(c, k, end, source); k < stop; ++k) {
        v[k - first] = x[source];
        a[k - first] = num_bar[c.column[k]], b[k - first] = den_bar[c.column[k]];
      }
    for (size_t f = 0; f < end - first; f += V::width) {
      const V now     = c.ends ? gather(x, c.ends->source + first + f) : V::load(v + f);
      const V current = c.ends ? gather(num_bar, c.ends->target + first + f) : V::load(a + f);
      const V leak    = c.ends ? gather(den_bar, c.ends->target + first + f) : V::load(b + f);
      const V w       = V::load(c.w + first + f);
      const V s     = Logistic<R>::at(fma(V::load(fold.slope + f), now, V::load(fold.shift + f)));
      const V h     = fma(V::load(c.erev + first + f), current, leak);
      const V slant = less(s, s, s) * h;
      slant.store(t + f);
      (s * h).store(a + f);
      (w * (s * current)).store(b + f);
      (w * ((now - V::load(c.mu + first + f)) * slant)).store(v + f);
    }
    source = first_source;
    for (size_t k = first; k < end;)
      for (const size_t stop = end_of_run(c, k, end, source); k < stop; ++k) {
        const size_t f = k - first, at = k * V::width;
        bars.w[at] += a[f], bars.erev[at] += b[f], bars.sigma[at] += v[f], bars.mu[at] -= fold.strength[f] * t[f];
        x_bar[source] = Single<R>::fma(fold.strength[f], t[f], x_bar[source]);
      }
  });
}

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
