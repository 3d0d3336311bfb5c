// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import dev.intarsia.Conv2dAlgorithm;
import dev.intarsia.Conv2dShape;
import dev.intarsia.Layout;
import java.util.List;

/** The gradient of live kernels, which any stride has, forced on 3x3 problems of other strides. */
class Conv2dAlgorithmsStridedTest extends KernelParityTest<Conv2dShape> {
  @Override
  public String stem() {
    return "masked_conv2d";
  }

  @Override
  List<Problem<Conv2dShape>> problems() {
    return Problems.conv2d().stream().filter(problem -> fits(problem.shape())).toList();
  }

  private static boolean fits(Conv2dShape s) {
    return s.kh() == 3
        && s.kw() == 3
        && (s.strideH() > 1 || s.strideW() > 1)
        && s.dilationH() == 1
        && s.dilationW() == 1
        && s.groups() == 1
        && s.padH() <= 2
        && s.padW() <= 2;
  }

  @Override
  boolean fits(Entry<Conv2dShape> entry, Layout layout) {
    return layout != Layout.NCHW;
  }

  @Override
  public List<Entry<Conv2dShape>> entries() {
    Conv2dAlgorithm kernels = Conv2dAlgorithm.KERNELS;
    return List.of(
        new Entry<>(
            "masked_conv2d_backward_weights",
            kernels.name(),
            (side, shape, problem) ->
                Conv2dAlgorithmsTest.backwardWeights(side, shape, problem, kernels)));
  }
}
