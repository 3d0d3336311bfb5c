// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.internal;

import static java.util.Map.entry;

import dev.intarsia.ActivationShape;
import dev.intarsia.Conv2dShape;
import dev.intarsia.LinearShape;
import dev.intarsia.PanelOrder;
import dev.intarsia.PlaneShape;
import dev.intarsia.Pool2dShape;
import dev.intarsia.SoftMaskMode;
import dev.intarsia.Surrogate;
import dev.intarsia.Ties;
import dev.intarsia.Upsample2dShape;
import dev.intarsia.UpsampleMode;
import dev.intarsia.reference.AccuracyReference;
import dev.intarsia.reference.AddReference;
import dev.intarsia.reference.AvgPool2dReference;
import dev.intarsia.reference.BatchNormReference;
import dev.intarsia.reference.CodebookAssignReference;
import dev.intarsia.reference.CodebookConv2dReference;
import dev.intarsia.reference.CodebookDecodeReference;
import dev.intarsia.reference.CodebookFitReference;
import dev.intarsia.reference.CodebookGradientReference;
import dev.intarsia.reference.CodebookLinearInt8Reference;
import dev.intarsia.reference.CodebookLinearReference;
import dev.intarsia.reference.DistillationReference;
import dev.intarsia.reference.DropoutReference;
import dev.intarsia.reference.GatedAdapterReference;
import dev.intarsia.reference.GroupNormReference;
import dev.intarsia.reference.MagnitudeThresholdReference;
import dev.intarsia.reference.MaskCompressReference;
import dev.intarsia.reference.MaskCutReference;
import dev.intarsia.reference.MaskedAdamReference;
import dev.intarsia.reference.MaskedConv2dReference;
import dev.intarsia.reference.MaskedLinearReference;
import dev.intarsia.reference.MaskedSgdReference;
import dev.intarsia.reference.MaxPool2dReference;
import dev.intarsia.reference.PixelConfusionReference;
import dev.intarsia.reference.PixelCrossEntropyReference;
import dev.intarsia.reference.ReluReference;
import dev.intarsia.reference.ReorderReference;
import dev.intarsia.reference.ScoreEpilogueReference;
import dev.intarsia.reference.SoftMaskReference;
import dev.intarsia.reference.SoftmaxCrossEntropyReference;
import dev.intarsia.reference.Upsample2dReference;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** The reference backend's table, the Java mirror of {@code ops.inc}: one line per entry point. */
public final class ReferenceTable {
  private static final Map<String, Consumer<Fields>> TABLE =
      Map.ofEntries(
          entry("masked_conv2d_forward", ReferenceTable::maskedConv2dForward),
          entry("masked_conv2d_backward_data", ReferenceTable::maskedConv2dBackwardData),
          entry("masked_conv2d_backward_weights", ReferenceTable::maskedConv2dBackwardWeights),
          entry("masked_linear_pack", f -> {}), // the reference reads weights where they are
          entry("masked_linear_forward", ReferenceTable::maskedLinearForward),
          entry("masked_linear_backward_data", ReferenceTable::maskedLinearBackwardData),
          entry("masked_linear_backward_weights", ReferenceTable::maskedLinearBackwardWeights),
          entry("score_epilogue_apply", ReferenceTable::scoreEpilogueApply),
          entry("magnitude_threshold_select", ReferenceTable::magnitudeThresholdSelect),
          entry("mask_cut_apply", ReferenceTable::maskCutApply),
          entry("masked_sgd_step", ReferenceTable::maskedSgdStep),
          entry("masked_adam_step", ReferenceTable::maskedAdamStep),
          entry("relu_forward", ReferenceTable::reluForward),
          entry("relu_backward_data", ReferenceTable::reluBackwardData),
          entry("max_pool2d_forward", ReferenceTable::maxPool2dForward),
          entry("max_pool2d_backward_data", ReferenceTable::maxPool2dBackwardData),
          entry("avg_pool2d_forward", ReferenceTable::avgPool2dForward),
          entry("avg_pool2d_backward_data", ReferenceTable::avgPool2dBackwardData),
          entry("upsample2d_forward", ReferenceTable::upsample2dForward),
          entry("upsample2d_backward_data", ReferenceTable::upsample2dBackwardData),
          entry("batch_norm_forward", ReferenceTable::batchNormForward),
          entry("batch_norm_backward", ReferenceTable::batchNormBackward),
          entry("group_norm_forward", ReferenceTable::groupNormForward),
          entry("group_norm_backward", ReferenceTable::groupNormBackward),
          entry("dropout_forward", ReferenceTable::dropoutForward),
          entry("dropout_backward_data", ReferenceTable::dropoutBackwardData),
          entry("add_forward", ReferenceTable::addForward),
          entry("softmax_cross_entropy_forward", ReferenceTable::softmaxForward),
          entry("softmax_cross_entropy_backward_data", ReferenceTable::softmaxBackwardData),
          entry("distillation_apply", ReferenceTable::distillationApply),
          entry("accuracy_forward", ReferenceTable::accuracyForward),
          entry("pixel_cross_entropy_forward", ReferenceTable::pixelCrossEntropyForward),
          entry("pixel_cross_entropy_backward_data", ReferenceTable::pixelCrossEntropyBackwardData),
          entry("pixel_confusion_forward", ReferenceTable::pixelConfusionForward),
          entry("reorder_pack", ReferenceTable::reorderPack),
          entry("reorder_unpack", ReferenceTable::reorderUnpack),
          entry("codebook_fit_apply", ReferenceTable::codebookFitApply),
          entry("codebook_assign_apply", ReferenceTable::codebookAssignApply),
          entry("codebook_gradient_apply", ReferenceTable::codebookGradientApply),
          entry("codebook_linear_forward", ReferenceTable::codebookLinearForward),
          entry("codebook_linear_backward_data", ReferenceTable::codebookLinearBackwardData),
          entry("codebook_linear_int8_forward", ReferenceTable::codebookLinearInt8Forward),
          entry("codebook_conv2d_forward", ReferenceTable::codebookConv2dForward),
          entry("codebook_conv2d_backward_data", ReferenceTable::codebookConv2dBackwardData),
          entry("codebook_decode_forward", ReferenceTable::codebookDecodeForward),
          entry("mask_compress_pack", ReferenceTable::maskCompressPack),
          entry("mask_compress_unpack", ReferenceTable::maskCompressUnpack),
          entry("soft_mask_forward", ReferenceTable::softMaskForward),
          entry("soft_mask_backward", ReferenceTable::softMaskBackward),
          entry("gated_adapter_fold", ReferenceTable::gatedAdapterFold),
          entry("gated_adapter_backward", ReferenceTable::gatedAdapterBackward));

