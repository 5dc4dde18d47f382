#include "dynode/models/rate_file.h"

#include <cmath>
#include <fmt/format.h>

#include "dynode/io/mat.h"

namespace dynode::rate {
namespace {

/// Numbers of this shape, −1 for any; a vector may lie the other way round. @throws ShapeError, IoError
Array matrix(const Mat& file, const char* name, int64_t rows, int64_t columns) {
  const Array& array    = file.at(name);
  const auto   fits     = [](int64_t asked, int64_t is) { return asked < 0 ? is > 0 : asked == is; };
  const auto&  s        = array.shape;
  const bool   straight = s.size() == 2 && fits(rows, s[0]) && fits(columns, s[1]);
  const bool   turned   = s.size() == 2 && (rows == 1 || columns == 1) && fits(rows, s[1]) && fits(columns, s[0]) &&
                      (s[0] == 1 || s[1] == 1);
  if (!straight && !turned) throw ShapeError(file.file() + ": " + name, {rows, columns}, s);
  std::vector<double> values = array.as_double();
  for (const double v : values)
    if (!std::isfinite(v))
      throw IoError(file.file(), fmt::format("{} has {} in it", name, v), "weights and parameters are finite");
  return {straight ? s : std::vector<int64_t>{s[1], s[0]}, std::move(values)};
}

int count(const Mat& file, const char* name) {
  const double n = matrix(file, name, 1, 1).as_double()[0];
  if (n < 0 || n > 1e6 || n != std::floor(n))
    throw IoError(file.file(), fmt::format("{} is {}", name, n), "it is a number of units");
  return int(n);
}

}  // namespace

RateParts load_rate_mat(const std::string& path) {
  const Mat   file = load_mat(path);
  const int   N    = count(file, "N");
  const Array m = matrix(file, "m", N, N), som = matrix(file, "som_m", N, N);
  RateParts   p;
  p.w     = matrix(file, "w", N, N);
  p.w_in  = matrix(file, "w_in", N, -1);
  p.w_out = matrix(file, "w_out", -1, N);
  p.b_out = matrix(file, "b_out", p.w_out.shape[0], 1);

  // signs and who takes no inhibition
  const std::vector<double> signs = m.as_double(), spared = som.as_double();
  const auto                n    = size_t(N);
  bool                      dale = false;
  for (size_t i = 0; i < n * n; ++i) {
    const bool diagonal = i % (n + 1) == 0;
    if (diagonal ? std::abs(signs[i]) != 1 : signs[i] != 0)
      throw IoError(path, fmt::format("m[{}, {}] is {}", i / n, i % n, signs[i]),
                    "m has 1 or -1 on its diagonal, else 0");
    if (diagonal) p.sign.push_back(int8_t(signs[i]));
    dale |= signs[i] < 0;
  }
  if (file.find("apply_dale")) dale = matrix(file, "apply_dale", 1, 1).as_double()[0] != 0;
  p.som_N  = file.find("som_N") ? count(file, "som_N") : 0;
  int left = p.som_N;
  for (size_t to = 0; to < n; ++to) {
    const bool spares = p.sign[to] < 0 && left-- > 0;
    for (size_t from = 0; from < n; ++from) {
      const double expected = spares && p.sign[from] < 0 ? 0 : 1;
      if (spared[to * n + from] != expected)
        throw IoError(path,
                      fmt::format("som_m[{}, {}] is {}, but som_N is {}", to, from, spared[to * n + from], p.som_N),
                      "the first som_N inhibitory units take no inhibition, all others take everything");
    }
  }
  if (left > 0)
    throw IoError(path, fmt::format("som_N is {}, but there are {} inhibitory units", p.som_N, p.som_N - left));
  if (!dale) p.sign.clear();

  // dynamics
  p.taus = matrix(file, "taus", 1, -1).as_double();
  if (p.taus.size() > 2) throw ShapeError(path + ": taus", {1, 2}, file.at("taus").shape, "or one time constant");
  if (p.taus.size() == 2) p.taus_gaus = matrix(file, "taus_gaus", N, 1).as_double();
  if (const auto* name = file.text("activation"); name && !name->empty()) p.activation = (*name)[0];

  // where training began
  if (file.find("w0")) p.w0 = matrix(file, "w0", N, N);
  if (file.find("taus_gaus0")) p.taus_gaus0 = Array{{N}, matrix(file, "taus_gaus0", N, 1).as_double()};
  return p;
}

void save_rate_mat(const std::string& path, const RateParts& p) {
  const int64_t       N = p.w.shape[0];
  const auto          n = size_t(N);
  std::vector<double> m(n * n), som(n * n, 1), exc(n), inh(n);
  const auto          inhibitory = [&](size_t unit) { return !p.sign.empty() && p.sign[unit] < 0; };
  int                 left       = p.som_N;
  for (size_t to = 0; to < n; ++to) {
    m[to * (n + 1)] = inhibitory(to) ? -1 : 1;
    inh[to]         = inhibitory(to);
    exc[to]         = !inhibitory(to);
    if (inhibitory(to) && left-- > 0)
      for (size_t from = 0; from < n; ++from) som[to * n + from] = !inhibitory(from);
  }
  const auto column  = [&](const std::vector<double>& v) { return Array{{int64_t(v.size()), 1}, v}; };
  const auto number  = [](int64_t v) { return Array{{1, 1}, std::vector<int64_t>{v}}; };
  const auto doubles = [](const Array& a) { return Array{a.shape, a.as_double()}; };

  std::vector<Mat::Entry> file = {{"w", doubles(p.w)},
                                  {"m", Array{{N, N}, m}},
                                  {"som_m", Array{{N, N}, som}},
                                  {"w_in", doubles(p.w_in)},
                                  {"w_in0", doubles(p.w_in)},  // not trained
                                  {"w_out", doubles(p.w_out)},
                                  {"b_out", column(p.b_out.as_double())},
                                  {"N", number(N)},
                                  {"som_N", number(p.som_N)},
                                  {"exc", column(exc)},
                                  {"inh", column(inh)},
                                  {"taus", Array{{1, int64_t(p.taus.size())}, p.taus}},
                                  {"activation", std::vector<std::string>{p.activation}},
                                  {"apply_dale", number(!p.sign.empty())}};
  if (p.w0) file.emplace_back("w0", doubles(*p.w0));
  if (!p.taus_gaus.empty()) file.emplace_back("taus_gaus", column(p.taus_gaus));
  if (p.taus_gaus0) file.emplace_back("taus_gaus0", column(p.taus_gaus0->as_double()));
  save_mat(path, file);
}

}  // namespace dynode::rate
