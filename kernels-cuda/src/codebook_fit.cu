// SPDX-License-Identifier: Apache-2.0
// One-dimensional k-means on the GPU: centres of least squared error, on sorted values.
//
// The algorithm of docs/ops/codebook_fit.md and its very sums: doubles over the sorted values,
// relative to their mean, added by one thread in rising order. A bitonic sort and a search over
// every cut take more operations than radix sort and divide and conquer, but each is one short
// kernel without scratch of its own, and of equal cuts the search finds the lowest as it stands.
// Once per layer and task.
//
// Ladder (no device was at hand, all unmeasured):
//   1  sort by launches, sums by one thread, warp per end of a cut .. unmeasured   shipped
//   2  radix sort ................................................... not tried
//   3  sums by blocks ............................................... not tried: other sums
#include "codes.cuh"
#include "scratch.cuh"
#include "warp.cuh"

namespace cuda {

namespace {

constexpr int64_t kExact = 4096;
constexpr int64_t kParts = kExact / 2;
constexpr int kMaxRounds = 1000;
constexpr int kMostCentres = 256;
constexpr uint32_t kNoKey = 0xffffffffu;  // above the key of every finite value

// What the kernels of one call find out for the next.
struct Found {
  unsigned long long bad;  // the first selected element that is not finite; all ones for none
  int64_t selected;
  int64_t different;
  int64_t groups;
  double mean;
};

// The different values in rising order, or neighbourhoods of them, with prefix sums.
struct Steps {
  double* count;  // (m + 1) values before
  double* sum;    // (m + 1) their sum, relative to the mean

