// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.Context;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.CodebookDecode;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** {@link CodebookDecode}. */
public class CodebookDecodeBenchmark extends KernelBenchmark {
  /** Of problems.txt. */
  @Param("alexnet:conv2")
  public String problem;

  /** Fraction of weights that are free. */
  @Param("0.5")
  public double density;

  /** Of a code. */
  @Param("4")
  public int bits;

  @Override
  Rig rig(Context context, int images) {
    PlaneShape s = Problems.plane(problem);
    Rig rig = new Rig(context);
    Mask free = rig.mask("free", s.rows(), s.cols(), density);
    int count = (int) free.cardinality();
    Tensor weights = rig.plain("weights", s.rows(), s.cols());
    CodebookDecode op =
        CodebookDecode.bind(context, s, bits, 1)
            .codes(rig.codes(s.rows(), s.cols(), bits))
            .codebooks(rig.plain("codebooks", 1, 1 << bits))
            .free(free)
            .values(rig.plain("values", count))
            .weights(weights);
    double bytes = s.elements() * (4 + (1 + bits) / 8.0) + 4.0 * count;
    return rig.call("forward", op::forward, 0, bytes, 0, weights);
  }

  /** Weights from codes and free values. */
  @Benchmark
  public void forward(Rate rate) {
    run("forward", rate);
  }
}
