// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.Context;
import dev.intarsia.LinearShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.SoftmaxCrossEntropy;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** {@link SoftmaxCrossEntropy}. */
public class SoftmaxCrossEntropyBenchmark extends KernelBenchmark {
  /** Of problems.txt. */
  @Param("cifar100:head")
  public String problem;

  @Override
  Rig rig(Context context, int images) {
    LinearShape all = Problems.classes(problem);
    LinearShape s = all.withN(images(images, all.n()));
    Rig rig = new Rig(context);
    Tensor loss = rig.plain("loss", 1);
    Tensor diffSrc = rig.images("diffSrc", s.n(), s.i(), 1, 1);
    SoftmaxCrossEntropy op =
        SoftmaxCrossEntropy.bind(context, s)
            .classRange(0, s.i())
            .src(rig.images("src", s.n(), s.i(), 1, 1))
            .labels(rig.labels(s.n(), s.i()))
            .loss(loss)
            .diffSrc(diffSrc);
    double logits = (double) s.n() * s.i();
    return rig.call("forward", op::forward, 3 * logits, 4 * logits, s.n() + s.i(), loss)
        .call("backwardData", op::backwardData, 4 * logits, 8 * logits, s.i(), diffSrc);
  }

  /** The loss. */
  @Benchmark
  public void forward(Rate rate) {
    run("forward", rate);
  }

  /** The gradient of the logits. */
  @Benchmark
  public void backwardData(Rate rate) {
    run("backwardData", rate);
  }
}