  private ReferenceTable() {}

  /** Returns the names of all entry points. */
  public static Set<String> names() {
    return TABLE.keySet();
  }

  /**
   * Runs an entry point on the bound fields.
   *
   * @throws IllegalArgumentException as the entry does for a bad value, its name in front
   */
  public static void run(String name, Fields fields) {
    try {
      TABLE.get(name).accept(fields);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(name + ": " + e.getMessage(), e);
    }
  }

  private static void maskedConv2dForward(Fields f) {
    MaskedConv2dReference.forward(
        f.shape(Conv2dShape.class),
        f.floats("src"),
        f.floats("weights"),
        f.bits("mask"),
        f.floats("bias"),
        f.floats("dst"));
  }

  private static void maskedConv2dBackwardData(Fields f) {
    MaskedConv2dReference.backwardData(
        f.shape(Conv2dShape.class),
        f.floats("diffDst"),
        f.floats("weights"),
        f.bits("mask"),
        f.floats("diffSrc"));
  }

  private static void maskedConv2dBackwardWeights(Fields f) {
    if (f.floats("diffScores") != null || f.floats("diffKernels") != null) {
      Conv2dShape s = f.shape(Conv2dShape.class);
      float[] g = new float[s.o() * s.reductionLength()];
      MaskedConv2dReference.backwardWeights(
          s, f.floats("src"), f.floats("diffDst"), null, g, f.floats("diffBias"));
      split(f, s.kh() * s.kw(), g);
      return;
    }
    MaskedConv2dReference.backwardWeights(
        f.shape(Conv2dShape.class),
        f.floats("src"),
        f.floats("diffDst"),
        f.bits("mask"),
        f.floats("diffWeights"),
        f.floats("diffBias"));
  }

