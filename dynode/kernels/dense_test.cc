// Dense kernels against naive loops, for every instruction set, layout and number type.
#include "dynode/kernels/dense.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dynode/base/buffer.h"
#include "dynode/base/random.h"
#include "dynode/kernels/isa.h"

namespace dynode {
namespace {

template <class R>
class Dense : public ::testing::Test {
 public:
  static constexpr R guard = R(-12345);
  DenseKernels<R> kernels{};
  Random          random{1, "dense"};

  void TearDown() override { use_isa(""); }

  /// Calls test() once per instruction set.
  template <class F>
  void on_every_isa(F test) {
    for (const std::string& isa : isa_names()) {
      use_isa(isa);
      kernels = dense_kernels<R>();
      SCOPED_TRACE(isa);
      test();
      if (HasFatalFailure()) return;
    }
  }

  /// Calls test(layout, rows) for tiles of one and two vectors and for some numbers of rows.
  template <class F>
  void on_every_layout(std::vector<size_t> rows, F test) {
    test(Layout::tiles, kernels.width);
    test(Layout::tiles, 2 * kernels.width);
    for (const size_t n : rows) test(Layout::rows, n);
  }

  size_t padded(size_t n) const { return (n + kernels.width - 1) / kernels.width * kernels.width; }

  Slab slab(Layout layout, size_t units, size_t rows) const {
    return {layout, units, rows, layout == Layout::tiles ? rows : padded(units)};
  }
  static size_t at(const Slab& shape, size_t unit, size_t row) {
    return shape.layout == Layout::tiles ? unit * shape.stride + row : row * shape.stride + unit;
  }

  /// Small whole numbers: every sum of their products is exact, so any order of summation gives the same.
  R whole() { return R(int(random.integer(17)) - 8); }
  R real() { return R(random.normal()); }

  template <class Draw>
  Buffer<R> drawn(size_t size, Draw draw) {
    Buffer<R> buffer(size);
    for (R& x : buffer) x = draw();
    return buffer;
  }
  Buffer<R> wholes(size_t size) { return drawn(size, [&] { return whole(); }); }
  Buffer<R> reals(size_t size) { return drawn(size, [&] { return real(); }); }
  Buffer<R> guards(size_t size) { return drawn(size, [] { return guard; }); }

  /// A slab with numbers in its units and zeros in its padding.
  template <class Draw>
  Buffer<R> slab_of(const Slab& shape, Draw draw) {
    Buffer<R> buffer(shape.size());
    for (size_t unit = 0; unit < shape.units; ++unit)
      for (size_t row = 0; row < shape.rows; ++row) buffer[at(shape, unit, row)] = draw();
    return buffer;
  }

  static Buffer<R> copy(const Buffer<R>& from) {
    Buffer<R> buffer(from.size());
    std::copy(from.begin(), from.end(), buffer.begin());
    return buffer;
  }

  Buffer<R> packed(const Slab& out, size_t depth, const R* w, size_t w_unit, size_t w_source) {
    const size_t size = kernels.packed_size(out, depth);
    Buffer<R> buffer = guards(size + 64);
    kernels.pack(out, depth, w, w_unit, w_source, buffer.data());
    for (size_t i = size; i < buffer.size(); ++i) EXPECT_EQ(buffer[i], guard) << "written beyond packed_size";
    return buffer;
  }

  /// Two terms of different depths, with and without a bias, by apply and by add.
  void check_products(Layout layout, size_t units, size_t rows, size_t depth, size_t depth2) {
    SCOPED_TRACE(::testing::Message() << (layout == Layout::tiles ? "tiles of " : "rows ") << rows << ", units "
                                      << units << ", depths " << depth << " and " << depth2);
    const Slab out = slab(layout, units, rows), from = slab(layout, depth, rows), from2 = slab(layout, depth2, rows);
    const size_t ld = depth + 3;
    const auto draw = [&] { return whole(); };
    const auto w = wholes(units * ld), w2 = wholes(depth2 * units);         // [unit][ld], [source][unit]
    const auto x = slab_of(from, draw), x2 = slab_of(from2, draw);
    const auto bias = wholes(padded(units)), there = wholes(out.size());
    const auto panels = packed(out, depth, w.data(), ld, 1), panels2 = packed(out, depth2, w2.data(), 1, units);
    const Term<R> terms[] = {{panels.data(), x.data(), depth, from.stride},
                             {panels2.data(), x2.data(), depth2, from2.stride}};

    Buffer<R> with_bias(out.size()), without(out.size()), added = copy(there);
    kernels.apply(out, terms, 2, bias.data(), with_bias.data());
    kernels.apply(out, terms, 2, nullptr, without.data());
    kernels.add(out, terms, 2, added.data());
    for (size_t unit = 0; unit < units; ++unit)
      for (size_t row = 0; row < rows; ++row) {
        R sum = 0;
        for (size_t k = 0; k < depth; ++k) sum += w[unit * ld + k] * x[at(from, k, row)];
        for (size_t k = 0; k < depth2; ++k) sum += w2[k * units + unit] * x2[at(from2, k, row)];
        const size_t i = at(out, unit, row);
        ASSERT_EQ(without[i], sum) << "unit " << unit << " row " << row;
        ASSERT_EQ(with_bias[i], sum + bias[unit]) << "unit " << unit << " row " << row;
        ASSERT_EQ(added[i], sum + there[i]) << "unit " << unit << " row " << row;
      }
    for (size_t unit = units; layout == Layout::rows && unit < out.stride; ++unit)
      for (size_t row = 0; row < rows; ++row) {
        const size_t i = at(out, unit, row);
        ASSERT_EQ(without[i], 0);
        ASSERT_EQ(with_bias[i], bias[unit]);
        ASSERT_EQ(added[i], there[i]);
      }
  }

