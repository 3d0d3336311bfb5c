// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.gradient;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.Conv2dShape;
import dev.intarsia.CounterRandom;
import dev.intarsia.DType;
import dev.intarsia.LinearShape;
import dev.intarsia.Mask;
import dev.intarsia.Pool2dShape;
import dev.intarsia.Tensor;
import dev.intarsia.Upsample2dShape;
import dev.intarsia.UpsampleMode;
import dev.intarsia.ops.Add;
import dev.intarsia.ops.AvgPool2d;
import dev.intarsia.ops.BatchNorm;
import dev.intarsia.ops.Distillation;
import dev.intarsia.ops.Dropout;
import dev.intarsia.ops.GroupNorm;
import dev.intarsia.ops.MaskedConv2d;
import dev.intarsia.ops.MaskedLinear;
import dev.intarsia.ops.MaxPool2d;
import dev.intarsia.ops.PixelCrossEntropy;
import dev.intarsia.ops.Relu;
import dev.intarsia.ops.SoftmaxCrossEntropy;
import dev.intarsia.ops.Upsample2d;
import dev.intarsia.parity.Values;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every differentiable reference against finite differences of itself. */
class GradientTest {
  private static final ActivationShape SMALL = new ActivationShape(3, 4, 3, 2);
  private static final float KEPT_FROM_KINKS = 0.25f; // more than two steps of a difference

  private Context context;

  @BeforeEach
  void open() {
    context = Context.reference();
  }

  @AfterEach
  void close() {
    context.close();
  }

  private Tensor images(String name, int n, int c, int h, int w) {
    return filled(Tensor.activations(context, n, c, h, w), name);
  }

  private Tensor images(String name, ActivationShape s) {
    return images(name, s.n(), s.c(), s.h(), s.w());
  }

  private Tensor plain(String name, long... dims) {
    return filled(Tensor.plain(context, dims), name);
  }

  private static Tensor filled(Tensor tensor, String name) {
    tensor.upload(FiniteDifferences.exact(Values.signed(name, (int) tensor.elements())));
    return tensor;
  }

  private Tensor like(Tensor tensor) {
    return FiniteDifferences.like(context, tensor);
  }