  private static void maskedLinearForward(Fields f) {
    MaskedLinearReference.forward(
        f.shape(LinearShape.class),
        f.floats("src"),
        f.floats("weights"),
        f.bits("mask"),
        f.floats("bias"),
        f.floats("dst"));
  }

  private static void maskedLinearBackwardData(Fields f) {
    MaskedLinearReference.backwardData(
        f.shape(LinearShape.class),
        f.floats("diffDst"),
        f.floats("weights"),
        f.bits("mask"),
        f.floats("diffSrc"));
  }

  private static void maskedLinearBackwardWeights(Fields f) {
    if (f.floats("diffScores") != null || f.floats("diffKernels") != null) {
      LinearShape s = f.shape(LinearShape.class);
      float[] g = new float[s.o() * s.i()];
      MaskedLinearReference.backwardWeights(
          s, f.floats("src"), f.floats("diffDst"), null, g, f.floats("diffBias"));
      split(f, 1, g);
      return;
    }
    MaskedLinearReference.backwardWeights(
        f.shape(LinearShape.class),
        f.floats("src"),
        f.floats("diffDst"),
        f.bits("mask"),
        f.floats("diffWeights"),
        f.floats("diffBias"));
  }

  private static void split(Fields f, int kernel, float[] g) {
    ScoreEpilogueReference.split(
        kernel,
        g,
        f.floats("weights"),
        f.bits("mask"),
        f.floats("scores"),
        f.bits("frozen"),
        f.bits("candidates"),
        f.floats("diffWeights"),
        f.floats("diffScores"),
        f.floats("diffKernels"));
  }

  private static void scoreEpilogueApply(Fields f) {
    ScoreEpilogueReference.apply(
        f.shape(PlaneShape.class),
        f.floats("weights"),
        f.floats("scores"),
        f.bits("mask"),
        f.bits("frozen"),
        f.bits("candidates"),
        f.floats("diffWeights"),
        f.floats("diffScores"));
  }

  private static void magnitudeThresholdSelect(Fields f) {
    MagnitudeThresholdReference.select(
        f.shape(PlaneShape.class),
        f.floats("values"),
        f.bits("candidates"),
        f.integer("rank"),
        f.floats("threshold"),
        f.longs("counts"));
  }

  private static void maskCutApply(Fields f) {
    PlaneShape shape = f.shape(PlaneShape.class);
    boolean[] mask = new boolean[shape.elements()];
    f.longs("kept")[0] =
        MaskCutReference.apply(
            shape,
            f.floats("values"),
            f.bits("candidates"),
            f.floats("threshold")[0],
            f.choice("ties", Ties.class),
            f.integer("keep"),
            mask);
    f.writeBits("mask", mask);
  }

  private static void maskedSgdStep(Fields f) {
    MaskedSgdReference.step(
        f.shape(PlaneShape.class),
        f.floats("gradient"),
        f.bits("trainable"),
        f.floats("weights"),
        f.floats("velocity"),
        f.number("learningRate"),
        f.number("momentum"),
        f.number("weightDecay"),
        f.flag("nesterov"));
    cutNewWeights(f);
  }

