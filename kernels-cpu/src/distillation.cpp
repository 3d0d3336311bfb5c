// SPDX-License-Identifier: Apache-2.0
// Cross entropy beside the divergence from a teacher, and their gradient, in one pass.
//
// Blocked, sixteen rows are a vector and every sum is vertical; row-major, a vector is sixteen
// classes of one row, which is then spread over the lanes: one body serves both. Exponentials are
// taken once, of values from which the maximum is subtracted, and kept until the sums are known.
// The divergence is added up as p (ln p - ln q), of logarithms that are never those of a softmax.
// Rows without a teacher pay nothing for it. Losses are added in double, in the order of rows.

#include "labels.h"
#include "rows.h"
#include "simd/math.h"

namespace ITA_ISA {

namespace {

// Sixteen rows of blocked logits.
struct BlockWalk {
  // Calls body(vector, at, the class of each lane).
  template <class Body>
  void classes(int64_t count, const Body& body) const {
    for (int64_t c = 0; c < count; c++) {
      body(Whole(), c * kLanes, SetU(static_cast<uint32_t>(c)));
    }
  }
  V largest(V v) const { return v; }
  V sum(V v) const { return v; }
};

// One row of row-major logits.
struct RowWalk {
  template <class Body>
  void classes(int64_t count, const Body& body) const {
    for_each_vector(0, count, [&](auto vector, int64_t c) {
      body(vector, c, IotaU(static_cast<uint32_t>(c)));
    });
  }
  V largest(V v) const {
    float lanes[kLanes];
    StoreU(v, lanes);
    float best = lanes[0];
    for (int i = 1; i < kLanes; i++) best = best > lanes[i] ? best : lanes[i];
    return Set(best);
  }
  V sum(V v) const { return Set(ReduceSum(v)); }
};

// What is computed at once: 16 rows, or one in every lane.
struct Item {
  const float* src;      // [classes] vectors
  const float* teacher;  // the same
  float* diff_src;       // the same
  U label;
  M rows;   // lanes that are rows
  M known;  // those of them that have a teacher
};

struct Losses {
  V cross_entropy;
  V divergence;
};

// Factors that are the same for all rows.
struct Scales {
  V cross_entropy;  // 1 / N
  V divergence;     // lambda * temperature / K
  V cooling;        // 1 / temperature
};

template <class Walk>
V largest_of(const Walk& walk, const float* logits, int64_t classes) {
  V largest = Set(-__builtin_inff());
  walk.classes(classes, [&](auto vector, int64_t at, U) {
    largest = Max(largest, vector.load_or(logits + at, largest));
  });
  return walk.largest(largest);
}

// Writes the gradient of the cross entropy.
template <class Walk>
V cross_entropy_of(const Walk& walk, const Item& item, int64_t classes, V largest, V scale) {
  V sum = Zero(), at_label = Zero();
  walk.classes(classes, [&](auto vector, int64_t at, U c) {
    const V logit = Sub(vector.load(item.src + at), largest);
    const V e = Exp(logit);
    vector.store(e, item.diff_src + at);
    sum = Add(sum, vector.only(e));
    at_label = Add(at_label, vector.only(IfThenElseZero(EqU(item.label, c), logit)));
  });
  sum = walk.sum(sum);
  walk.classes(classes, [&](auto vector, int64_t at, U c) {
    const V p = Div(vector.load(item.diff_src + at), sum);
    const V one_hot = IfThenElseZero(EqU(item.label, c), Set(1.0f));
    const V diff = Mul(Sub(p, one_hot), scale);
    vector.store(IfThenElseZero(item.rows, diff), item.diff_src + at);
  });
  return IfThenElseZero(item.rows, Sub(Log(sum), walk.sum(at_label)));
}

// Adds the gradient of the divergence. exps: [2][classes] vectors, of student and teacher.
template <class Walk>
V divergence_of(const Walk& walk, const Item& item, int64_t classes, V largest,
                const Scales& scales, float* exps) {
  const int64_t second = classes * kLanes;
  const V teacher_largest = largest_of(walk, item.teacher, classes);
  V student_sum = Zero(), teacher_sum = Zero(), difference = Zero();
  walk.classes(classes, [&](auto vector, int64_t at, U) {
    const V student = Mul(Sub(vector.load(item.src + at), largest), scales.cooling);
    const V teacher = Mul(Sub(vector.load(item.teacher + at), teacher_largest), scales.cooling);
    const V q = Exp(student), p = Exp(teacher);
    vector.store(q, exps + at);
    vector.store(p, exps + second + at);
    student_sum = Add(student_sum, vector.only(q));
    teacher_sum = Add(teacher_sum, vector.only(p));
    difference = Add(difference, vector.only(Mul(p, Sub(teacher, student))));
  });
  student_sum = walk.sum(student_sum);
  teacher_sum = walk.sum(teacher_sum);
  walk.classes(classes, [&](auto vector, int64_t at, U) {
    const V q = Div(vector.load(exps + at), student_sum);
    const V p = Div(vector.load(exps + second + at), teacher_sum);
    const V diff = IfThenElseZero(item.known, Mul(Sub(q, p), scales.divergence));
    vector.store(Add(vector.load(item.diff_src + at), diff), item.diff_src + at);
  });
  const V logs = Sub(Log(student_sum), Log(teacher_sum));
  return IfThenElseZero(item.known, Add(Div(walk.sum(difference), teacher_sum), logs));
}

template <class Walk>
Losses distil(const ita_distillation* op, const Walk& walk, const Item& item, const Scales& scales,
              float* exps) {
  const int64_t classes = op->shape.i;
  const V largest = largest_of(walk, item.src, classes);
  Losses losses = {Zero(), Zero()};
  if (op->labels) {
    losses.cross_entropy =
        cross_entropy_of(walk, item, classes, largest, scales.cross_entropy);
  } else {
    walk.classes(classes, [&](auto vector, int64_t at, U) {
      vector.store(Zero(), item.diff_src + at);
    });
  }
  if (ToBits(item.known)) {
    losses.divergence = divergence_of(walk, item, classes, largest, scales, exps);
  }
  return losses;
}

// Lanes of a block that are rows with a teacher.
M known_lanes(const ita_distillation* op, int64_t block, M rows) {
  if (!op->known) return rows;
  uint32_t bits = 0;
  for (int64_t n = block * kLanes; n < op->shape.n && n < (block + 1) * kLanes; n++) {
    bits |= (op->known[n] != 0 ? 1u : 0u) << (n % kLanes);
  }
  return FromBits(bits);
}

// losses: [2][N/16, 16].
void distil_block(const ita_distillation* op, int64_t block, const Scales& scales, float* exps,
                  float* losses) {
  const int64_t at = block * op->shape.i * kLanes;  // of [n/16, :, :]
  int32_t label[kLanes];
  for (int64_t i = 0; i < kLanes; i++) {
    const int64_t n = block * kLanes + i;
    label[i] = op->labels && n < op->shape.n ? op->labels[n] : -1;
  }
  const int64_t left = op->shape.n - block * kLanes;
  const M rows = FirstN(left < kLanes ? static_cast<int>(left) : kLanes);
  const Item item = {op->src + at,    op->teacher + at, op->diff_src + at,
                     LoadInts(label), rows,             known_lanes(op, block, rows)};
  const Losses found = distil(op, BlockWalk(), item, scales, exps);
  StoreU(found.cross_entropy, losses + block * kLanes);
  StoreU(found.divergence, losses + (blocks_of(op->shape.n) + block) * kLanes);
}

// losses: [2][N, rounded up to 16].
void distil_row(const ita_distillation* op, int64_t n, const Scales& scales, float* exps,
                float* losses) {
  const int64_t at = n * op->shape.i;
  const M all = FirstN(kLanes);
  const bool known = !op->known || op->known[n] != 0;
  const U label = SetU(op->labels ? static_cast<uint32_t>(op->labels[n]) : ~0u);
  const Item item = {op->src + at, op->teacher + at, op->diff_src + at,
                     label,        all,              known ? all : FirstN(0)};
  const Losses found = distil(op, RowWalk(), item, scales, exps);
  float lanes[kLanes];  // all the same
  StoreU(found.cross_entropy, lanes);
  losses[n] = lanes[0];
  StoreU(found.divergence, lanes);
  losses[blocks_of(op->shape.n) * kLanes + n] = lanes[0];
}

int64_t known_rows(const ita_distillation* op) {
  int64_t known = 0;
  for (int32_t n = 0; n < op->shape.n; n++) known += !op->known || op->known[n] != 0;
  return known;
}

double sum_of(const float* losses, int64_t count) {
  double sum = 0;
  for (int64_t n = 0; n < count; n++) sum += losses[n];
  return sum;
}

}  // namespace

ita_status distillation_apply(ita_context* ctx, const ita_distillation* op) {
  ITA_ASSERT(op->src && op->teacher && op->loss && op->diff_src && op->shape.i > 0);
  ITA_ASSERT(op->temperature > 0 && op->lambda >= 0);
  if (op->labels) {
    const ita_accuracy all = {op->shape, 0, op->shape.i, op->src, op->labels, nullptr, nullptr};
    ita_status status = check_labels(ctx, &all);
    if (status != ITA_OK) return status;
  }
  const bool row_major = op->shape.block == 1;
  const int64_t rows = op->shape.n, blocks = blocks_of(rows);
  const int64_t known = known_rows(op);
  const double share = 1.0 / static_cast<double>(known > 0 ? known : 1);  // 1 / K
  const Scales scales = {
      Set(static_cast<float>(1.0 / static_cast<double>(rows))),
      Set(static_cast<float>(double{op->lambda} * op->temperature * share)),
      Set(1 / op->temperature)};

  Cutter cut;
  const int64_t at_losses = cut.take<float>(2 * blocks * kLanes);
  const int64_t each = 2 * int64_t{op->shape.i} * kLanes;  // of a thread
  const int64_t at_exps = cut.take<float>(ctx->threads * each);
  char* scratch = static_cast<char*>(ita_core_scratch(ctx, cut.size()));
  if (!scratch) return ITA_OUT_OF_MEMORY;
  float* losses = reinterpret_cast<float*>(scratch + at_losses);
  float* exps = reinterpret_cast<float*>(scratch + at_exps);
  parallel_for(ctx, row_major ? rows : blocks, grain_for(int64_t{op->shape.i} * 90),
               [=](int64_t begin, int64_t end, int32_t worker) {
                 for (int64_t at = begin; at < end; at++) {
                   if (row_major) {
                     distil_row(op, at, scales, exps + worker * each, losses);
                   } else {
                     distil_block(op, at, scales, exps + worker * each, losses);
                   }
                 }
               });
  const double squared = double{op->temperature} * op->temperature;
  op->loss[0] = static_cast<float>(sum_of(losses, rows) / static_cast<double>(rows));
  op->loss[1] = static_cast<float>(squared * share * sum_of(losses + blocks * kLanes, rows));
  return ITA_OK;
}

}  // namespace ITA_ISA