  /** All magnitudes different and away from zero: no kink is near. */
  private static float[] separated(int count) {
    float[] values = new float[count];
    int[] order = new int[count];
    for (int i = 0; i < count; i++) {
      order[i] = i;
    }
    CounterRandom.of(1, "separated").shuffle(order);
    for (int i = 0; i < count; i++) {
      values[i] = (order[i] - count / 2 + 0.5f) * 2 * KEPT_FROM_KINKS;
    }
    return values;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"n2c3h5w4 o2k3 s1p1", "n2c4h6w5 o4k2x3 s2x1p1d1x2g2", "n1c2h3w3 o2k2 s3p2"})
  void maskedConv2d(String text) {
    Conv2dShape s = Conv2dShape.parse(text);
    boolean[] bits = Values.bits("mask", s.o() * s.reductionLength(), 0.6);
    Mask mask = Mask.of(context, s.o(), s.reductionLength(), bits);
    Tensor src = images("src", s.n(), s.c(), s.h(), s.w());
    Tensor weights = plain("weights", s.o(), s.i(), s.kh(), s.kw());
    Tensor bias = plain("bias", s.o());
    Tensor dst = Tensor.activations(context, s.n(), s.o(), s.oh(), s.ow());
    MaskedConv2d op =
        MaskedConv2d.bind(context, s).src(src).weights(weights).bias(bias).mask(mask).dst(dst);
    FiniteDifferences differences = new FiniteDifferences(context, dst, op::forward);
    Tensor diffSrc = like(src);
    Tensor diffWeights = like(weights);
    Tensor diffBias = like(bias);
    op.diffDst(differences.diffDst()).diffSrc(diffSrc).diffWeights(diffWeights).diffBias(diffBias);
    op.backwardData();
    op.backwardWeights();
    differences.check("src", src, diffSrc);
    differences.check("weights", weights, diffWeights);
    differences.check("bias", bias, diffBias);

    Tensor dense = like(weights);
    op.mask(null).diffWeights(dense);
    op.backwardWeights();
    differences.check("weights without a mask", weights, dense);
  }

  @Test
  void maskedLinear() {
    LinearShape s = new LinearShape(3, 7, 4);
    Mask mask = Mask.of(context, s.o(), s.i(), Values.bits("mask", s.o() * s.i(), 0.6));
    Tensor src = images("src", s.n(), s.i(), 1, 1);
    Tensor weights = plain("weights", s.o(), s.i());
    Tensor bias = plain("bias", s.o());
    Tensor dst = Tensor.activations(context, s.n(), s.o(), 1, 1);
    MaskedLinear op =
        MaskedLinear.bind(context, s).src(src).weights(weights).bias(bias).mask(mask).dst(dst);
    FiniteDifferences differences = new FiniteDifferences(context, dst, op::forward);
    Tensor diffSrc = like(src);
    Tensor diffWeights = like(weights);
    Tensor diffBias = like(bias);
    op.diffDst(differences.diffDst()).diffSrc(diffSrc).diffWeights(diffWeights).diffBias(diffBias);
    op.backwardData();
    op.backwardWeights();
    differences.check("src", src, diffSrc);
    differences.check("weights", weights, diffWeights);
    differences.check("bias", bias, diffBias);
  }

  @Test
  void relu() {
    Tensor src = images("src", SMALL);
    src.upload(separated(SMALL.elements()));
    Tensor dst = like(src);
    Relu op = Relu.bind(context, SMALL).src(src).dst(dst);
    FiniteDifferences differences = new FiniteDifferences(context, dst, op::forward);
    Tensor diffSrc = like(src);
    op.forward();
    op.diffDst(differences.diffDst()).diffSrc(diffSrc).backwardData();
    differences.check("src", src, diffSrc);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void maxPool2d(int pad) {
    Pool2dShape s = new Pool2dShape(2, 3, 5, 4, 3, 2, 2, 1, pad, pad);
    Tensor src = images("src", s.n(), s.c(), s.h(), s.w());
    src.upload(separated((int) src.elements()));
    Tensor dst = Tensor.activations(context, s.n(), s.c(), s.oh(), s.ow());
    MaxPool2d op = MaxPool2d.bind(context, s).src(src).dst(dst);
    FiniteDifferences differences = new FiniteDifferences(context, dst, op::forward);
    Tensor diffSrc = like(src);
    op.diffDst(differences.diffDst()).diffSrc(diffSrc).backwardData();
    differences.check("src", src, diffSrc);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void avgPool2d(int pad) {
    Pool2dShape s = new Pool2dShape(2, 3, 5, 4, 3, 2, 2, 1, pad, pad);
    Tensor src = images("src", s.n(), s.c(), s.h(), s.w());
    Tensor dst = Tensor.activations(context, s.n(), s.c(), s.oh(), s.ow());
    AvgPool2d op = AvgPool2d.bind(context, s).src(src).dst(dst);
    FiniteDifferences differences = new FiniteDifferences(context, dst, op::forward);
    Tensor diffSrc = like(src);
    op.diffDst(differences.diffDst()).diffSrc(diffSrc).backwardData();
    differences.check("src", src, diffSrc);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void batchNorm(boolean batchStatistics) {
    Tensor src = images("src", SMALL);
    src.upload(FiniteDifferences.exact(Values.uniform("src", SMALL.elements(), -2, 2)));
    Tensor scale = plain("scale", SMALL.c());
    Tensor shift = plain("shift", SMALL.c());
    Tensor runningVar = plain("runningVar", SMALL.c());
    runningVar.upload(Values.uniform("runningVar", SMALL.c(), 0.5f, 2));
    Tensor dst = like(src);
    BatchNorm op =
        BatchNorm.bind(context, SMALL)
            .batchStatistics(batchStatistics)
            .momentum(0.1f)
            .epsilon(1e-5f)
            .scale(scale)
            .shift(shift)
            .src(src)
            .dst(dst);
    if (batchStatistics) {
      op.savedMean(plain("savedMean", SMALL.c())).savedRstd(plain("savedRstd", SMALL.c()));
    } else {
      op.runningMean(plain("runningMean", SMALL.c())).runningVar(runningVar);
    }
    FiniteDifferences differences = new FiniteDifferences(context, dst, op::forward);
    Tensor diffSrc = like(src);
    Tensor diffScale = like(scale);
    Tensor diffShift = like(shift);
    op.forward();
    op.diffDst(differences.diffDst()).diffSrc(diffSrc).diffScale(diffScale).diffShift(diffShift);
    op.backward();
    differences.check("src", src, diffSrc);
    differences.check("scale", scale, diffScale);
    differences.check("shift", shift, diffShift);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void groupNorm(int groups) {
    Tensor src = images("src", SMALL);
    src.upload(FiniteDifferences.exact(Values.uniform("src", SMALL.elements(), -2, 2)));
    Tensor scale = plain("scale", SMALL.c());
    Tensor shift = plain("shift", SMALL.c());
    Tensor dst = like(src);
    GroupNorm op =
        GroupNorm.bind(context, SMALL)
            .groups(groups)
            .epsilon(1e-5f)
            .scale(scale)
            .shift(shift)
            .savedMean(Tensor.activations(context, SMALL.n(), groups, 1, 1))
            .savedRstd(Tensor.activations(context, SMALL.n(), groups, 1, 1))
            .src(src)
            .dst(dst);
    FiniteDifferences differences = new FiniteDifferences(context, dst, op::forward);
    Tensor diffSrc = like(src);
    Tensor diffScale = like(scale);
    Tensor diffShift = like(shift);
    op.forward();
    op.diffDst(differences.diffDst()).diffSrc(diffSrc).diffScale(diffScale).diffShift(diffShift);
    op.backward();
    differences.check("src", src, diffSrc);
    differences.check("scale", scale, diffScale);
    differences.check("shift", shift, diffShift);
  }

  @Test
  void dropout() {
    Tensor src = images("src", SMALL);
    Tensor dst = like(src);
    Dropout op = Dropout.bind(context, SMALL).rate(0.4f).seed(3).draw(5).src(src).dst(dst);
    FiniteDifferences differences = new FiniteDifferences(context, dst, op::forward);
    Tensor diffSrc = like(src);
    op.diffDst(differences.diffDst()).diffSrc(diffSrc).backwardData();
    differences.check("src", src, diffSrc);
  }

  @Test
  void add() {
    Tensor src = images("src", SMALL);
    Tensor addend = images("addend", SMALL);
    Tensor dst = like(src);
    Add op = Add.bind(context, SMALL).src(src).addend(addend).dst(dst);
    FiniteDifferences differences = new FiniteDifferences(context, dst, op::forward);
    differences.check("src", src, differences.diffDst());
    differences.check("addend", addend, differences.diffDst());
  }

  /** The loss is a scalar: its own gradient is what backward writes, times r[0]. */
  @Test
  void softmaxCrossEntropy() {
    LinearShape s = new LinearShape(3, 5, 5);
    Tensor src = images("src", s.n(), s.i(), 1, 1);
    Tensor labels = Tensor.plain(context, DType.I32, s.n());
    labels.upload(new int[] {1, 3, 2});
    Tensor loss = Tensor.plain(context, 1);
    SoftmaxCrossEntropy op =
        SoftmaxCrossEntropy.bind(context, s).classRange(1, 3).src(src).labels(labels).loss(loss);
    FiniteDifferences differences = new FiniteDifferences(context, loss, op::forward);
    float r = differences.diffDst().download()[0];
    Tensor diffSrc = like(src);
    op.diffSrc(diffSrc).backwardData();
    float[] scaled = diffSrc.download();
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] *= r;
    }
    diffSrc.upload(scaled);
    differences.check("src", src, diffSrc);
  }

  @ParameterizedTest
  @CsvSource({"NEAREST, 2, 3", "BILINEAR, 2, 2", "BILINEAR, 3, 1", "BILINEAR, 4, 5"})
  void upsample2d(UpsampleMode mode, int scaleH, int scaleW) {
    Upsample2dShape s = new Upsample2dShape(2, 3, 3, 4, scaleH, scaleW);
    Tensor src = images("src", s.n(), s.c(), s.h(), s.w());
    Tensor dst = Tensor.activations(context, s.n(), s.c(), s.oh(), s.ow());
    Upsample2d op = Upsample2d.bind(context, s).mode(mode).src(src).dst(dst);
    FiniteDifferences differences = new FiniteDifferences(context, dst, op::forward);
    Tensor diffSrc = like(src);
    op.diffDst(differences.diffDst()).diffSrc(diffSrc).backwardData();
    differences.check("src", src, diffSrc);
  }

  /** As for whole images; pixels that do not count have no part in the loss. */
  @Test
  void pixelCrossEntropy() {
    ActivationShape s = new ActivationShape(2, 3, 2, 3);
    Tensor src = images("src", s);
    Tensor labels = Tensor.plain(context, DType.I32, s.n(), (long) s.h() * s.w());
    labels.upload(new int[] {0, 1, 255, 2, 2, 0, 255, 255, 1, 0, 2, 1});
    Tensor loss = Tensor.plain(context, 1);
    PixelCrossEntropy op = PixelCrossEntropy.bind(context, s).src(src).labels(labels).loss(loss);
    FiniteDifferences differences = new FiniteDifferences(context, loss, op::forward);
    float r = differences.diffDst().download()[0];
    Tensor diffSrc = like(src);
    op.diffSrc(diffSrc).backwardData();
    float[] scaled = diffSrc.download();
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] *= r;
    }
    diffSrc.upload(scaled);
    differences.check("src", src, diffSrc);
  }

  /** The sum of both losses, the divergence lambda times, has the gradient that apply writes. */
  @Test
  void distillation() {
    LinearShape s = new LinearShape(3, 5, 5);
    float lambda = 0.5f;
    Tensor src = images("src", s.n(), s.i(), 1, 1);
    Tensor labels = Tensor.plain(context, DType.I32, s.n());
    labels.upload(new int[] {1, 3, 2});
    Tensor known = Tensor.plain(context, DType.I32, s.n());
    known.upload(new int[] {1, 0, 1});
    Tensor losses = Tensor.plain(context, 2);
    Tensor diffSrc = like(src);
    Tensor total = Tensor.plain(context, 1);
    Distillation op =
        Distillation.bind(context, s)
            .temperature(2)
            .lambda(lambda)
            .src(src)
            .teacher(images("teacher", s.n(), s.i(), 1, 1))
            .labels(labels)
            .known(known)
            .loss(losses)
            .diffSrc(diffSrc);
    FiniteDifferences differences =
        new FiniteDifferences(
            context,
            total,
            () -> {
              op.apply();
              float[] both = losses.download();
              total.upload(new float[] {both[0] + lambda * both[1]});
            });
    float r = differences.diffDst().download()[0];
    op.apply();
    float[] scaled = diffSrc.download();
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] *= r;
    }
    Tensor gradient = like(src);
    gradient.upload(scaled);
    differences.check("src", src, gradient);
  }
}