  private static void maskedAdamStep(Fields f) {
    MaskedAdamReference.step(
        f.shape(PlaneShape.class),
        f.floats("gradient"),
        f.bits("trainable"),
        f.floats("weights"),
        f.floats("firstMoment"),
        f.floats("secondMoment"),
        f.number("learningRate"),
        f.number("beta1"),
        f.number("beta2"),
        f.number("epsilon"),
        f.number("weightDecay"),
        f.flag("decoupled"),
        f.integer("stepCount"));
    cutNewWeights(f);
  }

  /** The mask that an optimiser cuts from the weights it has stepped. */
  private static void cutNewWeights(Fields f) {
    if (f.field("mask").value() != null) {
      PlaneShape shape = f.shape(PlaneShape.class);
      boolean[] mask = new boolean[shape.elements()];
      MaskCutReference.apply(
          shape,
          f.floats("weights"),
          f.bits("candidates"),
          f.floats("threshold")[0],
          f.choice("ties", Ties.class),
          0,
          mask);
      f.writeBits("mask", mask);
    }
  }

  private static void reluForward(Fields f) {
    ReluReference.forward(f.shape(ActivationShape.class), f.floats("src"), f.floats("dst"));
  }

  private static void reluBackwardData(Fields f) {
    ReluReference.backwardData(
        f.shape(ActivationShape.class), f.floats("dst"), f.floats("diffDst"), f.floats("diffSrc"));
  }

  private static void maxPool2dForward(Fields f) {
    MaxPool2dReference.forward(f.shape(Pool2dShape.class), f.floats("src"), f.floats("dst"));
  }

  private static void maxPool2dBackwardData(Fields f) {
    MaxPool2dReference.backwardData(
        f.shape(Pool2dShape.class), f.floats("src"), f.floats("diffDst"), f.floats("diffSrc"));
  }

  private static void avgPool2dForward(Fields f) {
    AvgPool2dReference.forward(f.shape(Pool2dShape.class), f.floats("src"), f.floats("dst"));
  }

  private static void avgPool2dBackwardData(Fields f) {
    AvgPool2dReference.backwardData(
        f.shape(Pool2dShape.class), f.floats("diffDst"), f.floats("diffSrc"));
  }

  private static void upsample2dForward(Fields f) {
    Upsample2dReference.forward(
        f.shape(Upsample2dShape.class),
        f.choice("mode", UpsampleMode.class) == UpsampleMode.BILINEAR,
        f.floats("src"),
        f.floats("dst"));
  }

  private static void upsample2dBackwardData(Fields f) {
    Upsample2dReference.backwardData(
        f.shape(Upsample2dShape.class),
        f.choice("mode", UpsampleMode.class) == UpsampleMode.BILINEAR,
        f.floats("diffDst"),
        f.floats("diffSrc"));
  }

  private static void batchNormForward(Fields f) {
    BatchNormReference.forward(
        f.shape(ActivationShape.class),
        f.flag("batchStatistics"),
        f.number("momentum"),
        f.number("epsilon"),
        f.floats("scale"),
        f.floats("shift"),
        f.floats("runningMean"),
        f.floats("runningVar"),
        f.floats("savedMean"),
        f.floats("savedRstd"),
        f.floats("src"),
        f.floats("addend"),
        f.flag("relu"),
        f.floats("dst"));
  }

  private static void batchNormBackward(Fields f) {
    BatchNormReference.backward(
        f.shape(ActivationShape.class),
        f.flag("batchStatistics"),
        f.number("epsilon"),
        f.floats("scale"),
        f.floats("runningMean"),
        f.floats("runningVar"),
        f.floats("savedMean"),
        f.floats("savedRstd"),
        f.floats("src"),
        f.floats("dst"),
        f.flag("relu"),
        f.floats("diffDst"),
        f.floats("diffSrc"),
        f.floats("diffAddend"),
        f.floats("diffScale"),
        f.floats("diffShift"));
  }

