// SPDX-License-Identifier: Apache-2.0
// Native self-test for the sanitizers: walks every line of ops.inc. An op without a bind() in
// selftest_ops.h does not compile.
//
// Each op runs on small and odd shapes, with 1 and with 3 threads, on heap buffers of exactly its
// size. Bits must not depend on the threads, values must be finite, pad lanes of diffs zero; ops
// with a one-line definition are compared with it. All other numbers are the parity suite's task.
#include <stdio.h>

#include <string>

#include "selftest_core.h"
#include "selftest_ops.h"

namespace {

using namespace selftest;

constexpr int kNotOnThisMachine = 77;

int passed = 0;
int failed = 0;

void expect(bool condition, const std::string& what) {
  condition ? passed++ : failed++;
  if (!condition) printf("FAILED %s\n", what.c_str());
}

// ---- problems

constexpr Size kSizes[] = {
    {1, 1, 1, 1, 1, 1},       // one of everything
    {15, 3, 5, 7, 3, 31},     // one image and one column short of a vector and a word
    {16, 4, 6, 6, 5, 32},     // exactly a block and a word
    {17, 5, 3, 9, 2, 33},     // one more
    {33, 8, 12, 13, 7, 100},  // several chunks of activations
    {2, 2, 4, 4, 1, 50001},   // one row in several chunks
    {2, 6, 2, 2, 5000, 9},    // many rows in several chunks
    {1, 1, 1, 1, 1, 1, 1},    // row-major: one of everything
    {1, 6, 2, 2, 5000, 9, 1}, {2, 8, 12, 13, 7, 100, 1}, {3, 3, 5, 7, 3, 31, 1},
    {7, 4, 6, 6, 5, 32, 1},   {17, 5, 3, 9, 2, 33, 1},   {33, 8, 12, 13, 2, 33, 1},
    {17, 5, 8, 9, 5, 40},  // every algorithm of a convolution, in turn
    {17, 5, 8, 9, 6, 40},     {17, 5, 8, 9, 7, 40},      {17, 5, 8, 9, 8, 40},
    {17, 5, 8, 9, 9, 40},     {3, 5, 8, 9, 5, 40, 1},    {3, 5, 8, 9, 6, 40, 1},
    {3, 5, 8, 9, 7, 40, 1},   {3, 5, 8, 9, 8, 40, 1},    {3, 5, 8, 9, 9, 40, 1},
};

// ---- ops whose definition is one line

#define ITA_OP(name, op) \
  struct name##_tag {};
#include "ops.inc"
#undef ITA_OP

bool near(double a, double b) { return fabs(a - b) <= 1e-5 * (1 + fabs(b)); }
bool bit(const uint32_t* mask, int32_t cols, int64_t i) {
  int64_t word = i / cols * ((cols + 31) / 32) + i % cols / 32;
  return !mask || (mask[word] >> (i % cols % 32) & 1);
}

template <class Tag, class Op>
bool correct(Tag, const Op&, const Problem&) {
  return true;
}

bool correct(relu_forward_tag, const ita_relu& op, const Problem& p) {
  bool same = true;
  for (int64_t i = 0; i < p.s.n / p.s.block * p.s.block * image(p.s); i++) {
    same = same && op.dst[i] == fmaxf(op.src[i], 0);
  }
  return same;
}

bool correct(add_forward_tag, const ita_add& op, const Problem& p) {
  bool same = true;
  for (int64_t i = 0; i < p.s.n / p.s.block * p.s.block * image(p.s); i++) {
    same = same && op.dst[i] == op.src[i] + op.addend[i];
  }
  return same;
}

bool correct(masked_sgd_step_tag, const ita_masked_sgd& op, const Problem& p) {
  bool same = true;
  for (int64_t i = 0; i < plane(p.s); i++) {
    const float w = p.before(op.weights)[i], v = p.before(op.velocity)[i];
    const bool trained = bit(op.trainable, p.s.cols, i);
    const double g = op.gradient[i] + double{op.weight_decay} * w;
    const double velocity = double{op.momentum} * v + g;
    const double weight = w - double{op.learning_rate} * (g + double{op.momentum} * velocity);
    same = same && (trained ? near(op.weights[i], weight) && near(op.velocity[i], velocity)
                            : op.weights[i] == w && op.velocity[i] == v);
    same =
        same && (!op.mask || bit(op.mask, p.s.cols, i) == (bit(op.candidates, p.s.cols, i) &&
                                                           fabsf(op.weights[i]) >= *op.threshold));
  }
  return same;
}

bool correct(score_epilogue_apply_tag, const ita_score_epilogue& op, const Problem& p) {
  bool same = true;
  for (int64_t i = 0; i < plane(p.s); i++) {
    const float g = p.before(op.diff_weights)[i];
    const bool trained = bit(op.mask, p.s.cols, i) && !(op.frozen && bit(op.frozen, p.s.cols, i));
    const float sign = static_cast<float>((op.scores[i] > 0) - (op.scores[i] < 0));
    const float score = bit(op.candidates, p.s.cols, i) ? g * op.weights[i] * sign : 0;
    same = same && op.diff_weights[i] == (trained ? g : 0) && op.diff_scores[i] == score;
  }
  return same;
}

bool correct(magnitude_threshold_select_tag, const ita_magnitude_threshold& op, const Problem& p) {
  int64_t below = 0, equal = 0;
  for (int64_t i = 0; i < plane(p.s); i++) {
    if (!bit(op.candidates, p.s.cols, i)) continue;
    below += fabsf(op.values[i]) < *op.threshold;
    equal += fabsf(op.values[i]) == *op.threshold;
  }
  return below == op.counts[0] && equal == op.counts[1] && below < op.rank &&
         op.rank <= below + equal;
}

bool correct(mask_cut_apply_tag, const ita_mask_cut& op, const Problem& p) {
  int64_t room = op.keep, kept = 0;
  for (int64_t i = 0; i < plane(p.s); i++) {
    room -= bit(op.candidates, p.s.cols, i) && fabsf(op.values[i]) > *op.threshold;
  }
  bool same = true;
  for (int64_t i = 0; i < plane(p.s); i++) {
    const float value = fabsf(op.values[i]);
    const bool candidate = bit(op.candidates, p.s.cols, i);
    const bool on = candidate && (value > *op.threshold || (value == *op.threshold && room-- > 0));
    same = same && bit(op.mask, p.s.cols, i) == on;
    kept += on;
  }
  return same && kept == *op.kept;
}

bool correct(soft_mask_forward_tag, const ita_soft_mask& op, const Problem& p) {
  const int64_t cols = p.s.cols, units = (cols + op.span - 1) / op.span;
  bool same = true;
  for (int64_t i = 0; i < plane(p.s) && op.factors; i++) {
    const float factor = op.factors[i / cols * units + i % cols / op.span];
    const float score = op.scores[i / cols * units + i % cols / op.span];
    const bool kept = op.strict ? score > op.threshold : score >= op.threshold;
    same = same && bit(op.mask, cols, i) == (factor != 0) &&
           op.effective[i] == factor * op.weights[i] &&
           (op.mode == ITA_SOFT_MASK_GIVEN ? factor == score : (factor == 1) == kept);
  }
  return same;
}

// Each centre is the mean of the values that are nearest to it.
bool correct(codebook_fit_apply_tag, const ita_codebook_fit& op, const Problem& p) {
  std::vector<double> sum(op.size), count(op.size);
  for (int64_t i = 0; i < plane(p.s); i++) {
    if (!bit(op.selected, p.s.cols, i)) continue;
    int32_t nearest = 0;
    for (int32_t j = 1; j < *op.used; j++) {
      if (fabs(double{op.values[i]} - op.centres[j]) <
          fabs(double{op.values[i]} - op.centres[nearest])) {
        nearest = j;
      }
    }
    sum[nearest] += op.values[i];
    count[nearest]++;
  }
  bool same = true;
  for (int32_t j = 0; j < *op.used; j++) same = same && near(op.centres[j], sum[j] / count[j]);
  return same;
}

uint32_t code_at(const uint32_t* codes, const Problem& p, int64_t i) {
  const int64_t row = i / p.s.cols, col = i % p.s.cols, words = (p.s.cols + 9) / 10;
  return codes[(row / 16 * words + col / 10) * 16 + row % 16] >> col % 10 * 3 & 7;
}

bool correct(codebook_assign_apply_tag, const ita_codebook_assign& op, const Problem& p) {
  bool same = true;
  for (int64_t i = 0; i < plane(p.s); i++) {
    const float before = p.before(op.values)[i];
    if (!bit(op.selected, p.s.cols, i)) {
      same = same && op.values[i] == before;
      continue;
    }
    const uint32_t code = code_at(op.codes, p, i);
    same = same && code < 5 && op.values[i] == op.centres[code] &&
           (before <= -1 || before >= 1 || fabsf(before - op.values[i]) < 0.2001f);
  }
  return same;
}

bool correct(codebook_gradient_apply_tag, const ita_codebook_gradient& op, const Problem& p) {
  double sums[8] = {};
  for (int64_t i = 0; i < plane(p.s); i++) {
    if (bit(op.selected, p.s.cols, i)) sums[code_at(op.codes, p, i)] += op.gradient[i];
  }
  bool same = true;
  for (int j = 0; j < 8; j++) same = same && near(op.diff_centres[j], sums[j]);
  return same;
}

// Every pixel that counts is counted once.
bool correct(pixel_confusion_forward_tag, const ita_pixel_confusion& op, const Problem& p) {
  int64_t wanted = 0, counted = 0;
  for (int64_t i = 0; i < int64_t{p.s.n} * p.s.h * p.s.w; i++) wanted += op.labels[i] != op.ignore;
  for (int64_t i = 0; i < int64_t{p.s.c} * p.s.c; i++) counted += op.confusion[i];
  return counted == wanted;
}

float largest(const float* values, int64_t count, int64_t stride) {
  float found = 0;
  for (int64_t i = 0; i < count; i++) found = fmaxf(found, fabsf(values[i * stride]));
  return found;
}

// Each image against its own product of bytes; the two sources of bind().
bool correct(codebook_linear_int8_forward_tag, const ita_codebook_linear_int8& op,
             const Problem& p) {
  const int64_t stride = p.s.block, cols = p.s.cols, plane_cols = (cols + 1) / 2 * 2;
  const uint16_t* owners = reinterpret_cast<const uint16_t*>(op.weights.owners);
  const uint16_t* mask = reinterpret_cast<const uint16_t*>(op.weights.mask);
  const float centre = largest(op.weights.codebooks, 2 << kCodeBits, 1);
  bool same = true;
  for (int64_t n = 0; n < p.s.n; n++) {
    const float* x = op.src + n / stride * stride * cols + n % stride;
    const float value = largest(x, cols, stride);
    for (int64_t o = 0; o < p.s.rows; o++) {
      int64_t sum = 0;
      for (int64_t i = 0; i < cols; i++) {
        const int64_t at = o / 16 * plane_cols + i;
        if (mask && !(mask[at] >> o % 16 & 1)) continue;
        const int64_t source = owners[at] >> o % 16 & 1;
        const float w =
            op.weights
                .codebooks[(source << kCodeBits) + code_at(op.weights.codes, p, o * cols + i)];
        sum +=
            static_cast<int64_t>(rintf(w * (127 / centre)) * rintf(x[i * stride] * (127 / value)));
      }
      const float scale = (value / 127) * (centre / 127);
      const double wanted =
          static_cast<double>(static_cast<float>(sum)) * scale + (op.bias ? op.bias[o] : 0);
      const float found = op.dst[n / stride * stride * p.s.rows + o * stride + n % stride];
      same = same && fabs(found - wanted) <= 3e-7 * (fabs(wanted) + (op.bias ? 1 : 0));
    }
  }
  return same;
}

#include "selftest_compact.h"
#include "selftest_losses.h"

// ---- the walk

ita_context* open_context(ita_isa isa, int32_t threads, char* message, size_t size) {
  const ita_context_options options = {ITA_DEVICE_CPU, 0, isa, threads};
  ita_context* context = nullptr;
  ita_context_create(&options, &context, message, size);
  return context;
}

struct Contexts {
  ita_context* one;    // of one thread
  ita_context* three;  // of three
};

template <class Tag, class Op>
void run(const Contexts& contexts, const char* name, ita_status (*op)(ita_context*, const Op*)) {
  for (const Size& size : kSizes) {
    for (bool optional : {true, false}) {
      Problem alone(size, optional), shared(size, optional);
      const Op first = bind(alone, static_cast<const Op*>(nullptr));
      const Op second = bind(shared, static_cast<const Op*>(nullptr));
      char at[120];
      snprintf(at, sizeof at, "%s n%d c%d h%d w%d rows%d cols%d block%d %s: ", name, size.n, size.c,
               size.h, size.w, size.rows, size.cols, size.block,
               optional ? "with masks" : "without masks");
      const std::string where = at;
      expect(op(contexts.one, &first) == ITA_OK, where + ita_last_error(contexts.one));
      expect(op(contexts.three, &second) == ITA_OK, where + ita_last_error(contexts.three));
      expect(alone.finite(), where + "a value is not finite");
      expect(alone.pads_are_zero(), where + "a pad lane of a diff is not zero");
      expect(correct(Tag{}, first, alone), where + "a value is not that of the definition");
      expect(alone.same_bits(shared), where + "bits depend on the number of threads");
    }
  }
}

void run_all(const Contexts& contexts) {
  std::string stem;
  int before = 0;
  auto report = [&](const char* next) {
    if (stem == next) return;
    if (!stem.empty()) printf("%s: %d checks\n", stem.c_str(), passed + failed - before);
    stem = next;
    before = passed + failed;
  };
#define ITA_OP(name, op) \
  report(#op);           \
  run<name##_tag, ita_##op>(contexts, #name, ita_##name);
#include "ops.inc"
#undef ITA_OP
  report("");
}

// ---- what ops and contexts refuse, and the memory of a context

void check_values_refused(ita_context* context) {
  Problem p({4, 1, 1, 1, 3, 37}, false);
  ita_magnitude_threshold op = bind(p, static_cast<const ita_magnitude_threshold*>(nullptr));
  const float threshold = *op.threshold;
  float* values = const_cast<float*>(op.values);
  op.rank = plane(p.s) + 1;
  expect(ita_magnitude_threshold_select(context, &op) == ITA_INVALID_VALUE &&
             strstr(ita_last_error(context), "rank is 112, expected 1 .. 111"),
         "a rank beyond the candidates is refused");
  op.rank = 0;
  expect(ita_magnitude_threshold_select(context, &op) == ITA_INVALID_VALUE, "rank 0 is refused");
  op.rank = 1;
  values[2 * 37 + 36] = NAN;
  expect(ita_magnitude_threshold_select(context, &op) == ITA_INVALID_VALUE &&
             strstr(ita_last_error(context), "values[2, 36] is NaN"),
         "a NaN is refused and named");
  expect(*op.threshold == threshold && op.counts[0] == 0 && op.counts[1] == 0,
         "a refused op writes nothing");
  values[2 * 37 + 36] = INFINITY;
  op.rank = plane(p.s);
  expect(ita_magnitude_threshold_select(context, &op) == ITA_OK && isinf(*op.threshold),
         "infinity orders last");

  ita_accuracy accuracy = bind(p, static_cast<const ita_accuracy*>(nullptr));
  const_cast<int32_t*>(accuracy.labels)[3] = accuracy.first_class + accuracy.classes;
  expect(ita_accuracy_forward(context, &accuracy) == ITA_INVALID_VALUE &&
             strstr(ita_last_error(context), "labels[3]"),
         "a label outside the range is refused and named");

  ita_pixel_confusion pixels = bind(p, static_cast<const ita_pixel_confusion*>(nullptr));
  const_cast<int32_t*>(pixels.labels)[2] = pixels.shape.c;
  expect(ita_pixel_confusion_forward(context, &pixels) == ITA_INVALID_VALUE &&
             strstr(ita_last_error(context), "labels[2, 0] is 1") && pixels.confusion[0] == 0,
         "a pixel's label that is no class is refused and named, and nothing is counted");
}

// Row-major memory has no pad lanes: here it has exactly its size.
void check_reorder_round_trip(ita_context* context) {
  for (const Size& s : kSizes) {
    Problem p(s, true);
    const float* images = p.values(s.n * image(s));
    float* packed = p.diffs(image(s));
    float* back = p.values(s.n * image(s));
    const ita_reorder pack = {{s.n, s.c, s.h, s.w, s.block}, images, packed};
    const ita_reorder unpack = {{s.n, s.c, s.h, s.w, s.block}, packed, back};
    bool done = ita_reorder_pack(context, &pack) == ITA_OK && p.pads_are_zero() &&
                ita_reorder_unpack(context, &unpack) == ITA_OK;
    size_t bytes = sizeof(float) * static_cast<size_t>(s.n * image(s));
    expect(done && memcmp(images, back, bytes) == 0, "unpack undoes pack, pad lanes are zero");
  }
}

// Packed weights of both forms, in memory of exactly their size. Row-major activations read the
// weights where they are.
void check_packed_weights(ita_context* context) {
  for (const Size& s : kSizes) {
    if (s.block == 1) continue;
    for (uint32_t kept : {~0u, 0x01010101u}) {
      Problem p(s, true);
      ita_masked_linear op = bind(p, static_cast<const ita_masked_linear*>(nullptr));
      uint32_t* mask = const_cast<uint32_t*>(op.mask);
      for (int64_t word = 0; word < s.rows * ((s.cols + 31) / 32); word++) mask[word] &= kept;
      const auto floats = [](int64_t rows, int64_t k) {
        return 16 + (rows + 16) / 16 * 16 * (k + 2);
      };
      bool done = ita_masked_linear_forward(context, &op) == ITA_OK &&
                  ita_masked_linear_backward_data(context, &op) == ITA_OK;
      ita_masked_linear packed = op;
      packed.dst = p.activations(s.rows);
      packed.diff_src = p.diffs(s.cols);
      packed.packed = p.values(floats(s.rows, s.cols));
      packed.packed_transposed = p.values(floats(s.cols, s.rows));
      done = done && ita_masked_linear_forward(context, &packed) == ITA_INVALID_VALUE &&
             ita_masked_linear_pack(context, &packed) == ITA_OK &&
             ita_masked_linear_forward(context, &packed) == ITA_OK &&
             ita_masked_linear_backward_data(context, &packed) == ITA_OK;
      const size_t lanes = static_cast<size_t>((s.n + ITA_BLOCK - 1) / ITA_BLOCK * ITA_BLOCK);
      expect(done &&
                 !memcmp(op.dst, packed.dst, sizeof(float) * lanes * static_cast<size_t>(s.rows)) &&
                 !memcmp(op.diff_src, packed.diff_src,
                         sizeof(float) * lanes * static_cast<size_t>(s.cols)),
             "packed weights give the same bits, unpacked memory is refused");
    }
  }
}

void check_contexts_refused() {
  char message[256] = "";
  expect(!open_context(ITA_ISA_SCALAR, 100000, message, sizeof message) &&
             strstr(message, "threads is 100000"),
         "too many threads are refused");
  const ita_context_options cuda = {ITA_DEVICE_CUDA, 0, ITA_ISA_AUTO, 0};
  ita_context* context = nullptr;
  expect(ita_context_create(&cuda, &context, message, sizeof message) == ITA_UNSUPPORTED &&
             !context && message[0],
         "CUDA without its plug-in is refused with a sentence");
  setenv("INTARSIA_ISA", "sse9", 1);
  expect(!open_context(ITA_ISA_AUTO, 1, message, sizeof message) &&
             strstr(message, "INTARSIA_ISA is \"sse9\""),
         "an unknown INTARSIA_ISA is refused");
  ita_context_destroy(nullptr);
}

void check_memory(ita_context* context) {
  float values[33], copy[33] = {};
  for (int i = 0; i < 33; i++) values[i] = static_cast<float>(i);
  void *a = nullptr, *b = nullptr;
  ita_context_info info;
  expect(ita_memory_allocate(context, sizeof values, &a) == ITA_OK &&
             ita_memory_allocate(context, 3 << 20, &b) == ITA_OK &&
             ita_context_get_info(context, &info) == ITA_OK &&
             info.used_bytes == static_cast<int64_t>(sizeof values) + (3 << 20) &&
             reinterpret_cast<uintptr_t>(a) % 64 == 0,
         "allocations are aligned and counted");
  bool zero = true;
  for (int i = 0; i < 3 << 20; i++) zero = zero && static_cast<char*>(b)[i] == 0;
#if !defined(__SANITIZE_ADDRESS__)
  zero = zero && reinterpret_cast<uintptr_t>(b) % (2 << 20) == 0;
#endif
  expect(zero, "a large allocation is zero and begins a huge page");
  expect(ita_memory_upload(context, b, values, sizeof values) == ITA_OK &&
             ita_memory_copy(context, a, b, sizeof values) == ITA_OK &&
             ita_memory_download(context, copy, a, sizeof copy) == ITA_OK &&
             memcmp(values, copy, sizeof copy) == 0,
         "what is uploaded and copied comes back");
  expect(ita_memory_zero(context, a, sizeof values) == ITA_OK && *static_cast<float*>(a) == 0,
         "memory is zeroed");
  expect(ita_memory_free(context, a) == ITA_OK && ita_memory_free(context, copy) == ITA_INTERNAL &&
             ita_memory_allocate(context, 0, &a) == ITA_INTERNAL,
         "foreign memory and empty requests are refused");
  expect(ita_context_synchronize(context) == ITA_OK, "a context synchronises");  // b: destroy frees
}

}  // namespace

int main() {
  char message[256] = "";
  const char* word = getenv("INTARSIA_ISA");
  Contexts contexts = {open_context(ITA_ISA_AUTO, 1, message, sizeof message),
                       open_context(ITA_ISA_AUTO, 3, message, sizeof message)};
  if (!contexts.one || !contexts.three) {
    printf("%s\n", message);
    return word && strstr(message, "which this machine lacks") ? kNotOnThisMachine : 1;
  }
  check_core(expect);
  run_all(contexts);
  check_values_refused(contexts.three);
  check_reorder_round_trip(contexts.three);
  check_packed_weights(contexts.three);
  check_memory(contexts.one);
  ita_context_destroy(contexts.one);
  ita_context_destroy(contexts.three);
  check_contexts_refused();
  printf("%d passed, %d failed\n", passed, failed);
  return failed ? 1 : 0;
}
