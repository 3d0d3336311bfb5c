// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.Tensor;
import dev.intarsia.ops.Relu;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;

/** The border itself: an op on a single element costs a crossing and nothing else. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class BorderBenchmark extends KernelBenchmark {
  private Relu op;

  @Override
  Rig rig(Context context, int images) {
    ActivationShape one = new ActivationShape(1, 1, 1, 1);
    Rig rig = new Rig(context);
    Tensor dst = rig.images("dst", 1, 1, 1, 1);
    op = Relu.bind(context, one).src(rig.images("src", 1, 1, 1, 1)).dst(dst);
    return rig.call("forward", op::forward, 1, 8, 0, dst);
  }

  /** Java, checks, border, dispatch and back. */
  @Benchmark
  public void crossing() {
    op.forward();
  }
}
