// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.Tensor;
import dev.intarsia.ops.Add;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * A residual block whose end is one op: {@code relu(norm(branch(in)) + shortcut(in))} (He et al.
 * 2016). The values and gradients are those of a {@link Residual} whose branch ends in the norm,
 * and a {@link Relu}, in fewer passes over memory.
 */
final class NormedResidual implements Layer {
  private final Activation branchIn;
  private final Activation shortcutIn;
  private final Layer branch;
  private final Layer shortcut;
  private final BatchNorm2d end;
  private final Add diffSum; // null at the input of a net

  /**
   * Builds the parts; an empty {@link Sequential} is the identity.
   *
   * @param in [N, C, H, W]
   * @param branch makes the branch without its norm
   * @param norm names the norm
   * @param shortcut makes the other branch, with an output of the same shape
   */
  NormedResidual(
      Activation in,
      Function<Activation, Layer> branch,
      String norm,
      Function<Activation, Layer> shortcut) {
    branchIn = in.forked();
    shortcutIn = in.forked();
    this.branch = branch.apply(branchIn);
    this.shortcut = shortcut.apply(shortcutIn);
    end = BatchNorm2d.rectifiedSum(norm, this.branch.out(), this.shortcut.out());
    diffSum =
        in.diff() == null
            ? null
            : Add.bind(in.context(), in.shape())
                .src(branchIn.diff())
                .addend(shortcutIn.diff())
                .dst(in.diff());
  }

  /** In the order of the layers that this one stands for. */
  private Stream<Layer> parts() {
    return Stream.of(branch, end, shortcut);
  }

  @Override
  public void forward(Phase phase) {
    branch.forward(phase);
    shortcut.forward(phase);
    end.forward(phase);
  }

  @Override
  public void backward() {
    end.backward();
    branch.backward();
    shortcut.backward();
    if (diffSum != null) {
      diffSum.forward();
    }
  }

  @Override
  public boolean learns() {
    return branch.learns() || end.learns() || shortcut.learns();
  }

  @Override
  public Activation out() {
    return end.out();
  }

  @Override
  public void batch(int n) {
    parts().forEach(layer -> layer.batch(n));
    if (diffSum != null) {
      diffSum.batch(n);
    }
  }

  @Override
  public List<Parameter> parameters() {
    return parts().flatMap(layer -> layer.parameters().stream()).toList();
  }

  @Override
  public List<Tensor> statistics() {
    return parts().flatMap(layer -> layer.statistics().stream()).toList();
  }

  @Override
  public List<MaskedLayer> maskedLayers() {
    return parts().flatMap(layer -> layer.maskedLayers().stream()).toList();
  }

  @Override
  public void normsFrom(int key) {
    parts().forEach(layer -> layer.normsFrom(key));
  }

  @Override
  public void selectNorms(int key) {
    parts().forEach(layer -> layer.selectNorms(key));
  }

  @Override
  public void selectNorms(List<Run> runs) {
    parts().forEach(layer -> layer.selectNorms(runs));
  }

  @Override
  public void close() {
    parts().forEach(Layer::close);
    branchIn.diff().close();
    shortcutIn.diff().close();
  }
}
