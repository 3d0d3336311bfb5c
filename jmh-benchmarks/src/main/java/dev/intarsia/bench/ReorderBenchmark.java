// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.Tensor;
import dev.intarsia.ops.Reorder;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** {@link Reorder}. */
public class ReorderBenchmark extends KernelBenchmark {
  /** Of problems.txt. */
  @Param("lenet:conv1")
  public String problem;

  @Override
  Rig rig(Context context, int images) {
    ActivationShape all = Problems.activations(problem);
    ActivationShape s = all.withN(images(images, all.n()));
    Rig rig = new Rig(context);
    Tensor packed = rig.images("packed", s.n(), s.c(), s.h(), s.w());
    Tensor unpacked = rig.plain("unpacked", s.n(), s.c(), s.h(), s.w());
    Tensor rows = rig.plain("rows", s.n(), s.c(), s.h(), s.w());
    Reorder pack = Reorder.bind(context, s).src(rows).dst(packed);
    Reorder unpack = Reorder.bind(context, s).src(packed).dst(unpacked);
    return rig.call("pack", pack::pack, 0, 8.0 * s.elements(), 0, packed)
        .call("unpack", unpack::unpack, 0, 8.0 * s.elements(), 0, unpacked);
  }

  /** Row-major to activations. */
  @Benchmark
  public void pack(Rate rate) {
    run("pack", rate);
  }

  /** Activations to row-major. */
  @Benchmark
  public void unpack(Rate rate) {
    run("unpack", rate);
  }
}
