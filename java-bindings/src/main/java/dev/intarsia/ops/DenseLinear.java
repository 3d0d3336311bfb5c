// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_masked_linear_backward_data;
import static dev.intarsia.internal.ffi.Ita.ita_masked_linear_backward_weights;
import static dev.intarsia.internal.ffi.Ita.ita_masked_linear_forward;

import dev.intarsia.Context;
import dev.intarsia.Layout;
import dev.intarsia.LinearShape;
import dev.intarsia.Tensor;
import dev.intarsia.internal.Gemm;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.NativeStorage;
import dev.intarsia.internal.ffi.ita_masked_linear;
import org.bytedeco.javacpp.FloatPointer;

/**
 * Matrix product without a mask: {@code dst = src weights^T + bias}.
 *
 * <p>On the CPU OpenBLAS carries it; elsewhere, and where OpenBLAS does not load, it is {@link
 * MaskedLinear} with every weight. Which of the two depends on the machine and the backend alone.
 */
public final class DenseLinear extends Operation {
  private final LinearShape shape;
  private LinearShape resized; // with the N of later calls
  private final ita_masked_linear struct = onNative(ita_masked_linear::new);
  private final boolean blas;
  private final Entry forward;
  private final Entry backwardData;
  private final Entry backwardWeights;

  private DenseLinear(Context context, LinearShape shape) {
    super(context, shape.n());
    this.shape = shape;
    blas = isNative() && context.layout() == Layout.NCHW16 && Gemm.available();
    forward =
        entry(
            "masked_linear_forward",
            () -> ita_masked_linear_forward(pointer(), struct),
            "weights",
            "bias?",
            "src",
            "dst");
    backwardData =
        entry(
            "masked_linear_backward_data",
            () -> ita_masked_linear_backward_data(pointer(), struct),
            "weights",
            "diffDst",
            "diffSrc");
    backwardWeights =
        entry(
            "masked_linear_backward_weights",
            () -> ita_masked_linear_backward_weights(pointer(), struct),
            "src",
            "diffDst",
            "diffWeights",
            "diffBias?");
    resize(shape.n());
  }

  /** Returns an op that has nothing bound yet; N is how many rows its tensors hold. */
  public static DenseLinear bind(Context context, LinearShape shape) {
    return new DenseLinear(context, shape);
  }

  /** [O, I]; read by forward and backwardData. */
  public DenseLinear weights(Tensor weights) {
    values("weights", weights, p -> struct.weights(p), shape.o(), shape.i());
    return this;
  }

  /** [O] or null; read by forward. */
  public DenseLinear bias(Tensor bias) {
    values("bias", bias, p -> struct.bias(p), shape.o());
    return this;
  }

  /** [N, I] activations; read by forward and backwardWeights. */
  public DenseLinear src(Tensor src) {
    rows("src", src, p -> struct.src(p), shape.n(), shape.i());
    return this;
  }

  /** [N, O] activations; written by forward. */
  public DenseLinear dst(Tensor dst) {
    rows("dst", dst, p -> struct.dst(p), shape.n(), shape.o());
    return this;
  }

  /** [N, O] activations; read by backwardData and backwardWeights. */
  public DenseLinear diffDst(Tensor diffDst) {
    rows("diffDst", diffDst, p -> struct.diff_dst(p), shape.n(), shape.o());
    return this;
  }

  /** [N, I] activations; written by backwardData. */
  public DenseLinear diffSrc(Tensor diffSrc) {
    rows("diffSrc", diffSrc, p -> struct.diff_src(p), shape.n(), shape.i());
    return this;
  }

  /** [O, I]; added to by backwardWeights. */
  public DenseLinear diffWeights(Tensor diffWeights) {
    values("diffWeights", diffWeights, p -> struct.diff_weights(p), shape.o(), shape.i());
    return this;
  }

  /** [O] or null; added to by backwardWeights. */
  public DenseLinear diffBias(Tensor diffBias) {
    values("diffBias", diffBias, p -> struct.diff_bias(p), shape.o());
    return this;
  }

  /** Writes dst. */
  public void forward() {
    if (blas) {
      requireReady(forward);
      Gemm.forward(
          layout(), resized, floats("src"), floats("weights"), floats("bias"), floats("dst"));
    } else {
      run(forward);
    }
  }

  /** Writes diffSrc. */
  public void backwardData() {
    if (blas) {
      requireReady(backwardData);
      Gemm.backwardData(layout(), resized, floats("diffDst"), floats("weights"), floats("diffSrc"));
    } else {
      run(backwardData);
    }
  }

  /** Adds to diffWeights and diffBias. */
  public void backwardWeights() {
    if (blas) {
      requireReady(backwardWeights);
      Gemm.backwardWeights(
          layout(),
          resized,
          floats("src"),
          floats("diffDst"),
          floats("diffWeights"),
          floats("diffBias"));
    } else {
      run(backwardWeights);
    }
  }

  private FloatPointer floats(String field) {
    Tensor tensor = (Tensor) value(field);
    return tensor == null ? null : ((NativeStorage) tensor.storage()).floats();
  }

  @Override
  void resize(int n) {
    resized = shape.withN(n);
    shape(resized, () -> NativeShapes.write(resized, block(), struct.shape()));
  }
}
