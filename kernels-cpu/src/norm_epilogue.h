// SPDX-License-Identifier: Apache-2.0
// What the norms do in their own passes instead of two ops after them: dst = relu(norm + addend),
// and on the way back the gradient that passes the rectifier, which is also that of the addend.
//
// Bound by memory. Forward adds one read for the addend and none for the rectifier, where relu and
// add would read three tensors and write two. Backward reads dst for its sign; with an addend the
// first pass writes diff_addend and the second reads it back in place of diff_dst and dst.
#ifndef INTARSIA_NORM_EPILOGUE_H_
#define INTARSIA_NORM_EPILOGUE_H_

#include "rows.h"

namespace ITA_ISA {

// The end of forward: templates, as the loops around it are short of everything but memory.
template <bool kAddend, bool kRelu>
struct Epilogue {
  const float* addend;

  template <class Vector>
  V apply(Vector vector, V y, int64_t at) const {
    if (kAddend) y = Add(y, vector.load(addend + at));
    return kRelu ? Max(Zero(), y) : y;  // of zero and NaN, Max gives its second operand
  }
};

// Calls body(epilogue) for what an op asks for.
template <class Op, class Body>
inline void with_epilogue(const Op* op, const Body& body) {
  if (op->addend) {
    op->relu ? body(Epilogue<true, true>{op->addend}) : body(Epilogue<true, false>{op->addend});
  } else {
    op->relu ? body(Epilogue<false, true>{nullptr}) : body(Epilogue<false, false>{nullptr});
  }
}

// The gradient that reaches a norm: diff_dst where the rectifier let the value pass.
struct Incoming {
  const float* diff_dst;
  const float* dst;    // NULL without a rectifier
  float* diff_addend;  // NULL when nobody asks for it

  template <class Op>
  static Incoming of(const Op* op) {
    return {op->diff_dst, op->relu ? op->dst : nullptr, op->diff_addend};
  }

  Incoming at(int64_t element) const {
    return {diff_dst + element, dst ? dst + element : nullptr,
            diff_addend ? diff_addend + element : nullptr};
  }

  // `count` floats of it as one array: where they lie already, in diff_addend, or in the buffer.
  const float* settle(int64_t count, float* buffer) const {
    if (!dst && !diff_addend) return diff_dst;
    float* to = diff_addend ? diff_addend : buffer;
    const float* from = diff_dst;
    const float* sign = dst;
    if (sign) {
      for_each_vector(0, count, [=](auto vector, int64_t p) {
        M passed = Gt(vector.load(sign + p), Zero());
        vector.store(IfThenElseZero(passed, vector.load(from + p)), to + p);
      });
    } else {
      for_each_vector(0, count,
                      [=](auto vector, int64_t p) { vector.store(vector.load(from + p), to + p); });
    }
    return to;
  }

  // The same, once all of it has been settled.
  Incoming settled() const { return diff_addend ? Incoming{diff_addend, nullptr, nullptr} : *this; }
};

}  // namespace ITA_ISA

#endif  // INTARSIA_NORM_EPILOGUE_H_
