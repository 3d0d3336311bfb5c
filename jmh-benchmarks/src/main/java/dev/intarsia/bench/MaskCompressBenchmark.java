// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.Context;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.MaskCompress;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** {@link MaskCompress}. */
public class MaskCompressBenchmark extends KernelBenchmark {
  /** Of problems.txt. */
  @Param("alexnet:conv2")
  public String problem;

  /** Fraction of elements that are selected. */
  @Param("0.5")
  public double density;

  @Override
  Rig rig(Context context, int images) {
    PlaneShape s = Problems.plane(problem);
    Rig rig = new Rig(context);
    Mask selected = rig.mask("selected", s.rows(), s.cols(), density);
    int count = (int) selected.cardinality();
    Tensor packed = rig.plain("packed", count);
    Tensor dense = rig.plain("dense", s.rows(), s.cols());
    Tensor updated = rig.plain("updated", s.rows(), s.cols());
    MaskCompress pack =
        MaskCompress.bind(context, s).selected(selected).dense(dense).compact(packed);
    MaskCompress unpack =
        MaskCompress.bind(context, s)
            .selected(selected)
            .dense(updated)
            .compact(rig.plain("compact", count));
    double plane = s.elements() / 8.0;
    return rig.call("pack", pack::pack, 0, plane + 4.0 * (s.elements() + count), 0, packed)
        .call("unpack", unpack::unpack, 0, plane + 4.0 * (2 * s.elements() + count), 0, updated);
  }

  /** Selected elements into a compact array. */
  @Benchmark
  public void pack(Rate rate) {
    run("pack", rate);
  }

  /** And back. */
  @Benchmark
  public void unpack(Rate rate) {
    run("unpack", rate);
  }
}