  /// Gradient of two slabs of time against loops; the last chunk alone, then both, leaves what both at once leave.
  void check_gradient(Layout layout, size_t units, size_t rows, size_t columns) {
    SCOPED_TRACE(::testing::Message() << (layout == Layout::tiles ? "tiles of " : "rows ") << rows << ", units "
                                      << units << ", columns " << columns);
    const bool   tiles = layout == Layout::tiles;
    const Slab   left  = slab(layout, units, rows);
    const size_t ld = padded(columns) + kernels.width, stride = padded(columns) + (tiles ? 3 : 0);
    const auto draw = [&] { return whole(); };
    const auto delta = slab_of(left, draw), delta2 = slab_of(left, draw);
    auto turned = wholes(rows * stride + kernels.width), turned2 = wholes(rows * stride + kernels.width);
    for (size_t row = 0; row < rows; ++row)
      for (size_t column = columns; column < padded(columns); ++column)
        turned[row * stride + column] = turned2[row * stride + column] = 0;
    const Term<R> terms[] = {{delta.data(), turned.data(), rows, stride},
                             {delta2.data(), turned2.data(), rows, stride}};

    const auto start = wholes(units * ld);
    auto w_bar = copy(start);
    kernels.gradient(left, terms, 2, columns, ld, w_bar.data());
    for (size_t unit = 0; unit < units; ++unit)
      for (size_t column = 0; column < ld; ++column) {
        R sum = start[unit * ld + column];
        for (size_t row = 0; column < columns && row < rows; ++row)
          sum += delta[at(left, unit, row)] * turned[row * stride + column] +
                 delta2[at(left, unit, row)] * turned2[row * stride + column];
        ASSERT_EQ(w_bar[unit * ld + column], sum) << "unit " << unit << " column " << column;
      }
  }
};

using Numbers = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Dense, Numbers);

TYPED_TEST(Dense, ProductsEqualNaiveLoopsForEveryNumberOfUnits) {
  this->on_every_isa([&] {
    for (size_t units = 1; units <= 70; ++units)
      this->on_every_layout({1 + units % 15}, [&](Layout layout, size_t rows) {
        this->check_products(layout, units, rows, units % 41, units % 4);
      });
  });
}

TYPED_TEST(Dense, ProductsEqualNaiveLoopsForEveryDepth) {
  this->on_every_isa([&] {
    for (size_t depth = 0; depth <= 40; ++depth)
      this->on_every_layout({1, 2, 5}, [&](Layout layout, size_t rows) {
        this->check_products(layout, 27, rows, depth, (depth * 7) % 5);
      });
  });
}

TYPED_TEST(Dense, ProductsEqualNaiveLoopsForEveryNumberOfRows) {
  this->on_every_isa([&] {
    for (size_t rows = 1; rows <= 33; ++rows) {
      this->check_products(Layout::rows, 35, rows, 13, 1);
      this->check_products(Layout::rows, 250, rows, 3, 0);
    }
  });
}

TYPED_TEST(Dense, NoTermsGiveTheBias) {
  this->on_every_isa([&] {
    this->on_every_layout({3}, [&](Layout layout, size_t rows) {
      const Slab out = this->slab(layout, 5, rows);
      const auto bias = this->wholes(this->padded(5));
      Buffer<TypeParam> to(out.size());
      this->kernels.apply(out, nullptr, 0, bias.data(), to.data());
      for (size_t unit = 0; unit < 5; ++unit)
        for (size_t row = 0; row < rows; ++row) EXPECT_EQ(to[this->at(out, unit, row)], bias[unit]);
    });
  });
}

TYPED_TEST(Dense, ARowHasTheSameBitsAloneAndInAnyBatch) {
  using R = TypeParam;
  this->on_every_isa([&] {
    const size_t most = std::max<size_t>(33, 2 * this->kernels.width);
    for (const size_t units : {1, 3, 20, 57, 130}) {
      const size_t depth = units, depth2 = 3;
      const auto w = this->reals(units * depth), w2 = this->reals(units * depth2);
      const auto bias = this->reals(this->padded(units));
      const auto x = this->reals(most * depth), x2 = this->reals(most * depth2), start = this->reals(most * units);

      // rows [first, first + rows) of the batch through doors and kernels, back as [row][unit]
      const auto run = [&](Layout layout, size_t first, size_t rows) {
        const Slab out = this->slab(layout, units, rows);
        const Slab from = this->slab(layout, depth, rows), from2 = this->slab(layout, depth2, rows);
        Buffer<R> a(from.size()), b(from2.size()), forward(out.size()), there(out.size()), result(2 * rows * units);
        this->kernels.from_rows(rows, depth, x.data() + first * depth, depth, from, a.data());
        this->kernels.from_rows(rows, depth2, x2.data() + first * depth2, depth2, from2, b.data());
        this->kernels.from_rows(rows, units, start.data() + first * units, units, out, there.data());
        const auto panels = this->packed(out, depth, w.data(), depth, 1);
        const auto panels2 = this->packed(out, depth2, w2.data(), depth2, 1);
        const Term<R> terms[] = {{panels.data(), a.data(), depth, from.stride},
                                 {panels2.data(), b.data(), depth2, from2.stride}};
        this->kernels.apply(out, terms, 2, bias.data(), forward.data());
        this->kernels.add(out, terms, 2, there.data());
        this->kernels.to_rows(out, forward.data(), rows, units, result.data(), units);
        this->kernels.to_rows(out, there.data(), rows, units, result.data() + rows * units, units);
        return result;
      };

      std::vector<Buffer<R>> alone;
      for (size_t row = 0; row < most; ++row) alone.push_back(run(Layout::rows, row, 1));
      const auto expect_same = [&](Layout layout, size_t first, size_t rows) {
        const auto batch = run(layout, first, rows);
        for (size_t row = 0; row < rows; ++row)
          for (size_t half = 0; half < 2; ++half) {
            const R* one = alone[first + row].data() + half * units;
            ASSERT_TRUE(std::equal(one, one + units, batch.data() + (half * rows + row) * units))
                << "units " << units << " row " << row << " of " << rows;
          }
      };
      for (const size_t rows : {2, 3, 4, 5, 7, 8, 15, 33}) expect_same(Layout::rows, 0, rows);
      expect_same(Layout::tiles, 0, this->kernels.width);
      expect_same(Layout::tiles, 0, 2 * this->kernels.width);
      expect_same(Layout::tiles, most - this->kernels.width, this->kernels.width);
    }
  });
}

TYPED_TEST(Dense, GradientsEqualNaiveLoops) {
  this->on_every_isa([&] {
    for (size_t units = 1; units <= 40; ++units)
      this->on_every_layout({1 + units % 9}, [&](Layout layout, size_t rows) {
        this->check_gradient(layout, units, rows, 1 + (units * 13) % 70);
      });
  });
}

TYPED_TEST(Dense, GradientsInChunksHaveTheBitsOfTheWhole) {
  using R = TypeParam;
  this->on_every_isa([&] {
    this->on_every_layout({1, 6}, [&](Layout layout, size_t rows) {
      const size_t units = 23, columns = 37, steps = 7, ld = this->padded(columns);
      const Slab left = this->slab(layout, units, rows);
      std::vector<Buffer<R>> delta, turned;
      std::vector<Term<R>> terms;
      for (size_t t = 0; t < steps; ++t) {
        delta.push_back(this->slab_of(left, [&] { return this->real(); }));
        turned.push_back(this->reals(rows * ld));
      }
      for (size_t t = steps; t-- > 0;) terms.push_back({delta[t].data(), turned[t].data(), rows, ld});

      const auto start = this->reals(units * ld);
      auto whole = this->copy(start);
      this->kernels.gradient(left, terms.data(), steps, columns, ld, whole.data());
      for (const size_t chunk : {1, 2, 3, 5}) {
        auto chunked = this->copy(start);
        for (size_t t = 0; t < steps; t += chunk)
          this->kernels.gradient(left, terms.data() + t, std::min(chunk, steps - t), columns, ld, chunked.data());
        EXPECT_TRUE(std::equal(whole.begin(), whole.end(), chunked.begin())) << "chunks of " << chunk;
      }

      // in rows a term may hold one row: the same order, so the same bits
      if (layout == Layout::rows) {
        auto by_row = this->copy(start);
        for (const Term<R>& term : terms)
          for (size_t row = 0; row < rows; ++row) {
            const Term<R> one{term.left + row * left.stride, term.right + row * ld, 1, ld};
            this->kernels.gradient(left, &one, 1, columns, ld, by_row.data());
          }
        EXPECT_TRUE(std::equal(whole.begin(), whole.end(), by_row.begin()));
      }
    });
  });
}

TYPED_TEST(Dense, GradientOfRowsMayReadTheSameSourceRowAgain) {
  using R = TypeParam;
  this->on_every_isa([&] {
    const size_t units = 9, columns = 5, rows = 6, ld = this->padded(columns);
    const Slab left = this->slab(Layout::rows, units, rows);
    const auto delta = this->slab_of(left, [&] { return this->whole(); });
    auto source = this->wholes(ld);
    std::fill(source.data() + columns, source.end(), R(0));
    Buffer<R> w_bar(units * ld);
    const Term<R> term{delta.data(), source.data(), rows, 0};
    this->kernels.gradient(left, &term, 1, columns, ld, w_bar.data());
    for (size_t unit = 0; unit < units; ++unit)
      for (size_t column = 0; column < columns; ++column) {
        R sum = 0;
        for (size_t row = 0; row < rows; ++row) sum += delta[row * left.stride + unit] * source[column];
        EXPECT_EQ(w_bar[unit * ld + column], sum);
      }
  });
}

TYPED_TEST(Dense, TranspositionPadsWithZeros) {
  using R = TypeParam;
  this->on_every_isa([&] {
    for (const size_t lanes : {this->kernels.width, 2 * this->kernels.width})
      for (size_t units = 1; units <= 70; ++units) {
        const size_t ld = this->padded(units) + 5;
        const auto from = this->reals(units * lanes);
        auto to = this->guards(lanes * ld);
        this->kernels.transpose(units, lanes, from.data(), ld, to.data());
        for (size_t lane = 0; lane < lanes; ++lane)
          for (size_t unit = 0; unit < ld; ++unit) {
            const R got = to[lane * ld + unit];
            if (unit < units) ASSERT_EQ(got, from[unit * lanes + lane]) << units << " units, lane " << lane;
            else if (unit < this->padded(units)) ASSERT_EQ(got, R(0)) << units << " units, lane " << lane;
            else ASSERT_EQ(got, this->guard) << units << " units, lane " << lane;
          }
      }
  });
}

TYPED_TEST(Dense, RowsPassTheDoorsBothWaysAndNothingElseIsTouched) {
  using R = TypeParam;
  this->on_every_isa([&] {
    for (size_t units = 1; units <= 40; ++units)
      for (const size_t gap : {0, 3})
        this->on_every_layout({1, 4, 7}, [&](Layout layout, size_t slab_rows) {
          for (const size_t rows : {size_t{0}, size_t{1}, slab_rows / 2, slab_rows - 1, slab_rows}) {
            const Slab   shape  = this->slab(layout, units, slab_rows);
            const size_t stride = units + gap;
            // no number behind the last unit of the last row: a vector too far would be seen by address checkers
            std::vector<R> user(rows > 0 ? (rows - 1) * stride + units : 0), back(user.size() + 1, this->guard);
            for (R& x : user) x = this->real();
            auto inside = this->guards(shape.size());
            this->kernels.from_rows(rows, units, user.data(), stride, shape, inside.data());
            for (size_t row = 0; row < slab_rows; ++row)
              for (size_t unit = 0; unit < (layout == Layout::rows ? shape.stride : units); ++unit)
                ASSERT_EQ(inside[this->at(shape, unit, row)],
                          row < rows && unit < units ? user[row * stride + unit] : R(0))
                    << "units " << units << " rows " << rows << " of " << slab_rows << ": " << row << ", " << unit;
            this->kernels.to_rows(shape, inside.data(), rows, units, back.data(), stride);
            for (size_t i = 0; i < back.size(); ++i)
              ASSERT_EQ(back[i], i < user.size() && i % stride < units ? user[i] : this->guard)
                  << "units " << units << " rows " << rows << " of " << slab_rows << " at " << i;
          }
        });
  });
}

TYPED_TEST(Dense, AxpyAddsAMultiple) {
  this->on_every_isa([&] {
    const size_t size = this->padded(100);
    const auto x = this->wholes(size), before = this->wholes(size);
    auto y = this->copy(before);
    this->kernels.axpy(size, TypeParam(3), x.data(), y.data());
    for (size_t i = 0; i < size; ++i) EXPECT_EQ(y[i], before[i] + 3 * x[i]);
  });
}

TYPED_TEST(Dense, SpinReturnsItsFixedPoint) {
  // x ← 0.999 x + 0.001 tends to 1 in every lane and chain
  this->on_every_isa([&] { EXPECT_NEAR(this->kernels.spin(20000), 12, 1e-3); });
}

}  // namespace
}  // namespace dynode
