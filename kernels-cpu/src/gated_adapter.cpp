// SPDX-License-Identifier: Apache-2.0
// A gated adapter beside a frozen convolution, as other weights of the same convolution: what is
// multiplied is written once (fold), and the gradient is taken at the adapter's taps alone
// (backward), by the gradients of masked_conv2d: a 1x1 adapter's is that of a 1x1 convolution.
//
// Roofline. fold reads the filters and the adapter and writes the filters: 8 to 12 bytes a weight.
// backward makes as many multiply-adds as a convolution of the adapter's size; what it does to its
// result, a product and a sum, reads the adapter twice.
//
// Ladder (AMD EPYC, AVX-512, one thread, minima of 60 interleaved rounds; ratio to the convolution
// alone: fold + forward | fold + forward + backward_data + backward, which Winograd's convolution
// makes dear: its 1x1 gradient has no transform, a ninth of the direct products is 0.16 of the step)
//                                        1x1 adapter     3x3 adapter
//   1  folded, one pass over the filters  forward  step   forward  step    shipped
//      64-64@32, N 16                     0.99     1.27   0.96     1.69
//      256-256@8, N 16                    0.97     1.23   0.98     1.59
//      512-512@4, N 16 (fold 0.46 ms)     1.12     1.23   1.17     1.54
//      512-512@4, N 64                    1.04     1.24   1.04     1.63
//      64-128@32, stride 2, N 16          0.98     1.09   0.98     1.49
//      16-16@32, N 64                     0.97     1.26   0.92     2.09
//   2  folded while Winograd transforms or packs the filters         not tried
#include "conv2d_geometry.h"
#include "plane.h"

namespace ITA_ISA {

ita_status masked_conv2d_backward_weights(ita_context* ctx, const ita_masked_conv2d* op);

namespace {

constexpr int64_t kSegment = 4096;  // elements that one chain of single precision sums, at most

// Filters as rows of weights, and where the adapter's lie among them.
struct Filters {
  int64_t kernel, taps;    // weights of a kernel, of one of the adapter: all of them or one
  int64_t cols, own_cols;  // of a filter

  explicit Filters(const ita_gated_adapter* op)
      : kernel(int64_t(op->shape.kh) * op->shape.kw),
        taps(int64_t(op->adapter_kh) * op->adapter_kw),
        cols(op->shape.c / op->shape.groups * kernel),
        own_cols(op->shape.c / op->shape.groups * taps) {}
  bool all_taps() const { return taps == kernel; }
};

void add_all(const float* w, const float* a, int64_t count, V gate, float* to) {
  int64_t k = 0;
  for (; k + kLanes <= count; k += kLanes) StoreU(MulAdd(gate, LoadU(a + k), LoadU(w + k)), to + k);
  if (k == count) return;
  const M rest = FirstN(static_cast<int>(count - k));
  MaskedStore(rest, MulAdd(gate, MaskedLoad(rest, a + k), MaskedLoad(rest, w + k)), to + k);
}

// Which lanes of a vector of weights are centre taps. Sixteen kernels are `kernel` vectors, and the
// next sixteen look the same.
struct Centres {
  static constexpr int64_t kMost = 128;
  uint32_t bits[kMost];
  int32_t before[kMost];  // centre taps of the vectors before

