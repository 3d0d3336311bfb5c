// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.Tensor;
import dev.intarsia.ops.Add;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/** The sum of two branches over one input (He et al. 2016): {@code branch(in) + shortcut(in)}. */
public final class Residual implements Layer {
  private final Activation in;
  private final Activation branchIn;
  private final Activation shortcutIn;
  private final Layer branch;
  private final Layer shortcut;
  private final Activation out;
  private final Add sum;
  private final Add diffSum; // null at the input of a net

  /**
   * Builds both branches; an empty {@link Sequential} is the identity.
   *
   * @param in [N, C, H, W]
   * @param branch makes the one branch
   * @param shortcut makes the other, with an output of the same shape
   */
  public Residual(
      Activation in, Function<Activation, Layer> branch, Function<Activation, Layer> shortcut) {
    this.in = in;
    branchIn = in.forked();
    shortcutIn = in.forked();
    this.branch = branch.apply(branchIn);
    this.shortcut = shortcut.apply(shortcutIn);
    Activation left = this.branch.out();
    Activation right = this.shortcut.out();
    if (!left.shape().equals(right.shape())) {
      throw new IllegalArgumentException(
          "branch yields " + left.shape() + " and shortcut " + right.shape() + ", must be equal");
    }
    out = left.allocateNext(left.shape().c(), left.shape().h(), left.shape().w());
    sum =
        Add.bind(in.context(), out.shape())
            .src(left.value())
            .addend(right.value())
            .dst(out.value());
    diffSum =
        in.diff() == null
            ? null
            : Add.bind(in.context(), in.shape())
                .src(branchIn.diff())
                .addend(shortcutIn.diff())
                .dst(in.diff());
  }

  @Override
  public void forward(Phase phase) {
    branch.forward(phase);
    shortcut.forward(phase);
    sum.forward();
  }

  @Override
  public void backward() {
    branch.out().diff().copyFrom(out.diff());
    branch.backward();
    shortcut.out().diff().copyFrom(out.diff());
    shortcut.backward();
    if (diffSum != null) {
      diffSum.forward();
    }
  }

  @Override
  public boolean learns() {
    return branch.learns() || shortcut.learns();
  }

  @Override
  public Activation out() {
    return out;
  }

  @Override
  public void batch(int n) {
    branch.batch(n);
    shortcut.batch(n);
    sum.batch(n);
    if (diffSum != null) {
      diffSum.batch(n);
    }
  }

  @Override
  public List<Parameter> parameters() {
    return Stream.of(branch, shortcut).flatMap(layer -> layer.parameters().stream()).toList();
  }

  @Override
  public List<Tensor> statistics() {
    return Stream.of(branch, shortcut).flatMap(layer -> layer.statistics().stream()).toList();
  }

  @Override
  public List<MaskedLayer> maskedLayers() {
    return Stream.of(branch, shortcut).flatMap(layer -> layer.maskedLayers().stream()).toList();
  }

  @Override
  public void normsFrom(int key) {
    branch.normsFrom(key);
    shortcut.normsFrom(key);
  }

  @Override
  public void selectNorms(int key) {
    branch.selectNorms(key);
    shortcut.selectNorms(key);
  }

  @Override
  public void selectNorms(List<Run> runs) {
    branch.selectNorms(runs);
    shortcut.selectNorms(runs);
  }

  @Override
  public void close() {
    branch.close();
    shortcut.close();
    branchIn.diff().close();
    shortcutIn.diff().close();
    out.close();
  }
}
