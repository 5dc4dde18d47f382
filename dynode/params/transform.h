// Transforms: how a number is stored and learnt, and what it is.
//
//   stored x ──▶ real     identity x     exponential exp(x)     sigmoid low + (high − low)/(1 + exp(−x))
//                         softplus log(1 + exp(x))
//
// Every stored number stands for a real one, so learning never leaves the range of a transform; its ends lie at ±∞.
#pragma once

namespace dynode {

struct Transform {
  enum class Kind { identity, exponential, sigmoid, softplus };

  Kind   kind = Kind::identity;
  double low = 0, high = 0;   // ends of a sigmoid

  static const Transform identity, exponential, softplus;
  /// @pre low < high
  static constexpr Transform sigmoid(double low, double high) { return {Kind::sigmoid, low, high}; }

  bool operator==(const Transform&) const = default;
};
inline constexpr Transform Transform::identity{};
inline constexpr Transform Transform::exponential{Kind::exponential};
inline constexpr Transform Transform::softplus{Kind::softplus};

double real_value(const Transform& transform, double stored);
/// Infinite or NaN where no stored number stands for `real`.
double stored_value(const Transform& transform, double real);
/// ∂real/∂stored, given the real value.
double transform_slope(const Transform& transform, double real);

}  // namespace dynode
