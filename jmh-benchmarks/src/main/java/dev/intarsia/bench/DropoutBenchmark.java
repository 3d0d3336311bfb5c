// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.Tensor;
import dev.intarsia.ops.Dropout;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** {@link Dropout}. */
public class DropoutBenchmark extends KernelBenchmark {
  /** Of problems.txt. */
  @Param("lenet:conv1")
  public String problem;

  @Override
  Rig rig(Context context, int images) {
    ActivationShape all = Problems.activations(problem);
    ActivationShape s = all.withN(images(images, all.n()));
    Rig rig = new Rig(context);
    Tensor dst = rig.images("dst", s.n(), s.c(), s.h(), s.w());
    Dropout op =
        Dropout.bind(context, s)
            .rate(0.5f)
            .seed(1)
            .draw(1)
            .src(rig.images("src", s.n(), s.c(), s.h(), s.w()))
            .dst(dst);
    return rig.call("forward", op::forward, s.elements(), 8.0 * s.elements(), 1, dst);
  }

  /** dst from src. */
  @Benchmark
  public void forward(Rate rate) {
    run("forward", rate);
  }
}