  private static void groupNormForward(Fields f) {
    GroupNormReference.forward(
        f.shape(ActivationShape.class),
        (int) f.integer("groups"),
        f.number("epsilon"),
        f.floats("scale"),
        f.floats("shift"),
        f.floats("savedMean"),
        f.floats("savedRstd"),
        f.floats("src"),
        f.floats("addend"),
        f.flag("relu"),
        f.floats("dst"));
  }

  private static void groupNormBackward(Fields f) {
    GroupNormReference.backward(
        f.shape(ActivationShape.class),
        (int) f.integer("groups"),
        f.floats("scale"),
        f.floats("savedMean"),
        f.floats("savedRstd"),
        f.floats("src"),
        f.floats("dst"),
        f.flag("relu"),
        f.floats("diffDst"),
        f.floats("diffSrc"),
        f.floats("diffAddend"),
        f.floats("diffScale"),
        f.floats("diffShift"));
  }

  private static void dropoutForward(Fields f) {
    DropoutReference.forward(
        f.shape(ActivationShape.class),
        f.number("rate"),
        f.integer("seed"),
        f.integer("draw"),
        f.floats("src"),
        f.floats("dst"));
  }

  private static void dropoutBackwardData(Fields f) {
    DropoutReference.backwardData(
        f.shape(ActivationShape.class),
        f.number("rate"),
        f.integer("seed"),
        f.integer("draw"),
        f.floats("diffDst"),
        f.floats("diffSrc"));
  }

  private static void addForward(Fields f) {
    AddReference.forward(
        f.shape(ActivationShape.class), f.floats("src"), f.floats("addend"), f.floats("dst"));
  }

  private static void softmaxForward(Fields f) {
    SoftmaxCrossEntropyReference.forward(
        f.shape(LinearShape.class),
        (int) f.integer("firstClass"),
        (int) f.integer("classes"),
        f.floats("src"),
        f.ints("labels"),
        f.floats("loss"));
  }

  private static void softmaxBackwardData(Fields f) {
    SoftmaxCrossEntropyReference.backwardData(
        f.shape(LinearShape.class),
        (int) f.integer("firstClass"),
        (int) f.integer("classes"),
        f.floats("src"),
        f.ints("labels"),
        f.floats("diffSrc"));
  }

  private static void distillationApply(Fields f) {
    DistillationReference.apply(
        f.shape(LinearShape.class),
        f.number("temperature"),
        f.number("lambda"),
        f.floats("src"),
        f.floats("teacher"),
        f.ints("labels"),
        f.ints("known"),
        f.floats("loss"),
        f.floats("diffSrc"));
  }

  private static void accuracyForward(Fields f) {
    AccuracyReference.forward(
        f.shape(LinearShape.class),
        (int) f.integer("firstClass"),
        (int) f.integer("classes"),
        f.floats("src"),
        f.ints("labels"),
        f.longs("correct"),
        f.ints("hit"));
  }

  private static void pixelCrossEntropyForward(Fields f) {
    PixelCrossEntropyReference.forward(
        f.shape(ActivationShape.class),
        (int) f.integer("ignore"),
        f.floats("src"),
        f.ints("labels"),
        f.floats("loss"));
  }

  private static void pixelCrossEntropyBackwardData(Fields f) {
    PixelCrossEntropyReference.backwardData(
        f.shape(ActivationShape.class),
        (int) f.integer("ignore"),
        f.floats("src"),
        f.ints("labels"),
        f.floats("diffSrc"));
  }

  private static void pixelConfusionForward(Fields f) {
    PixelConfusionReference.forward(
        f.shape(ActivationShape.class),
        (int) f.integer("ignore"),
        f.floats("src"),
        f.ints("labels"),
        f.longs("confusion"));
  }

  private static void reorderPack(Fields f) {
    ReorderReference.pack(f.shape(ActivationShape.class), f.floats("src"), f.floats("dst"));
  }

  private static void reorderUnpack(Fields f) {
    ReorderReference.unpack(f.shape(ActivationShape.class), f.floats("src"), f.floats("dst"));
  }

