// The test program's own operator new counts, and a step that allocates is found.
#include "dynode/run/allocations_test.h"

#include <atomic>
#include <cstdlib>
#include <gtest/gtest.h>
#include <memory>
#include <new>

#include "dynode/run/network_test.h"

namespace {
std::atomic<size_t> count{0};

void* counted(size_t size) {
  ++count;
  if (void* p = std::malloc(size ? size : 1)) return p;
  throw std::bad_alloc();
}
void* counted(size_t size, std::align_val_t align) {
  ++count;
  const size_t to = size_t(align);
  if (void* p = std::aligned_alloc(to, (size + to - 1) / to * to)) return p;
  throw std::bad_alloc();
}
}  // namespace

void* operator new(size_t size) { return counted(size); }
void* operator new[](size_t size) { return counted(size); }
void* operator new(size_t size, std::align_val_t align) { return counted(size, align); }
void* operator new[](size_t size, std::align_val_t align) { return counted(size, align); }
void* operator new(size_t size, const std::nothrow_t&) noexcept { return ++count, std::malloc(size ? size : 1); }
void* operator new[](size_t size, const std::nothrow_t&) noexcept { return ++count, std::malloc(size ? size : 1); }
void  operator delete(void* p) noexcept { std::free(p); }
void  operator delete[](void* p) noexcept { std::free(p); }
void  operator delete(void* p, const std::nothrow_t&) noexcept { std::free(p); }
void  operator delete[](void* p, const std::nothrow_t&) noexcept { std::free(p); }
void  operator delete(void* p, size_t) noexcept { std::free(p); }
void  operator delete[](void* p, size_t) noexcept { std::free(p); }
void  operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void  operator delete[](void* p, std::align_val_t) noexcept { std::free(p); }
void  operator delete(void* p, size_t, std::align_val_t) noexcept { std::free(p); }
void  operator delete[](void* p, size_t, std::align_val_t) noexcept { std::free(p); }

namespace dynode {

size_t allocations() { return count; }

namespace {

TEST(Allocations, AreCounted) {
  const size_t before = allocations();
  const auto   kept   = std::make_unique<std::vector<int>>(100);
  EXPECT_EQ(allocations(), before + 2);
}

template <class R>
class NoAllocation : public ::testing::Test {};
using Precisions = ::testing::Types<float, double>;
TYPED_TEST_SUITE(NoAllocation, Precisions);

TYPED_TEST(NoAllocation, WhileSteppingForwardOrBackward) {
  using R = TypeParam;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    const size_t steps = 40;
    for (Layout layout : {Layout::tiles, Layout::rows}) {
      const size_t   rows = layout == Layout::tiles ? dense_kernels<R>().width : 3;
      NetworkCase<R> c(random_spec(seed, {.smooth = false}), rows, steps);
      Prepared<R>    prepared(*c.plan);
      prepared.set(c.theta.data());
      Workspace<R>    w(*c.plan, prepared,
                        {.tile = {0, rows, layout}, .window = steps, .adjoint = true, .keep_drives = true});
      TileGradient<R> wanted;
      std::vector<R>  x_bar(c.x.size());
      wanted.total_steps = steps, wanted.x_bar = x_bar.data();
      for (size_t i = 0; i < c.watched.size(); ++i) wanted.outputs.push_back({c.watched[i], c.coefficients[i].data()});
      const TileInput<R> input{c.x.data(), steps * c.plan->input_width(), 0};
      begin_noise(*c.plan, w, RunNoise<R>{.training = true}, 0, steps);
      start(*c.plan, prepared, w);

      const size_t before = allocations();
      forward(*c.plan, prepared, w, input, steps);
      check_finite(*c.plan, w, 0, 0, steps);
      start_backward(w);
      backward(*c.plan, prepared, w, wanted, 0, steps);
      finish_backward(*c.plan, prepared, w, wanted);
      move_window(w, steps);
      ASSERT_EQ(allocations(), before) << case_name(seed, *c.plan);
    }
  }
}

TYPED_TEST(NoAllocation, ThatGrowsWithTheLengthOfTheRun) {
  using R            = TypeParam;
  const auto counted = [](size_t steps) {
    NetworkCase<R> c(random_spec(1), 5, steps);
    auto           engine = c.engine();
    std::vector<R> theta_bar(c.theta.size());
    const auto     run = [&] {
      engine->gradient(c.input(), c.tile_loss(), {.watched = c.watched, .adjoint = {.checkpoint_every = 8}}, {theta_bar.data()});
      engine->loss(c.input(), c.tile_loss(), {.watched = c.watched});
    };
    run();
    const size_t before = allocations();
    run();
    return allocations() - before;
  };
  EXPECT_EQ(counted(20), counted(200));
}

}  // namespace
}  // namespace dynode