  // What the interval [a, b) takes off the total squared error when it gets its own centre.
  __device__ double gain(int64_t a, int64_t b) const {
    const double s = sum[b] - sum[a];
    return s * s / (count[b] - count[a]);
  }
  __device__ double centre(double mean, int64_t a, int64_t b) const {
    return mean + (sum[b] - sum[a]) / (count[b] - count[a]);
  }
};

struct Fit {
  ita_codebook_fit op;
  Found* found;
  uint32_t* keys;       // (padded) sorted, then the different ones
  int64_t padded;       // elements, rounded up to a power of two
  Steps steps;          // of the values
  Steps groups;         // of the neighbourhoods, unused up to kExact values
  int64_t* bounds;      // (kExact + 1) where a neighbourhood starts
  int64_t* candidates;  // (kParts)
  int32_t* table;       // (size, width) where the last interval of [0, end) starts
  int64_t width;        // of a row of the table
};

// Floats as unsigned integers of the same order. -0 and denormals are 0.
__device__ inline uint32_t to_key(float value) {
  const uint32_t bits = __float_as_uint(value);
  if ((bits & 0x7f800000u) == 0) return 0x80000000u;
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

__device__ inline float from_key(uint32_t key) {
  return __uint_as_float(key & 0x80000000u ? key & 0x7fffffffu : ~key);
}

__device__ inline bool is_finite(float value) {
  return (__float_as_uint(value) & 0x7f800000u) != 0x7f800000u;
}

// The first of [0, count) where is(index) holds, or count. It holds from there on.
template <class Is>
__device__ inline int64_t first_where(int64_t count, const Is& is) {
  int64_t low = 0;
  int64_t high = count;
  while (low < high) {
    const int64_t middle = (low + high) / 2;
    if (is(middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

// keys[element] by one thread; what is not selected goes to the end.
__global__ void __launch_bounds__(kThreads)
    codebook_fit_keys_kernel(const __grid_constant__ Fit fit) {
  const ita_codebook_fit& op = fit.op;
  const int64_t cols = op.shape.cols;
  const int64_t elements = op.shape.rows * cols;
  for (int64_t at = first_thread_item(); at < fit.padded; at += thread_item_step()) {
    uint32_t key = kNoKey;
    const int64_t col = at % cols;
    if (at < elements && has_bit(mask_word(op.selected, at / cols, cols, col / kWordBits),
                                 static_cast<int>(col % kWordBits))) {
      key = to_key(op.values[at]);
      if (!is_finite(op.values[at])) atomicMin(&fit.found->bad, static_cast<uint64_t>(at));
    }
    fit.keys[at] = key;
  }
}

// One layer of a bitonic sort: runs of `run` keys rise and fall in turn.
struct SortLayer {
  uint32_t* keys;
  int64_t padded;
  int64_t run;
  int64_t stride;
};

__global__ void __launch_bounds__(kThreads)
    codebook_fit_sort_kernel(const __grid_constant__ SortLayer layer) {
  for (int64_t pair = first_thread_item(); pair < layer.padded / 2; pair += thread_item_step()) {
    const int64_t at = pair / layer.stride * 2 * layer.stride + pair % layer.stride;
    const uint32_t lower = layer.keys[at];
    const uint32_t upper = layer.keys[at + layer.stride];
    const bool rises = (at & layer.run) == 0;
    if (rises ? lower <= upper : lower >= upper) continue;
    layer.keys[at] = upper;
    layer.keys[at + layer.stride] = lower;
  }
}

// Different values with their counts, by one thread; keys[] is compacted to them.
__global__ void __launch_bounds__(kThreads)
    codebook_fit_steps_kernel(const __grid_constant__ Fit fit) {
  if (threadIdx.x != 0 || blockIdx.x != 0) return;
  const int64_t n = first_where(fit.padded, [&](int64_t at) { return fit.keys[at] == kNoKey; });
  double total = 0;
  for (int64_t at = 0; at < n; ++at) total += from_key(fit.keys[at]);
  const double mean = total / static_cast<double>(n);
  fit.steps.count[0] = fit.steps.sum[0] = 0;
  int64_t m = 0;
  double sum = 0;
  for (int64_t at = 0; at < n;) {
    const uint32_t key = fit.keys[at];
    int64_t end = at + 1;
    while (end < n && fit.keys[end] == key) ++end;
    // Two roundings, as on the CPU: no fused multiply-add.
    const double distance = double{from_key(key)} - mean;
    sum = __dadd_rn(sum, __dmul_rn(static_cast<double>(end - at), distance));
    fit.keys[m++] = key;
    fit.steps.count[m] = static_cast<double>(end);
    fit.steps.sum[m] = sum;
    at = end;
  }
  fit.found->selected = n;
  fit.found->different = m;
  fit.found->mean = mean;
}

// Neighbourhoods, by one block: a bound wherever another 2048th of the values, or of the different
// values, is full. The two rising lists of bounds are found, then merged.
__global__ void __launch_bounds__(kThreads)
    codebook_fit_group_kernel(const __grid_constant__ Fit fit) {
  const int64_t n = fit.found->selected;
  const int64_t m = fit.found->different;
  for (int64_t part = threadIdx.x; part < kParts; part += kThreads) {
    fit.candidates[part] = first_where(m, [&](int64_t step) {
      return static_cast<int64_t>(fit.steps.count[step]) * kParts / n > part;
    });
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    int64_t made = 0;
    int64_t part = 0;  // of the list by count; `order` is of that by different values
    int64_t order = 0;
    fit.bounds[0] = 0;
    while (part < kParts || order < kParts) {
      const int64_t by_count = part < kParts ? fit.candidates[part] : m;
      const int64_t by_order = order < kParts ? divide_up((order + 1) * m, kParts) : m;
      const int64_t bound = by_count < by_order ? by_count : by_order;
      if (part < kParts && by_count == bound) ++part;
      if (order < kParts && by_order == bound) ++order;
      if (bound > fit.bounds[made]) fit.bounds[++made] = bound;
    }
    fit.found->groups = made;
  }
  __syncthreads();
  for (int64_t group = threadIdx.x; group <= fit.found->groups; group += kThreads) {
    fit.groups.count[group] = fit.steps.count[fit.bounds[group]];
    fit.groups.sum[group] = fit.steps.sum[fit.bounds[group]];
  }
}

// A row of the programme: best[end] = the largest gain of [0, end) in row + 1 intervals.
struct Row {
  Steps steps;
  int64_t m;
  int64_t row;
  const double* before;  // (m + 1) of one interval less; unused by row 0
  double* best;          // (m + 1)
  int32_t* cut;          // (m + 1)
};

// best[end] and cut[end] by one warp. Of equal gains the lowest cut.
__global__ void __launch_bounds__(kThreads) codebook_fit_row_kernel(const __grid_constant__ Row r) {
  for (int64_t item = first_warp_item(); item < r.m - r.row; item += warp_item_step()) {
    const int64_t end = r.row + 1 + item;
    double most = r.row == 0 ? r.steps.gain(0, end) : -1;
    int64_t at = r.row;
    if (r.row > 0) {
      for (int64_t a = r.row + lane_index(); a < end; a += kWarp) {
        const double gain = r.before[a] + r.steps.gain(a, end);
        if (gain > most) {
          most = gain;
          at = a;
        }
      }
    }
#pragma unroll
    for (int step = kWarp / 2; step > 0; step /= 2) {
      const double other = __shfl_xor_sync(kAllLanes, most, step);
      const int64_t other_at = __shfl_xor_sync(kAllLanes, at, step);
      if (other > most || (other == most && other_at < at)) {
        most = other;
        at = other_at;
      }
    }
    if (lane_index() == 0) {
      r.best[end] = most;
      r.cut[end] = static_cast<int32_t>(at);
    }
  }
}

// Moves the cuts until every value is with its nearest centre, by one block. An interval keeps at
// least one value: one whose values are all nearer to its neighbours would be lost else.
__device__ void settle(const Fit& fit, int64_t k, int64_t* s_cuts, int64_t* s_moved) {
  const Found& found = *fit.found;
  __shared__ bool s_settled;
  for (int round = 0; round < kMaxRounds; ++round) {
    for (int64_t j = 1 + threadIdx.x; j < k; j += kThreads) {
      const double left = fit.steps.centre(found.mean, s_cuts[j - 1], s_cuts[j]);
      const double right = fit.steps.centre(found.mean, s_cuts[j], s_cuts[j + 1]);
      const double middle = 0.5 * (left + right);
      s_moved[j] = first_where(found.different,
                               [&](int64_t at) { return double{from_key(fit.keys[at])} > middle; });
    }
    __syncthreads();
    if (threadIdx.x == 0) {
      s_settled = true;
      for (int64_t j = 1; j < k; ++j) {
        int64_t cut = s_moved[j];
        if (cut <= s_cuts[j - 1]) cut = s_cuts[j - 1] + 1;
        if (cut > found.different - (k - j)) cut = found.different - (k - j);
        s_settled = s_settled && cut == s_cuts[j];
        s_cuts[j] = cut;
      }
    }
    __syncthreads();
    if (s_settled) return;
  }
}

// From the table to the centres, by one block.
__global__ void __launch_bounds__(kThreads)
    codebook_fit_centres_kernel(const __grid_constant__ Fit fit) {
  __shared__ int64_t s_cuts[kMostCentres + 1];
  __shared__ int64_t s_moved[kMostCentres];
  const Found& found = *fit.found;
  const int64_t size = fit.op.size;
  const int64_t k = size < found.different ? size : found.different;
  const bool grouped = found.different > kExact;
  if (threadIdx.x == 0) {
    s_cuts[0] = 0;
    s_cuts[k] = grouped ? found.groups : found.different;
    for (int64_t j = k - 1; j > 0; --j) {
      s_cuts[j] = k == found.different ? j : fit.table[j * fit.width + s_cuts[j + 1]];
    }
    for (int64_t j = 1; grouped && j <= k; ++j) s_cuts[j] = fit.bounds[s_cuts[j]];
  }
  __syncthreads();
  if (grouped) settle(fit, k, s_cuts, s_moved);
  for (int64_t j = threadIdx.x; j < size; j += kThreads) {
    const int64_t own = j < k ? j : k - 1;
    const int64_t first = s_cuts[own];
    const int64_t last = s_cuts[own + 1];
    fit.op.centres[j] = last - first == 1  // itself, to the bit
                            ? from_key(fit.keys[first])
                            : static_cast<float>(fit.steps.centre(found.mean, first, last));
  }
  if (threadIdx.x == 0) *fit.op.used = k;
}

ita_status sort_keys(ita_context* ctx, const Fit& fit) {
  const unsigned blocks = blocks_for(fit.padded / 2, kThreads);
  for (int64_t run = 2; run <= fit.padded; run *= 2) {
    for (int64_t stride = run / 2; stride > 0; stride /= 2) {
      const SortLayer layer = {fit.keys, fit.padded, run, stride};
      ITA_CUDA_TRY(launch(ctx, codebook_fit_sort_kernel, blocks, layer));
    }
  }
  return ITA_OK;
}

// Fills the table: cuts of m steps into the wanted number of intervals.
ita_status solve(ita_context* ctx, const Fit& fit, const Steps& steps, int64_t m, double* gains) {
  double* before = gains;
  double* best = gains + fit.width;
  for (int64_t row = 0; row < fit.op.size; ++row) {
    const Row arguments = {steps, m, row, before, best, fit.table + row * fit.width};
    ITA_CUDA_TRY(launch(ctx, codebook_fit_row_kernel, blocks_for(m - row, kWarps), arguments));
    double* const swap = before;
    before = best;
    best = swap;
  }
  return ITA_OK;
}

// Waits for the stream.
ita_status read_found(ita_context* ctx, const Fit& fit, Found* found) {
  const Device& device = device_of(ctx);
  ITA_CUDA_TRY(
      cudaMemcpyAsync(found, fit.found, sizeof *found, cudaMemcpyDeviceToHost, device.stream));
  ITA_CUDA_TRY(cudaStreamSynchronize(device.stream));
  return ITA_OK;
}

ita_status check_values(ita_context* ctx, const ita_codebook_fit* op, const Found& found) {
  if (found.bad != ~0ull) {
    return fail(ctx, ITA_INVALID_VALUE,
                "values[%lld, %lld] is not finite and has no nearest centre; look for the step "
                "that diverged, or lower the learning rate",
                static_cast<long long>(found.bad) / op->shape.cols,
                static_cast<long long>(found.bad) % op->shape.cols);
  }
  if (found.selected > 0) return ITA_OK;
  return fail(ctx, ITA_INVALID_VALUE,
              "no value is selected and none can be a centre; select at least one");
}

}  // namespace

ita_status codebook_fit_apply(ita_context* ctx, const ita_codebook_fit* op) {
  const int64_t elements = static_cast<int64_t>(op->shape.rows) * op->shape.cols;
  const int64_t width = (elements < kExact ? elements : kExact) + 1;
  int64_t padded = 1;
  while (padded < elements) padded *= 2;
  Scratch scratch(ctx);
  const int64_t found_at = scratch.plan<Found>(1);
  const int64_t keys = scratch.plan<uint32_t>(padded);
  const int64_t count = scratch.plan<double>(elements + 1);
  const int64_t sum = scratch.plan<double>(elements + 1);
  const int64_t group_count = scratch.plan<double>(width);
  const int64_t group_sum = scratch.plan<double>(width);
  const int64_t bounds = scratch.plan<int64_t>(width);
  const int64_t candidates = scratch.plan<int64_t>(kParts);
  const int64_t table = scratch.plan<int32_t>(op->size * width);
  const int64_t gains = scratch.plan<double>(2 * width);
  ITA_CUDA_TRY(scratch.reserve());
  const Fit fit = {*op,
                   scratch.at<Found>(found_at),
                   scratch.at<uint32_t>(keys),
                   padded,
                   {scratch.at<double>(count), scratch.at<double>(sum)},
                   {scratch.at<double>(group_count), scratch.at<double>(group_sum)},
                   scratch.at<int64_t>(bounds),
                   scratch.at<int64_t>(candidates),
                   scratch.at<int32_t>(table),
                   width};

  ITA_CUDA_TRY(cudaMemsetAsync(fit.found, 0xff, sizeof *fit.found, device_of(ctx).stream));
  ITA_CUDA_TRY(launch(ctx, codebook_fit_keys_kernel, blocks_for(padded, kThreads), fit));
  ita_status status = sort_keys(ctx, fit);
  if (status != ITA_OK) return status;
  ITA_CUDA_TRY(launch(ctx, codebook_fit_steps_kernel, 1, fit));
  Found found;
  status = read_found(ctx, fit, &found);
  if (status == ITA_OK) status = check_values(ctx, op, found);
  if (status != ITA_OK) return status;

  if (found.different > kExact) {
    ITA_CUDA_TRY(launch(ctx, codebook_fit_group_kernel, 1, fit));
    status = read_found(ctx, fit, &found);
    if (status != ITA_OK) return status;
    status = solve(ctx, fit, fit.groups, found.groups, scratch.at<double>(gains));
  } else if (found.different > op->size) {
    status = solve(ctx, fit, fit.steps, found.different, scratch.at<double>(gains));
  }
  if (status != ITA_OK) return status;
  ITA_CUDA_TRY(launch(ctx, codebook_fit_centres_kernel, 1, fit));
  return ITA_OK;
}

}  // namespace cuda
