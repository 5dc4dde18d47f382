#include "dynode/kernels/events.h"

#include "dynode/kernels/isa.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/kernels/events.cc"
#include <hwy/foreach_target.h>
#include <hwy/cache_control.h>
#include "dynode/kernels/lane-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

template <class R>
size_t find(const Slab& slab, size_t row, const R* s, uint32_t* fired) {
  size_t count = 0;
  if (slab.layout == Layout::tiles) {
    for (size_t unit = 0; unit < slab.units; ++unit)
      if (s[unit * slab.stride + row] != R(0)) fired[count++] = uint32_t(unit);
    return count;
  }
  // few fire: four vectors at a time, most of them empty
  using V = Lane<R>;
  const typename V::Tag d;
  const R*              from = s + row * slab.stride;
  constexpr size_t      step = 4 * V::width;
  const auto            none = hn::Zero(d);
  for (size_t first = 0; first < slab.units; first += step) {
    const size_t end = HWY_MIN(first + step, slab.units);
    if (end == first + step) {
      const auto a = hn::Or(hn::Abs(V::load(from + first).raw), hn::Abs(V::load(from + first + V::width).raw));
      const auto b =
          hn::Or(hn::Abs(V::load(from + first + 2 * V::width).raw), hn::Abs(V::load(from + first + 3 * V::width).raw));
      if (hn::AllTrue(d, hn::Eq(hn::Or(a, b), none))) continue;
    }
    for (size_t unit = first; unit < end; ++unit)
      if (from[unit] != R(0)) fired[count++] = uint32_t(unit);
  }
  return count;
}

template <class R>
void add(const Slab& out, size_t row, const SparseRows& lists, const R* values, const uint32_t* fired, size_t count,
         R* to) {
  const bool   tiles  = out.layout == Layout::tiles;
  const size_t stride = tiles ? out.stride : 1;
  to += tiles ? row : row * out.stride;
  constexpr size_t kLine = 64 / sizeof(uint32_t);  // entries of a cache line of columns
  for (size_t n = 0; n < count; ++n) {
    // while this list is added the next one is fetched, line by line: lists are far away and follow no order
    const size_t begin = lists.begin[fired[n]], end = lists.begin[fired[n] + 1];
    const size_t next = lists.begin[fired[n + 1 < count ? n + 1 : n]];
    size_t       k    = begin;
    for (; k + kLine <= end; k += kLine) {
      hwy::Prefetch(lists.column + next + (k - begin));
      for (size_t i = 0; i < kLine; i += 64 / sizeof(R)) hwy::Prefetch(values + next + (k - begin) + i);
      for (size_t i = k; i < k + kLine; ++i) to[lists.column[i] * stride] += values[i];
    }
    for (; k < end; ++k) to[lists.column[k] * stride] += values[k];
  }
}

EventKernels<float>  EventsFloat() { return {find<float>, add<float>}; }
EventKernels<double> EventsDouble() { return {find<double>, add<double>}; }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(EventsFloat);
HWY_EXPORT(EventsDouble);

template <>
EventKernels<float> event_kernels() {
  apply_isa_override();
  return HWY_DYNAMIC_DISPATCH(EventsFloat)();
}
template <>
EventKernels<double> event_kernels() {
  apply_isa_override();
  return HWY_DYNAMIC_DISPATCH(EventsDouble)();
}

}  // namespace dynode
#endif