  private static void codebookFitApply(Fields f) {
    f.longs("used")[0] =
        CodebookFitReference.apply(
            f.shape(PlaneShape.class),
            f.floats("values"),
            f.bits("selected"),
            (int) f.integer("size"),
            f.floats("centres"));
  }

  private static void codebookAssignApply(Fields f) {
    CodeLayout layout = codes(f);
    byte[] codes = layout.unpack(f.ints("codes"));
    CodebookAssignReference.apply(
        layout.shape(), f.floats("values"), f.bits("selected"), f.floats("centres"), codes);
    System.arraycopy(layout.pack(codes), 0, f.ints("codes"), 0, layout.words());
  }

  private static void codebookGradientApply(Fields f) {
    CodeLayout layout = codes(f);
    CodebookGradientReference.apply(
        layout.shape(),
        f.floats("gradient"),
        f.bits("selected"),
        layout.unpack(f.ints("codes")),
        f.floats("diffCentres"));
  }

  private static CodeLayout codes(Fields f) {
    return new CodeLayout(f.shape(PlaneShape.class), (int) f.integer("bits"));
  }

  private static void codebookLinearForward(Fields f) {
    LinearShape shape = f.shape(LinearShape.class);
    PlaneShape plane = new PlaneShape(shape.o(), shape.i());
    if (f.indexes("maskOf") == null) {
      CodebookLinearReference.forward(
          shape, f.floats("src"), decoded(f, plane), f.floats("bias"), f.floats("dst"));
      return;
    }
    CodebookLinearReference.forward(
        shape,
        f.floats("src"),
        decodedMasks(f, plane),
        maskOf(f, shape.n()),
        f.floats("bias"),
        f.floats("dst"));
  }

  private static void codebookLinearBackwardData(Fields f) {
    LinearShape shape = f.shape(LinearShape.class);
    float[] weights = decoded(f, new PlaneShape(shape.o(), shape.i()));
    CodebookLinearReference.backwardData(shape, f.floats("diffDst"), weights, f.floats("diffSrc"));
  }

  private static void codebookLinearInt8Forward(Fields f) {
    LinearShape shape = f.shape(LinearShape.class);
    float[] weights = decoded(f, new PlaneShape(shape.o(), shape.i()));
    CodebookLinearInt8Reference.forward(
        shape, f.floats("src"), f.floats("codebooks"), weights, f.floats("bias"), f.floats("dst"));
  }

  private static void codebookConv2dForward(Fields f) {
    Conv2dShape shape = f.shape(Conv2dShape.class);
    PlaneShape plane = new PlaneShape(shape.o(), shape.reductionLength());
    if (f.indexes("maskOf") == null) {
      CodebookConv2dReference.forward(
          shape, f.floats("src"), decoded(f, plane), f.floats("bias"), f.floats("dst"));
      return;
    }
    CodebookConv2dReference.forward(
        shape,
        f.floats("src"),
        decodedMasks(f, plane),
        maskOf(f, shape.n()),
        f.floats("bias"),
        f.floats("dst"));
  }

  private static void codebookConv2dBackwardData(Fields f) {
    Conv2dShape shape = f.shape(Conv2dShape.class);
    float[] weights = decoded(f, new PlaneShape(shape.o(), shape.reductionLength()));
    CodebookConv2dReference.backwardData(shape, f.floats("diffDst"), weights, f.floats("diffSrc"));
  }

  private static void codebookDecodeForward(Fields f) {
    PlaneShape s = f.shape(PlaneShape.class);
    boolean[] free = f.bits("free");
    long count = free == null ? 0 : f.integer("count");
    CodebookDecodeReference.forward(
        s, decoded(f, s), free, f.floats("values"), count, f.floats("weights"));
  }

  private static void maskCompressPack(Fields f) {
    MaskCompressReference.pack(
        f.shape(PlaneShape.class),
        f.bits("selected"),
        f.floats("dense"),
        f.floats("compact"),
        f.integer("count"));
  }

