// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.Context;
import dev.intarsia.Conv2dShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.GatedAdapter;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** {@link GatedAdapter}. */
public class GatedAdapterBenchmark extends KernelBenchmark {
  /** Of problems.txt; one with a centre tap. */
  @Param({"resnet18:layer2.0.conv1", "resnet18:layer4"})
  public String problem;

  /** KH and KW of the adapter: 1 or that of the convolution. */
  @Param({"1", "3"})
  public int adapter;

  @Override
  Rig rig(Context context, int images) {
    Conv2dShape all = Problems.conv2d(problem);
    Conv2dShape s = all.withN(images(images, all.n()));
    Rig rig = new Rig(context);
    Tensor gates = rig.plain("gates", 1);
    gates.upload(new float[] {1});
    Tensor folded = rig.plain("folded", s.o(), s.i(), s.kh(), s.kw());
    Tensor diffAdapter = rig.plain("diffAdapter", s.o(), s.i(), adapter, adapter);
    GatedAdapter op =
        GatedAdapter.bind(context, s, adapter, adapter, s.o())
            .weights(rig.plain("weights", s.o(), s.i(), s.kh(), s.kw()))
            .adapter(rig.plain("adapter", s.o(), s.i(), adapter, adapter))
            .gates(gates)
            .folded(folded)
            .src(rig.images("src", s.n(), s.c(), s.h(), s.w()))
            .diffDst(rig.images("diffDst", s.n(), s.o(), s.oh(), s.ow()))
            .diffAdapter(diffAdapter)
            .diffGates(rig.plain("diffGates", 1));
    double weights = (double) s.o() * s.reductionLength();
    double own = (double) s.o() * s.i() * adapter * adapter;
    long pixels = (long) s.n() * s.oh() * s.ow();
    double bytes = 4.0 * s.n() * s.c() * s.h() * s.w() + 4.0 * pixels * s.o();
    return rig.call("fold", op::fold, 2 * own, 4 * (2 * weights + own), 2, folded)
        .call("backward", op::backward, 2 * pixels * own, bytes + 12 * own, pixels, diffAdapter);
  }

  /** Weights plus gated adapter. */
  @Benchmark
  public void fold(Rate rate) {
    run("fold", rate);
  }

  /** Gradients of adapter and gate. */
  @Benchmark
  public void backward(Rate rate) {
    run("backward", rate);
  }
}
