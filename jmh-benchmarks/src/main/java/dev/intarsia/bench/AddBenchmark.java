// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.Tensor;
import dev.intarsia.ops.Add;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** {@link Add}. */
public class AddBenchmark extends KernelBenchmark {
  /** Of problems.txt. */
  @Param("resnet18:layer2")
  public String problem;

  @Override
  Rig rig(Context context, int images) {
    ActivationShape all = Problems.activations(problem);
    ActivationShape s = all.withN(images(images, all.n()));
    Rig rig = new Rig(context);
    Tensor dst = rig.images("dst", s.n(), s.c(), s.h(), s.w());
    Add op =
        Add.bind(context, s)
            .src(rig.images("src", s.n(), s.c(), s.h(), s.w()))
            .addend(rig.images("addend", s.n(), s.c(), s.h(), s.w()))
            .dst(dst);
    return rig.call("forward", op::forward, s.elements(), 12.0 * s.elements(), 0, dst);
  }

  /** dst from src and addend. */
  @Benchmark
  public void forward(Rate rate) {
    run("forward", rate);
  }
}