  explicit Centres(int64_t kernel) {
    int32_t count = 0;
    int64_t next = kernel / 2;
    for (int64_t v = 0; v < kernel; v++) {
      bits[v] = 0;
      before[v] = count;
      for (; next < (v + 1) * kLanes; next += kernel, count++) bits[v] |= 1u << (next - v * kLanes);
    }
  }
};

void add_centres(const Centres& centres, const float* w, const float* a, int64_t channels,
                 int64_t kernel, float gate, float* to) {
  const V factor = Set(gate);
  int64_t i = 0;
  for (; i + kLanes <= channels; i += kLanes, a += kLanes) {
    for (int64_t v = 0; v < kernel; v++, w += kLanes, to += kLanes) {
      const V old = LoadU(w);
      const V sum = MulAdd(factor, LoadExpand(centres.bits[v], a + centres.before[v]), old);
      StoreU(IfThenElse(FromBits(centres.bits[v]), sum, old), to);
    }
  }
  memcpy(to, w, sizeof(float) * static_cast<size_t>((channels - i) * kernel));
  for (int64_t c = 0; i + c < channels; c++) to[c * kernel + kernel / 2] += gate * a[c];
}

void add_scalars(const float* w, const float* a, int64_t channels, int64_t kernel, float gate,
                 float* to) {
  memcpy(to, w, sizeof(float) * static_cast<size_t>(channels * kernel));
  for (int64_t c = 0; c < channels; c++) to[c * kernel + kernel / 2] += gate * a[c];
}

// The sum of a . g over one filter: vectors in four chains, segments in double.
double dot(const float* a, const float* g, int64_t count) {
  double total = 0;
  for (int64_t first = 0; first < count; first += kSegment) {
    const int64_t end = first + kSegment < count ? first + kSegment : count;
    V sums[4] = {Zero(), Zero(), Zero(), Zero()};
    int64_t k = first;
    for (; k + 4 * kLanes <= end; k += 4 * kLanes) {
#pragma GCC unroll 4
      for (int j = 0; j < 4; j++) {
        sums[j] = MulAdd(LoadU(a + k + j * kLanes), LoadU(g + k + j * kLanes), sums[j]);
      }
    }
    for (; k + kLanes <= end; k += kLanes) sums[0] = MulAdd(LoadU(a + k), LoadU(g + k), sums[0]);
    if (k < end) {
      const M rest = FirstN(static_cast<int>(end - k));
      sums[1] = MulAdd(MaskedLoad(rest, a + k), MaskedLoad(rest, g + k), sums[1]);
    }
    total += double{ReduceSum(Add(Add(sums[0], sums[1]), Add(sums[2], sums[3])))};
  }
  return total;
}

void scale(float* row, int64_t count, float gate) {
  if (gate == 1) return;
  if (gate == 0) {
    memset(row, 0, sizeof(float) * static_cast<size_t>(count));
    return;
  }
  for (int64_t k = 0; k < count; k++) row[k] *= gate;
}

// The convolution whose filters the adapter is. The centre tap of a padded filter reads what a 1x1
// filter without padding does.
ita_conv2d_shape adapter_shape(const ita_gated_adapter* op) {
  ita_conv2d_shape s = op->shape;
  if (op->adapter_kh == s.kh && op->adapter_kw == s.kw) return s;
  s.kh = s.kw = s.dilation_h = s.dilation_w = 1;
  s.pad_h = s.pad_w = 0;
  return s;
}

// Whether the adapter has all taps of the filter, or there is a centre tap that it is: what checked
// builds ask.
[[maybe_unused]] bool has_place(const ita_gated_adapter* op) {
  const ita_conv2d_shape& s = op->shape;
  if (op->adapter_kh == s.kh && op->adapter_kw == s.kw) return true;
  return op->adapter_kh == 1 && op->adapter_kw == 1 && s.kh % 2 && s.kw % 2 &&
         s.pad_h == s.dilation_h * (s.kh / 2) && s.pad_w == s.dilation_w * (s.kw / 2);
}

}  // namespace

ita_status gated_adapter_fold(ita_context* ctx, const ita_gated_adapter* op) {
  ITA_ASSERT(op->weights && op->adapter && op->gates && op->folded && op->outputs >= 1);
  ITA_ASSERT(has_place(op));
  const Filters f(op);
  const int64_t channels = f.own_cols / f.taps;
  const bool vectors = !f.all_taps() && f.kernel <= Centres::kMost;
  const Centres centres(vectors ? f.kernel : 1);
  parallel_for(
      ctx, op->shape.o, grain_for(divide_up(f.cols, 2)), [&](int64_t begin, int64_t end, int32_t) {
        for (int64_t o = begin; o < end; o++) {
          const float gate = op->gates[o / op->outputs];
          const float* w = op->weights + o * f.cols;
          const float* a = op->adapter + o * f.own_cols;
          float* to = op->folded + o * f.cols;
          if (gate == 0) {
            memcpy(to, w, sizeof(float) * static_cast<size_t>(f.cols));
          } else if (f.all_taps()) {
            add_all(w, a, f.cols, Set(gate), to);
          } else if (vectors) {
            add_centres(centres, w, a, channels, f.kernel, gate, to);
          } else {
            add_scalars(w, a, channels, f.kernel, gate, to);
          }
        }
      });
  return ITA_OK;
}

ita_status gated_adapter_backward(ita_context* ctx, const ita_gated_adapter* op) {
  ITA_ASSERT(op->src && op->diff_dst && op->gates && op->diff_adapter && op->outputs >= 1);
  ITA_ASSERT((!op->diff_gates || op->adapter) && has_place(op));
  const Filters f(op);
  const int64_t outputs = op->shape.o;
  memset(op->diff_adapter, 0, sizeof(float) * static_cast<size_t>(outputs * f.own_cols));
  ita_masked_conv2d gradient = {};
  gradient.shape = adapter_shape(op);
  gradient.src = op->src;
  gradient.diff_dst = op->diff_dst;
  gradient.diff_weights = op->diff_adapter;
  gradient.exact = op->exact;
  const ita_status status = masked_conv2d_backward_weights(ctx, &gradient);
  if (status != ITA_OK) return status;

  double* sums = nullptr;  // [outputs]
  if (op->diff_gates) {
    sums = static_cast<double*>(
        ita_core_scratch(ctx, outputs * static_cast<int64_t>(sizeof(double))));
    if (!sums) return ITA_OUT_OF_MEMORY;
  }
  parallel_for(ctx, outputs, grain_for(divide_up(f.own_cols, 4)),
               [&](int64_t begin, int64_t end, int32_t) {
                 for (int64_t o = begin; o < end; o++) {
                   float* row = op->diff_adapter + o * f.own_cols;
                   if (sums) sums[o] = dot(op->adapter + o * f.own_cols, row, f.own_cols);
                   scale(row, f.own_cols, op->gates[o / op->outputs]);
                 }
               });
  for (int64_t first = 0; sums && first < outputs; first += op->outputs) {
    double sum = 0;
    for (int64_t o = first; o < outputs && o < first + op->outputs; o++) sum += sums[o];
    op->diff_gates[first / op->outputs] = static_cast<float>(sum);
  }
  return ITA_OK;
}

}  // namespace ITA_ISA