  private static void maskCompressUnpack(Fields f) {
    MaskCompressReference.unpack(
        f.shape(PlaneShape.class),
        f.bits("selected"),
        f.floats("compact"),
        f.integer("count"),
        f.floats("dense"));
  }

  private static void gatedAdapterFold(Fields f) {
    GatedAdapterReference.fold(
        f.shape(Conv2dShape.class),
        (int) f.integer("outputs"),
        f.floats("weights"),
        f.floats("adapter"),
        f.floats("gates"),
        f.floats("folded"));
  }

  private static void gatedAdapterBackward(Fields f) {
    GatedAdapterReference.backward(
        f.shape(Conv2dShape.class),
        (int) f.integer("outputs"),
        f.floats("src"),
        f.floats("diffDst"),
        f.floats("adapter"),
        f.floats("gates"),
        f.floats("diffAdapter"),
        f.floats("diffGates"));
  }

  private static float[] decoded(Fields f, PlaneShape s) {
    return decoded(f, s, 0);
  }

  /** The weights under each plane of the mask. */
  private static float[][] decodedMasks(Fields f, PlaneShape s) {
    float[][] weights = new float[(int) f.integer("masks")][];
    Arrays.setAll(weights, plane -> decoded(f, s, plane));
    return weights;
  }

  /** The plane of each image: a block is one here. */
  private static int[] maskOf(Fields f, int images) {
    int[] planes = f.indexes("maskOf");
    return IntStream.range(0, images).map(n -> planes[planes.length == 1 ? 0 : n]).toArray();
  }

  private static float[] decoded(Fields f, PlaneShape s, int plane) {
    int bits = (int) f.integer("bits");
    int sources = (int) f.integer("sources");
    boolean[][] owners = new boolean[sources - 1][];
    for (int i = 0; i < owners.length; i++) {
      owners[i] = rows(s, f.bits("owners"), i);
    }
    boolean[] mask = f.bits("mask");
    return CodebookLinearReference.decode(
        s,
        new CodeLayout(s, bits).unpack(f.ints("codes")),
        bits,
        f.floats("codebooks"),
        owners,
        mask == null ? null : rows(s, mask, plane));
  }

  /** Plane {@code index} of planes in panel order, as [rows, cols]. */
  private static boolean[] rows(PlaneShape s, boolean[] panels, int index) {
    int first = index * PanelOrder.shape(s).elements();
    boolean[] bits = new boolean[s.elements()];
    for (int k = 0; k < bits.length; k++) {
      int row = k / s.cols();
      int bit = row / PanelOrder.ROWS * s.cols() + k % s.cols();
      bits[k] = panels[first + bit * PanelOrder.ROWS + row % PanelOrder.ROWS];
    }
    return bits;
  }

  private static void softMaskForward(Fields f) {
    PlaneShape shape = f.shape(PlaneShape.class);
    float[] factors =
        SoftMaskReference.factors(
            f.floats("scores"),
            f.choice("mode", SoftMaskMode.class),
            f.flag("strict"),
            f.number("threshold"),
            f.number("scale"));
    if (f.floats("factors") != null) {
      System.arraycopy(factors, 0, f.floats("factors"), 0, factors.length);
    }
    boolean[] mask = new boolean[shape.elements()];
    SoftMaskReference.forward(
        shape, (int) f.integer("span"), factors, f.floats("weights"), f.floats("effective"), mask);
    f.writeBits("mask", mask);
  }

  private static void softMaskBackward(Fields f) {
    SoftMaskReference.backward(
        f.shape(PlaneShape.class),
        (int) f.integer("span"),
        (int) f.integer("part"),
        f.choice("surrogate", Surrogate.class),
        f.number("threshold"),
        f.number("slope"),
        f.floats("scores"),
        f.floats("diffFactors"),
        f.floats("diffScores"));
  }
}
